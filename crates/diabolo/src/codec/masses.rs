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
pub(super) struct Cells<F, N> {
    pub count: u32,
    pub upper: F,
    /// A cell near the one where F is this much, if that is known: the search begins there.
    pub near: N,
}

/// [`nowhere`].
pub(super) type Nowhere = fn(f64) -> Option<u32>;

/// No cell to begin with.
pub(super) fn nowhere(_: f64) -> Option<u32> {
    None
}

impl<F: Fn(u32) -> f64, N: Fn(f64) -> Option<u32>> Cells<F, N> {
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

    /// The cell of a mass: from the near one outwards, twice as far each time, then by halves.
    fn find(&self, t: u32) -> (u32, Mass) {
        let total = self.total();
        // The cell is between these, each with its edge.
        let mut ends = [(0, 0), (self.count, total.masses())];
        let probe = |ends: &mut [(u32, u32); 2], at: u32| {
            let edge = self.edge(at);
            let side = usize::from(edge > t);
            ends[side] = (at, edge);
            side
        };
        let share = (f64::from(t) + 0.5) / f64::from(total.masses());
        if let Some(near) = (self.near)(share).filter(|_| self.count > 1) {
            let first = near.clamp(1, self.count - 1);
            let side = probe(&mut ends, first);
            let steps = (0..31).map(|power| 1 << power);
            let outwards =
                steps.map(|step| if side == 0 { first + step } else { first.saturating_sub(step) });
            for at in outwards {
                if at <= ends[0].0 || at >= ends[1].0 || probe(&mut ends, at) != side {
                    break;
                }
            }
        }
        while ends[1].0 - ends[0].0 > 1 {
            let middle = ends[0].0 + (ends[1].0 - ends[0].0) / 2;
            probe(&mut ends, middle);
        }
        let [(cell, start), (_, end)] = ends;
        (cell, Mass { start, size: end.saturating_sub(start).max(1), total })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_has_masses_and_is_found() {
        // Of 5 cells, two have no probability, and F falls within rounding.
        let upper = |i: u32| [0.0, 0.5, 0.5 - 1e-16, 1.0][i as usize];
        for near in [None, Some(0), Some(1), Some(3), Some(4), Some(u32::MAX)] {
            let cells = Cells { count: 5, upper, near: |_| near };
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
    }

    #[test]
    fn a_near_cell_saves_evaluations() {
        let evaluations = std::cell::Cell::new(0);
        let upper = |i: u32| {
            evaluations.set(evaluations.get() + 1);
            f64::from(i + 1) / 256.0
        };
        let cells = Cells { count: 256, upper, near: |share: f64| Some((share * 256.0) as u32) };
        for cell in [0, 1, 17, 128, 254, 255] {
            let mass = cells.mass(cell);
            evaluations.set(0);
            assert_eq!(cells.find(mass.start + mass.size / 2), (cell, mass));
            assert!(evaluations.get() <= 2, "{} of {cell}", evaluations.get());
        }
    }

    #[test]
    fn no_distribution_function_is_no_panic() {
        for wrong in [f64::NAN, f64::INFINITY, -3.0] {
            let cells = Cells { count: 3, upper: |_| wrong, near: |_| Some(1) };
            (0..3).for_each(|cell| assert!(cells.mass(cell).size > 0));
            cells.find(cells.total().masses() - 1);
        }
        let falling = Cells { count: 3, upper: |i| 0.9 - 0.5 * f64::from(i), near: nowhere };
        assert_eq!(falling.mass(1).size, 1);
    }
}
