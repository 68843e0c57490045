//! The report of a disconnection, ready for the template: what was done when and what Microsoft said.

use std::str::FromStr;

use time::{Duration, OffsetDateTime};

use super::disconnect_left::LeftView;
use crate::domain::disconnection::{
    Disconnection, Proof, ResourceProof, Revocation, Step, StepDone, Tally,
};
use crate::keeper::Resource;
use crate::storage::MsalErrorId;
use crate::web::kit::paths::TenantPaths;
use crate::web::kit::when::{When, exact};

/// Everything below the heading.
#[derive(Clone, Debug)]
pub struct ReportView {
    pub is_running: bool,
    /// One sentence on top: how it stands.
    pub summary: &'static str,
    /// `ok`, `warn` or `info`.
    pub tone: &'static str,
    pub asked_by: String,
    pub steps: Vec<StepView>,
    /// What the customer still has to do; none while it is not known yet.
    pub left: Option<LeftView>,
}

/// One step.
#[derive(Clone, Debug)]
pub struct StepView {
    pub title: &'static str,
    /// None while it is to come.
    pub at: Option<When>,
    /// `passed`, `failed`, `warning` or `skipped`, as the lists of checks know them.
    pub class: &'static str,
    pub words: String,
    pub lines: Vec<LineView>,
}

/// A fact below a step, with the recorded error behind it.
#[derive(Clone, Debug)]
pub struct LineView {
    pub text: String,
    /// Empty when no error was recorded.
    pub error_href: String,
}

impl ReportView {
    pub fn of(
        found: &Disconnection,
        app_name: &str,
        short_name: &str,
        now: OffsetDateTime,
    ) -> Self {
        let paths = TenantPaths(short_name);
        let mut steps = vec![stopped(found, now)];
        steps.extend(found.done.iter().map(|(at, done)| StepView {
            at: Some(When::new(*at, now)),
            ..StepView::done(done, paths)
        }));
        if found.is_running() {
            steps.push(to_come(found));
        }
        let (summary, tone) = summary(found);
        Self {
            is_running: found.is_running(),
            summary,
            tone,
            asked_by: found.asked_by.clone(),
            steps,
            left: LeftView::of(found, app_name),
        }
    }
}

fn summary(found: &Disconnection) -> (&'static str, &'static str) {
    match (found.is_running(), found.proof()) {
        (true, _) => (
            "Nothing of this customer is handed out or renewed any more. The rest is being worked.",
            "info",
        ),
        (false, Some(Proof::Nothing)) => (
            "Nothing was connected: there was nothing to take back.",
            "ok",
        ),
        (false, Some(proof)) if proof.is_proven() => (
            "Disconnected, and proven: nothing of ours is good for anything at Microsoft any more.",
            "ok",
        ),
        (false, Some(Proof::Stands)) => (
            "Disconnected here: every token is forgotten. Our permission still stands at Microsoft until the customer removes it.",
            "warn",
        ),
        (false, _) => (
            "Disconnected here: every token is forgotten. Whether our permission still stands at Microsoft could not be proven.",
            "warn",
        ),
    }
}

fn stopped(found: &Disconnection, now: OffsetDateTime) -> StepView {
    StepView {
        title: "Hand-out stopped",
        at: Some(When::new(found.started_at, now)),
        class: "passed",
        words: "Since then nothing is handed out, renewed or accepted for this customer; open invitations and sign-ins were ended. Access tokens handed out before end by themselves, as a rule within 90 minutes.".to_owned(),
        lines: Vec::new(),
    }
}

fn to_come(found: &Disconnection) -> StepView {
    let title = match found.step {
        Step::Revoke => "Take our permission back at Microsoft",
        Step::Prove => "Prove it by a last request",
        Step::Forget => "Forget the tokens",
        Step::Destroy | Step::Done => "Destroy the encryption keys",
    };
    let patience = found.started_at + Duration::hours(1);
    let words = match found.step {
        Step::Revoke | Step::Prove if found.attempts > 0 => format!(
            "Microsoft has not given its last word yet and is asked again. At {} at the latest the tokens are forgotten all the same.",
            exact(patience)
        ),
        _ => "Under way.".to_owned(),
    };
    StepView {
        title,
        at: None,
        class: "skipped",
        words,
        lines: Vec::new(),
    }
}

impl StepView {
    fn done(done: &StepDone, paths: TenantPaths<'_>) -> Self {
        match done {
            StepDone::Revoked {
                outcome,
                grants,
                roles,
                application,
            } => {
                let (class, words) = revoked(*outcome);
                let kinds = [
                    ("Consent to delegated permissions", grants),
                    ("Application permissions", roles),
                    ("Our enterprise application", application),
                ];
                Self {
                    title: "Our permission at Microsoft",
                    at: None,
                    class,
                    words: words.to_owned(),
                    lines: kinds
                        .iter()
                        .filter_map(|(name, tally)| LineView::of_tally(name, tally, paths))
                        .collect(),
                }
            }
            StepDone::Proven { outcome, resources } => {
                let (class, words) = proven(*outcome);
                Self {
                    title: "Proof by a last request",
                    at: None,
                    class,
                    words: words.to_owned(),
                    lines: resources
                        .iter()
                        .map(|one| LineView::of_proof(one, paths))
                        .collect(),
                }
            }
            StepDone::Forgotten {
                refresh_tokens,
                access_tokens,
                credentials,
            } => Self {
                title: "Tokens forgotten",
                at: None,
                class: "passed",
                words: format!(
                    "Erased here: {}, {}, {}.",
                    count(*refresh_tokens, "refresh token"),
                    count(*access_tokens, "access token"),
                    count(*credentials, "credential of the customer's own application")
                ),
                lines: Vec::new(),
            },
            StepDone::Destroyed { data_keys } => Self {
                title: "Encryption keys destroyed",
                at: None,
                class: "passed",
                words: format!(
                    "{} destroyed. What they sealed opens never again, also not from a backup of the tokens.",
                    count(*data_keys, "key")
                ),
                lines: Vec::new(),
            },
        }
    }
}

const fn revoked(outcome: Revocation) -> (&'static str, &'static str) {
    match outcome {
        Revocation::Removed => (
            "passed",
            "Our enterprise application is gone from the customer's tenant, and every consent with it.",
        ),
        Revocation::PermissionsRemoved => (
            "passed",
            "Every consent given to us is gone. The entry of our enterprise application remains, without permission.",
        ),
        Revocation::Partly => ("warning", "Only a part could be taken back."),
        Revocation::Denied => (
            "warning",
            "Microsoft does not allow us to: the permission to remove our own consent was never given to us.",
        ),
        Revocation::Failed => ("warning", "Microsoft refused."),
        Revocation::Unreachable => ("warning", "Microsoft could not be reached within an hour."),
        Revocation::NoToken => (
            "warning",
            "Nothing could be asked for: Microsoft accepts no token of ours any more.",
        ),
        Revocation::OwnApplication => (
            "skipped",
            "Left alone: the application belongs to the customer's own tenant and is theirs to remove.",
        ),
        Revocation::Nothing => ("skipped", "There was no connection."),
    }
}

const fn proven(outcome: Proof) -> (&'static str, &'static str) {
    match outcome {
        Proof::Gone => (
            "passed",
            "Microsoft refused it: it knows no permission of ours in this tenant.",
        ),
        Proof::Refused => (
            "warning",
            "Microsoft refused it, but for another reason than a missing permission; so this does not prove that the permission is gone.",
        ),
        Proof::Stands => (
            "failed",
            "Microsoft still issued a token (it was thrown away): our permission still stands.",
        ),
        Proof::Unreachable => ("warning", "Microsoft could not be asked within an hour."),
        Proof::NoToken => ("warning", "There was no token of ours left to try it with."),
        Proof::Nothing => ("skipped", "There was no connection, so nothing to prove."),
    }
}

impl LineView {
    fn of_tally(name: &str, tally: &Tally, paths: TenantPaths<'_>) -> Option<Self> {
        let mut parts = Vec::new();
        if tally.removed > 0 {
            parts.push(format!("{} removed", tally.removed));
        }
        if tally.denied > 0 {
            parts.push(format!("{} not allowed", tally.denied));
        }
        if tally.failed > 0 {
            parts.push(format!("{} failed", tally.failed));
        }
        if parts.is_empty() {
            return None;
        }
        let said = match (tally.status, &tally.code) {
            (Some(status), Some(code)) => format!(" (Microsoft: {status} {code})"),
            (Some(status), None) => format!(" (Microsoft: {status})"),
            (None, _) => String::new(),
        };
        Some(Self {
            text: format!("{name}: {}{said}", parts.join(", ")),
            error_href: error_href(tally.error_id, paths),
        })
    }

    fn of_proof(one: &ResourceProof, paths: TenantPaths<'_>) -> Self {
        let name = Resource::from_str(&one.resource)
            .map_or_else(|_| one.resource.clone(), |found| found.name().to_owned());
        let said = match (one.proof, one.code) {
            (Proof::Stands, _) => "a token was issued".to_owned(),
            (Proof::Gone, None) => "a token without any permission was issued".to_owned(),
            (_, Some(code)) => format!("refused (AADSTS{code})"),
            (Proof::Unreachable, None) => "no answer".to_owned(),
            (_, None) => "refused".to_owned(),
        };
        let way = if one.as_application {
            ", as the application itself"
        } else {
            ""
        };
        Self {
            text: format!("{name}{way}: {said}"),
            error_href: error_href(one.error_id, paths),
        }
    }
}

fn error_href(id: Option<MsalErrorId>, paths: TenantPaths<'_>) -> String {
    id.map(|id| paths.msal_error(id)).unwrap_or_default()
}

fn count(number: u32, thing: &str) -> String {
    match number {
        0 => format!("no {thing}"),
        1 => format!("1 {thing}"),
        _ => match thing.split_once(' ') {
            Some(("credential", rest)) => format!("{number} credentials {rest}"),
            _ => format!("{number} {thing}s"),
        },
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::disconnection::Application;

    fn found(proof: Proof, revocation: Revocation, is_own: bool) -> Disconnection {
        let at = OffsetDateTime::UNIX_EPOCH;
        Disconnection {
            id: Uuid::nil(),
            is_plug: false,
            delete_everything: false,
            step: Step::Done,
            asked_by: "robin@msp.example".into(),
            started_at: at,
            ended_at: Some(at),
            next_at: None,
            attempts: 0,
            application: Some(Application {
                client_id: Uuid::from_u128(7),
                entra_tenant_id: Uuid::from_u128(8),
                is_own,
            }),
            done: vec![
                (
                    at,
                    StepDone::Revoked {
                        outcome: revocation,
                        grants: Tally::default(),
                        roles: Tally::default(),
                        application: Tally::default(),
                    },
                ),
                (
                    at,
                    StepDone::Proven {
                        outcome: proof,
                        resources: Vec::new(),
                    },
                ),
            ],
        }
    }

    fn view(proof: Proof, revocation: Revocation, is_own: bool) -> ReportView {
        let found = found(proof, revocation, is_own);
        ReportView::of(&found, "Tenantry", "alder", OffsetDateTime::UNIX_EPOCH)
    }

    #[test]
    fn what_is_not_proven_gone_is_left_to_the_customer() {
        for proof in [Proof::Stands, Proof::Refused, Proof::Unreachable] {
            let view = view(proof, Revocation::Denied, false);
            assert_eq!(view.tone, "warn");
            let left = view.left.unwrap();
            assert_eq!(left.heading, "What the customer must still remove");
            let client = Uuid::from_u128(7).to_string();
            assert!(left.script.contains(&client) && left.clicks.concat().contains(&client));
        }
    }

    #[test]
    fn what_is_gone_needs_no_hand() {
        let view = view(Proof::Gone, Revocation::Removed, false);
        assert_eq!(view.tone, "ok");
        assert!(view.left.unwrap().script.is_empty());
    }

    #[test]
    fn an_own_application_is_theirs_to_remove() {
        let left = view(Proof::Stands, Revocation::OwnApplication, true).left;
        assert!(left.unwrap().script.contains("Remove-MgApplication"));
    }

    #[test]
    fn numbers_read_like_speech() {
        assert_eq!(count(0, "refresh token"), "no refresh token");
        assert_eq!(count(3, "access token"), "3 access tokens");
        assert_eq!(count(2, "credential of x"), "2 credentials of x");
    }
}
