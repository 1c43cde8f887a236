//! Readable names of the keys under which terms of the loss and measures are stored.
//!
//! One row of [`NAMES`] a key. A key without a row, such as a term of one's own, is shown with
//! spaces for underscores.

use std::borrow::Cow;

/// How a page shows a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// In lower case but for proper names, such as "negative ELBO".
    pub name: Cow<'static, str>,
    /// Unit, such as "nats per example"; may be empty.
    pub unit: &'static str,
    /// One or two sentences for a reader who does not know it; may be empty.
    pub explanation: &'static str,
}

impl Name {
    /// The name with a capital first letter.
    pub fn title(&self) -> String {
        let mut letters = self.name.chars();
        letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
    }
}

/// The name of a key.
pub fn name_of(key: &str) -> Name {
    match NAMES.iter().find(|row| row.0 == key) {
        Some(&(_, name, unit, explanation)) => Name { name: name.into(), unit, explanation },
        None => Name { name: key.replace('_', " ").into(), unit: "", explanation: "" },
    }
}

/// Whether the key has a row of its own.
pub fn is_named(key: &str) -> bool {
    NAMES.iter().any(|row| row.0 == key)
}

const NATS: &str = "nats per example";

/// Key, name, unit, explanation.
const NAMES: [(&str, &str, &str, &str); 34] = [
    ("objective", "objective", NATS, "What training minimises: the sum of all terms with their weights."),
    (
        "negative_elbo",
        "negative ELBO",
        NATS,
        "Reconstruction plus KL divergence: an upper bound on −log p(x). Lower is better; below zero is possible where p(x) is a density.",
    ),
    (
        "importance_bound",
        "importance-weighted bound",
        NATS,
        "The bound that is trained: with several draws of z it is closer to −log p(x) than the negative ELBO. Lower is better.",
    ),
    (
        "reconstruction",
        "reconstruction",
        NATS,
        "−log p(x | z): the negative log-likelihood of the input given its latent code. Lower is better.",
    ),
    (
        "reconstruction_floor",
        "floor of the reconstruction",
        NATS,
        "What remains at perfect reconstruction: the Bernoulli likelihood of a grey pixel is below 1 even at the pixel itself. It is no probability of grey values, so there are no bits per dimension.",
    ),
    (
        "bound_gap",
        "gap of the ELBO",
        NATS,
        "log p(x) − ELBO = KL(q(z|x) ‖ p(z|x)): how far the posterior of the encoder is from the true one. Estimated from below, by importance sampling.",
    ),
    (
        "squared_error",
        "squared error",
        "",
        "Half the squared error of a forecast, summed over its steps, in deviations of the series. Lower is better.",
    ),
    (
        "kl_divergence",
        "KL divergence",
        NATS,
        "KL(q(z|x) ‖ p(z)): the information that the latent code carries about its row. Near zero, the latent space is unused.",
    ),
    (
        "constant_model",
        "trivial model",
        NATS,
        "−log p(x) under the mean, the variance and the frequencies of each column of the training rows, the same for every row: what a model has to beat.",
    ),
    (
        "constant_model_error",
        "standard error of the difference",
        NATS,
        "Of the mean difference between the model and the trivial model over the rows.",
    ),
    (
        "free_bits",
        "KL divergence with free bits",
        NATS,
        "The KL divergence of each latent dimension, at least the free amount; their sum.",
    ),
    (
        "capacity_gap",
        "distance from the KL capacity",
        NATS,
        "|KL divergence − capacity|, where the capacity grows during training.",
    ),
    (
        "mutual_information",
        "mutual information",
        NATS,
        "I(x; z): the part of the KL divergence that is information about the row.",
    ),
    (
        "total_correlation",
        "total correlation",
        NATS,
        "KL(q(z) ‖ Π q(z_j)): the statistical dependence between latent dimensions. Lower is more disentangled.",
    ),
    (
        "dimension_kl",
        "dimension-wise KL divergence",
        NATS,
        "Σ KL(q(z_j) ‖ p(z_j)): how far each latent dimension is from its prior.",
    ),
    (
        "mmd",
        "maximum mean discrepancy",
        "",
        "Between the codes of a batch and draws from the prior; 0 if both have the same distribution.",
    ),
    (
        "contraction",
        "contraction",
        "‖J‖²_F",
        "Squared Frobenius norm of the encoder's Jacobian: the sensitivity of the code to small changes of the input. Less is less sensitive; a dead code has 0, so read it with the reconstruction.",
    ),
    (
        "curvature",
        "curvature",
        "‖ΔJ‖²_F",
        "Squared Frobenius norm of the Jacobian's change between a row and the same row with a little noise.",
    ),
    ("sparsity", "sparsity penalty", "", "Small when few units of the code are active."),
    (
        "commitment",
        "commitment",
        "squared code units",
        "Squared distance of the encoder's output from its codebook vectors.",
    ),
    ("cross_entropy", "cross-entropy", NATS, "−log p(label | x) of the classifier. Lower is better."),
    ("error", "error rate", "share of rows", "Rows to which the classifier gives a wrong label."),
    ("learning_rate", "learning rate", "", "The factor of the optimiser's steps."),
    (
        "jacobian_norm",
        "Jacobian norm",
        "‖J‖_F",
        "The mean over rows of the Frobenius norm of the encoder's Jacobian.",
    ),
    (
        "mse",
        "mean squared error",
        "squared encoded units",
        "Between a row and its reconstruction, per value.",
    ),
    (
        "active_units",
        "active units",
        "",
        "Latent dimensions whose mean varies over the data; the others carry no information.",
    ),
    ("latent_dim", "latent dimensions", "", "The width of the code."),
    (
        "codebook_perplexity",
        "codebook perplexity",
        "vectors a group",
        "exp of the entropy of the choices, averaged over groups: the number of equally frequent vectors with the same entropy.",
    ),
    ("codes_used", "codebook vectors used", "share", "Of all vectors of all codebooks, on these rows."),
    ("code_bits", "size of a code", "bits", "Storage for the code of one row."),
    (
        "saturated_fraction",
        "saturated",
        "share of code values",
        "Code values within 5 % of an end of the activation's range.",
    ),
    ("mean_activation", "mean activation", "", "The mean of the code's values, over units and rows."),
    (
        "bits_per_dimension",
        "bits per dimension",
        "bits",
        "The bound, or the reconstruction, divided by the number of pixel values.",
    ),
    ("examples", "examples", "rows", "Rows over which these metrics are averaged."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_one_row_and_a_readable_name() {
        for (at, (key, name, ..)) in NAMES.iter().enumerate() {
            assert!(!name.contains('_') && !name.is_empty(), "{key}: {name}");
            assert!(NAMES[..at].iter().all(|row| row.0 != *key && row.1 != *name), "{key} twice");
        }
    }

    #[test]
    fn a_custom_key_is_shown_with_spaces() {
        assert!(!is_named("my_own_term"));
        assert_eq!(name_of("my_own_term").name, "my own term");
        assert_eq!(name_of("my_own_term").title(), "My own term");
        assert_eq!(name_of("kl_divergence").title(), "KL divergence");
        assert_eq!(name_of("").title(), "");
    }
}
