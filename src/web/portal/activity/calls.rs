//! Every call to Microsoft of the last thirty days, filtered and in pages.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use serde::Deserialize;

use crate::app::App;
use crate::domain::history::{self, CallFilter, CallOutcome};
use crate::keeper::Operation;
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::WebResult;
use crate::web::kit::form::Query;
use crate::web::kit::paging::with_query;
use crate::web::kit::viewer::Viewer;
use crate::web::parts::calls::CallView;
use crate::web::parts::msal_errors::operation;
use crate::web::portal::Visit;

const PAGE: usize = 50;

#[derive(Template, WebTemplate)]
#[template(path = "portal/activity/calls.html")]
pub struct Calls {
    chrome: Chrome,
    visit: Visit,
    lines: Vec<CallView>,
    operations: Vec<Choice>,
    outcome: String,
    filtered: bool,
    /// The address names an operation or outcome that does not exist.
    unknown: bool,
    action: String,
    /// Empty when there are no older ones.
    older: String,
    /// Empty on the first page.
    newest: String,
}

/// One operation to choose.
struct Choice {
    word: &'static str,
    label: String,
    chosen: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Params {
    operation: String,
    /// `ok` or `failed`; anything else means any.
    outcome: String,
    after: String,
}

pub async fn index(
    State(app): State<App>,
    viewer: Viewer,
    visit: Visit,
    chrome: Chrome,
    Query(params): Query<Params>,
) -> WebResult<Calls> {
    let mut op = viewer.begin(&app).await?;
    let now = op.now();
    let chosen = Operation::ALL
        .into_iter()
        .find(|one| one.as_str() == params.operation);
    let filter = CallFilter {
        operation: chosen.map(|one| one.as_str().to_owned()),
        outcome: CallOutcome::from_word(&params.outcome),
    };
    let after = params.after.parse().ok();
    let page = history::calls(&mut op, visit.scope(), visit.id, &filter, after, PAGE).await?;
    let paths = visit.paths();
    let action = paths.calls();
    let filters = [
        ("operation", params.operation.as_str()),
        ("outcome", params.outcome.as_str()),
    ];
    let last = page.rows.last().filter(|_| page.more);
    Ok(Calls {
        older: last
            .map(|call| with_query(&action, &filters, &[("after", &call.place.to_string())]))
            .unwrap_or_default(),
        newest: after
            .map(|_| with_query(&action, &filters, &[]))
            .unwrap_or_default(),
        lines: page
            .rows
            .iter()
            .map(|call| CallView::of(call, paths, now))
            .collect(),
        operations: Operation::ALL
            .into_iter()
            .map(|one| Choice {
                word: one.as_str(),
                label: operation(one.as_str()),
                chosen: Some(one) == chosen,
            })
            .collect(),
        filtered: filter != CallFilter::default(),
        unknown: (chosen.is_none() && !params.operation.is_empty())
            || !["", "ok", "failed"].contains(&params.outcome.as_str()),
        outcome: params.outcome,
        action,
        chrome,
        visit,
    })
}
