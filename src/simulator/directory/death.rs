//! The ways an authorisation dies, each triggered on purpose, and what can be taken back.

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::edit::{EditError, tenant_id, user_id};
use super::{DeviceCodeBlock, Policies, Realm, Resource, State, Tenant, User};

/// Whom a cause meets.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Target {
    /// GUID or domain; may be left out when `user` is given.
    pub tenant: Option<String>,
    /// UPN or object id; without it all users of the tenant are met.
    pub user: Option<String>,
    /// The client application; without it all that stand in the tenant.
    pub client_id: Option<Uuid>,
}

impl Target {
    pub fn tenant(name: &str) -> Self {
        Self {
            tenant: Some(name.to_owned()),
            ..Self::default()
        }
    }

    pub fn user(upn: &str) -> Self {
        Self {
            user: Some(upn.to_owned()),
            ..Self::default()
        }
    }

    pub fn client(client_id: Uuid) -> Self {
        Self {
            client_id: Some(client_id),
            ..Self::default()
        }
    }
}

/// A cause of death. In brackets what a refresh then meets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum Cause {
    /// The user's password was changed or reset (50173, both dates alike).
    PasswordChange,
    /// Sign-in sessions were revoked (50173, the password's date is older).
    SessionsRevoked,
    /// The account was disabled (50057).
    UserDisabled,
    /// The account was deleted (500341).
    UserDeleted,
    /// A second factor is newly required (50076, or 50079 when none is registered).
    MfaRequired,
    /// The second factor shown is too old (50078).
    MfaExpired,
    /// Conditional Access blocks the place the calls come from (53003).
    ConditionalAccess,
    /// Device code sign-in was blocked afterwards (530036); new attempts meet 53003 in the browser.
    DeviceCodeBlocked,
    /// The same, but new attempts are refused at redemption, after the browser said all is well.
    DeviceCodeBlockedAtRedemption,
    /// Only compliant devices may sign in (53000).
    CompliantDevice,
    /// Sign-in frequency (70043 once `seconds` are over).
    SignInFrequency { seconds: i64 },
    /// Tokens lay idle for 91 days (700082).
    Idle90Days,
    /// Federated without a synchronised password date, 13 hours after sign-in (700081).
    Federated12Hours,
    /// All consent of the client was withdrawn (65001).
    ConsentWithdrawn,
    /// The enterprise application was deleted, its consent with it (700016; app-only 7000229).
    EnterpriseAppDeleted,
    /// The enterprise application was switched off (7000112).
    EnterpriseAppDisabled,
    /// The resource's service principal was switched off (500014).
    ResourceDisabled { resource: Resource },
    /// Our client secret ran out (7000222).
    SecretExpired,
    /// Our client secret is no longer the registered one (7000215).
    SecretWrong,
    /// The tenant is gone (90002).
    TenantGone,
}

impl State {
    /// Let `cause` happen.
    pub fn kill(
        &mut self,
        target: &Target,
        cause: &Cause,
        now: OffsetDateTime,
    ) -> Result<(), EditError> {
        match cause {
            Cause::SecretExpired => self.each_secret(target, |secret| {
                secret.expires_at = now - Duration::HOUR;
            }),
            Cause::SecretWrong => self.each_secret(target, |secret| {
                secret.value = format!("replaced-{}", crate::clock::random_uuid());
            }),
            Cause::PasswordChange
            | Cause::SessionsRevoked
            | Cause::UserDisabled
            | Cause::UserDeleted => self.each_user(target, |user| strike(user, cause, now)),
            Cause::Idle90Days => self.each_token(target, |token| {
                token.last_used = now - Duration::days(91);
                token.issued_at = token.issued_at.min(token.last_used);
                token.origin.signed_in_at = token.origin.signed_in_at.min(token.issued_at);
            }),
            Cause::Federated12Hours => {
                self.each_token(target, |token| {
                    let signed_in = now - Duration::hours(13);
                    token.origin.signed_in_at = token.origin.signed_in_at.min(signed_in);
                    token.issued_at = token.issued_at.min(signed_in);
                })?;
                let tenant = self.tenant_of(target)?;
                tenant.bin.realm.get_or_insert(tenant.realm);
                tenant.realm = Realm::Federated {
                    password_change_synced: false,
                };
                Ok(())
            }
            _ => {
                let client = target.client_id;
                let tenant = self.tenant_of(target)?;
                strike_tenant(tenant, client, cause, now);
                Ok(())
            }
        }
    }

    /// Undo what can be undone.
    pub fn restore(&mut self, target: &Target, now: OffsetDateTime) -> Result<(), EditError> {
        if target.client_id.is_some() && target.tenant.is_none() && target.user.is_none() {
            return self.each_secret(target, |secret| {
                secret.expires_at = secret.expires_at.max(now + Duration::days(180));
            });
        }
        let tenant = self.tenant_of(target)?;
        tenant.deleted = false;
        tenant.resources_off.clear();
        tenant.policies = Policies::default();
        let bin = std::mem::take(&mut tenant.bin);
        tenant.principals.extend(bin.principals);
        tenant.grants.extend(bin.grants);
        tenant.app_roles.extend(bin.app_roles);
        tenant.realm = bin.realm.unwrap_or(tenant.realm);
        for principal in tenant.principals.values_mut() {
            principal.enabled = true;
        }
        let id = tenant.id;
        self.faults.retain(|f| f.tenant != Some(id));
        self.each_user(target, |user| {
            user.enabled = true;
            user.deleted = false;
        })
    }

    /// The tenant that `target` names, or that of its user.
    fn tenant_of(&mut self, target: &Target) -> Result<&mut Tenant, EditError> {
        let id = match (&target.tenant, &target.user) {
            (Some(name), _) => tenant_id(self, name)?,
            (None, Some(user)) => {
                let oid = user_id(self, user)?;
                self.users
                    .get(&oid)
                    .map(|u| u.tenant)
                    .ok_or_else(|| EditError::unknown("user", user))?
            }
            (None, None) => {
                return Err(EditError::Invalid(
                    "name the tenant or the user that this shall happen to".to_owned(),
                ));
            }
        };
        self.tenants
            .get_mut(&id)
            .ok_or_else(|| EditError::unknown("tenant", id.to_string()))
    }

    fn users_of(&mut self, target: &Target) -> Result<Vec<Uuid>, EditError> {
        if let Some(user) = &target.user {
            return Ok(vec![user_id(self, user)?]);
        }
        let tenant = self.tenant_of(target)?.id;
        let members = self.users.values().filter(|u| u.tenant == tenant);
        Ok(members.map(|u| u.oid).collect())
    }

    fn each_user(&mut self, target: &Target, change: impl Fn(&mut User)) -> Result<(), EditError> {
        for oid in self.users_of(target)? {
            if let Some(user) = self.users.get_mut(&oid) {
                change(user);
            }
        }
        Ok(())
    }

    fn each_token(
        &mut self,
        target: &Target,
        change: impl Fn(&mut crate::simulator::tokens::RefreshToken),
    ) -> Result<(), EditError> {
        let users = self.users_of(target)?;
        for token in self.ledger.all_mut() {
            let is_client = target.client_id.is_none_or(|c| c == token.origin.client);
            if is_client && users.contains(&token.origin.user) {
                change(token);
            }
        }
        Ok(())
    }

    fn each_secret(
        &mut self,
        target: &Target,
        change: impl Fn(&mut super::ClientSecret),
    ) -> Result<(), EditError> {
        let client = target.client_id.ok_or_else(|| {
            EditError::Invalid("name the client_id whose secret this is about".to_owned())
        })?;
        let app = self
            .apps
            .get_mut(&client)
            .ok_or_else(|| EditError::unknown("app", client.to_string()))?;
        app.secrets.iter_mut().for_each(change);
        Ok(())
    }
}

fn strike(user: &mut User, cause: &Cause, now: OffsetDateTime) {
    match cause {
        Cause::PasswordChange => {
            user.tokens_valid_from = Some(now);
            user.last_password_change = now;
        }
        Cause::SessionsRevoked => user.tokens_valid_from = Some(now),
        Cause::UserDisabled => user.enabled = false,
        Cause::UserDeleted => user.deleted = true,
        _ => {}
    }
}

fn strike_tenant(tenant: &mut Tenant, client: Option<Uuid>, cause: &Cause, now: OffsetDateTime) {
    let is_client = |c: Uuid| client.is_none_or(|wanted| wanted == c);
    let policies = &mut tenant.policies;
    match cause {
        Cause::MfaRequired => {
            policies.require_mfa = true;
            policies.mfa_required_since = Some(now);
        }
        Cause::MfaExpired => policies.mfa_expired_before = Some(now),
        Cause::ConditionalAccess => policies.ca_block_location = true,
        Cause::DeviceCodeBlocked => policies.block_device_code = DeviceCodeBlock::Browser,
        Cause::DeviceCodeBlockedAtRedemption => {
            policies.block_device_code = DeviceCodeBlock::Redemption;
        }
        Cause::CompliantDevice => policies.compliant_device = true,
        Cause::SignInFrequency { seconds } => policies.sif_seconds = Some(*seconds),
        Cause::ConsentWithdrawn => withdraw(tenant, is_client),
        Cause::EnterpriseAppDeleted => {
            let gone = tenant.principals.extract_if(.., |c, _| is_client(*c));
            tenant.bin.principals.extend(gone);
            withdraw(tenant, is_client);
        }
        Cause::EnterpriseAppDisabled => {
            for (id, principal) in &mut tenant.principals {
                principal.enabled = principal.enabled && !is_client(*id);
            }
        }
        Cause::ResourceDisabled { resource } => {
            tenant.resources_off.insert(*resource);
        }
        Cause::TenantGone => tenant.deleted = true,
        _ => {}
    }
}

fn withdraw(tenant: &mut Tenant, is_client: impl Fn(Uuid) -> bool) {
    let grants = tenant.grants.extract_if(.., |g| is_client(g.client));
    tenant.bin.grants.extend(grants);
    let roles = tenant.app_roles.extract_if(.., |r| is_client(r.client));
    tenant.bin.app_roles.extend(roles);
}
