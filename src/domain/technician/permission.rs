//! What a technician may be allowed, and which role is allowed what. A route names one permission; nothing else in the portal
//! compares roles to decide whether somebody may enter.

use std::fmt;

use super::Role;

/// One kind of thing that a route lets somebody do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    /// Look at tenants within one's scope, and leave a visit to one.
    Look,
    /// Work with them: invite, validate, edit, snooze, disconnect one.
    Work,
    /// Add tenants.
    AddTenants,
    /// Change the app registration and what concerns the whole installation.
    Settings,
    /// See who has a login, and change that.
    People,
    /// Read the audit log.
    Audit,
    /// See, confirm and cancel "Disconnect all customers".
    Plug,
    /// Ask for it.
    PullPlug,
}

impl Permission {
    pub const ALL: [Self; 8] = [
        Self::Look,
        Self::Work,
        Self::AddTenants,
        Self::Settings,
        Self::People,
        Self::Audit,
        Self::Plug,
        Self::PullPlug,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Look => "look",
            Self::Work => "work",
            Self::AddTenants => "add tenants",
            Self::Settings => "settings",
            Self::People => "people",
            Self::Audit => "audit",
            Self::Plug => "disconnect all",
            Self::PullPlug => "ask to disconnect all",
        }
    }
}

impl Permission {
    /// Whether it reaches beyond any choice of tenants, so that whoever is limited to some has it not. (Whoever is limited and
    /// could manage people could make somebody who is not.)
    pub const fn concerns_all_tenants(self) -> bool {
        !matches!(self, Self::Look | Self::Work)
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Role {
    /// Whether this role has the permission.
    pub const fn may(self, permission: Permission) -> bool {
        match permission {
            Permission::Look => true,
            Permission::Work | Permission::AddTenants => !matches!(self, Self::Viewer),
            Permission::Settings | Permission::People | Permission::Audit | Permission::Plug => {
                matches!(self, Self::Owner | Self::Admin)
            }
            Permission::PullPlug => matches!(self, Self::Owner),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_what_the_one_below_it_may() {
        for permission in Permission::ALL {
            let mut roles = Role::ALL;
            roles.sort();
            let may: Vec<bool> = roles.iter().map(|role| role.may(permission)).collect();
            assert!(may.is_sorted(), "{permission}: {may:?}");
        }
    }

    #[test]
    fn a_viewer_looks_and_an_owner_may_everything() {
        let of = |role: Role| {
            Permission::ALL
                .into_iter()
                .filter(move |one| role.may(*one))
        };
        assert_eq!(of(Role::Viewer).collect::<Vec<_>>(), [Permission::Look]);
        assert_eq!(of(Role::Owner).count(), Permission::ALL.len());
    }
}
