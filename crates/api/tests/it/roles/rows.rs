//! Rows of what a contact center keeps: choices, texts, webhooks and contacts.

use serde_json::json;

use super::{ADMINS, PEOPLE, Row, USERS, delete, get, post, put};

/// What agents choose from.
pub(super) fn chosen() -> Vec<Row> {
    let name = || json!({"displayName": "x"});
    vec![
        get("/settings/agent-states/{id}", USERS),
        post("/settings/agent-states", ADMINS, name()),
        put("/settings/agent-states/{id}", ADMINS, name()),
        post("/settings/agent-states/{id}", ADMINS, name()),
        delete("/settings/agent-states/{id}", ADMINS),
        get("/settings/dispositions", USERS),
        get("/settings/dispositions/{id}", USERS),
        post("/settings/dispositions", ADMINS, name()),
        put("/settings/dispositions/{id}", ADMINS, name()),
        post("/settings/dispositions/{id}", ADMINS, name()),
        delete("/settings/dispositions/{id}", ADMINS),
    ]
}

/// Texts that are kept ready. Whose one is says who may change it.
pub(super) fn responses() -> Vec<Row> {
    let center = || json!({"name": "x", "text": "x", "scope": "Center"});
    let render = || json!({"operationName": "Render"});
    let category = || json!({"categoryId": "x"});
    let standard = || json!({"standardResponseId": "x"});
    vec![
        get("/responses", PEOPLE),
        get("/responses/{id}", PEOPLE),
        post("/responses", ADMINS, center()),
        put("/responses/{id}", PEOPLE, json!({"name": "y"})),
        post("/responses/{id}", PEOPLE, render()),
        delete("/responses/{id}", PEOPLE),
        post("/platform/contactserver/RequestGetRootCategories", PEOPLE, json!({})),
        post("/platform/contactserver/GetApprovedRootCategories", PEOPLE, json!({})),
        post("/platform/contactserver/GetStandardResponseCategory", PEOPLE, category()),
        post("/platform/contactserver/GetStandardResponse", PEOPLE, standard()),
    ]
}

/// Where events are sent.
pub(super) fn webhooks() -> Vec<Row> {
    vec![
        get("/webhooks", ADMINS),
        get("/webhooks/{id}", ADMINS),
        get("/webhooks/{id}/deliveries", ADMINS),
        get("/webhook-events", ADMINS),
        post("/webhooks", ADMINS, json!({"name": "x", "url": "https://crm.example/"})),
        put("/webhooks/{id}", ADMINS, json!({"enabled": false})),
        post("/webhooks/{id}", ADMINS, json!({"operationName": "Test"})),
        delete("/webhooks/{id}", ADMINS),
    ]
}

/// What is about customers.
pub(super) fn contacts() -> Vec<Row> {
    let identify = json!({"operationName": "IdentifyUCSContact", "emailAddress": "a@b"});
    let history = json!({"operationName": "RetrieveContactHistory"});
    vec![
        Row { query: "?search=x", ..get("/ucs/contacts", USERS) },
        get("/ucs/contacts/{id}", USERS),
        put("/ucs/contacts/{id}", PEOPLE, json!({"version": 0, "firstName": "Eve"})),
        post("/ucs/contacts/{id}", ADMINS, json!({"operationName": "Erase"})),
        get("/ucs/contacts/{id}/erasure", ADMINS),
        get("/ucs/contacts/{id}/export", ADMINS),
        post("/contacts/ucs", USERS, identify),
        post("/ucs/contacts/{id}/interactions", USERS, history),
        post("/ucs/interactions/{id}", USERS, json!({"operationName": "GetInteractionContent"})),
    ]
}
