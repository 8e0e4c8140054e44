//! The simple API of customers. Users have some of the paths as well.

use serde_json::{Value, json};

use super::super::operation::{Operation, get, list_of, post, schema, with};

pub(super) fn operations() -> Vec<Operation> {
    let key = "The customer's `secureKey`, where there is no cookie.";
    let list = || with("messages", list_of(schema("LogMessage")));
    vec![
        post("/chats", "Begins a chat")
            .by_customers()
            .takes("RequestChat", json!({"operationName": "RequestChat", "nickname": "Ann"}))
            .answers(standing(json!({"type": "object",
            "required": ["statusCode", "id", "path", "secureKey"], "properties": {
                "statusCode": {"const": 0},
                "id": schema("InteractionId"),
                "path": {"type": "string"},
                "secureKey": {"type": "string"},
            }}))),
        get("/chats/{id}", "Shows a chat, to a user or to its customer")
            .by_customers()
            .query("secureKey", key)
            .one("chat", "Chat")
            .or(standing(with("chat", schema("CustomersChat")))),
        post("/chats/{id}", "Does what customers do in their chat")
            .by_customers()
            .takes("CustomerOperation", json!({"operationName": "SendMessage", "text": "Hello?"}))
            .answers(standing(json!({"type": "object", "required": ["statusCode"],
                "properties": {"statusCode": {"const": 0}}}))),
        get("/chats/{id}/messages", "Lists what was said in a chat, to a user or to its customer")
            .by_customers()
            .query("secureKey", key)
            .query("index", "The first that is wanted.")
            .answers(standing(list())),
    ]
}

/// Returns the schema of an answer that tells where its customer is in line.
fn standing(answer: Value) -> Value {
    json!({"allOf": [answer, schema("Standing")]})
}
