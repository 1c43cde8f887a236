//! Composition of layers.

use crate::module;
use std::borrow::Borrow;
use std::ops::{Deref, DerefMut};

use super::{Activation, AnyLayer, LayerTrace, Linear};
use crate::random::Stream;
use crate::tensor::{Device, Tensor};

/// h = f_L ∘ … ∘ f_1 (x). It derefs to the slice of its layers, first to last; without layers it is
/// the identity.
///
/// It owns its layers, or borrows them ([`Layers`]).
#[derive(Clone, Debug)]
pub struct Sequential<L = AnyLayer> {
    /// Not part of tensor names, see `artifact::weights`.
    layers: Vec<L>,
}
module!(Sequential { ..layers });

/// Borrowed layers, such as the hidden layers and the mean of a variational encoder.
pub type Layers<'a> = Sequential<&'a AnyLayer>;

impl Sequential {
    /// Fully connected layers with these `widths`; the last has a separate activation.
    pub fn new(
        widths: &[usize],
        hidden: Activation,
        last: Activation,
        noise: &mut Stream,
        device: &Device,
    ) -> Self {
        let count = widths.len() - 1;
        (0..count)
            .map(|l| {
                let activation = if l + 1 == count { last } else { hidden };
                Linear::new(widths[l], widths[l + 1], activation, noise, device).into()
            })
            .collect()
    }

    /// Adds a layer behind the last.
    pub fn push(&mut self, layer: AnyLayer) {
        self.layers.push(layer);
    }

    /// The same layers, borrowed.
    pub fn layers(&self) -> Layers<'_> {
        self.iter().collect()
    }
}

impl Layers<'_> {
    /// A copy that owns its layers.
    pub fn cloned(&self) -> Sequential {
        self.iter().map(|&layer| layer.clone()).collect()
    }
}

impl<L: Borrow<AnyLayer>> Sequential<L> {
    fn each(&self) -> impl DoubleEndedIterator<Item = &AnyLayer> + ExactSizeIterator {
        self.layers.iter().map(Borrow::borrow)
    }

    /// Number of inputs; 0 without layers.
    pub fn inputs(&self) -> usize {
        self.each().next().map_or(0, |layer| layer.inputs())
    }

    /// Number of outputs; 0 without layers.
    pub fn outputs(&self) -> usize {
        self.each().next_back().map_or(0, |layer| layer.outputs())
    }

    /// Applies the layers to `x` (batch × inputs), first to last: batch × outputs.
    ///
    /// By so many rows at a time that a result has 64 MiB at most.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        const NUMBERS: usize = 1 << 24;
        let widest = self.each().map(|layer| layer.outputs()).max().unwrap_or(1).max(1);
        let (rows, at_once) = (x.dims()[0], (NUMBERS / widest).max(1));
        let of_rows = |x| self.each().fold(x, |h, layer| layer.forward(h));
        match rows <= at_once {
            true => of_rows(x),
            false => Tensor::cat(x.split(at_once, 0).into_iter().map(of_rows).collect(), 0),
        }
    }

    /// [`forward`](Self::forward), keeping the trace of each layer.
    pub fn trace(&self, x: Tensor<2>) -> Vec<LayerTrace> {
        let mut h = x;
        self.each()
            .map(|layer| {
                let trace = layer.trace(h.clone());
                h = trace.output.clone();
                trace
            })
            .collect()
    }

    /// Vector-Jacobian product of k cotangents per row, through all layers, last to first.
    ///
    /// `cotangents`: batch × k × outputs; `derivatives`: φ′ of each layer, first to last; result:
    /// batch × k × inputs.
    pub fn vjp(&self, cotangents: Tensor<3>, derivatives: &[Tensor<2>]) -> Tensor<3> {
        let steps = self.each().zip(derivatives).rev();
        steps.fold(cotangents, |block, (layer, derivative)| layer.vjp(block, derivative.clone()))
    }

    /// Jacobian-vector product, through all layers, first to last.
    ///
    /// `tangent`: batch × inputs; `derivatives`: φ′ of each layer, first to last; result: batch ×
    /// outputs.
    pub fn jvp(&self, tangent: Tensor<2>, derivatives: &[Tensor<2>]) -> Tensor<2> {
        let steps = self.each().zip(derivatives);
        steps.fold(tangent, |tangent, (layer, derivative)| layer.jvp(tangent, derivative.clone()))
    }
}

impl<L> Default for Sequential<L> {
    /// An empty composition.
    fn default() -> Self {
        Sequential { layers: vec![] }
    }
}

impl<L> FromIterator<L> for Sequential<L> {
    fn from_iter<I: IntoIterator<Item = L>>(layers: I) -> Self {
        Sequential { layers: layers.into_iter().collect() }
    }
}

impl<L> IntoIterator for Sequential<L> {
    type Item = L;
    type IntoIter = std::vec::IntoIter<L>;

    fn into_iter(self) -> Self::IntoIter {
        self.layers.into_iter()
    }
}

impl<L> Deref for Sequential<L> {
    type Target = [L];

    fn deref(&self) -> &[L] {
        &self.layers
    }
}

impl<L> DerefMut for Sequential<L> {
    fn deref_mut(&mut self) -> &mut [L] {
        &mut self.layers
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, standard_normal, stream};
    use crate::tensor::to_host;

    /// Both products through three layers, compared with finite differences: vᵀ(J u) = (vᵀJ) u.
    #[test]
    fn jacobian_products_match_finite_differences() {
        let device = Device::cpu_f64();
        let mut noise = stream(4, Purpose::Initialize, 0, 0);
        let net = Sequential::new(&[5, 4, 6, 3], Activation::Silu, Activation::Sigmoid, &mut noise, &device);
        assert_eq!((net.inputs(), net.outputs(), net.len()), (5, 3, 3));
        let mut draw = |width: usize| device.tensor::<2>(standard_normal(&mut noise, 2 * width), [2, width]);
        let (x, u, v) = (draw(5), draw(5), draw(3));
        let traces = net.trace(x.clone());
        let last = traces.last().map(|trace| to_host(trace.output.clone()));
        assert_eq!(last, Some(to_host(net.forward(x.clone()))));
        let slopes: Vec<Tensor<2>> = traces.into_iter().map(|trace| trace.derivative).collect();
        let step = 1e-6;
        let numeric =
            (net.forward(x.clone() + u.clone() * step) - net.forward(x - u.clone() * step)) * (0.5 / step);
        let along = net.jvp(u.clone(), &slopes);
        let error = (along.clone() - numeric).abs().max().into_scalar();
        assert!(error < 1e-8, "{error}");
        let back = net.layers().vjp(v.clone().unsqueeze_dim::<3>(1), &slopes).squeeze_dim::<2>(1);
        let difference = ((back * u).sum() - (along * v).sum()).abs().into_scalar();
        assert!(difference < 1e-12, "{difference}");
    }
}
