//! Every way an onboarding fails, in plain words with the next step.

use crate::domain::invitation::Method;
use crate::domain::onboarding::{Failure, Flow, SignedIn};

use super::inviter::Inviter;
use crate::language::{Failures, Filled, Phrase};

/// What the page says of a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    pub title: String,
    /// What happened; no blame, no number.
    pub happened: String,
    /// What to do next.
    pub next: String,
    /// The button that starts again as before.
    pub again: Option<String>,
    /// "Sign in with Microsoft" in place of a code.
    pub browser: bool,
    /// "I am someone else".
    pub someone_else: bool,
}

impl Words {
    /// The words for a failure of this flow.
    pub fn of(failure: Failure, who: &SignedIn, flow: &Flow, inviter: &Inviter) -> Self {
        let teller = Teller {
            who,
            flow,
            inviter,
            words: &inviter.face.language.book().failures,
        };
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
    words: &'static Failures,
}

impl Teller<'_> {
    fn say(&self, title: &Phrase, happened: &Filled<'_>, next: impl Into<String>) -> Words {
        let again = match self.flow.method {
            Method::DeviceCode => &self.inviter.face.words.new_code,
            Method::AuthCode | Method::AppOnly => &self.words.try_again,
        };
        Words {
            title: title.text(),
            happened: happened.text(),
            next: next.into(),
            again: Some(again.text()),
            browser: false,
            someone_else: false,
        }
    }

    /// A sentence with everything that one may name.
    fn fill<'p>(&self, phrase: &'p Phrase) -> Filled<'p> {
        phrase
            .with("nothing", self.words.nothing_stored.text())
            .with("tenant", &self.inviter.tenant_name)
            .with("msp", &self.inviter.msp_name)
            .with("place", self.place())
            .with("used", self.used())
            .with("expected", self.expected())
            .with("whom", self.whom())
            .with("tell", self.tell_contact())
    }

    fn usual(&self, title: &Phrase, happened: &Phrase, next: &Phrase) -> Words {
        self.say(title, &self.fill(happened), self.fill(next).text())
    }

    fn wrong_tenant(&self) -> Words {
        let w = self.words;
        self.usual(&w.wrong_tenant, &w.wrong_tenant_what, &w.wrong_tenant_next)
    }

    fn wrong_person(&self) -> Words {
        let w = self.words;
        Words {
            someone_else: true,
            ..self.usual(&w.wrong_person, &w.wrong_person_what, &w.wrong_person_next)
        }
    }

    fn guest(&self) -> Words {
        let w = self.words;
        self.usual(&w.guest, &w.guest_what, &w.guest_next)
    }

    fn personal(&self) -> Words {
        let w = self.words;
        self.usual(&w.personal, &w.personal_what, &w.personal_next)
    }

    fn taken(&self) -> Words {
        let w = self.words;
        self.say(&w.taken, &self.fill(&w.taken_what), self.tell_contact())
    }

    fn not_admin(&self) -> Words {
        let w = self.words;
        self.usual(&w.not_admin, &w.not_admin_what, &w.not_admin_next)
    }

    fn declined(&self) -> Words {
        let w = self.words;
        self.usual(&w.declined, &w.declined_what, &w.declined_next)
    }

    fn lapsed(&self) -> Words {
        let w = self.words;
        self.usual(&w.lapsed, &w.lapsed_what, &w.lapsed_next)
    }

    fn abandoned(&self) -> Words {
        let w = self.words;
        self.usual(&w.abandoned, &w.abandoned_what, &w.abandoned_next)
    }

    fn blocked(&self) -> Words {
        let w = self.words;
        Words {
            again: None,
            browser: true,
            ..self.usual(&w.blocked, &w.blocked_what, &w.blocked_next)
        }
    }

    fn policy(&self) -> Words {
        let w = self.words;
        Words {
            browser: self.flow.method == Method::DeviceCode,
            ..self.usual(&w.policy, &w.policy_what, &w.policy_next)
        }
    }

    fn consent_not_seen(&self) -> Words {
        let w = self.words;
        self.usual(&w.not_seen, &w.not_seen_what, &w.not_seen_next)
    }

    fn permissions_missing(&self) -> Words {
        let w = self.words;
        self.usual(&w.missing, &w.missing_what, &w.missing_next)
    }

    fn app_disabled(&self) -> Words {
        let w = self.words;
        self.usual(&w.disabled, &w.disabled_what, &w.disabled_next)
    }

    fn resource_absent(&self) -> Words {
        let w = self.words;
        self.say(&w.absent, &self.fill(&w.absent_what), self.tell_contact())
    }

    fn tenant_unknown(&self) -> Words {
        let w = self.words;
        self.say(&w.unknown, &self.fill(&w.unknown_what), self.tell_contact())
    }

    fn our_fault(&self) -> Words {
        let w = self.words;
        Words {
            again: Some(w.try_again.text()),
            ..self.usual(&w.our_fault, &w.our_fault_what, &w.our_fault_next)
        }
    }

    fn microsoft(&self) -> Words {
        let w = self.words;
        self.usual(&w.microsoft, &w.microsoft_what, &w.microsoft_next)
    }

    fn trouble(&self) -> Words {
        let w = self.words;
        self.usual(&w.trouble, &w.trouble_what, &w.trouble_next)
    }

    fn used(&self) -> &str {
        if self.who.username.is_empty() {
            self.words.another_account.as_str()
        } else {
            &self.who.username
        }
    }

    /// "as …" when somebody is named, else "with an administrator account of …".
    fn whom(&self) -> String {
        if self.inviter.expected_admin.is_empty() {
            self.words.with_admin_of.with("place", self.place()).text()
        } else {
            let account = &self.inviter.expected_admin;
            self.words.as_account.with("account", account).text()
        }
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
            .map_or(self.words.named_by_contact.as_str(), String::as_str)
    }

    fn tell_contact(&self) -> String {
        self.words
            .tell_contact
            .with("msp", &self.inviter.msp_name)
            .with("reference", &self.inviter.reference)
            .text()
    }
}
