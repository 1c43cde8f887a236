//! Where each feature lies in an encoded row.

use std::ops::Range;
use std::sync::OnceLock;

use super::scaling::Scaling;
use super::transform::Transform;
use crate::{Block, BlockKind, Feature, FeatureKind};

/// The blocks of an encoded row, and the columns of each feature.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub blocks: Vec<Block>,
    pub column_ranges: Vec<Range<usize>>,
}

/// A [`Layout`], computed when it is first needed: servers ask for it with every row. It follows
/// from the schema and the transforms, so all are equal here.
#[derive(Debug, Clone, Default)]
pub(super) struct CachedLayout(pub OnceLock<Layout>);

impl PartialEq for CachedLayout {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Layout {
    /// How many numbers an encoded row has.
    pub fn width(&self) -> usize {
        self.blocks.last().map_or(0, |block| block.start + block.width)
    }

    pub fn of(features: &[Feature], transforms: &[Transform]) -> Self {
        let blocks = blocks(features, transforms);
        let mut column_ranges = vec![0..0; features.len()];
        for block in &blocks {
            let each = block.width / block.features.len();
            for (position, &feature) in block.features.iter().enumerate() {
                let start = block.start + position * each;
                column_ranges[feature] = start..start + each;
            }
        }
        Layout { blocks, column_ranges }
    }
}

fn blocks(features: &[Feature], transforms: &[Transform]) -> Vec<Block> {
    use BlockKind::{Binary, Categorical, Count, Datetime, Numeric, Ordinal, Pixels};
    let mut blocks: Vec<Block> = vec![];
    for kind in [Pixels, Numeric, Count, Datetime, Binary, Categorical, Ordinal] {
        for (index, (feature, transform)) in features.iter().zip(transforms).enumerate() {
            if block_kind(&feature.kind, transform) != kind {
                continue;
            }
            let width = transform.width(&feature.kind);
            let shared = matches!(kind, Numeric | Count | Binary);
            match blocks.last_mut().filter(|last| shared && last.kind == kind) {
                Some(block) => {
                    block.width += width;
                    block.features.push(index);
                }
                None => {
                    let start = blocks.last().map_or(0, |last| last.start + last.width);
                    let image = match feature.kind {
                        FeatureKind::Image { height, width, channels } => Some((height, width, channels)),
                        _ => None,
                    };
                    blocks.push(Block { kind, start, width, image, features: vec![index], names: vec![] });
                }
            }
        }
    }
    for block in &mut blocks {
        block.names = block.features.iter().map(|&f| features[f].name.clone()).collect();
    }
    blocks
}

fn block_kind(kind: &FeatureKind, transform: &Transform) -> BlockKind {
    match kind {
        FeatureKind::Image { .. } => BlockKind::Pixels,
        FeatureKind::Count if matches!(transform, Transform::Number { scaling: Scaling::Log1p, .. }) => {
            BlockKind::Count
        }
        FeatureKind::Numeric | FeatureKind::Count => BlockKind::Numeric,
        FeatureKind::Datetime { .. } => BlockKind::Datetime,
        FeatureKind::Binary { .. } => BlockKind::Binary,
        FeatureKind::Categorical { .. } => BlockKind::Categorical,
        FeatureKind::Ordinal { .. } => BlockKind::Ordinal,
    }
}
