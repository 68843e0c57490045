//! Every cap and timing of the keeper with its default; tests that need others name them.

use std::time::Duration;

use super::seal::Rotation;

/// See the fields. The defaults are the product's.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Requests a second to the sign-in host.
    pub requests_per_second: u32,
    /// Requests in flight to the sign-in host.
    pub in_flight: usize,
    /// A claimed connection is asked for within this time or given back (monotonic).
    pub send_within: Duration,
    /// How long an answer that cannot be stored is held in memory and tried again.
    pub commit_for: Duration,
    /// How long a request watches a refresh of another keeper.
    pub watch_for: Duration,
    /// Due connections in hand at a time; few enough to be asked for within `send_within`.
    pub in_hand: u32,
    /// Answers stored in one statement at most, and such statements under way at a time.
    pub commit_batch: usize,
    pub commit_lanes: u32,
    /// Pause of the refresh worker when nothing is due.
    pub refresh_pause: Duration,
    /// Pause of the onboarding worker when nothing is due.
    pub poll_pause: Duration,
    /// Pause of the worker that lets unconfirmed grants die.
    pub sweep_pause: Duration,
    /// Life of a grant that nobody completed or confirmed.
    pub pending_life: Duration,
    /// First pause of an app's breaker, doubled up to `breaker_cap`.
    pub breaker_pause: Duration,
    pub breaker_cap: Duration,
    /// Tenants failing alike within `mass_window` beyond which nobody is accused: this many, or `mass_percent` of all.
    pub mass_least: usize,
    pub mass_percent: usize,
    pub mass_window: Duration,
    /// The demo moves time; in production nobody does.
    pub movable_clock: bool,
    /// Questions waiting at a time; more are refused.
    pub questions: usize,
    /// Database connections.
    pub pool_size: u32,
    pub rotation: Rotation,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            requests_per_second: 20,
            in_flight: 32,
            send_within: Duration::from_secs(30),
            commit_for: Duration::from_mins(10),
            watch_for: Duration::from_secs(5),
            in_hand: 48,
            commit_batch: 128,
            commit_lanes: 2,
            refresh_pause: Duration::from_secs(2),
            poll_pause: Duration::from_millis(500),
            sweep_pause: Duration::from_secs(30),
            pending_life: Duration::from_hours(24),
            breaker_pause: Duration::from_secs(30),
            breaker_cap: Duration::from_mins(10),
            mass_least: 10,
            mass_percent: 2,
            mass_window: Duration::from_mins(15),
            movable_clock: false,
            questions: 256,
            pool_size: 12,
            rotation: Rotation::default(),
        }
    }
}
