//! The sizes of networks that are not configured: from the number of inputs and the family.

/// Default widths: one wide layer for overcomplete families, as in their papers; a bottleneck for
/// others.
pub(crate) fn default_hidden(inputs: usize, overcomplete: bool) -> Vec<usize> {
    if overcomplete { vec![] } else { vec![(4 * inputs).next_power_of_two().clamp(64, 512)] }
}

/// Images with more pixels, times channels, are probably photographs, which need larger codes.
const DRAWING: usize = 1024;

/// The default number of latent dimensions.
pub(crate) fn default_latent_dim(inputs: usize, image: bool, overcomplete: bool) -> usize {
    match (overcomplete, image) {
        (true, _) => (2 * inputs).clamp(32, 1000),
        (false, true) if inputs > DRAWING => 64,
        (false, true) => (inputs / 6).clamp(2, 20),
        (false, false) => (inputs / 2).clamp(2, 16),
    }
}
