//! Windows that move over images: gathering the patches under them, and the adjoint, folding
//! patches back.
//!
//! An image is row-major numbers: height × width × channels. A position of the window sees a patch:
//! kernel rows × kernel columns × channels, zeros outside of the image.
//! ```text
//! gather: P[p, k, c] = x[s p + d k − b, c]
//! fold:   x[i, c] = Σ P[p, k, c] over p, k with s p + d k − b = i
//! ```
//! along each axis, with stride s, dilation d, and b zeros before the image. Each is the transpose
//! of the other, thus its gradient.

use std::ops::{Add, Range};

/// A window along one axis of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Axis {
    /// Length of the image.
    pub length: usize,
    /// Number of taps of the window.
    pub kernel: usize,
    /// Steps from one position to the next.
    pub stride: usize,
    /// Steps from one tap to the next.
    pub dilation: usize,
    /// Zeros before the image.
    pub before: usize,
    /// Zeros after the image.
    pub after: usize,
}

/// The taps of a window that lie on the image, at one position.
#[derive(Clone, Copy)]
struct Span {
    /// The first of them.
    tap: usize,
    /// Their number.
    taps: usize,
    /// Where the first lies.
    index: usize,
}

impl Axis {
    /// Positions at every `stride`-th number of the image, ⌈length / stride⌉ of them: the padding
    /// is distributed evenly, with the odd zero after the image ("same" of TensorFlow).
    pub fn same(length: usize, kernel: usize, stride: usize) -> Self {
        let positions = length.div_ceil(stride.max(1)).max(1);
        let padding = ((positions - 1) * stride + kernel).saturating_sub(length);
        let before = padding / 2;
        Axis { length, kernel, stride, dilation: 1, before, after: padding - before }
    }

    /// A position at every number of the image, with `dilation` steps between taps; padded as in
    /// [`same`](Self::same).
    pub fn dilated(length: usize, kernel: usize, dilation: usize) -> Self {
        let padding = dilation * (kernel - 1);
        let before = padding / 2;
        Axis { length, kernel, stride: 1, dilation, before, after: padding - before }
    }

    /// An axis of length 1, for images with one axis.
    pub fn single() -> Self {
        Axis::same(1, 1, 1)
    }

    /// Number of positions; 0 if the window does not fit.
    pub fn positions(&self) -> usize {
        let (seen, width) = (self.length + self.before + self.after, self.reach() + 1);
        if seen < width { 0 } else { (seen - width) / self.stride + 1 }
    }

    /// Numbers at the end of the image, and of the zeros after it, that no tap sees.
    pub fn unseen(&self) -> usize {
        let seen = self.positions().saturating_sub(1) * self.stride + self.reach() + 1;
        (self.length + self.before + self.after).saturating_sub(seen)
    }

    /// Steps from the first tap to the last.
    fn reach(&self) -> usize {
        self.dilation * (self.kernel - 1)
    }

    /// The same sums with the roles of image and positions exchanged and the taps reversed, if the
    /// stride is 1.
    fn exchanged(&self) -> Option<Axis> {
        let within = self.before <= self.reach() && self.after <= self.reach();
        (self.stride == 1 && within).then(|| Axis {
            length: self.positions(),
            before: self.reach() - self.before,
            after: self.reach() - self.after,
            ..*self
        })
    }

    fn span(&self, position: usize) -> Span {
        let start = position * self.stride;
        let tap = self.before.saturating_sub(start).div_ceil(self.dilation).min(self.kernel);
        let end = (self.length + self.before).saturating_sub(start).div_ceil(self.dilation);
        let taps = end.min(self.kernel).saturating_sub(tap);
        Span { tap, taps, index: (start + tap * self.dilation).saturating_sub(self.before) }
    }

    fn spans(&self) -> Vec<Span> {
        (0..self.positions()).map(|position| self.span(position)).collect()
    }
}

/// A window that moves over the rows and columns of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Along the height.
    pub rows: Axis,
    /// Along the width.
    pub columns: Axis,
    /// Numbers at each place of the image.
    pub channels: usize,
}

impl Window {
    /// Numbers of an image.
    pub fn image(&self) -> usize {
        self.rows.length * self.columns.length * self.channels
    }

    /// Number of positions.
    pub fn positions(&self) -> usize {
        self.rows.positions() * self.columns.positions()
    }

    /// Numbers of a patch.
    pub fn patch(&self) -> usize {
        self.taps() * self.channels
    }

    /// Number of taps.
    pub fn taps(&self) -> usize {
        self.rows.kernel * self.columns.kernel
    }

    /// The place in the image of every number of its patches; outside, one place behind the image.
    #[cfg(any(test, feature = "cuda", feature = "wgpu"))]
    pub(crate) fn places(&self) -> Vec<usize> {
        let image: Vec<usize> = (1..=self.image()).collect();
        let mut places = vec![0; self.positions() * self.patch()];
        gather(self, &image, 0..self.rows.positions(), &mut places);
        places.iter().map(|&place| if place == 0 { self.image() } else { place - 1 }).collect()
    }

    /// The window over an image of the positions, with `channels` at each, whose positions are the
    /// places of this image: y = W · gather(x) with this window is y = fold(W′ · x) with that one,
    /// where W′ has the taps reversed. `None` if the stride is not 1.
    pub(crate) fn exchanged(&self, channels: usize) -> Option<Window> {
        Some(Window { rows: self.rows.exchanged()?, columns: self.columns.exchanged()?, channels })
    }
}

/// Runs of neighbouring numbers that an image and its patches share, line by line.
struct Runs<'a> {
    window: &'a Window,
    rows: Vec<Span>,
    columns: Vec<Span>,
}

impl<'a> Runs<'a> {
    fn of(window: &'a Window) -> Self {
        Runs { window, rows: window.rows.spans(), columns: window.columns.spans() }
    }

    /// `visit(patch, image, length)` for each run, by its starts, of the positions of the `lines`:
    /// line l is row l mod (rows of positions) of image l / (rows of positions). Patches are
    /// counted from the first line.
    #[inline(always)]
    fn each(&self, lines: Range<usize>, mut visit: impl FnMut(usize, usize, usize)) {
        let Window { rows, columns, channels } = *self.window;
        let (width, line) = (columns.kernel * channels, columns.length * channels);
        let mut patch = 0;
        for number in lines {
            let (image, row) = (number / self.rows.len(), self.rows[number % self.rows.len()]);
            let first = image * self.window.image() + row.index * line;
            for column in &self.columns {
                let mut to = patch + row.tap * width + column.tap * channels;
                let mut from = first + column.index * channels;
                for _ in 0..row.taps {
                    match columns.dilation {
                        1 => visit(to, from, column.taps * channels),
                        dilation => (0..column.taps).for_each(|tap| {
                            visit(to + tap * channels, from + tap * dilation * channels, channels);
                        }),
                    }
                    to += width;
                    from += rows.dilation * line;
                }
                patch += self.window.patch();
            }
        }
    }

    /// Whether some taps lie outside of the image.
    fn is_padded(&self) -> bool {
        let outside = |spans: &[Span], kernel: usize| spans.iter().any(|span| span.taps < kernel);
        outside(&self.rows, self.window.rows.kernel) || outside(&self.columns, self.window.columns.kernel)
    }
}

/// The patches at the positions of some `lines` (rows of positions, of all images in turn).
pub(crate) fn gather<T: Copy + Default>(
    window: &Window,
    images: &[T],
    lines: Range<usize>,
    patches: &mut [T],
) {
    let runs = Runs::of(window);
    if runs.is_padded() {
        patches.fill(T::default());
    }
    runs.each(
        lines,
        #[inline(always)]
        |patch, image, length| {
            let (to, from) = (&mut patches[patch..patch + length], &images[image..image + length]);
            to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
        },
    );
}

/// Adds patches to the images that they were taken from.
pub(crate) fn fold<T: Copy + Add<Output = T>>(
    window: &Window,
    patches: &[T],
    lines: Range<usize>,
    images: &mut [T],
) {
    Runs::of(window).each(
        lines,
        #[inline(always)]
        |patch, image, length| {
            let (to, from) = (&mut images[image..image + length], &patches[patch..patch + length]);
            to.iter_mut().zip(from).for_each(|(to, from)| *to = *to + *from);
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every window of a few lengths, kernels, strides, dilations and paddings that fits.
    fn axes() -> Vec<Axis> {
        let mut all = vec![];
        for (length, kernel, stride) in [(1, 1, 1), (5, 3, 2), (6, 3, 1), (7, 4, 2), (4, 5, 1), (6, 2, 3)] {
            for (dilation, before, after) in
                [(1, 0, 0), (1, 1, 1), (2, 2, 0), (1, 0, 1), (3, 4, 4), (1, 7, 0)]
            {
                let axis = Axis { length, kernel, stride, dilation, before, after };
                all.extend((axis.positions() > 0).then_some(axis));
            }
        }
        all
    }

    fn numbers(count: usize) -> Vec<f64> {
        (1..=count).map(|k| (k * k % 97) as f64 - 40.0).collect()
    }

    /// P[p, k, c], from its definition.
    fn patches(window: &Window, images: &[f64], count: usize) -> Vec<f64> {
        let Window { rows, columns, channels } = *window;
        let at = |axis: &Axis, p: usize, k: usize| {
            (axis.stride * p + axis.dilation * k).checked_sub(axis.before).filter(|i| *i < axis.length)
        };
        let mut all = vec![];
        for image in images.chunks_exact(window.image()).take(count) {
            for (p, q) in (0..rows.positions()).flat_map(|p| (0..columns.positions()).map(move |q| (p, q))) {
                for (k, l) in (0..rows.kernel).flat_map(|k| (0..columns.kernel).map(move |l| (k, l))) {
                    for c in 0..channels {
                        let place = at(&rows, p, k).zip(at(&columns, q, l));
                        let number = |(i, j)| image[(i * columns.length + j) * channels + c];
                        all.push(place.map_or(0.0, number));
                    }
                }
            }
        }
        all
    }

    #[test]
    fn patches_are_those_of_the_definition_and_folding_is_the_transpose() {
        let axes = axes();
        assert!(axes.len() > 20);
        for (i, rows) in axes.iter().enumerate() {
            let window = Window { rows: *rows, columns: axes[(i * 7 + 3) % axes.len()], channels: 1 + i % 3 };
            let (count, lines) = (2, 2 * rows.positions());
            let x = numbers(count * window.image());
            let mut found = vec![f64::NAN; count * window.positions() * window.patch()];
            gather(&window, &x, 0..lines, &mut found);
            assert_eq!(found, patches(&window, &x, count), "{window:?}");
            // Some lines alone.
            let part = 1..lines;
            let each = window.columns.positions() * window.patch();
            let mut some = vec![f64::NAN; part.len() * each];
            gather(&window, &x, part.clone(), &mut some);
            assert_eq!(some, found[each..]);
            // ⟨gather x, g⟩ = ⟨x, fold g⟩, with whole numbers: exact.
            let g = numbers(found.len());
            let mut back = vec![0.0; x.len()];
            fold(&window, &g, 0..lines, &mut back);
            let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            assert_eq!(product(&found, &g), product(&x, &back), "{window:?}");
        }
    }

    #[test]
    fn same_padding_is_that_of_tensorflow() {
        let padding = |length, kernel, stride| {
            let axis = Axis::same(length, kernel, stride);
            (axis.before, axis.after, axis.positions())
        };
        assert_eq!(padding(28, 3, 2), (0, 1, 14));
        assert_eq!(padding(7, 3, 2), (1, 1, 4));
        assert_eq!(padding(28, 3, 1), (1, 1, 28));
        assert_eq!(padding(64, 4, 2), (1, 1, 32));
        assert_eq!(padding(5, 1, 3), (0, 0, 2));
    }
}
