//! "Disconnect": what is to be done is in the database, in the transaction of whoever asked; the keeper is only told to
//! look at once.

use serde::{Deserialize, Serialize};

/// A question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
#[serde(deny_unknown_fields)]
pub enum Ask {
    /// There is something to disconnect. Answer: `Reply::Done`, at once.
    Look {},
}
