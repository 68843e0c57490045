//! What happened and what to do, in words for a technician at night and the customer's
//! administrator by day. Texts per cause; numbers that deserve their own stand beside in `advice_by_code`, courses that
//! only the connection's story tells in `advice_by_twist`.

use super::category::Category;
use super::decide::Button;
use super::party::WhoActs;
use super::read::Reading;
use super::verdict::Twist;
use super::{advice_by_code, advice_by_twist};

/// Advice on one error.
pub(super) struct Advice {
    pub headline: String,
    pub steps: Vec<String>,
    pub button: Button,
}

/// A text as it stands in the tables.
pub(super) struct Text {
    pub headline: &'static str,
    pub steps: &'static [&'static str],
    pub button: Button,
}

/// What advice is asked for.
pub(super) struct Occasion<'a> {
    pub cause: Category,
    pub who: WhoActs,
    pub twist: Twist,
    pub reading: &'a Reading,
}

/// The advice on an occasion: of its twist, else of its number, else of its cause.
pub(super) fn advise(occasion: &Occasion<'_>) -> Advice {
    let &Occasion {
        cause,
        who,
        twist,
        reading,
    } = occasion;
    if let Some(advice) = advice_by_twist::advise(twist, cause) {
        return advice;
    }
    let row = reading.entry().filter(|row| row.category == cause);
    let own = row.and_then(|row| advice_by_code::text(row.code));
    let short = row.filter(|_| own.is_none());
    let text = own.unwrap_or_else(|| if_passing(cause, who, row.is_some()));
    let mut advice = Advice::from(text);
    if let Some(row) = short {
        let typical = advice_by_code::is_typical(row.code);
        if !typical {
            advice.headline.clone_from(&row.meaning);
        }
        // After a plain renewal a typical number's own hint is a footnote; elsewhere it is the point.
        let place = if typical && sign_in(cause).is_some() {
            advice.steps.len()
        } else {
            0
        };
        let hint = format!("For this number: {}", row.remedy);
        advice.steps.insert(place, hint);
    }
    advice
}

impl From<Text> for Advice {
    fn from(text: Text) -> Self {
        Self {
            headline: text.headline.to_owned(),
            steps: text.steps.iter().map(|step| (*step).to_owned()).collect(),
            button: text.button,
        }
    }
}

/// A lapsed access token is no death; a refresh token over its lifetime is.
fn if_passing(cause: Category, who: WhoActs, has_code: bool) -> Text {
    if cause == Category::ExpiredLifetime && has_code {
        return REFRESH_TOKEN_OVER;
    }
    if cause == Category::AppMisconfigured && who != WhoActs::Msp {
        return CUSTOMER_APP;
    }
    by_cause(cause)
}

const REFRESH_TOKEN_OVER: Text = Text {
    headline: "The token reached the longest life that Microsoft allows for it.",
    steps: &[
        "Send a renewal link and let the customer's sign-in user sign in again.",
        "If the limit is one day, our redirect address is registered as a single-page app: move it to “Web” under Entra admin center > Entra ID > App registrations > our app > Authentication.",
    ],
    button: Button::Renew,
};

const CUSTOMER_APP: Text = Text {
    headline: "The customer's tenant does not let our application do this as it is set up there.",
    steps: &[
        "Customer's administrator: open Entra admin center > Entra ID > Enterprise apps > our application > Properties and check “Assignment required?”; assign the sign-in user under “Users and groups”, or switch the requirement off.",
        "Then click “Validate Authentication”.",
    ],
    button: Button::ValidateAgain,
};

const fn text(button: Button, headline: &'static str, steps: &'static [&'static str]) -> Text {
    Text {
        headline,
        steps,
        button,
    }
}

fn by_cause(cause: Category) -> Text {
    sign_in(cause)
        .or_else(|| customer(cause))
        .unwrap_or_else(|| ours_or_passing(cause))
}

/// The texts of causes that a fresh sign-in of the customer ends.
fn sign_in(cause: Category) -> Option<Text> {
    Some(match cause {
        Category::PasswordChanged => text(
            Button::Renew,
            "The sign-in user's password was changed or reset, or all their sessions were revoked, so Microsoft no longer accepts our token.",
            &[
                "Send a renewal link and let the customer's sign-in user sign in once with the present password.",
                "If this comes back, agree on a sign-in account whose password nobody changes unannounced; resets stand in Entra admin center > Entra ID > Users > the user > Audit logs.",
            ],
        ),
        Category::SessionRevoked => text(
            Button::Renew,
            "The sign-in user's sessions were ended, so Microsoft no longer accepts our token.",
            &[
                "Send a renewal link and let the customer's sign-in user sign in again.",
                "Ask their administrator whether an offboarding script or “Revoke sessions” was used on this account (Entra admin center > Entra ID > Users > the user > Audit logs).",
            ],
        ),
        Category::ExpiredInactive => text(
            Button::Renew,
            "The token was not used for so long (90 days as a rule) that Microsoft discarded it.",
            &[
                "Send a renewal link and let the customer's sign-in user sign in again.",
                "See on “Operations” why this tenant was not refreshed: suspended, snoozed, or the refresh worker was down.",
            ],
        ),
        Category::SignInFrequency => text(
            Button::Renew,
            "The customer's sign-in frequency rule demands a fresh sign-in, and the token is older than it allows.",
            &[
                "Send a renewal link and let the customer's sign-in user sign in again.",
                "To make it last: their administrator exempts the sign-in account, or lengthens the interval, under Entra admin center > Entra ID > Conditional Access > Policies > the policy > Session > Sign-in frequency.",
                "A connection made with “Sign in with Microsoft” is checked only at the next interactive sign-in and outlives one made with a device code.",
            ],
        ),
        Category::MfaRequired => text(
            Button::Renew,
            "Microsoft now demands multi-factor sign-in (MFA), which our token does not carry any more.",
            &[
                "Send a renewal link and let the customer's sign-in user sign in with multi-factor authentication.",
                "If they have no method yet, they register one first at https://aka.ms/mfasetup.",
                "Administrator: see Entra admin center > Entra ID > Users > the user > Authentication methods, and Conditional Access > Policies for a rule that was changed lately.",
            ],
        ),
        Category::BadCredentials => text(
            Button::Renew,
            "Microsoft refused the user name or password that was typed.",
            &[
                "Let the customer's sign-in user try again on Microsoft's page with a new link.",
                "If the password is forgotten: https://aka.ms/sspr, or their administrator resets it.",
            ],
        ),
        _ => return None,
    })
}

/// The texts of causes that the customer's administrator has to mend first.
fn customer(cause: Category) -> Option<Text> {
    Some(match cause {
        Category::ConditionalAccess => text(
            Button::Renew,
            "One of the customer's Conditional Access policies (sign-in rules) refuses our access.",
            &[
                "Customer's administrator: find the policy in Entra admin center > Entra ID > Monitoring & health > Sign-in logs by the correlation id; the “Conditional Access” tab names it.",
                "Exclude the sign-in account from that policy, or allow our application in it (Entra ID > Conditional Access > Policies).",
                "Then send a renewal link; choose “Sign in with Microsoft” if the device code flow is what is blocked.",
            ],
        ),
        Category::DeviceCompliance => text(
            Button::Renew,
            "The customer's policy demands a known or compliant device, which a server can never show.",
            &[
                "Customer's administrator: exclude the sign-in account from the device policy under Entra admin center > Entra ID > Conditional Access > Policies.",
                "Or send a renewal link and have them use “Sign in with Microsoft” on a managed device; a device code cannot prove a device.",
            ],
        ),
        Category::ConsentMissing => text(
            Button::Renew,
            "The customer's consent for our application is missing, was withdrawn, or does not cover a permission.",
            &[
                "Send a renewal link to a Global Administrator or Privileged Role Administrator of the customer; they tick “Consent on behalf of your organization”.",
                "They see what is granted under Entra admin center > Entra ID > Enterprise apps > our application > Permissions.",
            ],
        ),
        Category::AppMissingOrDisabled => text(
            Button::Renew,
            "Our application, or the service it asks for, is deleted or switched off in the customer's tenant.",
            &[
                "Customer's administrator: look for our application under Entra admin center > Entra ID > Enterprise apps > All applications.",
                "It is gone: send a renewal link; consent puts it back. Right after a consent, wait a minute and validate again.",
                "It is there: set Properties > “Enabled for users to sign-in?” to Yes.",
            ],
        ),
        Category::UserDisabledOrMissing => text(
            Button::Renew,
            "The account that authorised us is disabled, deleted, or does not belong to this tenant.",
            &[
                "Customer's administrator: check the account under Entra admin center > Entra ID > Users (deleted ones can be restored for 30 days under “Deleted users”).",
                "Enable or restore it and click “Validate Authentication”, or send a renewal link for another account.",
            ],
        ),
        Category::UserLockedOrRisky => text(
            Button::ValidateAgain,
            "The sign-in user is locked out, or Microsoft considers the account at risk.",
            &[
                "Customer's administrator: see Entra admin center > Entra ID > ID Protection > Risky users and the account's Sign-in logs; dismiss the risk or have the password changed.",
                "A lock after wrong passwords ends by itself within an hour; find out who tried them.",
                "Then click “Validate Authentication”; if it still fails, send a renewal link.",
            ],
        ),
        Category::TenantMissingOrDisabled => text(
            Button::None,
            "Microsoft does not know the customer's tenant, or it lives in another national cloud.",
            &[
                "Check tenant id and domain under “Microsoft 365 Settings” for a slip, and whether the customer is in a government or China cloud.",
                "If it once worked, ask the customer whether the tenant was deleted or its subscription ended; then archive it here.",
            ],
        ),
        Category::LicenseOrSubscription => text(
            Button::ValidateAgain,
            "The customer's tenant lacks the licence or subscription for this service.",
            &[
                "Customer's administrator: check Microsoft 365 admin center > Billing > Your products, and the service's switch under Entra admin center > Entra ID > Enterprise apps > Properties.",
                "Then click “Validate Authentication”. If they do not use the service, make this resource optional for the tenant.",
            ],
        ),
        Category::Federation => text(
            Button::ValidateAgain,
            "The customer's own sign-in system (AD FS, Okta or the like) failed or sent something Microsoft refuses.",
            &[
                "Customer's administrator: check that the identity provider and its certificates work; a normal sign-in at https://portal.office.com shows the same fault.",
                "For pass-through sign-in check the agents under Entra admin center > Entra ID > Entra Connect.",
                "Then click “Validate Authentication”; if it still fails, send a renewal link.",
            ],
        ),
        _ => return None,
    })
}

/// The texts of causes on our side, of the sign-in under way, and of passing trouble.
fn ours_or_passing(cause: Category) -> Text {
    match cause {
        Category::AppCredentialExpired => text(
            Button::AppRegistration,
            "The secret or certificate of our own application has expired; the customer need not do anything.",
            &[
                "Create a new one in our own tenant: Entra admin center > Entra ID > App registrations > our app > Certificates & secrets.",
                "Store it under “App registration”. Every tenant is hit until then, and all come back with it.",
            ],
        ),
        Category::AppCredentialInvalid => text(
            Button::AppRegistration,
            "Microsoft refuses the secret or certificate of our own application; the customer need not do anything.",
            &[
                "Compare what is stored under “App registration” with Entra admin center > Entra ID > App registrations > our app > Certificates & secrets; the usual slip is the secret's id in place of its value.",
                "A certificate uploaded a minute ago may not have spread yet: wait and validate again. Check this server's clock as well.",
            ],
        ),
        Category::AppMisconfigured => text(
            Button::AppRegistration,
            "Our application registration does not fit what we ask for; the customer need not do anything.",
            &[
                "Correct the registration in our own tenant: Entra admin center > Entra ID > App registrations > our app; “App registration” shows what Tenantry needs.",
                "Then validate again.",
            ],
        ),
        Category::DeviceCodePending => text(
            Button::Wait,
            "The customer has not finished on Microsoft's page yet.",
            &[
                "Wait; the page goes on by itself.",
                "If nothing happens, ask whether Microsoft's page showed an error number: a blocked device code is not reported to us.",
            ],
        ),
        Category::DeviceCodeDeclined => text(
            Button::Renew,
            "The person pressed cancel on Microsoft's page.",
            &["Ask what held them back, then let them get a new code from the same link."],
        ),
        Category::DeviceCodeExpired => text(
            Button::Renew,
            "The code lapsed; Microsoft accepts each for 15 minutes only.",
            &[
                "Let the customer click “Get a new code” on the invitation page, or send a new link.",
            ],
        ),
        Category::Throttled => text(
            Button::Wait,
            "Microsoft asks us to slow down; nothing is broken.",
            &[
                "Wait: Tenantry tries again by itself, no earlier than Microsoft asked.",
                "If it stays for hours, look for a loop on “Operations”.",
            ],
        ),
        Category::MicrosoftOutage => text(
            Button::Wait,
            "Microsoft's service had trouble; nothing is wrong with the authorisation.",
            &[
                "Wait: Tenantry tries again by itself.",
                "If it stays, see https://status.cloud.microsoft and open a Microsoft support case with the trace and correlation ids.",
            ],
        ),
        Category::ExpiredLifetime => text(
            Button::ValidateAgain,
            "An access token, which lives about an hour, was over; a fresh one is fetched by itself.",
            &["Nothing to do. If it repeats, click “Validate Authentication”."],
        ),
        Category::InvalidRequest => text(
            Button::None,
            "Microsoft refused our request as wrong; the customer need not do anything.",
            &[
                "Do not repeat it as it is; look at the recorded answer on “MSAL errors” for the parameter it names.",
                "If it repeats, report it to the makers of Tenantry with the trace and correlation ids.",
            ],
        ),
        _ => text(
            Button::ValidateAgain,
            "Microsoft refused, and the answer does not tell the cause for certain.",
            &[
                "Wait: it is treated as passing at first and tried again by itself.",
                "Click “Validate Authentication” to see what still works.",
                "If it stays, send a renewal link; Microsoft support wants the trace id, the correlation id and the time.",
            ],
        ),
    }
}
