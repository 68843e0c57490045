//! What a run tells those who asked for it.

use time::OffsetDateTime;

use super::class::Class;
use crate::entra::Failure;
use crate::keeper::message::Refusal;
use crate::keeper::resource::Resource;
use crate::keeper::store::records::Noted;
use crate::keeper::store::tokens::TokenRow;

/// What became of one resource.
#[derive(Clone, Debug)]
pub struct Line {
    pub resource: Resource,
    pub required: bool,
    pub valid: bool,
    pub expires_at: Option<OffsetDateTime>,
    /// The failure recorded in this run.
    pub failure: Option<(Class, Failure, Option<Noted>)>,
}

/// How a run ended.
#[derive(Clone, Debug)]
pub struct Report {
    /// Every resource of the set, asked for in this run or not.
    pub lines: Vec<Line>,
    /// Why not all could be asked for.
    pub refusal: Option<Refusal>,
}

impl Line {
    /// As the store has it.
    pub(super) fn of(token: &TokenRow) -> Self {
        Self {
            resource: token.resource,
            required: token.required,
            valid: token.is_valid(),
            expires_at: token.expires_at,
            failure: None,
        }
    }
}

impl Report {
    /// What the store says, when another keeper did the work.
    pub(super) fn of_store(tokens: &[TokenRow]) -> Self {
        Self {
            lines: tokens.iter().map(Line::of).collect(),
            refusal: None,
        }
    }
}
