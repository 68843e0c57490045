//! What others suffer at the same moment: a trouble of many is hardly one customer's doing.

use crate::domain::diagnosis::category::Category;
use crate::domain::diagnosis::decide::{Button, Confidence};
use crate::domain::diagnosis::facts::{Facts, Shared, SharedKind};
use crate::domain::diagnosis::party::{Retryable, WhoActs};
use crate::domain::diagnosis::verdict::{Twist, Verdict, moment};

impl Verdict {
    pub(super) fn weigh_fleet(&mut self, facts: &Facts) {
        let Some(shared) = facts.shared else {
            return;
        };
        match shared.kind {
            SharedKind::Microsoft => self.weigh_outage(shared),
            SharedKind::OurApp => self.weigh_our_app(shared),
            SharedKind::SameError => self.weigh_mass(shared),
        }
    }

    fn weigh_outage(&mut self, shared: Shared) {
        let passing = matches!(
            self.cause,
            Category::MicrosoftOutage | Category::Throttled | Category::Unknown
        );
        if !passing {
            return;
        }
        self.tell(format!(
            "Microsoft's sign-in service has not answered as it should since {}; calls are held back for every customer.",
            moment(shared.since)
        ));
        if self.cause == Category::Unknown {
            self.cause = Category::MicrosoftOutage;
            self.confidence = Confidence::Likely;
        } else {
            self.confidence = Confidence::High;
        }
        self.who_acts = WhoActs::Microsoft;
        self.retryable = Retryable::Yes;
        self.button = Some(Button::Wait);
    }

    fn weigh_our_app(&mut self, shared: Shared) {
        if self.who_acts != WhoActs::Msp {
            return;
        }
        self.twist = Twist::Shared;
        self.tell(format!(
            "{} since {}: one trouble of ours, and not the customers'.",
            touched(shared.tenants, "the same refusal"),
            moment(shared.since)
        ));
    }

    /// The same number in many tenants within minutes: not one customer is to be accused on its word.
    fn weigh_mass(&mut self, shared: Shared) {
        self.tell(format!(
            "{} since {}: hardly each customer's own doing.",
            touched(shared.tenants, "this very error"),
            moment(shared.since)
        ));
        self.confidence = Confidence::Unsure;
        self.twist = Twist::Shared;
        self.who_acts = WhoActs::Msp;
        self.retryable = Retryable::Yes;
        self.button = Some(Button::Wait);
    }
}

fn touched(tenants: i64, what: &str) -> String {
    match tenants {
        ..=0 => format!("Others meet {what} as well,"),
        1 => format!("One incident: 1 tenant meets {what}"),
        many => format!("One incident: {many} tenants meet {what}"),
    }
}
