//! The rhythm of deaths: authorisations that end again and again after the same time end by a rule, not by accident. Pure.
//!
//! When a token died is known only between its last use and the first refusal, about a day apart; several deaths together
//! narrow it down.

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::category::Category;
use super::facts::TokenClass;

/// One ended authorisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Life {
    pub obtained_at: OffsetDateTime,
    pub last_ok_at: Option<OffsetDateTime>,
    pub died_at: OffsetDateTime,
    pub cause: Category,
    /// AADSTS number, when there was one.
    pub code: Option<u32>,
    pub class: Option<TokenClass>,
    /// Object id of the account.
    pub account: Option<Uuid>,
}

/// Equal lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rhythm {
    /// From sign-in to death.
    pub period: Duration,
    /// How many lives in a row had it.
    pub lives: usize,
}

/// Fewer may be chance.
const LEAST: usize = 3;
/// Two clocks may be apart by minutes.
const ASKEW: Duration = Duration::minutes(5);
/// What rules are usually set to, days.
const USUAL_DAYS: [i64; 12] = [1, 2, 3, 5, 7, 10, 14, 21, 30, 60, 90, 180];
/// The same, hours.
const USUAL_HOURS: [i64; 9] = [1, 2, 4, 6, 8, 9, 10, 12, 16];

/// The rhythm of the newest lives (the newest first): at least three in a row of the same account and kind of token that
/// ended by the same cause, all of which one length between sign-in and death fits. None when the lengths differ, or when
/// so little is known that several lengths would fit equally well.
pub fn rhythm(lives: &[Life]) -> Option<Rhythm> {
    let newest = lives.first()?;
    let alike = lives.iter().take_while(|life| {
        (life.cause, life.class, life.account) == (newest.cause, newest.class, newest.account)
    });
    let mut found = None;
    let (mut from, mut to) = (Duration::ZERO, Duration::MAX);
    for (count, life) in (1..).zip(alike) {
        from = from.max(life.at_least());
        to = to.min(life.at_most());
        if from > to {
            break;
        }
        if count >= LEAST {
            found = period(from, to).map(|period| Rhythm {
                period,
                lives: count,
            });
        }
    }
    found
}

impl Life {
    fn at_least(&self) -> Duration {
        let last_ok = self.last_ok_at.unwrap_or(self.obtained_at);
        (last_ok - self.obtained_at - ASKEW).max(Duration::ZERO)
    }

    fn at_most(&self) -> Duration {
        self.died_at - self.obtained_at + ASKEW
    }
}

/// The one sensible length between `from` and `to`.
fn period(from: Duration, to: Duration) -> Option<Duration> {
    let within = |candidates: &[i64], unit: fn(i64) -> Duration| {
        let mut fitting = candidates
            .iter()
            .map(|count| unit(*count))
            .filter(|length| (from..=to).contains(length));
        (fitting.next(), fitting.next())
    };
    // Microsoft lets a token live a little past the limit: from a day up, whole days alone count.
    let usual = if to < Duration::DAY {
        within(&USUAL_HOURS, Duration::hours)
    } else {
        within(&USUAL_DAYS, Duration::days)
    };
    match usual {
        (Some(length), None) => return Some(length),
        (Some(_), Some(_)) => return None,
        (None, _) => {}
    }
    let mut days = (from.whole_days().max(1)..=to.whole_days().min(400))
        .map(Duration::days)
        .filter(|length| *length >= from);
    match (days.next(), days.next()) {
        (Some(length), None) => Some(length),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    /// Lives of so many hours each, noticed up to `late` hours later, the newest first.
    fn lives(hours: &[i64], late: i64) -> Vec<Life> {
        let mut at = datetime!(2026-11-01 00:00 UTC);
        hours
            .iter()
            .map(|hours| {
                let died_at = at;
                let obtained_at = died_at - Duration::hours(hours + late / 2);
                at = obtained_at - Duration::days(2);
                Life {
                    obtained_at,
                    last_ok_at: Some(died_at - Duration::hours(late)),
                    died_at,
                    cause: Category::MfaRequired,
                    code: Some(50_078),
                    class: Some(TokenClass::Public),
                    account: None,
                }
            })
            .collect()
    }

    fn days_of(lives: &[Life]) -> Option<(i64, usize)> {
        rhythm(lives).map(|found| (found.period.whole_days(), found.lives))
    }

    #[test]
    fn three_equal_lives_are_a_rhythm_and_two_are_none() {
        let day = 24;
        assert_eq!(days_of(&lives(&[14 * day; 3], 24)), Some((14, 3)));
        assert_eq!(days_of(&lives(&[14 * day; 6], 24)), Some((14, 6)));
        assert_eq!(days_of(&lives(&[14 * day; 2], 24)), None);
        assert_eq!(days_of(&lives(&[], 24)), None);
    }

    #[test]
    fn lives_of_different_lengths_are_none() {
        assert_eq!(days_of(&lives(&[7 * 24, 9 * 24, 30 * 24], 24)), None);
        assert_eq!(days_of(&lives(&[14 * 24, 13 * 24, 15 * 24], 12)), None);
    }

    #[test]
    fn an_older_life_of_another_length_ends_the_rhythm() {
        let day = 24;
        let found = lives(&[7 * day, 7 * day, 7 * day, 40 * day], 24);
        assert_eq!(days_of(&found), Some((7, 3)));
    }

    #[test]
    fn hours_count_as_well() {
        let found = rhythm(&lives(&[12; 4], 2)).unwrap();
        assert_eq!((found.period, found.lives), (Duration::hours(12), 4));
    }

    #[test]
    fn another_cause_account_or_kind_of_token_breaks_it() {
        let mut mixed = lives(&[7 * 24; 3], 24);
        mixed[1].cause = Category::PasswordChanged;
        assert_eq!(rhythm(&mixed), None);
        let mut mixed = lives(&[7 * 24; 3], 24);
        mixed[2].account = Some(Uuid::max());
        assert_eq!(rhythm(&mixed), None);
        let mut mixed = lives(&[7 * 24; 3], 24);
        mixed[2].class = Some(TokenClass::Confidential);
        assert_eq!(rhythm(&mixed), None);
    }

    #[test]
    fn what_was_noticed_too_late_tells_nothing() {
        // Nobody looked for two weeks: anything from a day to two weeks fits.
        let mut vague = lives(&[14 * 24; 3], 24);
        for life in &mut vague {
            life.last_ok_at = None;
        }
        assert_eq!(rhythm(&vague), None);
    }

    #[test]
    fn an_unusual_number_of_days_is_a_rhythm_too() {
        assert_eq!(days_of(&lives(&[11 * 24; 3], 20)), Some((11, 3)));
    }
}
