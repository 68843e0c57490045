//! One table from what went wrong to status, title and sentence. A handler returns a [`WebError`]; [`render`] turns it into
//! a page with the audience's headers. The cause is logged once, here, and never shown.

mod words;

use std::sync::Arc;

use askama::Template;
use axum::extract::Request;
use axum::http::{Method, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};

use url::Url;

use super::again::{self, Again};
use super::denial::Denied;
use super::headers::Nonce;
use super::paths;
use super::problem;
use crate::domain::audit::is_not_written;
use crate::keeper::Unavailable;
use crate::keeper::message::Refusal;
use crate::storage::is_unstorable;
use words::problem_of;

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// Absent, or outside what the viewer may see: the same to them.
    #[error("not found")]
    NotFound,
    /// There, and outside what the viewer may see: to them the same as absent, in the audit log a refusal.
    #[error("out of scope")]
    Hidden,
    #[error("forbidden")]
    Forbidden,
    /// The request itself makes no sense (a hand-made address or form).
    #[error("bad request: {0}")]
    BadRequest(&'static str),
    /// Nobody is signed in; holds where to go after the login.
    #[error("not signed in")]
    SignIn { next: String },
    /// The password was proved and the second factor was not.
    #[error("the second factor is missing")]
    Factor,
    /// Too dangerous for a proof that is a while ago; holds where to go after a fresh one.
    #[error("a fresh proof of the second factor is needed")]
    StepUp { next: String },
    /// The page showed something that is no longer so.
    #[error("stale: {0}")]
    Conflict(&'static str),
    /// The keeper does not answer or cannot work; nothing was changed.
    #[error("the keeper is not available")]
    Keeper,
    /// The visit to this Customer portal has lasted as long as it may; holds where it is entered again.
    #[error("the visit is over")]
    VisitOver { enter: String },
    /// Too much at once; try again after so many seconds.
    #[error("busy")]
    Busy { retry_after_s: u32 },
    /// This person, or this address, came through a door too often.
    #[error("too many requests")]
    TooMany { retry_after_s: u32 },
    /// The body is larger than any form of ours.
    #[error("too large")]
    TooLarge,
    /// The form has a field that its page does not send.
    #[error("unknown field")]
    UnknownField,
    #[error(transparent)]
    Unexpected(#[from] anyhow::Error),
}

/// Marks an answer that sends somebody to a fresh proof of the second factor.
#[derive(Clone, Copy, Debug)]
pub struct WantsFresh;

/// What handlers return.
pub type WebResult<T = Response> = Result<T, WebError>;

const UNSTORABLE: &str =
    "A field holds a character that no text can hold. Go back and type it anew.";

impl From<sqlx::Error> for WebError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::PoolTimedOut => Self::Busy { retry_after_s: 5 },
            // Fields say so themselves; this is for the one that forgot.
            error if is_unstorable(&error) => Self::BadRequest(UNSTORABLE),
            other => Self::Unexpected(other.into()),
        }
    }
}

impl From<tower_sessions::session::Error> for WebError {
    fn from(error: tower_sessions::session::Error) -> Self {
        Self::Unexpected(error.into())
    }
}

impl From<Unavailable> for WebError {
    fn from(_: Unavailable) -> Self {
        Self::Keeper
    }
}

impl From<Refusal> for WebError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotThere => Self::Conflict(
                "This has changed in the meantime. Go back, reload the page and look again.",
            ),
            Refusal::Suspended => Self::Conflict("This tenant is suspended. Resume it first."),
            _ => Self::Keeper,
        }
    }
}

/// What the error page says; travels in the response's extensions to [`render`].
#[derive(Clone, Debug)]
struct Problem {
    status: StatusCode,
    title: &'static str,
    sentence: &'static str,
    /// For the log alone.
    cause: Option<Arc<WebError>>,
}

impl IntoResponse for WebError {
    fn into_response(self) -> Response {
        if let Self::Factor = self {
            return Redirect::to(paths::LOGIN_FACTOR).into_response();
        }
        let elsewhere = match &self {
            Self::SignIn { next } => Some((paths::LOGIN, next)),

            Self::StepUp { next } => Some((paths::STEP_UP, next)),
            _ => None,
        };
        if let Some((page, next)) = elsewhere {
            let page = super::paging::with_query(page, &[("next", next)], &[]);
            let mut response = Redirect::to(&page).into_response();
            if matches!(self, Self::StepUp { .. }) {
                response.extensions_mut().insert(WantsFresh);
            }
            return response;
        }
        let (status, title, sentence) = self.words();
        let mut response = status.into_response();
        if let Some(denied) = self.denied() {
            response.extensions_mut().insert(denied);
        }
        let retry_after_s = match self {
            Self::Busy { retry_after_s } | Self::TooMany { retry_after_s } => Some(retry_after_s),
            _ if self.is_not_audited() => Some(again::RETRY_AFTER_S),
            Self::Keeper => Some(again::RETRY_AFTER_S),
            _ => None,
        };
        if let Some(seconds) = retry_after_s {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, seconds.into());
        }
        if let Self::VisitOver { enter } = &self {
            // Unless the form can be sent again (`again::keep`), the portal is entered at its beginning.
            response.extensions_mut().insert(Again {
                action: enter.clone(),
                fields: Some(Vec::new()),
                word: "Enter again",
            });
        }
        response.extensions_mut().insert(Problem {
            status,
            title,
            sentence,
            cause: Some(Arc::new(self)),
        });
        response
    }
}

impl WebError {
    /// What the audit log is to tell of it.
    const fn denied(&self) -> Option<Denied> {
        match self {
            Self::Forbidden => Some(Denied::Role),
            Self::Hidden => Some(Denied::Scope),
            _ => None,
        }
    }

    /// The act was not done because its audit entry cannot be written.
    fn is_not_audited(&self) -> bool {
        matches!(self, Self::Unexpected(cause) if is_not_written(cause.as_ref()))
    }
}

/// Status, title and sentence of an error that was made into a bare answer. What is unexpected is logged here, because its
/// cause goes no further.
pub(super) fn words_of(response: &Response) -> Option<(StatusCode, &'static str, &'static str)> {
    let problem = response.extensions().get::<Problem>()?;
    if problem.status.is_server_error() {
        tracing::error!(http.status = problem.status.as_u16(), error = ?problem.cause, "a call of the API failed");
    }
    Some((problem.status, problem.title, problem.sentence))
}

#[derive(Template)]
#[template(path = "kit/error.html")]
struct ErrorPage<'a> {
    title: &'a str,
    sentence: &'a str,
    /// The request's id, when something is wrong on our side: people quote it, the log has it.
    reference: Option<&'a str>,
    /// What was asked of a keeper that is away, to be asked again.
    again: Option<&'a Again>,
    /// The page that is out of date, to be looked at again.
    before: Option<&'a str>,
    nonce: &'a str,
}

/// Path and query of the page of technicians whose form this is, as the browser tells it (`Referer`).
pub fn page_before(request: &Request, base: &Url) -> Option<String> {
    if request.method() != Method::POST {
        return None;
    }
    let named = request.headers().get(header::REFERER)?.to_str().ok()?;
    let page = Url::parse(named).ok()?;
    // `//host` would be a link to that host.
    let ours = page.origin() == base.origin() && !page.path().starts_with("//");
    let at_a_door = [paths::LOGIN, "/onboarding"]
        .iter()
        .any(|door| page.path().starts_with(door));
    (ours && !at_a_door).then(|| {
        let query = page.query().map(|query| format!("?{query}"));
        format!("{}{}", page.path(), query.unwrap_or_default())
    })
}

/// Give a bare error answer its page, or a program its problem. `id` is the request's, `before` the page whose form it was.
pub fn render(
    response: Response,
    id: &str,
    nonce: &Nonce,
    before: Option<&str>,
    of_api: bool,
) -> Response {
    if of_api && response.extensions().get::<problem::Problem>().is_some() {
        return problem::render(response, id);
    }
    let Some(problem) = problem_in(&response) else {
        return response;
    };
    let is_ours = problem.status.is_server_error();
    if is_ours {
        tracing::error!(request.id = id, http.status = problem.status.as_u16(), error = ?problem.cause, "request failed");
    }
    if of_api {
        // What a handler said is said; what a layer answered by itself speaks of pages.
        let of_call = problem
            .cause
            .is_none()
            .then(|| words::of_call(problem.status));
        let sentence = of_call.flatten().unwrap_or(problem.sentence);
        let known = problem::Problem::of_status(problem.status, problem.title, sentence);
        return problem::render(known.put_on(response), id);
    }
    let page = ErrorPage {
        title: problem.title,
        sentence: problem.sentence,
        reference: is_ours.then_some(id),
        again: response.extensions().get::<Again>(),
        before: before.filter(|_| problem.status == StatusCode::CONFLICT),
        nonce: nonce.as_str(),
    }
    .render();
    let (mut parts, _) = response.into_parts();
    // What the bare answer's body was, this one is not.
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.remove(header::CONTENT_ENCODING);
    parts.headers.remove(header::CONTENT_TYPE);
    let mut page = Html(page.unwrap_or_else(|_| problem.title.to_owned())).into_response();
    *page.status_mut() = parts.status;
    page.headers_mut().extend(parts.headers);
    page.extensions_mut().extend(parts.extensions);
    page
}

/// How what was asked can be asked again, if this answer says that it may be: of a keeper that was away, or after entering a
/// Customer portal again. `action` is path and query, `fields` those of the form.
pub fn again(
    response: &Response,
    action: String,
    fields: Option<Vec<(String, String)>>,
) -> Option<Again> {
    let problem = response.extensions().get::<Problem>()?;
    match problem.cause.as_deref()? {
        WebError::Keeper => Some(Again {
            action,
            fields,
            word: "Try again",
        }),
        WebError::VisitOver { enter } => Some(match fields {
            None => Again {
                action: enter.clone(),
                fields: Some(vec![("next".to_owned(), action)]),
                word: "Enter again",
            },
            Some(_) => Again {
                action: entering_again(&action),
                fields,
                word: "Enter again and send",
            },
        }),
        _ => None,
    }
}

fn entering_again(action: &str) -> String {
    let (name, value) = ENTER_AGAIN;
    let joint = if action.contains('?') { '&' } else { '?' };
    format!("{action}{joint}{name}={value}")
}

/// In the address of a form that is sent again after a visit's time was over: enter, then do it.
pub const ENTER_AGAIN: (&str, &str) = ("enter", "again");

/// What is to be told, unless the answer is a page already.
fn problem_in(response: &Response) -> Option<Problem> {
    if let Some(known) = response.extensions().get::<Problem>() {
        return Some(known.clone());
    }
    let is_page = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if is_page {
        None
    } else {
        problem_of(response.status())
    }
}
