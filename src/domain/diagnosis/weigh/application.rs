//! Our enterprise application in the customer's tenant and the consent it stands on; and whether the tenant is there.

use super::fresh;
use crate::domain::diagnosis::category::Category;
use crate::domain::diagnosis::decide::Confidence;
use crate::domain::diagnosis::facts::Facts;
use crate::domain::diagnosis::party::WhoActs;
use crate::domain::diagnosis::read::Reading;
use crate::domain::diagnosis::seen::{Application, Existence};
use crate::domain::diagnosis::verdict::{Twist, Verdict, day};

impl Verdict {
    /// Consent withdrawn, application deleted, application switched off: three remedies behind numbers that overlap.
    pub(super) fn weigh_application(&mut self, reading: &Reading, facts: &Facts) {
        let about_us = match self.cause {
            Category::ConsentMissing => reading.code.is_none_or(|code| code == 65_001),
            Category::AppMissingOrDisabled => matches!(
                reading.code,
                None | Some(700_016 | 7_000_112 | 7_000_229 | 70_001)
            ),
            _ => false,
        };
        if !about_us {
            return;
        }
        if facts.others_work {
            self.tell("Other resources of the same sign-in still get tokens.");
        }
        match fresh(facts.seen.application.as_ref(), facts) {
            Some(Application::Absent) => self.gone(),
            Some(Application::Disabled) => self.switched_off(false),
            Some(Application::DisabledByMicrosoft) => self.switched_off(true),
            Some(Application::Enabled) => self.present(reading, facts),
            None => self.unseen(reading, facts),
        }
    }

    fn gone(&mut self) {
        self.becomes(
            Category::AppMissingOrDisabled,
            WhoActs::CustomerAdmin,
            Twist::Deleted,
        );
        self.confidence = Confidence::High;
        self.tell("Microsoft says that our enterprise application is not in the tenant.");
    }

    fn switched_off(&mut self, by_microsoft: bool) {
        let who = if by_microsoft {
            WhoActs::Msp
        } else {
            WhoActs::CustomerAdmin
        };
        self.becomes(Category::AppMissingOrDisabled, who, Twist::Disabled);
        self.confidence = Confidence::High;
        self.tell(if by_microsoft {
            "Microsoft itself has switched our enterprise application off in the tenant."
        } else {
            "Microsoft says that our enterprise application is in the tenant and switched off."
        });
    }

    /// It is there and enabled: then consent is what is missing, or it came back meanwhile.
    fn present(&mut self, reading: &Reading, facts: &Facts) {
        self.tell("Our enterprise application is in the tenant and enabled.");
        if self.cause == Category::AppMissingOrDisabled {
            self.confidence = Confidence::Unsure;
            self.tell("That contradicts the answer: it was mended meanwhile, or Microsoft's machines do not agree yet.");
            return;
        }
        let grants = fresh(facts.seen.consent.as_ref(), facts).map(|consent| consent.grants);
        match grants {
            Some(0) => {
                self.confidence = Confidence::High;
                self.tell("No delegated consent for it is left.");
            }
            Some(_) if facts.others_work => {
                self.twist = Twist::OneResource;
                self.confidence = Confidence::High;
                self.tell("Consent is there for other resources, not for this one.");
            }
            Some(count) => {
                self.confidence = Confidence::Likely;
                self.tell(format!(
                    "Consent of some kind is there ({count} grants), but does not cover what was asked for."
                ));
            }
            None if reading.code == Some(65_001) => self.confidence = Confidence::Likely,
            None => {}
        }
    }

    /// Graph told nothing.
    fn unseen(&mut self, reading: &Reading, facts: &Facts) {
        let missing = matches!(reading.code, Some(700_016 | 7_000_229));
        if let Some(at) = facts.last_ok_at.filter(|_| missing) {
            self.tell(format!(
                "It worked on {}, so the application was there and has been removed since.",
                day(at)
            ));
            // Our own registration, deleted at home, looks the same everywhere.
            if facts.failed_at.is_some() && facts.shared.is_none() {
                self.confidence = Confidence::High;
                self.twist = Twist::Deleted;
            }
        }
        if self.cause == Category::ConsentMissing && facts.others_work {
            self.twist = Twist::OneResource;
            self.confidence = Confidence::High;
        }
    }

    /// 90002: deleted, mistyped, or a fault of the moment.
    pub(super) fn weigh_tenant(&mut self, reading: &Reading, facts: &Facts) {
        if self.cause != Category::TenantMissingOrDisabled || reading.code != Some(90_002) {
            return;
        }
        if let Some(at) = facts.last_ok_at {
            self.tell(format!(
                "It answered on {}, so the name is no slip.",
                day(at)
            ));
        }
        match fresh(facts.seen.tenant.as_ref(), facts) {
            Some(Existence::Unknown) if facts.last_ok_at.is_some() => {
                self.confidence = Confidence::High;
                self.tell(
                    "Microsoft's public directory of tenants does not know it any more either.",
                );
            }
            Some(Existence::Unknown) => {
                self.tell("Microsoft's public directory of tenants does not know it either.");
            }
            Some(Existence::Known) => {
                self.confidence = Confidence::Unsure;
                self.tell("Microsoft's public directory of tenants still knows it: a fault of the moment, most likely.");
            }
            None => {}
        }
    }
}
