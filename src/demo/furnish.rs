//! What the demo's technician had set up before the visitor arrives: somewhere for alerts to go, an API key for a script, and a
//! campaign that waits for its start.

use anyhow::{Context, anyhow};

use crate::app::App;
use crate::domain::alert::{self, ChannelInput, ChannelKind, RuleInput};
use crate::domain::api_key::{self, ApiScope, KeySecret, NewKey, Rule, Tenants, USUAL_LIFE};
use crate::domain::campaign::{self, CampaignInput};
use crate::domain::op::{Actor, Op, Scope};
use crate::domain::technician::Technician;
use crate::keeper::Resource;
use crate::keeper::text::Text;
use crate::storage::TenantId;

/// Begin as the technician.
async fn begin(app: &App, technician: &Technician) -> Result<Op, sqlx::Error> {
    let actor = Actor::Technician {
        id: technician.id,
        email: technician.email.clone(),
        ip: "127.0.0.1".into(),
    };
    Op::begin_within(&app.pool, &app.clock, actor, Scope::all()).await
}

/// A webhook, and a rule that tells it what needs somebody soon. The owners' mail is there by itself.
pub async fn alerts(app: &App, technician: &Technician, hooks_url: &str) -> anyhow::Result<()> {
    let input = ChannelInput {
        name: "Operations desk".into(),
        recipients: String::new(),
        url: Text::new(hooks_url),
        every_minutes: String::new(),
    };
    let kind = ChannelKind::Webhook;
    let prepared = alert::prepare(&app.keeper, &app.guard, kind, input).await?;
    let mut op = begin(app, technician).await?;
    let channel = alert::add(&mut op, prepared).await?.id;
    let rule = RuleInput {
        name: "Dead authorisations, to the desk".into(),
        events: [
            "expired",
            "incident",
            "credential",
            "key_suspended",
            "recovered",
        ]
        .map(String::from)
        .to_vec(),
        severity: "urgent".into(),
        channels: vec![channel.to_string()],
        ..RuleInput::fresh()
    };
    alert::save_rule(&mut op, None, &rule).await?;
    op.commit().await?;
    Ok(())
}

/// Tell what the day brought, as the workers would have.
pub async fn tell(app: &App) -> anyhow::Result<()> {
    loop {
        let mut op = Op::begin(&app.pool, &app.clock, Actor::Command("demo")).await?;
        let looked = alert::evaluate(&mut op, &app.voice()).await?;
        op.commit().await?;
        if !looked.context("somebody else looks at alerts")?.more {
            break;
        }
    }
    while alert::deliver(&app.courier()).await?.0 > 0 {}
    Ok(())
}

/// A key for a script that reads the gold customers and their tokens.
pub async fn key(app: &App, technician: &Technician) -> anyhow::Result<KeySecret> {
    let mut op = begin(app, technician).await?;
    let new = NewKey {
        rule: Rule {
            name: "Nightly report".into(),
            scopes: vec![
                ApiScope::TenantsRead,
                ApiScope::TokensRead,
                ApiScope::AccessTokensCreate,
                ApiScope::AlertsRead,
            ],
            tenants: Tenants::Only {
                tags: vec!["gold".into()],
                tenants: Vec::new(),
            },
            resources: vec![Resource::Graph, Resource::Exchange],
            networks: Vec::new(),
            calls_per_minute: None,
            hand_outs_per_minute: None,
            new_tenants: None,
        },
        life: USUAL_LIFE,
    };
    let (_, secret) = api_key::create(&mut op, technician, &new).await?;
    op.commit().await?;
    Ok(secret)
}

/// A draft for these tenants, so that "Start" is the visitor's to press.
pub async fn campaign(
    app: &App,
    technician: &Technician,
    tenants: &[TenantId],
) -> anyhow::Result<()> {
    if tenants.is_empty() {
        return Ok(());
    }
    let typed = CampaignInput {
        name: "Renew what has expired".into(),
        reason: "expired".into(),
        per_hour: "600".into(),
        zone: "Europe/London".into(),
        remind_days: "3".into(),
        remind_most: "2".into(),
        ..CampaignInput::default()
    };
    let mut op = begin(app, technician).await?;
    let new = typed
        .parse(op.now())
        .map_err(|errors| anyhow!("the campaign is wrong: {errors:?}"))?;
    campaign::create(&mut op, Scope::all(), &new, tenants).await?;
    op.commit().await?;
    Ok(())
}
