//! The `OpenAPI` document, against the list that the router is made of.

use serde_json::Value;
use tenantry::web::api;
use tenantry::web::api::openapi::document;

#[test]
fn the_committed_document_is_what_the_code_says() {
    let place = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/openapi.json");
    let committed: Value = serde_json::from_str(&std::fs::read_to_string(place).unwrap()).unwrap();
    assert!(
        committed == *document(),
        "tenantry openapi > docs/openapi.json"
    );
}

#[test]
fn every_call_is_in_it_once_with_a_name_of_its_own() {
    let endpoints = api::endpoints();
    let mut ids: Vec<&str> = endpoints.list().iter().map(|one| one.id).collect();
    ids.sort_unstable();
    let all = ids.len();
    ids.dedup();
    assert_eq!((ids.len(), ids.contains(&"")), (all, false));
    for endpoint in endpoints.list() {
        let operation = &document()["paths"][endpoint.path][endpoint.method.to_lowercase()];
        assert_eq!(operation["operationId"], endpoint.id, "{}", endpoint.path);
        assert!(
            !endpoint.summary.is_empty() && !endpoint.group.is_empty(),
            "{}",
            endpoint.id
        );
    }
}

#[test]
fn every_reference_leads_to_a_schema() {
    fn walk(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                if let Some(Value::String(place)) = map.get("$ref") {
                    found.push(place.clone());
                }
                map.values().for_each(|value| walk(value, found));
            }
            Value::Array(all) => all.iter().for_each(|value| walk(value, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(document(), &mut found);
    assert!(!found.is_empty());
    for place in found {
        let pointer = place.trim_start_matches('#');
        assert!(document().pointer(pointer).is_some(), "{place}");
    }
}

#[test]
fn closed_lists_are_closed() {
    let schemas = &document()["components"]["schemas"];
    for (name, word) in [
        ("StateWord", "expired"),
        ("CauseWord", "password_changed"),
        ("WhoWord", "msp"),
        ("ResourceWord", "graph"),
    ] {
        let words = schemas[name]["enum"].as_array().unwrap();
        assert!(words.iter().any(|one| one == word), "{name}: {words:?}");
    }
}
