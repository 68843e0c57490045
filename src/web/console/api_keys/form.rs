//! The fields of a key, for a new one and for one that is changed.

use serde::Deserialize;

use crate::config::KeyLimits;
use crate::domain::api_key::{ApiKey, ApiScope, KeyInput, Tenants};
use crate::domain::op::Op;
use crate::domain::technician;
use crate::domain::tenant::FieldError;
use crate::keeper::Resource;
use crate::web::kit::form::{Field, error_at};
use crate::web::kit::viewer::Viewer;

/// The form as it came.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    /// Of the key as it was shown; none where there is none yet.
    pub version: Option<i64>,
    name: String,
    days: String,
    scope: Vec<String>,
    reach: String,
    tags: String,
    tenants: String,
    resource: Vec<String>,
    networks: String,
    calls_per_minute: String,
    hand_outs_per_minute: String,
    new_tenants: String,
}

/// The form as shown.
pub struct Fields {
    pub name: Field,
    pub days: Field,
    pub scopes: Vec<Choice>,
    pub scope_error: String,
    /// `all` or `only`.
    pub reach: String,
    pub reach_error: String,
    pub tags: Field,
    pub tenants: Field,
    pub resources: Vec<Choice>,
    pub resource_error: String,
    pub networks: Field,
    pub calls_per_minute: Field,
    pub hand_outs_per_minute: Field,
    pub new_tenants: Field,
    /// What is so when the three limits are left empty.
    pub hints: [String; 3],
}

/// Something to tick.
pub struct Choice {
    pub word: &'static str,
    pub explanation: &'static str,
    pub chosen: bool,
}

impl Sent {
    pub fn input(&self) -> KeyInput {
        KeyInput {
            name: self.name.clone(),
            days: self.days.clone(),
            scopes: self.scope.clone(),
            reach: self.reach.clone(),
            tags: self.tags.clone(),
            tenants: self.tenants.clone(),
            resources: self.resource.clone(),
            networks: self.networks.clone(),
            calls_per_minute: self.calls_per_minute.clone(),
            hand_outs_per_minute: self.hand_outs_per_minute.clone(),
            new_tenants: self.new_tenants.clone(),
        }
    }

    /// The key was changed or rotated since this form was shown.
    pub fn is_behind(&self, key: &ApiKey) -> bool {
        self.version.is_some_and(|seen| seen != key.version)
    }

    /// What a new key starts with: as little as is of use.
    pub fn fresh() -> Self {
        Self {
            days: "90".into(),
            reach: "only".into(),
            ..Self::default()
        }
    }

    /// As stored. Tenants are shown by their short names.
    pub async fn stored(op: &mut Op, key: &ApiKey) -> Result<Self, sqlx::Error> {
        let rule = &key.rule;
        let (reach, tags, tenants) = match &rule.tenants {
            Tenants::All => ("all", String::new(), String::new()),
            Tenants::Only { tags, tenants } => {
                let named = technician::named(op, tenants).await?;
                let names: Vec<String> = named.into_iter().map(|one| one.short_name).collect();
                ("only", tags.join(", "), names.join(", "))
            }
        };
        let number = |limit: Option<i32>| limit.map(|n| n.to_string()).unwrap_or_default();
        Ok(Self {
            version: Some(key.version),
            name: rule.name.clone(),
            days: String::new(),
            scope: rule.scopes.iter().map(ToString::to_string).collect(),
            reach: reach.into(),
            tags,
            tenants,
            resource: rule
                .resources
                .iter()
                .map(|one| one.as_str().into())
                .collect(),
            networks: rule.networks.join(", "),
            calls_per_minute: number(rule.calls_per_minute),
            hand_outs_per_minute: number(rule.hand_outs_per_minute),
            new_tenants: number(rule.new_tenants),
        })
    }

    /// What was sent, with what is wrong at each field. Scopes that the viewer may not give are not offered.
    pub fn fields(self, viewer: &Viewer, limits: KeyLimits, errors: &[FieldError]) -> Fields {
        let error = |name: &str| error_at(errors, name);
        let field = |name: &str, value: String| Field::new(value).with_error(error(name));
        let scopes = ApiScope::ALL.into_iter();
        Fields {
            scopes: scopes
                .filter(|scope| viewer.may(scope.permission()))
                .map(|scope| Choice {
                    word: scope.as_str(),
                    explanation: scope.explanation(),
                    chosen: self.scope.iter().any(|one| one == scope.as_str()),
                })
                .collect(),
            scope_error: error("scope").unwrap_or_default(),
            reach: self.reach,
            reach_error: error("reach").unwrap_or_default(),
            resources: Resource::ALL
                .into_iter()
                .map(|one| Choice {
                    word: one.as_str(),
                    explanation: one.name(),
                    chosen: self.resource.iter().any(|word| word == one.as_str()),
                })
                .collect(),
            resource_error: error("resource").unwrap_or_default(),
            name: field("name", self.name),
            days: field("days", self.days),
            tags: field("tags", self.tags),
            tenants: field("tenants", self.tenants),
            networks: field("networks", self.networks),
            calls_per_minute: field("calls_per_minute", self.calls_per_minute),
            hand_outs_per_minute: field("hand_outs_per_minute", self.hand_outs_per_minute),
            new_tenants: field("new_tenants", self.new_tenants),
            hints: [
                format!("Empty: as the settings say, {}.", limits.calls),
                format!("Empty: as the settings say, {}.", limits.hand_outs),
                format!(
                    "More, and the key is suspended. Empty: as the settings say, {}.",
                    limits.new_tenants
                ),
            ],
        }
    }
}
