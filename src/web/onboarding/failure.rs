//! Every way an onboarding fails, in plain words with the next step.

use crate::domain::invitation::Method;
use crate::domain::onboarding::{Failure, Flow, SignedIn};

use super::inviter::Inviter;

/// What the page says of a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    pub title: String,
    /// What happened; no blame, no number.
    pub happened: String,
    /// What to do next.
    pub next: String,
    /// The button that starts again as before.
    pub again: Option<&'static str>,
    /// "Sign in with Microsoft" in place of a code.
    pub browser: bool,
    /// "I am someone else".
    pub someone_else: bool,
}

const NOTHING_STORED: &str = "Nothing was stored.";

impl Words {
    /// The words for a failure of this flow.
    pub fn of(failure: Failure, who: &SignedIn, flow: &Flow, inviter: &Inviter) -> Self {
        let teller = Teller { who, flow, inviter };
        match failure {
            Failure::WrongTenant => teller.wrong_tenant(),
            Failure::WrongPerson => teller.wrong_person(),
            Failure::GuestAccount => teller.guest(),
            Failure::PersonalAccount => teller.personal(),
            Failure::TenantTaken => teller.taken(),
            Failure::NotAdmin => teller.not_admin(),
            Failure::Declined => teller.declined(),
            Failure::CodeLapsed => teller.lapsed(),
            Failure::Abandoned => teller.abandoned(),
            Failure::DeviceCodeBlocked => teller.blocked(),
            Failure::PolicyRefused => teller.policy(),
            Failure::ConsentNotSeen => teller.consent_not_seen(),
            Failure::PermissionsMissing => teller.permissions_missing(),
            Failure::AppDisabled => teller.app_disabled(),
            Failure::ResourceAbsent => teller.resource_absent(),
            Failure::TenantUnknown => teller.tenant_unknown(),
            Failure::AppTrouble => teller.our_fault(),
            Failure::MicrosoftTrouble => teller.microsoft(),
            Failure::Trouble => teller.trouble(),
        }
    }
}

/// What the sentences are made of.
struct Teller<'a> {
    who: &'a SignedIn,
    flow: &'a Flow,
    inviter: &'a Inviter,
}

impl Teller<'_> {
    fn words(&self, title: &str, happened: impl Into<String>, next: impl Into<String>) -> Words {
        let again = match self.flow.method {
            Method::DeviceCode => "Get a new code",
            Method::AuthCode | Method::AppOnly => "Try again",
        };
        Words {
            title: title.to_owned(),
            happened: happened.into(),
            next: next.into(),
            again: Some(again),
            browser: false,
            someone_else: false,
        }
    }

    fn wrong_tenant(&self) -> Words {
        self.words(
            "That account belongs to another organisation",
            format!(
                "You signed in as {}, which does not belong to {}. {NOTHING_STORED}",
                self.used(),
                self.customer()
            ),
            format!("Start again and sign in {}.", self.whom()),
        )
    }

    fn wrong_person(&self) -> Words {
        let expected = self.expected();
        let words = self.words(
            "That is not the expected account",
            format!(
                "You signed in as {}; this invitation expects {expected}. {NOTHING_STORED}",
                self.used()
            ),
            format!(
                "Start again and sign in as {expected}. Microsoft may have picked an account that was signed in already: \
                 choose \u{201c}Use another account\u{201d} there. If you are the administrator under another name, say so: \
                 a technician of {} will confirm it.",
                self.inviter.msp_name
            ),
        );
        Words {
            someone_else: true,
            ..words
        }
    }

    fn guest(&self) -> Words {
        self.words(
            "That account is a guest",
            format!(
                "{} is only a guest of {}. {NOTHING_STORED}",
                self.used(),
                self.customer()
            ),
            format!(
                "Start again with an account that belongs to {} itself: sign in {}.",
                self.customer(),
                self.whom()
            ),
        )
    }

    fn personal(&self) -> Words {
        self.words(
            "That is a personal Microsoft account",
            format!(
                "{} is a personal account, not a work account. {NOTHING_STORED}",
                self.used()
            ),
            format!(
                "Start again with your work account: sign in {}.",
                self.whom()
            ),
        )
    }

    fn taken(&self) -> Words {
        self.words(
            "This organisation is connected already",
            format!(
                "The organisation of {} is already connected under another customer of {}. {NOTHING_STORED}",
                self.used(),
                self.inviter.msp_name
            ),
            self.tell_contact(),
        )
    }

    fn not_admin(&self) -> Words {
        self.words(
            "That account may not grant access",
            format!(
                "{} has not the role that this needs. {NOTHING_STORED}",
                self.used()
            ),
            "Ask a Global Administrator or a Privileged Role Administrator of your organisation to open this link and sign in.",
        )
    }

    fn declined(&self) -> Words {
        self.words(
            "The sign-in was cancelled",
            format!("Somebody pressed Cancel on Microsoft's page. {NOTHING_STORED}"),
            "If that was not meant, start again. If you are not sure whether you should go on, ask your contact first.",
        )
    }

    fn lapsed(&self) -> Words {
        self.words(
            "The code has lapsed",
            "A code is good for 15 minutes, and this one was not used in time.",
            "Get a new code; the old one no longer works.",
        )
    }

    fn abandoned(&self) -> Words {
        self.words(
            "This attempt was left unfinished",
            "For your safety an attempt ends after 15 minutes.",
            "Start again; the link is still good.",
        )
    }

    fn blocked(&self) -> Words {
        let words = self.words(
            "Your organisation does not allow sign-in by code",
            format!(
                "A Conditional Access policy of {} blocks the device code. {NOTHING_STORED}",
                self.customer()
            ),
            "Sign in with Microsoft in this browser instead; that needs no code.",
        );
        Words {
            again: None,
            browser: true,
            ..words
        }
    }

    fn policy(&self) -> Words {
        let words = self.words(
            "A policy of your organisation refused the sign-in",
            format!(
                "Conditional Access of {} refused this sign-in, for example because of the device, the place or the factor \
                 used. {NOTHING_STORED}",
                self.customer()
            ),
            "Try again from a device that your organisation manages, or ask whoever looks after your Conditional Access \
             policies to allow it.",
        );
        Words {
            browser: self.flow.method == Method::DeviceCode,
            ..words
        }
    }

    fn consent_not_seen(&self) -> Words {
        self.words(
            "Microsoft does not show the permission",
            format!(
                "For a minute and a half Microsoft did not know of any permission for this in {}. Perhaps it was not given, or \
                 given in another organisation. Nothing was changed; what was in use before still is.",
                self.place()
            ),
            format!(
                "Start again, and at Microsoft pick a Global Administrator of {}.",
                self.place()
            ),
        )
    }

    fn permissions_missing(&self) -> Words {
        self.words(
            "A part of the permission is missing",
            "Microsoft knows the application, but not all of the permissions that were asked for. Nothing was changed; what \
             was in use before still is.",
            "Start again, and accept everything on Microsoft's page. A Global Administrator or a Privileged Role Administrator \
             may; other administrators may not give application permissions.",
        )
    }

    fn app_disabled(&self) -> Words {
        self.words(
            "The application is switched off",
            format!(
                "In {} the enterprise application is there, but not enabled. Nothing was changed; what was in use before \
                 still is.",
                self.customer()
            ),
            "Microsoft Entra admin center, Enterprise applications: open the application, Properties, set “Enabled for users \
             to sign-in?” to Yes. Then start again.",
        )
    }

    fn resource_absent(&self) -> Words {
        self.words(
            "A service is not there",
            format!(
                "Microsoft says that one of the services asked for does not exist in {}, for example for want of a licence. \
                 Nothing was changed; what was in use before still is.",
                self.customer()
            ),
            self.tell_contact(),
        )
    }

    fn tenant_unknown(&self) -> Words {
        self.words(
            "We do not know your Microsoft organisation yet",
            format!(
                "{} has not stored which domain is yours, so Microsoft cannot be asked for the right organisation.",
                self.inviter.msp_name
            ),
            self.tell_contact(),
        )
    }

    fn our_fault(&self) -> Words {
        let words = self.words(
            "Something is wrong on our side",
            format!(
                "Microsoft does not accept the application of {}. You can do nothing about it. {NOTHING_STORED}",
                self.inviter.msp_name
            ),
            format!("{} The link stays good.", self.tell_contact()),
        );
        Words {
            again: Some("Try again"),
            ..words
        }
    }

    fn microsoft(&self) -> Words {
        self.words(
            "Microsoft could not be reached",
            format!("Microsoft's sign-in service did not answer as it should. {NOTHING_STORED}"),
            "Wait a few minutes and start again. The link stays good.",
        )
    }

    fn trouble(&self) -> Words {
        self.words(
            "The sign-in did not work",
            format!("Microsoft refused it, or the answer could not be verified. {NOTHING_STORED}"),
            format!(
                "Start again. If it fails once more: {}",
                self.tell_contact()
            ),
        )
    }

    fn used(&self) -> &str {
        if self.who.username.is_empty() {
            "another account"
        } else {
            &self.who.username
        }
    }

    /// "as …" when somebody is named, else "with an administrator account of …".
    fn whom(&self) -> String {
        if self.inviter.expected_admin.is_empty() {
            format!("with an administrator account of {}", self.place())
        } else {
            format!("as {}", self.inviter.expected_admin)
        }
    }

    fn customer(&self) -> &str {
        &self.inviter.tenant_name
    }

    /// The customer with its domain, when one is known.
    fn place(&self) -> String {
        if self.inviter.tenant_domain.is_empty() {
            self.inviter.tenant_name.clone()
        } else {
            format!(
                "{} ({})",
                self.inviter.tenant_name, self.inviter.tenant_domain
            )
        }
    }

    fn expected(&self) -> &str {
        [&self.inviter.expected_admin, &self.flow.admin_username]
            .into_iter()
            .find(|name| !name.is_empty())
            .map_or("the administrator named by your contact", String::as_str)
    }

    fn tell_contact(&self) -> String {
        format!(
            "Tell your contact at {}, and name the reference {}.",
            self.inviter.msp_name, self.inviter.reference
        )
    }
}
