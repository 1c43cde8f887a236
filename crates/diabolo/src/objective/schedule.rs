//! Weights that change while training.

/// Linear warm-up of a weight: 0 at the start, 1 after `epochs` epochs (1 at once if `epochs` is 0).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Warmup {
    /// How many epochs the ramp takes.
    pub epochs: f64,
}

impl Warmup {
    /// The factor after `elapsed` epochs (fractions count).
    ///
    /// ```
    /// use diabolo::objective::Warmup;
    /// assert_eq!(Warmup { epochs: 10.0 }.factor(2.5), 0.25);
    /// assert_eq!(Warmup { epochs: 10.0 }.factor(30.0), 1.0);
    /// assert_eq!(Warmup { epochs: 0.0 }.factor(0.0), 1.0);
    /// ```
    pub fn factor(&self, elapsed: f64) -> f64 {
        if self.epochs > 0.0 { (elapsed / self.epochs).clamp(0.0, 1.0) } else { 1.0 }
    }
}
