//! A logo: decoded within limits and written anew as PNG, so that nothing of the file that was sent is served.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

/// Largest file.
pub const LOGO_BYTES: usize = 256 * 1024;
/// Longest side.
pub const LOGO_PIXELS: u32 = 1_024;

/// A logo that may be served.
#[derive(Debug)]
pub struct Logo(Vec<u8>);

/// Why a file is no logo; the sentence is for whoever sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogoError {
    #[error("Choose a file.")]
    Missing,
    #[error("The file is larger than 256 KiB. Choose a smaller one.")]
    TooLarge,
    #[error("Only PNG and JPEG files can be used.")]
    Kind,
    #[error("The picture is larger than 1024 × 1024 pixels. Make it smaller.")]
    Dimensions,
    #[error("The picture cannot be read. Save it again as PNG and try once more.")]
    Broken,
}

impl Logo {
    /// From the bytes of a file, whatever it is called.
    pub fn read(file: &[u8]) -> Result<Self, LogoError> {
        if file.is_empty() {
            return Err(LogoError::Missing);
        }
        if file.len() > LOGO_BYTES {
            return Err(LogoError::TooLarge);
        }
        let format = image::guess_format(file).map_err(|_| LogoError::Kind)?;
        if !matches!(format, ImageFormat::Png | ImageFormat::Jpeg) {
            return Err(LogoError::Kind);
        }
        let mut limits = Limits::default();
        limits.max_image_width = Some(LOGO_PIXELS);
        limits.max_image_height = Some(LOGO_PIXELS);
        limits.max_alloc = Some(64 * 1024 * 1024);
        let mut reader = ImageReader::with_format(Cursor::new(file), format);
        reader.limits(limits);
        let decoder = reader.into_decoder().map_err(|error| refusal(&error))?;
        let (width, height) = decoder.dimensions();
        if width > LOGO_PIXELS || height > LOGO_PIXELS {
            return Err(LogoError::Dimensions);
        }
        let picture = DynamicImage::from_decoder(decoder).map_err(|error| refusal(&error))?;
        let mut png = Vec::new();
        DynamicImage::ImageRgba8(picture.into_rgba8())
            .write_to(&mut Cursor::new(&mut png), ImageFormat::Png)
            .map_err(|_| LogoError::Broken)?;
        Ok(Self(png))
    }

    pub fn png(&self) -> &[u8] {
        &self.0
    }
}

fn refusal(error: &image::ImageError) -> LogoError {
    match error {
        image::ImageError::Limits(_) => LogoError::Dimensions,
        _ => LogoError::Broken,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let mut out = Vec::new();
        DynamicImage::new_rgb8(width, height)
            .write_to(&mut Cursor::new(&mut out), format)
            .unwrap();
        out
    }

    #[test]
    fn a_picture_comes_out_as_a_new_png_without_what_was_hung_on() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg] {
            let mut file = picture(40, 20, format);
            file.extend_from_slice(b"<script>alert(1)</script>PK\x03\x04");
            let logo = Logo::read(&file).unwrap();
            assert!(logo.png().starts_with(b"\x89PNG"));
            assert!(!logo.png().windows(8).any(|part| part == b"<script>"));
        }
    }

    #[test]
    fn what_is_no_picture_or_too_large_is_refused() {
        let read = |file: &[u8]| Logo::read(file).map(|_| ()).unwrap_err();
        assert_eq!(read(b""), LogoError::Missing);
        assert_eq!(
            read(b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
            LogoError::Kind
        );
        assert_eq!(read(b"GIF89a\x01\x00\x01\x00"), LogoError::Kind);
        assert_eq!(read(&vec![0; LOGO_BYTES + 1]), LogoError::TooLarge);
        assert_eq!(
            read(&picture(1_025, 1, ImageFormat::Png)),
            LogoError::Dimensions
        );
        // A bomb: few bytes, many pixels.
        assert_eq!(
            read(&picture(8_000, 1_000, ImageFormat::Png)),
            LogoError::Dimensions
        );
        let whole = picture(64, 64, ImageFormat::Png);
        assert_eq!(read(&whole[..whole.len() / 2]), LogoError::Broken);
    }
}
