//! HTTP to other sites, whoever they are: one way to build a client (timeouts, no redirects, no retries, an extra certificate
//! authority) and one way to read a body (capped). Who calls whom, and what an answer means, is decided by the callers.

mod address;
pub mod guard;

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::header::HeaderMap;
use url::Url;

pub use address::is_global;

/// Bounds of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Name lookup, TCP and TLS together.
    pub connect: Duration,
    /// The whole call, to the last byte of the body.
    pub whole: Duration,
    /// Bytes of an ordinary answer.
    pub body: usize,
    /// Bytes of metadata, key sets and listings.
    pub document: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            whole: Duration::from_secs(20),
            body: 64 * 1024,
            document: 256 * 1024,
        }
    }
}

/// Why a body is not whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    TooLong,
    BrokenOff,
}

/// How a client is built besides its limits.
#[derive(Debug, Default)]
pub struct Build<'a> {
    /// Sent with every request.
    pub headers: HeaderMap,
    /// Refuse plain http.
    pub https_only: bool,
    /// Pass by the proxy that the environment names: for servers on this machine.
    pub direct: bool,
    /// A new connection for each call: an idle one may just be closing, and nothing is sent twice.
    pub fresh: bool,
    /// Certificate authorities trusted besides the system's, PEM (one or several).
    pub extra_root_ca_pem: Option<&'a [u8]>,
    /// Where a name stands, when it is not to be looked up (again).
    pub stands_at: Option<(&'a str, SocketAddr)>,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    #[error("the certificate authority file is not readable as PEM")]
    CertificateAuthority,
    #[error("the HTTP client cannot be built: {0}")]
    Http(String),
}

/// A client that asks once and goes where it was told, nowhere else.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that builds a client"
)]
pub fn client(limits: Limits, build: Build<'_>) -> Result<reqwest::Client, BuildError> {
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("Tenantry/", env!("CARGO_PKG_VERSION")))
        .default_headers(build.headers)
        .connect_timeout(limits.connect)
        .timeout(limits.whole)
        .redirect(reqwest::redirect::Policy::none())
        // The caller decides what is sent again: a repeated grant is not harmless everywhere.
        .retry(reqwest::retry::never())
        .no_gzip()
        .https_only(build.https_only);
    if build.fresh {
        builder = builder.pool_max_idle_per_host(0);
    }
    if build.direct {
        builder = builder.no_proxy();
    }
    if let Some((name, at)) = build.stands_at {
        builder = builder.resolve(name, at);
    }
    if let Some(pem) = build.extra_root_ca_pem {
        let roots = reqwest::Certificate::from_pem_bundle(pem)
            .ok()
            .filter(|roots| !roots.is_empty())
            .ok_or(BuildError::CertificateAuthority)?;
        builder = builder.tls_certs_merge(roots);
    }
    builder
        .build()
        .map_err(|error| BuildError::Http(error.to_string()))
}

/// The body up to `cap` bytes, and why it ends there when it is not whole.
pub async fn body(response: &mut reqwest::Response, cap: usize) -> (Vec<u8>, Option<Cut>) {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => {
                let room = cap - body.len();
                body.extend(chunk.iter().take(room));
                if chunk.len() > room {
                    return (body, Some(Cut::TooLong));
                }
            }
            Ok(None) => return (body, None),
            Err(_) => return (body, Some(Cut::BrokenOff)),
        }
    }
}

/// Whether this address is on this machine, and is therefore reached directly, whatever proxy the environment names.
pub fn is_loopback(address: &Url) -> bool {
    match address.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        None => false,
    }
}
