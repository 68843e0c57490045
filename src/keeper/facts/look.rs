//! One look at one tenant. The order is that of worth: what explains a death first.

use std::future::Future;

use time::OffsetDateTime;
use uuid::Uuid;

use super::found::Found;
use super::outlook::write_outlook;
use super::way_in::{WayIn, as_app, held};
use super::worker::a_day;
use crate::domain::diagnosis::{
    Account, Application, Category, Consent, Existence, HeldToken, Policy, PolicyMode, Risk, Rule,
};
use crate::entra::{
    AccessPolicy, Exchange, Failure, Graph, Meaning, PolicyState, RealmKind, ServicePrincipal,
};
use crate::keeper::core::Core;
use crate::keeper::store::connections::{self, Connection};
use crate::keeper::store::facts::{self, Kind};
use crate::keeper::trouble::Trouble;
use crate::storage::TenantId;

/// A tenant with more policies than this has those that matter among the first, or is not told about.
const MOST_POLICIES: usize = 200;

/// Look, write down what was seen, and what follows for the forecast.
pub(super) async fn look(core: &Core, tenant_id: TenantId, kind: Kind) -> Result<(), Trouble> {
    let now = core.clock.now();
    let connection = connections::load_current(&core.pool, tenant_id).await?;
    let Some(connection) = connection.filter(|found| found.tenant_state == "active") else {
        facts::put_off(&core.pool, tenant_id, now + a_day()).await?;
        return Ok(());
    };
    if kind == Kind::Daily && connection.state.is_living() && !connection.app_only {
        // A day's look rides on the token of the day's refresh.
        if held(core, &connection).await?.is_none() {
            facts::wait_for_refresh(&core.pool, tenant_id, connection.id, now).await?;
            return Ok(());
        }
    }
    let mut look = Look {
        core,
        connection: &connection,
        found: Found::default(),
    };
    let through = look.all().await?;
    let rows = std::mem::take(&mut look.found.rows);
    facts::store(
        &core.pool,
        tenant_id,
        connection.id,
        &rows,
        through,
        (now, now + a_day()),
    )
    .await?;
    write_outlook(core, &connection).await?;
    Ok(())
}

struct Look<'a> {
    core: &'a Core,
    connection: &'a Connection,
    found: Found,
}

impl Look<'_> {
    /// Everything there is to see; gives how we were let in.
    async fn all(&mut self) -> Result<&'static str, Trouble> {
        self.public().await?;
        let mut through = "";
        if let Some(way) = held(self.core, self.connection).await? {
            if self.through(&way).await? {
                return Ok(way.as_str());
            }
            through = way.as_str();
        }
        if let Some(way) = as_app(self.core, self.connection, &mut self.found).await? {
            self.through(&way).await?;
            through = way.as_str();
        }
        Ok(through)
    }

    /// What Microsoft tells everybody.
    async fn public(&mut self) -> Result<(), Trouble> {
        let gone = Category::TenantMissingOrDisabled.as_str();
        if self.connection.cause.as_deref() == Some(gone) {
            let id = self.connection.entra_tenant_id.to_string();
            let exchange = self.core.entra.resolve_tenant(&id).await;
            self.note(&exchange).await?;
            let at = exchange.call.started_at;
            match &exchange.outcome {
                Ok(_) => self.found.put("tenant", &Existence::Known, at),
                Err(failure) if failure.error.as_deref() == Some("invalid_tenant") => {
                    self.found.put("tenant", &Existence::Unknown, at);
                }
                Err(_) => {}
            }
        }
        if self.connection.app_only {
            return Ok(());
        }
        let exchange = self
            .core
            .entra
            .user_realm(&self.connection.admin_username)
            .await;
        self.note(&exchange).await?;
        let word = exchange.outcome.ok().and_then(|realm| match realm.kind {
            RealmKind::Managed => Some("managed"),
            RealmKind::Federated => Some("federated"),
            RealmKind::Unknown => None,
        });
        if let Some(word) = word {
            let (tenant_id, id) = (self.connection.tenant_id, self.connection.id);
            connections::set_realm(&self.core.pool, tenant_id, id, word).await?;
        }
        Ok(())
    }

    /// Look with this token; false when Microsoft does not accept it.
    async fn through(&mut self, way: &WayIn) -> Result<bool, Trouble> {
        if !self.account(way).await? {
            return Ok(false);
        }
        self.application(way).await?;
        if way.may("Policy.Read.All") {
            self.policies(way).await?;
        }
        if way.may("IdentityRiskyUser.Read.All") {
            self.risk(way).await?;
        }
        if way.is_the_accounts {
            self.roles(way).await?;
        }
        Ok(true)
    }

    async fn account(&mut self, way: &WayIn) -> Result<bool, Trouble> {
        let Some(oid) = self.connection.admin_oid else {
            return Ok(true);
        };
        let exchange = self.ask(way, async |graph| graph.user_dates(oid).await);
        let (at, outcome) = exchange.await?;
        let mut account = Account {
            oid,
            deleted: false,
            enabled: None,
            password_changed_at: None,
            sessions_valid_from: None,
            on_premises: None,
            licences: None,
        };
        match outcome {
            Ok(seen) => {
                account.enabled = seen.account_enabled;
                account.password_changed_at = seen.last_password_change_date_time;
                account.sessions_valid_from = seen.sign_in_sessions_valid_from_date_time;
                account.on_premises = seen.on_premises_sync_enabled;
                account.licences = seen.licences;
            }
            Err(failure) => match failure.meaning {
                Meaning::NotFound => account.deleted = true,
                Meaning::AccessTokenRefused | Meaning::ClaimsChallenge => {
                    self.tell_of_token(way, HeldToken::Refused, at);
                    return Ok(false);
                }
                Meaning::Denied => {
                    self.tell_of_token(way, HeldToken::Works, at);
                    return Ok(true);
                }
                _ => return Ok(true),
            },
        }
        self.tell_of_token(way, HeldToken::Works, at);
        self.found.put("account", &account, at);
        Ok(true)
    }

    /// Only of a token that the connection still holds.
    fn tell_of_token(&mut self, way: &WayIn, what: HeldToken, at: OffsetDateTime) {
        if way.is_the_accounts {
            self.found.put("held_token", &what, at);
        }
    }

    async fn application(&mut self, way: &WayIn) -> Result<(), Trouble> {
        let registration = self.connection.app_registration_id;
        let Some(app) = self.core.app.of(self.core, registration).await? else {
            return Ok(());
        };
        let client_id = app.app.client_id;
        let exchange = self.ask(way, async |graph| graph.service_principal(client_id).await);
        let (at, outcome) = exchange.await?;
        match outcome {
            Ok(seen) => {
                self.found.application(state_of(&seen), at);
                self.consent(way, seen.id).await?;
            }
            Err(failure) if failure.meaning == Meaning::NotFound => {
                self.found.application(Application::Absent, at);
            }
            Err(_) => {}
        }
        Ok(())
    }

    async fn consent(&mut self, way: &WayIn, principal: Uuid) -> Result<(), Trouble> {
        let exchange = self.ask(way, async |graph| graph.permission_grants(principal).await);
        if let (at, Ok(listed)) = exchange.await? {
            let grants = listed.items.len();
            self.found.put("consent", &Consent { grants }, at);
        }
        Ok(())
    }

    async fn policies(&mut self, way: &WayIn) -> Result<(), Trouble> {
        let exchange = self.ask(way, async |graph| graph.policies().await);
        // Of a listing with more pages nothing follows from what is missing.
        if let (at, Ok(listed)) = exchange.await?
            && !listed.more
        {
            let all: Vec<Policy> = listed
                .items
                .iter()
                .take(MOST_POLICIES)
                .map(policy)
                .collect();
            self.found.put("policies", &all, at);
        }
        Ok(())
    }

    async fn risk(&mut self, way: &WayIn) -> Result<(), Trouble> {
        let Some(oid) = self.connection.admin_oid else {
            return Ok(());
        };
        let exchange = self.ask(way, async |graph| graph.risky_user(oid).await);
        let (at, outcome) = exchange.await?;
        let (level, state) = match outcome {
            Ok(seen) => (seen.risk_level, seen.risk_state),
            Err(failure) if failure.meaning == Meaning::NotFound => ("none".into(), "none".into()),
            Err(_) => return Ok(()),
        };
        self.found.put("risk", &Risk { level, state }, at);
        Ok(())
    }

    async fn roles(&mut self, way: &WayIn) -> Result<(), Trouble> {
        let exchange = self.ask(way, async |graph| graph.my_directory_roles().await);
        if let (at, Ok(listed)) = exchange.await? {
            let names: Vec<String> = listed
                .items
                .into_iter()
                .filter_map(|role| role.display_name)
                .collect();
            self.found.put("roles", &names, at);
        }
        Ok(())
    }

    /// One call, recorded; when it was made, and its outcome.
    async fn ask<'a, T, F>(
        &'a self,
        way: &'a WayIn,
        call: impl Fn(Graph<'a>) -> F,
    ) -> sqlx::Result<(OffsetDateTime, Result<T, Box<Failure>>)>
    where
        F: Future<Output = Exchange<T>>,
    {
        let exchange = call(self.core.entra.graph(&way.token)).await;
        self.note(&exchange).await?;
        Ok((exchange.call.started_at, exchange.outcome))
    }

    async fn note<T>(&self, exchange: &Exchange<T>) -> sqlx::Result<()> {
        self.found.note(self.core, self.connection, exchange).await
    }
}

fn state_of(seen: &ServicePrincipal) -> Application {
    if seen.disabled_by_microsoft_status.is_some() {
        Application::DisabledByMicrosoft
    } else if seen.account_enabled {
        Application::Enabled
    } else {
        Application::Disabled
    }
}

fn policy(seen: &AccessPolicy) -> Policy {
    Policy {
        name: seen.display_name.chars().take(200).collect(),
        mode: match seen.state {
            PolicyState::Enabled => PolicyMode::On,
            PolicyState::ReportOnly => PolicyMode::ReportOnly,
            PolicyState::Disabled => PolicyMode::Off,
        },
        sign_in_frequency_s: seen.sign_in_frequency_s(),
        rules: [
            (Rule::Blocks, seen.blocks()),
            (Rule::BlocksDeviceCode, seen.blocks_device_code()),
            (Rule::RequiresMfa, seen.requires_mfa()),
            (Rule::RequiresDevice, seen.requires_device()),
        ]
        .into_iter()
        .filter_map(|(rule, is_so)| is_so.then_some(rule))
        .collect(),
        changed_at: seen.modified_date_time,
        created_at: seen.created_date_time,
        managed_by_microsoft: seen.display_name.starts_with("Microsoft-managed"),
    }
}
