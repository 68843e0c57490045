//! `alert_rules` and the channels of each.

use std::collections::HashMap;

use time::Time;
use uuid::Uuid;

use crate::domain::alert::{Quiet, Rule};
use crate::domain::op::Op;
use crate::domain::technician::{Choice, Limit};
use crate::storage::{Inconsistent, TenantId};

/// Every rule, by name.
pub async fn all(op: &mut Op) -> Result<Vec<Rule>, sqlx::Error> {
    let mut channels: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
    let pairs = sqlx::query!("select rule_id, channel_id from alert_rule_channels order by 1, 2")
        .fetch_all(op.db())
        .await?;
    for pair in pairs {
        channels
            .entry(pair.rule_id)
            .or_default()
            .push(pair.channel_id);
    }
    let rows = sqlx::query!(
        "select id, name, enabled, reach, tags, tenants, events, severity, lead_days, retrying_minutes, quiet_from, quiet_until,
           quiet_zone, urgent_passes, remind_hours
         from alert_rules order by lower(name), id"
    )
    .fetch_all(op.db())
    .await?;
    rows.into_iter()
        .map(|row| {
            let wrong = |column| Inconsistent::new("alert_rules", column, row.id);
            let choice = Choice {
                tags: row.tags,
                tenants: row.tenants.into_iter().map(Into::into).collect(),
            };
            let quiet = |from: Time, until: Time| Quiet {
                from,
                until,
                zone: row.quiet_zone.clone(),
                urgent_passes: row.urgent_passes,
            };
            Ok(Rule {
                id: row.id,
                name: row.name,
                enabled: row.enabled,
                reach: match row.reach.as_deref() {
                    None => Limit::All,
                    Some("only") => Limit::Only(choice),
                    _ => Limit::Except(choice),
                },
                events: row
                    .events
                    .iter()
                    .map(|word| word.parse().map_err(|_| wrong("events")))
                    .collect::<Result<_, _>>()?,
                severity: row.severity.parse().map_err(|_| wrong("severity"))?,
                lead_days: row.lead_days,
                retrying_minutes: row.retrying_minutes,
                quiet: row
                    .quiet_from
                    .zip(row.quiet_until)
                    .map(|(from, until)| quiet(from, until)),
                remind_hours: row.remind_hours,
                channels: channels.remove(&row.id).unwrap_or_default(),
            })
        })
        .collect()
}

pub async fn insert(op: &mut Op, rule: &Rule) -> Result<(), sqlx::Error> {
    let now = op.now();
    sqlx::query!(
        "insert into alert_rules (id, name, events, severity, created_at, updated_at) values ($1, $2, '{}', $3, $4, $4)",
        rule.id,
        rule.name,
        rule.severity.as_str(),
        now
    )
    .execute(op.db())
    .await?;
    update(op, rule).await
}

pub async fn update(op: &mut Op, rule: &Rule) -> Result<(), sqlx::Error> {
    let now = op.now();
    let choice = rule.reach.choice().cloned().unwrap_or_default();
    let events: Vec<String> = rule.events.iter().map(ToString::to_string).collect();
    let quiet = rule.quiet.as_ref();
    sqlx::query!(
        "update alert_rules set name = $2, reach = $3, tags = $4, tenants = $5, events = $6, severity = $7, lead_days = $8,
           retrying_minutes = $9, quiet_from = $10, quiet_until = $11, quiet_zone = $12, urgent_passes = $13, remind_hours = $14,
           updated_at = $15
         where id = $1",
        rule.id,
        rule.name,
        rule.reach.kind(),
        &choice.tags,
        &choice.tenants.iter().map(|id| id.as_uuid()).collect::<Vec<_>>(),
        &events,
        rule.severity.as_str(),
        rule.lead_days,
        rule.retrying_minutes,
        quiet.map(|one| one.from),
        quiet.map(|one| one.until),
        quiet.map_or("UTC", |one| one.zone.as_str()),
        quiet.is_none_or(|one| one.urgent_passes),
        rule.remind_hours,
        now
    )
    .execute(op.db())
    .await?;
    sqlx::query!(
        "delete from alert_rule_channels where rule_id = $1",
        rule.id
    )
    .execute(op.db())
    .await?;
    sqlx::query!(
        "insert into alert_rule_channels (rule_id, channel_id) select $1, c from unnest($2::uuid[]) as u (c)",
        rule.id,
        &rule.channels
    )
    .execute(op.db())
    .await?;
    Ok(())
}

pub async fn set_enabled(op: &mut Op, id: Uuid, enabled: bool) -> Result<(), sqlx::Error> {
    let now = op.now();
    sqlx::query!(
        "update alert_rules set enabled = $2, updated_at = $3 where id = $1",
        id,
        enabled,
        now
    )
    .execute(op.db())
    .await?;
    Ok(())
}

pub async fn delete(op: &mut Op, id: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query!("delete from alert_rules where id = $1", id)
        .execute(op.db())
        .await?;
    Ok(())
}

/// The tenants with these short names.
pub async fn by_name(op: &mut Op, names: &[String]) -> Result<Vec<TenantId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select id as "id: TenantId" from tenants where short_name = any($1) order by short_name"#,
        names
    )
    .fetch_all(op.db())
    .await
}

/// Whether the database knows this time zone.
pub async fn is_zone(op: &mut Op, zone: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select exists (select from pg_timezone_names where name = $1) as "known!""#,
        zone
    )
    .fetch_one(op.db())
    .await
}
