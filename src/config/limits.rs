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
    /// `limits.hand_outs_waiting`: hand-outs of access tokens at once; most wait for one refresh.
    pub hand_outs_waiting: usize,
    /// What an API key bears, unless the key itself says otherwise.
    pub keys: KeyLimits,
}

/// Per API key, of all replicas together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyLimits {
    /// `limits.key_calls`: calls of one key a minute.
    pub calls: i32,
    /// `limits.key_hand_outs`: access tokens handed to one key a minute.
    pub hand_outs: i32,
    /// `limits.tenant_hand_outs`: access tokens of one tenant handed out a minute, to all keys together.
    pub tenant_hand_outs: i32,
    /// `limits.key_new_tenants`: tenants that a key may touch for the first time within ten minutes before it is suspended.
    pub new_tenants: i32,
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
            hand_outs_waiting: 2_000,
            keys: KeyLimits {
                calls: 300,
                hand_outs: 60,
                tenant_hand_outs: 30,
                new_tenants: 20,
            },
        }
    }
}

impl Limits {
    pub(super) fn read(from: &mut Reader) -> Self {
        let usual = Self::default();
        let keys = KeyLimits::read(from, usual.keys);
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
            hand_outs_waiting: number("limits.hand_outs_waiting", 100_000)
                .unwrap_or(usual.hand_outs_waiting),
            keys,
        }
    }
}

impl KeyLimits {
    fn read(from: &mut Reader, usual: Self) -> Self {
        let mut number = |name, usual| {
            let read = from.parse(name, "a whole number from 1 to 10000000", |text| {
                text.parse().ok().filter(|n| (1..=10_000_000).contains(n))
            });
            read.unwrap_or(usual)
        };
        Self {
            calls: number("limits.key_calls", usual.calls),
            hand_outs: number("limits.key_hand_outs", usual.hand_outs),
            tenant_hand_outs: number("limits.tenant_hand_outs", usual.tenant_hand_outs),
            new_tenants: number("limits.key_new_tenants", usual.new_tenants),
        }
    }
}
