//! Settings of the sparse family.

use serde::{Deserialize, Serialize};

use crate::objective::Sparsity;

/// Settings of the sparse family.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SparseConfig {
    /// The decoder's weights are the encoder's, transposed. Otherwise small codes with a large
    /// decoder satisfy the penalty.
    pub tied: bool,
    /// The sparsity penalty or constraint.
    pub sparsity: Sparsity,
}

impl Default for SparseConfig {
    fn default() -> Self {
        SparseConfig { tied: true, sparsity: Sparsity::default() }
    }
}
