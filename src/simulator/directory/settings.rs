//! How the simulated Microsoft behaves as a whole: rotation, timings, wording.

use serde::{Deserialize, Serialize};

/// What happens to a refresh token once a newer one was issued in its place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// As Entra: the old one stays valid.
    #[default]
    Entra,
    /// The old one works for [`GRACE_SECONDS`] more.
    Grace,
    /// The old one is dead at once.
    Strict,
    /// The old one is dead at once, and using it again revokes the whole family.
    Family,
}

/// How long a superseded refresh token lives on in [`Mode::Grace`].
pub const GRACE_SECONDS: i64 = 120;

/// How error descriptions set off trace id, correlation id and timestamp.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextStyle {
    /// By single spaces, as since mid-2023.
    Spaces,
    /// By `\r\n`, as before.
    Lines,
    /// Now one, now the other.
    #[default]
    Mixed,
}

/// The knobs of the control page that belong to no tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    pub mode: Mode,
    pub text_style: TextStyle,
    /// Seconds a device code lives.
    pub device_expires_in: i64,
    /// Seconds between polls.
    pub device_interval: i64,
    /// So many polls faster than the interval end a device code with 50196.
    pub fast_polls_allowed: u32,
    /// Seconds after the making of an enterprise application in which app-only tokens are not yet whole.
    pub propagation_seconds: i64,
    /// What a device code answer calls the page to open; absent: the simulator's own `/devicelogin`.
    pub verification_uri: Option<String>,
    /// Sign a user's token for a resource once and hand the same one out for a while: for load tests, in which signing
    /// would take all the time.
    pub cached_signatures: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mode: Mode::Entra,
            text_style: TextStyle::Mixed,
            device_expires_in: 900,
            device_interval: 5,
            fast_polls_allowed: 24,
            propagation_seconds: 0,
            verification_uri: None,
            cached_signatures: false,
        }
    }
}
