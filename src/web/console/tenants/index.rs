//! The list of tenants: search, tag and state, and the ways into a tenant.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use serde::Deserialize;

use crate::app::App;
use crate::domain::connection;
use crate::domain::tenant::{self, Filter, Line, Listed, Shown};
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::WebResult;
use crate::web::kit::form::Query;
use crate::web::kit::paging::{DEFAULT_SIZE, Keyset, Pager, with_query};
use crate::web::kit::paths::{self, TenantPaths};
use crate::web::kit::viewer::Viewer;
use crate::web::parts::invitations::Chip;
use crate::web::parts::standing::StateView;

#[derive(Template, WebTemplate)]
#[template(path = "console/tenants/index.html")]
pub struct Index {
    chrome: Chrome,
    query: Params,
    chips: Vec<Chip>,
    tags: Vec<TagView>,
    rows: Vec<RowView>,
    pager: Pager,
    /// There is no tenant at all, not even an archived one.
    none_yet: bool,
    filtered: bool,
    /// The same list as a file.
    csv_href: String,
    json_href: String,
}

/// The query as it came; everything may be absent.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Params {
    q: String,
    tag: String,
    state: String,
    after: String,
    before: String,
    /// Number of the first row, told by the link that led here.
    n: String,
}

/// A tag with the list of its tenants.
#[derive(Debug)]
struct TagView {
    name: String,
    href: String,
    chosen: bool,
}

/// One tenant.
#[derive(Debug)]
struct RowView {
    short_name: String,
    full_name: String,
    domain: String,
    admin: String,
    tags: Vec<TagView>,
    /// None for an archived tenant, which has no standing.
    state: Option<StateView>,
    sysadmin_href: String,
    /// Empty when no link can be made.
    renew_href: String,
    edit_href: String,
}

pub async fn show(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    Query(query): Query<Params>,
) -> WebResult<Index> {
    let filter = query.filter();
    let keyset = Keyset::read(&query.after, &query.before, query.n.parse().ok());
    let mut op = viewer.begin(&app).await?;
    let Listed { page, counts, more } =
        tenant::list(&mut op, viewer.scope, &filter, &keyset.place, DEFAULT_SIZE).await?;
    let ids: Vec<_> = page.rows.iter().map(|line| line.id).collect();
    let mut standings = connection::several(&mut op, viewer.scope, &ids).await?;
    let tags = tenant::tags(&mut op, viewer.scope).await?;
    let filtered = filter != Filter::default();
    Ok(Index {
        chips: Shown::ALL
            .map(|shown| Chip {
                label: shown.label(),
                count: counts.of(shown),
                address: query.address(&query.tag, shown),
                chosen: filter.shown == shown,
            })
            .into(),
        tags: query.tags(&tags),
        pager: keyset.pager(
            paths::TENANTS,
            &query.pairs(),
            &page,
            DEFAULT_SIZE,
            (counts.of(filter.shown), more),
        ),
        rows: page
            .rows
            .into_iter()
            .map(|line| {
                let standing = standings.remove(&line.id);
                RowView::new(line, standing.as_ref(), &query)
            })
            .collect(),
        none_yet: !filtered && Shown::ALL.iter().all(|shown| counts.of(*shown) == 0),
        filtered,
        csv_href: with_query(paths::TENANTS_CSV, &query.pairs(), &[]),
        json_href: with_query(paths::TENANTS_JSON, &query.pairs(), &[]),
        chrome,
        query,
    })
}

impl Params {
    pub(super) fn filter(&self) -> Filter {
        Filter {
            search: self.q.trim().to_owned(),
            tag: Some(self.tag.trim().to_lowercase()).filter(|tag| !tag.is_empty()),
            shown: Shown::from_word(&self.state),
        }
    }

    fn pairs(&self) -> [(&'static str, &str); 3] {
        let state = Shown::from_word(&self.state).as_str();
        [("q", &self.q), ("tag", &self.tag), ("state", state)]
    }

    /// The first page of this search with another tag and state.
    fn address(&self, tag: &str, shown: Shown) -> String {
        let filters = [("q", self.q.as_str()), ("tag", tag)];
        with_query(paths::TENANTS, &filters, &[("state", shown.as_str())])
    }

    fn tags(&self, names: &[String]) -> Vec<TagView> {
        let shown = Shown::from_word(&self.state);
        names
            .iter()
            .map(|name| TagView {
                href: self.address(name, shown),
                chosen: *name == self.tag.trim().to_lowercase(),
                name: name.clone(),
            })
            .collect()
    }
}

impl RowView {
    fn new(line: Line, standing: Option<&connection::Row>, query: &Params) -> Self {
        let paths = TenantPaths(&line.short_name);
        Self {
            tags: query.tags(&line.tags),
            state: standing.map(StateView::of),
            sysadmin_href: paths.overview(),
            renew_href: if standing.is_some_and(connection::Row::renewable) {
                paths.new_invitation("tenants")
            } else {
                String::new()
            },
            edit_href: paths.edit(),
            short_name: line.short_name,
            full_name: line.full_name,
            domain: line.domain,
            admin: line.admin_username,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_state_keeps_search_and_tag_and_goes_to_the_first_page() {
        let query = Params {
            q: "a&b".into(),
            tag: "gold".into(),
            state: "archived".into(),
            after: "contoso~".into(),
            ..Params::default()
        };
        assert_eq!(
            query.address("gold", Shown::Suspended),
            "/tenants?q=a%26b&tag=gold&state=suspended"
        );
        assert_eq!(query.address("", Shown::Current), "/tenants?q=a%26b");
    }

    #[test]
    fn an_unknown_state_means_the_default() {
        let query = Params {
            state: "broken".into(),
            ..Params::default()
        };
        assert_eq!(query.filter(), Filter::default());
        assert_eq!(query.pairs()[2], ("state", ""));
    }
}
