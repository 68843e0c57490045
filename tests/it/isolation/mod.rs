//! Nobody learns of a tenant that they may not see: two technicians with different limits, a fleet in every standing, and
//! every page, list, export, stream and form there is.

mod alike;
mod catalogue;
mod forms;
mod keys;
mod limits;
mod live;
mod net;
mod pages;
pub mod stage;
mod together;
