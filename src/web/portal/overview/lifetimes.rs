//! How long tokens live: as observed from issue to expiry per resource, and as the tenant's policies say.

use time::OffsetDateTime;

use crate::domain::connection::{Detail, TokenState};
use crate::domain::history::{LifetimePolicy, Observed, Outcome};
use crate::web::kit::notice::Tone;
use crate::web::kit::paths::TenantPaths;
use crate::web::kit::when::When;
use crate::web::parts::uptime::span;

/// Both.
#[derive(Clone, Debug)]
pub struct LifetimesView {
    pub tokens: Vec<TokenLine>,
    pub policies: Vec<PolicyLine>,
    /// What reading the policies came to, in a sentence.
    pub sentence: &'static str,
    pub read_at: Option<When>,
    /// Empty when nothing is connected.
    pub read_action: String,
}

/// One resource's access token.
#[derive(Clone, Debug)]
pub struct TokenLine {
    pub resource: &'static str,
    pub issued: When,
    pub expires: When,
    /// `24 hours`
    pub life: String,
    pub href: String,
}

/// One policy.
#[derive(Clone, Debug)]
pub struct PolicyLine {
    pub name: String,
    pub words: String,
    pub reach: &'static str,
}

impl LifetimesView {
    pub fn of(
        detail: Option<&Detail>,
        policies: Option<&Observed>,
        paths: TenantPaths<'_>,
        now: OffsetDateTime,
    ) -> Self {
        let connected = detail.is_some_and(|detail| detail.standing.is_some());
        Self {
            tokens: detail
                .map(|one| tokens(one, paths, now))
                .unwrap_or_default(),
            policies: policies
                .map(|seen| {
                    let lines = seen.policies.iter();
                    lines
                        .map(|policy| PolicyLine::of(policy, seen.assignment_known))
                        .collect()
                })
                .unwrap_or_default(),
            sentence: sentence(policies),
            read_at: policies.map(|seen| When::new(seen.at, now)),
            read_action: if connected {
                paths.lifetime_policies()
            } else {
                String::new()
            },
        }
    }
}

fn tokens(detail: &Detail, paths: TenantPaths<'_>, now: OffsetDateTime) -> Vec<TokenLine> {
    detail
        .resources
        .iter()
        .filter(|line| line.state == Some(TokenState::Valid))
        .filter_map(|line| {
            let (issued, expires) = line.last_ok_at.zip(line.expires_at)?;
            Some(TokenLine {
                resource: line.resource.name(),
                issued: When::new(issued, now),
                expires: When::new(expires, now),
                life: span(expires - issued),
                href: paths.token(line.resource.as_str()),
            })
        })
        .collect()
}

fn sentence(seen: Option<&Observed>) -> &'static str {
    let Some(seen) = seen else {
        return "Not read yet. “Validate Authentication” reads them, and so does the button.";
    };
    match seen.outcome {
        Outcome::Read if seen.policies.is_empty() => {
            "The tenant has no token lifetime policy: Microsoft's own lifetimes hold."
        }
        Outcome::Read if !seen.assignment_known => {
            "Which of them are assigned to our application cannot be seen: Microsoft demands the permission \
             Application.ReadWrite.All for that, which we do not ask for."
        }
        Outcome::Read => "",
        Outcome::NotPermitted => {
            "Not permitted to read: the customer would have to grant Policy.Read.All."
        }
        Outcome::NoToken => "Not read: there was no Microsoft Graph token to ask with.",
        Outcome::NoAnswer => "Not read: Microsoft Graph did not answer as expected.",
    }
}

/// The notice after the button.
pub fn said(outcome: &str) -> (Tone, &'static str) {
    match outcome {
        "read" => (Tone::Ok, "Token lifetime policies read."),
        "not_permitted" => (
            Tone::Warn,
            "Not permitted to read token lifetime policies: the customer would have to grant Policy.Read.All.",
        ),
        "no_token" => (
            Tone::Warn,
            "There is no Microsoft Graph token to ask with. Renew first.",
        ),
        _ => (
            Tone::Bad,
            "Microsoft Graph did not answer as expected. Try again in a minute.",
        ),
    }
}

impl PolicyLine {
    fn of(policy: &LifetimePolicy, assignment_known: bool) -> Self {
        Self {
            name: if policy.name.is_empty() {
                "Without a name".to_owned()
            } else {
                policy.name.clone()
            },
            words: match policy.access_token_s {
                Some(seconds) => format!(
                    "Access tokens live {}.",
                    span(time::Duration::seconds(seconds))
                ),
                None if policy.readable => "Says nothing about access tokens.".to_owned(),
                None => "Its definition is not understood.".to_owned(),
            },
            reach: match (policy.assigned, policy.organization_default) {
                (true, _) => "assigned to our application",
                (false, true) => "default of the organisation",
                (false, false) if assignment_known => "not for our application",
                (false, false) => "for some applications",
            },
        }
    }
}
