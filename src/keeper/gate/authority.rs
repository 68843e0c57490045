//! The breaker of the sign-in host as a whole: shut when half of the calls fail in passing, tried by a few probes, and
//! after that opened slowly, so that those who waited do not come all at once. Pure: instants are arguments.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::keeper::settings::Settings;

/// Who comes while the probes are out is asked back after this time.
const PROBES_OUT: Duration = Duration::from_secs(5);
/// What Microsoft may ask for.
const LEAST: Duration = Duration::from_secs(1);
const MOST: Duration = Duration::from_hours(1);
/// The rate with which the slow start begins.
const FIRST_SHARE: f64 = 0.1;

/// See the module.
pub(super) struct Authority {
    window: Duration,
    least_calls: u32,
    pause: Duration,
    probes: u32,
    ramp: Duration,
    recent: VecDeque<Second>,
    mode: Mode,
}

enum Mode {
    /// Faster and faster since this instant, if there was one.
    Flows {
        since: Option<Instant>,
    },
    Shut {
        until: Instant,
    },
    Probing {
        out: u32,
        good: u32,
    },
}

/// The calls answered within one second.
struct Second {
    from: Instant,
    calls: u32,
    bad: u32,
    /// Until when Microsoft asked us to wait, the longest.
    asked: Option<Instant>,
}

/// What an answer turned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turned {
    Shut { pause: Duration },
    Opened,
}

impl Authority {
    pub fn new(settings: &Settings) -> Self {
        Self {
            window: settings.trip_window,
            least_calls: settings.trip_calls,
            pause: settings.breaker_pause,
            probes: settings.probes.max(1),
            ramp: settings.ramp,
            recent: VecDeque::new(),
            mode: Mode::Flows { since: None },
        }
    }

    /// Shut for so long; none when it is not.
    pub fn shut_for(&self, now: Instant) -> Option<Duration> {
        match self.mode {
            Mode::Shut { until } if now < until => Some(until - now),
            Mode::Probing { out, good } if out + good >= self.probes => Some(PROBES_OUT),
            _ => None,
        }
    }

    /// One request goes out; true: as a probe. To be called only when [`Authority::shut_for`] says nothing.
    pub fn send(&mut self) -> bool {
        if matches!(self.mode, Mode::Shut { .. }) {
            self.mode = Mode::Probing { out: 0, good: 0 };
        }
        if let Mode::Probing { out, .. } = &mut self.mode {
            *out += 1;
            return true;
        }
        false
    }

    /// A probe came back without an answer.
    pub fn lose_probe(&mut self) {
        if let Mode::Probing { out, .. } = &mut self.mode {
            *out = out.saturating_sub(1);
        }
    }

    /// Microsoft answered, whatever it said.
    pub fn good(&mut self, probe: bool, now: Instant) -> Option<Turned> {
        let probes = self.probes;
        match &mut self.mode {
            Mode::Flows { .. } => self.count(now, false, None),
            Mode::Probing { out, good } if probe => {
                *out = out.saturating_sub(1);
                *good += 1;
                if *good >= probes {
                    self.mode = Mode::Flows { since: Some(now) };
                    self.recent.clear();
                    return Some(Turned::Opened);
                }
            }
            // Asked before it was shut.
            Mode::Probing { .. } | Mode::Shut { .. } => {}
        }
        None
    }

    /// It did not, or told us to wait for so long.
    pub fn bad(&mut self, probe: bool, asked: Option<Duration>, now: Instant) -> Option<Turned> {
        let asked = asked.map(|wait| now + wait.clamp(LEAST, MOST));
        match &mut self.mode {
            Mode::Flows { .. } => {
                self.count(now, true, asked);
                let (calls, bad) = self.recent.iter().fold((0, 0), |(calls, bad), second| {
                    (calls + second.calls, bad + second.bad)
                });
                (calls >= self.least_calls && bad * 2 >= calls).then(|| {
                    let asked = self.recent.iter().filter_map(|second| second.asked).max();
                    self.shut(now, asked)
                })
            }
            Mode::Probing { .. } if probe => Some(self.shut(now, asked)),
            Mode::Probing { .. } => None,
            Mode::Shut { until } => {
                *until = asked.map_or(*until, |asked| asked.max(*until));
                None
            }
        }
    }

    /// The part of the full rate that is allowed now.
    pub fn share(&self, now: Instant) -> f64 {
        match self.mode {
            Mode::Flows { since: None } => 1.0,
            Mode::Flows { since: Some(since) } => {
                let gone = now.saturating_duration_since(since).as_secs_f64();
                let of = self.ramp.as_secs_f64().max(f64::MIN_POSITIVE);
                (FIRST_SHARE + (1.0 - FIRST_SHARE) * gone / of).min(1.0)
            }
            Mode::Shut { .. } | Mode::Probing { .. } => FIRST_SHARE,
        }
    }

    /// As it stood before a restart: shut for so long yet.
    pub fn recall_shut(&mut self, rest: Duration, now: Instant) {
        self.mode = Mode::Shut {
            until: now + rest.min(MOST),
        };
    }

    /// As it stood before a restart: the slow start began so long ago.
    pub fn recall_start(&mut self, ago: Duration, now: Instant) {
        if ago < self.ramp
            && let Some(since) = now.checked_sub(ago)
        {
            self.mode = Mode::Flows { since: Some(since) };
        }
    }

    fn shut(&mut self, now: Instant, asked: Option<Instant>) -> Turned {
        let until = asked.map_or(now + self.pause, |asked| asked.max(now + self.pause));
        self.mode = Mode::Shut { until };
        self.recent.clear();
        Turned::Shut { pause: until - now }
    }

    fn count(&mut self, now: Instant, bad: bool, asked: Option<Instant>) {
        let window = self.window;
        while let Some(oldest) = self.recent.front()
            && now.saturating_duration_since(oldest.from) >= window
        {
            self.recent.pop_front();
        }
        let fresh = self.recent.back().is_some_and(|second| {
            now.saturating_duration_since(second.from) < Duration::from_secs(1)
        });
        if !fresh {
            self.recent.push_back(Second {
                from: now,
                calls: 0,
                bad: 0,
                asked: None,
            });
        }
        if let Some(second) = self.recent.back_mut() {
            second.calls += 1;
            second.bad += u32::from(bad);
            second.asked = second.asked.max(asked);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn authority() -> Authority {
        Authority::new(&Settings::default())
    }

    fn shut_at(now: Instant) -> Authority {
        let mut authority = authority();
        let turned = (0..20).find_map(|_| authority.bad(false, None, now));
        assert_eq!(turned, Some(Turned::Shut { pause: 30 * SECOND }));
        authority
    }

    #[test]
    fn half_of_twenty_calls_within_a_minute_shut_it() {
        let now = Instant::now();
        let mut nearly = authority();
        assert!((0..11).all(|_| nearly.good(false, now).is_none()));
        assert!((0..10).all(|_| nearly.bad(false, None, now).is_none()));
        assert_eq!(
            nearly.bad(false, None, now),
            Some(Turned::Shut { pause: 30 * SECOND })
        );
        let mut few = authority();
        assert!((0..19).all(|_| few.bad(false, None, now).is_none()));
        // A minute later the old ones do not count any more.
        assert!((0..19).all(|_| few.bad(false, None, now + 60 * SECOND).is_none()));
        assert!(few.bad(false, None, now + 61 * SECOND).is_some());
    }

    #[test]
    fn it_is_shut_for_half_a_minute_and_longer_when_microsoft_says_so() {
        let now = Instant::now();
        assert_eq!(shut_at(now).shut_for(now), Some(30 * SECOND));
        let mut told = authority();
        let turned = (0..20).find_map(|_| told.bad(false, Some(90 * SECOND), now));
        assert_eq!(turned, Some(Turned::Shut { pause: 90 * SECOND }));
        // One that was under way when it was shut.
        assert_eq!(told.bad(false, Some(7 * MOST), now), None);
        assert_eq!(told.shut_for(now), Some(MOST));
    }

    #[test]
    fn three_probes_go_out_and_their_success_starts_it_slowly() {
        let now = Instant::now();
        let mut authority = shut_at(now);
        let later = now + 30 * SECOND;
        for _ in 0..3 {
            assert_eq!(authority.shut_for(later), None);
            assert!(authority.send());
        }
        assert!(authority.shut_for(later).is_some());
        assert_eq!(authority.good(true, later), None);
        assert_eq!(authority.good(true, later), None);
        assert!(authority.shut_for(later).is_some());
        assert_eq!(authority.good(true, later), Some(Turned::Opened));
        let share = |minutes| authority.share(later + Duration::from_mins(minutes));
        let shares = [0, 5, 10, 60].map(share);
        assert!(
            [0.1, 0.55, 1.0, 1.0]
                .iter()
                .zip(shares)
                .all(|(a, b)| (a - b).abs() < 1e-9)
        );
    }

    #[test]
    fn one_probe_that_fails_shuts_it_again_and_one_that_is_lost_goes_out_again() {
        let now = Instant::now();
        let mut authority = shut_at(now);
        let later = now + 30 * SECOND;
        assert!(authority.send());
        assert!(authority.bad(true, None, later).is_some());
        assert_eq!(authority.shut_for(later), Some(30 * SECOND));
        let again = later + 30 * SECOND;
        assert!((0..3).all(|_| authority.send()));
        authority.lose_probe();
        assert_eq!(authority.shut_for(again), None);
    }

    #[test]
    fn a_restart_forgets_neither_the_pause_nor_the_slow_start() {
        let now = Instant::now() + Duration::from_hours(2);
        let mut shut = authority();
        shut.recall_shut(20 * SECOND, now);
        assert_eq!(shut.shut_for(now), Some(20 * SECOND));
        let mut slow = authority();
        slow.recall_start(Duration::from_mins(5), now);
        assert!((slow.share(now) - 0.55).abs() < 1e-9);
        let mut done = authority();
        done.recall_start(Duration::from_mins(11), now);
        assert!((done.share(now) - 1.0).abs() < 1e-9);
    }
}
