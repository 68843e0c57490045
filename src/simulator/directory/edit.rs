//! What may be done to the directory from outside the wire: adding and changing tenants, users, applications, settings
//! and faults, killing and restoring, and reading the ledger. The JSON interface and the demo both go through here.

use std::collections::BTreeSet;

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::death::{Cause, Target};
use super::{
    App, Consent, Directory, Fault, NewFault, NewTenant, NewUser, Settings, State, TenantPatch,
    UserPatch, Wanted,
};
use crate::simulator::aadsts::Aadsts;
use crate::simulator::tokens::Entry;

/// Why a change was not made.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    #[error("there is no {kind} called '{name}'")]
    Unknown { kind: &'static str, name: String },
    #[error("there is already a {kind} called '{name}'")]
    Duplicate { kind: &'static str, name: String },
    #[error("{0}")]
    Invalid(String),
    /// What Entra would have answered.
    #[error(transparent)]
    Refused(#[from] Aadsts),
}

impl EditError {
    pub(in crate::simulator) fn unknown(kind: &'static str, name: impl Into<String>) -> Self {
        let name = name.into();
        Self::Unknown { kind, name }
    }
}

impl Directory {
    /// Add a tenant; its id comes back.
    pub fn add_tenant(&self, new: NewTenant) -> Result<Uuid, EditError> {
        self.change(|state, _| {
            let tenant = new.into_tenant();
            let domains = tenant.domains.iter().chain([&tenant.initial_domain]);
            for name in domains.chain([&tenant.id.to_string()]) {
                if state.tenant_named(name).is_some() {
                    return Err(EditError::Duplicate {
                        kind: "tenant",
                        name: name.clone(),
                    });
                }
            }
            let id = tenant.id;
            state.tenants.insert(id, tenant);
            Ok(id)
        })
    }

    /// Add a user to the tenant of the UPN's domain; the object id comes back.
    pub fn add_user(&self, new: NewUser) -> Result<Uuid, EditError> {
        self.change(|state, now| {
            let (_, domain) = new
                .upn
                .rsplit_once('@')
                .ok_or_else(|| EditError::Invalid(format!("'{}' is no UPN", new.upn)))?;
            let tenant = state
                .tenant_named(domain)
                .ok_or_else(|| EditError::unknown("tenant", domain))?
                .id;
            if state.user_by_upn(&new.upn).is_some() {
                return Err(EditError::Duplicate {
                    kind: "user",
                    name: new.upn,
                });
            }
            let user = new.into_user(tenant, now);
            let oid = user.oid;
            state.users.insert(oid, user);
            Ok(oid)
        })
    }

    /// Add an app registration, or replace the one with the same client id.
    pub fn put_app(&self, app: App) -> Uuid {
        self.change(|state, _| {
            let id = app.client_id;
            state.apps.insert(id, app);
            id
        })
    }

    /// Change a tenant, named by GUID or domain.
    pub fn patch_tenant(&self, name: &str, patch: TenantPatch) -> Result<(), EditError> {
        self.change(|state, _| {
            let id = tenant_id(state, name)?;
            if let Some(tenant) = state.tenants.get_mut(&id) {
                tenant.patch(patch);
            }
            Ok(())
        })
    }

    /// Change a user, named by UPN or object id.
    pub fn patch_user(&self, name: &str, patch: UserPatch) -> Result<(), EditError> {
        self.change(|state, _| {
            let oid = user_id(state, name)?;
            if let Some(user) = state.users.get_mut(&oid) {
                user.patch(patch);
            }
            Ok(())
        })
    }

    pub fn settings(&self) -> Settings {
        self.read(|state| state.settings.clone())
    }

    pub fn set_settings(&self, settings: Settings) {
        self.change(|state, _| state.settings = settings);
    }

    /// Let `cause` happen to `target`.
    pub fn kill(&self, target: &Target, cause: &Cause) -> Result<(), EditError> {
        self.change(|state, now| state.kill(target, cause, now))
    }

    /// Undo what can be undone for `target`: accounts, enterprise application, consent, policies, faults, resources,
    /// the tenant itself. What revoked or aged tokens stays done.
    pub fn restore(&self, target: &Target) -> Result<(), EditError> {
        self.change(|state, now| state.restore(target, now))
    }

    /// Add a fault; its id comes back.
    pub fn add_fault(&self, new: NewFault) -> Result<Uuid, EditError> {
        self.change(|state, now| {
            let tenant = match &new.tenant {
                Some(name) => Some(tenant_id(state, name)?),
                None => None,
            };
            let once = new.seconds.is_none().then_some(1);
            let fault = Fault {
                id: crate::clock::random_uuid(),
                tenant,
                area: new.area,
                grant: new.grant,
                kind: new.kind,
                remaining: new.count.or(once),
                until: new.seconds.map(|s| now + Duration::seconds(s)),
            };
            let id = fault.id;
            state.faults.push(fault);
            Ok(id)
        })
    }

    /// Remove one fault, or all.
    pub fn clear_faults(&self, id: Option<Uuid>) {
        self.change(|state, _| state.faults.retain(|f| id.is_some_and(|id| f.id != id)));
    }

    /// Consent for the organisation as an administrator would: everything that `client` declares, or with `only` the
    /// parts named there.
    pub fn grant_admin_consent(
        &self,
        tenant: &str,
        client: Uuid,
        only: Option<&[Wanted]>,
    ) -> Result<(), EditError> {
        self.change(|state, now| {
            let id = tenant_id(state, tenant)?;
            let app = state.app(&client.to_string(), tenant)?;
            let declared: Vec<_> = app.required.iter().map(Wanted::from).collect();
            let wanted = only.map_or(declared, <[_]>::to_vec);
            if let Some(tenant) = state.tenants.get_mut(&id) {
                tenant.consent(client, Uuid::nil(), &wanted, Consent::Organization, now);
            }
            Ok(())
        })
    }

    /// Every refresh token issued, oldest first; with the tokens themselves on request.
    pub fn ledger(&self, with_values: bool) -> Vec<Entry> {
        let now = self.now();
        self.read(|state| state.entries(now, with_values))
    }

    /// The ledger line of the token whose SHA-256 (hexadecimal) is `sha256`.
    pub fn ledger_entry(&self, sha256: &str) -> Option<Entry> {
        let now = self.now();
        self.read(|state| state.entry_of(sha256, now))
    }

    /// Client ids of all registrations.
    pub fn client_ids(&self) -> BTreeSet<Uuid> {
        self.read(|state| state.apps.keys().copied().collect())
    }

    /// A registration as it stands now.
    pub fn app(&self, client: Uuid) -> Option<App> {
        self.read(|state| state.apps.get(&client).cloned())
    }

    /// The instant of the business clock.
    pub fn instant(&self) -> OffsetDateTime {
        self.now()
    }
}

pub(super) fn tenant_id(state: &State, name: &str) -> Result<Uuid, EditError> {
    state
        .tenant_named(name)
        .map(|t| t.id)
        .ok_or_else(|| EditError::unknown("tenant", name))
}

pub(super) fn user_id(state: &State, name: &str) -> Result<Uuid, EditError> {
    state
        .user_named(name)
        .map(|u| u.oid)
        .ok_or_else(|| EditError::unknown("user", name))
}
