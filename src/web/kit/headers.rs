//! Headers on every answer, errors included: what a browser may load, keep and tell others.
//! The policy is `reference` security section 3: everything from us, scripts and styles only with this answer's nonce; what a
//! browser refuses is reported to us.

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::app::App;
use crate::clock;

/// This answer's nonce for `<script>` and `<link rel=stylesheet>`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Nonce(String);

impl Nonce {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Make the nonce, before the handler.
pub fn give_nonce(request: &mut Request) -> Nonce {
    let nonce = Nonce(STANDARD.encode(clock::random_bytes::<16>()));
    request.extensions_mut().insert(nonce.clone());
    nonce
}

/// Set the headers, after it.
pub fn secure(app: &App, nonce: &Nonce, response: &mut Response) {
    let headers = response.headers_mut();
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{0}'; style-src 'nonce-{0}'; img-src 'self'; font-src 'self'; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'; report-to csp",
        nonce.as_str()
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    for (name, value) in FIXED {
        // The MSP's logo is for mail readers elsewhere, and says so itself.
        if name == "cross-origin-resource-policy" && headers.contains_key(name) {
            continue;
        }
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    if app.site.is_https() {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=63072000; includeSubDomains"),
        );
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
}

const FIXED: [(&str, &str); 7] = [
    // `csp` of `report-to`, at `paths::CSP_REPORTS` (W3C Reporting API section 3.2).
    ("reporting-endpoints", "csp=\"/csp-reports\""),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    // Passkeys, and besides the specification the clipboard: buttons that copy a link or a code write to it.
    (
        "permissions-policy",
        "accelerometer=(), autoplay=(), camera=(), clipboard-read=(), display-capture=(), encrypted-media=(), \
         fullscreen=(), gamepad=(), geolocation=(), gyroscope=(), hid=(), identity-credentials-get=(), idle-detection=(), \
         keyboard-map=(), local-fonts=(), magnetometer=(), microphone=(), midi=(), otp-credentials=(), payment=(), \
         picture-in-picture=(), screen-wake-lock=(), serial=(), storage-access=(), usb=(), window-management=(), \
         xr-spatial-tracking=(), \
         clipboard-write=(self), publickey-credentials-get=(self), publickey-credentials-create=(self)",
    ),
    ("x-robots-tag", "noindex, nofollow"),
];
