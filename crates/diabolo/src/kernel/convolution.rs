//! Products with the patches of images, in single precision: convolution, its transpose, and the
//! gradient of both with respect to the weight.
//!
//! ```text
//! y = gather(x) Wᵀ        x = fold(y W)        G = yᵀ gather(x)        W: outputs × patch
//! ```
//! Patches are never stored for a whole batch: they are gathered for one tile of rows of positions,
//! in all three, so that they stay in the second cache. The order of summation depends on shapes
//! alone: images are independent in the first two, and the third sums fixed parts of the batch.

use std::ops::Range;

use rayon::prelude::*;

use super::matrix::{Matrix, transposed};
use super::threads::uses_threads;
use super::window::{Window, fold, gather};
use super::{add, buffer, dispatch_simd};

/// Numbers of a tile of patches.
const TILE: usize = 1 << 15;

/// Parts of a batch in the sum over images.
const PARTS: usize = 16;

/// A window, and the shape of the weight: `outputs` × [`Window::patch`].
#[derive(Clone, Copy)]
pub(crate) struct Convolution<'a> {
    pub window: Window,
    pub weight: &'a [f32],
    pub outputs: usize,
}

/// Consecutive rows of positions of some images, whose patches fill a tile.
struct Tiles {
    /// Rows of positions.
    lines: usize,
    /// Of a tile.
    each: usize,
    /// Positions of a row.
    positions: usize,
}

impl Tiles {
    fn of(window: &Window, images: usize) -> Self {
        let positions = window.columns.positions();
        let each = (TILE / (positions * window.patch()).max(1)).max(1);
        Tiles { lines: images * window.rows.positions(), each, positions }
    }

    /// Numbers of the largest tile.
    fn numbers(&self, patch: usize) -> usize {
        self.each.min(self.lines) * self.positions * patch
    }

    /// The lines and the positions of each tile.
    fn each(&self) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
        (0..self.lines).step_by(self.each).map(|first| {
            let lines = first..self.lines.min(first + self.each);
            (lines.clone(), lines.start * self.positions..lines.end * self.positions)
        })
    }
}

/// The first `width` × the positions of numbers at positions.
fn rows<'a>(values: &'a [f32], positions: &Range<usize>, width: usize) -> Matrix<'a> {
    let own = &values[positions.start * width..positions.end * width];
    Matrix::new(own, [positions.len(), width])
}

impl Convolution<'_> {
    fn patch(&self) -> usize {
        self.window.patch()
    }

    /// Images for each thread, of `count`.
    fn images_per_part(&self, count: usize) -> usize {
        let operations = count * self.window.positions() * self.patch() * self.outputs;
        match uses_threads(operations) {
            true => count.div_ceil(rayon::current_num_threads()).max(1),
            false => count.max(1),
        }
    }

    /// y = gather(x) Wᵀ: for every image, positions × outputs.
    pub fn forward(&self, images: &[f32]) -> Vec<f32> {
        let (size, result) = (self.window.image(), self.window.positions() * self.outputs);
        let count = images.len() / size.max(1);
        let weight = transposed(self.weight, [self.outputs, self.patch()]);
        let mut out = buffer::take(count * result);
        let part = self.images_per_part(count);
        let parts = out.par_chunks_mut((part * result).max(1)).zip(images.par_chunks((part * size).max(1)));
        match part >= count {
            true => self.forward_part(images, &weight, &mut out),
            false => parts.for_each(|(out, images)| self.forward_part(images, &weight, out)),
        }
        out
    }

    fn forward_part(&self, images: &[f32], weight: &[f32], out: &mut [f32]) {
        let tiles = Tiles::of(&self.window, images.len() / self.window.image().max(1));
        let mut patches = buffer::take(tiles.numbers(self.patch()));
        for (lines, positions) in tiles.each() {
            let patches = &mut patches[..positions.len() * self.patch()];
            dispatch_simd(
                #[inline(always)]
                || gather(&self.window, images, lines, patches),
            );
            let patches = Matrix::new(patches, [positions.len(), self.patch()]);
            let out = &mut out[positions.start * self.outputs..positions.end * self.outputs];
            patches.times_rows_here(weight, self.outputs, out);
        }
        buffer::give(patches);
    }

    /// x = fold(y W), of `values` at the positions of images: positions × outputs.
    pub fn transposed(&self, values: &[f32]) -> Vec<f32> {
        let (size, given) = (self.window.image(), self.window.positions() * self.outputs);
        let count = values.len() / given.max(1);
        let mut out = buffer::take(count * size);
        let part = self.images_per_part(count);
        let parts = out.par_chunks_mut((part * size).max(1)).zip(values.par_chunks((part * given).max(1)));
        match part >= count {
            true => self.transposed_part(values, &mut out),
            false => parts.for_each(|(out, values)| self.transposed_part(values, out)),
        }
        out
    }

    /// Backward of [`transposed`](Self::transposed), from `gradient` = ∂L/∂x: ∂L/∂y =
    /// gather(∂L/∂x) Wᵀ and ∂L/∂W = yᵀ gather(∂L/∂x), by the same patches.
    pub fn transposed_backward(&self, gradient: &[f32], values: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let (size, given) = (self.window.image(), self.window.positions() * self.outputs);
        let count = gradient.len() / size.max(1);
        let weight = transposed(self.weight, [self.outputs, self.patch()]);
        let mut of_values = buffer::take(count * given);
        let part = count.div_ceil(PARTS).max(1);
        let (size, given) = ((part * size).max(1), (part * given).max(1));
        let of_part = |((gradient, values), out): ((&[f32], &[f32]), &mut [f32])| {
            let each = |patches: Matrix, positions: &Range<usize>| {
                let own = positions.start * self.outputs..positions.end * self.outputs;
                patches.times_rows_here(&weight, self.outputs, &mut out[own]);
            };
            correlate_part(&self.window, gradient, values, self.outputs, each)
        };
        let sums: Vec<Vec<f32>> = match uses_threads(2 * of_values.len() * self.patch()) {
            true => {
                let parts = gradient.par_chunks(size).zip(values.par_chunks(given));
                parts.zip(of_values.par_chunks_mut(given)).map(of_part).collect()
            }
            false => {
                let parts = gradient.chunks(size).zip(values.chunks(given));
                parts.zip(of_values.chunks_mut(given)).map(of_part).collect()
            }
        };
        (of_values, sum_of_parts(sums, self.outputs * self.patch()))
    }

    fn transposed_part(&self, values: &[f32], out: &mut [f32]) {
        out.fill(0.0);
        let tiles = Tiles::of(&self.window, out.len() / self.window.image().max(1));
        let mut patches = buffer::take(tiles.numbers(self.patch()));
        for (lines, positions) in tiles.each() {
            let patches = &mut patches[..positions.len() * self.patch()];
            rows(values, &positions, self.outputs).times_rows_here(self.weight, self.patch(), patches);
            dispatch_simd(
                #[inline(always)]
                || fold(&self.window, patches, lines, out),
            );
        }
        buffer::give(patches);
    }
}

/// G = yᵀ gather(x), summed over images: outputs × patch. `values`: y.
pub(crate) fn correlate(window: &Window, images: &[f32], values: &[f32], outputs: usize) -> Vec<f32> {
    let count = images.len() / window.image().max(1);
    let part = count.div_ceil(PARTS).max(1);
    let size = (part * window.image()).max(1);
    let given = (part * window.positions() * outputs).max(1);
    let of_part =
        |(images, values): (&[f32], &[f32])| correlate_part(window, images, values, outputs, |_, _| {});
    let sums: Vec<Vec<f32>> = match uses_threads(values.len() * window.patch()) {
        true => images.par_chunks(size).zip(values.par_chunks(given)).map(of_part).collect(),
        false => images.chunks(size).zip(values.chunks(given)).map(of_part).collect(),
    };
    sum_of_parts(sums, outputs * window.patch())
}

/// The sum, in order; zeros if there are none.
fn sum_of_parts(parts: Vec<Vec<f32>>, len: usize) -> Vec<f32> {
    let sum = parts.into_iter().reduce(|mut sum, more| {
        add(&mut sum, &more);
        buffer::give(more);
        sum
    });
    sum.unwrap_or_else(|| vec![0.0; len])
}

/// G of some images; `also` gets the patches of each tile, and their positions.
fn correlate_part(
    window: &Window,
    images: &[f32],
    values: &[f32],
    outputs: usize,
    mut also: impl FnMut(Matrix, &Range<usize>),
) -> Vec<f32> {
    let tiles = Tiles::of(window, images.len() / window.image().max(1));
    let mut patches = buffer::take(tiles.numbers(window.patch()));
    let mut sum = buffer::take(outputs * window.patch());
    sum.fill(0.0);
    for (lines, positions) in tiles.each() {
        let patches = &mut patches[..positions.len() * window.patch()];
        dispatch_simd(
            #[inline(always)]
            || gather(window, images, lines, patches),
        );
        also(Matrix::new(patches, [positions.len(), window.patch()]), &positions);
        let transposed = rows(values, &positions, outputs).transposed();
        transposed.add_rows_here(patches, window.patch(), &mut sum);
    }
    buffer::give(patches);
    sum
}
