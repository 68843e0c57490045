//! Where the text overrules the number: numbers that Microsoft used for several causes.

use super::category::Category;
use super::scan::Text;

/// A cause that the text tells against its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Overruled {
    pub category: Category,
    /// Why, as evidence for people.
    pub because: &'static str,
}

/// Wordings of a credential over its end date, in the older and the newer replies.
const EXPIRED_CREDENTIAL: [&str; 7] = [
    "key used is expired",
    "keys are expired",
    "secret is expired",
    "secret has expired",
    "certificate is expired",
    "certificate has expired",
    "certificate used is expired",
];

/// The cause that the text tells for `code`, which by the table means `usual`.
pub(super) fn overruled(code: u32, usual: Category, text: &Text) -> Option<Overruled> {
    let says = |words: &str| text.flat.contains(words);
    let (category, because) = match code {
        70_008 if says("tokensvalidfrom") && says("password") => (
            Category::PasswordChanged,
            "The text names a revocation after a password change, not an idle token.",
        ),
        70_008 if says("tokensvalidfrom") => (
            Category::SessionRevoked,
            "The text names StsRefreshTokensValidFrom: the token was revoked, not idle.",
        ),
        70_002 if says("must contain the following parameter") => (
            Category::AppMisconfigured,
            "The text says that no secret or certificate was sent at all.",
        ),
        16_000 if says("session") && !says("does not exist in tenant") => (
            Category::SessionRevoked,
            "The text speaks of a stale session, not of a foreign account.",
        ),
        16_000 if says("password") && !says("does not exist in tenant") => (
            Category::PasswordChanged,
            "The text speaks of a password change, not of a foreign account.",
        ),
        _ if usual == Category::AppCredentialInvalid
            && EXPIRED_CREDENTIAL.into_iter().any(says) =>
        {
            (
                Category::AppCredentialExpired,
                "The text says that the secret or certificate is over its end date.",
            )
        }
        _ => return None,
    };
    Some(Overruled { category, because })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn category(code: u32, usual: Category, text: &str) -> Category {
        let text = Text::new(text.to_owned());
        overruled(code, usual, &text).map_or(usual, |overruled| overruled.category)
    }

    #[test]
    fn a_revocation_is_not_an_idle_token() {
        let idle = Category::ExpiredInactive;
        assert_eq!(
            category(70_008, idle, "token has expired due to inactivity"),
            idle
        );
        assert_eq!(
            category(70_008, idle, "issued before StsRefreshTokensValidFrom"),
            Category::SessionRevoked
        );
    }

    #[test]
    fn an_expired_key_is_not_a_wrong_one() {
        let wrong = Category::AppCredentialInvalid;
        assert_eq!(
            category(
                700_027,
                wrong,
                "[Reason - The key used is\n expired., Found key"
            ),
            Category::AppCredentialExpired
        );
        assert_eq!(
            category(700_027, wrong, "[Reason - The key was not found.]"),
            wrong
        );
        assert_eq!(
            category(
                50_012,
                wrong,
                "The provided client secret keys are expired."
            ),
            Category::AppCredentialExpired
        );
    }

    #[test]
    fn a_missing_credential_is_not_a_wrong_one() {
        let text = "The request body must contain the following parameter: 'client_secret'";
        assert_eq!(
            category(70_002, Category::AppCredentialInvalid, text),
            Category::AppMisconfigured
        );
    }

    #[test]
    fn a_stale_session_is_not_a_foreign_account() {
        let foreign = Category::UserDisabledOrMissing;
        assert_eq!(
            category(
                16_000,
                foreign,
                "Session is invalid due to expiration or password change"
            ),
            Category::SessionRevoked
        );
        assert_eq!(
            category(
                16_000,
                foreign,
                "User account 'x' does not exist in tenant 'y'"
            ),
            foreign
        );
    }
}
