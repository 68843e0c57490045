//! Alerts: what is open or was, and one of them whole; snoozing is in `snooze`.

mod snooze;

use axum::Json;
use axum::extract::{Path, State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use url::Url;
use uuid::Uuid;

use super::words::{
    AlertFilterWord, AlertWord, At, EventWord, SeverityWord, TenantName, WhoWord, cursor_at,
    only_tenant, page_size, place_at,
};
use super::{Api, ApiResult, Endpoint, KeyHolder, Problem, Query};
use crate::app::App;
use crate::domain::alert::{self, Alert, Filter};
use crate::domain::api_key::ApiScope;
use crate::domain::op::Op;
use crate::web::kit::paths;

const GROUP: &str = "Alerts";

/// One alert.
#[derive(Debug, Serialize, JsonSchema)]
struct AlertView {
    id: Uuid,
    event: EventWord,
    severity: SeverityWord,
    /// What merely happened is closed as it is opened.
    state: AlertWord,
    /// None for what concerns the installation, such as an incident.
    tenant: Option<TenantName>,
    incident_id: Option<Uuid>,
    /// What it is about besides the tenant, by its id: an invitation, a connection, a credential; mostly empty.
    subject: String,
    /// A word, of events that have one: what a failure was read as, or why something ends.
    cause: String,
    /// The cause in a few words; empty when there is nothing to say.
    cause_text: String,
    /// Who usually ends a failure of this cause.
    who_acts: Option<WhoWord>,
    /// The name of its rule; empty once that is gone.
    rule: String,
    /// When the trouble itself began, or is to begin.
    began_at: At,
    opened_at: At,
    closed_at: Option<At>,
    /// Why it is over, in a word; empty while it is open, and of what merely happened.
    closed_reason: String,
    /// When its rule first told of it, to the channels it has, if any; none while it did not.
    told_at: Option<At>,
    /// None unless it is snoozed now.
    snoozed_until: Option<At>,
    snoozed_reason: String,
    snoozed_by: String,
    /// Messages so far, each to every channel of the rule.
    messages: i32,
    /// Whose Auth URL can be asked for.
    open_invitation_id: Option<Uuid>,
    /// Its page, for people.
    console_url: String,
}

/// A page, newest first.
#[derive(Debug, Serialize, JsonSchema)]
struct AlertPage {
    items: Vec<AlertView>,
    /// Where the next page begins; none after the last.
    next_cursor: Option<String>,
}

/// Which alerts.
#[derive(Debug, Deserialize, JsonSchema)]
struct Asked {
    /// Those that are open unless said.
    state: Option<AlertFilterWord>,
    severity: Option<SeverityWord>,
    event: Option<EventWord>,
    /// A tenant's id or short name; incidents that touch it are alerts of their own and not among its alerts.
    #[schemars(length(min = 1, max = 64))]
    tenant: Option<String>,
    snoozed: Option<bool>,
    /// Items on a page; 50 unless said.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

impl AlertView {
    fn new(alert: &Alert, now: OffsetDateTime, base_url: &Url) -> Self {
        let page = base_url.join(&paths::alert(alert.id, ""));
        let until = alert.snoozed_until.filter(|_| alert.is_snoozed(now));
        let if_snoozed = |text: &String| until.map_or_else(String::new, |_| text.clone());
        let tenant = alert.tenant.as_ref();
        Self {
            id: alert.id,
            event: alert.event.into(),
            severity: alert.severity.into(),
            state: if alert.is_open() {
                AlertWord::OPEN
            } else {
                AlertWord::CLOSED
            },
            tenant: tenant.map(|one| TenantName {
                id: one.id.as_uuid(),
                short_name: one.short_name.clone(),
                full_name: one.full_name.clone(),
            }),
            incident_id: alert.incident_id,
            subject: alert.subject.clone(),
            cause: alert.cause.clone(),
            cause_text: alert.cause_words(),
            who_acts: alert.who_acts().map(Into::into),
            rule: alert.rule.clone(),
            began_at: At(alert.began_at),
            opened_at: At(alert.opened_at),
            closed_at: alert.closed_at.map(At),
            closed_reason: alert.closed_why.clone(),
            told_at: alert.told_at.map(At),
            snoozed_until: until.map(At),
            snoozed_reason: if_snoozed(&alert.snoozed_reason),
            snoozed_by: if_snoozed(&alert.snoozed_by),
            messages: alert.sequence,
            open_invitation_id: tenant.and_then(|one| one.open_invitation),
            console_url: page.map(String::from).unwrap_or_default(),
        }
    }
}

pub(super) fn endpoints() -> Api {
    Api::new()
        .on(
            Endpoint::get("/api/v1/alerts", ApiScope::AlertsRead)
                .named("list_alerts", GROUP, "List alerts")
                .about("Those that are open unless `state` says otherwise, the newest first.")
                .query::<Asked>()
                .gives::<AlertPage>(),
            list,
        )
        .on(
            Endpoint::get("/api/v1/alerts/{alert}", ApiScope::AlertsRead)
                .named("get_alert", GROUP, "Read an alert")
                .gives::<AlertView>(),
            show,
        )
        .merge(snooze::endpoints())
}

async fn list(
    State(app): State<App>,
    holder: KeyHolder,
    Query(asked): Query<Asked>,
) -> ApiResult<Json<AlertPage>> {
    let limit = page_size(asked.limit)?;
    let after = place_at(asked.cursor.as_deref())?;
    let mut op = holder.begin(&app).await?;
    let tenant = only_tenant(&mut op, &holder, asked.tenant.as_deref()).await?;
    let filter = Filter {
        open: asked.state.map_or(Some(true), AlertFilterWord::open),
        tenant,
        event: asked.event.and_then(|word| word.0.parse().ok()),
        severity: asked.severity.and_then(|word| word.0.parse().ok()),
        snoozed: asked.snoozed,
        after,
        limit: Some(limit + 1),
    };
    let mut found = alert::list(&mut op, holder.scope(), &filter).await?;
    let size = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = found.len() > size;
    found.truncate(size);
    let last = found.last().filter(|_| more);
    let (now, base_url) = (op.now(), &app.site.base_url);
    Ok(Json(AlertPage {
        next_cursor: last.map(|last| cursor_at(last.opened_at, last.id)),
        items: found
            .iter()
            .map(|one| AlertView::new(one, now, base_url))
            .collect(),
    }))
}

async fn show(
    State(app): State<App>,
    holder: KeyHolder,
    Path(id): Path<String>,
) -> ApiResult<Json<AlertView>> {
    let mut op = holder.begin(&app).await?;
    let alert = find(&mut op, &holder, id_of(&id)?).await?;
    let view = AlertView::new(&alert, op.now(), &app.site.base_url);
    Ok(Json(view))
}

/// The id in the address; what is none names nothing.
fn id_of(text: &str) -> ApiResult<Uuid> {
    text.parse().map_err(|_| Problem::not_found())
}

async fn find(op: &mut Op, holder: &KeyHolder, id: Uuid) -> ApiResult<Alert> {
    let found = alert::get(op, holder.scope(), id).await?;
    found.ok_or_else(Problem::not_found)
}
