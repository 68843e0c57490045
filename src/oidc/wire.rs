//! HTTP to a provider: one document, one form. What an answer means is decided by the callers.

use reqwest::header::{ACCEPT, ACCEPT_ENCODING, HeaderMap, HeaderValue};
use serde_json::{Map, Value};
use std::time::Duration;
use url::Url;

use super::{BuildError, ProviderError, Settings, strict};
use crate::outbound::{self, Build, Limits};

/// A person waits for each of these calls.
const LIMITS: Limits = Limits {
    connect: Duration::from_secs(3),
    whole: Duration::from_secs(8),
    body: 64 * 1024,
    document: 256 * 1024,
};

pub(super) struct Http {
    client: reqwest::Client,
}

impl Http {
    pub fn new(settings: &Settings) -> Result<Self, BuildError> {
        let local = outbound::is_loopback(&settings.issuer_url);
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let build = Build {
            headers,
            https_only: !local,
            direct: local,
            fresh: true,
            extra_root_ca_pem: settings.extra_root_ca_pem.as_deref(),
            stands_at: None,
        };
        let client = outbound::client(LIMITS, build)?;
        Ok(Self { client })
    }

    /// GET a JSON object.
    pub async fn document(&self, address: Url) -> Result<Map<String, Value>, ProviderError> {
        let answer = self.client.get(address).send().await;
        let mut answer = answer.map_err(|_| ProviderError::Down)?;
        if answer.status() != 200 {
            return Err(ProviderError::Odd("a document is not there"));
        }
        match outbound::body(&mut answer, LIMITS.document).await {
            (body, None) => strict::object(&body).ok_or(ProviderError::Odd("no JSON object")),
            (_, Some(_)) => Err(ProviderError::Odd("a document is too long or broken off")),
        }
    }

    /// Send a request that the `oauth2` crate made; status and whole body of the answer.
    pub async fn send(
        &self,
        request: oauth2::HttpRequest,
    ) -> Result<oauth2::HttpResponse, ProviderError> {
        let request = reqwest::Request::try_from(request)
            .map_err(|_| ProviderError::Odd("the token address"))?;
        let sent = self.client.execute(request).await;
        let mut answer = sent.map_err(|_| ProviderError::Down)?;
        let status = answer.status();
        let (body, cut) = outbound::body(&mut answer, LIMITS.body).await;
        if cut.is_some() {
            return Err(ProviderError::Odd("the tokens are too long or broken off"));
        }
        // Headers stay behind: the crate would refuse good tokens over an odd Content-Type.
        let mut response = oauth2::HttpResponse::new(body);
        *response.status_mut() = status;
        Ok(response)
    }
}
