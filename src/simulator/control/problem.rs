//! Failures of the control interface as JSON.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::simulator::aadsts::Aadsts;
use crate::simulator::directory::EditError;
use crate::simulator::json::put;

/// A control call that did not do what was asked.
#[derive(Debug)]
pub struct Problem(pub EditError);

impl From<EditError> for Problem {
    fn from(error: EditError) -> Self {
        Self(error)
    }
}

impl From<Aadsts> for Problem {
    fn from(failure: Aadsts) -> Self {
        Self(EditError::Refused(failure))
    }
}

impl Problem {
    pub fn status(&self) -> StatusCode {
        match &self.0 {
            EditError::Unknown { .. } => StatusCode::NOT_FOUND,
            EditError::Duplicate { .. } => StatusCode::CONFLICT,
            EditError::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            EditError::Refused(_) => StatusCode::BAD_REQUEST,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = json!({"error": self.0.to_string()});
        if let EditError::Refused(failure) = &self.0 {
            put(&mut body, "code", json!(failure.code));
            put(&mut body, "oauth_error", json!(failure.error));
            put(&mut body, "suberror", json!(failure.suberror));
        }
        (self.status(), Json(body)).into_response()
    }
}
