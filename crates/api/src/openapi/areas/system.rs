//! The server itself.

use serde_json::json;

use super::super::operation::{Operation, get, list_of, post, schema, with};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        get("/diagnostics/version", "Tells the version")
            .by_everybody()
            .answers(with("version", json!({"type": "string"}))),
        get("/system/nodes", "Lists the nodes that serve")
            .answers(with("nodes", list_of(schema("Node")))),
        post("/system/routing/what-if", "Tells what other rules would have come to")
            .note("Nothing is changed.")
            .takes(
                "WhatIfQuestion",
                json!({"hours": 8,
                    "queues": [{"id": "00000000-0000-0000-0000-000000000051",
                        "steps": [{"after": 20, "groups": ["Sales"]}]}]}),
            )
            .gives("WhatIf"),
        get("/center/statistics", "Tells what happened, counted")
            .note("Supervisors and admins are told. `Accept: text/csv` gives a table.")
            .query("from", "A moment (ISO 8601) or a day; the beginning of today without it.")
            .query("to", "A moment (ISO 8601) or a day, before which it ends; now without it.")
            .query(
                "by",
                "One of queue, agent, group, channel, service and disposition, one of quarterHour, \
                 hour and day, or one of each with a comma between them.",
            )
            .gives("Statistics")
            .or_file("text/csv"),
        get("/openapi.json", "Gives this document")
            .and_at(&["/asyncapi.json"])
            .note("`/asyncapi.json` is that of what CometD tells.")
            .by_everybody()
            .answers(json!({"type": "object", "additionalProperties": true})),
        get("/docs", "Shows this document as a page").by_everybody().gives_file("text/html"),
    ]
}

pub(super) fn health() -> Vec<Operation> {
    vec![
        get("/healthz", "Says that the process answers").by_operators().gives("Health"),
        get("/readyz", "Says whether the server is well").by_operators().gives("Health"),
    ]
}
