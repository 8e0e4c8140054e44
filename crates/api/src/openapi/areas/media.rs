//! The doors of the 8.5.2 generation.

use axum::http::Method;
use serde_json::json;

use super::super::operation::{Operation, get, list_of, post, schema, with};

const FILTERS: &[&str] = &["id", "state", "contactId"];

pub(super) fn operations() -> Vec<Operation> {
    let accept = || json!({"operationName": "Accept"});
    let create = || json!({"operationName": "Create", "queueName": "tasks"});
    vec![
        get("/me/emails", "Lists the caller's e-mails").list("emails", "Email", FILTERS),
        get("/me/chats", "Lists the caller's chats").list("chats", "Chat", FILTERS),
        get("/me/workitems", "Lists the caller's work items").list(
            "workitems",
            "Workitem",
            FILTERS,
        ),
        get("/me/openmedia/{type}", "Lists the caller's interactions of an open-media type").list(
            "openmedia",
            "Openmedia",
            FILTERS,
        ),
        post("/me/emails", "Creates an interaction of the medium")
            .and(Method::POST, "/me/chats")
            .and(Method::POST, "/me/workitems")
            .and(Method::POST, "/me/openmedia/{type}")
            .note("Its notification has the request's number.")
            .takes("CreateAtDoor", create()),
        post("/me/emails/{id}", "Does something with an interaction of the medium")
            .and(Method::POST, "/me/chats/{id}")
            .and(Method::POST, "/me/workitems/{id}")
            .and(Method::POST, "/me/openmedia/{type}/{id}")
            .takes("InteractionOperation", accept()),
        get("/emails/{id}", "Shows an e-mail")
            .and_at(&["/email/{id}", "/me/emails/{id}"])
            .one("email", "Email"),
        get("/chat/{id}", "Shows a chat").and_at(&["/me/chats/{id}"]).one("chat", "Chat"),
        get("/workitems/{id}", "Shows a work item")
            .and_at(&["/workitem/{id}", "/me/workitems/{id}"])
            .one("workitem", "Workitem"),
        get("/openmedia/{type}/{id}", "Shows an interaction of an open-media type")
            .and_at(&["/me/openmedia/{type}/{id}"])
            .one("openmedia", "Openmedia"),
        get("/emails/{id}/attachments", "Lists the files of an e-mail")
            .and_at(&["/email/{id}/attachments", "/me/emails/{id}/attachments"])
            .list("attachments", "Attachment", &["id", "name", "contentType", "sentBy"]),
        get("/emails/{id}/attachments/{attachment}", "Gives a file of an e-mail")
            .and_at(&[
                "/email/{id}/attachments/{attachment}",
                "/me/emails/{id}/attachments/{attachment}",
            ])
            .gives_file("*/*"),
        get("/chat/{id}/messages", "Lists what was said in a chat")
            .and_at(&["/me/chats/{id}/messages"])
            .query("index", "The first that is wanted.")
            .answers(with("messages", list_of(schema("LogMessage")))),
    ]
}
