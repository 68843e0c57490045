//! When a delivery that was not taken is tried again. Pure.

use time::Duration;

/// Pauses after the first, second, … failed attempt; the last one repeats.
const PAUSES: [Duration; 9] = [
    Duration::seconds(5),
    Duration::minutes(5),
    Duration::minutes(30),
    Duration::hours(2),
    Duration::hours(5),
    Duration::hours(10),
    Duration::hours(14),
    Duration::hours(20),
    Duration::hours(24),
];

/// A channel that took nothing for so long is disabled, and a message that it alone refuses is given up.
pub const GIVE_UP: Duration = Duration::days(5);

/// How long after the `failures`-th failed attempt the next one comes. `chance` (0 to 255) lengthens the pause by up to a tenth,
/// so that many that failed together do not come back together; it never shortens it, so that the schedule reaches as far as
/// it promises.
pub fn next_attempt(failures: i32, chance: u8) -> Duration {
    let index = usize::try_from(failures.max(1) - 1).unwrap_or(0);
    let pause = PAUSES.get(index).copied().unwrap_or(Duration::hours(24));
    pause + pause * i32::from(chance) / 2_560
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reaches_past_three_days_of_outage_before_it_gives_up() {
        for chance in [0, 255] {
            let mut at = Duration::ZERO;
            for failures in 1..=9 {
                at += next_attempt(failures, chance);
            }
            assert!(at > Duration::hours(72) && at < GIVE_UP, "{at}");
        }
    }

    #[test]
    fn it_begins_soon_and_grows() {
        assert_eq!(next_attempt(1, 0), Duration::seconds(5));
        assert_eq!(next_attempt(2, 0), Duration::minutes(5));
        assert_eq!(next_attempt(99, 0), Duration::hours(24));
        for failures in 1..12 {
            assert!(next_attempt(failures, 255) >= next_attempt(failures, 0));
            assert!(next_attempt(failures, 255) <= next_attempt(failures, 0) * 11 / 10);
        }
    }
}
