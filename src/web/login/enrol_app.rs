//! The page that sets up an authenticator app, at the login and from the profile: a QR code, the seed to type, the first code.

use std::fmt::Write;

use askama::Template;
use askama_web::WebTemplate;
use qrcode::{Color, EcLevel, QrCode};

use crate::app::App;
use crate::domain::technician::Technician;
use crate::domain::technician::factor::{AppError, Prover, Setup, begin_app, setup_of};
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::Field;
use crate::web::kit::headers::Nonce;

#[derive(Template, WebTemplate)]
#[template(path = "login/enrol_app.html")]
pub struct AppPage {
    nonce: String,
    msp_name: String,
    setup: SetupView,
    code: Field,
}

/// A setup as it is shown.
pub struct SetupView {
    /// Groups of four characters.
    pub typed: String,
    /// For phones that open the link themselves.
    pub address: String,
    /// Modules of the QR code along one side, with the quiet zone.
    pub qr_side: usize,
    /// Its dark modules as the path of a picture.
    pub qr_path: String,
}

impl AppPage {
    pub fn new(nonce: &Nonce, app: &App, setup: SetupView, problem: Option<&str>) -> Self {
        Self {
            nonce: nonce.as_str().to_owned(),
            msp_name: app.site.msp_name.clone(),
            setup,
            code: Field::default().with_error(problem.map(str::to_owned)),
        }
    }
}

/// Have a seed made and store it; a former one that was never finished is forgotten.
pub async fn make_setup(by: &Prover<'_>, technician: &Technician) -> WebResult<Setup> {
    let (setup, ciphertext) = Setup::make(by.keeper, technician.id)
        .await
        .map_err(of_keeper)?;
    let mut op = by.begin(technician).await?;
    begin_app(&mut op, technician.id, (setup.factor_id, ciphertext)).await?;
    op.commit().await?;
    Ok(setup)
}

/// What was begun and not finished, ready to be shown.
pub async fn present_setup(
    by: &Prover<'_>,
    technician: &Technician,
    msp_name: &str,
) -> WebResult<Option<SetupView>> {
    let op = by.begin(technician).await?;
    let setup = setup_of(op, by.keeper, technician).await;
    let setup = setup.map_err(of_keeper)?;
    Ok(setup.map(|setup| SetupView::of(&setup, msp_name, &technician.email)))
}

fn of_keeper(error: AppError) -> WebError {
    match error {
        AppError::Database(error) => error.into(),
        AppError::Keeper(_) | AppError::Refused(_) | AppError::Unexpected => WebError::Keeper,
    }
}

impl SetupView {
    fn of(setup: &Setup, msp_name: &str, account: &str) -> Self {
        let address = setup.address(msp_name, account);
        let (qr_side, qr_path) = picture(&address);
        Self {
            typed: setup.typed(),
            address,
            qr_side,
            qr_path,
        }
    }
}

/// Side and path of a QR code; empty for what is too long for one, which no address of ours is.
fn picture(text: &str) -> (usize, String) {
    /// Modules left white around it (ISO 18004 section 5.3.8).
    const QUIET: usize = 4;
    let Ok(code) = QrCode::with_error_correction_level(text, EcLevel::M) else {
        return (0, String::new());
    };
    let side = code.width();
    let mut path = String::new();
    for (at, color) in code.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            let (x, y) = (at % side + QUIET, at / side + QUIET);
            // Writing to a text cannot fail.
            let _ = write!(path, "M{x} {y}h1v1h-1z");
        }
    }
    (side + 2 * QUIET, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_address_still_has_its_picture() {
        let (side, path) = picture(&format!("otpauth://totp/{}", "x".repeat(400)));
        assert!(side > 60 && path.starts_with("M4 4h1"), "{side}");
        assert_eq!(picture(&"x".repeat(5000)), (0, String::new()));
    }
}
