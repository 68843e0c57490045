//! One attempt, in one browser, to use an invitation: begun and continued here, carried on by the keeper, which alone
//! talks to Microsoft and writes how it goes into the flow's row. Its sentences are the onboarding page's.

mod begin;
mod held;
mod leg;
mod progress;
mod secret;
mod store;
mod watch;

use time::OffsetDateTime;
use uuid::Uuid;

use super::invitation::Method;
use super::op::Op;
use crate::storage::{ConnectionId, FlowId, InvitationId, TenantId};

pub use begin::{
    Attempt, BeginError, Begun, begin, continue_here, expire, forget, lives_elsewhere,
    parse_admin_username, supersede,
};
pub use held::{Held, held, is_held};
pub use leg::{open_leg, prolong, take_leg};
pub use progress::{Access, Progress, ResourceLine, Standing, TokenState, progress};
pub use secret::FlowSecret;
pub use watch::ear;

/// How long one attempt, or one trip to Microsoft, may take.
pub const PATIENCE: time::Duration = time::Duration::minutes(15);

/// One attempt to use an invitation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    pub id: FlowId,
    pub tenant_id: TenantId,
    pub invitation_id: InvitationId,
    pub method: Method,
    /// As given on the page; empty when its bearer gave none.
    pub admin_username: String,
    /// Its bearer said "I am someone else": a technician will have to confirm who signed in.
    pub someone_else: bool,
    /// The connection that holds what was acquired so far.
    pub connection_id: Option<ConnectionId>,
    /// SHA-256 of the OAuth state of the trip to Microsoft that is out; none after it came back.
    pub(crate) leg_hash: Option<Vec<u8>>,
    pub expires_at: OffsetDateTime,
    pub stage: Stage,
}

/// How far an attempt has come.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Begun; the code, or the trip to Microsoft's sign-in page, is still to be asked for.
    Started,
    /// A code waits to be typed in at Microsoft.
    CodeShown(DeviceCode),
    /// The browser went to Microsoft's sign-in page.
    Redirected,
    /// Signed in; the keeper acquires one resource after another.
    Acquiring,
    /// Signed in, but somebody must consent to what is asked.
    ConsentNeeded,
    /// Consent was asked of the customer's reviewer.
    AwaitingApproval,
    /// Every required resource is acquired.
    Complete,
    /// Acquired, and waiting for a technician to confirm who signed in.
    Held(SignedIn),
    /// Over, nothing stored.
    Failed(Failure, SignedIn),
    /// Ended by another attempt, or with its invitation.
    Superseded,
}

/// What the page shows of a device authorization (RFC 8628); the device code itself stays in the keeper.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DeviceCode {
    pub user_code: String,
    pub verification_uri: String,
    pub expires_at: OffsetDateTime,
}

/// Who signed in, as far as it was verified.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct SignedIn {
    pub username: String,
    pub entra_tenant_id: Option<Uuid>,
}

/// Why an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Failure {
    WrongTenant,
    WrongPerson,
    GuestAccount,
    PersonalAccount,
    /// The Entra tenant is bound to another tenant of the MSP.
    TenantTaken,
    Declined,
    CodeLapsed,
    DeviceCodeBlocked,
    /// Conditional Access or another policy of the customer refused.
    PolicyRefused,
    /// The administrator has not the role that consent needs.
    NotAdmin,
    /// Microsoft does not show the administrator's consent.
    ConsentNotSeen,
    /// Consent was given, but not to all that is needed.
    PermissionsMissing,
    /// Our enterprise application is switched off in the tenant.
    AppDisabled,
    /// A resource of the set is not to be had in the tenant.
    ResourceAbsent,
    /// The MSP did not say which Microsoft tenant it is.
    TenantUnknown,
    /// Our app registration is at fault.
    AppTrouble,
    MicrosoftTrouble,
    /// Left unfinished for too long.
    Abandoned,
    /// Anything else.
    Trouble,
}

impl Failure {
    /// From the word in the row. The keeper may learn words that this page has no sentence for: those read as trouble.
    fn from_word(word: &str) -> Self {
        match word {
            "wrong_tenant" => Self::WrongTenant,
            "wrong_person" => Self::WrongPerson,
            "guest_account" => Self::GuestAccount,
            "personal_account" => Self::PersonalAccount,
            "tenant_taken" => Self::TenantTaken,
            "declined" => Self::Declined,
            "code_lapsed" => Self::CodeLapsed,
            "device_code_blocked" => Self::DeviceCodeBlocked,
            "policy_refused" => Self::PolicyRefused,
            "not_admin" => Self::NotAdmin,
            "consent_not_seen" => Self::ConsentNotSeen,
            "permissions_missing" => Self::PermissionsMissing,
            "app_disabled" => Self::AppDisabled,
            "resource_absent" => Self::ResourceAbsent,
            "tenant_unknown" => Self::TenantUnknown,
            "app_trouble" => Self::AppTrouble,
            "microsoft_trouble" => Self::MicrosoftTrouble,
            "abandoned" => Self::Abandoned,
            _ => Self::Trouble,
        }
    }
}

impl Flow {
    /// Can this attempt still come to something, so that another browser must say "Continue here" first?
    pub fn is_live(&self, now: OffsetDateTime) -> bool {
        match &self.stage {
            Stage::Complete | Stage::Held(_) | Stage::Failed(..) | Stage::Superseded => false,
            Stage::CodeShown(code) => code.expires_at > now || self.expires_at > now,
            _ => self.expires_at > now,
        }
    }

    /// The stage as of `now`: what ran out of time has failed, also before the keeper or the sweep has written so.
    /// Waiting for consent does not run out before the invitation does.
    pub fn stage_at(&self, now: OffsetDateTime) -> Stage {
        let nobody = SignedIn::default;
        match &self.stage {
            Stage::CodeShown(code) if code.expires_at <= now => {
                Stage::Failed(Failure::CodeLapsed, nobody())
            }
            Stage::Started | Stage::Redirected if self.expires_at <= now => {
                Stage::Failed(Failure::Abandoned, nobody())
            }
            stage => stage.clone(),
        }
    }
}

/// The flow that this browser began, whatever became of it. The cookie's secret is the proof; the scope follows from it.
pub async fn find(op: &mut Op, secret: &FlowSecret) -> Result<Option<Flow>, sqlx::Error> {
    store::find_by_secret(op, &secret.hash()).await
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);

    fn flow(stage: Stage, expires_at: OffsetDateTime) -> Flow {
        Flow {
            id: FlowId::new(),
            tenant_id: TenantId::new(),
            invitation_id: InvitationId::new(),
            method: Method::DeviceCode,
            admin_username: String::new(),
            someone_else: false,
            connection_id: None,
            leg_hash: None,
            expires_at,
            stage,
        }
    }

    fn code(expires_at: OffsetDateTime) -> Stage {
        Stage::CodeShown(DeviceCode {
            user_code: "ABCDEFGH9".into(),
            verification_uri: "https://microsoft.com/devicelogin".into(),
            expires_at,
        })
    }

    #[test]
    fn a_code_lapses_at_the_instant_it_names() {
        let soon = NOW + time::Duration::seconds(1);
        assert_eq!(flow(code(soon), soon).stage_at(NOW), code(soon));
        let lapsed = flow(code(NOW), NOW);
        assert_eq!(
            lapsed.stage_at(NOW),
            Stage::Failed(Failure::CodeLapsed, SignedIn::default())
        );
        assert!(!lapsed.is_live(NOW));
    }

    #[test]
    fn a_sign_in_left_alone_is_abandoned() {
        assert_eq!(
            flow(Stage::Redirected, NOW).stage_at(NOW),
            Stage::Failed(Failure::Abandoned, SignedIn::default())
        );
    }

    #[test]
    fn waiting_for_consent_is_shown_for_as_long_as_the_link_is_good() {
        for stage in [
            Stage::ConsentNeeded,
            Stage::AwaitingApproval,
            Stage::Acquiring,
        ] {
            assert_eq!(flow(stage.clone(), NOW).stage_at(NOW), stage);
        }
    }

    #[test]
    fn an_ended_attempt_never_stands_in_the_way_of_another() {
        let later = NOW + PATIENCE;
        for stage in [
            Stage::Complete,
            Stage::Held(SignedIn::default()),
            Stage::Failed(Failure::Declined, SignedIn::default()),
            Stage::Superseded,
        ] {
            assert!(!flow(stage, later).is_live(NOW));
        }
        assert!(flow(Stage::Acquiring, later).is_live(NOW));
    }

    #[test]
    fn a_word_without_a_sentence_reads_as_trouble() {
        assert_eq!(Failure::from_word("wrong_tenant"), Failure::WrongTenant);
        assert_eq!(Failure::from_word("brand_new"), Failure::Trouble);
    }
}
