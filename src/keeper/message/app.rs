//! Questions about our own app registrations. A credential travels one way: nothing here gives one back.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::Actor;
use crate::keeper::text::Text;

/// A change to the MSP's registrations. A new credential is tried at Microsoft before it is used; what came of it is in
/// its row.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
#[serde(deny_unknown_fields)]
pub enum AppChange {
    /// Make this the registration for what is new. Another client id than the present one retires that one, which stays
    /// usable for the connections made with it. Answer: the registration's id.
    Register {
        client_id: Uuid,
        display_name: String,
        /// The Entra tenant in which it was made, where its credentials are tried.
        entra_tenant_id: Option<Uuid>,
        actor: Actor,
    },
    /// Store a client secret's value and try it. Answer: the credential's id.
    AddSecret {
        registration_id: Uuid,
        value: Text,
        not_after: Option<OffsetDateTime>,
        actor: Actor,
    },
    /// Store a certificate with its RSA key (PEM) and try it. Answer: the credential's id.
    AddCertificate {
        registration_id: Uuid,
        pem: Text,
        actor: Actor,
    },
    /// Make a key and a certificate for it. It is tried when somebody says that its public part is at Microsoft. Answer:
    /// the credential's id.
    GenerateCertificate {
        registration_id: Uuid,
        /// 1 or 2.
        years: u8,
        actor: Actor,
    },
    /// Try a credential that is not in use; when Microsoft accepts it, it is used from then on. Answer: its id.
    Try {
        registration_id: Uuid,
        credential_id: Uuid,
        actor: Actor,
    },
    /// Keep it, use it no more. The last usable one only with `even_the_last`. Answer: its id.
    Retire {
        registration_id: Uuid,
        credential_id: Uuid,
        even_the_last: bool,
        actor: Actor,
    },
    /// Forget it. The last usable one only with `even_the_last`. Answer: its id.
    Remove {
        registration_id: Uuid,
        credential_id: Uuid,
        even_the_last: bool,
        actor: Actor,
    },
}

/// What came of an [`AppChange`].
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "came", rename_all = "snake_case")]
pub enum AppChanged {
    Done { id: Uuid },
    Not { why: AppRefusal },
}

/// Why nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum AppRefusal {
    /// No such registration or credential, or not in a state that allows it.
    #[error("nothing there that allows this")]
    NotThere,
    /// The text is no certificate that Microsoft could accept.
    #[error(transparent)]
    Unfit(Unfit),
    /// The certificate is past its end.
    #[error("the certificate is past its end")]
    Ended,
    /// This very secret or key is stored already.
    #[error("it is stored already")]
    AlreadyStored,
    /// Without it nothing would be left to show to Microsoft.
    #[error("it is the last usable credential")]
    LastUsable,
}

/// Why a text is no certificate that Microsoft could accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Unfit {
    #[error("it must hold one CERTIFICATE and one PRIVATE KEY in PEM")]
    NotPem,
    #[error("it holds no CERTIFICATE")]
    NoCertificate,
    #[error("it holds no PRIVATE KEY")]
    NoKey,
    #[error("its private key is encrypted; store it without a passphrase")]
    Encrypted,
    #[error("its key is not an RSA key, and Microsoft accepts no other")]
    NotRsa,
    #[error("its RSA key has fewer than 2048 bits")]
    Weak,
    #[error("its private key belongs to another certificate")]
    Mismatch,
}
