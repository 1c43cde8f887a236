//! What a comparison measures and draws, with the texts that explain it.

use diabolo_report::comparison::Better;

/// The measure of pairs of trainings on one split.
pub(super) const SIMILARITY: &str = "code_similarity";

/// Key, name, unit, better, explanation.
pub(super) type MeasureRow = (&'static str, &'static str, &'static str, Better, &'static str);

pub(super) const MEASURES: [MeasureRow; 19] = [
    (
        "test_reconstruction",
        "held-out reconstruction",
        "nats per example",
        Better::Lower,
        "−log p(x | code) on held-out rows: the information that the code loses.",
    ),
    (
        "train_reconstruction",
        "training reconstruction",
        "nats per example",
        Better::Neither,
        "The same of the training rows.",
    ),
    (
        "generalisation_gap",
        "generalisation gap",
        "nats per example",
        Better::Lower,
        "Held-out minus training reconstruction.",
    ),
    (
        "squared_error",
        "squared error",
        "squared encoded units",
        Better::Lower,
        "Between a held-out row and its reconstruction, per value.",
    ),
    (
        "noisy_squared_error",
        "squared error from noisy rows",
        "squared encoded units",
        Better::Lower,
        "The same for the reconstruction of the row with noise; mean over the noise levels.",
    ),
    (
        "corrupted_squared_error",
        "squared error from corrupted rows",
        "squared encoded units",
        Better::Lower,
        "The same for rows with the corruption that the denoising model was trained to remove.",
    ),
    (
        "kl_divergence",
        "KL divergence",
        "nats per example",
        Better::Neither,
        "KL(q(z|x) ‖ p(z)): what the code of a row tells; for families with a posterior.",
    ),
    (
        "active_dimensions",
        "active dimensions",
        "latent dimensions",
        Better::Neither,
        "Those whose variance over rows is above 0.01.",
    ),
    (
        "code_change",
        "change of the code",
        "%",
        Better::Lower,
        "Squared change of the code under the least noise, as a share of the code’s variance over rows.",
    ),
    (
        SIMILARITY,
        "similarity of codes",
        "CKA",
        Better::Higher,
        "Linear centred kernel alignment of the codes of up to 100 held-out rows from two sets of initial weights, without bias, \
         mean over pairs: 1 if rows have the same distances in both, up to a factor; about 0 for unrelated codes.",
    ),
    (
        "contraction",
        "contraction",
        "‖J‖²_F",
        Better::Lower,
        "Squared Frobenius norm of the Jacobian; also small for codes that are merely small.",
    ),
    ("jacobian_norm", "Jacobian norm", "‖J‖_F", Better::Lower, "From the mean singular values, √Σσ²."),
    (
        "effective_rank",
        "effective rank",
        "directions",
        Better::Neither,
        "exp of the entropy of σ/Σσ: how many directions the code is sensitive to.",
    ),
    (
        "saturated_share",
        "saturated",
        "%",
        Better::Neither,
        "Code values within 5 % of an end of the activation’s range.",
    ),
    (
        "accuracy",
        "linear-probe accuracy",
        "%",
        Better::Higher,
        "Of a linear classifier on the codes of held-out rows.",
    ),
    (
        "noisy_accuracy",
        "linear-probe accuracy under noise",
        "%",
        Better::Higher,
        "Of the same classifier when the rows have noise; mean over the noise levels.",
    ),
    (
        "corrupted_accuracy",
        "linear-probe accuracy on corrupted rows",
        "%",
        Better::Higher,
        "Of the same classifier when the rows have the corruption of the denoising model.",
    ),
    (
        "sample_energy_distance",
        "energy distance of samples",
        "encoded units",
        Better::Lower,
        "Of 500 new rows from held-out rows: 0 if both have the same distribution.",
    ),
    (
        "training_seconds",
        "training time",
        "seconds",
        Better::Neither,
        "Wall time of all epochs; other work on the machine counts too.",
    ),
];

/// Key of the curve, title, caption, x, y, logarithmic x, factor of y, name of the raw input's
/// curve.
pub(super) type FigureRow =
    (&'static str, &'static str, &'static str, &'static str, &'static str, bool, f64, Option<&'static str>);

const NOISE_AXIS: &str = "noise σ, in encoded units";

pub(super) const FIGURES: [FigureRow; 7] = [
    (
        "code_change",
        "Change of the code under noise",
        "Squared change over the variance of the code: at 100 %, noise changes a code by as much as codes differ from \
         their mean. Below the dashed line, the code is more stable than the input itself.",
        NOISE_AXIS,
        "% of the code’s variance",
        false,
        100.0,
        Some("raw input"),
    ),
    (
        "contraction_ratio",
        "Contraction ratio",
        "Distance of two codes over the distance ‖δ‖ of their inputs, in a random direction. Low on the left: small \
         changes are ignored. It depends on the scale of the code, so compare shapes as well as heights.",
        "length of the change ‖δ‖, log scale",
        "‖f(x+δ) − f(x)‖ / ‖δ‖",
        true,
        1.0,
        None,
    ),
    (
        "learning",
        "Learning curves",
        "Reconstruction of the validation rows after each epoch, without the first tenth. A curve that rises shows \
         overfitting. A curve ends where the first of its trainings stopped.",
        "epoch",
        "nats per example",
        false,
        1.0,
        None,
    ),
    (
        "accuracy",
        "Linear-probe accuracy",
        "Trained on codes of clean training rows, evaluated on held-out rows with noise.",
        NOISE_AXIS,
        "% of held-out rows right",
        false,
        100.0,
        Some("raw input"),
    ),
    (
        "noisy_squared_error",
        "Error of the reconstruction from noisy rows",
        "Squared difference from the clean row. At σ = 0 it is the usual reconstruction error.",
        NOISE_AXIS,
        "squared encoded units, per value",
        false,
        1.0,
        Some("noisy input"),
    ),
    (
        "spectrum",
        "Singular values of the Jacobian",
        "Largest first, mean over held-out rows: the sensitivity of the code in each direction.",
        "number of the singular value",
        "singular value",
        false,
        1.0,
        None,
    ),
    (
        "spectrum_shape",
        "The same, relative to the largest",
        "Without the scale of the code. The faster it falls, the fewer directions the code is sensitive to.",
        "number of the singular value",
        "share of the largest",
        false,
        1.0,
        None,
    ),
];
