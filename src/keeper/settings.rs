//! Every cap and timing of the keeper with its default; tests that need others name them.

use std::path::PathBuf;
use std::time::Duration;

use super::seal::Rotation;

/// See the fields. The defaults are the product's.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Requests a second to the sign-in host, of all keepers together.
    pub requests_per_second: u32,
    /// Requests in flight to the sign-in host, of all keepers together.
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
    /// Pause of the worker that disconnects when nothing is due, which also hears of keys given up; and how many tenants it
    /// disconnects at a time.
    pub plug_pause: Duration,
    pub plug_in_hand: usize,
    /// Between two trials of a credential that Microsoft may not know everywhere yet.
    pub trial_pause: Duration,
    /// Pause of the worker that lets unconfirmed grants die.
    pub sweep_pause: Duration,
    /// Pause of the worker that leaves old data keys behind and erases dead tokens.
    pub seal_sweep_pause: Duration,
    /// Tenants looked at a time, to tell why they died and when they will; 0: nobody looks.
    pub looks_in_hand: usize,
    /// Pause of that worker when nobody is to be looked at.
    pub looks_pause: Duration,
    /// Every grant that a person signed in for waits for a technician's confirmation.
    pub hold_every_grant: bool,
    /// Life of a grant that nobody completed or confirmed.
    pub pending_life: Duration,
    /// The authority's breaker shuts when half of at least `trip_calls` calls within `trip_window` fail in passing; after
    /// `breaker_pause`, so many `probes` must work, and the rate grows from a tenth to the whole over `ramp`.
    pub trip_calls: u32,
    pub trip_window: Duration,
    pub probes: u32,
    pub ramp: Duration,
    /// The authority's pause, and the first of an app's breaker, which is doubled up to `breaker_cap`.
    pub breaker_pause: Duration,
    pub breaker_cap: Duration,
    /// Tenants failing alike within `mass_window` beyond which nobody is accused: this many, or `mass_percent` of all.
    pub mass_least: usize,
    pub mass_percent: usize,
    pub mass_window: Duration,
    /// The demo moves time; in production nobody does.
    pub movable_clock: bool,
    /// How often a keeper says that it lives, and looks after incidents. The others count it for three beats.
    pub keeper_beat: Duration,
    /// Questions waiting at a time; more are refused.
    pub questions: usize,
    /// Pause of the worker that seals the audit log when nothing waits.
    pub audit_pause: Duration,
    /// Its chain is signed this often, and after so many rows.
    pub audit_checkpoint_every: Duration,
    pub audit_checkpoint_rows: i64,
    /// Where checkpoints go besides the log.
    pub audit_checkpoint_file: Option<PathBuf>,
    /// Days for which audit rows are kept, and how often months are made and dropped.
    pub audit_keep_days: u16,
    pub audit_tend_pause: Duration,
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
            plug_pause: Duration::from_secs(2),
            plug_in_hand: 8,
            trial_pause: Duration::from_secs(10),
            sweep_pause: Duration::from_secs(30),
            seal_sweep_pause: Duration::from_hours(1),
            looks_in_hand: 3,
            looks_pause: Duration::from_secs(30),
            hold_every_grant: false,
            pending_life: Duration::from_hours(24),
            trip_calls: 20,
            trip_window: Duration::from_mins(1),
            probes: 3,
            ramp: Duration::from_mins(10),
            breaker_pause: Duration::from_secs(30),
            breaker_cap: Duration::from_mins(10),
            mass_least: 10,
            mass_percent: 2,
            mass_window: Duration::from_mins(15),
            movable_clock: false,
            keeper_beat: Duration::from_secs(5),
            questions: 256,
            audit_pause: Duration::from_millis(500),
            audit_checkpoint_every: Duration::from_mins(5),
            audit_checkpoint_rows: 1000,
            audit_checkpoint_file: None,
            audit_keep_days: 400,
            audit_tend_pause: Duration::from_hours(6),
            pool_size: 12,
            rotation: Rotation::default(),
        }
    }
}
