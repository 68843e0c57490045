//! What every handler is given: the directory, the signing key, and under which address the simulator is being called.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::HOST;
use axum::http::request::Parts;
use time::OffsetDateTime;
use url::Url;
use uuid::Uuid;

use super::directory::Directory;
use super::pages::Browsers;
use super::tokens::Keys;

/// The simulator as its handlers see it.
#[derive(Clone)]
pub struct Site {
    pub directory: Directory,
    pub keys: Arc<Keys>,
    /// Sign-ins under way and browser sessions.
    pub browsers: Arc<Browsers>,
    /// The address to publish, whatever the request called us; absent: the request's own `Host`.
    pub public_url: Option<Url>,
    pub tls: bool,
    /// The address that was bound, for requests that name no host.
    pub bound: String,
}

impl Site {
    /// The base address without a final slash.
    pub fn base(&self, headers: &HeaderMap) -> String {
        if let Some(url) = &self.public_url {
            return url.as_str().trim_end_matches('/').to_owned();
        }
        let scheme = if self.tls { "https" } else { "http" };
        let host = headers.get(HOST).and_then(|h| h.to_str().ok());
        format!("{scheme}://{}", host.unwrap_or(&self.bound))
    }

    /// The host part of [`Site::base`].
    pub fn host(base: &str) -> &str {
        base.split_once("://").map_or(base, |(_, host)| host)
    }
}

/// One call as it arrived: the ids that tie answer, log and support case together, and one instant for all of it.
#[derive(Clone, Debug)]
pub struct Call {
    pub base: String,
    pub trace_id: Uuid,
    /// The caller's `client-request-id` if it was a GUID, else one of ours.
    pub correlation_id: Uuid,
    /// The caller wants its id back as a header.
    pub return_id: bool,
    pub now: OffsetDateTime,
}

impl FromRequestParts<Site> for Call {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Infallible> {
        let header = |name: &str| parts.headers.get(name).and_then(|v| v.to_str().ok());
        let in_query = url::form_urlencoded::parse(parts.uri.query().unwrap_or("").as_bytes())
            .find(|(name, _)| name == "client-request-id")
            .and_then(|(_, value)| value.parse().ok());
        let sent = header("client-request-id")
            .and_then(|id| id.parse().ok())
            .or(in_query);
        Ok(Self {
            base: site.base(&parts.headers),
            trace_id: crate::clock::random_uuid(),
            correlation_id: sent.unwrap_or_else(crate::clock::random_uuid),
            return_id: header("return-client-request-id")
                .is_some_and(|v| v.eq_ignore_ascii_case("true")),
            now: site.directory.now(),
        })
    }
}
