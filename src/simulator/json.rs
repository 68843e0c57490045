//! Adding fields to JSON answers that depend on what was found.

use serde_json::Value;

/// Set a field of a JSON object.
pub fn put(object: &mut Value, name: &str, value: Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(name.to_owned(), value);
    }
}
