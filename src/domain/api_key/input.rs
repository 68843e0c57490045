//! From the form to a key's rule. All problems at once, each at its field.

use std::collections::BTreeSet;

use time::Duration;

use super::{ApiScope, KeyState, LONGEST_LIFE, Rule, Tenants, store};
use crate::config::Network;
use crate::domain::line::{plain, words};
use crate::domain::op::{Op, Scope};
use crate::domain::tenant::{FieldError, is_tag, keep};
use crate::keeper::Resource;
use crate::storage::{ApiKeyId, TechnicianId};

/// Days for which a former secret may work on after a rotation.
pub const OVERLAPS: [i64; 4] = [0, 1, 3, 7];
/// More are better named by a tag.
const MOST_TENANTS: usize = 1_000;
const MOST_NETWORKS: usize = 50;
const MOST_A_MINUTE: i32 = 1_000_000;

/// A key as typed.
#[derive(Clone, Debug, Default)]
pub struct KeyInput {
    pub name: String,
    /// Days, for a new key and a rotation.
    pub days: String,
    pub scopes: Vec<String>,
    /// `all` or `only`.
    pub reach: String,
    /// Tags and short names, separated by commas, spaces or lines.
    pub tags: String,
    pub tenants: String,
    pub resources: Vec<String>,
    pub networks: String,
    /// Empty: as the settings say.
    pub calls_per_minute: String,
    pub hand_outs_per_minute: String,
    pub new_tenants: String,
}

/// A new key, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    pub rule: Rule,
    pub life: Duration,
}

/// What is wrong with a name that another living key of this technician has: the audit log tells keys apart by it.
pub async fn name_taken(
    op: &mut Op,
    owner: TechnicianId,
    name: &str,
    except: Option<ApiKeyId>,
) -> Result<Option<FieldError>, sqlx::Error> {
    // Of ten at once with one name, one gets it.
    op.hold(&format!("names of the API keys of {owner}"))
        .await?;
    let keys = store::list(op, Some(owner)).await?;
    let is_taken = keys.iter().any(|key| {
        key.state != KeyState::Revoked && key.rule.name == name && Some(key.id) != except
    });
    let message = "Another of your keys has this name. Enter one of its own: the audit log tells keys apart by it.";
    Ok(is_taken.then(|| FieldError::new("name", message)))
}

/// The life of a secret that follows another, which works for `overlap` longer.
pub fn rotated_life(days: &str, overlap: Duration) -> Result<Duration, FieldError> {
    let typed = KeyInput {
        days: days.to_owned(),
        ..KeyInput::default()
    };
    let life = typed.life()?;
    if life < overlap {
        let message = "The new key would end before the former one. Enter more days, or let the former key end sooner.";
        return Err(FieldError::new("days", message));
    }
    Ok(life)
}

impl KeyInput {
    /// Check a new key; tenants are looked for among those that `scope` reaches, so that nobody names what they do not see.
    pub async fn parse_new(
        &self,
        op: &mut Op,
        scope: Scope,
    ) -> Result<Result<NewKey, Vec<FieldError>>, sqlx::Error> {
        let rule = self.parse(op, scope).await?;
        Ok(match (rule, self.life()) {
            (Ok(rule), Ok(life)) => Ok(NewKey { rule, life }),
            (Err(mut errors), Err(error)) => {
                errors.push(error);
                Err(errors)
            }
            (Err(errors), Ok(_)) => Err(errors),
            (Ok(_), Err(error)) => Err(vec![error]),
        })
    }

    /// The days that were typed.
    pub fn life(&self) -> Result<Duration, FieldError> {
        let days = self.days.trim().parse().ok();
        let days = days.filter(|days| (1..=LONGEST_LIFE.whole_days()).contains(days));
        days.map(Duration::days)
            .ok_or_else(|| FieldError::new("days", "Enter a whole number of days from 1 to 365."))
    }

    /// Check everything but the life.
    pub async fn parse(
        &self,
        op: &mut Op,
        scope: Scope,
    ) -> Result<Result<Rule, Vec<FieldError>>, sqlx::Error> {
        let mut errors = Vec::new();
        let tenants = keep(self.tenants(op, scope).await?, &mut errors);
        let name = keep(self.name(), &mut errors);
        let scopes = keep(self.scopes(), &mut errors);
        let hands_out = self
            .scopes
            .iter()
            .any(|word| word == ApiScope::AccessTokensCreate.as_str());
        let resources = keep(self.resources(hands_out), &mut errors);
        let networks = keep(networks(&self.networks), &mut errors);
        let mut number = |field, typed| keep(number(field, typed), &mut errors);
        let calls = number("calls_per_minute", &self.calls_per_minute);
        let hand_outs = number("hand_outs_per_minute", &self.hand_outs_per_minute);
        let new_tenants = number("new_tenants", &self.new_tenants);
        if !errors.is_empty() {
            return Ok(Err(errors));
        }
        Ok(Ok(Rule {
            name: name.unwrap_or_default(),
            scopes: scopes.unwrap_or_default(),
            tenants: tenants.unwrap_or(Tenants::Only {
                tags: Vec::new(),
                tenants: Vec::new(),
            }),
            resources: resources.unwrap_or_default(),
            networks: networks.unwrap_or_default(),
            calls_per_minute: calls.flatten(),
            hand_outs_per_minute: hand_outs.flatten(),
            new_tenants: new_tenants.flatten(),
        }))
    }

    fn name(&self) -> Result<String, FieldError> {
        let name = self.name.trim();
        let fits = (1..=100).contains(&name.chars().count());
        if !fits || plain(name) != name {
            let message =
                "Enter a name of 1 to 100 characters, such as the script that uses the key.";
            return Err(FieldError::new("name", message));
        }
        Ok(name.to_owned())
    }

    fn scopes(&self) -> Result<Vec<ApiScope>, FieldError> {
        let found: Result<Vec<ApiScope>, _> = self.scopes.iter().map(|word| word.parse()).collect();
        match found {
            Ok(mut found) if !found.is_empty() => {
                found.sort();
                found.dedup();
                Ok(found)
            }
            _ => Err(FieldError::new(
                "scope",
                "Choose at least one thing that the key may do.",
            )),
        }
    }

    fn resources(&self, hands_out: bool) -> Result<Vec<Resource>, FieldError> {
        let found: Result<Vec<Resource>, _> =
            self.resources.iter().map(|word| word.parse()).collect();
        let mut found = found.map_err(|_| FieldError::new("resource", "Choose from the list."))?;
        found.sort();
        found.dedup();
        if hands_out && found.is_empty() {
            let message = "Choose of which resources the key is handed access tokens.";
            return Err(FieldError::new("resource", message));
        }
        Ok(found)
    }

    async fn tenants(
        &self,
        op: &mut Op,
        scope: Scope,
    ) -> Result<Result<Tenants, FieldError>, sqlx::Error> {
        match self.reach.as_str() {
            "all" if self.tags.trim().is_empty() && self.tenants.trim().is_empty() => {
                return Ok(Ok(Tenants::All));
            }
            // Taken silently it would reach more than was meant.
            "all" => {
                let message = "You chose all and named some below. Empty tags and short names, or choose only these.";
                return Ok(Err(FieldError::new("reach", message)));
            }
            "only" => {}
            _ => return Ok(Err(FieldError::new("reach", "Choose one of the two."))),
        }
        let tags: BTreeSet<String> = words(&self.tags).map(str::to_lowercase).collect();
        if let Some(odd) = tags.iter().find(|tag| !is_tag(tag)) {
            let message = format!("“{odd}” is no tag. Tags have letters, digits and hyphens.");
            return Ok(Err(FieldError::new("tags", message)));
        }
        let names: Vec<String> = words(&self.tenants).map(str::to_lowercase).collect();
        if tags.is_empty() && names.is_empty() {
            let message = "Name at least one tag or tenant, or choose all.";
            return Ok(Err(FieldError::new("tags", message)));
        }
        if names.len() > MOST_TENANTS {
            let message = "Name at most 1,000 tenants. Give the others a tag and enter that.";
            return Ok(Err(FieldError::new("tenants", message)));
        }
        let found = store::tenants_named(op, scope, &names).await?;
        let is_found = |name: &&String| {
            found
                .iter()
                .any(|(id, short)| short == *name || id.to_string() == **name)
        };
        if let Some(missing) = names.iter().find(|name| !is_found(name)) {
            let message = format!("There is no tenant “{missing}”, or you may not see it.");
            return Ok(Err(FieldError::new("tenants", message)));
        }
        let tenants = found.into_iter().map(|(id, _)| id).collect();
        let tags = tags.into_iter().collect();
        Ok(Ok(Tenants::Only { tags, tenants }))
    }
}

fn networks(typed: &str) -> Result<Vec<String>, FieldError> {
    let all: Vec<String> = words(typed).map(str::to_owned).collect();
    let odd = all.iter().find(|one| one.parse::<Network>().is_err());
    match odd {
        Some(odd) => Err(FieldError::new(
            "networks",
            format!("“{odd}” is no address and no network such as 192.0.2.0/24."),
        )),
        None if all.len() > MOST_NETWORKS => {
            Err(FieldError::new("networks", "Enter at most 50 networks."))
        }
        None => Ok(all),
    }
}

/// Empty is as the settings say.
fn number(field: &'static str, typed: &str) -> Result<Option<i32>, FieldError> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Ok(None);
    }
    let number = typed.parse().ok();
    let number = number.filter(|n| (1..=MOST_A_MINUTE).contains(n));
    let message = "Enter a whole number from 1 to 1,000,000, or leave it empty.";
    number
        .map(Some)
        .ok_or_else(|| FieldError::new(field, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_read_before_they_are_stored() {
        assert_eq!(networks("192.0.2.0/24, 2001:db8::1\n").unwrap().len(), 2);
        assert!(
            networks("192.0.2.0/33")
                .unwrap_err()
                .message
                .contains("/33")
        );
        assert!(networks("").unwrap().is_empty());
    }

    #[test]
    fn a_limit_is_a_number_or_nothing() {
        assert_eq!(number("new_tenants", " 12 ").unwrap(), Some(12));
        assert_eq!(number("new_tenants", "").unwrap(), None);
        assert!(number("new_tenants", "0").is_err() && number("new_tenants", "-3").is_err());
    }

    #[test]
    fn a_key_lives_a_day_to_a_year() {
        let life = |days: &str| {
            KeyInput {
                days: days.into(),
                ..KeyInput::default()
            }
            .life()
            .ok()
        };
        assert_eq!(life("90"), Some(Duration::days(90)));
        assert_eq!((life("0"), life("366"), life("x")), (None, None, None));
    }
}
