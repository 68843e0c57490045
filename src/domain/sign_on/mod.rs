//! Single sign-on: a technician comes in on the word of an OpenID provider. `trip` remembers a browser that is away there,
//! `arrive` takes it back and says who it is, `admit` decides whether and as what they come in, `link` ties identities to
//! technicians. Passwords are `technician::sign_in`'s.

mod admit;
mod arrive;
mod link;
mod refusal;
mod rules;
mod set_up;
mod store;
mod totals;
mod trip;

use time::OffsetDateTime;

pub use arrive::{Arrived, Came, Returned, arrive};
pub use link::{Linked, UnlinkError, is_linked, linked, unlink};
pub use refusal::Refused;
pub use rules::{Evidence, Rules, Sso};
pub use set_up::{RETURN_PATH, SetUpError, set_up};
pub use totals::{Total, emergency, totals};
pub use trip::{BrowserSecret, LIFETIME as TRIP_LIFETIME, LeaveError, Purpose, leave, sweep};

/// Who somebody is to a provider, for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub issuer: String,
    pub subject: String,
}

/// An identity tied to a technician.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignOn {
    pub identity: Identity,
    pub linked_at: OffsetDateTime,
    pub last_used_at: Option<OffsetDateTime>,
}
