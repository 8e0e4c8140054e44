//! Who may use which route: every route of the table, by every kind of caller.

mod rows;

use std::collections::BTreeSet;

use axum::http::Method;
use serde_json::{Value, json};

use crate::api::Api;
use rows::{chosen, contacts, responses, webhooks};

/// What a caller gets of a route, as far as their roles go: let through to the data, or told that
/// their roles do not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gets {
    /// Whatever the data says.
    Through,
    /// Code 5.
    NoPermission,
    /// Code 20.
    Nobody,
}

use Gets::{NoPermission as No, Nobody, Through as Yes};

/// The callers, in the order of the columns: anonymous, kate (agent), vera (supervisor alone), ada
/// (admin), intake (apiuser), zoe (agent, supervisor and admin of another center).
const CALLERS: [Option<&str>; 6] =
    [None, Some("kate"), Some("vera"), Some("ada"), Some("intake"), Some("zoe")];

const EVERYBODY: [Gets; 6] = [Yes, Yes, Yes, Yes, Yes, Yes];
const USERS: [Gets; 6] = [Nobody, Yes, Yes, Yes, Yes, Yes];
const PEOPLE: [Gets; 6] = [Nobody, Yes, Yes, Yes, No, Yes];
const AGENTS: [Gets; 6] = [Nobody, Yes, No, No, No, Yes];
const SUPERVISORS: [Gets; 6] = [Nobody, No, Yes, No, No, Yes];
const ADMINS: [Gets; 6] = [Nobody, No, No, Yes, No, Yes];
const WATCHERS: [Gets; 6] = [Nobody, No, Yes, Yes, No, Yes];
const SUBMITTERS: [Gets; 6] = [Nobody, No, No, Yes, Yes, Yes];

struct Row {
    method: Method,
    path: &'static str,
    /// What of the query must be there for the request to be one.
    query: &'static str,
    gets: [Gets; 6],
    body: Value,
}

fn get(path: &'static str, gets: [Gets; 6]) -> Row {
    Row { method: Method::GET, path, query: "", gets, body: Value::Null }
}

fn post(path: &'static str, gets: [Gets; 6], body: Value) -> Row {
    Row { method: Method::POST, path, query: "", gets, body }
}

fn put(path: &'static str, gets: [Gets; 6], body: Value) -> Row {
    Row { method: Method::PUT, path, query: "", gets, body }
}

fn delete(path: &'static str, gets: [Gets; 6]) -> Row {
    Row { method: Method::DELETE, path, query: "", gets, body: Value::Null }
}

fn accept() -> Value {
    json!({"operationName": "Accept"})
}

fn ready() -> Value {
    json!({"operationName": "Ready"})
}

fn create() -> Value {
    json!({"operationName": "Create", "channel": "workitem", "queueName": "nothing"})
}

fn new_token() -> Value {
    json!({"name": "x", "scopes": ["read"]})
}

fn pull() -> Value {
    json!({"operationName": "PullInteraction", "id": "x"})
}

fn subscribe(path: &'static str) -> Row {
    Row { query: "?workbinIds=x", ..post(path, USERS, json!({"operationName": "Subscribe"})) }
}

fn matrix() -> Vec<Row> {
    let mut rows = own();
    rows.extend(centers());
    rows.extend(contacts());
    rows.extend(provisioned());
    rows.extend(webhooks());
    rows.extend(responses());
    rows.extend(chosen());
    rows.push(get("/interactions/{id}/draft-versions", USERS));
    rows.push(get("/interactions/{id}/draft-versions/{number}", USERS));
    rows.push(get("/system/nodes", ADMINS));
    rows.push(post("/system/routing/what-if", ADMINS, json!({"hours": 1})));
    rows.push(get("/audit", ADMINS));
    let center = ["/center/agents", "/center/queues", "/center/statistics"];
    rows.extend(center.map(|path| get(path, WATCHERS)));
    rows.push(post("/interactions/{id}", SUPERVISORS, json!({"operationName": "Widen"})));
    rows.push(post("/users/{id}", PEOPLE, json!({"operationName": "Ask", "text": "x"})));
    rows
}

/// Returns a row of the page for each of the table.
fn table_of_page() -> String {
    let word = |gets: Gets| match gets {
        Yes => "yes",
        No => "5",
        Nobody => "20",
    };
    let mut rows = matrix();
    rows.sort_by_key(|row| (row.path, row.method.to_string()));
    let rows: Vec<String> = rows
        .iter()
        .map(|row| {
            let operation = row.body["operationName"].as_str();
            let operation = operation.map(|name| format!(" `{name}`")).unwrap_or_default();
            // The last caller is of another contact center: whom the data decides about.
            let cells = row.gets[..5].iter().map(|gets| word(*gets)).collect::<Vec<_>>();
            format!("| {} `{}`{operation} | {} |\n", row.method, row.path, cells.join(" | "))
        })
        .collect();
    rows.concat()
}

/// With `HANDOFF_WRITE_DOCS=1` the page is written.
#[test]
fn the_page_of_roles_is_the_table() {
    const BEGIN: &str = "|---|---|---|---|---|---|\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/api/authorization.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect("the page has a table");
    let (_, after) = rest.split_once("\n\n").expect("something is after the table");
    let wanted = format!("{before}{BEGIN}{}\n{after}", table_of_page());
    if std::env::var_os("HANDOFF_WRITE_DOCS").is_some() {
        std::fs::write(path, &wanted).unwrap();
    }
    assert!(
        page == wanted,
        "docs/api/authorization.md is not the table of this file; HANDOFF_WRITE_DOCS=1 cargo test \
         -p handoff-api the_page_of_roles writes it"
    );
}

/// What is the caller's own.
fn own() -> Vec<Row> {
    let create_at_door = || json!({"operationName": "Create", "queueUri": "/queues/x"});
    vec![
        get("/diagnostics/version", EVERYBODY),
        get("/session", EVERYBODY),
        get("/session/providers/{name}", EVERYBODY),
        get("/session/providers/{name}/return", EVERYBODY),
        get("/openapi.json", EVERYBODY),
        get("/asyncapi.json", EVERYBODY),
        get("/docs", EVERYBODY),
        get("/me", USERS),
        post("/me", AGENTS, ready()),
        get("/me/second-factor", USERS),
        post("/me/second-factor", USERS, json!({"operationName": "Confirm", "code": "x"})),
        get("/me/sessions", USERS),
        delete("/me/sessions/{id}", USERS),
        get("/me/tokens", USERS),
        post("/me/tokens", USERS, new_token()),
        delete("/me/tokens/{id}", USERS),
        get("/me/settings/desk", USERS),
        put("/me/settings/desk", USERS, json!({"sound": false})),
        get("/me/channels", AGENTS),
        get("/me/channels/{channel}", AGENTS),
        post("/me/channels/{channel}", AGENTS, ready()),
        get("/me/interactions", AGENTS),
        post("/me/interactions", AGENTS, create()),
        post("/me/interactions/{id}", AGENTS, accept()),
        get("/me/interactions/{id}/attachments", USERS),
        post("/me/interactions/{id}/attachments", PEOPLE, Value::Null),
        get("/me/interactions/{id}/attachments/{attachment}", USERS),
        delete("/me/interactions/{id}/attachments/{attachment}", PEOPLE),
        get("/me/interactions/{id}/raw", USERS),
        get("/me/interactions/{id}/letter", USERS),
        get("/me/emails", AGENTS),
        post("/me/emails", AGENTS, create_at_door()),
        get("/me/emails/{id}", USERS),
        post("/me/emails/{id}", AGENTS, accept()),
        get("/me/emails/{id}/attachments", USERS),
        get("/me/emails/{id}/attachments/{attachment}", USERS),
        get("/me/chats", AGENTS),
        post("/me/chats", AGENTS, create_at_door()),
        get("/me/chats/{id}", USERS),
        post("/me/chats/{id}", AGENTS, accept()),
        get("/me/workitems", AGENTS),
        post("/me/workitems", AGENTS, create_at_door()),
        get("/me/workitems/{id}", USERS),
        post("/me/workitems/{id}", AGENTS, accept()),
        get("/me/openmedia/{type}", AGENTS),
        post("/me/openmedia/{type}", AGENTS, create_at_door()),
        get("/me/openmedia/{type}/{id}", USERS),
        post("/me/openmedia/{type}/{id}", AGENTS, accept()),
        get("/me/workbins", USERS),
        subscribe("/me/workbins"),
        get("/me/workbins/{id}", USERS),
        post("/me/workbins/{id}", USERS, pull()),
        get("/me/workbins/{id}/{content}", USERS),
    ]
}

/// What is the contact center's.
fn centers() -> Vec<Row> {
    let intrude = || json!({"operationName": "Intrude", "supervisorVisibilityMode": "Monitor"});
    vec![
        get("/interactions", USERS),
        post("/interactions", SUBMITTERS, create()),
        get("/interactions/{id}", USERS),
        put("/interactions/{id}", PEOPLE, json!({"comment": "x"})),
        get("/interactions/{id}/routing", USERS),
        get("/interactions/{id}/operations", USERS),
        get("/interactions/{id}/targets", USERS),
        get("/interactions/{id}/notes", USERS),
        post("/interactions/{id}/notes", PEOPLE, json!({"text": "x"})),
        get("/interactions/{id}/events", USERS),
        get("/interactions/{id}/thread", USERS),
        get("/email/{id}", USERS),
        get("/email/{id}/attachments", USERS),
        get("/email/{id}/attachments/{attachment}", USERS),
        get("/chat/{id}", USERS),
        get("/chat/{id}/messages", USERS),
        get("/workitem/{id}", USERS),
        get("/chats/{id}/messages", EVERYBODY),
        get("/me/chats/{id}/messages", USERS),
        delete("/me/session", USERS),
        get("/contacts", USERS),
        get("/contacts/{id}", USERS),
        get("/contacts/{id}/interactions", USERS),
        get("/settings", USERS),
        get("/settings/{section}", USERS),
        get("/internal-api/business-attributes", USERS),
        get("/users/{id}/workbins", SUPERVISORS),
        get("/users/{id}/workbins/{workbin}", SUPERVISORS),
        get("/users/{id}/workbins/{workbin}/{content}", SUPERVISORS),
        get("/{user}/workbins", SUPERVISORS),
        get("/{user}/workbins/{workbin}", SUPERVISORS),
        get("/{user}/workbins/{workbin}/{content}", SUPERVISORS),
        post("/{user}/workbins/{workbin}", SUPERVISORS, pull()),
        get("/emails/{id}", USERS),
        get("/emails/{id}/attachments", USERS),
        get("/emails/{id}/attachments/{attachment}", USERS),
        // Without credentials it is the customers', whose key opens it.
        get("/chats/{id}", EVERYBODY),
        get("/workitems/{id}", USERS),
        get("/openmedia/{type}/{id}", USERS),
        get("/workbins", USERS),
        subscribe("/workbins"),
        get("/workbins/{id}", USERS),
        post("/workbins/{id}", USERS, pull()),
        get("/workbins/{id}/{content}", USERS),
        get("/users", USERS),
        get("/users/{id}", USERS),
        get("/users/{id}/skills", USERS),
        post("/users/{id}/channels/{channel}", SUPERVISORS, ready()),
        post("/users/{id}/chats/{chat}", SUPERVISORS, intrude()),
        post("/users/{id}/workbins/{workbin}", SUPERVISORS, pull()),
        get("/queues", USERS),
        get("/queues/{id}", USERS),
        get("/services", USERS),
        get("/services/{id}", USERS),
        get("/mailboxes", ADMINS),
        get("/mailboxes/{id}", ADMINS),
        get("/center", ADMINS),
        post("/center", ADMINS, json!({"name": "x"})),
        get("/skills", USERS),
        get("/skills/{id}", USERS),
        get("/groups", USERS),
        get("/groups/{id}", USERS),
        get("/settings/agent-states", USERS),
        get("/settings/retention", USERS),
    ]
}

/// What admins change one by one.
fn provisioned() -> Vec<Row> {
    let name = || json!({"name": "x"});
    vec![
        get("/users/{id}/second-factor", ADMINS),
        delete("/users/{id}/second-factor", ADMINS),
        get("/users/{id}/sessions", ADMINS),
        delete("/users/{id}/sessions/{session}", ADMINS),
        get("/users/{id}/tokens", ADMINS),
        post("/users/{id}/tokens", ADMINS, new_token()),
        delete("/users/{id}/tokens/{token}", ADMINS),
        put("/queues/{id}", ADMINS, json!({"priority": 1})),
        post("/queues", ADMINS, json!({"name": "x", "channel": "workitem"})),
        post("/queues/{id}", ADMINS, json!({"priority": 1})),
        delete("/queues/{id}", ADMINS),
        post("/services", ADMINS, json!({"name": "x", "type": "chat", "queue": "x"})),
        put("/services/{id}", ADMINS, json!({"enabled": false})),
        post("/services/{id}", ADMINS, json!({"enabled": false})),
        delete("/services/{id}", ADMINS),
        post("/mailboxes", ADMINS, name()),
        put("/mailboxes/{id}", ADMINS, name()),
        post("/mailboxes/{id}", ADMINS, name()),
        delete("/mailboxes/{id}", ADMINS),
        post("/users", ADMINS, json!({"userName": "x"})),
        put("/users/{id}", ADMINS, json!({"firstName": "x"})),
        delete("/users/{id}", ADMINS),
        post("/users/{id}/skills", ADMINS, json!({"name": "x", "level": 1})),
        put("/users/{id}/skills", ADMINS, json!({"skills": {}})),
        put("/users/{id}/skills/{skill}", ADMINS, json!({"level": 1})),
        post("/users/{id}/skills/{skill}", ADMINS, json!({"level": 1})),
        delete("/users/{id}/skills/{skill}", ADMINS),
        put("/workbins/{id}", ADMINS, name()),
        delete("/workbins/{id}", ADMINS),
        post("/skills", ADMINS, name()),
        put("/skills/{id}", ADMINS, name()),
        post("/skills/{id}", ADMINS, name()),
        delete("/skills/{id}", ADMINS),
        post("/groups", ADMINS, name()),
        put("/groups/{id}", ADMINS, name()),
        post("/groups/{id}", ADMINS, name()),
        delete("/groups/{id}", ADMINS),
        put("/settings/retention", ADMINS, json!({"retention": {}})),
    ]
}

#[test]
fn every_route_has_a_row_in_the_matrix() {
    let routes: BTreeSet<String> = handoff_api::routes::table()
        .iter()
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    let rows: BTreeSet<String> =
        matrix().iter().map(|row| format!("{} {}", row.method, row.path)).collect();
    assert_eq!(routes, rows);
    assert_eq!(rows.len(), matrix().len(), "a row twice");
}

#[tokio::test]
async fn every_caller_gets_what_the_matrix_says() {
    let api = Api::start().await;
    for row in matrix() {
        let path =
            row.path.replace("{id}", "x").replace("{channel}", "chat").replace("{type}", "sms");
        let path = path
            .replace("{content}", "interactions")
            .replace("{workbin}", "x")
            .replace("{skill}", "x")
            .replace("{user}", "x")
            .replace("{section}", "interaction-workspace");
        let path = path.replace("{chat}", "x").replace("{attachment}", "x") + row.query;
        for (caller, gets) in CALLERS.into_iter().zip(row.gets) {
            let client = caller.map_or_else(|| api.anonymous(), |user| api.by(user));
            let body = (!row.body.is_null()).then(|| row.body.to_string());
            let reply = client.send(row.method.clone(), &path, body, &[]).await;
            let code = match row.path {
                // The answer is the file itself.
                "/center" | "/openapi.json" | "/asyncapi.json" | "/docs"
                    if reply.status.is_success() =>
                {
                    0
                }
                _ => reply.json()["statusCode"].as_i64().unwrap(),
            };
            let got = match code {
                20 => Nobody,
                5 => No,
                _ => Yes,
            };
            assert_eq!(got, gets, "{} {} by {caller:?}: {}", row.method, row.path, reply.text);
            assert_ne!(
                reply.status.as_u16(),
                500,
                "{} {} by {caller:?}: {}",
                row.method,
                row.path,
                reply.text
            );
        }
    }
}

/// Every route that names something, with the id of something that exists in kate's center, and a
/// body that would do something to it.
async fn named_things(api: &Api) -> Vec<(Method, String, Option<Value>)> {
    let id = api.submitted("workitem", "tasks").await;
    let directory = api.engine.core().directory();
    let user = api.user_id("kate");
    let (skill, group) =
        (directory.skills.keys().next().unwrap(), directory.groups.keys().next().unwrap());
    let workbin = api.workbin("kate", "Team").await;
    let queue = api.queue_id("tasks");
    let service = directory.services.keys().next().unwrap();
    let get = |path: String| (Method::GET, path, None);
    let post = |path: String, body: Value| (Method::POST, path, Some(body));
    let accept = || json!({"operationName": "Accept"});
    vec![
        post(format!("/me/interactions/{id}"), accept()),
        post(format!("/me/workitems/{id}"), accept()),
        get(format!("/interactions/{id}")),
        (Method::PUT, format!("/interactions/{id}"), Some(json!({"comment": "x"}))),
        get(format!("/interactions/{id}/routing")),
        get(format!("/interactions/{id}/events")),
        get(format!("/interactions/{id}/thread")),
        get(format!("/me/interactions/{id}/letter")),
        get(format!("/interactions/{id}/operations")),
        get(format!("/interactions/{id}/targets")),
        get(format!("/interactions/{id}/draft-versions")),
        get(format!("/interactions/{id}/notes")),
        post(format!("/interactions/{id}/notes"), json!({"text": "x"})),
        get(format!("/me/interactions/{id}/attachments")),
        get(format!("/workitems/{id}")),
        get(format!("/me/workitems/{id}")),
        get(format!("/services/{service}")),
        get(format!("/workbins/{workbin}")),
        get(format!("/workbins/{workbin}/interactions")),
        post(format!("/workbins/{workbin}"), json!({"operationName": "Subscribe"})),
        post(format!("/workbins/{workbin}"), json!({"operationName": "PullInteraction", "id": id})),
        get(format!("/me/workbins/{workbin}")),
        get(format!("/users/{user}")),
        get(format!("/users/{user}/skills")),
        post(format!("/users/{user}/channels/chat"), json!({"operationName": "Ready"})),
        post(format!("/users/{user}/channels/chat"), json!({"operationName": "Coach"})),
        post(
            format!("/users/{user}/chats/{id}"),
            json!({"operationName": "Intrude", "supervisorVisibilityMode": "Monitor"}),
        ),
        post(
            format!("/users/{user}/workbins/{workbin}"),
            json!({"operationName": "PullInteraction", "id": id}),
        ),
        get(format!("/queues/{queue}")),
        (Method::PUT, format!("/queues/{queue}"), Some(json!({"priority": 9}))),
        (Method::DELETE, format!("/queues/{queue}"), None),
        (Method::PUT, format!("/users/{user}"), Some(json!({"firstName": "x"}))),
        (Method::DELETE, format!("/users/{user}"), None),
        post(format!("/users/{user}/skills"), json!({"id": skill.to_string(), "level": 1})),
        (Method::PUT, format!("/users/{user}/skills"), Some(json!({"skills": {}}))),
        (Method::PUT, format!("/users/{user}/skills/{skill}"), Some(json!({"level": 1}))),
        (Method::DELETE, format!("/users/{user}/skills/{skill}"), None),
        (Method::PUT, format!("/workbins/{workbin}"), Some(json!({"name": "x"}))),
        (Method::DELETE, format!("/workbins/{workbin}"), None),
        get(format!("/skills/{skill}")),
        (Method::PUT, format!("/skills/{skill}"), Some(json!({"name": "x"}))),
        post(format!("/skills/{skill}"), json!({"name": "x"})),
        (Method::DELETE, format!("/skills/{skill}"), None),
        get(format!("/groups/{group}")),
        (Method::PUT, format!("/groups/{group}"), Some(json!({"name": "x"}))),
        post(format!("/groups/{group}"), json!({"name": "x"})),
        (Method::DELETE, format!("/groups/{group}"), None),
    ]
}

#[tokio::test]
async fn what_belongs_to_another_center_answers_exactly_like_what_does_not_exist() {
    let api = Api::start().await;
    let zoe = api.by("zoe");
    for (method, path, body) in named_things(&api).await {
        let body = body.map(|body| body.to_string());
        let foreign = zoe.send(method.clone(), &path, body.clone(), &[]).await;
        foreign.refused(404, 6);
        // The same shape of path, with ids of nothing.
        let unknown: Vec<String> = path.split('/').map(unknown_id).collect();
        let unknown = zoe.send(method.clone(), &unknown.join("/"), body, &[]).await;
        let without_ids = |text: &str| {
            text.split('"').filter(|part| !is_id(part)).map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(without_ids(&foreign.text), without_ids(&unknown.text), "{method} {path}");
        assert_eq!(foreign.status, unknown.status);
    }
    let reply = zoe.get("/interactions?fields=*").await.ok();
    assert_eq!(reply["interactions"], json!([]));
    for list in ["/users", "/queues"] {
        assert_eq!(zoe.get(list).await.ok()["uris"].as_array().unwrap().len(), 1, "{list}");
    }
}

fn is_id(text: &str) -> bool {
    let text = text.trim_end_matches('\\');
    matches!(text.len(), 16 | 32 | 36)
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn unknown_id(segment: &str) -> String {
    if !is_id(segment) {
        return segment.to_owned();
    }
    segment.chars().map(|character| if character == '-' { '-' } else { '0' }).collect()
}

#[tokio::test]
async fn an_agent_sees_what_concerns_him_and_a_supervisor_everything() {
    let api = Api::start().await;
    let (tasks, sales) =
        (api.submitted("workitem", "tasks").await, api.submitted("workitem", "sales").await);
    let parked = api.submitted("workitem", "parking").await;
    let table = [
        ("kate", vec![&tasks]),
        ("mia", vec![&sales]),
        ("sam", vec![&tasks, &sales, &parked]),
        ("vera", vec![&tasks, &sales, &parked]),
        ("ada", vec![&tasks, &sales, &parked]),
        ("intake", vec![&tasks, &sales, &parked]),
        ("zoe", vec![]),
    ];
    for (user, visible) in table {
        let list = api.by(user).get("/interactions?fields=id").await.ok();
        let ids: BTreeSet<&str> = list["interactions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["id"].as_str().unwrap())
            .collect();
        assert_eq!(ids, visible.iter().map(|id| id.as_str()).collect(), "{user}");
        for id in [&tasks, &sales, &parked] {
            let reply = api.by(user).get(&format!("/interactions/{id}")).await;
            assert_eq!(reply.codes().1 == 0, visible.contains(&id), "{user} {id}");
        }
    }
}

#[tokio::test]
async fn a_server_sees_what_it_submitted_for_good_and_nothing_else() {
    let api = Api::start().await;
    api.ready("kate").await;
    let own = api.owned("kate", "email", "support-email").await;
    let body = json!({"operationName": "Create", "channel": "workitem", "queueName": "tasks"});
    let other =
        api.by("ada").post("/interactions", body).await.ok()["id"].as_str().unwrap().to_owned();
    api.by("kate").does(&own, json!({"operationName": "Reply"})).await.ok();
    let intake = api.by("intake");
    let list = intake.get("/interactions?fields=id").await.ok();
    assert_eq!(list["interactions"], json!([{ "id": own }]), "neither the other's nor the draft");
    assert_eq!(intake.sees(&own).await["state"], "Processing");
    let comment = json!({"operationName": "GetInteractionContent"});
    for path in [
        "interactions/{}",
        "interactions/{}/events",
        "interactions/{}/routing",
        "me/interactions/{}/attachments",
    ] {
        intake.get(&format!("/{}", path.replace("{}", &other))).await.refused(404, 6);
    }
    intake.post(&format!("/ucs/interactions/{other}"), comment).await.refused(404, 6);
    let drafts = api.by("kate").get("/me/interactions?fields=id,state").await.ok();
    let draft = drafts["interactions"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["state"] == "Composing")
        .unwrap();
    let draft = draft["id"].as_str().unwrap();
    intake.get(&format!("/interactions/{draft}")).await.refused(404, 6);
    api.by("kate").does(draft, json!({"operationName": "Cancel"})).await.ok();
    api.by("kate").does(&own, json!({"operationName": "Complete"})).await.ok();
    api.clock.advance_s(48 * 60 * 60);
    assert_eq!(intake.sees(&own).await["state"], "Completed");
}
