//! What was typed on the page "Branding".

use super::Brand;
use crate::domain::tenant::{FieldError, is_deceptive};

/// The fields as typed.
#[derive(Clone, Debug, Default)]
pub struct BrandInput {
    pub display_name: String,
    pub legal_name: String,
    pub contact: String,
    pub accent: String,
}

/// WCAG 2.2, 1.4.3: text on a background.
const LEAST_CONTRAST: f64 = 4.5;

impl BrandInput {
    /// Everything read, or everything that is wrong.
    pub fn parse(&self) -> Result<Brand, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut one_line = |field: &'static str, typed: &str, most: usize| {
            let text = typed.trim().to_owned();
            if text.chars().count() > most {
                let message = format!("Shorten it to {most} characters.");
                errors.push(FieldError::new(field, message));
            } else if text.chars().any(is_deceptive) {
                let message = "Remove the characters that nobody can see.";
                errors.push(FieldError::new(field, message));
            }
            text
        };
        let display_name = one_line("display_name", &self.display_name, 80);
        let legal_name = one_line("legal_name", &self.legal_name, 120);
        let contact = one_line("contact", &self.contact, 200);
        let accent = self.accent.trim().to_lowercase();
        if let Err(message) = check_accent(&accent) {
            errors.push(FieldError::new("accent", message));
        }
        if errors.is_empty() {
            Ok(Brand {
                display_name,
                legal_name,
                contact,
                accent,
                logo: None,
            })
        } else {
            Err(errors)
        }
    }
}

fn check_accent(accent: &str) -> Result<(), String> {
    if accent.is_empty() {
        return Ok(());
    }
    let Some(colour) = rgb(accent) else {
        return Err("Enter a colour like #0f5fa8, or leave it empty.".to_owned());
    };
    let contrast = 1.05 / (luminance(colour) + 0.05);
    if contrast < LEAST_CONTRAST {
        return Err(format!(
            "White letters cannot be read on it (contrast {contrast:.1}, needed {LEAST_CONTRAST}). Choose a darker colour."
        ));
    }
    Ok(())
}

fn rgb(text: &str) -> Option<[u8; 3]> {
    let digits = text.strip_prefix('#')?;
    if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let number = u32::from_str_radix(digits, 16).ok()?;
    let [_, red, green, blue] = number.to_be_bytes();
    Some([red, green, blue])
}

/// Relative luminance (WCAG 2.2).
fn luminance(colour: [u8; 3]) -> f64 {
    let [red, green, blue] = colour.map(|part| {
        let part = f64::from(part) / 255.0;
        if part <= 0.040_45 {
            part / 12.92
        } else {
            ((part + 0.055) / 1.055).powf(2.4)
        }
    });
    0.0722f64.mul_add(blue, 0.2126f64.mul_add(red, 0.7152 * green))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_must_bear_white_letters() {
        for right in ["", "#0f5fa8", "#000000", "#b00020"] {
            assert_eq!(check_accent(right), Ok(()), "{right}");
        }
        for wrong in [
            "#ffffff",
            "#ffcc00",
            "red",
            "#12345",
            "#12345g",
            "#0f5fa8;}",
        ] {
            assert!(check_accent(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_nobody_sees_is_refused_on_its_field() {
        let typed = BrandInput {
            display_name: "Nord\u{202e}wind".into(),
            legal_name: "x".repeat(121),
            ..BrandInput::default()
        };
        let fields: Vec<_> = typed
            .parse()
            .unwrap_err()
            .iter()
            .map(|one| one.field)
            .collect();
        assert_eq!(fields, ["display_name", "legal_name"]);
    }
}
