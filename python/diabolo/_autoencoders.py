"""Autoencoders as transformers: codes as features, reconstruction, scores, new rows."""

from ._base import RowEstimator, TransformerMixin, each, texts, vector
from ._rows import rows_of

_NETWORK = {
    "latent_dim": None,
    "hidden": None,
    "network": None,
    "activation": None,
    "likelihood": None,
}
_DETERMINISTIC = {**_NETWORK, "latent_activation": None, "pretrain_epochs": None}


class _Coder(TransformerMixin, RowEstimator):
    """What autoencoders share."""

    def transform(self, X):
        """The code of each row."""
        model = self._fitted()
        return model.encode(self._rows(X), alone=True)

    def inverse_transform(self, X):
        """Rows in original units from codes."""
        return self._fitted().decode(X)

    def reconstruct(self, X):
        """The mean reconstruction of each row."""
        model = self._fitted()
        return model.reconstruct(self._rows(X))

    def score_samples(self, X):
        """How usual each row is: nats below the mean loss of training rows; higher is more normal."""
        model = self._fitted()
        table, _ = model._made.score(rows_of(self._rows(X)).table, reasons=0, alone=True)
        return each(vector(table, "score"), lambda score: -score)

    def score(self, X, y=None):
        """Minus the negative ELBO (without a posterior: the reconstruction loss), nats per row: for model selection."""
        metrics = self._fitted().evaluate(self._rows(X))
        bound = metrics.get("negative_elbo")
        return -(metrics["reconstruction"] if bound is None else bound)

    def sample(self, n_samples=1, *, where=None, random_state=None):
        """New rows, from the prior or by the contractive walk; ``where={"column": value}`` for conditional models."""
        seed = self._seed() if random_state is None else int(random_state)
        return self._fitted().generate(n_samples, where=where, seed=seed)

    def get_feature_names_out(self, input_features=None):
        """`latent_1`, …"""
        return texts(self._fitted().info["latent_names"])

    @property
    def _n_features_out(self):
        return self._fitted().info["latent_dim"]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags


class Autoencoder(_Coder):
    """A plain autoencoder: reconstruction only."""

    _model = "plain"
    _defaults = {**_DETERMINISTIC, "tied": None}


class DenoisingAutoencoder(_Coder):
    """Reconstruction of clean rows from corrupted ones (Vincent et al. 2010)."""

    _model = "denoising"
    _defaults = {**_DETERMINISTIC, "corruption": None, "tied": None}


class SparseAutoencoder(_Coder):
    """Reconstruction with a sparse code."""

    _model = "sparse"
    _defaults = {**_DETERMINISTIC, "sparsity": None, "tied": None}


class ContractiveAutoencoder(_Coder):
    """Reconstruction + λ‖J_f(x)‖²_F: a code that small changes of the row hardly change (Rifai et al. 2011)."""

    _model = "contractive"
    _defaults = {
        **_DETERMINISTIC,
        "contraction_weight": None,
        "estimator": None,
        "curvature_weight": None,
        "tied": None,
    }

    def contraction(self, X):
        """‖J_f(x)‖²_F of each row, exact."""
        return self._fitted().contraction(self._rows(X))


class VariationalAutoencoder(_Coder):
    """An encoder of distributions and a prior: −ELBO or another bound (Kingma & Welling 2013)."""

    _model = "variational"
    _defaults = {
        **_NETWORK,
        "bound": None,
        "prior": None,
        "flow": None,
        "kl_weight": None,
        "kl_warmup": None,
        "condition": None,
    }
