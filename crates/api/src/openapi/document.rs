//! The document, put together.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::areas::{AREAS, Area};
use crate::wire::resource::API_ROOT;

/// The schemas, by file.
const SCHEMAS: [&str; 10] = [
    include_str!("schemas/common.json"),
    include_str!("schemas/agents.json"),
    include_str!("schemas/center.json"),
    include_str!("schemas/interactions.json"),
    include_str!("schemas/messages.json"),
    include_str!("schemas/bodies.json"),
    include_str!("schemas/operations.json"),
    include_str!("schemas/signin.json"),
    include_str!("schemas/responses.json"),
    include_str!("schemas/webhooks.json"),
];

/// What references to schemas begin with.
pub(super) const SCHEMA: &str = "#/components/schemas/";

const ABOUT: &str = "Handoff gets every customer interaction to exactly one agent. Every answer \
    has an integer `statusCode`; one that is not 0 has a sentence beside it that tells what to \
    do. Clients ignore fields that they do not know.";

/// Refusals by status.
const REFUSALS: [(&str, &str); 12] = [
    ("400", "A parameter or field is missing (1), wrong (10) or cannot be changed (11)."),
    ("401", "There were no credentials, or wrong ones (20)."),
    (
        "403",
        "It is somebody else's (3), their roles do not allow it (5), or another password \
        must be chosen first (8).",
    ),
    ("404", "It does not exist, or is not visible to the caller (6)."),
    ("405", "The path has other methods for users (10)."),
    ("408", "The body did not arrive in time (10)."),
    ("409", "The state does not allow it (2), it exists (18), or it is in use (19)."),
    ("413", "The body is too large (10)."),
    ("415", "The body is not of the right type, or is compressed (10)."),
    ("429", "There were too many requests (10)."),
    ("500", "The server failed (4)."),
    ("503", "The server cannot do it now (4)."),
];

/// Makes the document.
pub(super) fn document() -> Value {
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {"title": "Handoff", "version": env!("CARGO_PKG_VERSION"), "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        "servers": [{"url": API_ROOT}],
        "tags": tags(),
        "paths": paths(),
        "components": {
            "responses": responses(),
            "parameters": {"Key": {"name": "Idempotency-Key", "in": "header",
                "description": "A repetition with the same key within 24 hours gets the first \
                    answer, and changes nothing.",
                "schema": {"type": "string"}}},
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "JSESSIONID"},
                "csrf": {"type": "apiKey", "in": "header", "name": "X-CSRF-TOKEN",
                    "description": "With a cookie alone, on everything but GET: what the answer \
                        to a GET had in this header."},
            },
        },
    });
    document["components"]["schemas"] = schemas_of(&document);
    document
}

fn tags() -> Value {
    AREAS
        .iter()
        .map(|Area { name, about, .. }| json!({"name": name, "description": about}))
        .collect()
}

fn paths() -> Value {
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for Area { name, operations, server, .. } in AREAS {
        for operation in operations() {
            for place in &operation.places {
                let at = paths.entry(place.1).or_default();
                at.insert(place.0.as_str().to_lowercase(), operation.at(place, name));
                if let Some(server) = server {
                    at.insert("servers".to_owned(), json!([{"url": server}]));
                }
            }
        }
    }
    json!(paths)
}

/// Returns the schemas that a document refers to, and those that they refer to.
pub(super) fn schemas_of(document: &Value) -> Value {
    let all: Map<String, Value> = SCHEMAS.into_iter().flat_map(read).collect();
    let mut wanted = BTreeSet::new();
    let mut open = Vec::new();
    note_references(document, &mut open);
    while let Some(name) = open.pop() {
        let schema = all.get(&name).unwrap_or_else(|| panic!("there is no schema {name}"));
        if wanted.insert(name) {
            note_references(schema, &mut open);
        }
    }
    all.into_iter().filter(|(name, _)| wanted.contains(name)).collect::<Map<_, _>>().into()
}

fn read(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).expect("the files of schemas are JSON")
}

fn note_references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| note_references(item, found)),
        Value::Object(fields) => {
            let reference = fields.get("$ref").and_then(Value::as_str);
            found.extend(reference.and_then(|it| it.strip_prefix(SCHEMA)).map(str::to_owned));
            fields.values().for_each(|field| note_references(field, found));
        }
        _ => {}
    }
}

/// Returns the refusals by status, and beside them those of the doors that customers have as well.
fn responses() -> Value {
    let users = super::operation::schema("Refusal");
    let either = json!({"anyOf": [users, super::operation::schema("CustomersRefusal")]});
    let mut all = Map::new();
    for (kind, schema) in [("", users), ("customers-", either)] {
        for (status, text) in REFUSALS {
            let content = json!({"application/json": {"schema": schema}});
            let mut response = json!({"description": text, "content": content});
            if matches!(status, "429" | "503") {
                response["headers"] = json!({"Retry-After": {"schema": {"type": "integer"}}});
            }
            all.insert(format!("{kind}{status}"), response);
        }
    }
    all.into()
}
