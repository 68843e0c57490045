//! A customer's own app registration: what was entered, checked once, and how its trial goes. The keeper tries it; nothing
//! that works is replaced before it does.

use time::format_description::well_known::Iso8601;
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::store;
use crate::domain::op::{Op, Scope};
use crate::domain::tenant::FieldError;
use crate::keeper::message::app_only::NewCredential;
use crate::keeper::text::Text;
use crate::storage::{MsalErrorId, TenantId};

/// Longest secret or PEM taken, bytes; Microsoft's are far below.
const LONGEST: usize = 32 * 1024;

/// How the trial of a registration that was entered goes.
#[derive(Clone, Debug)]
pub struct Trial {
    pub client_id: Uuid,
    pub state: TrialState,
    pub since: OffsetDateTime,
    /// The recorded error that decided, when one did.
    pub error_id: Option<MsalErrorId>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrialState {
    /// Microsoft is asked, again and again for a minute and a half.
    Trying,
    /// It is the tenant's standing.
    Done,
    Failed(TrialFailure),
}

/// Why a trial failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrialFailure {
    ConsentNotSeen,
    PermissionsMissing,
    AppDisabled,
    ResourceAbsent,
    PolicyRefused,
    CredentialExpired,
    CredentialWrong,
    CertificateUnknown,
    Clock,
    WrongTenant,
    TenantTaken,
    MicrosoftTrouble,
    Trouble,
}

impl TrialFailure {
    /// From the word in the row; words not known yet read as trouble.
    pub(super) fn from_word(word: &str) -> Self {
        match word {
            "consent_not_seen" => Self::ConsentNotSeen,
            "permissions_missing" => Self::PermissionsMissing,
            "app_disabled" => Self::AppDisabled,
            "resource_absent" => Self::ResourceAbsent,
            "policy_refused" => Self::PolicyRefused,
            "credential_expired" => Self::CredentialExpired,
            "credential_wrong" => Self::CredentialWrong,
            "certificate_unknown" => Self::CertificateUnknown,
            "clock" => Self::Clock,
            "wrong_tenant" => Self::WrongTenant,
            "tenant_taken" => Self::TenantTaken,
            "microsoft_trouble" => Self::MicrosoftTrouble,
            _ => Self::Trouble,
        }
    }

    /// What happened, and what to do.
    pub const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::ConsentNotSeen => (
                "Microsoft does not know this application in the customer's tenant.",
                "Compare the application (client) ID and the directory (tenant) ID. In the Entra admin center, open App registrations → API permissions → “Grant admin consent”, then try again.",
            ),
            Self::PermissionsMissing => (
                "The application is there, but not all application permissions are granted.",
                "In the Entra admin center, add the permissions named on this page as application permissions and press “Grant admin consent”, then try again.",
            ),
            Self::AppDisabled => (
                "The enterprise application is switched off in the customer's tenant.",
                "Enterprise applications → Properties → “Enabled for users to sign-in?” → Yes, then try again.",
            ),
            Self::ResourceAbsent => (
                "A required service does not exist in the customer's tenant, or not for applications.",
                "Check the licence, or make the resource optional (Tenants, Edit).",
            ),
            Self::PolicyRefused => (
                "A Conditional Access policy for workload identities refused the application.",
                "The customer has to exclude this application from the policy, then try again.",
            ),
            Self::CredentialExpired => (
                "The secret or certificate has ended.",
                "Make a new one under Certificates & secrets, and enter it here.",
            ),
            Self::CredentialWrong => (
                "Microsoft does not accept this secret.",
                "Enter the secret's value, not its ID; it is shown once, when it is made. Else make a new one.",
            ),
            Self::CertificateUnknown => (
                "Microsoft does not know this certificate.",
                "Upload its public part under Certificates & secrets → Certificates, then try again.",
            ),
            Self::Clock => (
                "This server's clock differs from Microsoft's.",
                "An operator has to set the clock, then try again.",
            ),
            Self::WrongTenant => (
                "The token was for another Entra tenant.",
                "Compare the directory (tenant) ID.",
            ),
            Self::TenantTaken => (
                "This Entra tenant belongs to another tenant of yours.",
                "Use that one, or archive it first.",
            ),
            Self::MicrosoftTrouble => (
                "Microsoft could not be reached for a quarter of an hour.",
                "Try again later; what you entered is kept.",
            ),
            Self::Trouble => (
                "Microsoft refused the application for a reason that is not known.",
                "See the recorded error, then try again.",
            ),
        }
    }

    /// Is what was entered of no use, so that only entering it anew helps?
    pub const fn needs_new_entry(self) -> bool {
        matches!(
            self,
            Self::CredentialExpired | Self::CredentialWrong | Self::WrongTenant | Self::TenantTaken
        )
    }
}

/// The form as typed.
#[derive(Default)]
pub struct OwnAppInput {
    pub client_id: String,
    pub entra_tenant_id: String,
    pub secret: String,
    /// Day on which the secret ends, `2027-05-31`; empty when not told.
    pub secret_ends: String,
    pub certificate: String,
}

/// The form, checked.
#[derive(Debug)]
pub struct OwnApp {
    pub client_id: Uuid,
    pub entra_tenant_id: Uuid,
    pub credential: NewCredential,
}

impl OwnAppInput {
    /// Check every field; `bound` is the Entra tenant that the tenant is bound to.
    pub fn parse(
        &self,
        bound: Option<Uuid>,
        now: OffsetDateTime,
    ) -> Result<OwnApp, Vec<FieldError>> {
        let mut errors = Vec::new();
        let client_id = guid("client_id", &self.client_id, &mut errors);
        let entra_tenant_id = guid("entra_tenant_id", &self.entra_tenant_id, &mut errors);
        if let (Some(typed), Some(bound)) = (entra_tenant_id, bound)
            && typed != bound
        {
            errors.push(FieldError::new(
                "entra_tenant_id",
                format!(
                    "This tenant is bound to {bound}. Another Entra tenant is another customer."
                ),
            ));
        }
        let credential = self.credential(now, &mut errors);
        match (client_id, entra_tenant_id, credential) {
            (Some(client_id), Some(entra_tenant_id), Some(credential)) if errors.is_empty() => {
                Ok(OwnApp {
                    client_id,
                    entra_tenant_id,
                    credential,
                })
            }
            _ => Err(errors),
        }
    }

    fn credential(
        &self,
        now: OffsetDateTime,
        errors: &mut Vec<FieldError>,
    ) -> Option<NewCredential> {
        let (secret, pem) = (self.secret.trim(), self.certificate.trim());
        let mut wrong = |field, message: &str| {
            errors.push(FieldError::new(field, message));
            None
        };
        match (secret.is_empty(), pem.is_empty()) {
            (true, true) => wrong(
                "secret",
                "Enter a client secret, or a certificate with its key.",
            ),
            (false, false) => wrong(
                "secret",
                "Enter a client secret or a certificate, not both.",
            ),
            (false, true) if secret.len() > LONGEST => {
                wrong("secret", "This is too long for a secret.")
            }
            (false, true) if secret.parse::<Uuid>().is_ok() => wrong(
                "secret",
                "This is the secret's ID. Enter its value: Microsoft shows it once, when the secret is made.",
            ),
            (false, true) => {
                let not_after = match self.secret_ends.trim() {
                    "" => None,
                    day => match Date::parse(day, &Iso8601::DATE) {
                        Ok(day) if day.midnight().assume_utc() <= now => {
                            return wrong("secret_ends", "This day is over.");
                        }
                        Ok(day) => Some(day.midnight().assume_utc()),
                        Err(_) => return wrong("secret_ends", "Write the day like 2027-05-31."),
                    },
                };
                Some(NewCredential::Secret {
                    value: Text::new(secret),
                    not_after,
                })
            }
            (true, false) if pem.len() > LONGEST => wrong(
                "certificate",
                "This is too long for a certificate and its key.",
            ),
            (true, false) => Some(NewCredential::Certificate {
                pem: Text::new(pem),
            }),
        }
    }
}

fn guid(field: &'static str, typed: &str, errors: &mut Vec<FieldError>) -> Option<Uuid> {
    let read = typed.trim().parse().ok().filter(|id: &Uuid| !id.is_nil());
    if read.is_none() {
        let message =
            "Enter the ID as Microsoft shows it, like 11112222-bbbb-3333-cccc-4444dddd5555.";
        errors.push(FieldError::new(field, message));
    }
    read
}

/// The newest trial of the tenant's own registration; none when none was entered.
pub async fn own_app_trial(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
) -> Result<Option<Trial>, sqlx::Error> {
    store::own_app_trial(op, scope, tenant).await
}

#[cfg(test)]
mod tests {
    use super::*;

    type Slip = fn(&mut OwnAppInput);

    const BOUND: Uuid = Uuid::from_u128(7);

    fn input() -> OwnAppInput {
        OwnAppInput {
            client_id: Uuid::from_u128(8).to_string(),
            entra_tenant_id: BOUND.to_string(),
            secret: "abc8Q~value".into(),
            secret_ends: "2027-05-31".into(),
            certificate: String::new(),
        }
    }

    fn refused(input: &OwnAppInput) -> Vec<&'static str> {
        let read = input.parse(Some(BOUND), OffsetDateTime::UNIX_EPOCH);
        let errors = read.err().unwrap_or_default();
        errors.into_iter().map(|error| error.field).collect()
    }

    #[test]
    fn a_whole_form_is_taken_and_each_slip_is_named_at_its_field() {
        assert!(refused(&input()).is_empty());
        let slips: [(Slip, &str); 7] = [
            (|one| one.client_id = "contoso".into(), "client_id"),
            (
                |one| one.entra_tenant_id = Uuid::from_u128(9).to_string(),
                "entra_tenant_id",
            ),
            (|one| one.secret.clear(), "secret"),
            (|one| one.secret = Uuid::from_u128(1).to_string(), "secret"),
            (|one| one.certificate = "-----BEGIN".into(), "secret"),
            (|one| one.secret_ends = "31.5.2027".into(), "secret_ends"),
            (|one| one.secret_ends = "1969-01-01".into(), "secret_ends"),
        ];
        for (slip, field) in slips {
            let mut typed = input();
            slip(&mut typed);
            assert_eq!(refused(&typed), [field]);
        }
    }
}
