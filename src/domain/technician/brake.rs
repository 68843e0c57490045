//! Guessing gets slower: after a few failures the next attempt must wait, longer each time, up to a quarter of an hour and
//! never for good. Counted per account as typed (also for unknown ones, so that nothing is told) and per address.
//!
//! Account: four failures are free, then 5, 10, 20, 40, 80 s, from the tenth on 15 min. Address: the same from the 25th on.

use std::net::{IpAddr, Ipv6Addr};

use aws_lc_rs::digest;
use time::Duration;

use super::store;
use crate::domain::op::Op;

/// A quarter of an hour without a failure forgets them; no wait is longer.
pub(super) const WINDOW: Duration = Duration::minutes(15);
const FIRST_WAIT: Duration = Duration::seconds(5);
/// Failures between the last free one and the longest wait.
const STEPS: i32 = 6;

/// What failures are counted for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Subject {
    pub key: String,
    free: i32,
}

impl Subject {
    /// What was typed as a login name, whether or not it is one.
    pub(super) fn account(typed: &str) -> Self {
        let folded = typed.trim().to_lowercase();
        let hash = digest::digest(&digest::SHA256, folded.as_bytes());
        Self {
            key: format!("account:{}", hex::encode(hash)),
            free: 4,
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
        Self { key, free: 24 }
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
/// [`forgive`]. When one of them must wait, nothing is counted and the longest wait is the answer.
pub(super) async fn admit(
    op: &mut Op,
    subjects: &[Subject],
) -> Result<Option<Duration>, sqlx::Error> {
    let now = op.now();
    let keys: Vec<String> = subjects.iter().map(|subject| subject.key.clone()).collect();
    let mut longest = Duration::ZERO;
    for (key, failures, last) in store::failures(op, &keys, now - WINDOW).await? {
        let Some(subject) = subjects.iter().find(|subject| subject.key == key) else {
            continue;
        };
        longest = longest.max(last + subject.wait(failures) - now);
    }
    if longest.is_positive() {
        return Ok(Some(longest));
    }
    for key in &keys {
        store::count_failure(op, key, now - WINDOW).await?;
    }
    Ok(None)
}

/// The attempt succeeded or was not looked at: take it back. A success also forgets the account's former failures.
pub(super) async fn forgive(
    op: &mut Op,
    account: &Subject,
    address: &Subject,
    succeeded: bool,
) -> Result<(), sqlx::Error> {
    if succeeded {
        store::forget_failures(op, &account.key).await?;
    } else {
        store::take_back_failure(op, &account.key).await?;
    }
    store::take_back_failure(op, &address.key).await
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
