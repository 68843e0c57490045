//! What a campaign says to customers, in their language, and to technicians about a tenant.

use std::collections::BTreeMap;

use time::Date;

use super::{Campaign, Reason};
use crate::language::{Language, date};

/// Why the customer is asked, as its mail says.
fn reason_sentence(reason: Reason, language: Language) -> &'static str {
    let words = &language.book().campaigns;
    let sentence = match reason {
        Reason::Expired => &words.expired,
        Reason::Permission => &words.permission,
        Reason::Move => &words.moves,
        Reason::Deadline => &words.in_time,
    };
    sentence.as_str()
}

/// Until when, as its mail says.
fn deadline_sentence(language: Language, last: Date) -> String {
    let words = &language.book().campaigns;
    words.do_it_by.with("day", date(language, last)).text()
}

/// The values of the mail's placeholders that the campaign alone knows.
pub fn named(campaign: &Campaign, language: Language) -> BTreeMap<String, String> {
    let why = if campaign.sentence.is_empty() {
        reason_sentence(campaign.reason, language).to_owned()
    } else {
        campaign.sentence.clone()
    };
    let until = campaign.last_day();
    let until = until.map(|day| deadline_sentence(language, day));
    BTreeMap::from([
        ("reason".to_owned(), why),
        ("deadline".to_owned(), until.unwrap_or_default()),
    ])
}

/// From what `campaign_board` says to what a technician reads.
pub(super) fn why_words(why: &str) -> String {
    if let Some(error) = why.strip_prefix("mail ") {
        return match error {
            "queued" => "The mail is on its way".to_owned(),
            "held" => "The mail is held after a restore".to_owned(),
            error => format!("The mail did not go out: {error}"),
        };
    }
    if let Some(failure) = why.strip_prefix("flow ") {
        return flow_words(failure).to_owned();
    }
    match why {
        "check" => "A check did not pass: see Microsoft 365 Settings".to_owned(),
        "held" => "A technician must confirm who signed in".to_owned(),
        "link expired" => "The link has lapsed".to_owned(),
        "link revoked" => "The link was withdrawn".to_owned(),
        "consent_needed" => "Signed in, consent is missing".to_owned(),
        "awaiting_approval" => "Waiting for the customer’s reviewer".to_owned(),
        other => other.to_owned(),
    }
}

fn flow_words(failure: &str) -> &'static str {
    match failure {
        "wrong_tenant" => "Signed in to another organisation",
        "wrong_person" => "Somebody else signed in",
        "guest_account" => "A guest account signed in",
        "personal_account" => "A personal account signed in",
        "tenant_taken" => "The organisation belongs to another tenant here",
        "declined" => "Declined",
        "code_lapsed" => "The code lapsed",
        "device_code_blocked" => "The customer blocks device codes",
        "policy_refused" => "A policy of the customer refused",
        "not_admin" => "The account may not consent",
        "consent_not_seen" => "Microsoft does not show the consent yet",
        "permissions_missing" => "Consent was given to less than is needed",
        "app_disabled" => "Our application is switched off there",
        "resource_absent" => "A service does not exist there",
        "abandoned" => "Left unfinished",
        _ => "The sign-in did not work",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_told_in_words() {
        assert_eq!(why_words("flow declined"), "Declined");
        assert_eq!(
            why_words("mail the mail server refused it"),
            "The mail did not go out: the mail server refused it"
        );
        assert_eq!(why_words("No mail address"), "No mail address");
        assert_eq!(why_words(""), "");
    }
}
