//! Pages.

use axum::Router;

use super::site::Site;

pub fn router() -> Router<Site> {
    Router::new()
}
