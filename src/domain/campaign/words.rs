//! What a campaign says to customers, in their language, and to technicians about a tenant.

use std::collections::BTreeMap;

use time::Date;

use super::{Campaign, Reason};
use crate::language::{Language, date};

/// Why the customer is asked, as its mail says.
pub const fn reason_sentence(reason: Reason, language: Language) -> &'static str {
    match (reason, language) {
        (Reason::Expired, Language::En) => "The authorisation that we had has ended.",
        (Reason::Expired, Language::De) => "Die bisherige Autorisierung ist abgelaufen.",
        (Reason::Expired, Language::Fr) => "L’autorisation précédente a pris fin.",
        (Reason::Expired, Language::Es) => "La autorización anterior ha finalizado.",
        (Reason::Expired, Language::Nl) => "De eerdere autorisatie is afgelopen.",
        (Reason::Permission, Language::En) => {
            "Our work now needs a permission that the present authorisation does not cover."
        }
        (Reason::Permission, Language::De) => {
            "Für unsere Arbeit ist inzwischen eine Berechtigung nötig, die die bisherige Autorisierung nicht umfasst."
        }
        (Reason::Permission, Language::Fr) => {
            "Notre travail nécessite désormais une permission que l’autorisation actuelle ne couvre pas."
        }
        (Reason::Permission, Language::Es) => {
            "Nuestro trabajo requiere ahora un permiso que la autorización actual no incluye."
        }
        (Reason::Permission, Language::Nl) => {
            "Ons werk vereist inmiddels een machtiging die de huidige autorisatie niet omvat."
        }
        (Reason::Move, Language::En) => {
            "We are changing to a way of signing in that is safer and lasts longer."
        }
        (Reason::Move, Language::De) => {
            "Wir stellen auf eine Anmeldung um, die sicherer ist und länger hält."
        }
        (Reason::Move, Language::Fr) => {
            "Nous passons à un mode de connexion plus sûr et plus durable."
        }
        (Reason::Move, Language::Es) => {
            "Estamos pasando a una forma de inicio de sesión más segura y duradera."
        }
        (Reason::Move, Language::Nl) => {
            "Wij stappen over op een manier van aanmelden die veiliger is en langer meegaat."
        }
        (Reason::Deadline, Language::En) => "It has to be renewed in time.",
        (Reason::Deadline, Language::De) => "Sie muss rechtzeitig erneuert werden.",
        (Reason::Deadline, Language::Fr) => "Elle doit être renouvelée à temps.",
        (Reason::Deadline, Language::Es) => "Debe renovarse a tiempo.",
        (Reason::Deadline, Language::Nl) => "De toegang moet op tijd worden vernieuwd.",
    }
}

/// Until when, as its mail says.
pub fn deadline_sentence(language: Language, last: Date) -> String {
    let day = date(language, last);
    match language {
        Language::En => format!("Please do it by {day}."),
        Language::De => format!("Bitte erledigen Sie dies bis zum {day}."),
        Language::Fr => format!("Merci de le faire avant le {day}."),
        Language::Es => format!("Le rogamos que lo haga antes del {day}."),
        Language::Nl => format!("Wilt u dit uiterlijk op {day} doen?"),
    }
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
    use std::collections::HashSet;

    use time::macros::date;

    use super::*;

    #[test]
    fn every_language_has_its_own_sentences() {
        for reason in Reason::ALL {
            let all: HashSet<_> = Language::ALL
                .into_iter()
                .map(|language| reason_sentence(reason, language))
                .collect();
            assert_eq!(all.len(), Language::ALL.len(), "{reason:?}");
        }
        for language in Language::ALL {
            let said = deadline_sentence(language, date!(2026 - 11 - 30));
            assert!(said.contains("30"), "{said}");
        }
    }

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
