//! An open incident, ready for its banner.

use time::OffsetDateTime;

use crate::domain::incident::{Incident, Kind};
use crate::web::kit::paths;
use crate::web::kit::when::When;

/// One trouble that many customers feel.
#[derive(Clone, Debug)]
pub struct IncidentView {
    pub title: &'static str,
    /// `3 customers, AADSTS50076,`: to be followed by since when.
    pub facts: String,
    pub since: When,
    pub who: &'static str,
    pub advice: &'static str,
    /// The newest MSAL errors tell more.
    pub errors: bool,
    pub errors_href: &'static str,
}

impl IncidentView {
    pub fn of(incident: &Incident, now: OffsetDateTime) -> Self {
        let customers = match incident.tenants {
            0 => "No customer noticed yet".to_owned(),
            1 => "1 customer".to_owned(),
            many => format!("{many} customers"),
        };
        Self {
            title: incident.title(),
            facts: match incident.code {
                Some(code) => format!("{customers}, AADSTS{code},"),
                None => customers,
            },
            since: When::new(incident.opened_at, now),
            who: incident.who_acts().label(),
            advice: incident.advice(),
            errors: incident.kind != Kind::Quarantine,
            errors_href: paths::MSAL_ERRORS,
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn it_says_how_many_and_by_which_number() {
        let now = datetime!(2026-03-02 08:00 UTC);
        let facts = |tenants, code| {
            let incident = Incident {
                kind: Kind::Mass,
                code,
                opened_at: now,
                tenants,
            };
            IncidentView::of(&incident, now).facts
        };
        assert_eq!(facts(1, None), "1 customer");
        assert_eq!(facts(12, Some(50_076)), "12 customers, AADSTS50076,");
        assert_eq!(facts(0, None), "No customer noticed yet");
    }
}
