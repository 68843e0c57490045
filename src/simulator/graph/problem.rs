//! Graph's failures: `{"error":{"code","message","innerError"}}`, and the challenge that goes with 401.

use axum::Json;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use time::macros::format_description;

use crate::simulator::site::Call;

/// A failure of a Graph call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    message: String,
    /// Seconds for `Retry-After`.
    retry_after: Option<u32>,
    /// A claims challenge (continuous access evaluation), as JSON.
    claims: Option<String>,
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            retry_after: None,
            claims: None,
        }
    }

    /// The access token is missing, cut, foreign, over or for another resource; `message` says which.
    pub fn token(message: &str) -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "InvalidAuthenticationToken",
            message,
        )
    }

    /// The user's standing changed under a long-lived token: tokens older than `not_before` no longer count.
    pub fn challenge(not_before: i64) -> Self {
        let claims =
            json!({"access_token": {"nbf": {"essential": true, "value": not_before.to_string()}}});
        Self {
            claims: Some(claims.to_string()),
            ..Self::token(
                "Continuous access evaluation resulted in challenge with result: InteractionRequired and code: \
                 TokenCreatedWithOutdatedPolicies",
            )
        }
    }

    /// The service principal has not reached Graph yet.
    pub fn identity_not_found() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "Authorization_IdentityNotFound",
            "The identity of the calling application could not be established.",
        )
    }

    pub fn denied() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "Authorization_RequestDenied",
            "Insufficient privileges to complete the operation.",
        )
    }

    pub fn no_premium() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
            "Neither tenant is B2C or tenant doesn't have premium license",
        )
    }

    pub fn not_found(id: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "Request_ResourceNotFound",
            format!(
                "Resource '{id}' does not exist or one of its queried reference-property objects are not present."
            ),
        )
    }

    pub fn bad_request(message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Request_BadRequest", message)
    }

    pub fn throttled(retry_after: u32) -> Self {
        Self {
            retry_after: Some(retry_after),
            ..Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "TooManyRequests",
                "Too many requests. Please try again later.",
            )
        }
    }

    pub fn answer(&self, call: &Call) -> Response {
        let date = call.now.format(format_description!(
            "[year]-[month]-[day]T[hour]:[minute]:[second]"
        ));
        let body = json!({"error": {
            "code": self.code,
            "message": self.message,
            "innerError": {
                "date": date.unwrap_or_default(),
                "request-id": call.trace_id,
                "client-request-id": call.correlation_id,
            },
        }});
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED
            && let Ok(challenge) = HeaderValue::from_str(&self.challenge_header(&call.base))
        {
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }

    fn challenge_header(&self, base: &str) -> String {
        let place = format!("{base}/common/oauth2/authorize");
        match &self.claims {
            Some(claims) => format!(
                "Bearer realm=\"\", authorization_uri=\"{place}\", error=\"insufficient_claims\", claims=\"{}\"",
                STANDARD.encode(claims)
            ),
            None => format!(
                "Bearer realm=\"\", authorization_uri=\"{place}\", \
                 client_id=\"00000003-0000-0000-c000-000000000000\""
            ),
        }
    }
}
