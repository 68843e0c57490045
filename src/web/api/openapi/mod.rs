//! The `OpenAPI` 3.1 document of the API, made of the same list as the router, and the page that shows it. Both are for anybody:
//! they say what can be asked, and nothing of who is here.

mod page;

use std::sync::LazyLock;

use axum::Json;
use axum::response::IntoResponse;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value, json};

use super::endpoint::Endpoint;
use crate::web::kit::policy::Policy;
use crate::web::kit::routes::Routes;

/// Where the page and the document are.
pub const DOCS: &str = "/api/docs";
pub const DOCUMENT: &str = "/api/openapi.json";

/// What any call may answer besides its own.
const ALWAYS: [(u16, &str); 9] = [
    (400, "The address or the body makes no sense."),
    (401, "No key, or one that does not work."),
    (403, "The key may not do this."),
    (404, "Absent, or outside of what the key may see."),
    (414, "The address is too long."),
    (
        429,
        "Too many calls; `Retry-After` says when to come again.",
    ),
    (431, "The headers are too long."),
    (500, "Something went wrong; quote the request id."),
    (
        503,
        "Not possible right now; `Retry-After` says when to come again.",
    ),
];
/// What a call with a body may answer besides.
const WITH_BODY: [(u16, &str); 3] = [
    (413, "The body is larger than 64 KiB."),
    (415, "The body is not JSON."),
    (422, "Fields that cannot be taken."),
];

pub(in crate::web) fn router() -> Routes {
    Routes::new()
        .get(DOCS, Policy::Public, page::show)
        .get(DOCUMENT, Policy::Public, || async {
            Json(document()).into_response()
        })
}

/// The document.
pub fn document() -> &'static Value {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(|| Maker::new().make());
    &DOCUMENT
}

struct Maker {
    /// What is sent, and what is answered: defaults may be left out of the one and are in the other.
    sent: SchemaGenerator,
    given: SchemaGenerator,
    paths: Map<String, Value>,
}

impl Maker {
    fn new() -> Self {
        let settings = SchemaSettings::draft2020_12().with(|settings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
        });
        Self {
            sent: settings.clone().for_deserialize().into_generator(),
            given: settings.for_serialize().into_generator(),
            paths: Map::new(),
        }
    }

    fn make(mut self) -> Value {
        let endpoints = super::endpoints();
        let mut groups: Vec<&str> = Vec::new();
        for endpoint in endpoints.list() {
            if !groups.contains(&endpoint.group) {
                groups.push(endpoint.group);
            }
            let operation = self.operation(endpoint);
            let path = self.paths.entry(endpoint.path).or_insert_with(|| json!({}));
            if let Some(methods) = path.as_object_mut() {
                methods.insert(endpoint.method.to_lowercase(), operation);
            }
        }
        let mut schemas = self.given.take_definitions(true);
        schemas.extend(self.sent.take_definitions(true));
        schemas.insert("Problem".to_owned(), problem());
        schemas.sort_keys();
        let tags: Vec<Value> = groups.iter().map(|name| json!({ "name": name })).collect();
        json!({
            "openapi": "3.1.0",
            "info": {
                "title": "Tenantry",
                "version": "1",
                "description": ABOUT,
            },
            "servers": [{ "url": "/" }],
            "security": [{ "key": [] }],
            "tags": tags,
            "paths": self.paths,
            "components": {
                "schemas": schemas,
                "securitySchemes": {
                    "key": {
                        "type": "http",
                        "scheme": "bearer",
                        "bearerFormat": "pk_…",
                        "description": "An API key of the page Security, API keys.",
                    },
                },
            },
        })
    }

    fn operation(&mut self, endpoint: &Endpoint) -> Value {
        let mut operation = Map::new();
        operation.insert("operationId".into(), endpoint.id.into());
        operation.insert("tags".into(), json!([endpoint.group]));
        operation.insert("summary".into(), endpoint.summary.into());
        let scope = endpoint.scope.map(crate::domain::api_key::ApiScope::as_str);
        let needs = match scope {
            Some(scope) => format!("Scope: `{scope}`."),
            None => "Any key may call it.".to_owned(),
        };
        let about = format!("{} {needs}", endpoint.about);
        operation.insert("description".into(), about.trim().into());
        let scopes: Vec<&str> = scope.into_iter().collect();
        operation.insert("security".into(), json!([{ "key": scopes }]));
        let parameters = self.parameters(endpoint);
        if !parameters.is_empty() {
            operation.insert("parameters".into(), parameters.into());
        }
        if let Some(body) = endpoint.body {
            let schema = body(&mut self.sent);
            operation.insert(
                "requestBody".into(),
                json!({ "required": true, "content": { "application/json": { "schema": schema } } }),
            );
        }
        operation.insert("responses".into(), self.responses(endpoint));
        operation.into()
    }

    fn parameters(&mut self, endpoint: &Endpoint) -> Vec<Value> {
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

    fn responses(&mut self, endpoint: &Endpoint) -> Value {
        let mut all = Map::new();
        let success = match endpoint.reply {
            Some(reply) => {
                let schema = reply(&mut self.given);
                json!({ "description": "Done.", "content": { "application/json": { "schema": schema } } })
            }
            None => json!({ "description": "Done; nothing to say." }),
        };
        all.insert(endpoint.status.to_string(), success);
        let mut common: Vec<(u16, &str)> = ALWAYS.to_vec();
        if endpoint.body.is_some() {
            common.extend(WITH_BODY);
        }
        if endpoint.once {
            common.push((
                409,
                "The call with this `Idempotency-Key` is still running.",
            ));
        }
        for (status, about) in common {
            all.insert(status.to_string(), refusal(about, endpoint, status));
        }
        for (status, _) in endpoint.problems {
            let about = "Not possible as things are.";
            all.entry(status.to_string())
                .or_insert_with(|| refusal(about, endpoint, *status));
        }
        all.sort_keys();
        all.into()
    }
}

const ABOUT: &str = "Ask with the header `Authorization: Bearer pk_…`. Refusals are `application/problem+json` (RFC 9457) with a \
    `code` that does not change its meaning. Lists come in pages: send `next_cursor` as `cursor`. Each answer says how many calls of \
    the minute are left (`RateLimit-Remaining`). Fields and parameters that a call does not know are refused.";

fn refusal(about: &str, endpoint: &Endpoint, status: u16) -> Value {
    let own = endpoint
        .problems
        .iter()
        .filter(|(known, _)| *known == status);
    let codes: Vec<String> = own.map(|(_, code)| format!("`{code}`")).collect();
    let about = if codes.is_empty() {
        about.to_owned()
    } else {
        format!("{about} Among the codes: {}.", codes.join(", "))
    };
    json!({
        "description": about,
        "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
    })
}

fn problem() -> Value {
    json!({
        "type": "object",
        "description": "Why nothing was done (RFC 9457). Some codes have members of their own.",
        "required": ["type", "title", "status", "code", "detail", "request_id"],
        "properties": {
            "type": { "type": "string" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "code": { "type": "string", "description": "For programs; never changes its meaning." },
            "detail": { "type": "string", "description": "What can be done, for people." },
            "request_id": { "type": "string", "description": "As in our log." },
            "errors": {
                "type": "array",
                "description": "Fields that cannot be taken.",
                "items": {
                    "type": "object",
                    "required": ["field", "message"],
                    "properties": { "field": { "type": "string" }, "message": { "type": "string" } },
                },
            },
        },
        "examples": [{
            "type": "about:blank", "title": "Not found", "status": 404, "code": "not_found",
            "detail": "There is nothing at this address, or this key may not see it.",
            "request_id": "0193a1b2-0000-7000-8000-000000000000",
        }],
    })
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
fn query_parameters(query: super::SchemaOf, sent: &SchemaGenerator) -> Vec<Value> {
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
