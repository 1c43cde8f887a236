//! Positions: of the largest numbers, and of numbers that are looked up.

use crate::tensor::Tensor;
use crate::tensor::data::Data;
use crate::tensor::shape::Shape;

/// Positions along a dimension, on the host, row-major.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Indices<const D: usize> {
    values: Vec<usize>,
    dims: [usize; D],
}

impl<const D: usize> Indices<D> {
    /// # Panics
    /// If the number of values is not that of the shape.
    pub fn new(values: Vec<usize>, dims: [usize; D]) -> Self {
        assert_eq!(values.len(), dims.iter().product::<usize>(), "indices of the shape {dims:?}");
        Indices { values, dims }
    }

    /// The shape.
    pub fn dims(&self) -> [usize; D] {
        self.dims
    }

    /// The positions, row-major.
    pub fn values(&self) -> &[usize] {
        &self.values
    }
}

impl<const D: usize> Tensor<D> {
    /// The positions of the largest numbers along the last dimension, which is kept with length 1;
    /// the first of equal ones.
    pub fn argmax(&self) -> Indices<D> {
        let mut dims = self.dims();
        dims[D - 1] = 1;
        Indices::new(self.data.argmax(), dims)
    }

    /// The positions `chosen` of a dimension: g, summed where a position was chosen several times.
    pub fn select(self, dim: usize, chosen: &[usize]) -> Self {
        let (width, positions) = (self.data.shape()[dim], chosen.to_vec());
        self.linear(|x| x.select(dim, chosen), move |g| g.add_at(dim, &positions, width))
    }

    /// Sums of the numbers up to each position of the last dimension.
    ///
    /// ∂L/∂x_i = Σ_{j ≥ i} g_j = Σ_j g_j − Σ_{j ≤ i} g_j + g_i.
    pub fn cumsum(self) -> Self {
        let shape = self.data.shape();
        self.linear(Data::cumsum, move |g| {
            g.sum_dim(shape.len() - 1).expand(shape).sub(g.clone().cumsum()).add(g)
        })
    }
}

impl Tensor<2> {
    /// The number at `columns[i]` of each row i, rows × 1: g there, else 0.
    pub fn pick(self, columns: &[usize]) -> Tensor<2> {
        let [rows, width] = self.dims();
        let chosen: Vec<usize> =
            columns.iter().enumerate().map(|(row, &column)| row * width + column).collect();
        let flat = self.reshape([rows * width]);
        flat.select(0, &chosen).reshape([rows, 1])
    }

    /// 1 where a number is among the k largest of its row, else 0, without gradient; exactly k, the
    /// first of equal ones.
    pub fn largest(&self, k: usize) -> Tensor<2> {
        let [rows, width] = self.dims();
        let (numbers, mut mask) = (self.data.to_f64(), vec![0.0; rows * width]);
        let mut order: Vec<usize> = (0..width).collect();
        for (row, mask) in numbers.chunks_exact(width.max(1)).zip(mask.chunks_exact_mut(width.max(1))) {
            order.sort_by(|&a, &b| row[b].total_cmp(&row[a]).then(a.cmp(&b)));
            order.iter().take(k).for_each(|&column| mask[column] = 1.0);
        }
        Tensor { data: Data::new(mask, Shape::new(&[rows, width]), &self.device()), node: None }
    }
}
