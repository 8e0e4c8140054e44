//! The caller, their session and channels.

use axum::http::Method;
use serde_json::{Value, json};

use super::super::operation::{Operation, delete, get, list_of, post, put, schema, with};

pub(super) fn operations() -> Vec<Operation> {
    let mut all = vec![
        get("/session", "Tells a page what it needs before anybody signs in")
            .by_everybody()
            .answers(json!({"type": "object",
            "required": ["statusCode", "center", "methods", "providers", "demo", "version"],
            "properties": {
                "statusCode": {"const": 0},
                "center": {"type": ["string", "null"]},
                "methods": list_of(json!({"type": "string"})),
                "providers": list_of(schema("SignInProvider")),
                "demo": list_of(schema("DemoAccount")),
                "version": {"type": "string"},
            }})),
        get("/me", "Shows the caller")
            .query("subresources", "What to show along: names with commas, or `*`.")
            .one("user", "Me"),
        post("/me", "Begins or ends the session, or changes all channels")
            .takes_one_of(
                &["StartSession", "EndSession", "ChannelOperation", "ChangePassword"],
                json!({"operationName": "StartContactCenterSession",
                    "channels": ["chat", "email"]}),
            )
            .gives_one_of(&["Done", "Partly"]),
        delete("/me/session", "Signs out"),
        get("/me/settings/desk", "Shows what the caller has set at the desk")
            .answers(with("settings", schema("DeskSettings"))),
        put("/me/settings/desk", "Replaces what the caller has set at the desk")
            .takes("DeskSettings", json!({"sound": false})),
        get("/me/channels", "Lists the caller's channels").list(
            "channels",
            "ChannelWithRoom",
            &["channel", "dndState"],
        ),
        get("/me/channels/{channel}", "Shows a channel of the caller's")
            .one("channel", "ChannelWithRoom"),
        post("/me/channels/{channel}", "Changes a channel of the caller's")
            .takes("ChannelOperation", json!({"operationName": "NotReady", "reason": "Lunch"})),
        post("/users/{id}/channels/{channel}", "Changes a channel of another, or follows chats")
            .takes_one_of(&["ChannelOperation", "Supervise"], json!({"operationName": "Monitor"})),
        post("/users/{id}/chats/{chat}", "Comes into a chat of another").takes(
            "Intrude",
            json!({"operationName": "Intrude", "supervisorVisibilityMode": "Monitor"}),
        ),
    ];
    all.extend(choices());
    all.extend(standing());
    all
}

/// How all agents and queues stand.
fn standing() -> Vec<Operation> {
    const NOTE: &str = "What changes afterwards is told by CometD, from `sequence` on.";
    let answer = |plural: &str, name: &str| {
        let mut answer = with(plural, list_of(schema(name)));
        answer["required"] = json!(["statusCode", "sequence", plural]);
        answer["properties"]["sequence"] = json!({"type": "integer"});
        answer
    };
    vec![
        get("/center/agents", "Shows how every agent stands now")
            .note(NOTE)
            .query("fields", "Which fields, with commas; all without it.")
            .answers(answer("agents", "AgentStanding")),
        get("/center/queues", "Shows how every queue stands now")
            .note(NOTE)
            .query("fields", "Which fields, with commas; all without it.")
            .answers(answer("queues", "QueueStanding")),
    ]
}

/// What desktops are told, and what agents choose from.
fn choices() -> Vec<Operation> {
    vec![
        get("/settings", "Lists the sections of settings").answers(settings(schema("Section"))),
        get("/settings/agent-states", "Lists the states that agents can choose")
            .answers(settings(schema("AgentState"))),
        post("/settings/agent-states", "Adds a reason for being NotReady")
            .takes("AgentStateChange", json!({"displayName": "Lunch"}))
            .gives("Made"),
        get("/settings/agent-states/{id}", "Shows a state that agents can choose")
            .one("agentState", "AgentState"),
        put("/settings/agent-states/{id}", "Names a reason for being NotReady otherwise")
            .and(Method::POST, "/settings/agent-states/{id}")
            .takes("AgentStateChange", json!({"displayName": "A long lunch"})),
        delete("/settings/agent-states/{id}", "Removes a reason for being NotReady"),
        get("/settings/dispositions", "Lists how work can end")
            .answers(settings(schema("Disposition"))),
        post("/settings/dispositions", "Adds a way in which work can end")
            .takes("DispositionChange", json!({"displayName": "Solved", "key": "solved"}))
            .gives("Made"),
        get("/settings/dispositions/{id}", "Shows how work can end")
            .one("disposition", "Disposition"),
        put("/settings/dispositions/{id}", "Changes a way in which work can end")
            .and(Method::POST, "/settings/dispositions/{id}")
            .takes("DispositionChange", json!({"channels": ["chat"], "noteRequired": true})),
        delete("/settings/dispositions/{id}", "Removes a way in which work can end"),
        get("/settings/{section}", "Shows a section of settings")
            .answers(settings(schema("Setting"))),
        get("/internal-api/business-attributes", "Lists the lists of values")
            .answers(with("businessAttributes", list_of(schema("BusinessAttribute")))),
    ]
}

/// Returns the schema of settings; `key` names the attribute that tells one from another.
fn settings(one: Value) -> Value {
    let mut answer = with("settings", list_of(one));
    answer["properties"]["key"] = json!({"type": "string"});
    answer
}
