//! The HTTP client for Microsoft, within the bounds of `outbound` and only to the configured hosts.
//! It knows nothing of OAuth; what an answer means is decided in `meaning` and `graph`.

use std::time::{Duration, Instant};

use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue,
};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::meter::Meter;
use super::{CallRecord, Endpoints, Meaning, Operation, SetupError, retry_after};
use crate::clock::Clock;
use crate::outbound::{self, Build, Cut, Limits};

/// An answer with a status line; the body may be cut.
pub(super) struct Reply {
    pub status: u16,
    pub trace_id: Option<String>,
    pub ests_server: Option<String>,
    pub retry_after: Option<Duration>,
    /// `WWW-Authenticate`, at most 8 KiB.
    pub challenge: Option<String>,
    pub body: Vec<u8>,
    pub cut: Option<Cut>,
}

/// A call as it went: the record, and the answer or why there is none (`Unreachable` or `NoReply`).
pub(super) struct Call {
    pub record: CallRecord,
    pub reply: Result<Reply, Meaning>,
}

/// What to send.
pub(super) struct Outgoing<'a> {
    pub operation: Operation,
    pub url: Url,
    pub verb: Verb,
    pub bearer: Option<&'a SecretString>,
    /// Bytes of the answer that are read at most.
    pub cap: usize,
}

/// What is done at the address.
pub(super) enum Verb {
    Get,
    /// With a form as body.
    Post(Vec<u8>),
    Delete,
}

pub(super) struct Http {
    client: reqwest::Client,
    endpoints: Endpoints,
    pub limits: Limits,
    clock: Clock,
    pub meter: Meter,
}

impl Http {
    pub fn new(endpoints: Endpoints, limits: Limits, clock: Clock) -> Result<Self, SetupError> {
        Ok(Self {
            client: client(&endpoints, limits)?,
            endpoints,
            limits,
            clock,
            meter: Meter::default(),
        })
    }

    /// POST a form.
    pub async fn post(&self, operation: Operation, url: Url, form: &[(&str, &str)]) -> Call {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        self.send(Outgoing {
            operation,
            url,
            verb: Verb::Post(form.into_bytes()),
            bearer: None,
            cap: self.limits.body,
        })
        .await
    }

    /// GET a document.
    pub async fn get(&self, operation: Operation, url: Url, bearer: Option<&SecretString>) -> Call {
        self.send(Outgoing {
            operation,
            url,
            verb: Verb::Get,
            bearer,
            cap: self.limits.document,
        })
        .await
    }

    /// DELETE an object.
    pub async fn delete(&self, operation: Operation, url: Url, bearer: &SecretString) -> Call {
        self.send(Outgoing {
            operation,
            url,
            verb: Verb::Delete,
            bearer: Some(bearer),
            cap: self.limits.body,
        })
        .await
    }

    /// Send once and read the answer within the limits.
    pub async fn send(&self, outgoing: Outgoing<'_>) -> Call {
        let mut record = CallRecord::unsent(outgoing.operation, self.clock.now());
        let start = Instant::now();
        let reply = self.exchange(outgoing, &record).await;
        record.duration = start.elapsed();
        if let Ok(reply) = &reply {
            record.http_status = Some(reply.status);
            record.trace_id.clone_from(&reply.trace_id);
            record.ests_server.clone_from(&reply.ests_server);
        }
        self.meter.note(&record);
        Call { record, reply }
    }

    async fn exchange(&self, out: Outgoing<'_>, record: &CallRecord) -> Result<Reply, Meaning> {
        if !self.endpoints.allows(&out.url) {
            return Err(Meaning::Unreachable);
        }
        let mut request = match out.verb {
            Verb::Post(form) => self
                .client
                .post(out.url)
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(form),
            Verb::Get => self.client.get(out.url),
            Verb::Delete => self.client.delete(out.url),
        }
        .header("client-request-id", record.correlation_id.to_string());
        if let Some(token) = out.bearer {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))
                .map_err(|_| Meaning::Unreachable)?;
            value.set_sensitive(true);
            // Role listings are "advanced queries" that Graph answers only under this header.
            request = request
                .header(AUTHORIZATION, value)
                .header("ConsistencyLevel", "eventual");
        }
        let response = request.send().await.map_err(|error| {
            if error.is_connect() || error.is_builder() {
                Meaning::Unreachable
            } else {
                Meaning::NoReply
            }
        })?;
        Ok(self.read(response, out.cap).await)
    }

    async fn read(&self, mut response: reqwest::Response, cap: usize) -> Reply {
        let headers = response.headers();
        let mut reply = Reply {
            status: response.status().as_u16(),
            trace_id: printable(headers, "x-ms-request-id", 128)
                .or_else(|| printable(headers, "request-id", 128)),
            ests_server: printable(headers, "x-ms-ests-server", 128),
            retry_after: retry_after::read(headers, self.clock.now()),
            challenge: printable(headers, "www-authenticate", 8 * 1024),
            body: Vec::new(),
            cut: None,
        };
        (reply.body, reply.cut) = outbound::body(&mut response, cap).await;
        reply
    }
}

/// A header's text when it is printable ASCII and not longer than `longest` bytes.
fn printable(headers: &HeaderMap, name: &str, longest: usize) -> Option<String> {
    let text = headers.get(name)?.to_str().ok()?;
    (!text.is_empty() && text.len() <= longest).then(|| text.to_owned())
}

fn client(endpoints: &Endpoints, limits: Limits) -> Result<reqwest::Client, SetupError> {
    let all_https = [&endpoints.authority, &endpoints.graph]
        .iter()
        .all(|address| address.scheme() == "https");
    let build = Build {
        headers: headers(),
        https_only: all_https,
        direct: outbound::is_loopback(&endpoints.authority),
        fresh: false,
        extra_root_ca_pem: endpoints.extra_root_ca_pem.as_deref(),
        stands_at: None,
    };
    Ok(outbound::client(limits, build)?)
}

/// What Microsoft asks clients to send, so that its support can find a call.
fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        (ACCEPT.as_str(), "application/json"),
        (ACCEPT_ENCODING.as_str(), "identity"),
        ("return-client-request-id", "true"),
        ("x-client-sku", "Tenantry"),
        ("x-client-ver", env!("CARGO_PKG_VERSION")),
        ("x-ms-lib-capability", "retry-after, h429"),
    ] {
        headers.insert(
            reqwest::header::HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    headers
}
