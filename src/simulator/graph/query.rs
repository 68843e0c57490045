//! The `OData` options that the served calls know: `$select`, and `$filter` with one equality.

use serde::Deserialize;
use serde_json::{Map, Value};

/// `OData` options of a call.
#[derive(Deserialize)]
pub struct OData {
    #[serde(rename = "$select", default)]
    select: Option<String>,
    #[serde(rename = "$filter", default)]
    filter: Option<String>,
}

impl OData {
    /// The fields of `object` that were asked for; without `$select` all of them.
    pub fn pick(&self, object: Value) -> Value {
        let (Some(select), Value::Object(fields)) = (&self.select, &object) else {
            return object;
        };
        let wanted = |name: &str| {
            name.starts_with('@')
                || select
                    .split(',')
                    .any(|s| s.trim().eq_ignore_ascii_case(name))
        };
        let picked: Map<_, _> = fields
            .iter()
            .filter(|(name, _)| wanted(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        Value::Object(picked)
    }

    /// The value that `$filter` asks `field` to equal: `field eq 'value'`.
    pub fn equals(&self, field: &str) -> Option<String> {
        let (name, rest) = self.filter.as_deref()?.trim().split_once(" eq ")?;
        if !name.trim().eq_ignore_ascii_case(field) {
            return None;
        }
        let quoted = rest.trim().strip_prefix('\'')?.strip_suffix('\'')?;
        Some(quoted.replace("''", "'"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn select_keeps_the_named_fields_and_the_context() {
        let odata = OData {
            select: Some("id, displayName".to_owned()),
            filter: None,
        };
        let picked =
            odata.pick(json!({"@odata.context": "c", "id": 1, "displayName": "x", "mail": "m"}));
        assert_eq!(
            picked,
            json!({"@odata.context": "c", "id": 1, "displayName": "x"})
        );
    }

    #[test]
    fn filter_reads_one_equality() {
        let odata = OData {
            select: None,
            filter: Some("clientId eq 'ab''c'".to_owned()),
        };
        assert_eq!(odata.equals("clientId").as_deref(), Some("ab'c"));
        assert_eq!(odata.equals("principalId"), None);
    }
}
