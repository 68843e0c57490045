//! Who must act on an error, and whether repeating the call may help: the two columns of the
//! catalogue beside the category.

use std::str::FromStr;

/// A word that is none of the catalogue's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no word of the error catalogue")]
pub struct UnknownWord(pub String);

/// Who can end the trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WhoActs {
    Msp,
    CustomerAdmin,
    CustomerUser,
    Microsoft,
    Nobody,
}

impl WhoActs {
    pub const ALL: [Self; 5] = [
        Self::Msp,
        Self::CustomerAdmin,
        Self::CustomerUser,
        Self::Microsoft,
        Self::Nobody,
    ];

    /// The stable word, as in the catalogue, the API and stored rows.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Msp => "msp",
            Self::CustomerAdmin => "customer_admin",
            Self::CustomerUser => "customer_user",
            Self::Microsoft => "microsoft",
            Self::Nobody => "nobody",
        }
    }

    /// The words for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Msp => "we, the service provider",
            Self::CustomerAdmin => "the customer's administrator",
            Self::CustomerUser => "the customer's sign-in user",
            Self::Microsoft => "Microsoft",
            Self::Nobody => "nobody",
        }
    }
}

impl FromStr for WhoActs {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Self::ALL
            .into_iter()
            .find(|who| who.as_str() == word)
            .ok_or_else(|| UnknownWord(word.to_owned()))
    }
}

/// Whether the same call may be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Retryable {
    /// Later, by itself, with back-off.
    Yes,
    /// Never as it is: the request or the registration is wrong.
    No,
    /// Only once somebody has done something.
    AfterUserAction,
}

impl Retryable {
    pub const ALL: [Self; 3] = [Self::Yes, Self::No, Self::AfterUserAction];

    /// The stable word, as in the catalogue, the API and stored rows.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::AfterUserAction => "after_user_action",
        }
    }

    /// The words for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Yes => "repeated by itself",
            Self::No => "not before something is corrected",
            Self::AfterUserAction => "once somebody has acted",
        }
    }
}

impl FromStr for Retryable {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Self::ALL
            .into_iter()
            .find(|retry| retry.as_str() == word)
            .ok_or_else(|| UnknownWord(word.to_owned()))
    }
}
