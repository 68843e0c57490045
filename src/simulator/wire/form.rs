//! Reading a form body the way Entra does: first value wins, case of names does not matter, Basic auth counts.

use std::collections::HashMap;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::simulator::aadsts::{self, Aadsts};
use crate::simulator::tokens::Presented;

/// The parameters of a request.
pub struct Form {
    fields: HashMap<String, String>,
}

impl Form {
    /// Read a urlencoded body; client id and secret of an `Authorization: Basic` header are added.
    pub fn read(headers: &HeaderMap, body: &[u8]) -> Self {
        let mut fields = HashMap::new();
        for (name, value) in url::form_urlencoded::parse(body) {
            fields
                .entry(name.to_ascii_lowercase())
                .or_insert_with(|| value.into_owned());
        }
        if let Some((client, secret)) = basic(headers) {
            fields.entry("client_id".to_owned()).or_insert(client);
            fields.entry("client_secret".to_owned()).or_insert(secret);
        }
        Self { fields }
    }

    /// A parameter that was sent and is not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields
            .get(name)
            .map(String::as_str)
            .filter(|v| !v.is_empty())
    }

    /// A parameter that must be there.
    pub fn need(&self, name: &str) -> Result<&str, Aadsts> {
        self.get(name)
            .ok_or_else(|| aadsts::missing_parameter(name))
    }

    /// How the client proves itself.
    pub fn presented(&self) -> Presented {
        if let Some(assertion) = self.get("client_assertion") {
            Presented::Assertion(assertion.to_owned())
        } else if let Some(secret) = self.get("client_secret") {
            Presented::Secret(secret.to_owned())
        } else {
            Presented::Nothing
        }
    }
}

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (client, secret) = decoded.split_once(':')?;
    // RFC 6749, section 2.3.1: both are form-encoded before they are joined.
    let plain = |text: &str| {
        url::form_urlencoded::parse(format!("v={text}").as_bytes())
            .next()
            .map(|(_, v)| v.into_owned())
    };
    Some((plain(client)?, plain(secret)?))
}
