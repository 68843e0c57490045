//! How long calls took, from counts per range of duration.

use crate::keeper::CALL_BOUNDS_MS;

/// Counts per range of duration; the last range has no upper bound.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Latency(pub Vec<i64>);

impl Latency {
    /// What came since `before`, of the same sums.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        let earlier = before.0.iter().copied().chain(std::iter::repeat(0));
        Self(
            self.0
                .iter()
                .zip(earlier)
                .map(|(now, then)| (now - then).max(0))
                .collect(),
        )
    }

    pub fn calls(&self) -> i64 {
        self.0.iter().sum()
    }

    /// The duration in milliseconds that this share of the calls did not exceed, evenly spread within its range; none
    /// without calls. What lies past the last bound counts as the last bound.
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts and milliseconds for a chart"
    )]
    pub fn quantile_ms(&self, share: f64) -> Option<f64> {
        let calls = self.calls();
        if calls == 0 {
            return None;
        }
        let wanted = share * calls as f64;
        let (mut below, mut lower) = (0.0, 0.0);
        for (count, bound) in self.0.iter().zip(CALL_BOUNDS_MS) {
            let (count, upper) = (*count as f64, bound as f64);
            if count > 0.0 && below + count >= wanted {
                return Some(lower + (upper - lower) * (wanted - below) / count);
            }
            below += count;
            lower = upper;
        }
        Some(lower)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_lies_within_its_range() {
        let latency = Latency(vec![0, 50, 50, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(latency.quantile_ms(0.5), Some(100.0));
        assert_eq!(latency.quantile_ms(0.75), Some(175.0));
        assert_eq!(latency.quantile_ms(1.0), Some(250.0));
    }

    #[test]
    fn without_calls_there_is_none_and_past_the_end_is_the_last_bound() {
        assert_eq!(Latency::default().quantile_ms(0.5), None);
        let slow = Latency(vec![0, 0, 0, 0, 0, 0, 0, 0, 0, 3]);
        assert_eq!(slow.quantile_ms(0.5), Some(20_000.0));
    }

    #[test]
    fn a_difference_never_falls_below_nothing() {
        let (now, before) = (Latency(vec![5, 2]), Latency(vec![3, 4]));
        assert_eq!(now.since(&before), Latency(vec![2, 0]));
        assert_eq!(now.since(&Latency::default()), now);
    }
}
