//! Tenants: domains, realm, policies, and how client applications stand in them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::grant::{AppRole, ApprovalRequest, Grant};
use super::resource::Resource;
use super::user::set;

/// A simulated organisation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Tenant {
    pub id: Uuid,
    pub name: String,
    pub initial_domain: String,
    /// Verified domains besides the initial one.
    pub domains: Vec<String>,
    pub realm: Realm,
    /// `tenant_region_scope`.
    pub region: String,
    pub deleted: bool,
    /// Entra ID P1: sign-in logs can be read.
    pub premium: bool,
    /// The admin consent request workflow: 90095 instead of 90094.
    pub approval_workflow: bool,
    pub policies: Policies,
    #[serde(default)]
    pub lifetime_policies: Vec<LifetimePolicy>,
    /// Enterprise applications by client id; no entry: absent.
    pub principals: BTreeMap<Uuid, Principal>,
    pub grants: Vec<Grant>,
    pub app_roles: Vec<AppRole>,
    pub resources_off: BTreeSet<Resource>,
    pub approvals: Vec<ApprovalRequest>,
    pub sign_ins: Vec<SignIn>,
    /// What was taken away by a cause of death and can be given back.
    pub bin: Bin,
}

/// Enterprise applications and consent that were removed, kept for `restore`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Bin {
    pub principals: BTreeMap<Uuid, Principal>,
    pub grants: Vec<Grant>,
    pub app_roles: Vec<AppRole>,
    /// The realm before it was made federated.
    #[serde(default)]
    pub realm: Option<Realm>,
}

/// Who checks passwords of a tenant's users.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Realm {
    #[default]
    Managed,
    /// Without a synchronised `LastPasswordChangeTimestamp` tokens live 12 hours (KB 4025960).
    Federated { password_change_synced: bool },
}

/// Conditional Access, as far as it decides over tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policies {
    pub block_device_code: DeviceCodeBlock,
    /// Sign-in frequency in seconds.
    pub sif_seconds: Option<i64>,
    pub require_mfa: bool,
    /// A second factor shown before this instant no longer counts: 50076.
    #[serde(with = "time::serde::rfc3339::option")]
    pub mfa_required_since: Option<OffsetDateTime>,
    /// A second factor shown before this instant has expired: 50078.
    #[serde(with = "time::serde::rfc3339::option")]
    pub mfa_expired_before: Option<OffsetDateTime>,
    pub compliant_device: bool,
    pub ca_block_location: bool,
    /// Microsoft's own policy against device code stands in report-only mode since this instant; it blocks nothing yet.
    #[serde(with = "time::serde::rfc3339::option")]
    pub device_code_block_announced: Option<OffsetDateTime>,
}

/// A token lifetime policy. It is told and does not act: the clients here handle challenges, whose tokens Entra gives a life
/// of its own choice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LifetimePolicy {
    pub name: String,
    #[serde(default)]
    pub organization_default: bool,
    /// As in the definition: `4:00:00`.
    pub access_token_lifetime: String,
    /// Client applications that it is assigned to.
    #[serde(default)]
    pub assigned_to: BTreeSet<Uuid>,
}

/// Where the policy "Authentication flows → Device code flow → Block" shows itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceCodeBlock {
    #[default]
    Off,
    /// In the customer's browser; the poller stays pending.
    Browser,
    /// In the poll reply, though the browser said all is well.
    Redemption,
}

/// A service principal ("enterprise application") of a client in this tenant.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Principal {
    pub id: Uuid,
    pub enabled: bool,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

/// One line of the sign-in log.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SignIn {
    pub id: Uuid,
    pub correlation_id: Uuid,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    pub upn: String,
    pub oid: Uuid,
    pub client: Uuid,
    pub code: u32,
    pub reason: String,
    pub device_code: bool,
}

/// How many sign-in log lines a tenant keeps.
const SIGN_INS_KEPT: usize = 200;

impl Tenant {
    pub fn has_domain(&self, domain: &str) -> bool {
        self.initial_domain.eq_ignore_ascii_case(domain)
            || self.domains.iter().any(|d| d.eq_ignore_ascii_case(domain))
    }

    /// The domain shown first: the first custom one, else the initial one.
    pub fn default_domain(&self) -> &str {
        self.domains.first().unwrap_or(&self.initial_domain)
    }

    /// The enterprise application of `client`, made now if it is missing.
    pub fn principal(&mut self, client: Uuid, now: OffsetDateTime) -> &mut Principal {
        self.principals.entry(client).or_insert_with(|| Principal {
            id: crate::clock::random_uuid(),
            enabled: true,
            created_at: now,
        })
    }

    pub fn is_resource_off(&self, resource: Resource) -> bool {
        self.resources_off.contains(&resource)
    }

    pub fn record(&mut self, sign_in: SignIn) {
        if self.sign_ins.len() >= SIGN_INS_KEPT {
            self.sign_ins.remove(0);
        }
        self.sign_ins.push(sign_in);
    }
}

/// What is needed to add a tenant; everything but name and initial domain has a default.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewTenant {
    pub name: String,
    pub initial_domain: String,
    #[serde(default)]
    pub id: Option<Uuid>,
    #[serde(default)]
    pub domains: Vec<String>,
    #[serde(default)]
    pub realm: Realm,
    #[serde(default)]
    pub region: Option<String>,
    #[serde(default)]
    pub premium: bool,
    #[serde(default)]
    pub approval_workflow: bool,
    #[serde(default)]
    pub policies: Policies,
}

impl NewTenant {
    /// A managed tenant in Europe without policies.
    pub fn named(name: &str, initial_domain: &str) -> Self {
        Self {
            name: name.to_owned(),
            initial_domain: initial_domain.to_owned(),
            id: None,
            domains: Vec::new(),
            realm: Realm::Managed,
            region: None,
            premium: false,
            approval_workflow: false,
            policies: Policies::default(),
        }
    }

    pub(super) fn into_tenant(self) -> Tenant {
        Tenant {
            id: self.id.unwrap_or_else(crate::clock::random_uuid),
            name: self.name,
            initial_domain: self.initial_domain,
            domains: self.domains,
            realm: self.realm,
            region: self.region.unwrap_or_else(|| "EU".to_owned()),
            deleted: false,
            premium: self.premium,
            approval_workflow: self.approval_workflow,
            policies: self.policies,
            lifetime_policies: Vec::new(),
            principals: BTreeMap::new(),
            grants: Vec::new(),
            app_roles: Vec::new(),
            resources_off: BTreeSet::new(),
            approvals: Vec::new(),
            sign_ins: Vec::new(),
            bin: Bin::default(),
        }
    }
}

/// Changes to a tenant; absent fields stay as they are.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TenantPatch {
    pub name: Option<String>,
    pub domains: Option<Vec<String>>,
    pub realm: Option<Realm>,
    pub region: Option<String>,
    pub deleted: Option<bool>,
    pub premium: Option<bool>,
    pub approval_workflow: Option<bool>,
    pub policies: Option<Policies>,
    pub lifetime_policies: Option<Vec<LifetimePolicy>>,
    pub resources_off: Option<BTreeSet<Resource>>,
}

impl Tenant {
    pub fn patch(&mut self, patch: TenantPatch) {
        set(&mut self.name, patch.name);
        set(&mut self.domains, patch.domains);
        set(&mut self.realm, patch.realm);
        set(&mut self.region, patch.region);
        set(&mut self.deleted, patch.deleted);
        set(&mut self.premium, patch.premium);
        set(&mut self.approval_workflow, patch.approval_workflow);
        set(&mut self.policies, patch.policies);
        set(&mut self.lifetime_policies, patch.lifetime_policies);
        set(&mut self.resources_off, patch.resources_off);
    }
}
