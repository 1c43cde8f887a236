//! Warm-up of weights during training.

/// Warm-up of a weight: it rises linearly from 0 to 1 in `epochs` epochs (it is 1 if `epochs` is
/// 0). With several cycles, it then stays at 1 for as many epochs and restarts (Fu et al. 2019, eq.
/// 6, with R = ½); after the last cycle it stays at 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Warmup {
    /// Epochs per ramp.
    pub epochs: f64,
    /// Number of ramps.
    pub cycles: usize,
}

impl Warmup {
    /// A single ramp.
    pub fn once(epochs: f64) -> Self {
        Warmup { epochs, cycles: 1 }
    }

    /// The factor after `elapsed` epochs (fractions count).
    ///
    /// ```
    /// use diabolo::objective::Warmup;
    /// assert_eq!(Warmup::once(10.0).factor(2.5), 0.25);
    /// assert_eq!(Warmup::once(10.0).factor(30.0), 1.0);
    /// assert_eq!(Warmup::once(0.0).factor(0.0), 1.0);
    /// let twice = Warmup { epochs: 10.0, cycles: 2 };
    /// assert_eq!([12.0, 25.0, 45.0].map(|epochs| twice.factor(epochs)), [1.0, 0.5, 1.0]);
    /// ```
    pub fn factor(&self, elapsed: f64) -> f64 {
        if self.epochs == 0.0 {
            return 1.0;
        }
        let last = 2.0 * self.cycles.saturating_sub(1) as f64;
        let ramps = elapsed / self.epochs;
        let position = if ramps < last { ramps % 2.0 } else { ramps - last };
        position.clamp(0.0, 1.0)
    }
}
