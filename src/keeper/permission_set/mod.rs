//! What an authorisation must cover, as data: the newest version of the permission set, and the list of permissions that a
//! version may ask for, each with what it is for in plain words. Those of [`Resource::required_permissions`] are what Tenantry
//! itself needs; they are in every version.

mod catalogue;

use sqlx::PgExecutor;

use super::resource::{Resource, UnknownResource};

pub use catalogue::{always, known};

/// Whether a permission acts through the account that signed in, or belongs to the application itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Delegated,
    Application,
}

impl Kind {
    pub const ALL: [Self; 2] = [Self::Delegated, Self::Application];

    /// The kind that counts for a connection.
    pub const fn of(app_only: bool) -> Self {
        if app_only {
            Self::Application
        } else {
            Self::Delegated
        }
    }

    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delegated => "delegated",
            Self::Application => "application",
        }
    }

    /// As shown to people, and as Microsoft's portal names it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Delegated => "Delegated",
            Self::Application => "Application",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// One permission of a version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Need {
    pub resource: Resource,
    pub kind: Kind,
    pub name: String,
}

impl Need {
    /// What it is for; empty when this program does not know the permission.
    pub fn reason(&self) -> &'static str {
        known(self.resource, self.kind)
            .find(|one| one.name == self.name)
            .map_or("", |one| one.reason)
    }

    /// Whether it is in every version.
    pub fn is_always(&self) -> bool {
        always(self.resource, self.kind)
            .iter()
            .any(|one| one.name == self.name)
    }
}

/// A version of the set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PermissionSet {
    pub version: i32,
    /// In the order of resources, kinds and names.
    pub needs: Vec<Need>,
}

impl PermissionSet {
    /// The version that holds.
    pub async fn load(db: impl PgExecutor<'_>) -> sqlx::Result<Self> {
        let rows = sqlx::query!(
            "select version, resource, kind, name from permission_set_items
             where version = (select max(version) from permission_sets)",
        )
        .fetch_all(db)
        .await?;
        let mut set = Self::default();
        for row in rows {
            let wrong = |error: UnknownResource| sqlx::Error::Decode(error.into());
            set.version = row.version;
            set.needs.push(Need {
                resource: row.resource.parse().map_err(wrong)?,
                kind: Kind::from_word(&row.kind)
                    .ok_or_else(|| wrong(UnknownResource(row.kind.clone())))?,
                name: row.name,
            });
        }
        set.needs.sort();
        Ok(set)
    }

    /// What it asks for of a resource, what Tenantry itself needs in front.
    pub fn of(&self, resource: Resource, kind: Kind) -> Vec<&Need> {
        let mut found: Vec<&Need> = self
            .needs
            .iter()
            .filter(|need| need.resource == resource && need.kind == kind)
            .collect();
        found.sort_by_key(|need| !need.is_always());
        found
    }

    /// What `granted` lacks. Scopes come with or without the resource's address; an answer that names none says nothing, and
    /// so nothing is missing. The same rule as the SQL function `count_lacking_permissions`.
    pub fn missing(&self, resource: Resource, kind: Kind, granted: &[String]) -> Vec<&str> {
        if granted.is_empty() {
            return Vec::new();
        }
        let has = |name: &str| {
            granted.iter().any(|scope| {
                let bare = scope
                    .rsplit_once('/')
                    .map_or(scope.as_str(), |(_, name)| name);
                bare.eq_ignore_ascii_case(name)
            })
        };
        self.of(resource, kind)
            .into_iter()
            .map(|need| need.name.as_str())
            .filter(|name| !has(name))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need(name: &str) -> Need {
        Need {
            resource: Resource::Graph,
            kind: Kind::Delegated,
            name: name.into(),
        }
    }

    #[test]
    fn what_is_missing_is_found_without_address_and_case() {
        let set = PermissionSet {
            version: 2,
            needs: vec![need("Policy.Read.All"), need("User.Read")],
        };
        let missing = |granted: &[&str]| {
            let granted: Vec<String> = granted.iter().map(ToString::to_string).collect();
            set.missing(Resource::Graph, Kind::Delegated, &granted)
                .join(" ")
        };
        assert_eq!(
            missing(&["https://graph.microsoft.com/user.read"]),
            "Policy.Read.All"
        );
        assert_eq!(missing(&["openid"]), "User.Read Policy.Read.All");
        assert_eq!(missing(&[]), "", "an answer that names none says nothing");
        let other = set.missing(Resource::Graph, Kind::Application, &["x".to_owned()]);
        assert!(other.is_empty());
    }
}
