//! Every call to Entra and Graph on behalf of a tenant, newest first. Pages go by time and number, so that they neither
//! shift nor slow down as calls come in.

use std::str::FromStr;

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::store;
use crate::domain::op::{Op, Scope};
use crate::storage::{MsalErrorId, TenantId};

/// Calls are kept so long.
pub const CALLS_KEPT: Duration = Duration::days(30);

/// One call.
#[derive(Clone, Debug)]
pub struct Call {
    pub place: CallPlace,
    pub operation: String,
    /// Word of the resource; empty when the call was for none.
    pub resource: String,
    /// None when no HTTP answer came.
    pub http_status: Option<i32>,
    /// `ok`, or the class of the failure.
    pub outcome: String,
    pub duration_ms: i32,
    /// Ours, sent with the call.
    pub correlation_id: Uuid,
    /// Microsoft's; empty when it gave none.
    pub trace_id: String,
    /// The recorded failure, while it is kept.
    pub error_id: Option<MsalErrorId>,
}

/// Which call: its instant in microseconds and its number. Written `1790000000000000-42`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallPlace {
    pub at: OffsetDateTime,
    pub id: i64,
}

/// A text that is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the place of a call")]
pub struct NoPlace;

impl std::fmt::Display for CallPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.at.unix_timestamp_nanos() / 1000, self.id)
    }
}

impl FromStr for CallPlace {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let (micros, id) = text.split_once('-').ok_or(NoPlace)?;
        let micros: i64 = micros.parse().map_err(|_| NoPlace)?;
        let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1000);
        Ok(Self {
            at: at.map_err(|_| NoPlace)?,
            id: id.parse().map_err(|_| NoPlace)?,
        })
    }
}

/// Which calls a list shows; the default shows all that are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallFilter {
    pub operation: Option<String>,
    pub outcome: CallOutcome,
}

/// How calls ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CallOutcome {
    #[default]
    Any,
    Ok,
    Failed,
}

impl CallOutcome {
    /// The word in addresses; anything else means any.
    pub fn from_word(word: &str) -> Self {
        match word {
            "ok" => Self::Ok,
            "failed" => Self::Failed,
            _ => Self::Any,
        }
    }
}

/// One page, newest first.
#[derive(Clone, Debug, Default)]
pub struct CallPage {
    pub rows: Vec<Call>,
    /// There are older ones.
    pub more: bool,
}

/// A page of the calls older than `after`, the newest when none is given.
pub async fn calls(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
    filter: &CallFilter,
    after: Option<CallPlace>,
    limit: usize,
) -> Result<CallPage, sqlx::Error> {
    let asked = i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX);
    let mut rows = store::calls(op, scope, tenant, filter, after, asked).await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    Ok(CallPage { rows, more })
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_place_survives_an_address() {
        let place = CallPlace {
            at: datetime!(2026-11-21 10:00:00.123456 UTC),
            id: 42,
        };
        assert_eq!(place.to_string().parse(), Ok(place));
        for odd in ["", "1", "x-1", "1-x", "9223372036854775807-1"] {
            assert_eq!(odd.parse::<CallPlace>(), Err(NoPlace), "{odd}");
        }
    }
}
