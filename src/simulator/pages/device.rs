//! `/devicelogin`: where a person types the code that an application shows them.

use askama::Template;
use askama_web::WebTemplate;
use axum::Form;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::start::{Interaction, Purpose, begin};
use crate::simulator::site::{Call, Site};

/// The page that asks for the code.
#[derive(Template, WebTemplate)]
#[template(path = "simulator/device.html")]
struct DevicePage {
    typed: String,
    notice: Option<&'static str>,
}

/// The simulator's own front door leads to the control page.
pub async fn home() -> Redirect {
    Redirect::to("/control")
}

pub async fn page() -> impl IntoResponse {
    DevicePage {
        typed: String::new(),
        notice: None,
    }
}

/// The code as typed.
#[derive(Deserialize)]
pub struct Typed {
    #[serde(default)]
    otc: String,
}

pub async fn enter(
    State(site): State<Site>,
    call: Call,
    headers: HeaderMap,
    Form(typed): Form<Typed>,
) -> Response {
    let found = site.directory.change(|state, now| {
        let device = state.device_waiting(&typed.otc, now)?.clone();
        let app = state.apps.get(&device.client)?.clone();
        Some((device, app))
    });
    let Some((device, app)) = found else {
        let page = DevicePage {
            typed: typed.otc,
            notice: Some("That code didn't work. Check the code and try again."),
        };
        return (StatusCode::UNPROCESSABLE_ENTITY, page).into_response();
    };
    let purpose = Purpose::Device {
        user_code: device.user_code,
        scopes: device.scopes,
    };
    let mut interaction = Interaction::new(purpose, app, device.tenant, &call);
    interaction.correlation_id = device.correlation_id;
    begin(&site, &call, interaction, &headers)
}
