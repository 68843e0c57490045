//! Token lifetime policies (`tokenLifetimePolicy`). The definition is JSON in a string; what is not understood says nothing.

use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

/// A policy as Graph lists it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LifetimePolicy {
    pub id: Uuid,
    #[serde(default)]
    pub display_name: Option<String>,
    #[serde(default)]
    pub is_organization_default: bool,
    #[serde(default)]
    pub definition: Vec<String>,
}

impl LifetimePolicy {
    /// What the definition says; none when it is not understood.
    fn rules(&self) -> Option<Value> {
        let text = self.definition.first()?;
        let mut definition: Value = serde_json::from_str(text).ok()?;
        let rules = definition.get_mut("TokenLifetimePolicy")?.take();
        rules.is_object().then_some(rules)
    }

    /// Seconds that access tokens live; none when it says nothing about them.
    pub fn access_token_s(&self) -> Option<i64> {
        time_span(self.rules()?.get("AccessTokenLifetime")?.as_str()?)
    }

    /// As it is kept: name, reach, what it says.
    pub fn summary(&self, assigned: bool) -> Value {
        json!({
            "name": self.display_name.as_deref().unwrap_or_default(),
            "organization_default": self.is_organization_default,
            "assigned": assigned,
            "access_token_s": self.access_token_s(),
            "readable": self.rules().is_some(),
        })
    }
}

/// Seconds of a .NET time span, `[d.]hh:mm:ss[.fraction]`.
fn time_span(text: &str) -> Option<i64> {
    let (days, clock) = match text.split_once('.') {
        Some((days, rest)) if rest.contains(':') => (days.parse::<i64>().ok()?, rest),
        _ => (0, text),
    };
    let mut parts = clock.split(':');
    let (hours, minutes, seconds) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let seconds = seconds.split_once('.').map_or(seconds, |(whole, _)| whole);
    let number = |text: &str| text.parse::<u32>().ok().map(i64::from);
    days.checked_mul(86_400)?
        .checked_add(number(hours)? * 3600 + number(minutes)? * 60 + number(seconds)?)
        .filter(|span| *span > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_spans_are_read_and_nothing_else() {
        assert_eq!(time_span("8:00:00"), Some(28_800));
        assert_eq!(time_span("04:30:00"), Some(16_200));
        assert_eq!(time_span("1.00:00:00"), Some(86_400));
        assert_eq!(time_span("00:10:00.5000000"), Some(600));
        for odd in [
            "",
            "until-revoked",
            "8",
            "8:00",
            "00:00:00",
            "1:2:3:4",
            "x.1:0:0",
            "-1:00:00",
        ] {
            assert_eq!(time_span(odd), None, "{odd}");
        }
    }

    #[test]
    fn a_definition_is_read_or_said_not_to_be() {
        let policy = |definition: &str| LifetimePolicy {
            id: Uuid::nil(),
            display_name: Some("Four hours".into()),
            is_organization_default: false,
            definition: vec![definition.into()],
        };
        let four =
            policy(r#"{"TokenLifetimePolicy":{"Version":1,"AccessTokenLifetime":"4:00:00"}}"#);
        assert_eq!(
            four.summary(true),
            json!({"name": "Four hours", "organization_default": false, "assigned": true, "access_token_s": 14_400,
                "readable": true})
        );
        assert_eq!(policy("{").summary(false)["readable"], false);
        assert_eq!(policy("{}").access_token_s(), None);
    }
}
