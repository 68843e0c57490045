//! Questions about the channels of alerts: their addresses and keys are sealed here, and messages are signed here.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::keeper::text::Text;

/// What may be asked.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "alerts", rename_all = "snake_case", deny_unknown_fields)]
pub enum Ask {
    /// Seal the address of a channel, for a row that the portal is about to store. Answer: [`Answer::Sealed`].
    SealAddress {
        channel_id: Uuid,
        secret_id: Uuid,
        url: Text,
    },
    /// Make a key of 256 bits to sign with. Answer: [`Answer::Made`].
    MakeSecret { channel_id: Uuid, secret_id: Uuid },
    /// Where a message goes, and its signature by every key that is valid now. Answer: [`Answer::Prepared`].
    Prepare {
        channel_id: Uuid,
        message_id: String,
        /// Seconds since 1970.
        timestamp: i64,
        body: String,
    },
}

/// What is answered.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "alerts", rename_all = "snake_case")]
pub enum Answer {
    /// For `alert_channel_secrets.ct`.
    Sealed { ciphertext: Vec<u8> },
    Made {
        ciphertext: Vec<u8>,
        /// `whsec_…`, as receivers take it; shown once.
        secret: Text,
    },
    Prepared {
        url: Text,
        /// The header `webhook-signature`; empty when the channel signs nothing.
        signature: String,
    },
}
