//! How a page for customers looks and speaks: the language, the MSP's name and colour. The language is the one picked on the
//! page, else the tenant's, else the browser's, else the installation's.

use axum::http::header::{ACCEPT_LANGUAGE, HeaderMap, SET_COOKIE};
use axum::http::{HeaderValue, Method, Uri};
use axum::response::Response;
use axum_extra::extract::cookie::CookieJar;

use super::cookies;
use super::holder::Visitor;
use crate::app::App;
use crate::domain::branding;
use crate::domain::customer_mail;
use crate::domain::op::{Op, Scope};
use crate::language::{Language, Onboarding};
use crate::storage::TenantId;
use crate::web::kit::paths;

/// What every page for customers has.
#[derive(Clone, Debug)]
pub struct Face {
    pub language: Language,
    pub words: &'static Onboarding,
    pub msp_name: String,
    pub msp_legal_name: String,
    pub report_to: String,
    /// A line of the MSP's; empty: none.
    pub contact: String,
    /// Address of the MSP's logo.
    pub logo: Option<String>,
    /// Address of the style sheet with the MSP's colour.
    pub sheet: Option<String>,
    /// Where the page is asked for in another language; none: nowhere.
    here: Option<&'static str>,
}

impl Face {
    /// For a page of this tenant, or of nobody known. The unit of work must have entered the tenant.
    pub async fn read(
        app: &App,
        op: &mut Op,
        visitor: &Visitor,
        tenant: Option<TenantId>,
    ) -> Result<Self, sqlx::Error> {
        let brand = branding::read(op).await?;
        let language = match visitor.wish.picked {
            Some(language) => language,
            None => Self::usual(op, visitor, tenant).await?,
        };
        let accent = brand.accent.trim_start_matches('#');
        Ok(Self {
            language,
            words: &language.book().onboarding,
            msp_name: brand.name(&app.site.msp_name).to_owned(),
            msp_legal_name: brand.legal(&app.site.msp_legal_name).to_owned(),
            report_to: app.site.report_to.clone(),
            logo: brand.logo.map(paths::brand_logo),
            sheet: (!accent.is_empty()).then(|| paths::brand_sheet(accent)),
            contact: brand.contact,
            here: Some(visitor.wish.here),
        })
    }

    async fn usual(
        op: &mut Op,
        visitor: &Visitor,
        tenant: Option<TenantId>,
    ) -> Result<Language, sqlx::Error> {
        if let Some(tenant) = tenant {
            let mailing = customer_mail::mailing(op, Scope::one(tenant), tenant).await?;
            if let Some(language) = mailing.language {
                return Ok(language);
            }
        }
        match visitor.wish.browser {
            Some(language) => Ok(language),
            None => Ok(customer_mail::settings(op).await?.language),
        }
    }

    /// In one language alone, whatever the address: the page of links that do not work is the same for each of them.
    #[must_use]
    pub fn without_switch(mut self) -> Self {
        self.here = None;
        self
    }

    /// Every language with its address.
    pub fn switch(&self) -> Vec<(Language, String)> {
        let Some(here) = self.here else {
            return Vec::new();
        };
        Language::ALL
            .map(|one| (one, format!("{here}?lang={}", one.as_str())))
            .into()
    }

    /// " at …", when the MSP has a name.
    pub fn at_msp(&self) -> String {
        if self.msp_name.is_empty() {
            String::new()
        } else {
            self.words.at_msp.with("msp", &self.msp_name).text()
        }
    }
}

/// Which language a browser asks for.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// In the address: picked just now.
    asked: Option<Language>,
    /// Picked now or before.
    picked: Option<Language>,
    /// What the browser itself prefers, of those that we speak.
    browser: Option<Language>,
    /// Where this page can be asked for again; empty: at its own address.
    here: &'static str,
}

impl Wish {
    pub fn read(method: &Method, uri: &Uri, headers: &HeaderMap) -> Self {
        let query = uri.query().unwrap_or_default().as_bytes();
        let asked = url::form_urlencoded::parse(query)
            .find(|(name, _)| name == "lang")
            .and_then(|(_, word)| word.parse().ok());
        let kept = cookies::language(&CookieJar::from_headers(headers));
        let accepted = headers.get(ACCEPT_LANGUAGE);
        // The answer to a form stands at the form's address, which cannot be asked for.
        let own = method == Method::GET || uri.path().starts_with("/onboarding/inv_");
        Self {
            asked,
            picked: asked.or(kept),
            browser: accepted
                .and_then(|value| value.to_str().ok())
                .and_then(preferred),
            here: if own { "" } else { paths::ONBOARDING },
        }
    }

    /// The answer, which keeps what was picked just now.
    pub fn keep(&self, app: &App, mut response: Response) -> Response {
        let cookie = self.asked.map(|one| cookies::keep_language(app, one));
        if let Some(value) = cookie.and_then(|one| HeaderValue::from_str(&one.to_string()).ok()) {
            response.headers_mut().append(SET_COOKIE, value);
        }
        response
    }
}

/// The first of ours by weight (RFC 9110 section 12.5.4).
fn preferred(accepted: &str) -> Option<Language> {
    let mut best: Option<(f32, Language)> = None;
    for part in accepted.split(',').take(16) {
        let (range, weight) = part.split_once(";q=").unwrap_or((part, "1"));
        let weight: f32 = weight.trim().parse().unwrap_or(0.0);
        let primary = range.trim().split('-').next().unwrap_or_default();
        let Ok(language) = primary.to_ascii_lowercase().parse::<Language>() else {
            continue;
        };
        if weight > 0.0 && best.is_none_or(|(most, _)| weight > most) {
            best = Some((weight, language));
        }
    }
    best.map(|(_, language)| language)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browsers_first_language_that_we_speak_wins() {
        for (accepted, expected) in [
            ("de-CH,de;q=0.9,en;q=0.8", Some(Language::De)),
            ("it, pt;q=0.9, nl-BE;q=0.2, fr;q=0.3", Some(Language::Fr)),
            ("it", None),
            ("en;q=0", None),
            ("", None),
            ("*;q=0.5", None),
        ] {
            assert_eq!(preferred(accepted), expected, "{accepted}");
        }
    }
}
