//! "Activity": the timeline of a tenant's life, visits of technicians, and every call to Microsoft.

mod calls;
mod visits;
mod words;

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use serde::Deserialize;
use time::OffsetDateTime;

use super::Visit;
use crate::app::App;
use crate::domain::history::{self, ActId, Chapter, Fold, Folded, Span};
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::WebResult;
use crate::web::kit::form::Query;
use crate::web::kit::paging::with_query;
use crate::web::kit::paths::TenantPaths;
use crate::web::kit::policy::Policy;
use crate::web::kit::routes::Routes;
use crate::web::kit::viewer::Viewer;
use crate::web::kit::when::When;
use crate::web::parts::uptime::{class, span};
use visits::VisitView;

/// Acts on a page; states and folded renewals and errors come between them.
const ACTS: usize = 50;

#[derive(Template, WebTemplate)]
#[template(path = "portal/activity/index.html")]
struct Activity {
    chrome: Chrome,
    visit: Visit,
    chapters: Vec<ChapterView>,
    /// Empty when this page tells the story to its beginning.
    older: String,
    /// Empty on the first page.
    newest: String,
    calls: String,
    visits: Vec<VisitView>,
    /// What was before the record began; empty when this page does not reach it.
    gap: String,
}

/// One thing told.
#[derive(Clone, Debug)]
struct ChapterView {
    at: When,
    /// Part of the mark's class.
    mark: &'static str,
    title: String,
    /// Empty when the title says it all.
    text: String,
    /// Empty when nobody in particular acted.
    who: String,
    /// Empty when there is nothing to follow.
    href: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Params {
    before: String,
}

pub(super) fn router() -> Routes {
    Routes::new()
        .get("/tenants/{short}/activity", Policy::LOOK, index)
        .get(
            "/tenants/{short}/activity/calls",
            Policy::LOOK,
            calls::index,
        )
}

async fn index(
    State(app): State<App>,
    viewer: Viewer,
    visit: Visit,
    chrome: Chrome,
    Query(params): Query<Params>,
) -> WebResult<Activity> {
    let mut op = viewer.begin(&app).await?;
    let now = op.now();
    let before = params.before.parse().ok().map(ActId);
    let story = history::story(&mut op, visit.scope(), visit.id, before, ACTS).await?;
    let paths = visit.paths();
    let gap = if story.older.is_none() {
        gap(&story.chapters)
    } else {
        String::new()
    };
    let visits = visits::newest(&mut op, &visit).await?;
    Ok(Activity {
        visits,
        chapters: story
            .chapters
            .iter()
            .map(|chapter| ChapterView::of(chapter, paths, now))
            .collect(),
        older: story
            .older
            .map(|id| with_query(&paths.activity(), &[("before", &id.0.to_string())], &[]))
            .unwrap_or_default(),
        newest: before.map(|_| paths.activity()).unwrap_or_default(),
        calls: paths.calls(),
        gap,
        chrome,
        visit,
    })
}

/// A state that was concluded and not seen begins the record.
fn gap(chapters: &[Chapter]) -> String {
    let concluded = chapters.iter().find_map(|chapter| match chapter {
        Chapter::State { span, .. } if span.concluded => Some(span.since),
        _ => None,
    });
    concluded.map_or_else(String::new, |since| {
        format!(
            "Changes of state before {} were not recorded; only that one was concluded from what was known later.",
            since.date()
        )
    })
}

impl ChapterView {
    fn of(chapter: &Chapter, paths: TenantPaths<'_>, now: OffsetDateTime) -> Self {
        let at = When::new(chapter.at(), now);
        match chapter {
            Chapter::Act(act) => Self {
                at,
                mark: words::mark(act),
                title: words::title(act),
                text: words::text(act),
                who: words::who(act),
                href: String::new(),
            },
            Chapter::State { span, former } => Self {
                at,
                mark: class(Some(span.state)),
                title: span.state.label().to_owned(),
                text: of_state(span, former.as_ref()),
                who: String::new(),
                href: String::new(),
            },
            Chapter::Fold(fold) => Self {
                at,
                mark: "folded",
                title: of_fold(fold),
                text: since(fold),
                who: String::new(),
                href: match &fold.what {
                    Folded::Errors { newest, .. } => paths.msal_error(*newest),
                    Folded::Renewals => String::new(),
                },
            },
        }
    }
}

fn of_state(state: &Span, former: Option<&Span>) -> String {
    let mut sentences = Vec::new();
    if let Some(cause) = state.cause {
        sentences.push(format!("{}.", cause.label()));
    }
    if Chapter::is_another_grant(state, former) {
        sentences.push("A new authorisation replaced the former.".to_owned());
    }
    if let Some(former) = former {
        let lasted = span(state.since - former.since);
        sentences.push(format!("{} before for {lasted}.", former.state.label()));
    }
    sentences.join(" ")
}

fn of_fold(fold: &Fold) -> String {
    let times = |count: i64| match count {
        1 => "once".to_owned(),
        count => format!("{count} times"),
    };
    match &fold.what {
        Folded::Renewals => format!("Tokens renewed {}", times(fold.count)),
        Folded::Errors { cause, .. } => format!("{}, {}", cause.label(), times(fold.count)),
    }
}

fn since(fold: &Fold) -> String {
    if fold.count < 2 {
        return String::new();
    }
    format!("First {}.", When::new(fold.first, fold.last).exact)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn what_happens_all_the_time_is_told_once() {
        let fold = |count| Fold {
            what: Folded::Renewals,
            count,
            first: datetime!(2026-11-01 08:00 UTC),
            last: datetime!(2026-11-20 08:00 UTC),
        };
        assert_eq!(of_fold(&fold(412)), "Tokens renewed 412 times");
        assert_eq!(since(&fold(412)), "First 2026-11-01 08:00 UTC.");
        assert_eq!(of_fold(&fold(1)), "Tokens renewed once");
        assert_eq!(since(&fold(1)), "");
    }
}
