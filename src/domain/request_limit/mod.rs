//! So many requests through a costly or public door in so long, per address or per technician, counted in the database: all
//! replicas of the portal share the counts. When they cannot be read the door is shut. Logins have a brake of their own.

mod store;

use std::net::{IpAddr, Ipv6Addr};

use sqlx::PgPool;
use time::{Duration, OffsetDateTime};

use super::op::Op;
use crate::storage::TechnicianId;

/// Counts older than this matter to no door.
const LONGEST: Duration = Duration::hours(1);

/// A door with a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// Whole lists as a file.
    Export,
    /// What browsers report about the content policy; open to everybody.
    CspReport,
}

impl Door {
    const fn name(self) -> &'static str {
        match self {
            Self::Export => "export",
            Self::CspReport => "csp_report",
        }
    }

    /// Requests, and within which time.
    pub const fn limit(self) -> (i32, Duration) {
        match self {
            Self::Export => (20, Duration::minutes(5)),
            Self::CspReport => (30, Duration::minutes(1)),
        }
    }
}

/// For whom is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who<'a> {
    Technician(TechnicianId),
    /// An address as text; a whole /64 for IPv6, which one person commands.
    Address(&'a str),
}

/// Too many: the door opens again after `wait`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany {
    pub wait: Duration,
}

/// Go through the door once; counts only when it is open.
pub async fn pass(
    op: &mut Op,
    door: Door,
    who: &Who<'_>,
) -> Result<Result<(), TooMany>, sqlx::Error> {
    let (most, span) = door.limit();
    let subject = subject(door, who);
    if store::take(op, &subject, most, span).await? {
        return Ok(Ok(()));
    }
    let began = store::began_at(op, &subject).await?;
    let wait = began.map_or(span, |began| began + span - op.now());
    Ok(Err(TooMany {
        wait: wait.max(Duration::SECOND),
    }))
}

/// Forget counts that matter to no door any more. Run by a worker.
pub async fn sweep(pool: &PgPool, now: OffsetDateTime) -> Result<u64, sqlx::Error> {
    store::delete(pool, now - LONGEST).await
}

fn subject(door: Door, who: &Who<'_>) -> String {
    let door = door.name();
    match who {
        Who::Technician(id) => format!("{door}:technician:{id}"),
        Who::Address(ip) => format!("{door}:address:{}", network(ip)),
    }
}

fn network(ip: &str) -> String {
    match ip.parse().map(|ip: IpAddr| ip.to_canonical()) {
        Ok(IpAddr::V6(ip)) => {
            let network = Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64);
            format!("{network}/64")
        }
        Ok(IpAddr::V4(ip)) => ip.to_string(),
        Err(_) => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_network_is_one_subject_and_each_door_counts_for_itself() {
        let of = |door, ip| subject(door, &Who::Address(ip));
        assert_eq!(
            of(Door::CspReport, "2001:db8::1"),
            of(Door::CspReport, "2001:db8::ffff")
        );
        assert_eq!(
            of(Door::CspReport, "::ffff:192.0.2.1"),
            "csp_report:address:192.0.2.1"
        );
        assert_ne!(
            of(Door::CspReport, "192.0.2.1"),
            of(Door::Export, "192.0.2.1")
        );
        assert_eq!(of(Door::Export, "x' or 1=1"), "export:address:unknown");
    }

    #[test]
    fn no_door_counts_longer_than_counts_are_kept() {
        for door in [Door::Export, Door::CspReport] {
            assert!(door.limit().1 <= LONGEST, "{door:?}");
        }
    }
}
