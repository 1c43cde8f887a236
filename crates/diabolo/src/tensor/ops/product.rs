//! Products of matrices, and the patches of images for such products.

use crate::kernel::Window;
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

impl Tensor<2> {
    /// The patches of images, one a row, at all positions of a window: (rows · positions) × patch.
    /// The [fold](Self::fold) of g.
    ///
    /// # Panics
    /// If a row is not an image of the window.
    pub fn gather(self, window: Window) -> Self {
        let [rows, width] = self.dims();
        assert_eq!(width, window.image(), "an image of {window:?}");
        self.linear(|x| x.gather(&window), move |g| g.fold(&window, rows))
    }

    /// The transpose of [`gather`](Self::gather): the sums of patches where they lie in the images.
    /// The patches of g.
    ///
    /// # Panics
    /// If these are not the patches of whole images.
    pub fn fold(self, window: Window) -> Self {
        let [patches, width] = self.dims();
        let positions = window.positions();
        assert!(width == window.patch() && patches % positions == 0, "patches of {window:?}");
        self.linear(|p| p.fold(&window, patches / positions), move |g| g.gather(&window))
    }
}
