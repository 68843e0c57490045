//! What a call sends: a JSON body and a query, each read once into a type. What the type does not know is refused, so that a
//! mistyped field is never silently left out.

mod body;
mod query;
mod said;

pub use body::Body;
pub use query::Query;
