//! The `OpenAPI` 3.1 document of the API, made of the same list as the router, and the page that shows it. Both are for anybody:
//! they say what can be asked, and nothing of who is here.

mod answers;
mod page;
mod parameters;

use std::sync::LazyLock;

use axum::Json;
use axum::response::IntoResponse;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value, json};

use super::endpoint::Endpoint;
use crate::web::kit::policy::Policy;
use crate::web::kit::routes::Routes;

/// Where the page and the document are.
pub const DOCS: &str = crate::web::kit::paths::API_DOCS;
pub const DOCUMENT: &str = "/api/openapi.json";

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
        schemas.insert("Problem".to_owned(), answers::problem());
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
}

const ABOUT: &str = "Ask with the header `Authorization: Bearer pk_…`. Refusals are `application/problem+json` (RFC 9457) with a \
    `code` that does not change its meaning. Lists come in pages: send `next_cursor` as `cursor`. Each answer says how many calls of \
    the minute are left (`RateLimit-Remaining`). Fields and parameters that a call does not know are refused.";
