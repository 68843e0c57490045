//! Equal errors as one: the same tenant, cause and resource, with how many, the first and the last. Kept when an error is
//! recorded; read here.

use time::OffsetDateTime;

use super::{Filter, From, MsalError, Row, store};
use crate::domain::op::{Op, Scope};
use crate::storage::{MsalErrorId, TenantId};

/// Equal errors.
#[derive(Clone, Debug)]
pub struct Fold {
    /// The last of them.
    pub last: Row,
    /// How many are still recorded.
    pub errors: i64,
    /// Every AADSTS number that stood for it.
    pub codes: Vec<i32>,
    /// The first ever, even when its record is past retention.
    pub first_id: MsalErrorId,
    pub first_at: OffsetDateTime,
}

/// One page, the newest first, and whether there is more on either side.
#[derive(Clone, Debug, Default)]
pub struct FoldPage {
    pub folds: Vec<Fold>,
    pub newer: bool,
    pub older: bool,
}

/// A tenant that has the same error.
#[derive(Clone, Debug)]
pub struct Alike {
    pub tenant_id: TenantId,
    pub short_name: String,
    pub full_name: String,
    pub resource: String,
    pub errors: i64,
    pub last_id: MsalErrorId,
    pub last_at: OffsetDateTime,
}

/// One page of equal errors. Of the filter count tenant, cause, resource, number and time; a search looks at single errors.
pub async fn folds(
    op: &mut Op,
    scope: Scope,
    filter: &Filter,
    from: From,
    limit: usize,
) -> Result<FoldPage, sqlx::Error> {
    let asked = i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX);
    let mut folds = store::folds::page(op, scope, filter, from, asked).await?;
    let more = folds.len() > limit;
    folds.truncate(limit);
    let (newer, older) = match from {
        From::Newest => (false, more),
        From::OlderThan(_) => (true, more),
        From::NewerThan(_) => {
            folds.reverse();
            (more, true)
        }
    };
    Ok(FoldPage {
        folds,
        newer,
        older,
    })
}

/// The equal errors that one belongs to; none when it is out of scope.
pub async fn fold_of(
    op: &mut Op,
    scope: Scope,
    error: &MsalError,
) -> Result<Option<Fold>, sqlx::Error> {
    store::folds::of(op, scope, error).await
}

/// The tenants within `scope` with the same cause and number, whoever had it last first; at most `limit`.
pub async fn alike(
    op: &mut Op,
    scope: Scope,
    error: &MsalError,
    limit: i64,
) -> Result<Vec<Alike>, sqlx::Error> {
    store::folds::alike(op, scope, error, limit).await
}
