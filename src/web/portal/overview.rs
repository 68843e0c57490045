//! A tenant's overview: its state and what to do next, facts, the newest errors, and the newest calls to Microsoft.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use time::OffsetDateTime;

use super::Visit;
use crate::app::App;
use crate::domain::connection::{self, Call, Detail, PendingReason, ShownState};
use crate::domain::msal_error;
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::WebResult;
use crate::web::kit::paging::with_query;
use crate::web::kit::paths::TenantPaths;
use crate::web::kit::viewer::Viewer;
use crate::web::kit::when::When;
use crate::web::parts::diagnosis::renew;
use crate::web::parts::invitations::From;
use crate::web::parts::msal_errors::{ErrorLine, operation, resource_name};
use crate::web::parts::standing::StateView;

/// Errors and calls shown; the rest is on pages of their own.
const ERRORS: usize = 5;
const CALLS: i64 = 20;

#[derive(Template, WebTemplate)]
#[template(path = "portal/overview/show.html")]
struct Overview {
    chrome: Chrome,
    visit: Visit,
    /// None for an archived tenant, which has no standing.
    standing: Option<StandingView>,
    errors: Vec<ErrorLine>,
    calls: Vec<CallView>,
    paths: PageLinks,
}

struct PageLinks {
    m365: String,
    errors: String,
    edit: String,
}

/// State, facts and the next step.
#[derive(Clone, Debug)]
struct StandingView {
    state: StateView,
    since: When,
    mode: &'static str,
    admin: String,
    tokens: String,
    last_ok: Option<When>,
    /// When the authorisation ends by itself, and why.
    ends: Option<(When, &'static str)>,
    validated: Option<(When, bool)>,
    next: NextStep,
}

/// What somebody should do now.
#[derive(Clone, Debug, PartialEq, Eq)]
struct NextStep {
    sentence: &'static str,
    /// Empty when there is nothing to click.
    label: &'static str,
    href: String,
}

/// One call to Microsoft.
#[derive(Clone, Debug)]
struct CallView {
    at: When,
    operation: String,
    resource: String,
    status: String,
    ok: bool,
    outcome: String,
    duration_ms: i32,
    correlation_id: String,
    error_href: String,
}

pub(super) fn router() -> Router<App> {
    Router::new().route("/tenants/{short}", get(show))
}

async fn show(
    State(app): State<App>,
    viewer: Viewer,
    visit: Visit,
    chrome: Chrome,
) -> WebResult<Overview> {
    let mut op = viewer.begin(&app).await?;
    let scope = visit.scope();
    let detail = connection::detail(&mut op, scope, visit.id).await?;
    let newest = msal_error::Filter::default();
    let errors =
        msal_error::list(&mut op, scope, &newest, msal_error::From::Newest, ERRORS).await?;
    let calls = connection::recent_calls(&mut op, scope, visit.id, CALLS).await?;
    let now = op.now();
    let paths = visit.paths();
    Ok(Overview {
        standing: detail.map(|detail| StandingView::of(&detail, paths, now)),
        errors: errors
            .rows
            .iter()
            .map(|row| ErrorLine::of(row, false, now))
            .collect(),
        calls: calls
            .iter()
            .map(|call| CallView::of(call, paths, now))
            .collect(),
        paths: PageLinks {
            m365: paths.m365(),
            errors: paths.msal_errors(),
            edit: with_query(&paths.edit(), &[("from", "overview")], &[]),
        },
        chrome,
        visit,
    })
}

impl StandingView {
    fn of(detail: &Detail, paths: TenantPaths<'_>, now: OffsetDateTime) -> Self {
        let row = &detail.row;
        Self {
            state: StateView::of(row),
            since: When::new(row.since, now),
            mode: row.connection.map_or("None", |(_, mode)| mode.label()),
            admin: row.admin.clone(),
            tokens: format!("{} of {}", row.tokens_valid, row.tokens_total),
            last_ok: When::maybe(row.last_ok_at, now),
            ends: row
                .expires
                .filter(|_| row.state != ShownState::Expired)
                .map(|(at, why)| (When::new(at, now), why.label())),
            validated: detail
                .last_validation
                .as_ref()
                .map(|run| (When::new(run.at, now), run.passed)),
            next: NextStep::of(row.state, row.pending, paths),
        }
    }
}

impl NextStep {
    fn of(state: ShownState, pending: Option<PendingReason>, paths: TenantPaths<'_>) -> Self {
        let step = |sentence, label, href| Self {
            sentence,
            label,
            href,
        };
        match (state, pending) {
            // Whatever else is so: somebody signed in, and only we can let them in.
            (state, Some(PendingReason::AwaitingConfirmation))
                if state != ShownState::Suspended =>
            {
                step(
                    "Somebody signed in and waits for your confirmation.",
                    "See who signed in",
                    paths.invitations(),
                )
            }
            (ShownState::Valid, _) => step("Nothing to do.", "", String::new()),
            (ShownState::Expiring, _) => step(
                "Renew before it ends; nothing is interrupted meanwhile.",
                "Renew",
                renew(paths.0, From::Overview),
            ),
            (ShownState::Retrying, _) => step(
                "Wait: it is tried again automatically. The settings say more.",
                "Microsoft 365 Settings",
                paths.m365(),
            ),
            (ShownState::Expired, _) => step(
                "A person is needed. The settings say why and who; a new link starts the renewal.",
                "Renew",
                renew(paths.0, From::Overview),
            ),
            (ShownState::InvitationPending, _) => step(
                "The customer's administrator has a link that is not used to the end yet.",
                "See the invitation",
                paths.invitations(),
            ),
            (ShownState::NotConnected, _) => step(
                "Invite the customer's administrator.",
                "Invite",
                renew(paths.0, From::Overview),
            ),
            (ShownState::Suspended, _) => step(
                "Resume the tenant to renew its tokens again.",
                "",
                String::new(),
            ),
        }
    }
}

impl CallView {
    fn of(call: &Call, paths: TenantPaths<'_>, now: OffsetDateTime) -> Self {
        Self {
            at: When::new(call.at, now),
            operation: operation(&call.operation),
            resource: resource_name(&call.resource),
            status: call
                .http_status
                .map_or_else(|| "no answer".to_owned(), |status| status.to_string()),
            ok: call.outcome == "ok",
            outcome: operation(&call.outcome),
            duration_ms: call.duration_ms,
            correlation_id: call.correlation_id.to_string(),
            error_href: call
                .error_id
                .map(|id| paths.msal_error(id))
                .unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dead_is_renewed_and_what_lives_is_left_alone() {
        let next = |state| NextStep::of(state, None, TenantPaths("contoso"));
        assert_eq!(next(ShownState::Valid).label, "");
        assert_eq!(
            next(ShownState::Expired).href,
            "/tenants/contoso/invitations/new?from=overview"
        );
    }

    #[test]
    fn who_waits_for_us_comes_first() {
        let held = Some(PendingReason::AwaitingConfirmation);
        let next = |state| NextStep::of(state, held, TenantPaths("contoso"));
        assert_eq!(next(ShownState::Expired).label, "See who signed in");
        assert_eq!(next(ShownState::Suspended).label, "");
    }
}
