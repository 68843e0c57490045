//! `POST …/devicecode`: the start of the device authorization grant (RFC 8628).

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{answer, failure};
use super::faults::{interrupt, spoil};
use super::form::Form;
use crate::simulator::aadsts::{self, Aadsts};
use crate::simulator::directory::{Area, Segment};
use crate::simulator::site::{Call, Site};
use crate::simulator::tokens::{Scopes, begin_device};

/// `mkt` on the URL localises `message`.
#[derive(Deserialize)]
pub struct Market {
    #[serde(default)]
    mkt: Option<String>,
}

pub async fn v2(
    State(site): State<Site>,
    Path(tenant): Path<String>,
    Query(market): Query<Market>,
    call: Call,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = Form::read(&headers, &body);
    serve(&site, &call, &tenant, &form, market.mkt.as_deref(), false).await
}

/// The older address, whose answer names the page `verification_url`.
pub async fn v1(
    State(site): State<Site>,
    Path(tenant): Path<String>,
    Query(market): Query<Market>,
    call: Call,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = Form::read(&headers, &body);
    serve(&site, &call, &tenant, &form, market.mkt.as_deref(), true).await
}

async fn serve(
    site: &Site,
    call: &Call,
    segment: &str,
    form: &Form,
    market: Option<&str>,
    v1: bool,
) -> Response {
    let fault = site.directory.change(|state, now| {
        let tenant = state.segment(segment).ok().and_then(Segment::tenant);
        state.take_fault(Area::DeviceCode, tenant, None, now)
    });
    if let Some(response) = fault.as_ref().and_then(|f| interrupt(site, call, f)) {
        return response;
    }
    let response = match begin(site, call, segment, form, market, v1) {
        Ok(body) => answer(call, StatusCode::OK, &body),
        Err(refusal) => failure(site, call, &refusal),
    };
    spoil(call, fault.as_ref(), response).await
}

fn begin(
    site: &Site,
    call: &Call,
    segment: &str,
    form: &Form,
    market: Option<&str>,
    v1: bool,
) -> Result<Value, Aadsts> {
    site.directory.change(|state, now| {
        let client = form.need("client_id")?.to_owned();
        let tenant = state.segment(segment)?.tenant();
        let app = state.app(&client, segment)?;
        if !app.public_flows {
            return Err(aadsts::no_credential());
        }
        if !app.multi_tenant && app.home_tenant != tenant {
            return Err(aadsts::not_multi_tenant(app.client_id, &app.name));
        }
        let app = app.client_id;
        let scope = if v1 {
            format!("{}/.default openid offline_access", form.need("resource")?)
        } else {
            form.need("scope")?.to_owned()
        };
        let scopes = Scopes::parse(&scope, &call.base, segment)?;
        let device = begin_device(state, app, tenant, scopes, call.correlation_id, now);
        let page = state
            .settings
            .verification_uri
            .clone()
            .unwrap_or_else(|| format!("{}/devicelogin", call.base));
        let page_field = if v1 {
            "verification_url"
        } else {
            "verification_uri"
        };
        Ok(json!({
            "user_code": device.user_code,
            "device_code": device.secret,
            page_field: page,
            "expires_in": state.settings.device_expires_in,
            "interval": state.settings.device_interval,
            "message": message(market, &page, &device.user_code),
        }))
    })
}

fn message(market: Option<&str>, page: &str, code: &str) -> String {
    match market.map(|m| m.split('-').next().unwrap_or(m)) {
        Some("de") => format!(
            "Um sich anzumelden, verwenden Sie einen Webbrowser, um die Seite {page} zu öffnen, und geben Sie den Code \
             {code} ein, um sich zu authentifizieren."
        ),
        _ => format!(
            "To sign in, use a web browser to open the page {page} and enter the code {code} to authenticate."
        ),
    }
}
