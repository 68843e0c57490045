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
        invitation_subject invitation_body
        reminder_subject reminder_body
        completed_subject completed_body
        about_to_expire_subject about_to_expire_body
        campaign_subject campaign_body
        campaign_reminder_subject campaign_reminder_body
        button pin sent_by ends_on has_ended reference warning warning_why unexpected report
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

#[expect(
    clippy::expect_used,
    reason = "the files are compiled in, and a test reads each of them"
)]
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
