//! How long to wait after passing trouble: full jitter on a doubling base, and what Microsoft asked for.

use std::time::Duration;

const BASE: Duration = Duration::from_secs(30);
const CAP: Duration = Duration::from_hours(1);
const LEAST: Duration = Duration::from_secs(1);

/// The wait after the `attempt`-th claim without success (from 1). What Microsoft asked for is kept, between 1 s and 1 h,
/// with a tenth on top at most, so that those who were told the same do not come back together. `jitter` is 0 to 1.
pub fn after(attempt: i32, asked: Option<Duration>, jitter: f64) -> time::Duration {
    let wait = if let Some(asked) = asked {
        let spread = asked.clamp(LEAST, CAP).mul_f64(1.0 + jitter / 10.0);
        spread.min(CAP)
    } else {
        let doublings = u32::try_from(attempt - 1).unwrap_or(0).min(12);
        let longest = (BASE * 2_u32.pow(doublings)).min(CAP);
        longest.mul_f64(jitter).max(LEAST)
    };
    time::Duration::seconds_f64(wait.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_from_half_a_minute_to_an_hour() {
        let longest = |attempt| after(attempt, None, 1.0).whole_seconds();
        assert_eq!(
            [0, 1, 2, 3, 7, 8, 40, i32::MAX].map(longest),
            [30, 30, 60, 120, 1920, 3600, 3600, 3600]
        );
        assert_eq!(after(5, None, 0.0), time::Duration::seconds(1));
    }

    #[test]
    fn what_was_asked_for_is_kept_within_reason() {
        let asked = |seconds| after(1, Some(Duration::from_secs(seconds)), 0.0).whole_seconds();
        assert_eq!([0, 7, 90_000].map(asked), [1, 7, 3600]);
    }
}
