//! One incident: what it is, what to do, what happened when, and whom it touches.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::app::App;
use crate::domain::connection::{self, Row};
use crate::domain::incident::{self, Kind, Record, Touched};
use crate::domain::op::Op;
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::paging::with_query;
use crate::web::kit::paths::{self, TenantPaths};
use crate::web::kit::viewer::Viewer;
use crate::web::kit::when::When;
use crate::web::parts::standing::StateView;

/// Tenants that are named; of the others the page says how many.
const NAMED: i64 = 200;

#[derive(Template, WebTemplate)]
#[template(path = "console/operations/incident.html")]
pub(super) struct Show {
    chrome: Chrome,
    view: View,
}

struct View {
    title: &'static str,
    code: String,
    is_open: bool,
    who: &'static str,
    advice: &'static str,
    tenants: i64,
    still: usize,
    opened: When,
    last_seen: When,
    closed: Option<When>,
    /// The errors behind it; empty when there are none.
    errors_href: String,
    /// Where the remedy begins, and its words; empty when there is nothing to press.
    remedy: Option<(&'static str, &'static str)>,
    lines: Vec<Line>,
    more: i64,
}

struct Line {
    short_name: String,
    full_name: String,
    href: String,
    /// None when the tenant is archived.
    state: Option<StateView>,
    trouble_since: Option<When>,
    last_ok: Option<When>,
}

pub(super) async fn show(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    Path(id): Path<String>,
) -> WebResult<Show> {
    let id = Uuid::try_parse(&id).map_err(|_| WebError::NotFound)?;
    let mut op = viewer.begin(&app).await?;
    let found = incident::find(&mut op, viewer.scope, id).await?;
    let record = found.ok_or(WebError::NotFound)?;
    let view = view(&mut op, &viewer, &record).await?;
    Ok(Show { chrome, view })
}

async fn view(op: &mut Op, viewer: &Viewer, record: &Record) -> Result<View, sqlx::Error> {
    let touched = incident::touched(op, viewer.scope, record.id, NAMED).await?;
    let ids: Vec<_> = touched.iter().map(|one| one.tenant_id).collect();
    let standings = connection::several(op, viewer.scope, &ids).await?;
    let now = op.now();
    let incident = &record.incident;
    let code = incident.code.map(|code| code.to_string());
    let still = touched.iter().filter(|one| one.trouble_since.is_some());
    let still = still.count();
    Ok(View {
        title: incident.title(),
        is_open: record.closed_at.is_none(),
        who: incident.who_acts().label(),
        advice: incident.advice(),
        tenants: incident.tenants,
        still,
        opened: When::new(incident.opened_at, now),
        last_seen: When::new(record.last_seen_at, now),
        closed: When::maybe(record.closed_at, now),
        errors_href: errors(record, code.as_deref().unwrap_or_default()),
        remedy: match incident.kind {
            Kind::Application => Some((paths::APP_REGISTRATION, "App registration")),
            Kind::Authority | Kind::Mass | Kind::Quarantine => None,
        },
        code: code.map(|code| format!("AADSTS{code}")).unwrap_or_default(),
        more: incident.tenants - i64::try_from(touched.len()).unwrap_or(i64::MAX),
        lines: touched
            .iter()
            .map(|one| Line::of(one, standings.get(&one.tenant_id), now))
            .collect(),
    })
}

/// The errors of its days, with its number.
fn errors(record: &Record, code: &str) -> String {
    if record.incident.kind == Kind::Quarantine {
        return String::new();
    }
    let from = record.incident.opened_at.date().to_string();
    let to = record
        .closed_at
        .map(|at| at.date().to_string())
        .unwrap_or_default();
    let filters = [("code", code), ("from", &from), ("to", &to)];
    with_query(paths::MSAL_ERRORS, &filters, &[])
}

impl Line {
    fn of(touched: &Touched, standing: Option<&Row>, now: OffsetDateTime) -> Self {
        Self {
            short_name: touched.short_name.clone(),
            full_name: touched.full_name.clone(),
            href: TenantPaths(&touched.short_name).overview(),
            state: standing.map(StateView::of),
            trouble_since: When::maybe(touched.trouble_since, now),
            last_ok: When::maybe(touched.last_ok_at, now),
        }
    }
}
