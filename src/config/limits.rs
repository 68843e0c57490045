//! `limits.*`: how much one portal bears. The defaults suit thousands of tenants; who raises one says it by name.

use super::reader::Reader;

/// Per process of the portal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// `limits.connections`: connections at once, besides those of live streams.
    pub connections: usize,
    /// `limits.live_streams`: pages that listen for changes at once, of each kind.
    pub live_streams: usize,
    /// `limits.requests_in_work`: requests at once; beyond that 503 with `Retry-After`.
    pub requests: usize,
    /// `limits.body_kib`, in bytes here: largest request body.
    pub body: usize,
    /// `limits.headers_kib`, in bytes here: names and values of all headers together.
    pub headers: usize,
    /// `limits.address_kib`, in bytes here: path and query.
    pub address: usize,
}

const KIB: usize = 1024;

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1_024,
            live_streams: 2_000,
            requests: 256,
            body: 64 * KIB,
            headers: 16 * KIB,
            address: 4 * KIB,
        }
    }
}

impl Limits {
    pub(super) fn read(from: &mut Reader) -> Self {
        let usual = Self::default();
        let mut number = |name, most: usize| {
            from.parse(
                name,
                "a whole number, at least 1 and within reason",
                |text| text.parse().ok().filter(|n| (1..=most).contains(n)),
            )
        };
        Self {
            connections: number("limits.connections", 100_000).unwrap_or(usual.connections),
            live_streams: number("limits.live_streams", 100_000).unwrap_or(usual.live_streams),
            requests: number("limits.requests_in_work", 10_000).unwrap_or(usual.requests),
            body: number("limits.body_kib", 1024).map_or(usual.body, |n| n * KIB),
            headers: number("limits.headers_kib", 64).map_or(usual.headers, |n| n * KIB),
            address: number("limits.address_kib", 64).map_or(usual.address, |n| n * KIB),
        }
    }
}
