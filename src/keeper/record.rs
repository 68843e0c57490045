//! Calls outside the refresh protocol into `entra_calls`, their failures into `msal_errors`.

use sqlx::PgConnection;

use super::core::Core;
use super::refresh::{Class, record_failure};
use super::store::records::{self, Noted, Subject};
use crate::entra::{CallRecord, Exchange, Failure};

/// Record a call with its failure, if any.
pub(super) async fn note<T>(
    core: &Core,
    subject: &Subject,
    exchange: &Exchange<T>,
) -> sqlx::Result<Option<Noted>> {
    match &exchange.outcome {
        Ok(_) => {
            records::insert_call(&core.pool, subject, &exchange.call, "ok", None).await?;
            Ok(None)
        }
        Err(failure) => {
            let mut tx = core.pool.begin().await?;
            let noted = failed(&mut tx, core, subject, &exchange.call, failure).await?;
            tx.commit().await?;
            Ok(Some(noted))
        }
    }
}

/// Record a failed call within a transaction.
pub(super) async fn failed(
    tx: &mut PgConnection,
    core: &Core,
    subject: &Subject,
    call: &CallRecord,
    failure: &Failure,
) -> sqlx::Result<Noted> {
    let class = Class::of(failure).as_str();
    let (noted, _) = record_failure(tx, subject, call, failure, class, core.clock.now()).await?;
    Ok(noted)
}
