//! Rows that are sequences: which number belongs to which step.

use crate::data::{Block, BlockKind, lag};
use crate::distribution::LikelihoodBlock;
use crate::{Error, Result};

/// The layout of rows that are sequences: windows of a series, or numbers in an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequence {
    /// Number of steps, such as the rows of the series in a window.
    pub steps: usize,
    /// The encoded columns, step by step from the first: steps × features.
    pub order: Vec<usize>,
}

impl Sequence {
    /// The windows of which `blocks` are the encoded columns, each named by its column and its lag;
    /// `None` for other rows.
    pub fn of(blocks: &[Block]) -> Option<Self> {
        let names = || blocks.iter().flat_map(|block| &block.names).map(|name| lag(name).1);
        let width = blocks.iter().map(|block| block.width).sum();
        let steps = names().max()?.checked_add(1).filter(|&steps| steps <= width)?;
        let mut by_step = vec![vec![]; steps];
        for block in blocks {
            let each = block.width / block.names.len();
            for (k, name) in block.names.iter().enumerate() {
                let first = block.start + k * each;
                by_step[steps - 1 - lag(name).1].extend(first..first + each);
            }
        }
        let is_even = by_step.windows(2).all(|pair| pair[0].len() == pair[1].len());
        (steps > 1 && is_even).then(|| Sequence { steps, order: by_step.concat() })
    }

    /// Rows whose numbers have an order without being windows: a table of numbers, one column a
    /// step, or images, one row of pixels a step; `None` for others.
    pub fn in_order(blocks: &[Block]) -> Option<Self> {
        let steps = match blocks {
            [Block { image: Some((height, _, _)), .. }] => *height,
            [numbers] => numbers_in_order(numbers)?,
            _ => return None,
        };
        (steps > 1).then(|| Sequence { steps, order: (0..blocks[0].width).collect() })
    }

    /// Numbers of a step.
    pub fn features(&self) -> usize {
        self.order.len() / self.steps
    }

    /// For every output of the decoder, its position where outputs are step by step.
    ///
    /// # Errors
    /// [`Error::Conflict`] if steps have different likelihoods.
    pub fn parameter_order(&self, likelihood: &[LikelihoodBlock]) -> Result<Vec<usize>> {
        let mut step_of = vec![0; self.order.len()];
        self.order.iter().enumerate().for_each(|(k, &column)| step_of[column] = k / self.features());
        let mut by_step = vec![vec![]; self.steps];
        let mut first = 0;
        for block in likelihood {
            let parameters = block.parameters();
            for k in 0..parameters {
                by_step[step_of[block.start + k % block.width]].push(first + k);
            }
            first += parameters;
        }
        if by_step.windows(2).any(|pair| pair[0].len() != pair[1].len()) {
            let reason = "a network over the steps of windows needs the same likelihood at every step";
            return Err(Error::conflict("network", "these likelihoods", reason));
        }
        let mut order = vec![0; first];
        by_step.concat().into_iter().enumerate().for_each(|(position, output)| order[output] = position);
        Ok(order)
    }
}

/// The columns of a table of numbers that are no lags; `None` for others.
pub(super) fn numbers_in_order(block: &Block) -> Option<usize> {
    let is_lag = block.names.iter().any(|name| lag(name).1 > 0);
    let is_number = matches!(block.kind, BlockKind::Numeric | BlockKind::Count);
    (is_number && block.width > 1 && !is_lag).then_some(block.width)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distribution::{Family, Variance};

    fn block(kind: BlockKind, start: usize, width: usize, names: &[&str]) -> Block {
        let names: Vec<String> = names.iter().map(|name| name.to_string()).collect();
        Block { kind, start, width, image: None, features: (0..names.len()).collect(), names }
    }

    /// Two columns of numbers and one of three categories, in windows of two rows.
    #[test]
    fn numbers_are_in_the_order_of_steps() {
        let blocks = [
            block(BlockKind::Numeric, 0, 4, &["a[-1]", "a", "b[-1]", "b"]),
            block(BlockKind::Categorical, 4, 3, &["c[-1]"]),
            block(BlockKind::Categorical, 7, 3, &["c"]),
        ];
        let sequence = Sequence::of(&blocks).unwrap();
        assert_eq!((sequence.steps, sequence.features()), (2, 5));
        assert_eq!(sequence.order, [0, 2, 4, 5, 6, 1, 3, 7, 8, 9]);
        let likelihood = [
            LikelihoodBlock::gaussian(Variance::Decoder, 0..4),
            LikelihoodBlock::new(Family::Ordinal, 4..7),
            LikelihoodBlock::new(Family::Ordinal, 7..10),
        ];
        // Step by step: μ and log σ² of a and b, and the ordinal score.
        assert_eq!(sequence.parameter_order(&likelihood).unwrap(), [0, 5, 1, 6, 2, 7, 3, 8, 4, 9]);
        let uneven =
            [LikelihoodBlock::new(Family::Ordinal, 4..7), LikelihoodBlock::new(Family::Gaussian, 7..10)];
        assert!(sequence.parameter_order(&uneven).is_err());
        assert_eq!(Sequence::of(&blocks[2..]), None);
        assert_eq!(Sequence::of(&[block(BlockKind::Numeric, 0, 3, &["a[-1]", "a", "b"])]), None);
        let order = |blocks: &[Block]| Sequence::in_order(blocks).map(|sequence| sequence.steps);
        let table = block(BlockKind::Numeric, 0, 3, &["t1", "t2", "t3"]);
        assert_eq!(order(std::slice::from_ref(&table)), Some(3));
        assert_eq!(order(&[table, blocks[1].clone()]), None);
        assert_eq!(order(&[block(BlockKind::Numeric, 0, 3, &["a[-1]", "a", "b"])]), None);
        assert_eq!(order(&[block(BlockKind::Categorical, 0, 3, &["c"])]), None);
        let picture = Block { image: Some((4, 2, 3)), ..block(BlockKind::Pixels, 0, 24, &["image"]) };
        let rows = Sequence::in_order(&[picture]).unwrap();
        assert_eq!((rows.steps, rows.features()), (4, 6));
        for name in ["a[-99999999999]", "a[-18446744073709551615]"] {
            assert_eq!(Sequence::of(&[block(BlockKind::Numeric, 0, 2, &[name, "a"])]), None);
        }
    }
}
