//! The permissions that a version may ask for, each with what it is for in plain words.

use super::Kind;
use crate::keeper::resource::{Permission, Resource};

/// What Tenantry cannot do without: part of every version.
pub const fn always(resource: Resource, kind: Kind) -> &'static [Permission] {
    match kind {
        Kind::Delegated => resource.required_permissions(),
        Kind::Application => resource.required_application_permissions(),
    }
}

/// Everything that may be asked for of a resource, what is always needed in front.
pub fn known(resource: Resource, kind: Kind) -> impl Iterator<Item = &'static Permission> {
    let more = more(resource).iter();
    let more = more.filter(move |one| one.kinds.contains(&kind));
    always(resource, kind)
        .iter()
        .chain(more.map(|one| &one.permission))
}

/// What a version may ask for besides.
struct Offered {
    permission: Permission,
    kinds: &'static [Kind],
}

const fn both(name: &'static str, reason: &'static str) -> Offered {
    Offered {
        permission: Permission { name, reason },
        kinds: &Kind::ALL,
    }
}

const fn delegated(name: &'static str, reason: &'static str) -> Offered {
    Offered {
        permission: Permission { name, reason },
        kinds: &[Kind::Delegated],
    }
}

const fn application(name: &'static str, reason: &'static str) -> Offered {
    Offered {
        permission: Permission { name, reason },
        kinds: &[Kind::Application],
    }
}

const fn more(resource: Resource) -> &'static [Offered] {
    match resource {
        Resource::Graph => GRAPH,
        Resource::Exchange => EXCHANGE,
        Resource::Teams => TEAMS,
        Resource::Azure => &[],
    }
}

const GRAPH: &[Offered] = &[
    both("AuditLog.Read.All", "to read sign-in and audit logs"),
    delegated(
        "DelegatedAdminRelationship.Read.All",
        "to see which partner relationships exist",
    ),
    delegated(
        "DeviceManagementApps.ReadWrite.All",
        "to manage the apps that Intune installs",
    ),
    both(
        "DeviceManagementConfiguration.ReadWrite.All",
        "to manage Intune's settings and policies",
    ),
    both(
        "DeviceManagementManagedDevices.ReadWrite.All",
        "to manage the devices in Intune",
    ),
    both(
        "Directory.ReadWrite.All",
        "to change users, groups and other directory objects",
    ),
    delegated("Domain.Read.All", "to list the organisation's domains"),
    both("Group.ReadWrite.All", "to manage groups and their members"),
    both(
        "IdentityRiskyUser.Read.All",
        "to see which accounts Microsoft thinks are at risk",
    ),
    delegated(
        "MailboxSettings.ReadWrite",
        "to manage mailbox settings such as automatic replies",
    ),
    both(
        "Organization.Read.All",
        "to read the organisation's profile and licences",
    ),
    both(
        "Policy.Read.All",
        "to read security policies, Conditional Access among them",
    ),
    delegated(
        "Policy.ReadWrite.ConditionalAccess",
        "to manage Conditional Access policies",
    ),
    both("Reports.Read.All", "to read usage reports"),
    both(
        "RoleManagement.Read.Directory",
        "to see who holds which administrator role",
    ),
    both(
        "SecurityAlert.Read.All",
        "to read Microsoft's security alerts",
    ),
    both(
        "SecurityEvents.Read.All",
        "to read security events and the Secure Score",
    ),
    both(
        "ServiceHealth.Read.All",
        "to see whether Microsoft's services are well",
    ),
    both("Sites.Read.All", "to read SharePoint sites"),
    both("User.ReadWrite.All", "to manage user accounts"),
    both(
        "UserAuthenticationMethod.ReadWrite.All",
        "to manage the ways in which users sign in",
    ),
];

const EXCHANGE: &[Offered] = &[
    delegated(
        "EWS.AccessAsUser.All",
        "to reach mailboxes as the administrator through Exchange Web Services",
    ),
    application(
        "full_access_as_app",
        "to reach every mailbox through Exchange Web Services",
    ),
];

const TEAMS: &[Offered] = &[application(
    "application_access",
    "to manage Teams as the application",
)];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

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
}
