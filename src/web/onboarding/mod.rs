//! Anyone holding an invitation link: start, code, consent, result.

use axum::Router;

use crate::app::App;

/// Every page of the customer's administrator.
pub fn router() -> Router<App> {
    Router::new()
}
