//! A link that lets a tenant's administrator authorise the MSP: what it promises, how long it is good, what became of it.
//! One attempt to use it is `domain::onboarding`; who signed in and the tokens are the keeper's.

mod ask;
mod create;
mod end;
mod input;
mod link;
mod open;
mod pin;
mod sent;
mod store;

use std::str::FromStr;

use time::OffsetDateTime;
use uuid::Uuid;

use super::op::{Op, Scope};
use crate::storage::{InvitationId, TechnicianId, TenantId};

pub use ask::ask_new_link;
pub use create::{
    CreateError, Created, FromForm, NewInvitation, create, create_from_form, made_by_form, replace,
};
pub use end::{EndError, Swept, expire, revoke};
pub use input::{InvitationInput, Terms, VALIDITY_HOURS, Validity};
pub use link::{LinkError, LinkToken, SealedLink, record_shown, reveal, seal};
pub use open::opened;
pub use pin::{
    PIN_TRIES, Pin, PinLock, PinPass, PinTry, WrongPin, accept_pin, give_back_pin_try, refuse_pin,
    spend_pin_try,
};
pub use sent::record_sent;
pub use store::{Counts, Filter, ListRow};

/// An invitation as people see it; its link is known to nobody but the keeper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    pub id: InvitationId,
    pub tenant_id: TenantId,
    /// The last characters of the link, to recognise it by.
    pub hint: String,
    /// What both sides can name on the phone, like `R-7KQ2`.
    pub reference: String,
    pub method: Method,
    /// Made to replace what works by what lasts longer: its method is fixed.
    pub lasting: bool,
    /// Where the link was to be mailed; empty means link only.
    pub invitation_email: String,
    /// The administrator who must sign in (user principal name); empty means that a technician confirms who did.
    pub expected_admin: String,
    /// The Entra tenant that must be signed in to, once one is bound.
    pub expected_entra_tenant_id: Option<Uuid>,
    pub created_by: Option<TechnicianId>,
    pub created_at: OffsetDateTime,
    pub expires_at: OffsetDateTime,
    pub email_sent_at: Option<OffsetDateTime>,
    pub email_sent_count: i32,
    pub device_authenticated_at: Option<OffsetDateTime>,
    /// When its bearer last asked for a new link.
    pub new_link_asked_at: Option<OffsetDateTime>,
    pub pin: PinLock,
    pub state: InvitationState,
}

/// What became of an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvitationState {
    /// Good, and nobody has begun to use it.
    Open,
    /// Good, and its bearer has begun.
    Started { at: OffsetDateTime },
    /// Used: a token set was stored.
    Completed { at: OffsetDateTime },
    /// Its time ran out unused.
    Expired { at: OffsetDateTime },
    /// Withdrawn by a technician, or replaced by a newer link.
    Revoked { at: OffsetDateTime },
}

impl InvitationState {
    /// The word of filters and addresses.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Started { .. } => "started",
            Self::Completed { .. } => "completed",
            Self::Expired { .. } => "expired",
            Self::Revoked { .. } => "revoked",
        }
    }

    /// May the link be used, shown and mailed?
    pub const fn is_good(&self) -> bool {
        matches!(self, Self::Open | Self::Started { .. })
    }

    /// From the columns, as of `now`: an open link whose time is over is expired also before the sweep has written so.
    fn from_row(
        word: &str,
        started_at: Option<OffsetDateTime>,
        ended_at: Option<OffsetDateTime>,
        expires_at: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Option<Self> {
        match (word, ended_at) {
            ("open", None) if expires_at <= now => Some(Self::Expired { at: expires_at }),
            ("open", None) => Some(started_at.map_or(Self::Open, |at| Self::Started { at })),
            ("completed", Some(at)) => Some(Self::Completed { at }),
            ("expired", Some(at)) => Some(Self::Expired { at }),
            ("revoked", Some(at)) => Some(Self::Revoked { at }),
            _ => None,
        }
    }
}

/// How the administrator signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// A code shown here is typed in at Microsoft (RFC 8628).
    DeviceCode,
    /// "Sign in with Microsoft": authorization code with PKCE in the same browser.
    AuthCode,
    /// Nobody's token: the administrator consents, and the application itself is let in (client credentials).
    AppOnly,
}

impl Method {
    /// The word in the database and in forms.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DeviceCode => "device_code",
            Self::AuthCode => "auth_code",
            Self::AppOnly => "app_only",
        }
    }
}

impl FromStr for Method {
    type Err = UnknownMethod;

    fn from_str(word: &str) -> Result<Self, UnknownMethod> {
        match word {
            "device_code" => Ok(Self::DeviceCode),
            "auth_code" => Ok(Self::AuthCode),
            "app_only" => Ok(Self::AppOnly),
            _ => Err(UnknownMethod),
        }
    }
}

impl Invitation {
    /// The method for an attempt whose bearer chose `wanted`: a fixed one stays, and nobody lets the application itself in
    /// who was not asked to.
    pub fn method_for(&self, wanted: Method) -> Method {
        if self.fixes_method() || wanted == Method::AppOnly {
            self.method
        } else {
            wanted
        }
    }

    /// May its bearer not choose how to sign in?
    pub fn fixes_method(&self) -> bool {
        self.lasting || self.method == Method::AppOnly
    }
}

/// A word that names no way to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such way to sign in")]
pub struct UnknownMethod;

/// The invitation with this id if the scope reaches it.
pub async fn find(
    op: &mut Op,
    scope: Scope,
    id: InvitationId,
) -> Result<Option<Invitation>, sqlx::Error> {
    store::find(op, scope, id).await
}

/// The invitation that this link belongs to, whatever became of it. The link itself is the proof; the scope follows from it.
pub async fn find_by_link(
    op: &mut Op,
    token: &LinkToken,
) -> Result<Option<Invitation>, sqlx::Error> {
    store::find_by_link(op, &token.hash()).await
}

/// One page of invitations, newest first, and how many there are in all.
pub async fn list(
    op: &mut Op,
    scope: Scope,
    filter: &Filter,
    limit: i64,
    offset: i64,
) -> Result<(Vec<ListRow>, i64), sqlx::Error> {
    store::list(op, scope, filter, limit, offset).await
}

/// The next invitations, newest first, after the one that was made then.
pub async fn list_after(
    op: &mut Op,
    scope: Scope,
    filter: &Filter,
    after: Option<(OffsetDateTime, InvitationId)>,
    limit: i64,
) -> Result<Vec<ListRow>, sqlx::Error> {
    store::list_after(op, scope, filter, after, limit).await
}

/// How many invitations there are of each state.
pub async fn counts(op: &mut Op, scope: Scope) -> Result<Counts, sqlx::Error> {
    store::counts(op, scope).await
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);

    fn state(word: &str, ended: bool, expires_at: OffsetDateTime) -> Option<InvitationState> {
        InvitationState::from_row(word, None, ended.then_some(NOW), expires_at, NOW)
    }

    #[test]
    fn an_open_link_is_expired_from_the_instant_it_names() {
        let later = NOW + time::Duration::microseconds(1);
        assert_eq!(state("open", false, later), Some(InvitationState::Open));
        assert_eq!(
            state("open", false, NOW),
            Some(InvitationState::Expired { at: NOW })
        );
    }

    #[test]
    fn a_completed_link_stays_completed_after_its_time() {
        let before = NOW - time::Duration::days(1);
        let completed = state("completed", true, before);
        assert_eq!(completed, Some(InvitationState::Completed { at: NOW }));
        assert!(!completed.unwrap().is_good());
    }

    #[test]
    fn rows_that_cannot_be_are_no_state() {
        assert_eq!(state("open", true, NOW), None);
        assert_eq!(state("revoked", false, NOW), None);
        assert_eq!(state("lost", true, NOW), None);
    }
}
