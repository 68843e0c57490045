//! "Permissions": what a customer's authorisation must cover, for owners and admins. The version that holds, those before it
//! with what each changed, and a form for the next.

mod new;

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use time::OffsetDateTime;

use crate::app::App;
use crate::domain::op::Scope;
use crate::domain::permission_set::{self, Version};
use crate::domain::technician::Permission;
use crate::keeper::permission_set::{Kind, Need};
use crate::keeper::{PermissionSet, Resource};
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::WebResult;
use crate::web::kit::paging::with_query;
use crate::web::kit::paths;
use crate::web::kit::policy::Policy;
use crate::web::kit::routes::Routes;
use crate::web::kit::viewer::Viewer;
use crate::web::kit::when::When;

#[derive(Template, WebTemplate)]
#[template(path = "console/permissions/index.html")]
struct Index {
    chrome: Chrome,
    version: i32,
    groups: Vec<GroupView>,
    versions: Vec<VersionView>,
    /// Tenants that lack something, in a sentence.
    words: String,
    lacking: Option<LackingView>,
}

/// The tenants that lack something: how many, and what can be done with them.
pub(super) struct LackingView {
    pub sentence: String,
    pub href: String,
    /// The form of a campaign for them.
    pub campaign: String,
}

impl LackingView {
    /// None when there are none.
    pub fn of(tenants: i64) -> Option<Self> {
        let filter = [("permissions", "lacking")];
        (tenants > 0).then(|| Self {
            sentence: lacking_words(tenants),
            href: with_query(paths::AUTHENTICATION_STATUS, &filter, &[]),
            campaign: with_query(paths::NEW_CAMPAIGN, &filter, &[]),
        })
    }
}

/// The permissions of one resource and kind.
struct GroupView {
    resource: &'static str,
    kind: &'static str,
    needs: Vec<NeedView>,
}

struct NeedView {
    name: String,
    reason: &'static str,
    always: bool,
}

/// One version with what it changed.
struct VersionView {
    version: i32,
    at: When,
    by: String,
    note: String,
    added: Vec<String>,
    removed: Vec<String>,
}

pub(super) fn router() -> Routes {
    const SETTINGS: Policy = Policy::Technician(Permission::Settings);
    Routes::new()
        .get(paths::PERMISSIONS, SETTINGS, index)
        .get(paths::NEW_PERMISSIONS, SETTINGS, new::show)
        .post(paths::PERMISSIONS, SETTINGS, new::make)
        .fresh()
}

async fn index(State(app): State<App>, viewer: Viewer, chrome: Chrome) -> WebResult<Index> {
    let mut op = viewer.begin(&app).await?;
    let set = permission_set::current(&mut op).await?;
    let history = permission_set::history(&mut op).await?;
    // Whoever comes here sees every tenant.
    let lacking = permission_set::lacking(&mut op, Scope::all()).await?;
    let now = op.now();
    Ok(Index {
        chrome,
        version: set.version,
        groups: groups(&set),
        versions: history
            .iter()
            .map(|one| VersionView::of(one, now))
            .collect(),
        words: lacking_words(lacking),
        lacking: LackingView::of(lacking),
    })
}

/// `3 tenants lack a permission that is required.`
fn lacking_words(n: i64) -> String {
    match n {
        0 => "No connected tenant lacks a permission that is required.".to_owned(),
        1 => "1 tenant lacks a permission that is required.".to_owned(),
        n => format!("{n} tenants lack a permission that is required."),
    }
}

fn groups(set: &PermissionSet) -> Vec<GroupView> {
    let mut groups = Vec::new();
    for kind in Kind::ALL {
        for resource in Resource::ALL {
            let needs: Vec<NeedView> = set
                .of(resource, kind)
                .into_iter()
                .map(|need| NeedView {
                    name: need.name.clone(),
                    reason: need.reason(),
                    always: need.is_always(),
                })
                .collect();
            if !needs.is_empty() {
                groups.push(GroupView {
                    resource: resource.name(),
                    kind: kind.label(),
                    needs,
                });
            }
        }
    }
    groups
}

impl VersionView {
    fn of(version: &Version, now: OffsetDateTime) -> Self {
        let words = |needs: &[Need]| needs.iter().map(words_of).collect();
        Self {
            version: version.version,
            at: When::new(version.created_at, now),
            by: version.created_by.clone(),
            note: version.note.clone(),
            added: words(&version.added),
            removed: words(&version.removed),
        }
    }
}

/// `Microsoft Graph: Policy.Read.All (delegated)`
fn words_of(need: &Need) -> String {
    let kind = need.kind.as_str();
    format!("{}: {} ({kind})", need.resource.name(), need.name)
}
