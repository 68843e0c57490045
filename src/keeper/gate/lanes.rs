//! A breaker per lane: shut when Microsoft refuses our application rather than a customer, for longer each time. Pure:
//! instants are arguments.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use crate::keeper::settings::Settings;

/// An application, and whether it shows its credential. A wrong secret says nothing about device code tokens, which are
/// refreshed without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lane {
    pub client_id: Uuid,
    pub with_credential: bool,
}

pub(super) struct Lanes {
    shut: HashMap<Lane, Shut>,
    pause: Duration,
    cap: Duration,
}

struct Shut {
    until: Instant,
    times: u32,
    probing: bool,
}

impl Lanes {
    pub fn new(settings: &Settings) -> Self {
        Self {
            shut: HashMap::new(),
            pause: settings.breaker_pause,
            cap: settings.breaker_cap,
        }
    }

    /// Shut for so long; none when it is not. `by_hand` may probe at once: somebody has just mended the credential and
    /// wants to see.
    pub fn shut_for(&self, lane: Lane, by_hand: bool, now: Instant) -> Option<Duration> {
        let shut = self.shut.get(&lane)?;
        (shut.probing || (now < shut.until && !by_hand)).then(|| {
            shut.until
                .saturating_duration_since(now)
                .max(Duration::from_secs(1))
        })
    }

    /// One request goes out; true: as a probe.
    pub fn send(&mut self, lane: Lane) -> bool {
        match self.shut.get_mut(&lane) {
            Some(shut) => {
                shut.probing = true;
                true
            }
            None => false,
        }
    }

    /// A probe is back, with an answer or without.
    pub fn end_probe(&mut self, lane: Lane) {
        if let Some(shut) = self.shut.get_mut(&lane) {
            shut.probing = false;
        }
    }

    /// We are refused: shut from here on, for so long and for the so-manieth time. None: it was shut while this was under way, which does not lengthen it.
    pub fn refused(&mut self, lane: Lane, probe: bool, now: Instant) -> Option<(Duration, u32)> {
        let shut = self.shut.entry(lane).or_insert(Shut {
            until: now,
            times: 0,
            probing: false,
        });
        if !probe && shut.until > now {
            return None;
        }
        let pause = (self.pause * 2_u32.saturating_pow(shut.times.min(10))).min(self.cap);
        shut.until = now + pause;
        shut.times += 1;
        Some((pause, shut.times))
    }

    /// We are accepted; true when it was shut before.
    pub fn accepted(&mut self, lane: Lane) -> bool {
        self.shut.remove(&lane).is_some()
    }

    /// As it stood before a restart.
    pub fn recall(&mut self, lane: Lane, rest: Duration, times: u32, now: Instant) {
        let shut = Shut {
            until: now + rest.min(self.cap),
            times,
            probing: false,
        };
        self.shut.insert(lane, shut);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LANE: Lane = Lane {
        client_id: Uuid::from_u128(1),
        with_credential: true,
    };
    const SECOND: Duration = Duration::from_secs(1);

    fn shut_at(now: Instant) -> Lanes {
        let mut lanes = Lanes::new(&Settings::default());
        assert_eq!(lanes.refused(LANE, false, now), Some((30 * SECOND, 1)));
        lanes
    }

    #[test]
    fn it_lets_one_probe_through_and_is_shut_for_longer_when_that_fails() {
        let now = Instant::now();
        let mut lanes = shut_at(now);
        assert_eq!(lanes.shut_for(LANE, false, now), Some(30 * SECOND));
        assert_eq!(lanes.refused(LANE, false, now), None);
        let later = now + 30 * SECOND;
        assert_eq!(lanes.shut_for(LANE, false, later), None);
        assert!(lanes.send(LANE));
        assert!(lanes.shut_for(LANE, false, later).is_some());
        assert!(lanes.shut_for(LANE, true, later).is_some());
        assert_eq!(lanes.refused(LANE, true, later), Some((60 * SECOND, 2)));
        lanes.end_probe(LANE);
        assert_eq!(lanes.shut_for(LANE, false, later), Some(60 * SECOND));
    }

    #[test]
    fn who_has_just_mended_it_need_not_wait() {
        let now = Instant::now();
        let mut lanes = shut_at(now);
        assert_eq!(lanes.shut_for(LANE, true, now), None);
        assert!(lanes.send(LANE));
        assert!(lanes.accepted(LANE));
        assert!(!lanes.accepted(LANE));
        assert!(!lanes.send(LANE));
    }

    #[test]
    fn a_wrong_secret_does_not_stop_what_needs_none() {
        let now = Instant::now();
        let other = Lane {
            with_credential: false,
            ..LANE
        };
        assert_eq!(shut_at(now).shut_for(other, false, now), None);
    }

    #[test]
    fn a_restart_forgets_neither_the_pause_nor_how_often() {
        let now = Instant::now();
        let mut lanes = Lanes::new(&Settings::default());
        lanes.recall(LANE, 9 * SECOND, 2, now);
        assert_eq!(lanes.shut_for(LANE, false, now), Some(9 * SECOND));
        assert_eq!(lanes.refused(LANE, true, now), Some((120 * SECOND, 3)));
    }
}
