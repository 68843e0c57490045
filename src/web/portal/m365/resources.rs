//! The tokens of the settings page: one line per resource of the set, with granted against required permissions.

use time::OffsetDateTime;

use crate::domain::connection::{ResourceLine, Row, TokenState};
use crate::domain::diagnosis::Category;
use crate::keeper::PermissionSet;
use crate::keeper::permission_set::Kind;
use crate::web::kit::paths::TenantPaths;
use crate::web::kit::when::When;
use crate::web::parts::diagnosis::renew;
use crate::web::parts::invitations::From;
use crate::web::parts::standing::StateView;

/// One resource of the set.
#[derive(Clone, Debug)]
pub struct ResourceView {
    /// The word, for the anchor `#token-graph`.
    pub word: &'static str,
    pub name: &'static str,
    pub required: bool,
    pub class: &'static str,
    pub state: &'static str,
    /// The cause of a failure in a few words; empty otherwise.
    pub cause: &'static str,
    pub expires: Option<When>,
    pub last_ok: Option<When>,
    pub last_error: Option<When>,
    pub error: String,
    pub error_href: String,
    pub permissions: Vec<PermissionView>,
}

/// One required permission.
#[derive(Clone, Debug)]
pub struct PermissionView {
    pub name: String,
    pub reason: &'static str,
    /// `passed`, `failed` or `skipped`: class of the mark.
    pub class: &'static str,
    pub word: &'static str,
}

impl ResourceView {
    pub fn of(
        line: &ResourceLine,
        (set, kind): (&PermissionSet, Kind),
        paths: TenantPaths<'_>,
        now: OffsetDateTime,
    ) -> Self {
        let failed = line.state == Some(TokenState::Failed);
        Self {
            word: line.resource.as_str(),
            name: line.resource.name(),
            required: line.required,
            class: match line.state {
                Some(TokenState::Valid) => "valid",
                Some(TokenState::Failed) => "expired",
                Some(TokenState::Waiting) => "pending",
                None => "none",
            },
            state: line.state.map_or("Not acquired", TokenState::label),
            cause: line.cause.filter(|_| failed).map_or("", Category::label),
            expires: When::maybe(line.expires_at, now),
            last_ok: When::maybe(line.last_ok_at, now),
            last_error: When::maybe(line.last_error_at, now),
            error: line
                .last_error_code
                .map_or_else(|| "Error".to_owned(), |code| format!("AADSTS{code}")),
            error_href: line
                .last_error_id
                .map(|id| paths.msal_error(id))
                .unwrap_or_default(),
            permissions: permissions(line, set, kind),
        }
    }
}

/// What the permission set requires by now, and this connection was not granted.
#[derive(Clone, Debug)]
pub struct Lacking {
    /// `2 permissions lacking`
    pub title: String,
    /// `Microsoft Graph: Policy.Read.All`
    pub names: Vec<String>,
    /// Where a renewal begins; empty while the tenant is suspended.
    pub renew_href: String,
}

impl Lacking {
    /// None when it lacks nothing.
    pub fn of(row: &Row, resources: &[ResourceView], paths: TenantPaths<'_>) -> Option<Self> {
        let title = StateView::of(row).lacking;
        let names = resources.iter().flat_map(|resource| {
            let missing = resource.permissions.iter().filter(|one| one.is_missing());
            missing.map(|one| format!("{}: {}", resource.name, one.name))
        });
        (!title.is_empty()).then(|| Self {
            title,
            names: names.collect(),
            renew_href: if row.renewable() {
                renew(paths.0, From::M365)
            } else {
                String::new()
            },
        })
    }
}

impl PermissionView {
    fn is_missing(&self) -> bool {
        self.class == MISSING
    }
}

/// The class of what is missing.
const MISSING: &str = "failed";

/// The required permissions of a resource against what its last token carried.
fn permissions(line: &ResourceLine, set: &PermissionSet, kind: Kind) -> Vec<PermissionView> {
    let missing = set.missing(line.resource, kind, &line.scopes);
    set.of(line.resource, kind)
        .into_iter()
        .map(|need| {
            let (class, word) = if line.scopes.is_empty() {
                ("skipped", "not known yet")
            } else if missing.contains(&need.name.as_str()) {
                (MISSING, "missing")
            } else {
                ("passed", "granted")
            };
            PermissionView {
                name: need.name.clone(),
                reason: need.reason(),
                class,
                word,
            }
        })
        .collect()
}
