//! To whom work can be handed, and people outside.

use serde_json::json;

use super::super::operation::{Operation, get, post, put, schema, with};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        get("/contacts", "Lists to whom work can be handed").list(
            "contacts",
            "Contact",
            &[
                "id",
                "name",
                "type",
                "userName",
                "firstName",
                "lastName",
                "channel",
                "filterName",
                "filterParameters",
                "search",
            ],
        ),
        get("/contacts/{id}", "Shows to whom work can be handed").one("contact", "Contact"),
        post("/contacts/ucs", "Asks which contact an address is")
            .note("The answer comes on `/v2/ucs/interactions`.")
            .takes(
                "IdentifyContact",
                json!({"operationName": "IdentifyUCSContact", "emailAddress": "ann@example.com"}),
            ),
        get("/ucs/contacts", "Searches contacts")
            .needs("search", "Words with which names, addresses or numbers begin.")
            .list("contacts", "KnownContact", &[]),
        get("/ucs/contacts/{id}", "Shows what is known of a contact")
            .one("contact", "KnownContact"),
        put("/ucs/contacts/{id}", "Writes down what is known of a contact")
            .takes("ContactChange", json!({"version": 0, "firstName": "Ann", "language": "da"}))
            .answers(with("contact", schema("KnownContact"))),
        post("/ucs/contacts/{id}", "Erases a contact")
            .note(
                "With `dryRun` it is only counted what there is. The erasure goes on after the \
                 answer; `GET /ucs/contacts/{id}/erasure` says how far it is.",
            )
            .takes("EraseContact", json!({"operationName": "Erase", "dryRun": true}))
            .answers(with("erasure", schema("Erasure"))),
        get("/ucs/contacts/{id}/erasure", "Shows how the erasure of a contact goes or went")
            .answers(with("erasure", schema("Erasure"))),
        get("/ucs/contacts/{id}/export", "Gives all that is known of a contact")
            .note("One tar archive of JSON and files.")
            .gives_file("application/x-tar"),
        post("/ucs/contacts/{id}/interactions", "Asks what was exchanged with a contact")
            .note("The answer comes on `/v2/ucs/interactions`.")
            .takes("RetrieveHistory", json!({"operationName": "RetrieveContactHistory"})),
        post("/ucs/interactions/{id}", "Asks what is in an interaction")
            .note("The answer comes on `/v2/ucs/interactions`.")
            .takes("GetContent", json!({"operationName": "GetInteractionContent"})),
    ]
}
