//! The portal's steps: what each closes or takes away.

use uuid::Uuid;

use super::{Found, count, store};
use crate::domain::alert;
use crate::domain::customer_mail;
use crate::domain::op::Op;

/// Whoever was signed in signs in again; one-time links are asked for again.
pub(super) async fn sessions(op: &mut Op) -> Result<Found, sqlx::Error> {
    Ok(count([
        ("logins_ended", store::delete_sessions(op).await?),
        ("links_ended", store::delete_links(op).await?),
    ]))
}

/// A link that was withdrawn or used since the backup would be open again, so every open one is closed.
pub(super) async fn invitations(op: &mut Op) -> Result<Found, sqlx::Error> {
    Ok(count([
        ("invitations_closed", store::close_invitations(op).await?),
        ("sign_ins_closed", store::close_flows(op).await?),
    ]))
}

pub(super) async fn technicians(op: &mut Op, restore: Uuid) -> Result<Found, sqlx::Error> {
    Ok(count([
        ("disabled", store::disable_technicians(op, restore).await?),
        ("demoted", store::demote_technicians(op, restore).await?),
        ("limited", store::limit_technicians(op, restore).await?),
        ("logins_reset", store::end_passwords(op, restore).await?),
        ("factors_removed", store::remove_factors(op, restore).await?),
        ("sign_ons_untied", store::untie(op, restore).await?),
        ("codes_ended", store::end_recovery_codes(op).await?),
    ]))
}

pub(super) async fn tenants(op: &mut Op, restore: Uuid) -> Result<Found, sqlx::Error> {
    Ok(count([(
        "stopped",
        store::stop_tenants(op, restore).await?,
    )]))
}

/// The keeper works them anew from the first step: what is gone at Microsoft is found gone.
pub(super) async fn disconnections(op: &mut Op, restore: Uuid) -> Result<Found, sqlx::Error> {
    let begun = store::begin_disconnections(op, restore).await?;
    for disconnection in &begun {
        store::stop_hand_out(op, *disconnection).await?;
    }
    Ok(count([("begun", begun.len() as u64)]))
}

/// There are no API keys yet. When there are: suspend here those that the log says were changed or made since.
pub(super) fn api_keys() -> Found {
    count([("suspended", 0)])
}

/// What is queued may have gone out since the backup, and its links are closed: a technician decides. Channels of alerts may lead
/// elsewhere since: each waits until an admin lets it go.
pub(super) async fn outgoing(op: &mut Op) -> Result<Found, sqlx::Error> {
    Ok(count([
        ("held", customer_mail::hold_all(op).await?),
        ("channels_held", alert::hold_all(op).await?),
    ]))
}
