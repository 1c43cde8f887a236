//! The vectors that the code of a vector-quantized model is chosen from.

use serde::Serialize;

use super::LatentSpace;
use crate::model::Autoencoder;
use crate::tensor::to_host;

/// Codes whose vectors are found at a time.
const AT_ONCE: usize = 4096;

/// The vectors that a code is chosen from: one in each group of latent dimensions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Codebooks {
    /// The vectors of each group.
    pub vectors: Vec<Vec<Vec<f32>>>,
    /// The share of rows that chose each of them, among up to 20,000 rows.
    pub shares: Vec<Vec<f64>>,
}

impl LatentSpace {
    /// The codebooks of a vector-quantized model; `None` for other families.
    pub fn codebooks(&self) -> Option<Codebooks> {
        let model = &self.predictor.saved().model;
        let book = model.codebook()?;
        let [groups, size, width] = book.vectors.dims();
        let latent = self.latent_dim();
        let rows = self.compared.len() / latent;
        let mut shares = vec![vec![0f64; size]; groups];
        for codes in self.compared.chunks(AT_ONCE * latent) {
            let codes = self.predictor.device().tensor(codes.to_vec(), [codes.len() / latent, latent]);
            let chosen = book.indices(codes);
            let by_group = chosen.values().iter().enumerate();
            by_group.for_each(|(at, &entry)| shares[at % groups][entry] += 1.0 / rows as f64);
        }
        let vectors = to_host(book.vectors.val());
        let vectors = vectors.chunks_exact(size * width);
        let vectors = vectors.map(|group| group.chunks_exact(width).map(<[f32]>::to_vec).collect());
        Some(Codebooks { vectors: vectors.collect(), shares })
    }
}
