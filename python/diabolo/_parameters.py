"""What each setting means: for the docstrings of `fit`, `read` and the estimators."""

import inspect

# Settings of `fit`, which are the flags of `diabolo fit`.
SETTINGS = {
    "preset": "Settings for a task: detect, detect-contaminated, impute, denoise, features, generate, compress, "
    "forecast or synthesize; the other settings override them.",
    "model": "Plain, denoising, sparse, contractive, variational (the default), vector_quantized or multiscale.",
    "set": "Keys of the configuration with their values, such as {'training.steps': 500}.",
    "latent_dim": "Number of latent dimensions.",
    "hidden": "Widths of the hidden layers, such as [512, 256]; [] for none.",
    "network": "'convolution:32,64', 'fully_convolutional:32,64' or 'residual:32,64' for images and sequences (windows, or numbers alone, one column a step), 'dilated:64x6', 'gru:64' or 'lstm:64' for sequences.",
    "activation": "Of hidden layers: sigmoid, tanh, softplus, silu, gelu, relu or identity.",
    "latent_activation": "Activation of the code.",
    "likelihood": "Distribution of all columns that it can describe, or a dict with that of columns or kinds of "
    "columns: bernoulli, gaussian, student_t, poisson, negative_binomial, …",
    "variance": "Variance of Gaussian columns: shared, per_feature, decoder, or a number.",
    "tied": "Whether the decoder has the transposed weights of the encoder.",
    "corruption": "'masking:0.3', 'gaussian:0.2', 'clipped_gaussian:0.2' or 'salt_and_pepper:0.1'.",
    "sparsity": "'l1:WEIGHT', 'kl:WEIGHT:TARGET' or 'top_k:K'.",
    "contraction_weight": "Weight λ of ‖J‖²_F.",
    "curvature_weight": "Weight γ of E‖J(x) − J(x + ε)‖²_F.",
    "curvature_deviation": "Standard deviation of ε, in encoded units.",
    "estimator": "Of the contraction in training: auto, exact or 'hutchinson:PROBES'.",
    "bound": "elbo, 'free_bits:NATS', 'capacity:NATS:EPOCHS', 'importance:K', 'dreg:K', "
    "'total_correlation:WEIGHT' or 'mmd:WEIGHT'.",
    "prior": "standard_normal, 'mixture:K', 'vamp:K' or 'hierarchical:100,50'.",
    "flow": "Of the posterior: none, 'planar:LAYERS' or 'inverse_autoregressive:LAYERS'.",
    "kl_weight": "Weight β of the KL divergence.",
    "kl_warmup": "Epochs over which the weight of the KL divergence rises from 0.",
    "kl_cycles": "Number of these rises.",
    "codebook_size": "Number of vectors in each codebook, of vector_quantized.",
    "groups": "Number of groups of equal width in its code, each with a codebook.",
    "commitment_weight": "Weight of the squared distance between its code and the nearest vectors of the codebook.",
    "sigma_min": "Smallest noise level of multiscale, in encoded units.",
    "sigma_max": "Its largest noise level.",
    "score_sigmas": "Its noise levels for anomaly scores, such as [0.2, 0.4, 0.8].",
    "condition": "Column, or columns, that the model receives and does not reconstruct.",
    "epochs": "Passes over the training rows, at most.",
    "steps": "Optimizer steps, if epochs is not set.",
    "pretrain_epochs": "Epochs of layerwise pretraining, for each hidden layer.",
    "batch_size": "Rows per optimizer step.",
    "learning_rate": "Learning rate.",
    "optimizer": "adam, 'adam_w:WEIGHT_DECAY', sgd or 'sgd:MOMENTUM'.",
    "schedule": "Of the learning rate: constant, cosine or plateau.",
    "gradient_clip": "Maximum L2 norm of the gradient of each tensor.",
    "central": "Share of the training rows to fit, those nearest to a robust centre.",
    "trim": "Share of each batch, the rows of the largest loss, to ignore.",
    "patience": "Epochs without improvement before the fit stops; 0: it does not.",
    "max_time": "Time limit, such as '10m'.",
    "seed": "Seed of all random numbers.",
    "max_memory": "Memory for the data, such as '2GB'; larger data go to temporary files.",
    "key": "Column that identifies a row, such as a time; not an input of the model.",
    "label": "Column of classes, for evaluation; not an input of the model but of a synthesizer.",
    "drop": "Column, or columns, to ignore.",
    "types": "Types of columns where the detected ones are wrong, such as {'zip': 'categorical'}: numeric, count, "
    "binary, categorical, datetime, ordinal, or 'ordinal:small,medium,large'.",
    "missing": "More texts that mean a missing cell, such as '-999', or 'age=0' for one column; 'none': no texts do.",
    "numeric": "Scaling of numbers: standardize, standardize_steps, min_max or quantile.",
    "binarize": "Of pixels: dynamic, fixed or threshold.",
    "augment": "Random changes of training images in each epoch: 'flip', 'shift:2' or 'flip,shift:2'.",
    "counts": "Encoding of counts: auto, log1p or as_numeric.",
    "unknown": "Categories that the fit has not seen: missing, or error.",
    "beyond_range": "Whether numbers of results may leave the range of the training rows.",
    "validation": "Share of the rows for validation.",
    "test": "Share of the rows held out for testing.",
    "window": "Rows of a series that are one example; for forecasts, that one is made from.",
    "horizon": "Number of steps to predict; a season by default.",
    "season": "Season in steps, 0 for none; found from the data by default.",
    "step": "Length of a step, such as 15min, 1h or 1 month, which has the mean of its rows; rows are steps by default.",
    "known": "Column, or columns, whose future values are known; `predict` takes them as ``future``.",
    "test_from": "The time at which the test part of a forecast begins, instead of its share.",
    "series": "Column that names the series of a row, if there are several.",
    "rare": "Levels of a category in fewer rows are pooled; 10 by default.",
    "together": "Lists of columns, such as [['city', 'state']], of which only combinations of the data occur.",
    "require": "Rules between two columns that every row keeps, such as ['start<=end'].",
    "key_format": "Format of new keys, such as 'C-[0-9]{6}'.",
}

# Those of files: of `fit`, where a path is given, and of `read`.
FILES = {
    "delimiter": "Separator of the cells of a text file: one character, or 'tab'.",
    "header": "Whether the first row of a text file holds the names of the columns.",
    "encoding": "Of a text file, such as 'latin1'.",
    "skip_bad_rows": "How many damaged rows of a text file may be skipped.",
    "resize": "Height and width of images, such as '32x24', or the side of a square.",
    "gray": "Whether images are read in grey.",
    "strict": "Whether an unreadable image is an error; else it is skipped.",
}

# Parameters of estimators that are no settings of `fit`.
_OWN = {
    "contamination": "'auto', or the share of the rows of `fit` to flag.",
    "contaminated": "Whether the rows of `fit` contain anomalies.",
    "samples": "Importance draws per row.",
    "sample_posterior": "Whether cells are drawn, not averaged.",
    "add_indicator": "Whether columns that say which cells were missing are added.",
    "random_state": "Seed of all random numbers.",
    "verbose": "Whether progress is shown.",
    "callback": "Called with a dict for each epoch, phase and warning; an exception of it ends the fit.",
    "options": "Dict of other settings of `diabolo.fit`.",
}

_NOT_GIVEN = "What is not given, or is `None`, depends on the data and the task."


def described(doc, title, names):
    """A docstring with a section, as numpydoc has them, that says what these settings mean."""
    meanings = {**SETTINGS, **FILES, **_OWN}
    lines = [line for name in names for line in (name, f"    {meanings[name]}")]
    return "\n".join([inspect.cleandoc(doc), "", _NOT_GIVEN, "", title, "-" * len(title), *lines])
