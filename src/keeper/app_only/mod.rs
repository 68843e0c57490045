//! Customers that let the application itself in: client credentials in place of anybody's refresh token. Here a new
//! standing of this kind is tried whole before it replaces anything; its daily exercise is the refresh protocol's. The
//! administrator's consent by an invitation is `onboarding::as_app`, a registration of the customer's own is [`own`].

mod adopt;
mod claims;
mod own;
mod trial;
mod verdict;

pub(super) use adopt::{Adoption, adopt};
pub(super) use claims::roles_as_scopes;
pub(super) use own::{answer, work};
pub(super) use trial::try_all;
pub(super) use verdict::{Next, word};
