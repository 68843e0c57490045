//! What the page shows of a flow beyond its stage: each resource of the set, and who gave access.

use time::OffsetDateTime;

use super::{Flow, store};
use crate::domain::op::Op;
use crate::domain::tenant::Resource;

/// How far the resource set is acquired.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Progress {
    pub resources: Vec<ResourceLine>,
    /// None until something was stored.
    pub access: Option<Access>,
}

/// One resource of the set.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ResourceLine {
    pub resource: Resource,
    pub required: bool,
    pub state: TokenState,
    /// Delegated permissions granted, as Microsoft named them.
    pub scopes: Vec<String>,
}

/// Whether a resource's token was acquired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenState {
    Waiting,
    Valid,
    Failed,
}

impl TokenState {
    /// From the word in the row; none when the table allows no such word.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        match word {
            "waiting" => Some(Self::Waiting),
            "valid" => Some(Self::Valid),
            "failed" => Some(Self::Failed),
            _ => None,
        }
    }
}

/// Who gave access, and when.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Access {
    pub admin_username: String,
    pub admin_name: String,
    pub obtained_at: OffsetDateTime,
    pub standing: Standing,
}

/// What became of a grant, as far as its giver is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Waits for the rest of the consent, or for a technician's word.
    Pending,
    /// In use.
    InUse,
    /// Refused by a technician, replaced, or given up.
    Ended,
}

impl Standing {
    /// From `connections.state`.
    pub(super) fn from_state(state: &str) -> Self {
        match state {
            "pending" => Self::Pending,
            "revoked" => Self::Ended,
            _ => Self::InUse,
        }
    }
}

impl Progress {
    /// Acquired and all of the set, for "2 of 3".
    pub fn tally(&self) -> (usize, usize) {
        let valid = |line: &&ResourceLine| line.state == TokenState::Valid;
        (
            self.resources.iter().filter(valid).count(),
            self.resources.len(),
        )
    }
}

/// The progress of a flow, read from what the keeper stored for its connection.
pub async fn progress(op: &mut Op, flow: &Flow) -> Result<Progress, sqlx::Error> {
    Ok(Progress {
        resources: store::resource_lines(op, flow).await?,
        access: store::access(op, flow).await?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tally_counts_what_was_acquired_of_the_whole_set() {
        let line = |resource, state| ResourceLine {
            resource,
            required: true,
            state,
            scopes: Vec::new(),
        };
        let progress = Progress {
            resources: vec![
                line(Resource::Graph, TokenState::Valid),
                line(Resource::Exchange, TokenState::Valid),
                line(Resource::Azure, TokenState::Failed),
            ],
            access: None,
        };
        assert_eq!(progress.tally(), (2, 3));
    }
}
