//! The PIN of an invitation: eight digits that a technician tells by telephone, asked for before the page says anything of
//! the tenant. Stored as Argon2id; five wrong ones end the invitation.

use aws_lc_rs::{constant_time, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};

use super::{Invitation, end, store};
use crate::clock;
use crate::domain::audit::{self, Outcome};
use crate::domain::op::{Op, Scope};
use crate::domain::technician::{self, Busy, PasswordHash};
use crate::storage::FlowId;

/// Wrong PINs that an invitation bears; the last of them ends it.
pub const PIN_TRIES: i16 = 5;
const DIGITS: usize = 8;

/// Eight digits in the clear: shown once to the technician, typed by the customer. Silent in `Debug`.
#[derive(Clone, Debug)]
pub struct Pin(SecretString);

impl Pin {
    pub(super) fn generate() -> Self {
        // 2^64 is so many times 10^8 that the remainder favours nobody by more than one part in 10^11.
        let number = u64::from_ne_bytes(clock::random_bytes()) % 100_000_000;
        Self(format!("{number:08}").into())
    }

    /// Exactly eight ASCII digits; spaces and hyphens between them are forgiven.
    pub fn parse(typed: &str) -> Option<Self> {
        let digits: String = typed
            .chars()
            .filter(|c| !matches!(c, ' ' | '-'))
            .take(DIGITS + 1)
            .collect();
        let shape = digits.len() == DIGITS && digits.bytes().all(|b| b.is_ascii_digit());
        shape.then(|| Self(digits.into()))
    }

    /// In two groups, as people read it out: `1234 5678`. For the one page that shows it.
    pub fn spoken(&self) -> String {
        let digits = self.0.expose_secret();
        let (first, second) = digits.split_at_checked(DIGITS / 2).unwrap_or((digits, ""));
        format!("{first} {second}")
    }

    pub(super) async fn hash(&self) -> Result<PasswordHash, Busy> {
        technician::hash_text(self.0.clone()).await
    }
}

/// What a browser holds that told the PIN: 256 random bits. Silent in `Debug`.
#[derive(Clone, Debug)]
pub struct PinPass(SecretString);

impl PinPass {
    fn generate() -> Self {
        Self(URL_SAFE_NO_PAD.encode(clock::random_bytes::<32>()).into())
    }

    /// A text of the right shape, as the cookie brings it back.
    pub fn parse(text: &str) -> Option<Self> {
        let shape = URL_SAFE_NO_PAD.decode(text).is_ok_and(|b| b.len() == 32);
        shape.then(|| Self(text.to_owned().into()))
    }

    /// For the cookie; the caller keeps it out of logs.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    fn hash(&self) -> Vec<u8> {
        digest::digest(&digest::SHA256, self.expose().as_bytes())
            .as_ref()
            .to_vec()
    }
}

/// How an invitation is locked, as read with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PinLock {
    /// A PIN is asked for.
    pub asked: bool,
    pub(super) pass_hash: Option<Vec<u8>>,
}

impl PinLock {
    /// Does this browser's pass open it? Without a PIN nothing is locked.
    pub fn opens(&self, pass: Option<&PinPass>) -> bool {
        let fits = |pass: &PinPass| {
            self.pass_hash.as_ref().is_some_and(|stored| {
                constant_time::verify_slices_are_equal(stored, &pass.hash()).is_ok()
            })
        };
        !self.asked || pass.is_some_and(fits)
    }
}

/// One of the five tries, spent before the PIN is looked at.
#[derive(Debug)]
pub struct PinTry {
    hash: PasswordHash,
    /// How many were spent, this one included.
    spent: i16,
}

impl PinTry {
    /// Is it the PIN? Slow by intent: never call it inside a transaction.
    pub async fn is_right(&self, pin: &Pin) -> Result<bool, Busy> {
        technician::verify_text(pin.0.clone(), self.hash.clone()).await
    }
}

/// What a wrong PIN leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WrongPin {
    /// So many more.
    Left(i16),
    /// The invitation has ended; with the flows that ended with it, whose secrets the keeper should forget.
    Ended(Vec<FlowId>),
}

/// Spend a try, in one statement; none when the invitation has no more, asks for no PIN or is no longer good. Commit before
/// looking at the PIN: whoever breaks off has spent it all the same.
pub async fn spend_pin_try(
    op: &mut Op,
    invitation: &Invitation,
) -> Result<Option<PinTry>, sqlx::Error> {
    op.enter(invitation.tenant_id).await?;
    let spent = store::spend_pin_try(op, invitation, PIN_TRIES).await?;
    Ok(spent.map(|(phc, spent)| PinTry {
        hash: PasswordHash::stored(phc),
        spent,
    }))
}

/// The PIN could not be looked at, for want of a processor: the try was none.
pub async fn give_back_pin_try(op: &mut Op, invitation: &Invitation) -> Result<(), sqlx::Error> {
    op.enter(invitation.tenant_id).await?;
    store::give_back_pin_try(op, invitation).await
}

/// It was right: the pass for this browser's cookie; the pass of a browser before is void. None when the invitation ended
/// meanwhile.
pub async fn accept_pin(
    op: &mut Op,
    invitation: &Invitation,
) -> Result<Option<PinPass>, sqlx::Error> {
    op.enter(invitation.tenant_id).await?;
    let pass = PinPass::generate();
    if !store::accept_pin(op, invitation, &pass.hash()).await? {
        return Ok(None);
    }
    write_down(op, "invitation.pin_told", Outcome::Done, invitation, 0).await?;
    Ok(Some(pass))
}

/// It was wrong. With the last try the invitation ends.
pub async fn refuse_pin(
    op: &mut Op,
    invitation: &Invitation,
    tried: &PinTry,
) -> Result<WrongPin, sqlx::Error> {
    op.enter(invitation.tenant_id).await?;
    write_down(
        op,
        "invitation.pin_refused",
        Outcome::Denied,
        invitation,
        tried.spent,
    )
    .await?;
    if tried.spent < PIN_TRIES {
        return Ok(WrongPin::Left(PIN_TRIES - tried.spent));
    }
    let flows = match end::revoke(op, Scope::one(invitation.tenant_id), invitation.id).await {
        Ok(flows) => flows,
        Err(end::EndError::Database(error)) => return Err(error),
        // Ended meanwhile by somebody else.
        Err(end::EndError::NotThere | end::EndError::NotGood) => Vec::new(),
    };
    Ok(WrongPin::Ended(flows))
}

async fn write_down(
    op: &mut Op,
    action: &'static str,
    outcome: Outcome,
    invitation: &Invitation,
    spent: i16,
) -> Result<(), sqlx::Error> {
    audit::Entry::new(action)
        .tenant(invitation.tenant_id)
        .object("invitation", invitation.id)
        .outcome(outcome)
        .detail("reference", invitation.reference.as_str())
        .detail("wrong", spent)
        .write(op)
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_has_eight_digits_and_reads_back_as_spoken() {
        for _ in 0..200 {
            let pin = Pin::generate();
            let spoken = pin.spoken();
            assert_eq!(spoken.len(), 9, "{spoken}");
            let again = Pin::parse(&spoken).unwrap();
            assert_eq!(again.0.expose_secret(), pin.0.expose_secret());
            assert!(!format!("{pin:?}").contains(pin.0.expose_secret()));
        }
    }

    #[test]
    fn what_is_no_pin_is_none() {
        for typed in [
            "",
            "1234567",
            "123456789",
            "1234567a",
            "１２３４５６７８",
            "+1234567",
            "12345678\n",
            "٠١٢٣٤٥٦٧",
        ] {
            assert!(Pin::parse(typed).is_none(), "{typed:?}");
        }
        assert!(Pin::parse(" 12-34 56-78 ").is_some());
    }

    #[test]
    fn only_the_pass_that_was_given_opens() {
        let pass = PinPass::generate();
        let lock = PinLock {
            asked: true,
            pass_hash: Some(pass.hash()),
        };
        assert!(lock.opens(PinPass::parse(pass.expose()).as_ref()));
        assert!(!lock.opens(None) && !lock.opens(Some(&PinPass::generate())));
        let fresh = PinLock {
            pass_hash: None,
            ..lock
        };
        assert!(!fresh.opens(Some(&pass)));
        assert!(PinLock::default().opens(None));
        assert!(PinPass::parse("").is_none() && PinPass::parse("abc").is_none());
    }
}
