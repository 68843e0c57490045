//! The registration and its credentials in words.

use time::OffsetDateTime;

use crate::domain::app_registration::{
    Alarm, Credential, Kind, Refused, Registration, State, Why, days_left, warning,
};
use crate::keeper::permission_set::Kind as PermissionKind;
use crate::keeper::{Cloud, PermissionSet, Resource};
use crate::web::kit::notice::Tone;
use crate::web::kit::paths;
use crate::web::kit::when::When;

/// What is said of the registration as a whole; also on other pages.
#[derive(Clone, Debug)]
pub struct AlarmView {
    pub class: &'static str,
    pub sentence: String,
}

impl AlarmView {
    pub fn of(alarm: &Alarm) -> Self {
        Self {
            class: if alarm.is_urgent() {
                Tone::Bad.class()
            } else {
                Tone::Warn.class()
            },
            sentence: alarm.sentence(),
        }
    }
}

/// The registration in use.
#[derive(Debug)]
pub(super) struct RegistrationView {
    pub client_id: String,
    pub display_name: String,
    /// Empty when unknown.
    pub entra_tenant_id: String,
    pub connections: String,
    pub credentials: Vec<CredentialView>,
}

impl RegistrationView {
    pub fn of(one: &Registration, now: OffsetDateTime) -> Self {
        Self {
            client_id: one.client_id.to_string(),
            display_name: one.display_name.clone(),
            entra_tenant_id: one
                .entra_tenant_id
                .map(|id| id.to_string())
                .unwrap_or_default(),
            connections: counted(one.connections),
            credentials: one
                .credentials
                .iter()
                .map(|its| CredentialView::of(its, now))
                .collect(),
        }
    }
}

/// A registration that only serves what was made with it.
#[derive(Debug)]
pub(super) struct FormerView {
    pub client_id: String,
    pub display_name: String,
    pub connections: String,
    pub credentials: Vec<CredentialView>,
}

impl FormerView {
    pub fn of(one: &Registration, now: OffsetDateTime) -> Self {
        let RegistrationView {
            client_id,
            display_name,
            connections,
            credentials,
            ..
        } = RegistrationView::of(one, now);
        Self {
            client_id,
            display_name,
            connections,
            credentials,
        }
    }
}

fn counted(connections: i64) -> String {
    match connections {
        0 => "no connection".into(),
        1 => "1 connection".into(),
        many => format!("{many} connections"),
    }
}

/// One credential.
#[derive(Debug)]
pub(super) struct CredentialView {
    pub kind: &'static str,
    pub hint: String,
    /// `2027-11-21`, or empty.
    pub until: String,
    /// `12 days left`, `ended`, or empty.
    pub left: String,
    /// The style of `left`.
    pub left_class: &'static str,
    pub state: &'static str,
    pub state_class: &'static str,
    /// What Microsoft said, or what is to be done; empty when all is well.
    pub words: String,
    /// Microsoft's own words, for who has to look further.
    pub refusal: Option<RefusalView>,
    pub worked: Option<When>,
    pub added: When,
    pub added_by: String,
    pub name: String,
    /// What its button to take it into use says; empty when it is in use or on trial.
    pub try_label: &'static str,
    pub try_action: String,
    /// Empty for a secret.
    pub certificate_href: String,
    /// Empty when it is retired.
    pub retire_href: String,
    pub remove_href: String,
}

#[derive(Debug)]
pub(super) struct RefusalView {
    pub code: String,
    pub at: When,
    pub text: String,
}

impl RefusalView {
    fn of(refused: &Refused, now: OffsetDateTime) -> Self {
        Self {
            code: refused
                .code
                .map(|code| format!("AADSTS{code}"))
                .unwrap_or_default(),
            at: When::new(refused.at, now),
            text: refused.text.clone(),
        }
    }
}

impl CredentialView {
    fn of(one: &Credential, now: OffsetDateTime) -> Self {
        let (state, state_class) = badge(one);
        let left = one.not_after.map(|end| days_left(end, now));
        let on_trial = one.is_being_tried || one.is_usable();
        Self {
            kind: kind(one.kind),
            hint: short_hint(one),
            until: one
                .not_after
                .map(|end| end.date().to_string())
                .unwrap_or_default(),
            left: left.map(left_words).unwrap_or_default(),
            left_class: left.map(left_class).unwrap_or_default(),
            state,
            state_class,
            words: words(one),
            refusal: one
                .refusal
                .as_ref()
                .filter(|its| !its.text.is_empty())
                .map(|its| RefusalView::of(its, now)),
            worked: When::maybe(one.worked_at, now),
            added: When::new(one.created_at, now),
            added_by: one.created_by.clone(),
            name: name_of(one),
            try_label: match one.state {
                _ if on_trial => "",
                State::Retired => "Reactivate",
                State::Candidate if one.refusal.is_none() => "Try",
                _ => "Try again",
            },
            try_action: paths::app_credential(one.id, "trial"),
            certificate_href: if one.kind == Kind::Certificate {
                paths::app_credential(one.id, "certificate")
            } else {
                String::new()
            },
            retire_href: if one.state == State::Retired {
                String::new()
            } else {
                paths::app_credential(one.id, "retirement")
            },
            remove_href: paths::app_credential(one.id, "removal"),
        }
    }
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Secret => "Client secret",
        Kind::Certificate => "Certificate",
    }
}

/// `…x7Qz`, or the first digits of a thumbprint as Microsoft's page shows them.
fn short_hint(one: &Credential) -> String {
    match one.kind {
        Kind::Secret => format!("…{}", one.hint),
        Kind::Certificate => {
            let head: String = one.hint.chars().take(16).collect();
            format!("{}…", head.to_uppercase())
        }
    }
}

/// As in a sentence.
pub(super) fn name_of(one: &Credential) -> String {
    format!("{} {}", kind(one.kind), short_hint(one))
}

fn badge(one: &Credential) -> (&'static str, &'static str) {
    match one.state {
        State::Active if one.refusal.is_some() => ("Refused, the only one left", "badge-expired"),
        State::Active => ("In use", "badge-valid"),
        State::Candidate if one.is_being_tried => ("Being tried", "badge-retrying"),
        State::Candidate => ("Not in use yet", "badge-pending"),
        State::Refused => ("Refused", "badge-expired"),
        State::Retired => ("Retired", "badge-none"),
    }
}

fn left_words(days: i64) -> String {
    match days {
        ..0 => "ended".into(),
        0 => "less than a day left".into(),
        1 => "1 day left".into(),
        days => format!("{days} days left"),
    }
}

fn left_class(days: i64) -> &'static str {
    match warning(days) {
        None => "muted",
        Some(near) if near.is_urgent() => "left-bad",
        Some(_) => "left-warn",
    }
}

/// What Microsoft said about a credential, and what to do.
fn words(one: &Credential) -> String {
    let Some(refusal) = &one.refusal else {
        return match (one.state, one.kind) {
            (State::Candidate, Kind::Certificate) if !one.is_being_tried => {
                "Download its public part, upload it at Microsoft under Certificates & secrets, then press “Try”.".into()
            }
            _ => String::new(),
        };
    };
    if one.is_being_tried {
        return "Microsoft does not know it yet: that takes up to a minute after the upload. It is tried again every few seconds.".into();
    }
    match refusal.why {
        Why::Expired => "Microsoft says that it has expired. Make a new one there and store it here.".into(),
        Why::WrongValue => {
            "Microsoft does not know this value. The usual slip: the secret's ID instead of its Value, or a secret of another registration. A secret made within the last minute may need a second try.".into()
        }
        Why::UnknownCertificate => {
            "Microsoft does not know this certificate. Upload its public part under Certificates & secrets of this registration, wait a minute, then try again.".into()
        }
        Why::WrongApp => {
            "Microsoft finds no application with our client id in the tenant asked. Check the client id and the Directory (tenant) ID above.".into()
        }
        Why::Clock => "Microsoft says that our request is from another time: this server's clock is off. Set it, then try again.".into(),
        Why::Unreachable => "Microsoft could not be asked. It is kept; try again.".into(),
        Why::Nowhere => {
            "There is no Entra tenant to try it in. Enter the Directory (tenant) ID above, or connect a first customer, then try again.".into()
        }
        Why::Other => "Microsoft refused it.".into(),
    }
}

/// A notice about a credential that was just tried.
pub(super) struct Told {
    pub tone: Tone,
    pub text: String,
}

pub(super) fn told(one: &Credential) -> Told {
    let name = name_of(one);
    match one.state {
        State::Active => Told {
            tone: Tone::Ok,
            text: format!("Microsoft accepted it: {name} is in use from now on."),
        },
        State::Refused => Told {
            tone: Tone::Bad,
            text: format!("{name} is stored and not used. {}", words(one)),
        },
        State::Candidate | State::Retired => Told {
            tone: Tone::Warn,
            text: format!("{name} is stored and not used yet. {}", words(one)),
        },
    }
}

/// One of Microsoft's clouds.
#[derive(Debug)]
pub(super) struct CloudView {
    pub name: &'static str,
    pub words: String,
    pub here: bool,
}

impl CloudView {
    pub fn all(here: Cloud, registered: bool) -> Vec<Self> {
        Cloud::ALL
            .into_iter()
            .map(|cloud| Self {
                name: match cloud {
                    Cloud::Global => "Global (also GCC)",
                    Cloud::UsGov => "US Government (GCC High)",
                    Cloud::UsDod => "US Government (DoD)",
                    Cloud::China => "China (21Vianet)",
                },
                words: if cloud != here {
                    "Not served here: an installation speaks to one cloud. Customers in this one need an installation with its own entra.authority and entra.graph_url, and a registration of that cloud.".into()
                } else if registered {
                    "Served by this installation.".into()
                } else {
                    "Served by this installation; its registration is missing.".into()
                },
                here: cloud == here,
            })
            .collect()
    }
}

/// A permission to be declared at Microsoft.
#[derive(Debug)]
pub(super) struct PermissionView {
    pub resource: &'static str,
    pub name: String,
    pub reason: &'static str,
}

impl PermissionView {
    /// Everything of a kind that the set asks for.
    pub fn all(set: &PermissionSet, kind: PermissionKind) -> Vec<Self> {
        Resource::ALL
            .into_iter()
            .flat_map(|resource| set.of(resource, kind))
            .map(|need| Self {
                resource: need.resource.name(),
                name: need.name.clone(),
                reason: need.reason(),
            })
            .collect()
    }
}
