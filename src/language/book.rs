//! The texts themselves: one file a language, all with the same keys, compiled in.

use std::sync::LazyLock;

use config::{Config, File, FileFormat};
use serde::Deserialize;

use super::{Language, Phrase};

/// All texts in one language.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Book {
    pub mail: MailWords,
    pub campaigns: Campaigns,
    pub onboarding: Onboarding,
    pub failures: Failures,
    pub reasons: Reasons,
}

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident { $($key:ident)* })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[expect(missing_docs, reason = "each key says what it is for; the texts stand in the files")]
        pub struct $name { $(pub $key: Phrase,)* }
    )+};
}

texts! {
    /// Mails to customers.
    MailWords {
        invitation_subject invitation_body reminder_subject reminder_body completed_subject completed_body
        about_to_expire_subject about_to_expire_body ends_on has_ended campaign_subject campaign_body
        campaign_reminder_subject campaign_reminder_body button pin sent_by reference warning warning_why
        unexpected report
    }
    /// Why a campaign asks, and until when.
    Campaigns {
        expired permission moves in_time do_it_by
    }
    /// The onboarding page.
    Onboarding {
        progress step_invitation step_administrator step_sign_in step_access step_done language asks_title
        for_tenant from for_whom administrator reference good_until addresses addresses_hint shows_app
        application_permissions optional warning warning_why report invitation_from intro_sign_in intro_agree
        go_on will_be_asked take_back take_back_app access_for about is_asked later_microsoft
        later_microsoft_next later_keeper later_keeper_next lasting_app lasting_browser let_in let_in_how who
        admin_username exactly someone_else someone_else_how whoever with_microsoft in_browser how with_code
        with_code_how in_browser_how start username_hint username_wrong elsewhere elsewhere_how continue_here
        ready_code ready_code_how ready_agree ready_agree_how ready_sign_in ready_sign_in_how new_code
        enter_code code_copy code_open code_sign_in code_sign_in_as code_app code_app_named copy_code
        microsofts_page time_left until goes_on code_trouble code_trouble_how sign_in_link sign_in_link_as
        sign_in_begun use_code setting_up setting_up_how signed_in signed_in_how acquired_of acquired
        not_granted waiting reviewer reviewer_how permission permission_how permission_too permission_too_how
        click_here check_again check_again_hint done granted_by when may_do done_app done_roles role_reader
        role_exchange role_teams revoke revoke_delete revoke_account the_account not_confirmed
        not_confirmed_how not_confirmed_as confirmation confirmation_how confirmation_as what_to_do invalid
        invalid_why invalid_next at_msp ask_new asked_title thank_you asked close_page pin pin_label pin_told
        pin_hint pin_safety pin_shape pin_wrong_one pin_wrong pin_invitation pin_invitation_how pin_nobody
    }
    /// What the onboarding page says when it does not work out.
    Failures {
        nothing_stored try_again another_account as_account with_admin_of named_by_contact tell_contact
        wrong_tenant wrong_tenant_what wrong_tenant_next wrong_person wrong_person_what wrong_person_next guest
        guest_what guest_next personal personal_what personal_next taken taken_what not_admin not_admin_what
        not_admin_next declined declined_what declined_next lapsed lapsed_what lapsed_next abandoned
        abandoned_what abandoned_next blocked blocked_what blocked_next policy policy_what policy_next not_seen
        not_seen_what not_seen_next missing missing_what missing_next disabled disabled_what disabled_next
        absent absent_what unknown unknown_what our_fault our_fault_what our_fault_next microsoft
        microsoft_what microsoft_next trouble trouble_what trouble_next
    }
    /// What a permission is needed for.
    Reasons {
        user_read directory_read directory_read_app exchange_manage exchange_manage_app teams azure
    }
}

const fn source(language: Language) -> &'static str {
    match language {
        Language::En => include_str!("en.toml"),
        Language::De => include_str!("de.toml"),
        Language::Fr => include_str!("fr.toml"),
        Language::Es => include_str!("es.toml"),
        Language::Nl => include_str!("nl.toml"),
    }
}

fn read(language: Language) -> Book {
    Config::builder()
        .add_source(File::from_str(source(language), FileFormat::Toml))
        .build()
        .and_then(Config::try_deserialize)
        .expect("the texts are whole, see the test below")
}

/// The texts of a language.
pub fn of(language: Language) -> &'static Book {
    static BOOKS: LazyLock<[Book; 5]> = LazyLock::new(|| Language::ALL.map(read));
    let [en, de, fr, es, nl] = &*BOOKS;
    match language {
        Language::En => en,
        Language::De => de,
        Language::Fr => fr,
        Language::Es => es,
        Language::Nl => nl,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    type Texts = BTreeMap<String, BTreeMap<String, String>>;

    fn texts(language: Language) -> Texts {
        Config::builder()
            .add_source(File::from_str(source(language), FileFormat::Toml))
            .build()
            .and_then(Config::try_deserialize)
            .unwrap()
    }

    fn placeholders(text: &str) -> BTreeSet<&str> {
        let parts = text.split('{').skip(1);
        parts.map(|part| part.split_once('}').unwrap().0).collect()
    }

    #[test]
    fn every_language_has_every_text_with_the_same_placeholders() {
        let english = texts(Language::En);
        for language in Language::ALL {
            // Reads the whole book: a key too many or too few is an error.
            read(language);
            let other = texts(language);
            for (area, keys) in &english {
                let known: Vec<_> = keys.keys().collect();
                assert_eq!(
                    other[area].keys().collect::<Vec<_>>(),
                    known,
                    "{language:?}"
                );
                for (key, text) in keys {
                    let said = &other[area][key];
                    assert_eq!(placeholders(said), placeholders(text), "{language:?} {key}");
                    let strong = |text: &str| text.matches("**").count();
                    assert_eq!(strong(said), strong(text), "{language:?} {key}");
                    assert!(!said.trim().is_empty(), "{language:?} {key}");
                }
            }
        }
    }

    #[test]
    fn no_text_was_left_in_english() {
        // Names, and words that are the same by chance.
        const SAME: [&str; 5] = [
            "administrator",
            "optional",
            "pin_label",
            "step_administrator",
            "step_invitation",
        ];
        let english = texts(Language::En);
        for language in Language::ALL.into_iter().skip(1) {
            for (area, keys) in texts(language) {
                for (key, text) in keys {
                    let same = text == english[&area][&key];
                    assert!(
                        !same || SAME.contains(&key.as_str()),
                        "{language:?} {key}: {text}"
                    );
                }
            }
        }
    }

    #[test]
    fn no_text_is_left_over() {
        let mut used = String::new();
        let mut rooms = vec!["src".to_owned(), "templates".to_owned()];
        while let Some(room) = rooms.pop() {
            for entry in std::fs::read_dir(room).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    rooms.push(path.to_str().unwrap().to_owned());
                } else if path
                    .extension()
                    .is_some_and(|kind| kind == "rs" || kind == "html")
                    && !path.ends_with("language/book.rs")
                {
                    used.push_str(&std::fs::read_to_string(path).unwrap());
                }
            }
        }
        for (area, keys) in texts(Language::En) {
            for key in keys.keys() {
                let found = used.match_indices(&format!(".{key}")).any(|(at, hit)| {
                    let after = used[at + hit.len()..].chars().next();
                    !after.is_some_and(|c| c.is_alphanumeric() || c == '_')
                });
                assert!(found, "{area}.{key} is used nowhere");
            }
        }
    }
}
