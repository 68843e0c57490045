//! The worker's part: sums up days that are not summed up to their end yet, some tenants at a time, then their months.
//! Doing it again gives the same sums, so several replicas may do it at once.

use std::collections::BTreeMap;
use std::ops::Range;

use sqlx::PgPool;
use time::{Date, Duration, OffsetDateTime};
use uuid::Uuid;

use super::store::{self, Counted};
use super::{CauseSums, DaySums, Month, Sums};
use crate::clock::Clock;
use crate::domain::diagnosis::Category;
use crate::domain::history::{Kept, Span, days, measure, spans_of_many};
use crate::domain::op::{Actor, Op};

/// Tenants in one transaction.
const BATCH: i64 = 500;
/// Days that are looked back for; what lies before is not summed up any more.
const LOOK_BACK: Duration = Duration::days(92);
/// Days summed up by one run, the latest first; the next run goes on.
const DAYS: usize = 31;
/// A day is closed so long after its end: whatever was under way is written by then.
const LATE: Duration = Duration::minutes(15);

/// Sum up what is not yet; gives the number of days.
pub async fn roll_up(pool: &PgPool, clock: &Clock) -> Result<usize, sqlx::Error> {
    let now = clock.now();
    let mut op = begin(pool, clock).await?;
    let open = store::open_days(&mut op, (now - LOOK_BACK).date(), now.date()).await?;
    drop(op);
    let mut months = Vec::new();
    let turn: Vec<_> = open.into_iter().take(DAYS).collect();
    for day in &turn {
        let start = day.midnight().assume_utc();
        let window = start..(start + Duration::DAY).min(now);
        let mut after = None;
        loop {
            let mut op = begin(pool, clock).await?;
            let tenants = store::tenants_after(&mut op, after, BATCH).await?;
            after = tenants.last().copied();
            if after.is_none() {
                break;
            }
            sum_up(&mut op, *day, &window, &tenants).await?;
            op.commit().await?;
        }
        let end = start + Duration::DAY;
        let counted_until = if now >= end + LATE {
            end
        } else {
            now.min(end - Duration::SECOND)
        };
        let mut op = begin(pool, clock).await?;
        store::keep_counted_until(&mut op, *day, counted_until).await?;
        op.commit().await?;
        months.push(Month::of(*day));
    }
    months.dedup();
    for month in months {
        let mut after = None;
        loop {
            let mut op = begin(pool, clock).await?;
            let tenants = store::tenants_after(&mut op, after, BATCH).await?;
            after = tenants.last().copied();
            if after.is_none() {
                break;
            }
            store::sum_up_month(&mut op, month, &tenants).await?;
            op.commit().await?;
        }
    }
    Ok(turn.len())
}

async fn begin(pool: &PgPool, clock: &Clock) -> Result<Op, sqlx::Error> {
    Op::begin(pool, clock, Actor::Worker("reports")).await
}

async fn sum_up(
    op: &mut Op,
    day: Date,
    window: &Range<OffsetDateTime>,
    tenants: &[Uuid],
) -> Result<(), sqlx::Error> {
    let lives = spans_of_many(op, tenants, window.start, window.end).await?;
    let counted = store::count(op, tenants, window).await?;
    let errors = store::count_errors(op, tenants, window).await?;
    let mut sums = Vec::new();
    let mut causes = Vec::new();
    for tenant in tenants {
        let spans = lives.get(tenant).map(Vec::as_slice).unwrap_or_default();
        let one = sums_of(
            spans,
            day,
            window,
            counted.get(tenant).copied().unwrap_or_default(),
        );
        let is_gone = matches!(one.worst, None | Some(Kept::Archived));
        if is_gone && one.sums == Sums::default() {
            continue;
        }
        sums.push((*tenant, one));
        let of = errors.get(tenant).map(Vec::as_slice).unwrap_or_default();
        for cause in causes_of(spans, window, of) {
            causes.push((*tenant, cause));
        }
    }
    store::keep_days(op, day, tenants, &sums).await?;
    store::keep_causes(op, day, tenants, &causes).await
}

/// One tenant's day: what its states say, and what was counted.
fn sums_of(spans: &[Span], day: Date, window: &Range<OffsetDateTime>, counted: Counted) -> DaySums {
    let spent = measure(spans, window);
    let back = recoveries(spans, window);
    let worst = days(spans, day, window.end - Duration::NANOSECOND)
        .first()
        .and_then(|day| day.worst);
    DaySums {
        day,
        worst,
        sums: Sums {
            up: spent.up,
            down: spent.down,
            renewals: counted.renewals,
            recoveries: i64::try_from(back.len()).unwrap_or(i64::MAX),
            recovery: back.iter().sum(),
            errors: counted.errors,
            invitations: counted.invitations,
            completed: counted.completed,
        },
    }
}

/// How long access had been lost, for each time it came back within the window.
fn recoveries(spans: &[Span], window: &Range<OffsetDateTime>) -> Vec<Duration> {
    let pairs = spans.iter().zip(spans.iter().skip(1));
    pairs
        .filter(|(lost, next)| {
            lost.state == Kept::Expired && matches!(next.state, Kept::Valid | Kept::Retrying)
        })
        .filter(|(_, next)| window.contains(&next.since))
        .map(|(lost, next)| next.since - lost.since)
        .collect()
}

fn causes_of(
    spans: &[Span],
    window: &Range<OffsetDateTime>,
    errors: &[(Category, i64)],
) -> Vec<CauseSums> {
    let mut causes: BTreeMap<&'static str, CauseSums> = BTreeMap::new();
    let mut of = |cause: Category, errors: i64, lost: Duration| {
        let sums = causes.entry(cause.as_str()).or_insert(CauseSums {
            cause,
            errors: 0,
            lost: Duration::ZERO,
        });
        sums.errors += errors;
        sums.lost += lost;
    };
    for (cause, count) in errors {
        of(*cause, *count, Duration::ZERO);
    }
    for span in spans {
        let lost = measure(std::slice::from_ref(span), window).down;
        if lost.is_positive() {
            of(span.cause.unwrap_or(Category::Unknown), 0, lost);
        }
    }
    causes.into_values().collect()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn span(state: Kept, since: OffsetDateTime, until: Option<OffsetDateTime>) -> Span {
        Span {
            state,
            connection: None,
            cause: (state == Kept::Expired).then_some(Category::PasswordChanged),
            since,
            until,
            access_until: None,
            concluded: false,
        }
    }

    #[test]
    fn a_day_tells_what_was_lost_and_what_came_back() {
        let (day, lost, back) = (
            datetime!(2026-11-20 00:00 UTC),
            datetime!(2026-11-19 18:00 UTC),
            datetime!(2026-11-20 06:00 UTC),
        );
        let spans = [
            span(Kept::Expired, lost, Some(back)),
            span(Kept::Valid, back, None),
        ];
        let window = day..day + Duration::DAY;
        let sums = sums_of(&spans, day.date(), &window, Counted::default());
        assert_eq!(sums.worst, Some(Kept::Expired));
        assert_eq!(sums.sums.uptime(), Some(0.75));
        assert_eq!(sums.sums.recoveries, 1);
        assert_eq!(
            sums.sums.recovery,
            Duration::hours(12),
            "from its beginning, the day before"
        );
        let causes = causes_of(&spans, &window, &[(Category::PasswordChanged, 7)]);
        let [cause] = causes[..] else {
            panic!("{causes:?}")
        };
        assert_eq!((cause.errors, cause.lost), (7, Duration::hours(6)));
    }

    #[test]
    fn a_paused_loss_has_not_come_back() {
        let (day, paused) = (
            datetime!(2026-11-20 00:00 UTC),
            datetime!(2026-11-20 06:00 UTC),
        );
        let spans = [
            span(Kept::Expired, day, Some(paused)),
            span(Kept::Suspended, paused, None),
        ];
        assert!(recoveries(&spans, &(day..day + Duration::DAY)).is_empty());
    }
}
