//! Pictures before noise, with it, and after it was removed.

use diabolo_stats::ImageQuality;

use crate::document::section;
use crate::number::number;
use crate::picture::tile_png;

/// Pictures before noise, with it, and after it was taken out; laid out as in
/// [`Pictures`](crate::Pictures).
#[derive(Debug, Clone, Default)]
pub struct DenoisedPictures {
    /// Rows of a picture.
    pub height: usize,
    /// Columns of a picture.
    pub width: usize,
    /// 1 for grey, 3 for colour.
    pub channels: usize,
    /// The clean, the noisy and the denoised pictures.
    pub lines: [Vec<Vec<f32>>; 3],
    /// Of the noisy and of the denoised pictures.
    pub quality: Option<[ImageQuality; 2]>,
}

pub(crate) fn pictures(p: &DenoisedPictures) -> String {
    let line = |name: &str, pictures: &[Vec<f32>]| {
        let tiles: String =
            pictures.iter().map(|picture| tile_png(picture, (p.height, p.width, p.channels), name)).collect();
        format!("<span class=\"row-name\">{name}</span><div class=\"row\">{tiles}</div>")
    };
    let [clean, noisy, denoised] = &p.lines;
    if clean.is_empty() {
        return String::new();
    }
    let strip = line("clean", clean) + &line("noisy", noisy) + &line("denoised", denoised);
    let quality = p.quality.map(|[noisy, denoised]| {
        let figures = |q: ImageQuality| {
            format!("PSNR {} dB, SSIM {}", number((10.0 * q.psnr).round() / 10.0), number(q.ssim))
        };
        format!(
            "Peak signal-to-noise ratio (PSNR) and structural similarity (SSIM) to the clean pictures: noisy {}; \
             denoised {}.",
            figures(noisy),
            figures(denoised)
        )
    });
    let help = format!(
        "Held-out pictures with noise of the kind used in training, and their denoised versions.{}",
        quality.unwrap_or_default()
    );
    section("Denoising", &help, &format!("<figure class=\"strip wide\">{strip}</figure>"))
}
