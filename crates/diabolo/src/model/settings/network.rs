//! What lies between the rows and the hidden layers: nothing, or a stack of convolutions.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::nn::{Image, Window};
use crate::{Error, Result};

/// The first layers of the encoder, which the decoder mirrors; the hidden layers follow.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum NetworkConfig {
    /// None: hidden layers are fully connected to the row.
    #[default]
    Dense,
    /// Convolutions of stride 2, for rows that are one image.
    Convolution {
        /// Channels of each, from the image on.
        channels: Vec<usize>,
        /// Height and width of the windows.
        #[serde(default = "usual_kernel")]
        kernel: usize,
    },
}

fn usual_kernel() -> usize {
    3
}

/// Pixels from one position of a window to the next.
const STRIDE: usize = 2;

/// The convolutions of an encoder over images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Convolutions {
    /// The layout of the rows.
    pub image: Image,
    /// Channels of each, from the image on.
    pub channels: Vec<usize>,
    /// Height and width of the windows.
    pub kernel: usize,
}

impl NetworkConfig {
    /// Whether the network is fully connected.
    pub fn is_dense(&self) -> bool {
        *self == NetworkConfig::Dense
    }

    /// The convolutions over rows that are an `image`; `None` for dense networks.
    ///
    /// # Errors
    /// [`Error::Config`] for settings out of range, [`Error::Conflict`] for rows of another kind.
    pub(crate) fn convolutions(&self, image: Option<Image>) -> Result<Option<Convolutions>> {
        const MOST_LAYERS: usize = 10;
        let NetworkConfig::Convolution { channels, kernel } = self else { return Ok(None) };
        if !(1..=MOST_LAYERS).contains(&channels.len()) || channels.iter().any(|c| !(1..=4096).contains(c)) {
            let expected = format!("1 to {MOST_LAYERS} numbers of channels, each from 1 to 4096");
            return Err(Error::config("network.channels", expected, format!("{channels:?}")));
        }
        if !(1..=31).contains(kernel) {
            return Err(Error::config("network.kernel", "1 to 31", kernel));
        }
        let image = image.ok_or_else(|| {
            let reason = "convolutions need rows that are one image each, without other columns";
            Error::conflict("network = convolution", "these columns", reason)
        })?;
        Ok(Some(Convolutions { image, channels: channels.clone(), kernel: *kernel }))
    }
}

impl FromStr for NetworkConfig {
    type Err = Error;

    /// Parses `dense`, `convolution:CHANNELS` such as `convolution:32,64`, or
    /// `convolution:CHANNELS:KERNEL`.
    fn from_str(text: &str) -> Result<Self> {
        let wrong = || {
            let expected = "dense, dense:WIDTHS such as dense:512,256, or convolution:CHANNELS such as \
                            convolution:32,64, or convolution:CHANNELS:KERNEL";
            Error::invalid_value("network", expected, format!("'{text}'"))
        };
        match text.split_once(':') {
            None if text == "dense" => Ok(NetworkConfig::Dense),
            Some(("convolution", sizes)) => {
                let number = |text: &str| text.trim().parse().map_err(|_| wrong());
                let (channels, kernel) = match sizes.split_once(':') {
                    Some((channels, kernel)) => (channels, number(kernel)?),
                    None => (sizes, usual_kernel()),
                };
                let channels = channels.split(',').map(number).collect::<Result<_>>()?;
                Ok(NetworkConfig::Convolution { channels, kernel })
            }
            _ => Err(wrong()),
        }
    }
}

impl Convolutions {
    /// The window of each layer, from the image on.
    pub fn windows(&self) -> Vec<Window> {
        let mut image = self.image;
        let mut next = |&channels: &usize| {
            let window = image.window(self.kernel, STRIDE);
            image = Image { height: window.rows.positions(), width: window.columns.positions(), channels };
            window
        };
        self.channels.iter().map(&mut next).collect()
    }

    /// The result of each layer, the image first.
    pub fn images(&self) -> Vec<Image> {
        let of = |(window, &channels): (Window, &usize)| Image {
            height: window.rows.positions(),
            width: window.columns.positions(),
            channels,
        };
        let results = self.windows().into_iter().zip(&self.channels).map(of);
        [self.image].into_iter().chain(results).collect()
    }

    /// The layout of the last result, the feature map.
    pub fn feature_map(&self) -> Image {
        self.images().last().copied().unwrap_or(self.image)
    }

    /// Number of weights.
    pub(crate) fn weights(&self) -> usize {
        let of = |(window, &channels): (Window, &usize)| channels.saturating_mul(window.patch());
        self.windows().into_iter().zip(&self.channels).map(of).fold(0, usize::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_layer_halves_the_picture() {
        let image = Image { height: 28, width: 21, channels: 3 };
        let network: NetworkConfig = "convolution:32,64,8".parse().unwrap();
        let convolutions = network.convolutions(Some(image)).unwrap().unwrap();
        let sizes: Vec<[usize; 3]> =
            convolutions.images().iter().map(|i| [i.height, i.width, i.channels]).collect();
        assert_eq!(sizes, [[28, 21, 3], [14, 11, 32], [7, 6, 64], [4, 3, 8]]);
        let wide: NetworkConfig = "convolution:8:5".parse().unwrap();
        assert_eq!(wide, NetworkConfig::Convolution { channels: vec![8], kernel: 5 });
        assert_eq!(convolutions.weights(), 32 * 27 + 64 * 288 + 8 * 576);
        assert!(network.convolutions(None).is_err());
        for bad in ["convolution", "convolution:", "convolution:3:x", "convolution:3,x", "cnn:3", "dense:3"] {
            assert!(bad.parse::<NetworkConfig>().is_err(), "{bad}");
        }
    }
}
