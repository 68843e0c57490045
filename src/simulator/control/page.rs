//! The control page.

use axum::Router;

use crate::simulator::site::Site;

pub fn router() -> Router<Site> {
    Router::new()
}
