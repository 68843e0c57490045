//! Advice for courses that no number tells: what the connection's story and the facts of the tenant make of a cause.

use time::Duration;

use super::advice::{Advice, Text};
use super::category::Category;
use super::decide::Button;
use super::verdict::{Twist, span};

/// The advice on `twist`; none when the cause's own does.
pub(super) fn advise(twist: Twist, cause: Category) -> Option<Advice> {
    let text = match twist {
        Twist::None => return None,
        Twist::Rhythm(period) => return Some(rhythm(period, cause)),
        Twist::TwelveHours => TWELVE_HOURS,
        Twist::DeviceCodeBlocked => DEVICE_CODE_BLOCKED,
        Twist::PasswordItself => PASSWORD_ITSELF,
        Twist::AccountDeleted | Twist::AccountDisabled | Twist::Risk | Twist::Unlicensed => {
            account(twist)
        }
        Twist::Disabled => DISABLED,
        Twist::Deleted => DELETED,
        Twist::OneResource => ONE_RESOURCE,
        Twist::Shared if ours(cause) => return None,
        Twist::Shared => SHARED,
    };
    Some(text.into())
}

/// Causes whose own advice speaks of our registration already.
const fn ours(cause: Category) -> bool {
    matches!(
        cause,
        Category::AppCredentialExpired
            | Category::AppCredentialInvalid
            | Category::AppMisconfigured
            | Category::AppMissingOrDisabled
    )
}

/// A rule of time that no answer names.
fn rhythm(period: Duration, cause: Category) -> Advice {
    let every = span(period);
    let (headline, mend) = if cause == Category::MfaRequired {
        (
            format!(
                "The customer's tenant asks for multi-factor sign-in anew every {every}, and our token does not outlive it."
            ),
            "To make it last: their administrator lengthens “remember multi-factor authentication” (Entra admin center > Entra ID > Multifactor authentication > Additional cloud-based multifactor authentication settings) or exempts the sign-in account from the sign-in frequency under Conditional Access > Policies > the policy > Session.",
        )
    } else {
        (
            format!(
                "The customer's tenant asks for a fresh sign-in every {every}, and our token does not outlive it."
            ),
            "To make it last: their administrator exempts the sign-in account, or lengthens the interval, under Entra admin center > Entra ID > Conditional Access > Policies > the policy > Session > Sign-in frequency.",
        )
    };
    Advice {
        headline,
        steps: vec![
            "Send a renewal link and let the customer's sign-in user sign in again.".to_owned(),
            mend.to_owned(),
            "Or renew by “Sign in with Microsoft”, whose token is checked at the next interactive sign-in only; best of all, switch to App Registration, which has no sign-in to repeat.".to_owned(),
        ],
        button: Button::Renew,
    }
}

fn account(twist: Twist) -> Text {
    match twist {
        Twist::AccountDeleted => Text {
            headline: "The account that authorised us was deleted.",
            steps: &[
                "Customer's administrator: within 30 days it can be restored under Entra admin center > Entra ID > Users > Deleted users.",
                "Otherwise send a renewal link for another account, best one that belongs to no person.",
            ],
            button: Button::Renew,
        },
        Twist::AccountDisabled => Text {
            headline: "The account that authorised us is disabled.",
            steps: &[
                "Customer's administrator: if it should live, Entra admin center > Entra ID > Users > the user > Properties > “Account enabled”, then click “Validate Authentication”.",
                "Otherwise send a renewal link for another account, best one that belongs to no person.",
            ],
            button: Button::Renew,
        },
        Twist::Unlicensed => Text {
            headline: "The account that authorised us holds no licence for this service.",
            steps: &[
                "Customer's administrator: Microsoft 365 admin center > Users > Active users > the user > Licenses and apps, and assign what the service needs.",
                "Then click “Validate Authentication”. If they do not use the service, make this resource optional for the tenant.",
            ],
            button: Button::ValidateAgain,
        },
        _ => Text {
            headline: "Microsoft considers the account that authorised us at risk and lets it in no more.",
            steps: &[
                "Customer's administrator: find out first whether somebody else used the account: Entra admin center > Entra ID > ID Protection > Risky users > the account > Risk history.",
                "If it was nothing: “Dismiss user risk”. If it was something: reset the password and end the account's sessions.",
                "Then click “Validate Authentication”; after a password reset send a renewal link.",
            ],
            button: Button::ValidateAgain,
        },
    }
}

const PASSWORD_ITSELF: Text = Text {
    headline: "The sign-in user's password was changed or reset, so Microsoft no longer accepts our token.",
    steps: &[
        "Send a renewal link and let the customer's sign-in user sign in once with the present password.",
        "If this comes back, agree on a sign-in account whose password nobody changes unannounced; resets stand in Entra admin center > Entra ID > Users > the user > Audit logs.",
        "A token made by “Sign in with Microsoft” outlives the user's own password changes.",
    ],
    button: Button::Renew,
};

const DEVICE_CODE_BLOCKED: Text = Text {
    headline: "The customer now blocks the device code flow, and a token that began with one is dead for good.",
    steps: &[
        "Send a renewal link with the method “Sign in with Microsoft”.",
        "Or the customer's administrator excludes the sign-in account under Entra admin center > Entra ID > Conditional Access > Policies > the policy with “Authentication flows”, and then signs in anew; the old token stays dead.",
    ],
    button: Button::Renew,
};

const DISABLED: Text = Text {
    headline: "Our application is switched off in the customer's tenant.",
    steps: &[
        "Customer's administrator: Entra admin center > Entra ID > Enterprise apps > our application > Properties > “Enabled for users to sign-in?” = Yes. Consent alone does not switch it on.",
        "Then click “Validate Authentication”. If Microsoft itself switched it off, open a support case in our own tenant.",
    ],
    button: Button::ValidateAgain,
};

const DELETED: Text = Text {
    headline: "Our application was deleted from the customer's tenant.",
    steps: &[
        "Send a renewal link to a Global Administrator or Privileged Role Administrator of the customer; consent puts the application back.",
        "Ask who removed it and why: Entra admin center > Entra ID > Enterprise apps > Audit logs, activity “Remove service principal”.",
    ],
    button: Button::Renew,
};

const ONE_RESOURCE: Text = Text {
    headline: "The customer's consent does not cover this one service; the others work.",
    steps: &[
        "Send a renewal link to a Global Administrator or Privileged Role Administrator of the customer; they tick “Consent on behalf of your organization”.",
        "If the customer does not use the service, make this resource optional for the tenant.",
    ],
    button: Button::Renew,
};

const SHARED: Text = Text {
    headline: "Many customers are refused by the same error at the same time, so the cause is hardly theirs.",
    steps: &[
        "Send no links yet: each is tried again by itself every few minutes.",
        "See the incident on “Authentication Status” and https://status.cloud.microsoft, and whether our own registration was changed.",
        "If only some customers stay refused when the incident is over, diagnose those.",
    ],
    button: Button::Wait,
};

/// A federated user whose password dates do not reach Entra.
const TWELVE_HOURS: Text = Text {
    headline: "The customer signs in through its own identity provider, and Microsoft gives such a user tokens for 12 hours only.",
    steps: &[
        "Why: Entra cannot see when this user's password changes, since “LastPasswordChangeTimestamp” is not synchronised.",
        "Customer's administrator: in Microsoft Entra Connect choose “Refresh directory schema”, make sure pwdLastSet is synchronised for the user, and run a full synchronisation.",
        "Or use a cloud-only sign-in account (ending in .onmicrosoft.com) for this connection.",
        "Then send a renewal link. A guest from such a provider has the same limit, and no remedy but another account.",
    ],
    button: Button::Renew,
};
