//! Who may consent to what, what is granted already, and what consent changes.

use std::collections::BTreeSet;

use time::OffsetDateTime;
use uuid::Uuid;

use super::grant::{AppRole, Grant, Wanted};
use super::{App, Resource, Tenant, User};
use crate::simulator::aadsts::{self, Aadsts};
use crate::simulator::tokens::Scopes;

/// For whom consent is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// The tick "Consent on behalf of your organization".
    Organization,
    /// For this user alone; delegated permissions only.
    User,
}

/// Permissions that a user may grant to a verified publisher's application without an administrator.
const LOW_RISK: [&str; 2] = ["User.Read", "User.ReadBasic.All"];

/// What an interactive request for `scopes` asks consent for: all that the registration declares under `.default`
/// (static consent), else the named scopes (dynamic consent).
pub fn wanted(app: &App, scopes: &Scopes) -> Result<Vec<Wanted>, Aadsts> {
    if !scopes.default {
        let mut delegated = scopes.names.clone();
        if delegated.is_empty() {
            delegated.insert("User.Read".to_owned());
        }
        return Ok(vec![Wanted {
            resource: scopes.resource,
            delegated,
            application: BTreeSet::new(),
        }]);
    }
    if app.required.is_empty() {
        return Err(aadsts::no_permissions_declared());
    }
    if !app.declares(scopes.resource) {
        return Err(aadsts::resource_not_listed(
            scopes.resource.app_id(),
            app.client_id,
        ));
    }
    Ok(app
        .required
        .iter()
        .map(|r| Wanted {
            resource: r.resource,
            delegated: r.delegated.clone(),
            application: r.application.clone(),
        })
        .collect())
}

/// The part of [`wanted`] that `user` of `tenant` still has to consent to; empty: no consent page. Under `.default` any
/// earlier grant on the resource is enough, as Entra asks again only for what is named.
pub fn missing(
    tenant: &Tenant,
    user: Uuid,
    app: &App,
    scopes: &Scopes,
) -> Result<Vec<Wanted>, Aadsts> {
    let wanted = wanted(app, scopes)?;
    if !tenant.principals.contains_key(&app.client_id) {
        return Ok(wanted);
    }
    let granted = tenant.granted(app.client_id, user, scopes.resource);
    let enough = if scopes.default {
        !granted.is_empty()
    } else {
        contains_all(&granted, &scopes.names)
    };
    Ok(if enough { Vec::new() } else { wanted })
}

/// Whether `user` may consent for the organisation to `wanted`.
pub fn may_consent_for_all(user: &User, tenant: &Tenant, wanted: &[Wanted]) -> bool {
    if user.tenant != tenant.id {
        return false;
    }
    let graph_application = wanted
        .iter()
        .any(|w| w.resource == Resource::Graph && !w.application.is_empty());
    user.may_consent_to_anything() || (user.may_consent_to_apps() && !graph_application)
}

/// Whether any user may consent to `wanted` for themself.
pub fn may_consent_for_self(app: &App, wanted: &[Wanted]) -> bool {
    app.verified_publisher
        && wanted.iter().all(|w| {
            w.application.is_empty()
                && w.resource == Resource::Graph
                && w.delegated.iter().all(|s| LOW_RISK.contains(&s.as_str()))
        })
}

/// Whether every name of `wanted` is in `granted`, without regard to case.
pub fn contains_all(granted: &BTreeSet<String>, wanted: &BTreeSet<String>) -> bool {
    wanted
        .iter()
        .all(|w| granted.iter().any(|g| g.eq_ignore_ascii_case(w)))
}

impl Tenant {
    /// The delegated scopes of `resource` that `client` has for `user`.
    pub fn granted(&self, client: Uuid, user: Uuid, resource: Resource) -> BTreeSet<String> {
        self.grants
            .iter()
            .filter(|g| g.client == client && g.resource == resource)
            .filter(|g| g.principal.is_none_or(|p| p == user))
            .flat_map(|g| g.scopes.iter().cloned())
            .collect()
    }

    /// The application permissions of `resource` that `client` has.
    pub fn roles_granted(&self, client: Uuid, resource: Resource) -> BTreeSet<String> {
        self.app_roles
            .iter()
            .filter(|r| r.client == client && r.resource == resource)
            .map(|r| r.role.clone())
            .collect()
    }

    /// Record consent to `wanted`, making the enterprise application if it is missing.
    pub fn consent(
        &mut self,
        client: Uuid,
        user: Uuid,
        wanted: &[Wanted],
        consent: Consent,
        now: OffsetDateTime,
    ) {
        self.principal(client, now);
        let principal = match consent {
            Consent::Organization => None,
            Consent::User => Some(user),
        };
        for part in wanted {
            self.grant(client, part.resource, principal, &part.delegated);
            if consent == Consent::Organization {
                for role in &part.application {
                    let role = AppRole {
                        client,
                        resource: part.resource,
                        role: role.clone(),
                    };
                    if !self.app_roles.contains(&role) {
                        self.app_roles.push(role);
                    }
                }
            }
        }
    }

    fn grant(
        &mut self,
        client: Uuid,
        resource: Resource,
        principal: Option<Uuid>,
        scopes: &BTreeSet<String>,
    ) {
        if scopes.is_empty() {
            return;
        }
        let existing = self
            .grants
            .iter_mut()
            .find(|g| g.client == client && g.resource == resource && g.principal == principal);
        match existing {
            Some(grant) => grant.scopes.extend(scopes.iter().cloned()),
            None => self.grants.push(Grant {
                id: crate::clock::random_uuid(),
                client,
                resource,
                principal,
                scopes: scopes.clone(),
            }),
        }
    }
}
