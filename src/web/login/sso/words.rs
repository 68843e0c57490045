//! What a refused sign-on says: what happened, and what to do next. Nothing of the provider's own text is in it.

use axum::http::StatusCode;

use crate::domain::sign_on::Refused;
use crate::oidc::{IdTokenError, PersonError, ProviderError};
use crate::web::login::sign_in::too_soon;

/// Status and sentences; `name` is the provider's as configured.
pub(super) fn of(refused: &Refused, name: &str) -> (StatusCode, String) {
    (status(refused), sentences(refused, name))
}

fn status(refused: &Refused) -> StatusCode {
    match refused {
        Refused::TooSoon { .. } => StatusCode::TOO_MANY_REQUESTS,
        Refused::Provider(ProviderError::Down) => StatusCode::SERVICE_UNAVAILABLE,
        Refused::Provider(_) => StatusCode::BAD_GATEWAY,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

fn sentences(refused: &Refused, name: &str) -> String {
    match refused {
        Refused::TooSoon { wait } => too_soon(*wait),
        Refused::UnknownTrip | Refused::Code => format!(
            "This sign-in was begun in another browser, was used already, or took longer than ten minutes. Choose “Sign in with {name}” again."
        ),
        Refused::Declined => format!(
            "{name} did not let the sign-in through: it was declined there, or you may not use this application. Try again; if it stays, ask whoever manages {name} to assign the application to you."
        ),
        Refused::MixedUp => format!(
            "The answer did not come from {name}, so nobody was signed in. Choose “Sign in with {name}” again; if this happens twice, tell an owner of your team."
        ),
        Refused::Provider(ProviderError::Down) => format!(
            "{name} does not answer right now. Try again in a minute; an owner with a password can sign in below meanwhile."
        ),
        Refused::Provider(_) => format!(
            "{name} answers in a way that does not fit how single sign-on is set up here. Ask whoever runs this installation to run “tenantry doctor”."
        ),
        Refused::Token(IdTokenError::Expired | IdTokenError::NotYetValid) => format!(
            "The clocks of this server and of {name} are more than five minutes apart, so the sign-in cannot be trusted. Tell whoever runs this installation."
        ),
        Refused::Token(_) => format!(
            "The proof that came from {name} is not good, so nobody was signed in. Try again; if it stays, tell whoever runs this installation."
        ),
        Refused::Person(error) => person(*error, name),
        Refused::NotLinked => format!(
            "{name} says who you are, but no login here belongs to that account. Ask an owner or admin of your team for a one-time link, and choose “Sign in with {name}” on its page."
        ),
        Refused::NoRole => format!(
            "Your account at {name} has no role for this application. Ask whoever manages {name} to give you one of its roles or to put you into one of its groups."
        ),
        Refused::TooManyGroups => format!(
            "You are in so many groups that {name} does not name them all, and your role cannot be told. Ask whoever manages {name} to use app roles instead of groups."
        ),
        Refused::NoSecondFactor => format!(
            "You signed in at {name} without a second factor, which this portal asks for. Sign in there again with one; if you were not asked for it, tell whoever manages {name}."
        ),
        Refused::Disabled => {
            "This login is disabled. Ask an owner or admin of your team.".to_owned()
        }
        Refused::LastOwner => format!(
            "{name} gives you another role than owner, but you are the last owner here. Have another one made first, then sign in again."
        ),
        Refused::LinkGone => format!(
            "The one-time link is no longer valid: it works once and for 30 minutes. Ask an owner of your team for a new one, or choose “Sign in with {name}” if you have used it already."
        ),
        Refused::TakenIdentity => format!(
            "This account at {name} belongs to another login here. Sign in at {name} with your own account, or ask an admin of your team to remove it from the other login."
        ),
        Refused::TakenAddress => format!(
            "Somebody with your e-mail address has a login here that is not tied to {name}. If it is yours, sign in with your password and tie it, or ask an admin of your team for a one-time link."
        ),
        Refused::NoAddress => format!(
            "{name} does not say your e-mail address, which a login here needs. Ask whoever manages {name} to release it to this application."
        ),
        Refused::OtherAccount => format!(
            "You signed in at {name} with another account than the one your login here is tied to. Choose your own account there."
        ),
        Refused::NotAgain => format!(
            "{name} did not say that you proved just now who you are. Try again and type your password there; if it stays, have the claim auth_time added to this application at {name} (docs/single-sign-on.md), or add a passkey in your profile right after your next login."
        ),
        Refused::OtherTechnician => format!(
            "Somebody else is signed in now than when this was begun, so nothing was changed. Begin again to sign in with {name}."
        ),
    }
}

fn person(error: PersonError, name: &str) -> String {
    match error {
        PersonError::OtherTenant => format!(
            "You signed in with an account of another organisation. Sign in at {name} with the account of your own team."
        ),
        PersonError::PersonalAccount => format!(
            "You signed in with a personal Microsoft account. Sign in at {name} with the work account of your own team."
        ),
        PersonError::Guest => format!(
            "You signed in as a guest, whose home is another organisation. Sign in at {name} with a member account of your own team."
        ),
        PersonError::Nobody(_) => format!(
            "{name} does not say who you are in a way this portal understands. Ask whoever runs this installation to run “tenantry doctor”."
        ),
    }
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;

    #[test]
    fn every_refusal_has_sentences_and_no_server_error_of_ours() {
        let all = [
            Refused::TooSoon {
                wait: Duration::seconds(4),
            },
            Refused::UnknownTrip,
            Refused::Declined,
            Refused::MixedUp,
            Refused::Provider(ProviderError::Down),
            Refused::Provider(ProviderError::Odd("x")),
            Refused::Provider(ProviderError::Unfit("x")),
            Refused::Code,
            Refused::Token(IdTokenError::Signature),
            Refused::Token(IdTokenError::Expired),
            Refused::Person(PersonError::Guest),
            Refused::Person(PersonError::OtherTenant),
            Refused::NotLinked,
            Refused::NoRole,
            Refused::LastOwner,
            Refused::OtherAccount,
            Refused::NotAgain,
        ];
        for refused in all {
            let (status, words) = of(&refused, "Entra");
            assert!(words.ends_with('.') && words.len() > 40, "{words}");
            assert_ne!(status, StatusCode::INTERNAL_SERVER_ERROR);
        }
    }
}
