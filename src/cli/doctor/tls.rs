//! The line about the certificate: whether browsers will take it for our address, and for how long yet.

use std::net::IpAddr;

use anyhow::{Context, bail};
use time::OffsetDateTime;
use url::{Host, Url};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;

use crate::config;
use crate::web::tls::Tls;

/// A certificate with fewer days left fails the check: whatever renews it has not done so.
const TOO_FEW: i64 = 7;

/// Days left and names; an error says what a browser would complain of.
pub(super) fn certificate(
    files: &config::Tls,
    base_url: &Url,
    now: OffsetDateTime,
) -> anyhow::Result<String> {
    let tls = Tls::load(files)?;
    let der = tls.certificate().context("no certificate")?;
    let (_, certificate) =
        x509_parser::parse_x509_certificate(&der).context("the certificate cannot be read")?;
    let validity = certificate.validity();
    let (since, until) = (
        validity.not_before.timestamp(),
        validity.not_after.timestamp(),
    );
    let at = now.unix_timestamp();
    let days = (until - at).div_euclid(24 * 3600);
    let file = files.certificate_file.display();
    if at < since {
        bail!("{file} is not valid yet; look at this machine's clock");
    }
    if at >= until {
        bail!("{file} has expired; renew it, a running portal takes it up by itself");
    }
    if !names(&certificate, base_url)? {
        bail!(
            "{file} is not made out to {}, the host of base_url",
            base_url.host_str().unwrap_or_default()
        );
    }
    if days < TOO_FEW {
        bail!("{file} expires in {days} days; renew it, a running portal takes it up by itself");
    }
    Ok(format!("{file} is good for {days} more days"))
}

/// Whether the certificate is made out to the address' host (RFC 6125 section 6.4: a wildcard stands for one whole label).
fn names(certificate: &X509Certificate<'_>, base_url: &Url) -> anyhow::Result<bool> {
    let Some(host) = base_url.host() else {
        return Ok(false);
    };
    let Some(names) = certificate.subject_alternative_name()? else {
        return Ok(false);
    };
    Ok(names
        .value
        .general_names
        .iter()
        .any(|name| match (name, &host) {
            (GeneralName::DNSName(name), Host::Domain(host)) => is_named(name, host),
            (GeneralName::IPAddress(bytes), Host::Ipv4(ip)) => is_address(bytes, (*ip).into()),
            (GeneralName::IPAddress(bytes), Host::Ipv6(ip)) => is_address(bytes, (*ip).into()),
            _ => false,
        }))
}

fn is_named(name: &str, host: &str) -> bool {
    match name.strip_prefix("*.") {
        Some(parent) => host
            .split_once('.')
            .is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(parent)),
        None => name.eq_ignore_ascii_case(host),
    }
}

fn is_address(bytes: &[u8], ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => bytes == ip.octets(),
        IpAddr::V6(ip) => bytes == ip.octets(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_stands_for_one_label() {
        assert!(is_named("portal.msp.example", "Portal.msp.example"));
        assert!(is_named("*.msp.example", "portal.msp.example"));
        assert!(!is_named("*.msp.example", "a.portal.msp.example"));
        assert!(!is_named("*.msp.example", "msp.example"));
        assert!(!is_named("portal.msp.example", "portal.msp.example.evil"));
    }
}
