//! Users of a tenant: password, second factor, roles, and the instants that decide whether their tokens live.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::resource;

/// A person in a simulated tenant.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct User {
    pub oid: Uuid,
    /// The home tenant.
    pub tenant: Uuid,
    pub upn: String,
    pub name: String,
    pub password: String,
    pub enabled: bool,
    pub deleted: bool,
    /// Role template ids.
    pub roles: BTreeSet<Uuid>,
    pub mfa: Mfa,
    /// `signInSessionsValidFromDateTime`: grants issued before it are revoked. Absent: nothing was ever revoked.
    #[serde(with = "time::serde::rfc3339::option")]
    pub tokens_valid_from: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339")]
    pub last_password_change: OffsetDateTime,
    /// Tenants in which this person is a guest.
    pub guest_in: BTreeSet<Uuid>,
    #[serde(default = "one_licence")]
    pub licences: usize,
    /// ID Protection holds a high risk against the account.
    #[serde(default)]
    pub at_risk: bool,
}

const fn one_licence() -> usize {
    1
}

/// Whether a second factor is registered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mfa {
    #[default]
    None,
    Enrolled,
}

impl User {
    pub fn is_in(&self, tenant: Uuid) -> bool {
        self.tenant == tenant || self.guest_in.contains(&tenant)
    }

    /// Global or Privileged Role Administrator: may consent to anything for the organisation.
    pub fn may_consent_to_anything(&self) -> bool {
        self.has_any(&[
            resource::GLOBAL_ADMINISTRATOR,
            resource::PRIVILEGED_ROLE_ADMINISTRATOR,
        ])
    }

    /// (Cloud) Application Administrator: may consent for the organisation but not to Graph application permissions.
    pub fn may_consent_to_apps(&self) -> bool {
        self.may_consent_to_anything()
            || self.has_any(&[
                resource::CLOUD_APPLICATION_ADMINISTRATOR,
                resource::APPLICATION_ADMINISTRATOR,
            ])
    }

    fn has_any(&self, templates: &[Uuid]) -> bool {
        templates.iter().any(|t| self.roles.contains(t))
    }
}

/// What is needed to add a user; everything but the UPN has a default.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    pub upn: String,
    #[serde(default)]
    pub oid: Option<Uuid>,
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default = "default_password")]
    pub password: String,
    #[serde(default)]
    pub roles: BTreeSet<Uuid>,
    #[serde(default)]
    pub mfa: Mfa,
    #[serde(default)]
    pub guest_in: BTreeSet<Uuid>,
}

/// The password of users for whom none was given.
pub const DEFAULT_PASSWORD: &str = "Simulated!Passw0rd";

fn default_password() -> String {
    DEFAULT_PASSWORD.to_owned()
}

impl NewUser {
    /// The person, at home in `tenant`.
    pub(super) fn into_user(self, tenant: Uuid, now: OffsetDateTime) -> User {
        User {
            oid: self.oid.unwrap_or_else(crate::clock::random_uuid),
            tenant,
            name: self.name.unwrap_or_else(|| self.upn.clone()),
            upn: self.upn,
            password: self.password,
            enabled: true,
            deleted: false,
            roles: self.roles,
            mfa: self.mfa,
            tokens_valid_from: None,
            last_password_change: now - Duration::days(200),
            guest_in: self.guest_in,
            licences: one_licence(),
            at_risk: false,
        }
    }

    /// A person without roles, with the default password and no second factor.
    pub fn plain(upn: &str, name: &str) -> Self {
        Self {
            upn: upn.to_owned(),
            oid: None,
            name: Some(name.to_owned()),
            password: default_password(),
            roles: BTreeSet::new(),
            mfa: Mfa::None,
            guest_in: BTreeSet::new(),
        }
    }

    /// A Global Administrator with a second factor.
    pub fn admin(upn: &str, name: &str) -> Self {
        Self {
            roles: BTreeSet::from([resource::GLOBAL_ADMINISTRATOR]),
            mfa: Mfa::Enrolled,
            ..Self::plain(upn, name)
        }
    }
}

/// Changes to a user; absent fields stay as they are.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UserPatch {
    pub upn: Option<String>,
    pub name: Option<String>,
    pub password: Option<String>,
    pub enabled: Option<bool>,
    pub deleted: Option<bool>,
    pub roles: Option<BTreeSet<Uuid>>,
    pub mfa: Option<Mfa>,
    pub guest_in: Option<BTreeSet<Uuid>>,
    pub licences: Option<usize>,
    pub at_risk: Option<bool>,
}

impl User {
    /// Apply `patch`. A password set here is an administrator's correction and revokes nothing; the cause
    /// `password_change` is the event that does.
    pub fn patch(&mut self, patch: UserPatch) {
        set(&mut self.upn, patch.upn);
        set(&mut self.name, patch.name);
        set(&mut self.password, patch.password);
        set(&mut self.enabled, patch.enabled);
        set(&mut self.deleted, patch.deleted);
        set(&mut self.roles, patch.roles);
        set(&mut self.mfa, patch.mfa);
        set(&mut self.guest_in, patch.guest_in);
        set(&mut self.licences, patch.licences);
        set(&mut self.at_risk, patch.at_risk);
    }
}

/// Put `value` into `field` when there is one.
pub(super) fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}
