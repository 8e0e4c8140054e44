//! Standard responses: texts that are kept ready.

use serde_json::{Value, json};

use super::super::operation::{Operation, delete, get, post, put};

pub(super) fn operations() -> Vec<Operation> {
    let change =
        || -> Value { json!({"name": "Greeting", "text": "Hello {{ contact.firstName }}"}) };
    let filters = &["channel", "search", "language", "category", "scope"];
    vec![
        get("/responses", "Lists the responses that the caller can use, the best first").list(
            "responses",
            "Response",
            filters,
        ),
        post("/responses", "Keeps a response").takes("ResponseChange", change()).gives("Made"),
        get("/responses/{id}", "Shows a response").one("response", "Response"),
        put("/responses/{id}", "Changes a response").takes("ResponseChange", change()),
        post("/responses/{id}", "Fills a response in")
            .takes("ResponseOperation", json!({"operationName": "Render"}))
            .one("rendered", "Rendered"),
        delete("/responses/{id}", "Removes a response"),
        asked("/platform/contactserver/RequestGetRootCategories", "Lists the root categories"),
        asked(
            "/platform/contactserver/GetApprovedRootCategories",
            "Lists the root categories with responses that are not somebody's own",
        ),
        asked("/platform/contactserver/GetStandardResponseCategory", "Shows a category"),
        asked("/platform/contactserver/GetStandardResponse", "Shows a response to old clients"),
    ]
}

/// As clients of the platform ask.
fn asked(path: &'static str, summary: &'static str) -> Operation {
    let example = json!({"categoryId": "Billing"});
    post(path, summary).takes("ResponsesAsked", example).gives("ResponsesTold")
}
