//! What a failure answer says, for the row that keeps it: number, category and facts of the text. The rules are the
//! diagnosis'; here they only meet the keeper's failures.

use crate::domain::diagnosis;
use crate::entra::{Failure, Meaning};

/// What is stored beside the raw answer.
#[derive(Clone, Debug)]
pub struct Reading {
    pub code: Option<i32>,
    /// Of the catalogue, e.g. `password_changed`.
    pub category: String,
    /// Microsoft's sentence, or ours when no answer came.
    pub message: String,
    /// The sign-in frequency that a 70043 names, seconds.
    pub max_lifetime_s: Option<i32>,
}

/// Read a failure. Without an answer there is nothing to read: then it is Microsoft that could not be reached.
pub fn read(failure: &Failure) -> Reading {
    if failure.raw.is_empty() {
        return unanswered(failure);
    }
    let read = diagnosis::read_answer(failure.http_status, failure.raw.as_bytes());
    let code = read.code.or_else(|| failure.code());
    Reading {
        code: code.and_then(|code| i32::try_from(code).ok()),
        category: read.category.as_str().to_owned(),
        message: if read.message.is_empty() {
            failure.description.clone()
        } else {
            read.message
        },
        max_lifetime_s: read
            .details
            .max_lifetime
            .and_then(|life| i32::try_from(life.whole_seconds()).ok()),
    }
}

fn unanswered(failure: &Failure) -> Reading {
    let category = match failure.meaning {
        Meaning::Throttled => diagnosis::Category::Throttled,
        Meaning::AppLevel => diagnosis::Category::AppMisconfigured,
        _ => diagnosis::Category::MicrosoftOutage,
    };
    Reading {
        code: None,
        category: category.as_str().to_owned(),
        message: failure.description.clone(),
        max_lifetime_s: None,
    }
}
