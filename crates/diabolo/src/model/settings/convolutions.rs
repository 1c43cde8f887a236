//! Convolutions of an encoder, which the decoder mirrors.

use super::Sequence;
use crate::nn::{Image, Residual, Window};
use crate::{Error, Result};

/// Pixels from one position of a window to the next.
const STRIDE: usize = 2;
/// Channels of a code that is a map.
const CODE_CHANNELS: usize = 8;

/// The convolutions of an encoder over images, or over windows: images of one column of pixels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Convolutions {
    /// The layout of the rows.
    pub image: Image,
    /// That of rows which are windows.
    pub sequence: Option<Sequence>,
    /// Channels of each, from the image on.
    pub channels: Vec<usize>,
    /// Height and width of the windows.
    pub kernel: usize,
    /// What each is.
    pub kind: ConvolutionKind,
    /// Whether the code is a map, too.
    pub code_is_map: bool,
}

/// A kind of convolutional layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConvolutionKind {
    /// A convolution of stride 2.
    Plain,
    /// A residual block of stride 2.
    Residual,
    /// A residual block of stride 1, whose window has 1, 2, 4, … steps between its taps.
    Dilated,
}

impl Convolutions {
    /// The window of each layer, from the image on.
    pub fn windows(&self) -> Vec<Window> {
        let mut image = self.image;
        let mut dilation = 1;
        let mut next = |&channels: &usize| {
            let window = match self.kind {
                ConvolutionKind::Plain | ConvolutionKind::Residual => image.window(self.kernel, STRIDE),
                ConvolutionKind::Dilated => image.dilated_window(self.kernel, dilation),
            };
            dilation *= 2;
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

    /// The usual size of a code that is a map.
    pub(crate) fn usual_code(&self) -> usize {
        CODE_CHANNELS * self.positions()
    }

    fn positions(&self) -> usize {
        let map = self.feature_map();
        map.height * map.width
    }

    /// Checks the size of a code that is a map, that there are no hidden layers before it, and that
    /// rows that are no windows have one likelihood, whose outputs are those of each place.
    pub(crate) fn validate(&self, latent_dim: usize, hidden: &[usize], likelihoods: usize) -> Result<()> {
        if self.sequence.is_none() && likelihoods > 1 {
            let reason = "convolutions over the columns of a table need one likelihood for all";
            return Err(Error::conflict("network", "these likelihoods", reason));
        }
        let (map, positions) = (self.feature_map(), self.positions());
        if self.code_is_map && !latent_dim.is_multiple_of(positions) {
            let expected = format!(
                "a multiple of {positions}, the positions of a code of {} × {}",
                map.height, map.width
            );
            return Err(Error::config("latent_dim", expected, latent_dim));
        }
        if self.code_is_map && !hidden.is_empty() {
            let reason = "a fully convolutional network has no hidden layers";
            return Err(Error::conflict("hidden", "network = fully_convolutional", reason));
        }
        Ok(())
    }

    /// The layout of a code of this size that is a map; `None` if it is none.
    pub fn code_map(&self, latent_dim: usize) -> Option<Image> {
        self.code_is_map.then_some(Image { channels: latent_dim / self.positions(), ..self.feature_map() })
    }

    /// The layout of the last result, the feature map.
    pub fn feature_map(&self) -> Image {
        self.images().last().copied().unwrap_or(self.image)
    }

    /// Number of weights.
    pub(crate) fn weights(&self) -> usize {
        let of = |(window, &channels)| self.layer_weights(window, channels);
        self.windows().into_iter().zip(&self.channels).map(of).fold(0, usize::saturating_add)
    }

    /// Weights of a layer from images of `window` to `channels`, which a position multiplies once.
    pub(crate) fn layer_weights(&self, window: Window, channels: usize) -> usize {
        match self.kind {
            ConvolutionKind::Plain => channels.saturating_mul(window.patch()),
            ConvolutionKind::Residual | ConvolutionKind::Dilated => Residual::weights(window, channels),
        }
    }
}
