//! What calls take in their address and headers.

use schemars::generate::SchemaGenerator;
use serde_json::{Map, Value, json};

use super::Maker;
use crate::web::api::SchemaOf;
use crate::web::api::endpoint::Endpoint;

impl Maker {
    pub(super) fn parameters(&self, endpoint: &Endpoint) -> Vec<Value> {
        let mut all = Vec::new();
        for part in endpoint.path.split('/') {
            let name = part
                .strip_prefix('{')
                .and_then(|part| part.strip_suffix('}'));
            if let Some(name) = name {
                all.push(in_path(name));
            }
        }
        if let Some(query) = endpoint.query {
            all.extend(query_parameters(query, &self.sent));
        }
        if endpoint.method == "PATCH" {
            all.push(header("If-Match", "The `ETag` that was read, or `*`."));
        }
        if endpoint.once {
            all.push(header(
                "Idempotency-Key",
                "A name for this call, such as a UUID: sent again under it within a day, nothing is done again.",
            ));
        }
        all
    }
}

fn in_path(name: &str) -> Value {
    let (about, schema) = match name {
        "tenant" => (
            "A tenant's id or short name.",
            json!({ "type": "string", "examples": ["contoso"] }),
        ),
        "campaign" => (
            "A campaign's id.",
            json!({ "type": "string", "format": "uuid" }),
        ),
        "alert" => (
            "An alert's id.",
            json!({ "type": "string", "format": "uuid" }),
        ),
        "number" => (
            "The error's number.",
            json!({ "type": "integer", "format": "int64" }),
        ),
        _ => ("Its id.", json!({ "type": "string", "format": "uuid" })),
    };
    json!({ "name": name, "in": "path", "required": true, "description": about, "schema": schema })
}

fn header(name: &str, about: &str) -> Value {
    json!({ "name": name, "in": "header", "required": false, "description": about, "schema": { "type": "string" } })
}

/// Each field of the query's type is a parameter.
fn query_parameters(query: SchemaOf, sent: &SchemaGenerator) -> Vec<Value> {
    // Looked at apart: the query itself is no schema of the document, only what its fields refer to.
    let mut apart = SchemaGenerator::new(sent.settings().clone());
    let whole = query(&mut apart).to_value();
    let definitions = apart.definitions();
    let name = whole.get("$ref").and_then(Value::as_str);
    let name = name.and_then(|name| name.rsplit('/').next());
    let object = name
        .and_then(|name| definitions.get(name))
        .unwrap_or(&whole);
    let required: Vec<&str> = object
        .get("required")
        .and_then(Value::as_array)
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let Some(fields) = object.get("properties").and_then(Value::as_object) else {
        return Vec::new();
    };
    fields
        .iter()
        .map(|(name, schema)| {
            let mut schema = plain(schema, definitions);
            let about = schema
                .as_object_mut()
                .and_then(|map| map.remove("description"));
            json!({
                "name": name,
                "in": "query",
                "required": required.contains(&name.as_str()),
                "description": about.unwrap_or_default().as_str().unwrap_or_default(),
                "schema": schema,
            })
        })
        .collect()
}

/// A parameter cannot be null: it is there or not. References are put in place.
fn plain(schema: &Value, definitions: &Map<String, Value>) -> Value {
    let mut schema = schema.clone();
    if let Some(map) = schema.as_object_mut() {
        if let Some(Value::Array(any)) = map.remove("anyOf") {
            let real = any
                .iter()
                .find(|one| one.get("type").and_then(Value::as_str) != Some("null"));
            if let Some(Value::Object(real)) = real {
                for (key, value) in real {
                    map.entry(key.clone()).or_insert_with(|| value.clone());
                }
            }
        }
        if let Some(Value::String(place)) = map.remove("$ref") {
            let name = place.rsplit('/').next().unwrap_or_default();
            if let Some(Value::Object(found)) = definitions.get(name) {
                for (key, value) in found {
                    map.entry(key.clone()).or_insert_with(|| value.clone());
                }
            }
        }
        let one_type = match map.get("type") {
            Some(Value::Array(types)) => types
                .iter()
                .find(|one| one.as_str() != Some("null"))
                .cloned(),
            _ => None,
        };
        if let Some(one) = one_type {
            map.insert("type".to_owned(), one);
        }
        map.remove("default");
    }
    schema
}
