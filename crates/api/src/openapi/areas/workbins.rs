//! Workbins: what lies in them, and what agents do there.

use axum::http::Method;
use serde_json::{Value, json};

use super::super::operation::{Operation, delete, get, list_of, page, post, put, schema};

const FILTERS: &[&str] = &["id", "name", "workbinName", "displayName", "type"];

pub(super) fn operations() -> Vec<Operation> {
    let pull = || json!({"operationName": "PullInteraction", "id": "0000Ha8S2A7X000N"});
    let change = json!({"name": "Team", "type": "AgentGroup", "group": "Support"});
    vec![
        get("/workbins", "Lists the workbins that the caller may use")
            .query("definitions", "`true` shows admins what is defined.")
            .and_at(&["/users/{id}/workbins", "/{user}/workbins"])
            .list("workbins", "Workbin", FILTERS),
        get("/me/workbins", "Lists the caller's workbins").list("workbins", "Workbin", FILTERS).or(
            json!({"allOf": [schema("Uris"), {"type": "object", "required": ["status", "workbins"],
                "properties": {"status": {"const": 0},
                    "workbins": list_of(schema("OldWorkbin"))}}]}),
        ),
        post("/me/workbins", "Listens to workbins, or no more")
            .needs("workbinIds", "Ids or names, with commas between them.")
            .takes("WatchWorkbins", json!({"operationName": "Subscribe"}))
            .gives_one_of(&["Watched", "Partly"]),
        get("/workbins/{id}", "Shows a workbin")
            .query("subresources", "What of its content to show along: names with commas, or `*`.")
            .and_at(&[
                "/me/workbins/{id}",
                "/users/{id}/workbins/{workbin}",
                "/{user}/workbins/{workbin}",
            ])
            .one("workbin", "Workbin"),
        get("/workbins/{id}/{content}", "Lists what lies in a workbin")
            .and_at(&[
                "/me/workbins/{id}/{content}",
                "/users/{id}/workbins/{workbin}/{content}",
                "/{user}/workbins/{workbin}/{content}",
            ])
            .listing(&[])
            .answers(content()),
        post("/me/workbins/{id}", "Moves work into or out of a workbin, or listens to it")
            .and(Method::POST, "/users/{id}/workbins/{workbin}")
            .and(Method::POST, "/{user}/workbins/{workbin}")
            .takes("WorkbinOperation", pull()),
        post("/workbins", "Makes a workbin, or listens to several")
            .query("workbinIds", "To listen: ids or names, with commas between them.")
            .takes_one_of(&["WorkbinChange", "WatchWorkbins"], change)
            .gives_one_of(&["Made", "Watched", "Partly"]),
        post("/workbins/{id}", "Moves work into or out of a workbin, listens to it, or changes it")
            .takes_one_of(&["WorkbinOperation", "WorkbinChange"], pull()),
        put("/workbins/{id}", "Changes a workbin").takes("WorkbinChange", json!({"name": "Crew"})),
        delete("/workbins/{id}", "Removes a workbin"),
    ]
}

/// Returns the schema of what lies in a workbin: all of it, or one medium's, which the path names.
fn content() -> Value {
    let kinds = [
        ("interactions", "InteractionStateMessage"),
        ("emails", "Email"),
        ("chats", "Chat"),
        ("workitems", "Workitem"),
        ("openmedia", "Openmedia"),
    ];
    let pages = kinds.map(|(plural, name)| page(plural, name));
    json!({"anyOf": std::iter::once(schema("Uris")).chain(pages).collect::<Vec<_>>()})
}
