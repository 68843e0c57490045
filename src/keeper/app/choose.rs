//! Which of several usable credentials is shown to Microsoft. Pure.

use std::cmp::Reverse;

use time::OffsetDateTime;

use crate::entra::Credential;

/// What the choice looks at.
#[derive(Clone, Debug)]
pub(super) struct Rank {
    pub is_certificate: bool,
    pub not_after: Option<OffsetDateTime>,
    pub worked_at: Option<OffsetDateTime>,
}

impl Rank {
    pub const fn of(
        credential: &Credential,
        not_after: Option<OffsetDateTime>,
        worked_at: Option<OffsetDateTime>,
    ) -> Self {
        Self {
            is_certificate: matches!(credential, Credential::Certificate { .. }),
            not_after,
            worked_at,
        }
    }
}

/// The best first: not past its end, accepted by Microsoft before, a certificate, the later end, the one that worked last.
/// That it worked *last* decides last: two keepers that each note their own use would else change places for ever.
pub(super) fn order<T>(all: &mut [T], now: OffsetDateTime, rank: impl Fn(&T) -> &Rank) {
    all.sort_by_key(|one| {
        let rank = rank(one);
        (
            rank.not_after.is_some_and(|end| end <= now),
            rank.worked_at.is_none(),
            !rank.is_certificate,
            Reverse(rank.not_after),
            Reverse(rank.worked_at),
        )
    });
}

#[cfg(test)]
mod tests {
    use time::Duration;
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-03-02 12:00 UTC);

    fn rank(is_certificate: bool, days: Option<i64>, worked: Option<i64>) -> Rank {
        let at = |days: i64| NOW + Duration::days(days);
        Rank {
            is_certificate,
            not_after: days.map(at),
            worked_at: worked.map(at),
        }
    }

    #[test]
    fn the_best_comes_first() {
        let best_first = [
            ("certificate, long", rank(true, Some(300), Some(-9))),
            ("certificate, short", rank(true, Some(10), Some(-1))),
            ("secret, long", rank(false, Some(500), Some(0))),
            ("secret, used lately", rank(false, None, Some(-1))),
            ("secret, used before", rank(false, None, Some(-2))),
            ("certificate, never accepted", rank(true, Some(700), None)),
            ("certificate, over", rank(true, Some(-1), Some(-2))),
        ];
        let mut shuffled = best_first.clone();
        shuffled.reverse();
        order(&mut shuffled, NOW, |(_, rank)| rank);
        assert_eq!(
            shuffled.map(|(name, _)| name),
            best_first.map(|(name, _)| name)
        );
    }
}
