//! State and next step of the overview.

use time::OffsetDateTime;

use crate::domain::connection::{Detail, PendingReason, ShownState};
use crate::web::kit::paths::TenantPaths;
use crate::web::kit::when::When;
use crate::web::parts::diagnosis::renew;
use crate::web::parts::invitations::From;
use crate::web::parts::standing::StateView;

/// State, facts and the next step.
#[derive(Clone, Debug)]
pub struct StandingView {
    pub state: StateView,
    pub since: When,
    pub mode: &'static str,
    pub admin: String,
    pub tokens: String,
    pub last_ok: Option<When>,
    /// When the authorisation ends by itself, and why.
    pub ends: Option<(When, &'static str)>,
    pub validated: Option<(When, bool)>,
    pub next: NextStep,
}

/// What somebody should do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextStep {
    pub sentence: &'static str,
    /// Empty when there is nothing to click.
    pub label: &'static str,
    pub href: String,
}

impl StandingView {
    pub fn of(detail: &Detail, paths: TenantPaths<'_>, now: OffsetDateTime) -> Self {
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
            next: NextStep::of(row.state, row.pending, row.permissions_lacking > 0, paths),
        }
    }
}

impl NextStep {
    fn of(
        state: ShownState,
        pending: Option<PendingReason>,
        lacks: bool,
        paths: TenantPaths<'_>,
    ) -> Self {
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
            (ShownState::Valid, _) if lacks => step(
                "It works with what was granted, and lacks a permission that is required by now. The settings name it; a renewal in \
                 which the administrator consents brings it.",
                "Renew",
                renew(paths.0, From::Overview),
            ),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dead_is_renewed_and_what_lives_is_left_alone() {
        let next = |state| NextStep::of(state, None, false, TenantPaths("contoso"));
        assert_eq!(next(ShownState::Valid).label, "");
        assert_eq!(
            next(ShownState::Expired).href,
            "/tenants/contoso/invitations/new?from=overview"
        );
    }

    #[test]
    fn what_works_and_lacks_a_permission_is_renewed() {
        let lacks = NextStep::of(ShownState::Valid, None, true, TenantPaths("contoso"));
        assert_eq!(lacks.label, "Renew");
    }

    #[test]
    fn who_waits_for_us_comes_first() {
        let held = Some(PendingReason::AwaitingConfirmation);
        let next = |state| NextStep::of(state, held, false, TenantPaths("contoso"));
        assert_eq!(next(ShownState::Expired).label, "See who signed in");
        assert_eq!(next(ShownState::Suspended).label, "");
    }
}
