//! How customers see the MSP: its name, logo, colour and where to reach it. What is left empty is as the settings file says.

mod input;
mod logo;
mod store;

use uuid::Uuid;

use super::audit::Entry;
use super::op::Op;

pub use input::BrandInput;
pub use logo::{LOGO_BYTES, LOGO_PIXELS, Logo, LogoError};

/// What the MSP entered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brand {
    /// Empty: `msp.name` of the settings.
    pub display_name: String,
    /// Empty: `msp.legal_name` of the settings.
    pub legal_name: String,
    /// A line for customers, e.g. a telephone number.
    pub contact: String,
    /// `#rrggbb`; empty: the product's.
    pub accent: String,
    /// Names the logo in its address, another one after each change.
    pub logo: Option<Uuid>,
}

impl Brand {
    /// The name, or what the settings say.
    pub fn name<'a>(&'a self, settings: &'a str) -> &'a str {
        or(&self.display_name, settings)
    }

    /// The legal name, or what the settings say.
    pub fn legal<'a>(&'a self, settings: &'a str) -> &'a str {
        or(&self.legal_name, settings)
    }
}

fn or<'a>(own: &'a str, settings: &'a str) -> &'a str {
    if own.is_empty() { settings } else { own }
}

/// As it is now.
pub async fn read(op: &mut Op) -> Result<Brand, sqlx::Error> {
    store::read(op).await
}

/// The logo with this name, as PNG.
pub async fn logo(op: &mut Op, id: Uuid) -> Result<Option<Vec<u8>>, sqlx::Error> {
    store::logo(op, id).await
}

/// Change everything but the logo.
pub async fn change(op: &mut Op, brand: &Brand) -> Result<(), sqlx::Error> {
    store::change(op, brand).await?;
    Entry::new("branding.changed")
        .detail("display_name", brand.display_name.as_str())
        .write(op)
        .await
}

/// Show this logo from now on.
pub async fn set_logo(op: &mut Op, logo: &Logo) -> Result<(), sqlx::Error> {
    store::set_logo(op, Some((logo.png(), crate::clock::random_uuid()))).await?;
    Entry::new("branding.logo_changed").write(op).await
}

/// Show none.
pub async fn remove_logo(op: &mut Op) -> Result<(), sqlx::Error> {
    store::set_logo(op, None).await?;
    Entry::new("branding.logo_removed").write(op).await
}
