//! A customer with an app registration of its own: made at the simulated Microsoft, consented to, entered by a technician.

use std::time::Duration;

use anyhow::{Context, bail};
use time::OffsetDateTime;
use uuid::Uuid;

use super::customer::Customer;
use super::world::Sample;
use crate::clock::{Clock, random_bytes, random_uuid};
use crate::domain::connection::{self, TrialState};
use crate::domain::op::Scope;
use crate::domain::tenant;
use crate::keeper::message::app_only::{Ask, NewCredential};
use crate::keeper::message::{Actor, Request};
use crate::keeper::text::Text;
use crate::simulator::directory::{App, ClientSecret, Directory, required_access};

/// Longest wait for Microsoft to accept it.
const PATIENCE: Duration = Duration::from_mins(1);
const LOOK: Duration = Duration::from_millis(100);

/// Enter it with a secret that ends `days` after the visitor arrives, and wait until the customer runs by it.
pub async fn enter(customer: &Customer<'_>, sample: &Sample, days: i64) -> anyhow::Result<()> {
    let entra = bound_to(customer).await?;
    let not_after = Clock::system().now() + time::Duration::days(days);
    let value = hex::encode(random_bytes::<20>());
    let client_id = register(customer.directory, sample, entra, &value, not_after)?;
    let try_own = Ask::TryOwn {
        tenant_id: customer.tenant.as_uuid(),
        entra_tenant_id: entra,
        client_id,
        credential: NewCredential::Secret {
            value: Text::new(value),
            not_after: Some(not_after),
        },
        actor: Actor::keeper(),
    };
    customer.ask(Request::AppOnly(try_own)).await?;
    tokio::time::timeout(PATIENCE, until_done(customer))
        .await
        .context("an app registration was on trial for too long")?
}

async fn bound_to(customer: &Customer<'_>) -> anyhow::Result<Uuid> {
    let mut op = customer.op().await?;
    let scope = Scope::one(customer.tenant);
    let tenant = tenant::find(&mut op, scope, customer.tenant).await?;
    tenant
        .and_then(|tenant| tenant.entra_tenant_id)
        .context("the customer has to be onboarded first")
}

fn register(
    directory: &Directory,
    sample: &Sample,
    entra: Uuid,
    value: &str,
    expires_at: OffsetDateTime,
) -> anyhow::Result<Uuid> {
    let client_id = directory.put_app(App {
        client_id: random_uuid(),
        name: format!("{} automation", sample.full_name),
        public_flows: false,
        multi_tenant: false,
        home_tenant: Some(entra),
        secrets: vec![ClientSecret {
            id: random_uuid(),
            value: value.to_owned(),
            expires_at,
        }],
        certificates: Vec::new(),
        redirect_uris: Vec::new(),
        required: required_access(),
        verified_publisher: false,
    });
    directory.grant_admin_consent(&entra.to_string(), client_id, None)?;
    Ok(client_id)
}

async fn until_done(customer: &Customer<'_>) -> anyhow::Result<()> {
    loop {
        let mut op = customer.op().await?;
        let scope = Scope::one(customer.tenant);
        let trial = connection::own_app_trial(&mut op, scope, customer.tenant).await?;
        match trial.map(|trial| trial.state) {
            Some(TrialState::Done) => return Ok(()),
            Some(TrialState::Failed(why)) => bail!("the app registration was refused: {why:?}"),
            _ => tokio::time::sleep(LOOK).await,
        }
    }
}
