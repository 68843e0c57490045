//! What surrounds every page of technicians: who is signed in, where they are, the notice of the last act, and assets.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use tower_sessions::Session;

use super::error::WebError;
use super::headers::Nonce;
use super::notice::{self, Notice};
use super::viewer::Viewer;
use crate::app::App;

/// The frame of a console or portal page, ready for `layout/console.html` and `layout/portal.html`.
#[derive(Clone, Debug)]
pub struct Chrome {
    pub nonce: String,
    pub msp_name: String,
    pub viewer_name: String,
    pub viewer_email: String,
    pub viewer_role: String,
    /// Whether controls that change something are shown.
    pub may_change: bool,
    /// Whether what concerns every tenant is shown.
    pub sees_all: bool,
    pub notice: Option<Notice>,
    /// The path asked for, to mark its entry in the navigation.
    pub path: String,
}

impl Chrome {
    /// Whether the navigation entry at `address` is the one shown.
    pub fn is_at(&self, address: &str) -> bool {
        self.path == address
            || self
                .path
                .strip_prefix(address)
                .is_some_and(|rest| rest.starts_with('/'))
    }

    /// Whether exactly this address is shown.
    pub fn is_exactly(&self, address: &str) -> bool {
        self.path == address
    }

    /// The address of a file under `static/`.
    pub fn asset(&self, name: &str) -> String {
        super::assets::url(name)
    }

    /// A frame for rendering samples in tests.
    #[cfg(test)]
    pub fn sample() -> Self {
        Self {
            nonce: "bm9uY2U=".into(),
            msp_name: "Harbourline IT".into(),
            viewer_name: "Robin Marlow".into(),
            viewer_email: "robin@harbourline.example".into(),
            viewer_role: "owner".into(),
            may_change: true,
            sees_all: true,
            notice: None,
            path: "/tenants".into(),
        }
    }
}

impl FromRequestParts<App> for Chrome {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, WebError> {
        let viewer = Viewer::from_request_parts(parts, app).await?;
        let session = Session::from_request_parts(parts, app)
            .await
            .map_err(|(_, why)| WebError::Unexpected(anyhow::anyhow!(why)))?;
        Ok(Self {
            nonce: parts
                .extensions
                .get::<Nonce>()
                .map(|nonce| nonce.as_str().to_owned())
                .unwrap_or_default(),
            msp_name: app.site.msp_name.clone(),
            viewer_name: viewer.display_name.clone(),
            viewer_email: viewer.email.clone(),
            viewer_role: viewer.role.to_string(),
            may_change: viewer.may_change(),
            sees_all: viewer.sees_all(),
            notice: notice::take(&session).await,
            path: parts.uri.path().to_owned(),
        })
    }
}
