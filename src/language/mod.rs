//! The languages that customers are spoken to in, and the texts of the onboarding page and of mails in each. Technicians'
//! pages are in English.

mod book;
mod date;
mod phrase;

use std::str::FromStr;

pub use book::{Book, Campaigns, Failures, MailWords, Onboarding, Reasons};
pub use date::{date, day, exact};
pub use phrase::{Filled, Phrase};

/// A language of the customers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Language {
    #[default]
    En,
    De,
    Fr,
    Es,
    Nl,
}

/// A word that names no language of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such language")]
pub struct UnknownLanguage;

impl Language {
    pub const ALL: [Self; 5] = [Self::En, Self::De, Self::Fr, Self::Es, Self::Nl];

    /// The word of `lang` attributes (BCP 47), the database and forms.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
            Self::Fr => "fr",
            Self::Es => "es",
            Self::Nl => "nl",
        }
    }

    /// Its name in itself, for whoever cannot read the others.
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::De => "Deutsch",
            Self::Fr => "Français",
            Self::Es => "Español",
            Self::Nl => "Nederlands",
        }
    }

    /// Its name for technicians.
    pub const fn name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::De => "German",
            Self::Fr => "French",
            Self::Es => "Spanish",
            Self::Nl => "Dutch",
        }
    }

    /// All texts in it.
    pub fn book(self) -> &'static Book {
        book::of(self)
    }
}

impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(word: &str) -> Result<Self, UnknownLanguage> {
        Self::ALL
            .into_iter()
            .find(|one| one.as_str() == word)
            .ok_or(UnknownLanguage)
    }
}
