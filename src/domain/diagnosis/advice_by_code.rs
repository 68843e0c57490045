//! Advice for numbers whose remedy differs from that of their cause.

use super::advice::Text;
use super::decide::Button;

/// The text for `code`, where it deserves one.
pub(super) fn text(code: u32) -> Option<Text> {
    ours(code).or_else(|| theirs(code))
}

/// Numbers that mean what the words of their cause say; any other is told by its own meaning.
pub(super) fn is_typical(code: u32) -> bool {
    matches!(
        code,
        // password and sessions
        50_173 | 50_133 | 70_008 | 700_081 | 700_082 | 700_084 | 70_043 | 50_126 | 50_034
        // second factor, policies, devices
        | 50_074 | 50_076 | 50_078 | 50_079 | 53_000 | 53_001 | 53_003
        // risk and locks
        | 50_053 | 53_004 | 53_011 | 530_032
        // consent and applications
        | 65_001 | 700_016 | 500_011
        // tenants
        | 90_002 | 50_059
        // ourselves and the device code
        | 7_000_215 | 7_000_222 | 70_016 | 70_019 | 70_020 | 90_055
    )
}

/// Numbers that we mend.
fn ours(code: u32) -> Option<Text> {
    let (button, headline, steps): (Button, &str, &[&str]) = match code {
        700_025 => (
            Button::AppRegistration,
            "We sent a client secret with a device-code token, which Microsoft refuses; the customer need not do anything.",
            &[
                "Tokens made with a device code are refreshed without secret. Check under “App registration” whether the application's type was changed, then validate again.",
            ],
        ),
        7_000_218 => (
            Button::AppRegistration,
            "Our registration does not allow public client flows, or no secret was sent; the customer need not do anything.",
            &[
                "For device codes: Entra admin center > Entra ID > App registrations > our app > Authentication > Settings > “Allow public client flows” = Yes.",
                "For everything else store a secret or certificate under “App registration”.",
            ],
        ),
        50_011 => (
            Button::AppRegistration,
            "The address that Microsoft should return to is not registered; the customer need not do anything.",
            &[
                "Add the exact return address under Entra admin center > Entra ID > App registrations > our app > Authentication > Web; “App registration” shows it.",
            ],
        ),
        50_194 => (
            Button::AppRegistration,
            "Our registration is for our own tenant only.",
            &[
                "Set Entra admin center > Entra ID > App registrations > our app > Authentication > Supported account types to “Accounts in any organizational directory”.",
            ],
        ),
        70_000 | 9_002_313 | 7_000_012 => (
            Button::Renew,
            "Microsoft cannot read the token or code we sent: it is cut, from another application, or already used.",
            &[
                "Click “Validate Authentication” once; the previous token may still work.",
                "If it stays, send a renewal link.",
            ],
        ),
        7_000_014 | 54_005 => (
            Button::Renew,
            "The code was already used or arrived damaged.",
            &["Let the customer start again from the link; each code works once."],
        ),
        530_034 => (
            Button::ValidateAgain,
            "Our own technician account is considered at risk in our own tenant; the customer can do nothing.",
            &[
                "In our tenant: Entra admin center > Entra ID > ID Protection > Risky users > the account; change the password and dismiss the risk.",
                "Then click “Validate Authentication”.",
            ],
        ),
        50_020 | 50_177 => (
            Button::Renew,
            "The account signed in belongs to another tenant and has no access to this one.",
            &[
                "If it is our technician's account: check the GDAP relationship and the group's roles in Partner Center.",
                "If the customer used the wrong account: send a renewal link; they sign out of Microsoft or use a private window, and pick an account of this tenant.",
            ],
        ),
        90_099 => (
            Button::Renew,
            "Our application is not authorised in this customer's tenant for partner access.",
            &[
                "Run the partner consent for this customer, or send a renewal link so that their administrator consents.",
            ],
        ),
        _ => return None,
    };
    Some(Text {
        headline,
        steps,
        button,
    })
}

/// Numbers that the customer or its administrator mends.
fn theirs(code: u32) -> Option<Text> {
    let (button, headline, steps): (Button, &str, &[&str]) = match code {
        530_036 => (
            Button::Renew,
            "The customer now blocks the device code flow, and a token that began with one is dead for good.",
            &[
                "Send a renewal link with the method “Sign in with Microsoft”.",
                "Or the customer's administrator excludes the sign-in account under Entra admin center > Entra ID > Conditional Access > Policies > the policy with “Authentication flows”, and then signs in anew; the old token stays dead.",
            ],
        ),
        530_035 => (
            Button::Renew,
            "The customer's security defaults block this kind of sign-in.",
            &[
                "Send a renewal link with the method “Sign in with Microsoft”, and let the user sign in with multi-factor authentication.",
            ],
        ),
        50_055 | 50_144 => (
            Button::Renew,
            "The sign-in user's password has expired.",
            &[
                "The user sets a new password (https://portal.office.com asks for it, an on-premises one at their own computer).",
                "Then send a renewal link. For this account a password that does not expire is better.",
            ],
        ),
        50_057 | 500_571 => (
            Button::Renew,
            "The account that authorised us is disabled.",
            &[
                "Customer's administrator: if it should live, Entra admin center > Entra ID > Users > the user > Properties > “Account enabled”, then click “Validate Authentication”.",
                "Otherwise send a renewal link for another account.",
            ],
        ),
        500_341 => (
            Button::Renew,
            "The account that authorised us was deleted.",
            &[
                "Customer's administrator: within 30 days it can be restored under Entra admin center > Entra ID > Users > Deleted users.",
                "Otherwise send a renewal link for another account.",
            ],
        ),
        50_079 | 50_072 | 50_203 => (
            Button::Renew,
            "Microsoft demands multi-factor sign-in (MFA), and the user has not registered a method yet.",
            &[
                "The user registers a method at https://aka.ms/mfasetup.",
                "Then send a renewal link. For a federated user the identity provider has to send the multi-factor claim.",
            ],
        ),
        50_105 => (
            Button::ValidateAgain,
            "The customer allows our application to assigned users only, and this user is not assigned.",
            &[
                "Customer's administrator: Entra admin center > Entra ID > Enterprise apps > our application > Users and groups > Add user, or Properties > “Assignment required?” = No.",
                "Then click “Validate Authentication”.",
            ],
        ),
        7_000_112 => (
            Button::ValidateAgain,
            "Our application is switched off in the customer's tenant.",
            &[
                "Customer's administrator: Entra admin center > Entra ID > Enterprise apps > our application > Properties > “Enabled for users to sign-in?” = Yes. Consent alone does not switch it on.",
                "Then click “Validate Authentication”.",
            ],
        ),
        65_004 => (
            Button::Renew,
            "The person pressed cancel on the consent page.",
            &["Explain what each permission is for, then let them use the link again."],
        ),
        90_094 | 90_093 => (
            Button::Renew,
            "The person who signed in may not consent for the organisation.",
            &[
                "Send the link to a Global Administrator or Privileged Role Administrator of the customer.",
            ],
        ),
        90_095 => (
            Button::Wait,
            "The request waits for the customer's reviewer; it is not refused.",
            &[
                "Customer's reviewer: Entra admin center > Entra ID > Enterprise apps > Admin consent requests > our application > Review and approve.",
                "The invitation page goes on when consent arrives.",
            ],
        ),
        _ => return None,
    };
    Some(Text {
        headline,
        steps,
        button,
    })
}
