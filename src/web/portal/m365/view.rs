//! The settings page, ready for the template.

use time::OffsetDateTime;

use super::resources::{Lacking, ResourceView};
use crate::domain::connection::{
    Credential, Detail, Durability, Grade, Mode, OpenInvitation, PendingGrant, PendingReason,
    ShownState, Validation,
};
use crate::keeper::permission_set::Kind;
use crate::web::kit::once::Once;
use crate::web::kit::paths::TenantPaths;
use crate::web::kit::when::When;
use crate::web::parts::diagnosis::{CheckView, DiagnosisView, renew};
use crate::web::parts::invitations::From;
use crate::web::parts::standing::StateView;
use crate::web::portal::Visit;
use crate::web::portal::expected::{ExpectedView, expected};

/// Everything on the page below its heading.
#[derive(Clone, Debug)]
pub struct SettingsView {
    pub banner: Option<Banner>,
    /// Why the connection is in trouble, when no banner says it already.
    pub trouble: Option<DiagnosisView>,
    pub state: StateView,
    pub since: When,
    pub mode: &'static str,
    pub admin: String,
    /// Who authorised us and when; none without a connection.
    pub authorised: Option<Authorised>,
    /// Empty until the first onboarding.
    pub entra_tenant_id: String,
    pub domain: String,
    pub tokens: String,
    /// What is required by now and was not granted; none when nothing is, or another trouble is told first.
    pub lacking: Option<Lacking>,
    pub resources: Vec<ResourceView>,
    pub credentials: Vec<CredentialView>,
    pub durability: Option<DurabilityView>,
    /// When it may lapse by itself.
    pub expected: Vec<ExpectedView>,
    pub last: Option<LastValidation>,
    pub invitation: Option<InvitationView>,
    pub pending: Vec<PendingView>,
    /// Empty when there is nothing to validate.
    pub validate_action: String,
    pub switch_href: String,
    /// "Switch to App Registration"; empty where there is nothing to switch.
    pub app_href: String,
    /// "Make it last longer"; empty where it lasts as long as it can.
    pub longer_href: String,
    /// The application itself is let in: there is no account and no sign-in.
    pub app_only: bool,
}

/// What a run of "Validate Authentication" said.
#[derive(Clone, Debug)]
pub struct Banner {
    pub passed: bool,
    pub checks: Vec<CheckView>,
    pub diagnosis: Option<DiagnosisView>,
}

#[derive(Clone, Debug)]
pub struct Authorised {
    pub by: String,
    pub at: When,
    pub how: &'static str,
    pub sign_in: &'static str,
    pub last_ok: Option<When>,
    /// When it ends by itself, and why.
    pub ends: Option<(When, &'static str)>,
}

#[derive(Clone, Debug)]
pub struct CredentialView {
    pub label: String,
    pub ends: Option<When>,
    pub days: String,
    /// It ended, or ends within 30 days.
    pub urgent: bool,
}

#[derive(Clone, Debug)]
pub struct DurabilityView {
    pub label: &'static str,
    pub class: &'static str,
    pub sentence: String,
    /// How to make it last longer.
    pub longer: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct LastValidation {
    pub passed: bool,
    pub at: When,
    /// Empty when no technician ran it.
    pub by: String,
    pub checks: Vec<CheckView>,
}

#[derive(Clone, Debug)]
pub struct InvitationView {
    pub reference: String,
    /// Empty means link only.
    pub email: String,
    pub expires: When,
    /// Mails the same link again; empty when there is no address to send to.
    pub resend_action: String,
    /// The dialog that shows the open link, or makes one to be mailed.
    pub resend_href: String,
    pub once: Once,
    pub list_href: String,
}

#[derive(Clone, Debug)]
pub struct PendingView {
    pub who: String,
    pub at: When,
    pub words: &'static str,
    pub href: String,
}

impl SettingsView {
    pub fn of(
        visit: &Visit,
        detail: &Detail,
        banner: Option<Banner>,
        trouble: Option<DiagnosisView>,
        now: OffsetDateTime,
    ) -> Self {
        let (row, paths) = (&detail.row, visit.paths());
        let standing = detail.standing.as_ref();
        let app_only = standing.is_some_and(|s| s.mode == Mode::AppOnly);
        let set = (&detail.required, Kind::of(app_only));
        let resources: Vec<_> = detail
            .resources
            .iter()
            .map(|line| ResourceView::of(line, set, paths, now))
            .collect();
        Self {
            banner,
            trouble,
            state: StateView::of(row),
            since: When::new(row.since, now),
            mode: standing.map_or("None", |s| s.mode.label()),
            admin: row.admin.clone(),
            authorised: standing.map(|s| Authorised {
                by: match s.mode {
                    Mode::AppOnly => "the application itself".to_owned(),
                    Mode::AuthToken => person(&s.admin_name, &s.admin_username),
                },
                at: When::new(s.obtained_at, now),
                how: s.obtained_words(),
                sign_in: s.realm_words(),
                last_ok: When::maybe(s.last_ok_at, now),
                // What is dead already does not end again.
                ends: s
                    .expires
                    .filter(|_| row.state != ShownState::Expired)
                    .map(|(at, why)| (When::new(at, now), why.label())),
            }),
            entra_tenant_id: standing
                .map(|s| s.entra_tenant_id)
                .or(visit.tenant.entra_tenant_id)
                .map(|id| id.to_string())
                .unwrap_or_default(),
            domain: row.domain.clone(),
            tokens: format!("{} of {}", row.tokens_valid, row.tokens_total),
            credentials: detail
                .credentials
                .iter()
                .map(|credential| CredentialView::of(credential, now))
                .collect(),
            durability: standing.map(|s| DurabilityView::of(&Durability::of(s))),
            expected: expected(detail, now),
            last: detail
                .last_validation
                .as_ref()
                .map(|run| LastValidation::of(run, &visit.short_name, now)),
            invitation: detail
                .open_invitation
                .as_ref()
                .map(|invitation| InvitationView::of(invitation, paths, now)),
            pending: detail
                .pending
                .iter()
                .filter(|grant| grant.reason != PendingReason::AwaitingConfirmation)
                .map(|grant| PendingView::of(grant, paths, now))
                .collect(),
            validate_action: if standing.is_some() && row.state != ShownState::Suspended {
                paths.validation()
            } else {
                String::new()
            },
            lacking: Lacking::of(row, &resources, paths),
            resources,
            switch_href: if row.renewable() {
                renew(&visit.short_name, From::M365)
            } else {
                String::new()
            },
            app_href: if row.renewable() {
                paths.app_registration()
            } else {
                String::new()
            },
            longer_href: match standing {
                Some(s) if row.renewable() && Durability::of(s).grade < Grade::Long => {
                    renew(&visit.short_name, From::Longer)
                }
                _ => String::new(),
            },
            app_only,
        }
    }
}

impl Banner {
    pub fn of(run: &Validation, diagnosis: Option<DiagnosisView>, short_name: &str) -> Self {
        Self {
            passed: run.passed,
            checks: checks(run, short_name),
            diagnosis,
        }
    }
}

impl LastValidation {
    fn of(run: &Validation, short_name: &str, now: OffsetDateTime) -> Self {
        Self {
            passed: run.passed,
            at: When::new(run.at, now),
            by: run.technician.clone(),
            checks: checks(run, short_name),
        }
    }
}

fn checks(run: &Validation, short_name: &str) -> Vec<CheckView> {
    run.checks
        .iter()
        .map(|check| CheckView::of(check, short_name))
        .collect()
}

impl CredentialView {
    fn of(credential: &Credential, now: OffsetDateTime) -> Self {
        let days = credential.days_left(now);
        Self {
            label: match credential.kind.as_str() {
                "certificate" => format!("Certificate {}", credential.hint),
                _ => format!("Client secret ending in {}", credential.hint),
            },
            ends: When::maybe(credential.not_after, now),
            days: match days {
                None => "no end date stored".to_owned(),
                Some(days @ ..0) => format!("expired {} ago", plural(-days)),
                Some(days) => format!("{} left", plural(days)),
            },
            urgent: days.is_some_and(|days| days < 30),
        }
    }
}

fn plural(days: i64) -> String {
    if days == 1 {
        "1 day".to_owned()
    } else {
        format!("{days} days")
    }
}

impl DurabilityView {
    fn of(durability: &Durability) -> Self {
        Self {
            label: durability.grade.label(),
            class: match durability.grade {
                Grade::Short => "expired",
                Grade::Fair => "expiring",
                Grade::Long => "valid",
            },
            sentence: durability.sentence.clone(),
            longer: durability.longer.clone(),
        }
    }
}

impl InvitationView {
    fn of(invitation: &OpenInvitation, paths: TenantPaths<'_>, now: OffsetDateTime) -> Self {
        Self {
            reference: invitation.reference.clone(),
            email: invitation.invitation_email.clone(),
            expires: When::new(invitation.expires_at, now),
            resend_action: if invitation.invitation_email.is_empty() {
                String::new()
            } else {
                paths.invitation_step(invitation.id, "resend")
            },
            resend_href: renew(paths.0, From::Resend),
            once: Once::default(),
            list_href: paths.invitations(),
        }
    }
}

impl PendingView {
    fn of(grant: &PendingGrant, paths: TenantPaths<'_>, now: OffsetDateTime) -> Self {
        Self {
            who: person(&grant.admin_name, &grant.admin_username),
            at: When::new(grant.obtained_at, now),
            words: grant.reason.label(),
            href: paths.invitations(),
        }
    }
}

/// `Ada Admin (ada@contoso.com)`, or the part that is known.
fn person(name: &str, username: &str) -> String {
    match (name, username) {
        ("", username) => username.to_owned(),
        (name, "") => name.to_owned(),
        (name, username) => format!("{name} ({username})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::Duration;

    fn credential(left: Duration) -> CredentialView {
        let now = OffsetDateTime::UNIX_EPOCH;
        CredentialView::of(
            &Credential {
                kind: "secret".into(),
                hint: "x7Qz".into(),
                not_after: Some(now + left),
            },
            now,
        )
    }

    #[test]
    fn a_credential_counts_its_days_down() {
        assert_eq!(credential(Duration::days(90)).days, "90 days left");
        assert!(!credential(Duration::days(90)).urgent);
        assert_eq!(credential(Duration::days(1)).days, "1 day left");
        assert!(credential(Duration::days(29)).urgent);
        assert_eq!(credential(Duration::days(-3)).days, "expired 3 days ago");
    }

    #[test]
    fn a_person_is_named_by_what_is_known() {
        assert_eq!(person("Ada", "ada@x.example"), "Ada (ada@x.example)");
        assert_eq!(person("", "ada@x.example"), "ada@x.example");
    }
}
