//! What the page shows whoever looks at it: counts and charts above the views, and below them the list. Ready as HTML, so that
//! those who open the whole fleet at the same time share one.

use std::sync::Arc;

use askama::Template;

use super::charts::{self, ChartView};
use super::incidents::IncidentView;
use super::query::{Asked, Params};
use super::view::ListView;
use crate::app::App;
use crate::domain::op::Scope;
use crate::domain::{app_registration, connection, incident, permission_set};
use crate::web::console::app_registration::AlarmView;
use crate::web::console::permissions::LackingView;
use crate::web::kit::error::WebError;
use crate::web::kit::paging::DEFAULT_SIZE;
use crate::web::kit::together::Together;
use crate::web::kit::viewer::Viewer;

/// The page's contents but for the viewer's own.
#[derive(Debug)]
pub struct Board {
    /// HTML.
    pub above: String,
    /// HTML.
    pub below: String,
    /// There is no tenant at all yet: only what stands above is shown.
    pub empty: bool,
    /// Everything the list is narrowed and ordered by, as fields and as a query.
    pub shown: Vec<(&'static str, String)>,
    pub query: String,
}

#[derive(Template)]
#[template(path = "console/authentication_status/above.html")]
struct Above<'a> {
    incidents: Vec<IncidentView>,
    /// Our own credential ends, which would stop many tenants at once.
    alarm: Option<AlarmView>,
    /// Tenants that lack a permission of the version that holds.
    lacking: Option<LackingView>,
    charts: [ChartView; 2],
    list: &'a ListView,
    may_change: bool,
}

#[derive(Template)]
#[template(path = "console/authentication_status/below.html")]
struct Below<'a> {
    list: &'a ListView,
    may_change: bool,
}

/// Boards of the whole fleet, which everybody opens first: looked up once for all who wait at the same time, for those who
/// may change something and those who may not.
#[derive(Clone, Debug, Default)]
pub struct Boards(Arc<[Together<Board>; 2]>);

impl Boards {
    /// The board that was asked for, as it is now.
    pub async fn look(
        &self,
        app: &App,
        viewer: &Viewer,
        asked: &Asked,
    ) -> Result<Arc<Board>, WebError> {
        if viewer.scope != Scope::all() || *asked != Params::default().read() {
            return Board::look(app, viewer, asked).await.map(Arc::new);
        }
        let [change, read] = &*self.0;
        let shared = if viewer.may_change() { change } else { read };
        shared
            .ask(async || Board::look(app, viewer, asked).await)
            .await
    }
}

impl Board {
    /// Depends on the viewer's scope, on whether they may change something, and on nothing else of them.
    async fn look(app: &App, viewer: &Viewer, asked: &Asked) -> Result<Self, WebError> {
        let mut op = viewer.begin(app).await?;
        let overview = connection::overview(
            &mut op,
            viewer.scope,
            &asked.filter,
            asked.sort,
            &asked.keyset.place,
            DEFAULT_SIZE,
        )
        .await?;
        let incidents = incident::open(&mut op, viewer.scope).await?;
        let alarm = app_registration::alarm(&mut op, app.site.cloud).await?;
        let lacking = permission_set::lacking(&mut op, viewer.scope).await?;
        let now = op.now();
        let may_change = viewer.may_change();
        let list = ListView::of(asked, &overview, now);
        let above = Above {
            incidents: incidents
                .iter()
                .map(|one| IncidentView::of(one, now))
                .collect(),
            alarm: alarm.as_ref().map(AlarmView::of),
            lacking: LackingView::of(lacking),
            charts: charts::charts(asked, &overview.summary.charts, now.date()),
            list: &list,
            may_change,
        };
        let below = Below {
            list: &list,
            may_change,
        };
        Ok(Self {
            above: above.render().map_err(anyhow::Error::from)?,
            below: below.render().map_err(anyhow::Error::from)?,
            empty: list.counts.all.count == 0 && !list.filtered,
            shown: list.shown,
            query: list.query,
        })
    }
}
