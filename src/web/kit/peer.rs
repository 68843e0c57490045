//! Where a request comes from: the browser's address, past the proxies that the settings name, and the request's own id.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue};

use crate::app::App;
use crate::clock;
use crate::config::Network;

/// The request's id: in the log line, in the audit log, and on error pages as the reference.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The address of the browser; empty when it is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peer(pub String);

/// Who asks, as far as can be told before any login.
#[derive(Clone, Debug, Default)]
pub struct Asker {
    pub ip: String,
    pub request_id: String,
}

impl Asker {
    pub fn of(parts: &Parts) -> Self {
        Self::from(&parts.extensions, &parts.headers)
    }

    pub fn of_request(request: &Request) -> Self {
        Self::from(request.extensions(), request.headers())
    }

    fn from(extensions: &Extensions, headers: &HeaderMap) -> Self {
        let peer = extensions.get::<Peer>();
        Self {
            ip: peer.map(|peer| peer.0.clone()).unwrap_or_default(),
            request_id: request_id(headers).to_owned(),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Asker {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts))
    }
}

/// The id that [`name_request`] gave.
pub fn request_id(headers: &HeaderMap) -> &str {
    headers
        .get(REQUEST_ID)
        .and_then(|id| id.to_str().ok())
        .unwrap_or_default()
}

/// Give the request an id of ours, which is told in the answer too. One that came along is not believed: it would be written
/// into logs.
pub fn name_request(request: &mut Request) -> HeaderValue {
    let id = clock::random_uuid().to_string();
    // Hexadecimal digits and hyphens are always a header's value.
    let value = HeaderValue::try_from(id).unwrap_or(HeaderValue::from_static("unnamed"));
    request.headers_mut().insert(REQUEST_ID, value.clone());
    value
}

/// Note the browser's address for audit entries and login limits.
pub fn note_peer(app: &App, request: &mut Request) {
    let peer = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map(|connected| {
            browser(connected.ip(), request.headers(), &app.trusted_proxies).to_string()
        })
        .unwrap_or_default();
    request.extensions_mut().insert(Peer(peer));
}

/// The rightmost address that is none of the trusted proxies'. Each proxy appends whom it heard from, so everything left
/// of an untrusted one may be invented.
pub(in crate::web) fn browser(
    connected: IpAddr,
    headers: &HeaderMap,
    trusted: &[Network],
) -> IpAddr {
    let is_trusted = |ip: IpAddr| trusted.iter().any(|network| network.contains(ip));
    // As bytes: what is no text is one hop that says nothing, and hides none to its right.
    let claims: Vec<&[u8]> = headers
        .get_all("x-forwarded-for")
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .collect();
    let mut found = connected.to_canonical();
    for claim in claims.into_iter().rev() {
        if !is_trusted(found) {
            break;
        }
        let Some(next) = address(claim) else { break };
        found = next;
    }
    found
}

/// An address as proxies write it, some with a port.
fn address(claim: &[u8]) -> Option<IpAddr> {
    let claim = std::str::from_utf8(claim).ok()?.trim();
    let with_port = || claim.parse().map(|socket: SocketAddr| socket.ip()).ok();
    let ip = claim.parse().ok().or_else(with_port)?;
    Some(IpAddr::to_canonical(&ip))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seen(connected: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", HeaderValue::from_str(value).unwrap());
        }
        let trusted: Vec<Network> = trusted.iter().map(|n| n.parse().unwrap()).collect();
        browser(connected.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn without_trusted_proxies_the_connection_counts() {
        assert_eq!(seen("192.0.2.9", &["203.0.113.7"], &[]), "192.0.2.9");
        assert_eq!(
            seen("192.0.2.9", &["203.0.113.7"], &["10.0.0.0/8"]),
            "192.0.2.9"
        );
        assert_eq!(seen("::ffff:192.0.2.9", &[], &[]), "192.0.2.9");
    }

    #[test]
    fn the_rightmost_untrusted_hop_counts() {
        let proxies = ["10.0.0.0/8"];
        assert_eq!(seen("10.0.0.1", &["203.0.113.7"], &proxies), "203.0.113.7");
        assert_eq!(
            seen("10.0.0.1", &["1.1.1.1, 203.0.113.7, 10.0.0.2"], &proxies),
            "203.0.113.7"
        );
        assert_eq!(
            seen("10.0.0.1", &["1.1.1.1", "203.0.113.7"], &proxies),
            "203.0.113.7"
        );
        assert_eq!(
            seen("10.0.0.1", &["203.0.113.7:4711"], &proxies),
            "203.0.113.7"
        );
        assert_eq!(
            seen("10.0.0.1", &["[2001:db8::7]:4711"], &proxies),
            "2001:db8::7"
        );
    }

    #[test]
    fn nonsense_ends_the_search() {
        let proxies = ["10.0.0.0/8"];
        assert_eq!(
            seen("10.0.0.1", &["203.0.113.7, <script>"], &proxies),
            "10.0.0.1"
        );
        assert_eq!(seen("10.0.0.1", &[""], &proxies), "10.0.0.1");
    }

    /// What a browser, or a proxy that is not ours, may have written: anything that a header can carry.
    fn hostile() -> impl Strategy<Value = Vec<u8>> {
        let word = prop_oneof![
            any::<IpAddr>().prop_map(|ip| ip.to_string().into_bytes()),
            any::<SocketAddr>().prop_map(|socket| socket.to_string().into_bytes()),
            Just(b"unknown".to_vec()),
            Just(b" ,, ".to_vec()),
            Just(b"10.0.0.9".to_vec()),
            proptest::collection::vec(prop_oneof![32_u8..127, 128_u8..=255], 0..40),
        ];
        proptest::collection::vec(word, 0..8).prop_map(|words| words.join(&b", "[..]))
    }

    fn ours() -> impl Strategy<Value = IpAddr> {
        (1_u32..0x00ff_ffff).prop_map(|n| IpAddr::V4((0x0a00_0000 | n).into()))
    }

    fn not_ours() -> impl Strategy<Value = IpAddr> {
        any::<IpAddr>().prop_filter("outside 10.0.0.0/8", |ip| {
            !"10.0.0.0/8".parse::<Network>().unwrap().contains(*ip)
        })
    }

    fn told(connected: IpAddr, values: &[Vec<u8>]) -> IpAddr {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("x-forwarded-for", HeaderValue::from_bytes(value).unwrap());
        }
        browser(connected, &headers, &["10.0.0.0/8".parse().unwrap()])
    }

    proptest! {
        #[test]
        fn nobody_but_a_trusted_proxy_is_believed(from in not_ours(), values in proptest::collection::vec(hostile(), 0..4)) {
            prop_assert_eq!(told(from, &values), from.to_canonical());
        }

        #[test]
        fn whatever_came_along_changes_nothing_left_of_the_hop_our_proxies_saw(
            proxy in ours(), further in proptest::collection::vec(ours(), 0..3), client in not_ours(),
            values in proptest::collection::vec(hostile(), 0..4), joined in any::<bool>(),
        ) {
            let mut chain = client.to_string();
            for hop in further {
                chain = format!("{chain}, {hop}");
            }
            let mut values = values;
            // A proxy appends to the value that came, or sends another header of that name.
            match values.last_mut().filter(|_| joined) {
                Some(last) => last.extend(format!(", {chain}").bytes()),
                None => values.push(chain.into_bytes()),
            }
            prop_assert_eq!(told(proxy, &values), client.to_canonical());
        }

        #[test]
        fn a_hop_that_says_nothing_leaves_the_proxy_before_it(proxy in ours(), values in proptest::collection::vec(hostile(), 0..4)) {
            let mut values = values;
            values.push(b"\xff<script>".to_vec());
            prop_assert_eq!(told(proxy, &values), proxy);
        }
    }
}
