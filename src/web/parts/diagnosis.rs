//! A diagnosis on a page: what happened, who acts, the steps, how sure we are, and the one button that starts the remedy.

use crate::domain::connection::Validation;
use crate::domain::diagnosis::{Button, Diagnosis};
use crate::keeper::message::{Check, CheckKind, CheckOutcome};
use crate::storage::MsalErrorId;
use crate::web::kit::paths::TenantPaths;
use crate::web::parts::invitations::From;

/// A diagnosis, ready for the page.
#[derive(Clone, Debug)]
pub struct DiagnosisView {
    pub headline: String,
    /// The cause in a few words; empty when the headline says it all.
    pub cause: String,
    pub who: String,
    pub steps: Vec<String>,
    /// Empty when nothing had to be weighed.
    pub confidence: &'static str,
    pub evidence: Vec<String>,
    /// What would make it certain; empty when it is.
    pub to_be_sure: Vec<String>,
    /// Microsoft Graph PowerShell; empty where a shell is no help.
    pub powershell: String,
    /// Whether access still works, in a sentence; empty when not known.
    pub access: &'static str,
    pub remedy: Remedy,
}

/// What starts the remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// A page to go to.
    Link {
        href: String,
        label: &'static str,
    },
    /// A form to send.
    Post {
        action: String,
        label: &'static str,
    },
    /// Nothing to click; what happens by itself.
    Sentence(&'static str),
    None,
}

impl DiagnosisView {
    /// The decision for an error of the tenant with this short name; the button comes back to `from`.
    pub fn of(diagnosis: &Diagnosis, short_name: &str, from: From) -> Self {
        Self {
            headline: diagnosis.headline.clone(),
            cause: diagnosis.cause_label.to_owned(),
            who: diagnosis.who_label.to_owned(),
            steps: diagnosis.remedy.clone(),
            confidence: diagnosis.confidence.as_str(),
            evidence: diagnosis.evidence.clone(),
            to_be_sure: diagnosis.to_be_sure.clone(),
            powershell: diagnosis.powershell.clone().unwrap_or_default(),
            access: match diagnosis.access_still_works {
                Some(true) => "Access tokens held now still work for a while.",
                Some(false) => "No access token works any more.",
                None => "",
            },
            remedy: Remedy::of(diagnosis.button, short_name, from),
        }
    }

    /// What a failed check says when Microsoft's answer was no error: somebody else signed in, permissions are missing.
    pub fn of_check(check: &Check, short_name: &str) -> Self {
        let (who, steps, button) = advice(check.check);
        Self {
            headline: check.detail.clone(),
            cause: String::new(),
            who: who.to_owned(),
            steps: steps.iter().map(|step| (*step).to_owned()).collect(),
            confidence: "",
            evidence: Vec::new(),
            to_be_sure: Vec::new(),
            powershell: String::new(),
            access: "",
            remedy: Remedy::of(button, short_name, From::M365),
        }
    }
}

impl Remedy {
    fn of(button: Button, short_name: &str, from: From) -> Self {
        match button {
            Button::Renew => Self::Link {
                href: renew(short_name, from),
                label: if from == From::M365 {
                    "Switch to auth token"
                } else {
                    "Renew"
                },
            },
            Button::ValidateAgain => Self::Post {
                action: TenantPaths(short_name).validation(),
                label: "Validate Authentication",
            },
            Button::Wait => Self::Sentence("Nothing to click: it is tried again automatically."),
            Button::AppRegistration => Self::Sentence(
                "Our own app registration has to be mended first; no customer can end this.",
            ),
            Button::None => Self::None,
        }
    }
}

/// The dialog that makes a new link for a tenant, with the last administrator filled in.
pub fn renew(short_name: &str, from: From) -> String {
    TenantPaths(short_name).new_invitation(from.as_str())
}

/// The check that a red banner speaks of: the first that failed.
pub fn decisive(validation: &Validation) -> Option<&Check> {
    validation
        .checks
        .iter()
        .find(|check| check.outcome == CheckOutcome::Failed)
}

fn advice(check: CheckKind) -> (&'static str, &'static [&'static str], Button) {
    const ADMIN: &str = "the customer's administrator";
    match check {
        CheckKind::Refresh => (
            ADMIN,
            &["Send a new invitation and have the administrator sign in again."],
            Button::Renew,
        ),
        CheckKind::Tenant => (
            "we, the service provider",
            &[
                "Compare the Entra tenant id on this page with the customer's.",
                "Renew with an administrator of the right tenant.",
            ],
            Button::Renew,
        ),
        CheckKind::Account => (
            "we, the service provider",
            &[
                "Ask the customer which account shall authorise us.",
                "Renew with that account.",
            ],
            Button::Renew,
        ),
        CheckKind::Permissions => (
            ADMIN,
            &[
                "Send a new invitation.",
                "A Global Administrator signs in and ticks “Consent on behalf of your organization”.",
            ],
            Button::Renew,
        ),
        CheckKind::Roles => (
            ADMIN,
            &[
                "Give the account the role named above in the Entra admin center.",
                "Then validate again.",
            ],
            Button::ValidateAgain,
        ),
        CheckKind::SignIn => (
            ADMIN,
            &[
                "Check the domain's sign-in settings in the Entra admin center, then validate again.",
            ],
            Button::ValidateAgain,
        ),
        CheckKind::EnterpriseApplication => (
            ADMIN,
            &[
                "Entra admin center → Enterprise applications: enable the application for sign-in, if it is still there.",
                "If it was deleted, renew: signing in brings it back, with consent asked anew.",
            ],
            Button::Renew,
        ),
        CheckKind::Credential => (
            "we, the service provider",
            &[
                "Make a new secret or certificate at Microsoft and store it, before anything else is tried.",
            ],
            Button::AppRegistration,
        ),
    }
}

/// A line of "Validate Authentication".
#[derive(Clone, Debug)]
pub struct CheckView {
    pub label: &'static str,
    /// `passed`, `warning`, `failed` or `skipped`: class and word for those who see no colour.
    pub outcome: &'static str,
    pub word: &'static str,
    pub detail: String,
    /// The recorded error; empty when there is none.
    pub error_href: String,
}

impl CheckView {
    pub fn of(check: &Check, short_name: &str) -> Self {
        let (outcome, word) = match check.outcome {
            CheckOutcome::Passed => ("passed", "Passed"),
            CheckOutcome::Warning => ("warning", "Warning"),
            CheckOutcome::Failed => ("failed", "Failed"),
            CheckOutcome::Skipped => ("skipped", "Skipped"),
            CheckOutcome::NotApplicable => ("skipped", "Not applicable"),
        };
        Self {
            label: match check.check {
                CheckKind::Refresh => "Token refresh",
                CheckKind::Tenant => "Tenant",
                CheckKind::Account => "Account",
                CheckKind::Permissions => "Permissions",
                CheckKind::Roles => "Roles",
                CheckKind::SignIn => "Sign-in",
                CheckKind::EnterpriseApplication => "Enterprise application",
                CheckKind::Credential => "Secret or certificate",
            },
            outcome,
            word,
            detail: check.detail.clone(),
            error_href: check
                .error_id
                .map(|id| TenantPaths(short_name).msal_error(MsalErrorId(id)))
                .unwrap_or_default(),
        }
    }
}
