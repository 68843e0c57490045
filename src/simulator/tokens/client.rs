//! How a client proves itself at the token endpoint: secret, signed assertion, or not at all.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};
use serde::Deserialize;
use time::OffsetDateTime;

use super::ledger::Class;
use crate::simulator::aadsts::{self, Aadsts, precise};
use crate::simulator::directory::{App, ClientCertificate};

/// What the client sent to prove itself.
#[derive(Clone, PartialEq, Eq)]
pub enum Presented {
    Nothing,
    Secret(String),
    Assertion(String),
}

/// Check what `app` presented. `audiences` are the values of `aud` that name this token endpoint.
pub fn authenticate(
    app: &App,
    presented: &Presented,
    audiences: &[String],
    now: OffsetDateTime,
) -> Result<Class, Aadsts> {
    match presented {
        Presented::Nothing => Ok(Class::Public),
        Presented::Secret(secret) => check_secret(app, secret, now).map(|()| Class::Confidential),
        Presented::Assertion(jwt) => {
            check_assertion(app, jwt, audiences, now).map(|()| Class::Confidential)
        }
    }
}

fn check_secret(app: &App, presented: &str, now: OffsetDateTime) -> Result<(), Aadsts> {
    let is_it =
        |value: &str| verify_slices_are_equal(value.as_bytes(), presented.as_bytes()).is_ok();
    let secret = app
        .secrets
        .iter()
        .find(|s| is_it(&s.value))
        .ok_or_else(|| aadsts::secret_wrong(app.client_id))?;
    if secret.expires_at <= now {
        return Err(aadsts::secret_expired(app.client_id));
    }
    Ok(())
}

#[derive(Deserialize)]
struct Assertion {
    iss: String,
    sub: String,
    aud: String,
    /// Seconds since 1970; RFC 7519 allows fractions, and MSAL for Python sends them.
    exp: f64,
    #[serde(default)]
    nbf: Option<f64>,
}

/// The instant of a `NumericDate`; what no calendar holds is the beginning of time.
fn instant(seconds: f64) -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH
        .checked_add(time::Duration::seconds_f64(seconds.clamp(0.0, 1e11)))
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// Verify a client assertion (RFC 7523) signed by PS256 or RS256 with the key of a registered certificate.
fn check_assertion(
    app: &App,
    jwt: &str,
    audiences: &[String],
    now: OffsetDateTime,
) -> Result<(), Aadsts> {
    let header = jsonwebtoken::decode_header(jwt).map_err(|_| aadsts::assertion_malformed())?;
    if !matches!(header.alg, Algorithm::PS256 | Algorithm::RS256) {
        return Err(aadsts::assertion_malformed());
    }
    let certificate = signer(app, &header)?;
    let key = key_of(certificate, now)?;
    let mut validation = Validation::new(header.alg);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let claims: Assertion = jsonwebtoken::decode(jwt, &key, &validation)
        .map_err(|_| aadsts::certificate_refused("The key used is invalid."))?
        .claims;
    let client = app.client_id.to_string();
    if claims.iss != client || claims.sub != client {
        return Err(aadsts::assertion_wrong_client());
    }
    if !audiences
        .iter()
        .any(|a| a.eq_ignore_ascii_case(&claims.aud))
    {
        return Err(aadsts::assertion_wrong_audience(&claims.aud));
    }
    let (from, until) = (instant(claims.nbf.unwrap_or(0.0)), instant(claims.exp));
    // Entra allows five minutes of clock skew.
    let skew = time::Duration::minutes(5);
    if now + skew < from || now - skew > until {
        return Err(aadsts::assertion_stale(now, from, until));
    }
    Ok(())
}

/// The registered certificate that the header's thumbprint names.
fn signer<'a>(app: &'a App, header: &Header) -> Result<&'a ClientCertificate, Aadsts> {
    let wanted = |certificate: &&ClientCertificate| {
        let Some(der) = der_of(certificate) else {
            return false;
        };
        let sha256 = thumbprint(&digest::SHA256, &der);
        let sha1 = thumbprint(&digest::SHA1_FOR_LEGACY_USE_ONLY, &der);
        let matches = |field: &Option<String>, expected: &str| {
            field
                .as_deref()
                .is_some_and(|f| f.trim_end_matches('=') == expected)
        };
        matches(&header.x5t_s256, &sha256) || matches(&header.x5t, &sha1)
    };
    if header.x5t.is_none() && header.x5t_s256.is_none() {
        return Err(aadsts::assertion_malformed());
    }
    app.certificates
        .iter()
        .find(wanted)
        .ok_or_else(|| aadsts::certificate_refused("The key was not found."))
}

/// The public key of a certificate that is within its dates.
fn key_of(certificate: &ClientCertificate, now: OffsetDateTime) -> Result<DecodingKey, Aadsts> {
    let unreadable = || aadsts::certificate_refused("The key was not found.");
    let der = der_of(certificate).ok_or_else(unreadable)?;
    let (_, parsed) = x509_parser::parse_x509_certificate(&der).map_err(|_| unreadable())?;
    let validity = parsed.validity();
    let (start, end) = (
        validity.not_before.to_datetime(),
        validity.not_after.to_datetime(),
    );
    if now > end {
        let reason = format!(
            "The key used is expired., Thumbprint of key used by client: '{}', Found key 'Start={}, End={}'",
            hex::encode_upper(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &der)),
            precise(start),
            precise(end)
        );
        return Err(aadsts::certificate_refused(&reason));
    }
    Ok(DecodingKey::from_rsa_der(
        &parsed.public_key().subject_public_key.data,
    ))
}

fn thumbprint(algorithm: &'static digest::Algorithm, der: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(algorithm, der))
}

/// The DER inside a PEM certificate.
fn der_of(certificate: &ClientCertificate) -> Option<Vec<u8>> {
    let body: String = certificate
        .pem
        .lines()
        .skip_while(|line| !line.starts_with("-----BEGIN CERTIFICATE"))
        .skip(1)
        .take_while(|line| !line.starts_with("-----END"))
        .map(str::trim)
        .collect();
    STANDARD.decode(body).ok().filter(|der| !der.is_empty())
}
