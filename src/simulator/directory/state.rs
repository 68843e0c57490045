//! Everything the simulator remembers, as one value that can be saved and loaded.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{App, Fault, Mode, Settings, Tenant, User};
use crate::simulator::tokens::{AuthorizationCode, Device, Ledger};

/// The memory of the simulator. Guarded by one lock; every operation on it is short and synchronous.
#[derive(Serialize, Deserialize)]
pub(in crate::simulator) struct State {
    pub settings: Settings,
    pub tenants: BTreeMap<Uuid, Tenant>,
    /// By object id.
    pub users: BTreeMap<Uuid, User>,
    /// By client id.
    pub apps: BTreeMap<Uuid, App>,
    pub ledger: Ledger,
    /// By device code.
    pub devices: BTreeMap<String, Device>,
    /// By code.
    pub codes: BTreeMap<String, AuthorizationCode>,
    pub faults: Vec<Fault>,
    /// PKCS#8 PEM of the key that signs tokens.
    pub signing_key: String,
    /// The business clock's lead over the system's, so that a restart does not go back in time.
    pub clock_offset_ms: i64,
    chance: u64,
}

impl State {
    pub fn new(seed: u64, mode: Mode, signing_key: String) -> Self {
        Self {
            settings: Settings {
                mode,
                ..Settings::default()
            },
            tenants: BTreeMap::new(),
            users: BTreeMap::new(),
            apps: BTreeMap::new(),
            ledger: Ledger::default(),
            devices: BTreeMap::new(),
            codes: BTreeMap::new(),
            faults: Vec::new(),
            signing_key,
            clock_offset_ms: 0,
            chance: seed,
        }
    }

    /// The next number below `bound` of the seeded sequence (`SplitMix64`), for lifetimes and wording, never for secrets.
    pub fn chance(&mut self, bound: u64) -> u64 {
        self.chance = self.chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.chance;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound.max(1)
    }
}
