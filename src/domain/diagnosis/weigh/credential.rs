//! Our own secret or certificate: does the end that we stored explain the refusal?

use crate::domain::diagnosis::category::Category;
use crate::domain::diagnosis::facts::Facts;
use crate::domain::diagnosis::verdict::{Verdict, day};

impl Verdict {
    pub(super) fn weigh_our_credential(&mut self, facts: &Facts) {
        let known = facts.our_app.credential_ends_at;
        let Some((end, failed)) = known.zip(facts.failed_at.or(facts.now)) else {
            return;
        };
        let date = day(end);
        match self.cause {
            Category::AppCredentialExpired | Category::AppCredentialInvalid if end <= failed => {
                self.tell(format!("By our record it ended on {date}."));
            }
            Category::AppCredentialExpired => self.tell(format!(
                "By our record it lasts until {date}: the date stored is wrong, or another one was shown."
            )),
            Category::AppCredentialInvalid => self.tell(format!(
                "By our record it lasts until {date}, so it was replaced or removed at Microsoft."
            )),
            _ => {}
        }
    }
}
