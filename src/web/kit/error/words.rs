//! The words of every error page: status, title, sentence.

use axum::http::StatusCode;

use super::{Problem, WebError};
use crate::web::kit::again;

/// Status, title, and what to do.
pub(super) type Words = (StatusCode, &'static str, &'static str);

impl WebError {
    pub(super) fn words(&self) -> Words {
        match self {
            Self::NotFound | Self::Hidden => not_found(),
            Self::Forbidden => (
                StatusCode::FORBIDDEN,
                "Not allowed",
                "Your role does not allow this. Ask an owner or admin of your team.",
            ),
            Self::BadRequest(sentence) => {
                (StatusCode::BAD_REQUEST, "Request not understood", sentence)
            }
            Self::SignIn { .. } | Self::Factor | Self::StepUp { .. } => {
                (StatusCode::UNAUTHORIZED, "Sign in", "Sign in to continue.")
            }
            Self::Conflict(sentence) => (StatusCode::CONFLICT, "Out of date", sentence),
            Self::Keeper => (
                StatusCode::SERVICE_UNAVAILABLE,
                "Tokens cannot be reached right now",
                again::SENTENCE,
            ),
            Self::Busy { .. } => (
                StatusCode::SERVICE_UNAVAILABLE,
                "Busy",
                "Too much is going on at once. Nothing was changed; try again in a few seconds.",
            ),
            Self::Unexpected(_) if self.is_not_audited() => (
                StatusCode::SERVICE_UNAVAILABLE,
                "Not done",
                "The audit log cannot be written right now, and without it nothing is changed. Try again in a few seconds.",
            ),
            Self::VisitOver { .. } => (
                StatusCode::FORBIDDEN,
                "Your visit has ended",
                "A visit to a Customer portal has a time limit. Nothing was changed. Enter again to go on; it is written down.",
            ),
            Self::TooMany { .. } => too_many(),
            Self::TooLarge => too_large(),
            Self::UnknownField => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "Request not understood",
                "The form has a field that does not belong to it. Nothing was changed. Go back, reload the page and send it again.",
            ),
            Self::Unexpected(_) => unexpected(),
        }
    }
}

const fn not_found() -> Words {
    (
        StatusCode::NOT_FOUND,
        "Not found",
        "There is nothing at this address, or you may not see it. Check the address or go back.",
    )
}

const fn too_many() -> Words {
    (
        StatusCode::TOO_MANY_REQUESTS,
        "Too often",
        "This was asked for too often in a short time. Wait a few minutes, then try again.",
    )
}

const fn too_large() -> Words {
    (
        StatusCode::PAYLOAD_TOO_LARGE,
        "Too much",
        "What was sent is too large. Nothing was changed. Send a smaller file, or less text.",
    )
}

const fn unexpected() -> Words {
    (
        StatusCode::INTERNAL_SERVER_ERROR,
        "Something went wrong",
        "This is our fault, not yours. Try again; if it stays, give the reference to whoever runs this installation.",
    )
}

/// What layers answer by themselves (routing, limits, timeouts) in the same words.
pub(super) fn problem_of(status: StatusCode) -> Option<Problem> {
    let (status, title, sentence) = match status {
        StatusCode::NOT_FOUND => not_found(),
        StatusCode::METHOD_NOT_ALLOWED => (
            status,
            "Not possible here",
            "This address does not take that kind of request. Go back and use the page's buttons.",
        ),
        StatusCode::PAYLOAD_TOO_LARGE => too_large(),
        StatusCode::URI_TOO_LONG => (
            status,
            "Address too long",
            "The address is too long. Go back and use shorter filters.",
        ),
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => (
            status,
            "Too much",
            "Your browser sent too much along with the request. Delete this site's cookies in it and sign in again.",
        ),
        StatusCode::TOO_MANY_REQUESTS => too_many(),
        StatusCode::MISDIRECTED_REQUEST => (
            status,
            "Wrong address",
            "This server does not answer under this name. Use the address you were given.",
        ),
        StatusCode::REQUEST_TIMEOUT | StatusCode::GATEWAY_TIMEOUT => (
            status,
            "Took too long",
            "The answer took too long. Try again.",
        ),
        StatusCode::UNSUPPORTED_MEDIA_TYPE
        | StatusCode::BAD_REQUEST
        | StatusCode::UNPROCESSABLE_ENTITY => (
            status,
            "Request not understood",
            "The form was not complete. Go back, reload the page and send it again.",
        ),
        StatusCode::FORBIDDEN => (
            status,
            "Refused",
            "The request came from another site, or from a page that is out of date. Go back, reload and try again.",
        ),
        StatusCode::INTERNAL_SERVER_ERROR => unexpected(),
        _ => return None,
    };
    Some(Problem {
        status,
        title,
        sentence,
        cause: None,
    })
}

/// The sentences above that speak to somebody before a page, as they are for a program.
pub(super) fn of_call(status: StatusCode) -> Option<&'static str> {
    match status {
        StatusCode::METHOD_NOT_ALLOWED => Some(
            "This address does not take that method. The header Allow names those it takes; GET /api/openapi.json has them all.",
        ),
        StatusCode::PAYLOAD_TOO_LARGE => {
            Some("The body is larger than a call may be. Nothing was changed.")
        }
        StatusCode::URI_TOO_LONG => Some("The address is too long. Use shorter filters."),
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
            Some("The header fields are larger than a call's may be.")
        }
        StatusCode::UNSUPPORTED_MEDIA_TYPE
        | StatusCode::BAD_REQUEST
        | StatusCode::UNPROCESSABLE_ENTITY => Some(
            "The call is not as the API takes it. Nothing was changed. GET /api/openapi.json describes each call.",
        ),
        _ => None,
    }
}
