//! Interactions, and what agents do with theirs.

use serde_json::json;

use super::super::operation::{Operation, delete, get, list_of, post, put, schema, with};

const FILTERS: &[&str] = &[
    "id",
    "externalId",
    "channel",
    "state",
    "currentQueue",
    "assignedTo",
    "contactId",
    "interactionType",
];

pub(super) fn operations() -> Vec<Operation> {
    let mut all = own();
    all.extend(of_the_center());
    all
}

fn own() -> Vec<Operation> {
    vec![
        get("/me/interactions", "Lists what the caller works on or is offered").list(
            "interactions",
            "InteractionStateMessage",
            FILTERS,
        ),
        post("/me/interactions", "Creates an interaction in the caller's hands")
            .takes(
                "CreateInteraction",
                json!({"operationName": "Create", "channel": "workitem", "queueName": "tasks"}),
            )
            .gives("Made"),
        post("/me/interactions/{id}", "Does something with an interaction")
            .note("What the reader may do now is in `operations` of the interaction.")
            .takes("InteractionOperation", json!({"operationName": "Accept"})),
        get("/me/interactions/{id}/attachments", "Lists the files of an interaction").list(
            "attachments",
            "Attachment",
            &["id", "name", "contentType", "sentBy"],
        ),
        post("/me/interactions/{id}/attachments", "Sends a file, or attaches it to a draft")
            .takes_file()
            .answers(
                json!({"allOf": [schema("Made"), {"type": "object", "required": ["documentId"],
                "properties": {"documentId": {"type": "string"}}}]}),
            ),
        get("/me/interactions/{id}/attachments/{attachment}", "Gives a file").gives_file("*/*"),
        delete("/me/interactions/{id}/attachments/{attachment}", "Takes a file back"),
        get("/me/interactions/{id}/raw", "Gives an e-mail as it came").gives_file("message/rfc822"),
        get("/me/interactions/{id}/letter", "Gives an e-mail as a page")
            .query("pictures", "`remote` shows pictures of other hosts.")
            .gives_file("text/html"),
    ]
}

fn of_the_center() -> Vec<Operation> {
    vec![
        get("/interactions", "Lists or searches the interactions that the caller may see")
            .note(
                "What is active, in order of the ids. With `search`, `from`, `to`, `sort` or a \
                finished `state`: all that the caller may see, finished work included, at most \
                100 on a page.",
            )
            .list("interactions", "FoundInteraction", FILTERS)
            .query("search", "Words that are all there, `\"phrases\"`, and `-words` that are not.")
            .query("from", "Shows only what came, or in the order of ends ended, from then on.")
            .query("to", "The same before then; a day is included.")
            .query("sort", "`-receivedDate`, `receivedDate`, or without words `-endedDate`."),
        post("/interactions", "Submits an interaction")
            .takes(
                "CreateInteraction",
                json!({"operationName": "Create", "channel": "workitem", "queueName": "tasks",
                    "subject": "Invoice", "userData": {"customer": "4711"}}),
            )
            .gives("Made"),
        get("/interactions/{id}", "Shows an interaction").one("interaction", "Interaction"),
        post("/interactions/{id}", "Does something with anybody's interaction")
            .note("By supervisors. What they may do now is in `operations` of the interaction.")
            .takes("OnBehalf", json!({"operationName": "Widen"})),
        put("/interactions/{id}", "Changes properties of an interaction").takes(
            "InteractionChange",
            json!({"subject": "Invoice 12", "userData": {"paid": true}}),
        ),
        get("/interactions/{id}/routing", "Tells why an interaction waits")
            .answers(with("routing", schema("Routing"))),
        get("/interactions/{id}/operations", "Tells what the caller may do with it, and why not")
            .answers(with("operations", list_of(schema("OperationState")))),
        get("/interactions/{id}/targets", "Lists to whom it can be handed")
            .query("search", "Words of names.")
            .query("kind", "`User` or `Queue`.")
            .parts("targets", "Target", &[]),
        get("/interactions/{id}/draft-versions", "Lists the texts that a draft had before")
            .answers(with("versions", list_of(schema("DraftVersion")))),
        get("/interactions/{id}/draft-versions/{number}", "Shows a text that a draft had")
            .answers(with("version", schema("DraftText"))),
        get("/interactions/{id}/notes", "Lists what people remarked on it")
            .answers(with("notes", list_of(schema("Note")))),
        post("/interactions/{id}/notes", "Remarks something on it")
            .takes("NoteBody", json!({"text": "She calls back on Monday."})),
        get("/interactions/{id}/events", "Lists what happened to it").parts(
            "events",
            "HistoryEntry",
            &[],
        ),
        get("/interactions/{id}/thread", "Lists the e-mails of its thread").list(
            "interactions",
            "Interaction",
            FILTERS,
        ),
        get("/contacts/{id}/interactions", "Lists what was exchanged with a contact").list(
            "interactions",
            "Interaction",
            FILTERS,
        ),
    ]
}
