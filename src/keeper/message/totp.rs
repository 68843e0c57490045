//! Questions about authenticator apps. A seed is made and sealed here; it is shown while its app is being set up and never
//! again, and codes are compared here.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::keeper::text::Text;

/// What may be asked about a technician's authenticator app.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "totp", rename_all = "snake_case", deny_unknown_fields)]
pub enum Ask {
    /// Make a seed of 160 bits for a factor that the portal is about to store. Answer: [`Answer::Made`].
    Make {
        technician_id: Uuid,
        factor_id: Uuid,
    },
    /// Show the seed of a factor that has not proved a code yet. Answer: [`Answer::Seed`].
    Show {
        technician_id: Uuid,
        factor_id: Uuid,
    },
    /// Is this the code of now or of the step before, and later than any code that was accepted? Accepting it uses it up.
    /// Answer: [`Answer::Checked`].
    Check {
        technician_id: Uuid,
        factor_id: Uuid,
        code: Text,
    },
}

/// What is answered.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "totp", rename_all = "snake_case")]
pub enum Answer {
    Made {
        /// For `technician_factors.seed_ct`.
        ciphertext: Vec<u8>,
        /// Base32, as apps take it.
        seed: Text,
    },
    Seed {
        seed: Text,
    },
    Checked {
        is_right: bool,
    },
}
