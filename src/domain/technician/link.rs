//! One-time links by which a technician sets the password. The link is shown once; the database has its SHA-256.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use time::Duration;

use super::hashing::PasswordHash;
use super::{Technician, store};
use crate::clock;
use crate::domain::audit::Entry;
use crate::domain::op::Op;
use crate::storage::TechnicianId;

/// How long a link can be used.
pub const LIFETIME: Duration = Duration::minutes(30);

/// 256 random bits, in 43 characters of base64url.
#[derive(Clone, Debug)]
pub struct LinkToken(SecretString);

/// Unknown, used, expired, replaced by a newer one, or its technician is disabled: nobody is told which.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    #[error("the link is not valid")]
    Gone,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl LinkToken {
    fn new() -> Self {
        Self(URL_SAFE_NO_PAD.encode(clock::random_bytes::<32>()).into())
    }

    /// As it stands in the address.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        (bytes.len() == 32).then(|| Self(text.to_owned().into()))
    }

    /// The token itself, for the one address that is shown.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// What is stored of it.
    pub(in crate::domain) fn hash(&self) -> Vec<u8> {
        digest::digest(&digest::SHA256, self.expose().as_bytes())
            .as_ref()
            .to_vec()
    }
}

/// Make the technician's link; a former one dies.
pub(super) async fn issue(op: &mut Op, technician: TechnicianId) -> Result<LinkToken, sqlx::Error> {
    let token = LinkToken::new();
    store::delete_links(op, technician).await?;
    store::insert_link(op, technician, &token.hash(), op.now() + LIFETIME).await?;
    Ok(token)
}

/// Whose link this is, while it can be used. Changes nothing.
pub async fn find_by_link(op: &mut Op, token: &LinkToken) -> Result<Technician, LinkError> {
    store::find_by_link(op, &token.hash())
        .await?
        .ok_or(LinkError::Gone)
}

/// Use the link up and set the password; every login of this technician ends.
pub async fn set_password_by_link(
    op: &mut Op,
    token: &LinkToken,
    hash: &PasswordHash,
) -> Result<Technician, LinkError> {
    let id = store::use_link(op, &token.hash())
        .await?
        .ok_or(LinkError::Gone)?;
    let technician = store::set_password(op, id, hash.as_phc())
        .await?
        .ok_or(LinkError::Gone)?;
    store::end_sessions(op, id).await?;
    Entry::new("technician.password_set")
        .object("technician", id)
        .write(op)
        .await?;
    Ok(technician)
}

/// Use up the link with this hash for a sign-on by a provider instead of a password: no password is set, and nothing else of
/// the technician changes.
pub(in crate::domain) async fn accept_by_sign_on(
    op: &mut Op,
    hash: &[u8],
) -> Result<Technician, LinkError> {
    let id = store::use_link(op, hash).await?.ok_or(LinkError::Gone)?;
    store::find(op.db(), id)
        .await?
        .filter(Technician::is_active)
        .ok_or(LinkError::Gone)
}
