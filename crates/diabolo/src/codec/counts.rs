//! Adaptive counts of the values of a column: a Pitman–Yor process (Teh 2006).
//!
//! ```text
//! P(v) = (n_v − δ) / (n + θ) if v was seen n_v > 0 times among n,
//! else (θ + δ K) / (n + θ) in all
//! ```
//! with K different values seen. What the rest is spread over, a base distribution, is the
//! caller's. Counts are taken back in the reverse order of their addition, which an encoder needs:
//! it goes through the rows backwards.

use std::collections::HashMap;

use super::ans::{Mass, Total};

/// Counts are in units of 1/[`UNIT`], so that the discount δ is a whole number of them.
const UNIT: u64 = 8;
/// The total of the masses of all values seen: more than there are units.
pub(super) const TOTAL: Total = Total::USUAL;
/// θ, in units.
const CONCENTRATION: u64 = 4;

/// How often each value was seen, in the order of first appearance.
#[derive(Debug, Default, Clone)]
pub(super) struct Counts {
    values: Vec<u32>,
    place: HashMap<u32, usize>,
    /// A Fenwick tree of counts: node i holds the sum of `i & −i` places up to i, from 1.
    tree: Vec<u64>,
    total: u64,
}

/// δ of [`Counts`], in eighths, below 1.
pub(super) type Discount = u8;

impl Counts {
    /// Returns whether the value is new.
    pub fn add(&mut self, value: u32) -> bool {
        let next = self.values.len();
        let place = *self.place.entry(value).or_insert(next);
        if place == next {
            self.values.push(value);
            let node = next + 1;
            let lowest = node & node.wrapping_neg();
            // The sum over the places below it that the new node covers.
            let covered = self.before(next) - self.before(node - lowest);
            self.tree.push(covered);
        }
        self.change(place, 1);
        self.total += 1;
        place == next
    }

    /// Takes back the last addition that has not been taken back; returns whether it was new.
    pub fn take_back(&mut self, value: u32) -> bool {
        let Some(&place) = self.place.get(&value) else { return false };
        self.change(place, -1);
        self.total -= 1;
        let is_first = self.count(place) == 0;
        if is_first {
            // Every later value is gone.
            self.place.remove(&value);
            self.values.pop();
            self.tree.pop();
        }
        is_first
    }

    fn change(&mut self, place: usize, by: i64) {
        let mut node = place + 1;
        while node <= self.tree.len() {
            self.tree[node - 1] = self.tree[node - 1].wrapping_add_signed(by);
            node += node & node.wrapping_neg();
        }
    }

    /// The sum of the counts of the first `places`.
    fn before(&self, places: usize) -> u64 {
        let (mut node, mut sum) = (places, 0);
        while node > 0 {
            sum += self.tree[node - 1];
            node &= node - 1;
        }
        sum
    }

    fn count(&self, place: usize) -> u64 {
        self.before(place + 1) - self.before(place)
    }

    pub fn total(&self) -> u64 {
        self.total
    }

    /// All counts less their discounts, in units.
    fn discounted(&self, discount: Discount) -> u64 {
        UNIT * self.total - u64::from(discount) * self.values.len() as u64
    }

    /// The share of the seen values in the distribution; the rest is the base's.
    pub fn share(&self, discount: Discount) -> f64 {
        self.discounted(discount) as f64 / (UNIT * self.total + CONCENTRATION) as f64
    }

    /// The mass of a value among those seen, if it was.
    pub fn mass(&self, value: u32, discount: Discount) -> Option<Mass> {
        let place = *self.place.get(&value)?;
        Some(self.mass_at(place, discount))
    }

    fn mass_at(&self, place: usize, discount: Discount) -> Mass {
        let all = self.discounted(discount);
        let edge = |places: usize| {
            let below = UNIT * self.before(places) - u64::from(discount) * places as u64;
            (below * u64::from(TOTAL.masses()) / all) as u32
        };
        let start = edge(place);
        Mass { start, size: edge(place + 1) - start, total: TOTAL }
    }

    /// The value of a mass: of one value at least.
    pub fn find(&self, t: u32, discount: Discount) -> (u32, Mass) {
        let all = self.discounted(discount);
        // The last place whose edge is at most t: ⌊below · TOTAL / all⌋ ≤ t.
        let fits = |below: u64| below * u64::from(TOTAL.masses()) / all <= u64::from(t);
        let (mut places, mut below) = (0, 0);
        let mut step = self.tree.len().next_power_of_two();
        while step > 0 {
            let next = places + step;
            if next <= self.tree.len() {
                let sum = below + UNIT * self.tree[next - 1] - u64::from(discount) * step as u64;
                if fits(sum) {
                    (places, below) = (next, sum);
                }
            }
            step /= 2;
        }
        let place = places.min(self.values.len() - 1);
        (self.values[place], self.mass_at(place, discount))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn masses_fill_the_interval_and_are_found(values in prop::collection::vec(0u32..40, 1..300), discount in 0u8..8) {
            let mut counts = Counts::default();
            for &value in &values {
                counts.add(value);
            }
            let mut next = 0;
            for place in 0..counts.values.len() {
                let mass = counts.mass_at(place, discount);
                prop_assert!(mass.start == next && mass.size > 0);
                next = mass.start + mass.size;
                for t in [mass.start, next - 1] {
                    prop_assert_eq!(counts.find(t, discount), (counts.values[place], mass));
                }
                let seen = values.iter().filter(|&&value| value == counts.values[place]).count();
                prop_assert_eq!(counts.count(place), seen as u64);
            }
            prop_assert_eq!(next, TOTAL.masses());
        }

        #[test]
        fn additions_are_taken_back(values in prop::collection::vec(0u32..12, 1..100)) {
            let mut counts = Counts::default();
            let mut states = vec![];
            for &value in &values {
                states.push((counts.values.clone(), counts.tree.clone(), counts.total));
                counts.add(value);
            }
            for &value in values.iter().rev() {
                counts.take_back(value);
                let state = states.pop().unwrap();
                prop_assert_eq!((&counts.values, &counts.tree, counts.total), (&state.0, &state.1, state.2));
            }
        }
    }

    #[test]
    fn shares_as_worked_by_hand() {
        let mut counts = Counts::default();
        assert_eq!((counts.share(4), counts.mass(7, 4)), (0.0, None));
        for value in [7, 7, 7, 9] {
            counts.add(value);
        }
        // δ = ½, θ = ½, n = 4, K = 2: (3 − ½ + 1 − ½) / 4.5, of which 7 has 2.5 of 3.
        assert!((counts.share(4) - 3.0 / 4.5).abs() < 1e-12);
        assert!((counts.mass(7, 4).unwrap().share() - 2.5 / 3.0).abs() < 1e-6);
        assert_eq!(counts.mass(8, 4), None);
    }
}
