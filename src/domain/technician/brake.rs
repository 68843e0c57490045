//! Guessing gets slower: after a few failures the next attempt must wait, longer each time, up to a quarter of an hour and
//! never for good. Counted per account as typed (also for unknown ones, so that nothing is told) and per address.
//!
//! Account: four failures are free, then 5, 10, 20, 40, 80 s, from the tenth on 15 min. Address: the same from the 25th on. When
//! more than 300 of all fail within a quarter of an hour, every attempt takes two seconds longer, and nobody is refused for it.

use std::net::{IpAddr, Ipv6Addr};

use aws_lc_rs::digest;
use time::{Duration, OffsetDateTime};

use super::store;
use crate::domain::op::Op;

/// A quarter of an hour without a failure forgets them; no wait is longer.
pub(super) const WINDOW: Duration = Duration::minutes(15);
const FIRST_WAIT: Duration = Duration::seconds(5);
/// Failures between the last free one and the longest wait.
const STEPS: i32 = 6;

/// Failures of all together within a quarter of an hour from which on everybody is slower.
const CEILING: i32 = 300;
/// By how much.
const SLOWER: std::time::Duration = std::time::Duration::from_secs(2);

/// What failures are counted for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Subject {
    pub key: String,
    free: i32,
    /// It makes attempts slower and refuses none.
    only_slows: bool,
}

/// Whether an attempt may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// Once this pause is over, outside of any transaction.
    Go(Pause),
    /// Not before so long; nothing was counted.
    Wait(Duration),
}

/// How much slower an attempt is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pause(std::time::Duration);

impl Pause {
    pub async fn wait(self) {
        if !self.0.is_zero() {
            tokio::time::sleep(self.0).await;
        }
    }
}

impl Subject {
    /// What was typed as a login name, whether or not it is one.
    pub(super) fn account(typed: &str) -> Self {
        let folded = typed.trim().to_lowercase();
        let hash = digest::digest(&digest::SHA256, folded.as_bytes());
        Self {
            key: format!("account:{}", hex::encode(hash)),
            free: 4,
            only_slows: false,
        }
    }

    /// The browser's address; a whole /64 for IPv6, which one person commands.
    pub(super) fn address(ip: &str) -> Self {
        let key = match ip.parse().map(|ip: IpAddr| ip.to_canonical()) {
            Ok(IpAddr::V6(ip)) => {
                let network = Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64);
                format!("address:{network}/64")
            }
            Ok(IpAddr::V4(ip)) => format!("address:{ip}"),
            Err(_) => "address:unknown".to_owned(),
        };
        Self {
            key,
            free: 24,
            only_slows: false,
        }
    }

    /// All logins of this quarter of an hour together.
    pub(super) fn everybody(now: OffsetDateTime) -> Self {
        let quarter = now.unix_timestamp().div_euclid(WINDOW.whole_seconds());
        Self {
            key: format!("everybody:{quarter}"),
            free: CEILING,
            only_slows: true,
        }
    }

    /// How long after the last of so many failures the next attempt must wait.
    fn wait(&self, failures: i32) -> Duration {
        match failures - self.free {
            ..=0 => Duration::ZERO,
            step @ 1..STEPS => FIRST_WAIT * 2_i32.pow(step.unsigned_abs() - 1),
            STEPS.. => WINDOW,
        }
    }
}

/// Count an attempt for all subjects before it is made, so that a hundred at once are not one; it counts as failed until
/// [`take_back`]. When one of them must wait, nothing is counted and the longest wait is the answer.
pub(super) async fn admit(op: &mut Op, subjects: &[Subject]) -> Result<Admission, sqlx::Error> {
    let now = op.now();
    let keys: Vec<String> = subjects.iter().map(|subject| subject.key.clone()).collect();
    let (mut longest, mut pause) = (Duration::ZERO, std::time::Duration::ZERO);
    for (key, failures, last) in store::failures(op, &keys, now - WINDOW).await? {
        let Some(subject) = subjects.iter().find(|subject| subject.key == key) else {
            continue;
        };
        if !subject.only_slows {
            longest = longest.max(last + subject.wait(failures) - now);
        } else if failures > subject.free {
            pause = SLOWER;
        }
    }
    if longest.is_positive() {
        return Ok(Admission::Wait(longest));
    }
    for key in &keys {
        store::count_failure(op, key, now - WINDOW).await?;
    }
    Ok(Admission::Go(Pause(pause)))
}

/// The attempt succeeded or was not looked at: it does not count. Former failures do, and their wait is over, since this one
/// was admitted: after a right password the second factor can be typed at once.
pub(super) async fn take_back(op: &mut Op, subjects: &[Subject]) -> Result<(), sqlx::Error> {
    let now = op.now();
    for subject in subjects {
        let left = store::take_back_failure(op, &subject.key).await?;
        if let Some(left) = left
            && !subject.only_slows
        {
            store::date_failures(op, &subject.key, now - subject.wait(left)).await?;
        }
    }
    Ok(())
}

/// Password and second factor were proved: the account's former failures are forgotten. Not before, or else who knows the
/// password could guess codes for ever.
pub(super) async fn forget(op: &mut Op, account: &Subject) -> Result<(), sqlx::Error> {
    store::forget_failures(op, &account.key).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end_at_a_quarter_of_an_hour() {
        let account = Subject::account("robin@msp.example");
        let waits: Vec<_> = (0..=12).map(|n| account.wait(n).whole_seconds()).collect();
        assert_eq!(waits, [0, 0, 0, 0, 0, 5, 10, 20, 40, 80, 900, 900, 900]);
        assert_eq!(Subject::address("192.0.2.1").wait(24), Duration::ZERO);
        assert_eq!(Subject::address("192.0.2.1").wait(30), WINDOW);
    }

    #[test]
    fn everybody_together_is_counted_anew_each_quarter_of_an_hour() {
        let at = |seconds| OffsetDateTime::from_unix_timestamp(seconds).unwrap();
        assert_eq!(Subject::everybody(at(0)), Subject::everybody(at(899)));
        assert_ne!(Subject::everybody(at(0)), Subject::everybody(at(900)));
    }

    #[test]
    fn one_account_and_one_network_are_one_subject() {
        assert_eq!(
            Subject::account(" Robin@MSP.example"),
            Subject::account("robin@msp.example")
        );
        assert_eq!(
            Subject::address("2001:db8::1"),
            Subject::address("2001:db8::ffff:1")
        );
        assert_ne!(
            Subject::address("2001:db8::1"),
            Subject::address("2001:db8:0:1::1")
        );
        assert_eq!(
            Subject::address("::ffff:192.0.2.1"),
            Subject::address("192.0.2.1")
        );
        assert!(
            !Subject::account("my password, typed in the wrong field")
                .key
                .contains("password")
        );
    }
}
