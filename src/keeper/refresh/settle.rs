//! After a commit of which nobody knows whether it arrived, or one that found the row changed: what the store holds
//! decides. Pure; security.md section 7, step 7.

use time::OffsetDateTime;

/// The row as it is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    pub version: i64,
    pub obtained_at: OffsetDateTime,
    /// Its fingerprint is that of our new token.
    pub is_ours: bool,
}

/// The answer that is to be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ours {
    /// The version that its grant was opened from.
    pub version: i64,
    pub sent_at: OffsetDateTime,
}

/// What to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// The store holds this answer, or a newer one.
    There,
    /// The connection's secrets are gone: nothing may come back to life.
    Erased,
    /// Store it again, comparing with this version.
    Again { from: i64 },
}

/// The whole rule: equal fingerprint, done; version unchanged, again; version moved, the newer answer stays.
pub fn settle(seen: Option<Seen>, ours: Ours) -> Settled {
    let Some(seen) = seen else {
        return Settled::Erased;
    };
    let newer = seen.version > ours.version && seen.obtained_at >= ours.sent_at;
    if seen.is_ours || newer {
        Settled::There
    } else {
        Settled::Again { from: seen.version }
    }
}

/// Does a refusal count, which the grant of version `opened` met, when the row is at `seen` by now? The token that was
/// refused must still be the stored one: a newer one was refused by nobody. Without a row there is nothing to doubt.
pub fn counts(seen: Option<i64>, opened: i64) -> bool {
    seen.is_none_or(|version| version == opened)
}

#[cfg(test)]
mod tests {
    use time::Duration;
    use time::macros::datetime;

    use super::*;

    const SENT: OffsetDateTime = datetime!(2026-03-02 08:00 UTC);
    const OURS: Ours = Ours {
        version: 4,
        sent_at: SENT,
    };

    fn seen(version: i64, later: Duration, is_ours: bool) -> Seen {
        Seen {
            version,
            obtained_at: SENT + later,
            is_ours,
        }
    }

    #[test]
    fn a_commit_whose_answer_was_lost_is_found_by_its_fingerprint() {
        assert_eq!(
            settle(Some(seen(5, Duration::ZERO, true)), OURS),
            Settled::There
        );
    }

    #[test]
    fn an_unchanged_row_is_written_again_and_a_newer_one_stays() {
        let before = -Duration::HOUR;
        assert_eq!(
            settle(Some(seen(4, before, false)), OURS),
            Settled::Again { from: 4 }
        );
        assert_eq!(
            settle(Some(seen(5, Duration::SECOND, false)), OURS),
            Settled::There
        );
        // Another keeper's answer to an earlier question: ours is the newer one.
        assert_eq!(
            settle(Some(seen(5, before, false)), OURS),
            Settled::Again { from: 5 }
        );
    }

    #[test]
    fn a_refusal_counts_for_the_token_that_met_it_alone() {
        assert!(counts(Some(4), 4));
        assert!(!counts(Some(5), 4));
        assert!(counts(None, 4));
    }

    #[test]
    fn what_was_disconnected_meanwhile_stays_so() {
        assert_eq!(settle(None, OURS), Settled::Erased);
    }
}
