//! A receiver of webhooks under a name and a certificate of its own, as a PSA or a monitoring system would be one. The guard of
//! outgoing calls lets it be called in the demo and nowhere else.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use serde_json::Value;
use tokio::net::TcpListener;

use super::HERE;
use super::shelf::Shelf;
use crate::outbound::guard::Guard;
use crate::simulator::tls;

/// Its name in the invented world.
const HOST: &str = "hooks.harbourline.example";

/// The running receiver.
pub struct Hooks {
    at: SocketAddr,
    ca_pem: Vec<u8>,
}

impl Hooks {
    /// Where it was the last time, if that port is free: channels know it by its port.
    pub(super) async fn open(
        shelf: Shelf,
        ca_dir: &Path,
        usual_port: Option<u16>,
    ) -> anyhow::Result<Self> {
        let identity = tls::make(ca_dir, Some(HOST))?;
        let usual = SocketAddr::new(HERE.ip(), usual_port.unwrap_or_default());
        let listener = match TcpListener::bind(usual).await {
            Ok(listener) => listener,
            Err(error) => {
                tracing::warn!(%error, "webhooks do not arrive where they did before");
                TcpListener::bind(HERE).await?
            }
        };
        let hooks = Self {
            at: listener.local_addr()?,
            ca_pem: std::fs::read(&identity.ca_file).context("the receiver's certificate")?,
        };
        let listener = tls::TlsListener::new(listener, identity.config)?;
        let port = hooks.port();
        let router = Router::new().fallback(take).with_state((shelf, port));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(hooks)
    }

    pub fn port(&self) -> u16 {
        self.at.port()
    }

    /// What a channel is to call.
    pub fn url(&self) -> String {
        format!("https://{HOST}:{}/alerts", self.at.port())
    }

    /// The usual guard, and a door to this receiver.
    pub fn guard(&self) -> Guard {
        Guard::default().allowing(HOST, self.at, &self.ca_pem)
    }
}

async fn take(
    State((shelf, port)): State<(Shelf, u16)>,
    uri: Uri,
    headers: HeaderMap,
    body: String,
) -> StatusCode {
    let Ok(json) = serde_json::from_str::<Value>(&body) else {
        return StatusCode::BAD_REQUEST;
    };
    let at = |path: &str| {
        json.pointer(path)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let title = at("/data/title").or_else(|| at("/type"));
    let mut text = String::new();
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        if let Some(value) = headers.get(name).and_then(|value| value.to_str().ok()) {
            text.extend([name, ": ", value, "\n"]);
        }
    }
    text.push('\n');
    text.push_str(&serde_json::to_string_pretty(&json).unwrap_or(body));
    // With its port: whoever makes a channel of their own copies it from here.
    let to = format!("https://{HOST}:{port}{}", uri.path());
    shelf.put("Webhook", to, title.unwrap_or_default(), text);
    StatusCode::NO_CONTENT
}
