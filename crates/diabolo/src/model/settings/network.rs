//! What lies between the rows and the hidden layers: nothing, convolutions, or recurrent layers.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::sequence::numbers_in_order;
use super::{ConvolutionKind, Convolutions, Sequence};
use crate::data::Block;
use crate::nn::Image;
use crate::{Error, Result};

/// The first layers of the encoder, which the decoder mirrors; the hidden layers follow.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum NetworkConfig {
    /// None: hidden layers are fully connected to the row.
    #[default]
    Dense,
    /// Convolutions of stride 2, for rows that are one image, windows of a series, or numbers in an
    /// order.
    Convolution {
        /// Channels of each, from the image on.
        channels: Vec<usize>,
        /// Height and width of the windows.
        #[serde(default = "usual_kernel")]
        kernel: usize,
    },
    /// The same without any fully connected layer: the code is a map, too, with some channels at
    /// each position of the last convolution.
    FullyConvolutional {
        /// Channels of each, from the image on.
        channels: Vec<usize>,
        /// Height and width of the windows.
        #[serde(default = "usual_kernel")]
        kernel: usize,
    },
    /// Residual blocks of stride 2, for the same rows.
    Residual {
        /// Channels of each, from the image on.
        channels: Vec<usize>,
        /// Height and width of the windows.
        #[serde(default = "usual_kernel")]
        kernel: usize,
    },
    /// Residual blocks that keep all steps of a window, or of numbers in an order, each with twice
    /// the dilation of the one before.
    Dilated {
        /// Channels of all.
        channels: usize,
        /// Number of blocks.
        layers: usize,
        /// Taps of the windows.
        #[serde(default = "usual_kernel")]
        kernel: usize,
    },
    /// Gated recurrent units, for windows of a series, numbers in an order, or rows of pixels.
    Gru {
        /// Units of each layer, from the series on.
        units: Vec<usize>,
    },
    /// Units with long short-term memory, for the same rows.
    Lstm {
        /// Units of each layer, from the series on.
        units: Vec<usize>,
    },
}

fn usual_kernel() -> usize {
    3
}

/// The layers of an encoder between the row and the hidden layers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stem {
    /// Over an image, or a window.
    Convolution(Convolutions),
    /// Over the steps of a window.
    Recurrent(Recurrent),
}

impl Stem {
    /// The window that a row is, if it is one.
    pub fn sequence(&self) -> Option<&Sequence> {
        match self {
            Stem::Convolution(convolutions) => convolutions.sequence.as_ref(),
            Stem::Recurrent(recurrent) => Some(&recurrent.sequence),
        }
    }

    /// Width of the result.
    pub fn features(&self) -> usize {
        match self {
            Stem::Convolution(convolutions) => convolutions.feature_map().numbers(),
            Stem::Recurrent(recurrent) => recurrent.units[recurrent.units.len() - 1],
        }
    }

    /// Number of weights.
    pub(crate) fn weights(&self) -> usize {
        match self {
            Stem::Convolution(convolutions) => convolutions.weights(),
            Stem::Recurrent(recurrent) => {
                let of = |(inputs, units)| recurrent.layer_weights(inputs, units);
                recurrent.widths().map(of).fold(0, usize::saturating_add)
            }
        }
    }
}

/// The recurrent layers of an encoder over the steps of a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recurrent {
    /// The layout of the rows.
    pub sequence: Sequence,
    /// Units of each layer, from the series on; at least one.
    pub units: Vec<usize>,
    /// The kind of unit.
    pub cell: RecurrentCell,
}

/// A kind of recurrent unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecurrentCell {
    /// Gated recurrent.
    Gru,
    /// With long short-term memory.
    Lstm,
}

impl Recurrent {
    /// Weights of a layer, which a step multiplies once.
    pub(crate) fn layer_weights(&self, inputs: usize, units: usize) -> usize {
        let gates = match self.cell {
            RecurrentCell::Gru => 3,
            RecurrentCell::Lstm => 4,
        };
        units.saturating_mul(inputs + units).saturating_mul(gates)
    }

    /// Numbers of a step before and after each layer.
    pub(crate) fn widths(&self) -> impl Iterator<Item = (usize, usize)> {
        let before = [self.sequence.features()].into_iter().chain(self.units.iter().copied());
        before.zip(self.units.iter().copied())
    }
}

impl NetworkConfig {
    /// The network over rows of these `blocks`, if none is given: fully convolutional for colour
    /// pictures if it `may` be, else dense.
    ///
    /// Held-out pictures of the first 4,000 of CIFAR-10 take 5.82 bits per dimension by a fully
    /// convolutional variational model, and 6.86 by a dense one (bench/RESULTS.md).
    pub(crate) fn usual(blocks: &[Block], may: bool) -> Self {
        let is_large = |image: &Image| image.channels == 3 && image.height.min(image.width) >= LEAST_SIDE;
        match image_of(blocks).filter(is_large) {
            Some(image) if may => {
                let mut channels = USUAL_CHANNELS.to_vec();
                // The code should not grow with the picture.
                while image.height.max(image.width) >> channels.len() > LARGEST_CODE_SIDE {
                    channels.push(USUAL_CHANNELS[1]);
                }
                NetworkConfig::FullyConvolutional { channels, kernel: usual_kernel() }
            }
            _ => NetworkConfig::Dense,
        }
    }

    /// Whether the network is fully connected.
    pub fn is_dense(&self) -> bool {
        *self == NetworkConfig::Dense
    }

    /// The layers over rows of these `blocks`; `None` for dense networks.
    ///
    /// # Errors
    /// [`Error::Config`] for settings out of range, [`Error::Conflict`] for rows of another kind.
    pub(crate) fn stem(&self, blocks: &[Block]) -> Result<Option<Stem>> {
        match self {
            NetworkConfig::Dense => Ok(None),
            NetworkConfig::Convolution { channels, kernel } => {
                self.convolutions(blocks, channels.clone(), *kernel, ConvolutionKind::Plain).map(Some)
            }
            NetworkConfig::FullyConvolutional { channels, kernel } => {
                self.convolutions(blocks, channels.clone(), *kernel, ConvolutionKind::Plain).map(Some)
            }
            NetworkConfig::Residual { channels, kernel } => {
                self.convolutions(blocks, channels.clone(), *kernel, ConvolutionKind::Residual).map(Some)
            }
            NetworkConfig::Dilated { channels, layers, kernel } => {
                if !(1..=MOST_LAYERS).contains(layers) {
                    return Err(Error::config("network.layers", format!("1 to {MOST_LAYERS}"), layers));
                }
                if Sequence::of(blocks).is_none() && numbers_of(blocks).is_none() {
                    return Err(self.needs_sequence());
                }
                self.convolutions(blocks, vec![*channels; *layers], *kernel, ConvolutionKind::Dilated)
                    .map(Some)
            }
            NetworkConfig::Gru { units } => self.recurrent(blocks, units, RecurrentCell::Gru).map(Some),
            NetworkConfig::Lstm { units } => self.recurrent(blocks, units, RecurrentCell::Lstm).map(Some),
        }
    }

    /// Whether the decoder of a tied autoencoder can have the transposed layers.
    pub(crate) fn has_transpose(&self, over_windows: bool) -> bool {
        match self {
            NetworkConfig::Dense => true,
            NetworkConfig::Convolution { .. } => !over_windows,
            NetworkConfig::FullyConvolutional { .. }
            | NetworkConfig::Residual { .. }
            | NetworkConfig::Dilated { .. }
            | NetworkConfig::Gru { .. }
            | NetworkConfig::Lstm { .. } => false,
        }
    }

    fn recurrent(&self, blocks: &[Block], units: &[usize], cell: RecurrentCell) -> Result<Stem> {
        check_widths("network.units", "numbers of units", units)?;
        let sequence = Sequence::of(blocks).or_else(|| Sequence::in_order(blocks));
        let sequence = sequence.ok_or_else(|| self.needs_sequence())?;
        Ok(Stem::Recurrent(Recurrent { sequence, units: units.to_vec(), cell }))
    }

    /// Convolutions over rows that are one image, windows of a series, or numbers in an order.
    fn convolutions(
        &self,
        blocks: &[Block],
        channels: Vec<usize>,
        kernel: usize,
        kind: ConvolutionKind,
    ) -> Result<Stem> {
        check_widths("network.channels", "numbers of channels", &channels)?;
        if !(1..=31).contains(&kernel) {
            return Err(Error::config("network.kernel", "1 to 31", kernel));
        }
        let sequence = Sequence::of(blocks);
        let of_window = |s: &Sequence| Image { height: s.steps, width: 1, channels: s.features() };
        let others = || image_of(blocks).or_else(|| numbers_of(blocks));
        let image = sequence.as_ref().map(of_window).or_else(others).ok_or_else(|| {
            let reason = "convolutions need rows that are one image each, without other columns, \
                          windows of a series, or numbers of one kind alone, whose columns are in order";
            self.conflict(reason)
        })?;
        let code_is_map = matches!(self, NetworkConfig::FullyConvolutional { .. });
        Ok(Stem::Convolution(Convolutions { image, sequence, channels, kernel, kind, code_is_map }))
    }

    fn needs_sequence(&self) -> Error {
        let reason = "such layers need windows of a series, or rows of numbers of one kind alone, whose \
                      columns are in order";
        self.conflict(reason)
    }

    fn conflict(&self, reason: &str) -> Error {
        let name = match self {
            NetworkConfig::Dense => "dense",
            NetworkConfig::Convolution { .. } => "convolution",
            NetworkConfig::FullyConvolutional { .. } => "fully_convolutional",
            NetworkConfig::Residual { .. } => "residual",
            NetworkConfig::Dilated { .. } => "dilated",
            NetworkConfig::Gru { .. } => "gru",
            NetworkConfig::Lstm { .. } => "lstm",
        };
        Error::conflict(format!("network = {name}"), "these columns", reason)
    }
}

const MOST_LAYERS: usize = 10;
/// Height and width from which colour pictures have convolutions by default.
const LEAST_SIDE: usize = 24;
/// Channels of those; further ones have as many as the last.
const USUAL_CHANNELS: [usize; 2] = [32, 64];
/// The largest height and width of a code by default.
const LARGEST_CODE_SIDE: usize = 16;

fn check_widths(key: &str, what: &str, widths: &[usize]) -> Result<()> {
    if (1..=MOST_LAYERS).contains(&widths.len()) && widths.iter().all(|w| (1..=4096).contains(w)) {
        return Ok(());
    }
    Err(Error::config(key, format!("1 to {MOST_LAYERS} {what}, each from 1 to 4096"), format!("{widths:?}")))
}

/// The layout of rows that are one image.
fn image_of(blocks: &[Block]) -> Option<Image> {
    let [Block { image: Some((height, width, channels)), .. }] = *blocks else { return None };
    Some(Image { height, width, channels })
}

/// The layout of rows of numbers alone: an image of one column.
fn numbers_of(blocks: &[Block]) -> Option<Image> {
    let [numbers] = blocks else { return None };
    numbers_in_order(numbers).map(|height| Image { height, width: 1, channels: 1 })
}

impl FromStr for NetworkConfig {
    type Err = Error;

    /// Parses `dense`, `convolution:CHANNELS` such as `convolution:32,64`,
    /// `fully_convolutional:CHANNELS` or `residual:CHANNELS`, all with `:KERNEL`,
    /// `dilated:CHANNELSxLAYERS`, `gru:UNITS` or `lstm:UNITS`.
    fn from_str(text: &str) -> Result<Self> {
        let wrong = || {
            let expected = "dense, dense:WIDTHS such as dense:512,256, convolution:CHANNELS such as \
                            convolution:32,64, convolution:CHANNELS:KERNEL, \
                            fully_convolutional:CHANNELS, residual:CHANNELS, \
                            dilated:CHANNELSxLAYERS such as dilated:64x6, gru:UNITS such as gru:64, or \
                            lstm:UNITS";
            Error::invalid_value("network", expected, format!("'{text}'"))
        };
        let number = |text: &str| text.trim().parse().map_err(|_| wrong());
        let numbers = |text: &str| text.split(',').map(number).collect::<Result<Vec<usize>>>();
        let Some((kind, sizes)) = text.split_once(':') else {
            return if text == "dense" { Ok(NetworkConfig::Dense) } else { Err(wrong()) };
        };
        let (channels, kernel) = match sizes.split_once(':') {
            Some((channels, kernel)) => (channels, number(kernel)?),
            None => (sizes, usual_kernel()),
        };
        match kind {
            "convolution" => Ok(NetworkConfig::Convolution { channels: numbers(channels)?, kernel }),
            "fully_convolutional" => {
                Ok(NetworkConfig::FullyConvolutional { channels: numbers(channels)?, kernel })
            }
            "residual" => Ok(NetworkConfig::Residual { channels: numbers(channels)?, kernel }),
            "dilated" => {
                let (channels, layers) = channels.split_once('x').ok_or_else(wrong)?;
                Ok(NetworkConfig::Dilated { channels: number(channels)?, layers: number(layers)?, kernel })
            }
            "gru" => Ok(NetworkConfig::Gru { units: numbers(sizes)? }),
            "lstm" => Ok(NetworkConfig::Lstm { units: numbers(sizes)? }),
            _ => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::BlockKind;

    fn image_blocks(shape: (usize, usize, usize)) -> [Block; 1] {
        let (kind, width) = (BlockKind::Pixels, shape.0 * shape.1 * shape.2);
        [Block { kind, start: 0, width, image: Some(shape), features: vec![0], names: vec!["image".into()] }]
    }

    #[test]
    fn each_layer_halves_the_picture() {
        let blocks = image_blocks((28, 21, 3));
        let network: NetworkConfig = "convolution:32,64,8".parse().unwrap();
        let Some(Stem::Convolution(convolutions)) = network.stem(&blocks).unwrap() else { unreachable!() };
        let sizes: Vec<[usize; 3]> =
            convolutions.images().iter().map(|i| [i.height, i.width, i.channels]).collect();
        assert_eq!(sizes, [[28, 21, 3], [14, 11, 32], [7, 6, 64], [4, 3, 8]]);
        let wide: NetworkConfig = "convolution:8:5".parse().unwrap();
        assert_eq!(wide, NetworkConfig::Convolution { channels: vec![8], kernel: 5 });
        assert_eq!(convolutions.weights(), 32 * 27 + 64 * 288 + 8 * 576);
        let other = [Block { image: None, kind: BlockKind::Binary, ..blocks[0].clone() }];
        assert!(network.stem(&other).is_err());
        for bad in
            ["convolution", "convolution:", "convolution:3:x", "convolution:3,x", "cnn:3", "gru:", "gru"]
        {
            assert!(bad.parse::<NetworkConfig>().is_err(), "{bad}");
        }
    }

    /// Windows of three steps of two columns.
    #[test]
    fn windows_have_recurrent_layers_and_convolutions() {
        let names = ["a[-2]", "a[-1]", "a", "b[-2]", "b[-1]", "b"].map(String::from).to_vec();
        let features = (0..6).collect();
        let blocks = [Block { kind: BlockKind::Numeric, start: 0, width: 6, image: None, features, names }];
        let stem = |text: &str| text.parse::<NetworkConfig>().unwrap().stem(&blocks).unwrap().unwrap();
        let recurrent = stem("gru:5,4");
        assert_eq!((recurrent.features(), recurrent.weights()), (4, 3 * 5 * 7 + 3 * 4 * 9));
        let convolution = stem("convolution:8");
        assert_eq!((convolution.features(), convolution.weights()), (16, 8 * 3 * 2));
        assert_eq!(convolution.sequence().unwrap().order, [0, 3, 1, 4, 2, 5]);
        assert!("gru:0".parse::<NetworkConfig>().unwrap().stem(&blocks).is_err());
        // Images row by row; dilated layers have one axis.
        let picture = image_blocks((4, 3, 2));
        let rows = "gru:5".parse::<NetworkConfig>().unwrap().stem(&picture).unwrap().unwrap();
        assert_eq!(rows.sequence().map(|sequence| (sequence.steps, sequence.features())), Some((4, 6)));
        assert!("dilated:5x2".parse::<NetworkConfig>().unwrap().stem(&picture).is_err());
        // A table of numbers is one long column of pixels.
        let names = ["t1", "t2", "t3", "t4", "t5"].map(String::from).to_vec();
        let table = [Block { names, width: 5, ..blocks[0].clone() }];
        let of_table = |text: &str| text.parse::<NetworkConfig>().unwrap().stem(&table).unwrap().unwrap();
        assert_eq!(of_table("lstm:2").sequence().map(|sequence| sequence.steps), Some(5));
        assert_eq!(of_table("convolution:8").features(), 3 * 8);
        assert_eq!(of_table("dilated:8x2").features(), 5 * 8);
    }
}
