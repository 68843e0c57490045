//! The only page that ever shows recovery codes, and the one that makes new ones when it was lost.

use askama::Template;
use askama_web::WebTemplate;

use crate::app::App;
use crate::domain::technician::Technician;
use crate::domain::technician::factor::RecoveryCode;
use crate::web::kit::headers::Nonce;
use crate::web::kit::when;

#[derive(Template, WebTemplate)]
#[template(path = "login/codes.html")]
pub struct CodesPage {
    nonce: String,
    msp_name: String,
    codes: Vec<String>,
    /// The same as a file.
    file: String,
    /// Where "I have saved these codes" goes.
    done: &'static str,
}

/// Shown when the codes were made and the page was lost.
#[derive(Template, WebTemplate)]
#[template(path = "login/make_codes.html")]
pub(super) struct MakeCodesPage {
    nonce: String,
    msp_name: String,
}

impl CodesPage {
    pub fn new(
        app: &App,
        nonce: &Nonce,
        technician: &Technician,
        codes: &[RecoveryCode],
        done: &'static str,
    ) -> Self {
        let codes: Vec<String> = codes.iter().map(|code| code.expose().to_owned()).collect();
        let text = format!(
            "Recovery codes of {} for {}\nMade {}. Each works once.\n\n{}\n",
            technician.email,
            app.site.base_url,
            when::exact(app.clock.now()),
            codes.join("\n"),
        );
        let encoded: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
        Self {
            nonce: nonce.as_str().to_owned(),
            msp_name: app.site.msp_name.clone(),
            codes,
            file: format!(
                "data:text/plain;charset=utf-8,{}",
                encoded.replace('+', "%20")
            ),
            done,
        }
    }
}

impl MakeCodesPage {
    pub fn new(app: &App, nonce: &Nonce) -> Self {
        Self {
            nonce: nonce.as_str().to_owned(),
            msp_name: app.site.msp_name.clone(),
        }
    }
}
