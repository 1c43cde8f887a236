//! Integer masses of the cells of a distribution function.
//!
//! ```text
//! edge(i) = ⌊(T − 2n) F(x_i)⌋ + 2i,   i = 0 … n,   edge(0) = 0, edge(n) = T
//! ```
//! for n cells between n − 1 inner boundaries x_i and a total T of masses. A cell has at least one
//! mass, also where F is rounded such that it falls by less than a mass, and so every value can be
//! written.

use super::ans::{Exhausted, Mass, Stack, Total};

/// The largest number of cells: the least masses of all are then 2⁻¹¹ of the total.
pub(super) const MOST_CELLS: u32 = 1 << 16;

/// Up to so many cells the usual total does.
const FEW_CELLS: u32 = 1 << 10;

/// Cells by a function that gives F at the upper boundary of a cell, but the last.
pub(super) struct Cells<F> {
    pub count: u32,
    pub upper: F,
}

impl<F: Fn(u32) -> f64> Cells<F> {
    fn total(&self) -> Total {
        if self.count <= FEW_CELLS { Total::USUAL } else { Total::FINE }
    }

    fn edge(&self, i: u32) -> u32 {
        let total = self.total().masses();
        match i {
            0 => 0,
            i if i >= self.count => total,
            i => {
                let free = f64::from(total - 2 * self.count);
                // NaN becomes 0.
                ((self.upper)(i - 1).clamp(0.0, 1.0) * free) as u32 + 2 * i
            }
        }
    }

    /// The mass of a cell. If F is no distribution function, as with the weights of a forged model,
    /// it is empty or reversed; then a least one is given, which codes nothing rightly, but ends.
    pub fn mass(&self, cell: u32) -> Mass {
        let start = self.edge(cell);
        Mass { start, size: self.edge(cell + 1).saturating_sub(start).max(1), total: self.total() }
    }

    /// Pops a cell.
    pub fn pop(&self, stack: &mut Stack) -> Result<u32, Exhausted> {
        stack.pop(self.total(), |t| self.find(t))
    }

    /// The cell of a mass.
    fn find(&self, t: u32) -> (u32, Mass) {
        let (mut low, mut high) = (0, self.count);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if self.edge(middle) <= t {
                low = middle;
            } else {
                high = middle;
            }
        }
        (low, self.mass(low))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_has_masses_and_is_found() {
        // Of 5 cells, two have no probability, and F falls within rounding.
        let upper = |i: u32| [0.0, 0.5, 0.5 - 1e-16, 1.0][i as usize];
        let cells = Cells { count: 5, upper };
        let mut next = 0;
        for cell in 0..5 {
            let mass = cells.mass(cell);
            assert!(mass.start == next && mass.size > 0, "{cell}: {mass:?}");
            next = mass.start + mass.size;
            assert_eq!(cells.find(mass.start), (cell, mass));
            assert_eq!(cells.find(next - 1), (cell, mass));
        }
        assert_eq!(next, cells.total().masses());
        assert!((cells.mass(1).share() - 0.5).abs() < 1e-6);
    }

    #[test]
    fn no_distribution_function_is_no_panic() {
        for wrong in [f64::NAN, f64::INFINITY, -3.0] {
            let cells = Cells { count: 3, upper: |_| wrong };
            (0..3).for_each(|cell| assert!(cells.mass(cell).size > 0));
            cells.find(cells.total().masses() - 1);
        }
        let falling = Cells { count: 3, upper: |i| 0.9 - 0.5 * f64::from(i) };
        assert_eq!(falling.mass(1).size, 1);
    }
}
