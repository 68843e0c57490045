//! "Branding": the MSP's name, logo and colour as customers see them, for owners and admins.

mod logo;

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use tower_sessions::Session;

use crate::app::App;
use crate::domain::branding::{self, Brand, BrandInput};
use crate::domain::technician::Permission;
use crate::domain::tenant::FieldError;
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::WebResult;
use crate::web::kit::form::{Field, Form, error_at};
use crate::web::kit::notice::{self, Tone};
use crate::web::kit::paths;
use crate::web::kit::policy::Policy;
use crate::web::kit::routes::Routes;
use crate::web::kit::viewer::Viewer;

#[derive(Template, WebTemplate)]
#[template(path = "console/branding/show.html")]
struct Page {
    chrome: Chrome,
    display_name: Field,
    legal_name: Field,
    contact: Field,
    accent: Field,
    /// As the settings file has them, for what is left empty.
    name_hint: String,
    legal_hint: String,
    /// As customers see it now.
    shown_name: String,
    monogram: String,
    /// Address of the logo.
    logo: Option<String>,
    logo_error: Option<String>,
    /// Address of the style sheet with the colour.
    sheet: Option<String>,
}

pub(super) fn router() -> Routes {
    const SETTINGS: Policy = Policy::Technician(Permission::Settings);
    Routes::new()
        .get(paths::BRANDING, SETTINGS, show)
        .post(paths::BRANDING, SETTINGS, save)
        .post(paths::BRANDING_LOGO, SETTINGS, logo::send)
        .post(paths::BRANDING_LOGO_REMOVAL, SETTINGS, logo::remove)
        .get(paths::BRAND_LOGO, Policy::Public, logo::serve)
        .get(paths::BRAND_SHEET, Policy::Public, logo::sheet)
}

fn usual(settings: &str) -> String {
    format!("Empty: {settings}, as in the settings file.")
}

impl Page {
    fn new(app: &App, chrome: Chrome, brand: Brand) -> Self {
        let shown = brand.name(&app.site.msp_name).to_owned();
        let accent = brand.accent.trim_start_matches('#');
        Self {
            chrome,
            monogram: shown.chars().take(1).collect(),
            shown_name: shown,
            name_hint: usual(&app.site.msp_name),
            legal_hint: usual(&app.site.msp_legal_name),
            logo: brand.logo.map(paths::brand_logo),
            logo_error: None,
            sheet: (!accent.is_empty()).then(|| paths::brand_sheet(accent)),
            display_name: Field::new(brand.display_name),
            legal_name: Field::new(brand.legal_name),
            contact: Field::new(brand.contact),
            accent: Field::new(brand.accent),
        }
    }
}

async fn show(State(app): State<App>, viewer: Viewer, chrome: Chrome) -> WebResult {
    Ok(page(&app, &viewer, chrome).await?.into_response())
}

async fn page(app: &App, viewer: &Viewer, chrome: Chrome) -> WebResult<Page> {
    let mut op = viewer.begin(app).await?;
    let brand = branding::read(&mut op).await?;
    Ok(Page::new(app, chrome, brand))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    display_name: String,
    legal_name: String,
    contact: String,
    accent: String,
}

/// "Save".
async fn save(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    session: Session,
    Form(sent): Form<Sent>,
) -> WebResult {
    let input = BrandInput {
        display_name: sent.display_name,
        legal_name: sent.legal_name,
        contact: sent.contact,
        accent: sent.accent,
    };
    let brand = match input.parse() {
        Ok(brand) => brand,
        Err(errors) => return wrong(&app, &viewer, chrome, input, &errors).await,
    };
    let mut op = viewer.begin(&app).await?;
    branding::change(&mut op, &brand).await?;
    op.commit().await?;
    notice::leave(&session, Tone::Ok, "Saved. Customers see it from now on.").await;
    Ok(Redirect::to(paths::BRANDING).into_response())
}

async fn wrong(
    app: &App,
    viewer: &Viewer,
    chrome: Chrome,
    input: BrandInput,
    errors: &[FieldError],
) -> WebResult<Response> {
    let field = |name, value: String| Field::new(value).with_error(error_at(errors, name));
    let page = Page {
        display_name: field("display_name", input.display_name),
        legal_name: field("legal_name", input.legal_name),
        contact: field("contact", input.contact),
        accent: field("accent", input.accent),
        ..page(app, viewer, chrome).await?
    };
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}
