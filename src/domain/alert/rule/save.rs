//! Making a rule and changing one.

use uuid::Uuid;

use super::check::Checked;
use super::{RuleInput, find, note};
use crate::domain::alert::store;
use crate::domain::op::Op;
use crate::domain::technician::{Choice, Limit};
use crate::domain::tenant::FieldError;

/// Why nothing was saved.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    #[error("fields are wrong")]
    Fields(Vec<FieldError>),
    #[error("no such rule")]
    NotThere,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Make a rule (`id` none) or change one; gives its id. Open alerts that a changed rule would not open are closed without a
/// word: nobody would ever hear of their end.
pub async fn save(op: &mut Op, id: Option<Uuid>, input: &RuleInput) -> Result<Uuid, RuleError> {
    let before = match id {
        Some(id) => Some(find(op, id).await?.ok_or(RuleError::NotThere)?),
        None => None,
    };
    let mut checked = input.check();
    look_up_name(op, id, &mut checked).await?;
    look_up_reach(op, input, &mut checked).await?;
    look_up_zone(op, input, &mut checked).await?;
    look_up_channels(op, input, &mut checked).await?;
    let Checked { mut rule, errors } = checked;
    if !errors.is_empty() {
        return Err(RuleError::Fields(errors));
    }
    let action = if let Some(before) = before {
        (rule.id, rule.enabled) = (before.id, before.enabled);
        store::rules::update(op, &rule).await?;
        store::alerts::close_outside(op, &rule).await?;
        "alert_rule.changed"
    } else {
        store::rules::insert(op, &rule).await?;
        "alert_rule.added"
    };
    note(op, action, &rule).await?;
    Ok(rule.id)
}

/// Messages and the list name a rule by its name. Of two made at once the second waits for the first, and sees its name.
async fn look_up_name(
    op: &mut Op,
    id: Option<Uuid>,
    checked: &mut Checked,
) -> Result<(), sqlx::Error> {
    op.hold("names of alert rules").await?;
    let name = checked.rule.name.to_lowercase();
    let others = store::rules::all(op).await?.into_iter();
    let mut others = others.filter(|one| Some(one.id) != id);
    if others.any(|one| one.name.to_lowercase() == name) {
        checked.wrong("name", "Another rule has this name. Choose another.");
    }
    Ok(())
}

async fn look_up_reach(
    op: &mut Op,
    input: &RuleInput,
    checked: &mut Checked,
) -> Result<(), sqlx::Error> {
    let limit = match input.reach.as_str() {
        "all" => {
            if !(input.tags().is_empty() && input.short_names().is_empty()) {
                let message = "You chose all and named some below. Empty tags and short names, or choose only these.";
                checked.wrong("reach", message);
            }
            return Ok(());
        }
        "only" => Limit::Only,
        "except" => Limit::Except,
        _ => {
            checked.wrong("reach", "Choose which tenants.");
            return Ok(());
        }
    };
    let (tags, names) = (input.tags(), input.short_names());
    let tenants = store::rules::by_name(op, &names).await?;
    if tenants.len() != names.len() {
        checked.wrong("tenants", "Some of these short names are no tenant's.");
    }
    if tags.is_empty() && names.is_empty() {
        checked.wrong("tags", "Name a tag or a tenant.");
    }
    checked.rule.reach = limit(Choice { tags, tenants });
    Ok(())
}

/// Looked at without quiet hours too: a mistyped zone is not taken silently.
async fn look_up_zone(
    op: &mut Op,
    input: &RuleInput,
    checked: &mut Checked,
) -> Result<(), sqlx::Error> {
    let zone = input.zone();
    let is_needed = checked.rule.quiet.is_some() || !zone.is_empty();
    if is_needed && !store::rules::is_zone(op, &zone).await? {
        checked.wrong("quiet_zone", "Name a time zone such as Europe/Berlin.");
    }
    Ok(())
}

async fn look_up_channels(
    op: &mut Op,
    input: &RuleInput,
    checked: &mut Checked,
) -> Result<(), sqlx::Error> {
    let chosen: Vec<Uuid> = input
        .channels
        .iter()
        .filter_map(|id| id.parse().ok())
        .collect();
    let known = store::channels::all(op).await?;
    checked.rule.channels = known
        .iter()
        .filter(|one| chosen.contains(&one.id) && one.kind.takes_alerts())
        .map(|one| one.id)
        .collect();
    if checked.rule.channels.len() != input.channels.len() {
        checked.wrong("channels", "Choose channels from the list.");
    }
    Ok(())
}
