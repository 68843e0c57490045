//! The portal's steps: what each closes or takes away.

use uuid::Uuid;

use super::{Found, count, store};
use crate::domain::op::Op;
use crate::domain::{alert, campaign, customer_mail};

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

/// Those that were changed since the backup wait for a person: nobody knows what was taken from them. Without a log that is
/// every one. Keys that were made since are not in the backup, and work no more.
pub(super) async fn api_keys(
    op: &mut Op,
    restore: Uuid,
    without_log: bool,
) -> Result<Found, sqlx::Error> {
    let suspended = store::suspend_api_keys(op, restore, without_log).await?;
    Ok(count([("suspended", suspended)]))
}

/// What is queued may have gone out since the backup, to places that may have changed since, and its links are closed: customers'
/// mails wait until a technician decides, channels of alerts until an admin lets them go. Campaigns may have asked tenants that
/// wait again now; they are paused.
pub(super) async fn outgoing(op: &mut Op) -> Result<Found, sqlx::Error> {
    Ok(count([
        ("held", customer_mail::hold_all(op).await?),
        ("channels_held", alert::hold_all(op).await?),
        ("suspended", campaign::pause_all(op).await?),
    ]))
}
