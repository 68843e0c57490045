//! Conditional Access: which policy it was, where policies can be read.

use crate::domain::diagnosis::category::Category;
use crate::domain::diagnosis::decide::Confidence;
use crate::domain::diagnosis::facts::{Facts, Method};
use crate::domain::diagnosis::party::WhoActs;
use crate::domain::diagnosis::read::Reading;
use crate::domain::diagnosis::seen::{Policy, Rule};
use crate::domain::diagnosis::verdict::{Twist, Verdict, day, span};

impl Verdict {
    pub(super) fn weigh_policies(&mut self, reading: &Reading, facts: &Facts) {
        match self.cause {
            Category::ConditionalAccess => self.weigh_block(reading, facts),
            Category::SignInFrequency => {
                self.name(facts, "asks for a sign-in every so often", |policy| {
                    policy.sign_in_frequency_s.is_some()
                });
            }
            Category::MfaRequired => {
                self.name(facts, "asks for multi-factor sign-in", |policy| {
                    policy.does(Rule::RequiresMfa)
                });
            }
            Category::DeviceCompliance => {
                self.name(facts, "demands a known device", |policy| {
                    policy.does(Rule::RequiresDevice)
                });
            }
            _ => {}
        }
    }

    fn weigh_block(&mut self, reading: &Reading, facts: &Facts) {
        let by_device_code = facts.obtained_by == Some(Method::DeviceCode);
        if by_device_code {
            self.tell("This connection was made with a device code, which policies often block.");
        }
        let flows = self.name(facts, "blocks device code sign-in", |policy| {
            policy.does(Rule::BlocksDeviceCode)
        });
        let blocks =
            |policy: &Policy| policy.does(Rule::Blocks) && !policy.does(Rule::BlocksDeviceCode);
        let others = self.name(facts, "blocks access", blocks);
        if reading.code == Some(530_036) {
            self.twist = Twist::DeviceCodeBlocked;
        } else if by_device_code && flows && reading.code == Some(53_003) {
            self.becomes(
                Category::ConditionalAccess,
                WhoActs::CustomerAdmin,
                Twist::DeviceCodeBlocked,
            );
            // Two policies that block: either may have been it.
            self.confidence = if others {
                Confidence::Likely
            } else {
                Confidence::High
            };
        }
    }

    /// Name the acting policies that fit, at most three; whether there are any.
    fn name(&mut self, facts: &Facts, does: &str, fits: impl Fn(&Policy) -> bool) -> bool {
        let fitting: Vec<&Policy> = facts.seen.acting().filter(|policy| fits(policy)).collect();
        for policy in fitting.iter().take(3) {
            let every = policy
                .sign_in_frequency_s
                .filter(|_| does.ends_with("often"));
            let does = match every {
                Some(0) => "asks for a sign-in every time".to_owned(),
                Some(seconds) => format!(
                    "asks for a sign-in every {}",
                    span(time::Duration::seconds(seconds))
                ),
                None => does.to_owned(),
            };
            let changed = policy
                .changed_at
                .map(|at| format!(", last changed on {}", day(at)))
                .unwrap_or_default();
            self.tell(format!("The policy “{}” {does}{changed}.", policy.name));
        }
        !fitting.is_empty()
    }
}
