//! The secret part of an invitation: a token that the portal stores as a hash, and which only the keeper can show again.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{Invitation, Pin};
use crate::clock;
use crate::domain::audit;
use crate::domain::op::Op;
use crate::domain::page_url::page_url;
use crate::domain::technician::{Busy, PasswordHash};
use crate::keeper::message::{Refusal, Reply, Request};
use crate::keeper::text::Text;
use crate::keeper::{self, Unavailable};
use crate::storage::{InvitationId, TenantId};

const PREFIX: &str = "inv_";
/// Base64url of 32 bytes without padding.
const BODY_CHARS: usize = 43;

/// An invitation's token in the clear: `inv_` and base64url of 32 random bytes. Silent in `Debug`.
#[derive(Clone, Debug)]
pub struct LinkToken(SecretString);

impl LinkToken {
    fn generate() -> Self {
        let body = URL_SAFE_NO_PAD.encode(clock::random_bytes::<32>());
        Self(SecretString::from(format!("{PREFIX}{body}")))
    }

    /// A text of the right shape; whether such an invitation exists is another question.
    pub fn parse(text: &str) -> Option<Self> {
        let body = text.strip_prefix(PREFIX)?;
        let shape = body.len() == BODY_CHARS && URL_SAFE_NO_PAD.decode(body).is_ok();
        shape.then(|| Self(SecretString::from(text.to_owned())))
    }

    /// What is stored instead of the token: SHA-256, which 256 random bits need no salt for.
    pub(super) fn hash(&self) -> Vec<u8> {
        digest::digest(&digest::SHA256, self.expose().as_bytes())
            .as_ref()
            .to_vec()
    }

    /// The last four characters, for people to recognise a link by.
    pub(super) fn hint(&self) -> String {
        let token = self.expose();
        token
            .get(token.len().saturating_sub(4)..)
            .unwrap_or_default()
            .to_owned()
    }

    /// The token itself, for the cookie and the link; the caller keeps it out of logs.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The link: the Auth URL of design and screens, under the configured base address.
    pub fn auth_url(&self, base: &Url) -> String {
        page_url(base, &format!("/onboarding/{}", self.expose()))
    }
}

/// A new token with its sealed form, and the PIN with its hash if one is to be asked for: made before the transaction that
/// stores them.
#[derive(Debug)]
pub struct SealedLink {
    pub(super) id: InvitationId,
    pub(super) tenant: TenantId,
    pub(super) token: LinkToken,
    pub(super) ciphertext: Vec<u8>,
    pub(super) pin: Option<(Pin, PasswordHash)>,
}

impl SealedLink {
    /// The same, asking for a PIN besides.
    pub async fn with_pin(mut self) -> Result<Self, Busy> {
        let pin = Pin::generate();
        let hash = pin.hash().await?;
        self.pin = Some((pin, hash));
        Ok(self)
    }
}

/// Why a link could not be sealed or shown.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    #[error(transparent)]
    Keeper(#[from] Unavailable),
    #[error("the keeper refused: {0}")]
    Refused(Refusal),
    /// The keeper answered something else than was asked.
    #[error("the keeper's answer does not fit the question")]
    Unexpected,
}

/// Make a token for a new invitation of `tenant` and have it sealed. Asks the keeper: never call it inside a transaction.
pub async fn seal(keeper: &keeper::Client, tenant: TenantId) -> Result<SealedLink, LinkError> {
    let (id, token) = (InvitationId::new(), LinkToken::generate());
    let request = Request::SealLink {
        tenant_id: tenant.as_uuid(),
        invitation_id: id.as_uuid(),
        token: Text::new(token.expose()),
    };
    match keeper.ask(request).await? {
        Reply::Sealed { ciphertext } => Ok(SealedLink {
            id,
            tenant,
            token,
            ciphertext,
            pin: None,
        }),
        Reply::Refused(refusal) => Err(LinkError::Refused(refusal)),
        _ => Err(LinkError::Unexpected),
    }
}

/// The link of an existing invitation once more. Asks the keeper: call it after [`record_shown`] has been committed.
pub async fn reveal(
    keeper: &keeper::Client,
    invitation: &Invitation,
) -> Result<LinkToken, LinkError> {
    let request = Request::OpenLink {
        tenant_id: invitation.tenant_id.as_uuid(),
        invitation_id: invitation.id.as_uuid(),
    };
    match keeper.ask(request).await? {
        Reply::Link { token } => LinkToken::parse(token.expose()).ok_or(LinkError::Unexpected),
        Reply::Refused(refusal) => Err(LinkError::Refused(refusal)),
        _ => Err(LinkError::Unexpected),
    }
}

/// Write down that somebody is about to be shown this link (`shown`) or that it is about to be mailed.
pub async fn record_shown(op: &mut Op, invitation: &Invitation) -> Result<(), sqlx::Error> {
    audit::Entry::new("invitation.link_shown")
        .tenant(invitation.tenant_id)
        .object("invitation", invitation.id)
        .detail("reference", invitation.reference.as_str())
        .write(op)
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_token_reads_back_and_differs_each_time() {
        let (a, b) = (LinkToken::generate(), LinkToken::generate());
        assert_eq!(a.expose().len(), 47);
        assert_eq!(LinkToken::parse(a.expose()).unwrap().hash(), a.hash());
        assert_ne!(a.hash(), b.hash());
        assert!(a.expose().ends_with(&a.hint()));
    }

    #[test]
    fn what_was_cut_or_altered_in_shape_is_no_token() {
        let good = LinkToken::generate().expose().to_owned();
        for bad in [
            "",
            "inv_",
            &good[..46],
            &format!("{good}A"),
            &good.replace("inv_", "INV_"),
            &format!("{}*", &good[..46]),
        ] {
            assert!(LinkToken::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn the_link_stands_under_the_configured_address_and_debug_is_silent() {
        let token = LinkToken::generate();
        let base = Url::parse("https://portal.example/").unwrap();
        let expected = format!("https://portal.example/onboarding/{}", token.expose());
        assert_eq!(token.auth_url(&base), expected);
        assert!(!format!("{token:?}").contains(token.expose()));
    }
}
