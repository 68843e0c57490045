//! `breakers`: what Microsoft's answers have shut, so that a restart remembers. By the database's clock alone.

use std::time::Duration;

use sqlx::PgExecutor;
use uuid::Uuid;

use crate::keeper::gate::{Breaker, Lane};

/// A breaker as it was left.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Left {
    pub breaker: Breaker,
    /// In a row; zero when it is open.
    pub times: u32,
    /// Shut for so long yet; zero when the next request may try.
    pub rest: Duration,
    /// It turned so long ago.
    pub turned: Duration,
}

/// The breaker's name, which is also the cause of its incident.
pub fn name(breaker: Breaker) -> String {
    match breaker {
        Breaker::Authority => "authority".to_owned(),
        Breaker::Lane(lane) if lane.with_credential => format!("app:{}:credential", lane.client_id),
        Breaker::Lane(lane) => format!("app:{}", lane.client_id),
    }
}

fn parse(name: &str) -> Option<Breaker> {
    if name == "authority" {
        return Some(Breaker::Authority);
    }
    let lane = name.strip_prefix("app:")?;
    let (client_id, with_credential) = match lane.strip_suffix(":credential") {
        Some(client_id) => (client_id, true),
        None => (lane, false),
    };
    Some(Breaker::Lane(Lane {
        client_id: Uuid::try_parse(client_id).ok()?,
        with_credential,
    }))
}

/// It is shut from now on.
pub async fn shut(
    db: impl PgExecutor<'_>,
    breaker: Breaker,
    pause: Duration,
    times: u32,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into breakers (name, times, shut_until) values ($1, $2, now() + make_interval(secs => $3))
         on conflict (name) do update
         set times = excluded.times, shut_until = excluded.shut_until, turned_at = now()",
        name(breaker),
        i32::try_from(times).unwrap_or(i32::MAX),
        pause.as_secs_f64()
    )
    .execute(db)
    .await?;
    Ok(())
}

/// It is open from now on.
pub async fn open(db: impl PgExecutor<'_>, breaker: Breaker) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into breakers (name, times) values ($1, 0)
         on conflict (name) do update set times = 0, shut_until = null, turned_at = now()",
        name(breaker)
    )
    .execute(db)
    .await?;
    Ok(())
}

/// All that have ever turned.
pub async fn left(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<Left>> {
    let rows = sqlx::query!(
        r#"select name, times, greatest(0, extract(epoch from shut_until - now()))::float8 as rest,
             greatest(0, extract(epoch from now() - turned_at))::float8 as "turned!"
           from breakers"#
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| {
            Some(Left {
                breaker: parse(&row.name)?,
                times: u32::try_from(row.times).ok()?,
                rest: Duration::from_secs_f64(row.rest.unwrap_or(0.0)),
                turned: Duration::from_secs_f64(row.turned),
            })
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_back_to_its_breaker() {
        let lane = |with_credential| {
            Breaker::Lane(Lane {
                client_id: Uuid::from_u128(7),
                with_credential,
            })
        };
        for breaker in [Breaker::Authority, lane(true), lane(false)] {
            assert_eq!(parse(&name(breaker)), Some(breaker));
        }
        assert_eq!(parse("app:nobody"), None);
    }
}
