//! Authenticator apps (RFC 6238). The keeper makes and seals the seed and compares codes; here is what is stored and shown.

use url::Url;
use uuid::Uuid;

use super::FactorKind;
use crate::clock;
use crate::domain::audit::Entry;
use crate::domain::op::Op;
use crate::domain::technician::{Technician, store};
use crate::keeper::message::totp::{Answer, Ask};
use crate::keeper::message::{Refusal, Reply, Request};
use crate::keeper::text::Text;
use crate::keeper::{self, Unavailable};
use crate::storage::TechnicianId;

/// Minutes for which an app that was begun can be finished.
pub(super) const SETUP_LASTS: time::Duration = time::Duration::minutes(30);

/// Why the keeper gave no answer about an app.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    #[error(transparent)]
    Keeper(#[from] Unavailable),
    #[error("the keeper refused: {0}")]
    Refused(Refusal),
    /// The keeper answered something else than was asked.
    #[error("the keeper's answer does not fit the question")]
    Unexpected,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// An app on its way: the seed is on the screen until a right code has been typed.
#[derive(Debug)]
pub struct Setup {
    pub factor_id: Uuid,
    seed: Text,
}

impl Setup {
    /// As it is typed into an app that has no camera: groups of four.
    pub fn typed(&self) -> String {
        let characters: Vec<char> = self.seed.expose().chars().collect();
        let groups = characters.chunks(4).map(|group| group.iter().collect());
        groups.collect::<Vec<String>>().join(" ")
    }

    /// The seed itself, in base32.
    pub fn seed(&self) -> &str {
        self.seed.expose()
    }

    /// What a camera reads (Key Uri Format): `otpauth://totp/ISSUER:ACCOUNT?secret=…`.
    pub fn address(&self, issuer: &str, account: &str) -> String {
        let issuer = issuer.replace(':', " ");
        let issuer = if issuer.trim().is_empty() {
            "Tenantry"
        } else {
            issuer.trim()
        };
        let Ok(mut url) = Url::parse("otpauth://totp") else {
            return String::new();
        };
        url.set_path(&format!("/{issuer}:{account}"));
        url.query_pairs_mut()
            .append_pair("secret", self.seed.expose())
            .append_pair("issuer", issuer);
        // Apps read no plus sign as a space.
        url.as_str().replace('+', "%20")
    }
}

/// Store an app that was begun, with the seed as the keeper sealed it. What was begun before and never finished is forgotten.
pub async fn begin_app(
    op: &mut Op,
    technician: TechnicianId,
    made: (Uuid, Vec<u8>),
) -> Result<(), sqlx::Error> {
    let (id, ciphertext) = made;
    store::forget_pending(op, technician).await?;
    store::insert_app(op, technician, id, &ciphertext).await?;
    Entry::new("factor.begun")
        .object("factor", id)
        .detail("technician", technician.to_string())
        .detail("kind", FactorKind::Totp.as_str())
        .write(op)
        .await
}

impl Setup {
    /// Have the keeper make a seed. Asks the keeper: never call it inside a transaction.
    pub async fn make(
        keeper: &keeper::Client,
        technician: TechnicianId,
    ) -> Result<(Self, Vec<u8>), AppError> {
        let factor_id = clock::ordered_uuid();
        let asked = Ask::Make {
            technician_id: technician.as_uuid(),
            factor_id,
        };
        match ask(keeper, asked).await? {
            Answer::Made { ciphertext, seed } => Ok((Self { factor_id, seed }, ciphertext)),
            _ => Err(AppError::Unexpected),
        }
    }
}

/// What this technician has begun and not finished, to be shown once more.
pub async fn setup_of(
    op: Op,
    keeper: &keeper::Client,
    technician: &Technician,
) -> Result<Option<Setup>, AppError> {
    let mut op = op;
    let since = op.now() - SETUP_LASTS;
    let Some(factor_id) = store::pending(&mut op, technician.id, since).await? else {
        return Ok(None);
    };
    drop(op);
    let asked = Ask::Show {
        technician_id: technician.id.as_uuid(),
        factor_id,
    };
    match ask(keeper, asked).await {
        Ok(Answer::Seed { seed }) => Ok(Some(Setup { factor_id, seed })),
        Ok(_) => Err(AppError::Unexpected),
        Err(AppError::Refused(Refusal::NotThere)) => Ok(None),
        Err(other) => Err(other),
    }
}

/// A code as it was typed: people type it in groups, as apps show it.
pub(super) fn bare(typed: &str) -> String {
    typed.chars().filter(|c| *c != ' ').collect()
}

/// Whether the code is right now, for the first time. Asks the keeper.
pub(super) async fn check(
    keeper: &keeper::Client,
    technician: TechnicianId,
    factor_id: Uuid,
    code: &str,
) -> Result<bool, AppError> {
    let asked = Ask::Check {
        technician_id: technician.as_uuid(),
        factor_id,
        code: Text::new(code),
    };
    match ask(keeper, asked).await {
        Ok(Answer::Checked { is_right }) => Ok(is_right),
        Ok(_) => Err(AppError::Unexpected),
        // Removed a moment ago.
        Err(AppError::Refused(Refusal::NotThere)) => Ok(false),
        Err(other) => Err(other),
    }
}

async fn ask(keeper: &keeper::Client, ask: Ask) -> Result<Answer, AppError> {
    match keeper.ask(Request::Totp(ask)).await? {
        Reply::Totp(answer) => Ok(answer),
        Reply::Refused(refusal) => Err(AppError::Refused(refusal)),
        _ => Err(AppError::Unexpected),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_one_that_apps_read() {
        let setup = Setup {
            factor_id: Uuid::nil(),
            seed: Text::new("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"),
        };
        let address = setup.address("Harbourline: IT & Co", "robin@msp.example");
        let url = Url::parse(&address).unwrap();
        assert_eq!((url.scheme(), url.host_str()), ("otpauth", Some("totp")));
        assert!(!address.contains('+'), "{address}");
        let pairs: Vec<_> = url.query_pairs().into_owned().collect();
        assert_eq!(pairs[0].1, setup.seed());
        assert_eq!(pairs[1].1, "Harbourline  IT & Co");
        assert!(url.path().ends_with(":robin@msp.example"), "{}", url.path());
        assert_eq!(setup.typed().len(), 39);
        assert!(!format!("{setup:?}").contains("GEZD"), "silent in Debug");
    }
}
