//! What an authorisation must cover, as data: the newest version of the permission set, and the list of permissions that a
//! version may ask for, each with what it is for in plain words. Those of [`Resource::required_permissions`] are what Tenantry
//! itself needs; they are in every version.

use sqlx::PgExecutor;

use super::resource::{Permission, Resource, UnknownResource};

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

/// What Tenantry cannot do without: part of every version.
pub const fn always(resource: Resource, kind: Kind) -> &'static [Permission] {
    match kind {
        Kind::Delegated => resource.required_permissions(),
        Kind::Application => resource.required_application_permissions(),
    }
}

/// What a version may ask for besides.
pub const fn more(resource: Resource, kind: Kind) -> &'static [Permission] {
    match (resource, kind) {
        (Resource::Graph, Kind::Delegated) => GRAPH_DELEGATED,
        (Resource::Graph, Kind::Application) => GRAPH_APPLICATION,
        (Resource::Exchange, Kind::Delegated) => EXCHANGE_DELEGATED,
        (Resource::Exchange, Kind::Application) => EXCHANGE_APPLICATION,
        (Resource::Teams, Kind::Application) => TEAMS_APPLICATION,
        (Resource::Teams | Resource::Azure, _) => &[],
    }
}

/// Everything that may be asked for of a resource, what is always needed in front.
pub fn known(resource: Resource, kind: Kind) -> impl Iterator<Item = &'static Permission> {
    always(resource, kind).iter().chain(more(resource, kind))
}

const fn needs(name: &'static str, reason: &'static str) -> Permission {
    Permission { name, reason }
}

const GRAPH_DELEGATED: &[Permission] = &[
    needs("AuditLog.Read.All", "to read sign-in and audit logs"),
    needs(
        "DelegatedAdminRelationship.Read.All",
        "to see which partner relationships exist",
    ),
    needs(
        "DeviceManagementApps.ReadWrite.All",
        "to manage the apps that Intune installs",
    ),
    needs(
        "DeviceManagementConfiguration.ReadWrite.All",
        "to manage Intune's settings and policies",
    ),
    needs(
        "DeviceManagementManagedDevices.ReadWrite.All",
        "to manage the devices in Intune",
    ),
    needs(
        "Directory.ReadWrite.All",
        "to change users, groups and other directory objects",
    ),
    needs("Domain.Read.All", "to list the organisation's domains"),
    needs("Group.ReadWrite.All", "to manage groups and their members"),
    needs(
        "IdentityRiskyUser.Read.All",
        "to see which accounts Microsoft thinks are at risk",
    ),
    needs(
        "MailboxSettings.ReadWrite",
        "to manage mailbox settings such as automatic replies",
    ),
    needs(
        "Organization.Read.All",
        "to read the organisation's profile and licences",
    ),
    needs(
        "Policy.Read.All",
        "to read security policies, Conditional Access among them",
    ),
    needs(
        "Policy.ReadWrite.ConditionalAccess",
        "to manage Conditional Access policies",
    ),
    needs("Reports.Read.All", "to read usage reports"),
    needs(
        "RoleManagement.Read.Directory",
        "to see who holds which administrator role",
    ),
    needs(
        "SecurityAlert.Read.All",
        "to read Microsoft's security alerts",
    ),
    needs(
        "SecurityEvents.Read.All",
        "to read security events and the Secure Score",
    ),
    needs(
        "ServiceHealth.Read.All",
        "to see whether Microsoft's services are well",
    ),
    needs("Sites.Read.All", "to read SharePoint sites"),
    needs("User.ReadWrite.All", "to manage user accounts"),
    needs(
        "UserAuthenticationMethod.ReadWrite.All",
        "to manage the ways in which users sign in",
    ),
];

const GRAPH_APPLICATION: &[Permission] = &[
    needs("AuditLog.Read.All", "to read sign-in and audit logs"),
    needs(
        "DeviceManagementConfiguration.ReadWrite.All",
        "to manage Intune's settings and policies",
    ),
    needs(
        "DeviceManagementManagedDevices.ReadWrite.All",
        "to manage the devices in Intune",
    ),
    needs(
        "Directory.ReadWrite.All",
        "to change users, groups and other directory objects",
    ),
    needs("Group.ReadWrite.All", "to manage groups and their members"),
    needs(
        "IdentityRiskyUser.Read.All",
        "to see which accounts Microsoft thinks are at risk",
    ),
    needs(
        "Organization.Read.All",
        "to read the organisation's profile and licences",
    ),
    needs(
        "Policy.Read.All",
        "to read security policies, Conditional Access among them",
    ),
    needs("Reports.Read.All", "to read usage reports"),
    needs(
        "RoleManagement.Read.Directory",
        "to see who holds which administrator role",
    ),
    needs(
        "SecurityAlert.Read.All",
        "to read Microsoft's security alerts",
    ),
    needs(
        "SecurityEvents.Read.All",
        "to read security events and the Secure Score",
    ),
    needs(
        "ServiceHealth.Read.All",
        "to see whether Microsoft's services are well",
    ),
    needs("Sites.Read.All", "to read SharePoint sites"),
    needs("User.ReadWrite.All", "to manage user accounts"),
    needs(
        "UserAuthenticationMethod.ReadWrite.All",
        "to manage the ways in which users sign in",
    ),
];

const EXCHANGE_DELEGATED: &[Permission] = &[needs(
    "EWS.AccessAsUser.All",
    "to reach mailboxes as the administrator through Exchange Web Services",
)];

const EXCHANGE_APPLICATION: &[Permission] = &[needs(
    "full_access_as_app",
    "to reach every mailbox through Exchange Web Services",
)];

const TEAMS_APPLICATION: &[Permission] = &[needs(
    "application_access",
    "to manage Teams as the application",
)];

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
    use std::collections::HashSet;

    use super::*;

    fn need(name: &str) -> Need {
        Need {
            resource: Resource::Graph,
            kind: Kind::Delegated,
            name: name.into(),
        }
    }

    #[test]
    fn no_permission_is_listed_twice_and_each_says_what_for() {
        for resource in Resource::ALL {
            for kind in Kind::ALL {
                let mut seen = HashSet::new();
                for one in known(resource, kind) {
                    assert!(seen.insert(one.name), "{} is listed twice", one.name);
                    assert!(
                        one.reason.starts_with("to "),
                        "{}: {}",
                        one.name,
                        one.reason
                    );
                }
            }
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
