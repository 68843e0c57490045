//! Passkeys (W3C WebAuthn): what the browser is asked, and what its answer proves. User verification is required, so a
//! passkey alone is two factors; the name of the site and its origin are exactly those of `base_url`.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::PgPool;
use url::{Host, Url};
use webauthn_rs::prelude::{
    AuthenticationResult, Passkey, PasskeyAuthentication, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Webauthn, WebauthnBuilder, WebauthnError,
};

use crate::domain::technician::{Technician, store};
use crate::storage::TechnicianId;

/// A challenge is answered within so long.
const PATIENCE: Duration = Duration::from_mins(5);

/// What a browser proved.
pub(super) type Proved = AuthenticationResult;

/// Passkeys of this site.
#[derive(Debug)]
pub struct Passkeys(Webauthn);

/// What is remembered of a challenge on our side, in the login session, until it is answered.
#[derive(Serialize, Deserialize)]
#[serde(tag = "ceremony", rename_all = "snake_case")]
pub enum Ceremony {
    /// To add a passkey to this technician's.
    Enrol {
        technician: TechnicianId,
        state: PasskeyRegistration,
    },
    /// To prove that it is this technician.
    Prove {
        technician: TechnicianId,
        state: PasskeyAuthentication,
    },
}

/// Why an answer proves nothing. Which of them is for the log.
#[derive(Debug, thiserror::Error)]
pub enum PasskeyError {
    #[error("there was no challenge, or it is over, or it was for something else")]
    NoChallenge,
    #[error("the browser's answer cannot be read")]
    Unreadable,
    #[error("the browser's answer proves nothing: {0}")]
    Refused(#[from] WebauthnError),
}

impl Passkeys {
    /// None where browsers offer no passkeys: on plain http, save on this machine, and under a bare address.
    pub fn at(base_url: &Url, msp_name: &str) -> Option<Self> {
        let Some(Host::Domain(name)) = base_url.host() else {
            return None;
        };
        let is_local = name == "localhost" || name.ends_with(".localhost");
        if base_url.scheme() != "https" && !is_local {
            return None;
        }
        let title = if msp_name.is_empty() {
            "Tenantry"
        } else {
            msp_name
        };
        let builder = WebauthnBuilder::new(name, base_url).ok()?;
        let built = builder.rp_name(title).timeout(PATIENCE).build();
        built.ok().map(Self)
    }

    /// What to ask the browser to make a passkey, and what to remember. Those known are not made again.
    pub fn begin_enrolment(
        &self,
        technician: &Technician,
        known: &[Passkey],
    ) -> Result<(Value, Ceremony), PasskeyError> {
        let known = known.iter().map(|one| one.cred_id().clone()).collect();
        let (asked, state) = self.0.start_passkey_registration(
            technician.id.as_uuid(),
            &technician.email,
            &technician.display_name,
            Some(known),
        )?;
        let ceremony = Ceremony::Enrol {
            technician: technician.id,
            state,
        };
        Ok((options(&asked)?, ceremony))
    }

    /// The passkey that the browser made.
    pub(super) fn finish_enrolment(
        &self,
        of: TechnicianId,
        ceremony: Option<Ceremony>,
        answer: &str,
    ) -> Result<Passkey, PasskeyError> {
        let Some(Ceremony::Enrol { technician, state }) = ceremony else {
            return Err(PasskeyError::NoChallenge);
        };
        if technician != of {
            return Err(PasskeyError::NoChallenge);
        }
        let answer: RegisterPublicKeyCredential =
            serde_json::from_str(answer).map_err(|_| PasskeyError::Unreadable)?;
        Ok(self.0.finish_passkey_registration(&answer, &state)?)
    }

    /// What to ask the browser to prove one of the known passkeys, and what to remember.
    pub fn begin_proof(
        &self,
        technician: TechnicianId,
        known: &[Passkey],
    ) -> Result<(Value, Ceremony), PasskeyError> {
        let (asked, state) = self.0.start_passkey_authentication(known)?;
        Ok((options(&asked)?, Ceremony::Prove { technician, state }))
    }

    /// What the browser proved.
    pub(super) fn finish_proof(
        &self,
        of: TechnicianId,
        ceremony: Option<Ceremony>,
        answer: &str,
    ) -> Result<AuthenticationResult, PasskeyError> {
        let Some(Ceremony::Prove { technician, state }) = ceremony else {
            return Err(PasskeyError::NoChallenge);
        };
        if technician != of {
            return Err(PasskeyError::NoChallenge);
        }
        let answer: PublicKeyCredential =
            serde_json::from_str(answer).map_err(|_| PasskeyError::Unreadable)?;
        let proved = self.0.finish_passkey_authentication(&answer, &state)?;
        if !proved.user_verified() {
            return Err(WebauthnError::UserNotVerified.into());
        }
        Ok(proved)
    }
}

/// As the browser gets it: `{"publicKey": …}`.
fn options(asked: &impl Serialize) -> Result<Value, PasskeyError> {
    serde_json::to_value(asked).map_err(|_| PasskeyError::Unreadable)
}

/// Every passkey of this technician.
pub async fn passkeys_of(
    pool: &PgPool,
    technician: TechnicianId,
) -> Result<Vec<Passkey>, sqlx::Error> {
    store::passkeys(pool, technician).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::technician::Role;

    fn at(base: &str) -> Option<Passkeys> {
        Passkeys::at(&Url::parse(base).unwrap(), "Harbourline IT")
    }

    fn technician() -> Technician {
        Technician {
            id: TechnicianId::new(),
            email: "robin@msp.example".into(),
            display_name: "Robin Marlow".into(),
            role: Role::Owner,
            disabled: false,
            limited: false,
        }
    }

    #[test]
    fn passkeys_need_tls_and_a_name_or_this_machine() {
        for base in ["https://portal.msp.example", "http://localhost:8080"] {
            assert!(at(base).is_some(), "{base}");
        }
        for base in [
            "http://portal.msp.example",
            "http://127.0.0.1:8080",
            "https://192.0.2.1",
            "https://[2001:db8::1]",
        ] {
            assert!(at(base).is_none(), "{base}");
        }
    }

    #[test]
    fn the_browser_is_asked_for_a_verified_user_under_our_exact_name() {
        let passkeys = at("https://portal.msp.example").unwrap();
        let (asked, _) = passkeys.begin_enrolment(&technician(), &[]).unwrap();
        let key = &asked["publicKey"];
        assert_eq!(key["rp"]["id"], "portal.msp.example");
        assert_eq!(
            key["authenticatorSelection"]["userVerification"],
            "required"
        );
        assert_eq!(key["timeout"], 300_000);
        let challenge = key["challenge"].as_str().unwrap();
        assert_eq!(challenge.len(), 43, "32 bytes in base64url");
    }

    #[test]
    fn a_challenge_serves_its_person_and_its_purpose_alone() {
        let passkeys = at("https://portal.msp.example").unwrap();
        let robin = technician();
        let enrol = || Some(passkeys.begin_enrolment(&robin, &[]).unwrap().1);
        let other = TechnicianId::new();
        assert!(matches!(
            passkeys.finish_enrolment(other, enrol(), "{}"),
            Err(PasskeyError::NoChallenge)
        ));
        assert!(matches!(
            passkeys.finish_proof(robin.id, enrol(), "{}"),
            Err(PasskeyError::NoChallenge)
        ));
        assert!(matches!(
            passkeys.finish_enrolment(robin.id, None, "{}"),
            Err(PasskeyError::NoChallenge)
        ));
        assert!(matches!(
            passkeys.finish_enrolment(robin.id, enrol(), "nonsense"),
            Err(PasskeyError::Unreadable)
        ));
    }
}
