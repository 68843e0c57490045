//! Why there is no token, for a script and for whoever reads its log: the state, the cause, who acts, what they do, and where.

use axum::http::StatusCode;

use super::{ApiResult, KeyHolder, Problem};
use crate::app::App;
use crate::domain::connection::{self, PendingReason, ShownState};
use crate::domain::tenant::{Resource, Tenant};
use crate::keeper::message::Refusal;
use crate::web::kit::paths::TenantPaths;

/// The keeper's refusal in the API's words.
pub(super) async fn problem(
    app: &App,
    holder: &KeyHolder,
    tenant: &Tenant,
    resource: Resource,
    why: Refusal,
) -> ApiResult<Problem> {
    let unavailable =
        |code, title: &str| Problem::new(StatusCode::SERVICE_UNAVAILABLE, code, title);
    Ok(match why {
        Refusal::NeedsPerson { .. }
        | Refusal::NotThere
        | Refusal::Suspended
        | Refusal::Quarantined => dead(app, holder, tenant, resource, &why).await?,
        Refusal::TtlTooLong { possible_s } => too_long(possible_s),
        Refusal::TryLater { retry_after_s } => {
            let seconds = retry_after_s.and_then(|s| u32::try_from(s).ok());
            unavailable("try_later", "No token right now")
                .detail(
                    "A refresh is under way elsewhere, or Microsoft cannot be reached. Ask again.",
                )
                .retry_after(seconds.unwrap_or(5).max(1))
        }
        Refusal::NoApp => unavailable("no_app", "No usable app registration")
            .detail("The MSP's app registration has no credential that works.")
            .retry_after(60),
        Refusal::Trouble { reference } => {
            unavailable("keeper_unavailable", "Tokens cannot be reached right now")
                .detail("Try again in a few seconds.")
                .with("reference", reference.to_string())
                .retry_after(5)
        }
        Refusal::Busy | Refusal::NotUnderstood | Refusal::BadChallenge => {
            unavailable("keeper_unavailable", "Tokens cannot be reached right now")
                .detail("Try again in a few seconds.")
                .retry_after(5)
        }
    })
}

/// No token lives as long as was asked.
pub(super) fn too_long(possible: u64) -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "ttl_too_long",
        "No access token lives that long",
    )
    .detail(format!(
        "`min_ttl` is {possible} at most. Ask for less, and ask again before each piece of work."
    ))
    .with("possible", possible)
}

const fn whom_it_waits_for(pending: Option<PendingReason>) -> &'static str {
    match pending {
        None => "Its administrator was invited and has yet to follow the link.",
        Some(PendingReason::AwaitingConsent) => {
            "Its administrator has signed in and has yet to consent: the link they were sent leads there."
        }
        Some(PendingReason::AwaitingConfirmation) => {
            "Its administrator has authorised us, and one of us has to confirm it in the console."
        }
    }
}

/// Asking again does not help; somebody has to do something first.
async fn dead(
    app: &App,
    holder: &KeyHolder,
    tenant: &Tenant,
    resource: Resource,
    why: &Refusal,
) -> ApiResult<Problem> {
    let mut op = holder.begin(app).await?;
    let row = connection::one(&mut op, holder.scope(), tenant.id).await?;
    let diagnosis = connection::diagnose(&mut op, holder.scope(), tenant.id).await?;
    let state = row
        .as_ref()
        .map_or(ShownState::NotConnected, |row| row.state);
    let (code, title, detail) = match (why, state) {
        (Refusal::Suspended, _) | (_, ShownState::Suspended) => (
            "tenant_suspended",
            "This tenant is suspended",
            "It is paused. Resume it, then ask again.".to_owned(),
        ),
        // Connected, and this resource is not in its set or was never acquired.
        (Refusal::NotThere, ShownState::Valid | ShownState::Expiring | ShownState::Retrying) => (
            "resource_not_connected",
            "This tenant has no token of this resource",
            format!(
                "Its authorisation does not cover {}. Add it to the tenant's resources and send an invitation.",
                resource.name()
            ),
        ),
        (_, ShownState::InvitationPending) => (
            "not_connected",
            "This tenant is not connected",
            whom_it_waits_for(row.as_ref().and_then(|row| row.pending)).to_owned(),
        ),
        (Refusal::NotThere, _) | (_, ShownState::NotConnected) => (
            "not_connected",
            "This tenant is not connected",
            "Its administrator has yet to authorise us: send an invitation.".to_owned(),
        ),
        _ => (
            "needs_person",
            "The authorisation is dead",
            diagnosis.as_ref().map_or_else(
                || "A person must renew it.".to_owned(),
                |diagnosis| diagnosis.headline.clone(),
            ),
        ),
    };
    let page = app
        .site
        .base_url
        .join(&TenantPaths(tenant.short_name.as_str()).m365());
    // Of one voice: what the list says may be older than what was looked at just now.
    let (cause, who) = match &diagnosis {
        Some(diagnosis) => (Some(diagnosis.cause), Some(diagnosis.who_acts)),
        None => (
            row.as_ref().and_then(|row| row.cause),
            row.as_ref().and_then(connection::Row::who_acts),
        ),
    };
    // What has no diagnosis says all of it in one sentence.
    let remedy = diagnosis.map_or_else(|| vec![detail.clone()], |diagnosis| diagnosis.remedy);
    Ok(Problem::conflict(code, detail)
        .titled(title)
        .with("state", state.as_str())
        .with(
            "cause",
            cause.map(crate::domain::diagnosis::Category::as_str),
        )
        .with(
            "who_acts",
            who.map(crate::domain::diagnosis::WhoActs::as_str),
        )
        .with("remedy", remedy)
        .with("console_url", page.map(String::from).unwrap_or_default()))
}
