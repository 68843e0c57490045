//! Letting the application itself in: by an administrator's consent, or with a registration of the customer's own.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Actor, Text};

/// A question.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
#[serde(deny_unknown_fields)]
pub enum Ask {
    /// A flow of this method was started: show the admin-consent leg. Answer: `Reply::Done`.
    StartConsent { tenant_id: Uuid, flow_id: Uuid },
    /// Try a customer's own registration in the background; `app_only_trials` tells how it goes. What is connected now
    /// stays until it works for every required resource. Answer: `Reply::AppOnly`.
    TryOwn {
        tenant_id: Uuid,
        entra_tenant_id: Uuid,
        client_id: Uuid,
        credential: NewCredential,
        actor: Actor,
    },
    /// Try once more what failed. Answer: `Reply::Done`.
    TryAgain { tenant_id: Uuid },
    /// Forget what failed, with its credential. Answer: `Reply::Done`.
    Forget { tenant_id: Uuid, actor: Actor },
}

/// A credential as it was entered.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[serde(deny_unknown_fields)]
pub enum NewCredential {
    Secret {
        value: Text,
        /// As the technician read it at Microsoft; nobody else tells.
        not_after: Option<time::OffsetDateTime>,
    },
    /// Certificate and private key in PEM, in one text.
    Certificate { pem: Text },
}

/// What became of a registration that was entered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "began", rename_all = "snake_case")]
pub enum Began {
    Trying,
    /// The certificate cannot be used; a sentence without its subject.
    Unfit {
        why: String,
    },
    /// This is another Entra tenant than the one bound.
    OtherTenant {
        bound: Uuid,
    },
    /// The Entra tenant belongs to another tenant of ours.
    Taken,
    /// The very same credential is stored already.
    Known,
}
