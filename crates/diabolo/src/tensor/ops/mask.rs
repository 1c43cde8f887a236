//! Choices between numbers.

use std::ops::Not;

use crate::tensor::Tensor;

/// 1 where something holds, else 0.
#[derive(Clone, Debug)]
pub struct Mask<const D: usize>(Tensor<D>);

impl<const D: usize> Mask<D> {
    /// True where `flags` is not 0.
    pub fn new(flags: Tensor<D>) -> Self {
        Mask(flags.detach())
    }

    /// 1 where it holds, else 0.
    pub fn float(self) -> Tensor<D> {
        self.0
    }
}

impl<const D: usize> Not for Mask<D> {
    type Output = Self;

    /// Where it does not hold.
    fn not(self) -> Self {
        Mask(self.0.neg() + 1.0)
    }
}

impl<const D: usize> Tensor<D> {
    /// Where x < c.
    pub fn below(self, c: f64) -> Mask<D> {
        Mask(self.constant(|x| x.below(c)))
    }

    /// Where x > c.
    pub fn above(self, c: f64) -> Mask<D> {
        Mask(self.constant(|x| x.above(c)))
    }

    /// `other` where the mask holds, else x: g there and here, else 0. All of one shape.
    pub fn mask_where(self, mask: Mask<D>, other: Tensor<D>) -> Self {
        let mask = mask.0.data;
        let chosen = mask.clone();
        let node = super::record([self.node, other.node], move |g, wanted| {
            let none = g.full_like(0.0);
            let of_other = wanted[1].then(|| none.clone().where_mask(&chosen, &g));
            [wanted[0].then(|| g.where_mask(&chosen, &none)), of_other]
        });
        Tensor { data: self.data.where_mask(&mask, &other.data), node }
    }

    /// `value` where the mask holds, else x.
    pub fn mask_fill(self, mask: Mask<D>, value: f64) -> Self {
        let filled = self.full_like(value);
        self.mask_where(mask, filled)
    }
}
