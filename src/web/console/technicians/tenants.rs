//! "Tenants" of one technician: all, only some, or all but some. One form: its buttons search, count and save, and what was
//! ticked stays ticked over each of them, so that it works without JavaScript for any number of tenants.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use tower_sessions::Session;

use super::acts;
use crate::app::App;
use crate::domain::op::{Op, Scope};
use crate::domain::place::Place;
use crate::domain::technician::{
    self, Choice, Limit, LimitError, MOST_TENANTS, Named, Reach, Technician,
};
use crate::domain::tenant::{self, Filter};
use crate::storage::{TechnicianId, TenantId};
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::Form;
use crate::web::kit::notice::{self, Tone};
use crate::web::kit::paths;
use crate::web::kit::viewer::Viewer;

/// Tenants that a search shows.
const FOUND: i64 = 50;

#[derive(Template, WebTemplate)]
#[template(path = "console/technicians/tenants.html")]
struct Page {
    chrome: Chrome,
    name: String,
    back: String,
    action: String,
    /// Why nothing can be changed; empty when it can.
    hands_off: &'static str,
    /// `all`, `only` or `except`.
    reach: &'static str,
    error: &'static str,
    tags: Vec<Tag>,
    chosen: Vec<Named>,
    search: String,
    found: Vec<Named>,
    /// More matched than are shown.
    more: bool,
    counted: Reach,
}

struct Tag {
    name: String,
    chosen: bool,
}

/// The form as it came.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    reach: String,
    tag: Vec<String>,
    tenant: Vec<String>,
    /// What to search for.
    q: String,
    /// The button: `search`, `count` or `save`.
    act: String,
}

impl Sent {
    fn stored(limit: &Limit) -> Self {
        let choice = limit.choice().cloned().unwrap_or_default();
        Self {
            reach: limit.kind().unwrap_or("all").to_owned(),
            tag: choice.tags,
            tenant: choice.tenants.iter().map(ToString::to_string).collect(),
            ..Self::default()
        }
    }

    fn choice(&self) -> Choice {
        let mut tags = self.tag.clone();
        tags.sort();
        tags.dedup();
        let mut tenants: Vec<TenantId> = Vec::new();
        for id in self.tenant.iter().filter_map(|id| id.parse().ok()) {
            if !tenants.contains(&id) {
                tenants.push(id);
            }
        }
        Choice { tags, tenants }
    }

    /// None when no way was chosen.
    fn limit(&self) -> Option<Limit> {
        Some(match self.reach.as_str() {
            "all" => Limit::All,
            "only" => Limit::Only(self.choice()),
            "except" => Limit::Except(self.choice()),
            _ => return None,
        })
    }
}

/// What the technician sees, in a sentence.
pub fn sentence(limit: &Limit, reach: Reach) -> String {
    let Some(choice) = limit.choice() else {
        return "Every tenant, also those that come later.".into();
    };
    let mut named = Vec::new();
    if !choice.tags.is_empty() {
        let word = if choice.tags.len() == 1 {
            "tag"
        } else {
            "tags"
        };
        named.push(format!("the {word} {}", choice.tags.join(", ")));
    }
    match choice.tenants.len() {
        0 => {}
        1 => named.push("1 named by itself".into()),
        n => named.push(format!("{n} named one by one")),
    }
    let which = match limit {
        Limit::Except(_) => "All tenants except",
        _ => "Only tenants of",
    };
    format!(
        "{which} {}: {} of {} at present.",
        named.join(" and "),
        reach.seen,
        reach.all
    )
}

/// GET: the limit as it is.
pub async fn show(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    Path(id): Path<String>,
) -> WebResult {
    let id: TechnicianId = id.parse().map_err(|_| WebError::NotFound)?;
    let mut op = viewer.begin(&app).await?;
    let technician = technician::find(&mut op, id).await?;
    let technician = technician.ok_or(WebError::NotFound)?;
    let limit = technician::limit(&mut op, id).await?;
    let mut page = Page::of(&mut op, chrome, &technician, &Sent::stored(&limit)).await?;
    page.hands_off = if id == viewer.id {
        "This is you. Another owner or admin says which tenants you see."
    } else if viewer.role.may_limit(technician.role) {
        ""
    } else {
        "An owner sees every tenant; an admin is limited only by an owner."
    };
    Ok(page.into_response())
}

/// "Search", "Count" and "Save".
pub async fn change(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    chrome: Chrome,
    Path(id): Path<String>,
    Form(mut sent): Form<Sent>,
) -> WebResult {
    // The page offers nothing else.
    sent.tag.retain(|tag| tenant::is_tag(tag));
    let (mut op, id) = acts::begin(&app, &viewer, &id).await?;
    let technician = technician::find(&mut op, id).await?;
    let technician = technician.ok_or(WebError::NotFound)?;
    if !viewer.role.may_limit(technician.role) {
        return Err(WebError::Forbidden);
    }
    let Some(limit) = sent.limit() else {
        return refused(
            &mut op,
            chrome,
            &technician,
            &sent,
            "Choose one of the three.",
        )
        .await;
    };
    if sent.act != "save" {
        let page = Page::of(&mut op, chrome, &technician, &sent).await?;
        return Ok(page.into_response());
    }
    match technician::set_limit(&mut op, id, &limit).await {
        Ok(()) => {}
        Err(LimitError::Change(technician::ChangeError::Database(error))) => {
            return Err(error.into());
        }
        Err(error) => return refused(&mut op, chrome, &technician, &sent, why(&error)).await,
    }
    op.commit().await?;
    let text = format!("What {} sees was saved.", technician.display_name);
    notice::leave(&session, Tone::Ok, text).await;
    Ok(Redirect::to(&paths::technician(id, "")).into_response())
}

fn why(error: &LimitError) -> &'static str {
    match error {
        LimitError::Owner => "An owner sees every tenant. Change the role first.",
        LimitError::Empty => "Tick at least one tag or one tenant, or choose “All tenants”.",
        LimitError::TooMany => {
            "Name at most 1,000 tenants one by one. Give the others a tag and tick that."
        }
        LimitError::NoSuchTag | LimitError::NoSuchTenant | LimitError::Change(_) => {
            "This has changed in the meantime. Reload the page and look again."
        }
    }
}

async fn refused(
    op: &mut Op,
    chrome: Chrome,
    technician: &Technician,
    sent: &Sent,
    error: &'static str,
) -> WebResult<Response> {
    let mut page = Page::of(op, chrome, technician, sent).await?;
    page.error = error;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

impl Page {
    async fn of(
        op: &mut Op,
        chrome: Chrome,
        technician: &Technician,
        sent: &Sent,
    ) -> Result<Self, sqlx::Error> {
        let mut choice = sent.choice();
        choice.tenants.truncate(MOST_TENANTS + 1);
        let (found, more) = search(op, &sent.q, &choice.tenants).await?;
        let limit = sent.limit().unwrap_or_default();
        Ok(Self {
            chrome,
            name: technician.display_name.clone(),
            back: paths::technician(technician.id, ""),
            action: paths::technician(technician.id, "tenants"),
            hands_off: "",
            reach: limit.kind().unwrap_or("all"),
            error: "",
            tags: tags(op, &choice.tags).await?,
            chosen: technician::named(op, &choice.tenants).await?,
            search: sent.q.clone(),
            found,
            more,
            counted: technician::reach(op, &limit).await?,
        })
    }
}

/// Every tag there is, and those that are ticked though no tenant has them now.
async fn tags(op: &mut Op, chosen: &[String]) -> Result<Vec<Tag>, sqlx::Error> {
    let mut names = tenant::tags(op, Scope::all()).await?;
    names.extend(chosen.iter().cloned());
    names.sort();
    names.dedup();
    Ok(names
        .into_iter()
        .map(|name| Tag {
            chosen: chosen.contains(&name),
            name,
        })
        .collect())
}

/// Tenants that are called so and not ticked yet; nothing typed finds nothing.
async fn search(
    op: &mut Op,
    typed: &str,
    ticked: &[TenantId],
) -> Result<(Vec<Named>, bool), sqlx::Error> {
    let typed = typed.trim();
    if typed.is_empty() || typed.contains('\0') {
        return Ok((Vec::new(), false));
    }
    let filter = Filter {
        search: typed.to_owned(),
        ..Filter::default()
    };
    let listed = tenant::list(op, Scope::all(), &filter, &Place::First, FOUND).await?;
    let more = listed.page.after.is_some();
    let found = listed.page.rows.into_iter();
    let found = found.filter(|line| !ticked.contains(&line.id));
    Ok((
        found
            .map(|line| Named {
                id: line.id,
                short_name: line.short_name,
                full_name: line.full_name,
            })
            .collect(),
        more,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_told_in_a_sentence() {
        let reach = Reach { seen: 3, all: 40 };
        let choice = |tags: &[&str], tenants: usize| Choice {
            tags: tags.iter().map(ToString::to_string).collect(),
            tenants: (0..tenants).map(|_| TenantId::new()).collect(),
        };
        assert_eq!(
            sentence(&Limit::All, reach),
            "Every tenant, also those that come later."
        );
        assert_eq!(
            sentence(&Limit::Only(choice(&["gold"], 2)), reach),
            "Only tenants of the tag gold and 2 named one by one: 3 of 40 at present."
        );
        assert_eq!(
            sentence(&Limit::Except(choice(&["hotel", "law"], 0)), reach),
            "All tenants except the tags hotel, law: 3 of 40 at present."
        );
    }

    #[test]
    fn what_is_ticked_twice_or_is_no_id_is_ticked_once_or_not_at_all() {
        let id = TenantId::new();
        let sent = Sent {
            tag: vec!["b".into(), "a".into(), "b".into()],
            tenant: vec![id.to_string(), id.to_string(), "nonsense".into()],
            ..Sent::default()
        };
        let choice = sent.choice();
        assert_eq!(choice.tags, ["a", "b"]);
        assert_eq!(choice.tenants, [id]);
        assert!(sent.limit().is_none());
    }
}
