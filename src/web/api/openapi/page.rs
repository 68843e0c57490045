//! The document as a page for people.

use askama::Template;
use askama_web::WebTemplate;
use axum::Extension;
use serde_json::Value;

use super::super::endpoint::Endpoint;
use super::document;
use crate::domain::api_key::ApiScope;
use crate::web::kit::headers::Nonce;

#[derive(Template, WebTemplate)]
#[template(path = "api/docs.html")]
pub(super) struct Docs {
    nonce: String,
    about: String,
    scopes: Vec<(&'static str, &'static str)>,
    groups: Vec<Group>,
    schemas: Vec<Schema>,
}

struct Group {
    name: &'static str,
    calls: Vec<Call>,
}

/// One call as the page shows it.
struct Call {
    id: &'static str,
    method: &'static str,
    path: &'static str,
    summary: &'static str,
    about: String,
    scope: &'static str,
    status: u16,
    parameters: Vec<Field>,
    body: Option<String>,
    reply: Option<String>,
    problems: &'static [(u16, &'static str)],
}

/// A parameter, or a field of a schema.
struct Field {
    name: String,
    kind: String,
    about: String,
    required: bool,
}

struct Schema {
    name: String,
    about: String,
    /// Of a closed list.
    words: Vec<String>,
    fields: Vec<Field>,
}

pub(super) async fn show(nonce: Option<Extension<Nonce>>) -> Docs {
    let nonce = nonce.map(|Extension(nonce)| nonce.as_str().to_owned());
    let mut groups: Vec<Group> = Vec::new();
    for endpoint in super::super::endpoints().list() {
        let call = Call::of(endpoint);
        match groups.iter_mut().find(|group| group.name == endpoint.group) {
            Some(group) => group.calls.push(call),
            None => groups.push(Group {
                name: endpoint.group,
                calls: vec![call],
            }),
        }
    }
    let schemas = document().pointer("/components/schemas");
    let schemas = schemas.and_then(Value::as_object).into_iter().flatten();
    Docs {
        nonce: nonce.unwrap_or_default(),
        about: text(document(), "/info/description").replace('`', ""),
        scopes: ApiScope::ALL
            .map(|scope| (scope.as_str(), scope.explanation()))
            .into(),
        groups,
        schemas: schemas
            .map(|(name, schema)| Schema::of(name, schema))
            .collect(),
    }
}

impl Call {
    fn of(endpoint: &Endpoint) -> Self {
        let paths = document().get("paths");
        let operation = paths.and_then(|paths| {
            let path = paths.get(endpoint.path)?;
            path.get(endpoint.method.to_lowercase())
        });
        let operation = operation.unwrap_or(&Value::Null);
        let parameters = operation.get("parameters").and_then(Value::as_array);
        let status = endpoint.status.to_string();
        Self {
            id: endpoint.id,
            method: endpoint.method,
            path: endpoint.path,
            summary: endpoint.summary,
            about: endpoint.about.replace('`', ""),
            scope: endpoint.scope.map_or("any key", |scope| scope.as_str()),
            status: endpoint.status,
            parameters: parameters
                .into_iter()
                .flatten()
                .map(|one| Field {
                    name: format!("{} ({})", text(one, "/name"), text(one, "/in")),
                    kind: one.get("schema").map(kind).unwrap_or_default(),
                    about: text(one, "/description").replace('`', ""),
                    required: one.get("required") == Some(&Value::Bool(true)),
                })
                .collect(),
            body: named(
                operation,
                "/requestBody/content/application~1json/schema/$ref",
            ),
            reply: named(
                operation,
                &format!("/responses/{status}/content/application~1json/schema/$ref"),
            ),
            problems: endpoint.problems,
        }
    }
}

impl Schema {
    fn of(name: &str, schema: &Value) -> Self {
        let required = schema.get("required").and_then(Value::as_array);
        let is_required =
            |name: &str| required.is_some_and(|all| all.iter().any(|one| one == name));
        let words = schema.get("enum").and_then(Value::as_array);
        let fields = schema.get("properties").and_then(Value::as_object);
        Self {
            name: name.to_owned(),
            about: text(schema, "/description").replace('`', ""),
            words: words
                .into_iter()
                .flatten()
                .filter_map(|word| word.as_str().map(str::to_owned))
                .collect(),
            fields: fields
                .into_iter()
                .flatten()
                .map(|(name, field)| Field {
                    name: name.clone(),
                    kind: kind(field),
                    about: text(field, "/description").replace('`', ""),
                    required: is_required(name),
                })
                .collect(),
        }
    }
}

fn text(value: &Value, place: &str) -> String {
    let text = value.pointer(place).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

/// The name of the schema that is referred to there.
fn named(operation: &Value, place: &str) -> Option<String> {
    let name = text(operation, place);
    let name = name.rsplit('/').next()?;
    (!name.is_empty()).then(|| name.to_owned())
}

/// What a value is, in a word or two.
fn kind(schema: &Value) -> String {
    if let Some(name) = named(schema, "/$ref") {
        return name;
    }
    if let Some(any) = schema.get("anyOf").and_then(Value::as_array) {
        let kinds: Vec<String> = any.iter().map(kind).collect();
        return kinds.join(" or ");
    }
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
        return words.join(", ");
    }
    let types = match schema.get("type") {
        Some(Value::String(one)) => one.clone(),
        Some(Value::Array(all)) => {
            let all: Vec<&str> = all.iter().filter_map(Value::as_str).collect();
            all.join(" or ")
        }
        _ => String::new(),
    };
    match (schema.get("items"), text(schema, "/format")) {
        (Some(items), _) => format!("list of {}", kind(items)),
        (None, format) if format.is_empty() => types,
        (None, format) => format!("{types} ({format})"),
    }
}
