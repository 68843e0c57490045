//! Second factors: what proves, beside the password, that it is the person. Passkeys, authenticator apps (whose seeds the
//! keeper has), and recovery codes for when both are lost.

mod app;
mod change;
mod enrol;
mod passkey;
mod prove;
mod recovery;

use std::fmt;

use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use time::OffsetDateTime;
use uuid::Uuid;

pub use app::{AppError, Setup, begin_app, setup_of};
pub use change::{ChangeFactorError, factor_name, remove, rename, reset_factors};
pub use enrol::{EnrolError, MOST_FACTORS, add_passkey, confirm_app};
pub use passkey::{Ceremony, PasskeyError, Passkeys, passkeys_of};
pub use prove::{FactorProof, ProveError, Prover, prove};
pub use recovery::{CODES, RecoveryCode, keep_codes, make_codes};

use super::store;
use crate::domain::op::Op;
use crate::storage::TechnicianId;

/// What was proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactorKind {
    Passkey,
    /// An authenticator app.
    Totp,
    /// A recovery code.
    Recovery,
    /// The provider of single sign-on said that it asked for a second factor.
    SignOn,
}

impl FactorKind {
    /// As the database and the audit log know it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passkey => "passkey",
            Self::Totp => "totp",
            Self::Recovery => "recovery",
            Self::SignOn => "sign_on",
        }
    }

    /// As people know it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Passkey => "passkey",
            Self::Totp => "authenticator app",
            Self::Recovery => "recovery code",
            Self::SignOn => "single sign-on",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Passkey, Self::Totp, Self::Recovery, Self::SignOn]
            .into_iter()
            .find(|kind| kind.as_str() == word)
    }
}

impl fmt::Display for FactorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

/// A factor that somebody has.
#[derive(Clone, Debug)]
pub struct Factor {
    pub id: Uuid,
    pub kind: FactorKind,
    /// As its owner calls it.
    pub name: String,
    pub created_at: OffsetDateTime,
    pub last_used_at: Option<OffsetDateTime>,
}

/// What somebody can prove themselves with.
#[derive(Clone, Debug, Default)]
pub struct Enrolled {
    /// The oldest first.
    pub factors: Vec<Factor>,
    /// Recovery codes that were not used.
    pub codes_left: i64,
    /// They said that the codes are kept in a safe place.
    pub codes_kept: bool,
}

/// What somebody who proved themselves has to set up before anything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    AnyFactor,
    /// The settings ask a passkey of owners and admins.
    Passkey,
    RecoveryCodes,
}

impl Enrolled {
    pub fn has(&self, kind: FactorKind) -> bool {
        self.factors.iter().any(|factor| factor.kind == kind)
    }

    /// What comes next; none when nothing is missing.
    pub fn missing(&self, needs_passkey: bool) -> Option<Missing> {
        if self.factors.is_empty() {
            Some(Missing::AnyFactor)
        } else if needs_passkey && !self.has(FactorKind::Passkey) {
            Some(Missing::Passkey)
        } else if !self.codes_kept {
            Some(Missing::RecoveryCodes)
        } else {
            None
        }
    }
}

/// What this technician can prove themselves with.
pub async fn enrolled(pool: &PgPool, technician: TechnicianId) -> Result<Enrolled, sqlx::Error> {
    let mut db = pool.acquire().await?;
    store::enrolled(&mut db, technician).await
}

/// The same within a unit of work.
pub async fn enrolled_in(op: &mut Op, technician: TechnicianId) -> Result<Enrolled, sqlx::Error> {
    store::enrolled(op.db(), technician).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(kinds: &[FactorKind], codes_kept: bool) -> Enrolled {
        let factor = |kind: &FactorKind| Factor {
            id: Uuid::nil(),
            kind: *kind,
            name: String::new(),
            created_at: OffsetDateTime::UNIX_EPOCH,
            last_used_at: None,
        };
        Enrolled {
            factors: kinds.iter().map(factor).collect(),
            codes_left: 10,
            codes_kept,
        }
    }

    #[test]
    fn a_factor_comes_first_then_the_passkey_of_those_who_need_one_then_the_codes() {
        use FactorKind::{Passkey, Totp};
        for (kinds, kept, needs_passkey, missing) in [
            (&[][..], true, false, Some(Missing::AnyFactor)),
            (&[Totp][..], true, true, Some(Missing::Passkey)),
            (&[Totp][..], false, false, Some(Missing::RecoveryCodes)),
            (&[Totp][..], true, false, None),
            (&[Passkey][..], false, true, Some(Missing::RecoveryCodes)),
            (&[Passkey, Totp][..], true, true, None),
        ] {
            assert_eq!(
                with(kinds, kept).missing(needs_passkey),
                missing,
                "{kinds:?}"
            );
        }
    }
}
