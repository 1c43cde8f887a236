//! Products of matrices.

use crate::tensor::Tensor;
use crate::tensor::tape::record;

impl<const D: usize> Tensor<D> {
    /// A B, for matrices or for each pair of a stack of them: g Bᵀ and Aᵀ g.
    pub fn matmul(self, other: Self) -> Self {
        let data = self.data.matmul(&other.data, [false, false]);
        let (a, b) = (self.data, other.data);
        let node = record([self.node, other.node], move |g, wanted| {
            [wanted[0].then(|| g.matmul(&b, [false, true])), wanted[1].then(|| a.matmul(&g, [true, false]))]
        });
        Tensor { data, node }
    }
}
