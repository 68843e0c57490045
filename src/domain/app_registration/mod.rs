//! The MSP's app registration at Microsoft: what is stored of it, when its credentials end, and what people change. No
//! secret is read here: the portal's role cannot, and changes are asked of the keeper.

mod alarm;
mod change;
mod input;
mod store;
mod warning;

use time::OffsetDateTime;
use uuid::Uuid;

pub use alarm::{Alarm, alarm};
pub use change::{ChangeError, change};
pub use input::{
    FieldError, NewRegistration, NewSecret, RegistrationInput, SecretInput, certificate_text,
};
pub use warning::{Warning, days_left, warning};

use super::op::{Op, Scope};
use crate::keeper::Cloud;

/// A registration of the MSP's own with its credentials.
#[derive(Clone, Debug)]
pub struct Registration {
    pub id: Uuid,
    pub client_id: Uuid,
    pub display_name: String,
    /// The Entra tenant in which it was made; none when nobody said.
    pub entra_tenant_id: Option<Uuid>,
    /// Used for new onboardings; the others serve the connections made with them.
    pub is_active: bool,
    /// Living connections made with it.
    pub connections: i64,
    /// Usable ones first, then the newest.
    pub credentials: Vec<Credential>,
}

/// A credential as people may see it.
#[derive(Clone, Debug)]
pub struct Credential {
    pub id: Uuid,
    pub kind: Kind,
    /// The last four characters of a secret, the SHA-256 thumbprint of a certificate.
    pub hint: String,
    /// None when nobody said.
    pub not_after: Option<OffsetDateTime>,
    pub state: State,
    pub created_at: OffsetDateTime,
    pub created_by: String,
    /// When Microsoft accepted it last, to the hour.
    pub worked_at: Option<OffsetDateTime>,
    /// Microsoft's last refusal, when none was accepted after it.
    pub refusal: Option<Refused>,
    /// The keeper tries it again by itself.
    pub is_being_tried: bool,
}

/// Microsoft's refusal of a credential.
#[derive(Clone, Debug)]
pub struct Refused {
    pub at: OffsetDateTime,
    pub why: Why,
    /// The AADSTS number.
    pub code: Option<i32>,
    /// Microsoft's words.
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Secret,
    Certificate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Not accepted yet.
    Candidate,
    Active,
    Refused,
    Retired,
}

/// Why Microsoft did not accept a credential; as the keeper writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    Expired,
    WrongValue,
    UnknownCertificate,
    WrongApp,
    Clock,
    Unreachable,
    /// No Entra tenant is known to try it in.
    Nowhere,
    Other,
}

impl Credential {
    pub fn is_usable(&self) -> bool {
        self.state == State::Active
    }
}

/// The MSP's registrations of a cloud, the active one first.
pub async fn list(
    op: &mut Op,
    scope: Scope,
    cloud: Cloud,
) -> Result<Vec<Registration>, sqlx::Error> {
    store::list(op, scope, cloud).await
}

/// The public part of a certificate, DER; none for a secret or another's credential.
pub async fn certificate(op: &mut Op, id: Uuid) -> Result<Option<Vec<u8>>, sqlx::Error> {
    store::certificate(op, id).await
}
