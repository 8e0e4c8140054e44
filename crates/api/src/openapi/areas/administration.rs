//! What a contact center consists of.

use axum::http::Method;
use serde_json::{Value, json};

use super::super::operation::{Operation, delete, get, post, put};

pub(super) fn operations() -> Vec<Operation> {
    let mut all = users();
    all.extend(things());
    all.extend(mailboxes());
    all.extend([
        get("/center", "Writes the contact center as a center file").gives_file("application/toml"),
        post("/center", "Applies a center file")
            .note("Lines of JSON tell how far it is; the last one has `outcome` or `failed`.")
            .takes(
                "CenterApplication",
                json!({"name": "center.toml", "text": "[center]\nname = \"Demo\"\n",
                    "dryRun": true}),
            )
            .gives_file("application/x-ndjson"),
        get("/settings/retention", "Shows how long finished interactions are kept")
            .gives("Retention"),
        put("/settings/retention", "Says how long finished interactions are kept")
            .takes("RetentionChange", json!({"retention": {"chat": 31_536_000}})),
    ]);
    all
}

fn users() -> Vec<Operation> {
    let level = || json!({"name": "billing", "level": 5});
    let filters = ["id", "userName", "firstName", "lastName", "emailAddress", "enabled"];
    let subresources = "What to show along: `skills`, `groups`, or `*`.";
    vec![
        get("/users", "Lists the users").query("subresources", subresources).list(
            "users",
            "ListedUser",
            &filters,
        ),
        post("/users", "Makes a user")
            .takes("UserChange", json!({"userName": "lea", "roles": ["ROLE_AGENT"]}))
            .gives("Made"),
        get("/users/{id}", "Shows a user")
            .query("subresources", subresources)
            .one("user", "ListedUser"),
        post("/users/{id}", "Asks a colleague, ends a session, or changes a user").takes_one_of(
            &["Ask", "EndSessionOf", "UserChange"],
            json!({"operationName": "Ask", "text": "Now?"}),
        ),
        put("/users/{id}", "Changes a user").takes("UserChange", json!({"groups": ["Support"]})),
        delete("/users/{id}", "Removes a user")
            .query("workTo", "A queue that takes what has no queue to go back to."),
        get("/users/{id}/skills", "Lists the skills of a user").list(
            "skills",
            "Skill",
            &["id", "name", "level"],
        ),
        post("/users/{id}/skills", "Gives a user a skill").takes("LevelChange", level()),
        put("/users/{id}/skills", "Replaces the skills of a user")
            .takes("SkillsChange", json!({"skills": {"billing": 5}})),
        put("/users/{id}/skills/{skill}", "Sets the level of a skill of a user")
            .and(Method::POST, "/users/{id}/skills/{skill}")
            .takes("LevelChange", level()),
        delete("/users/{id}/skills/{skill}", "Takes a skill from a user"),
    ]
}

/// One kind of thing: its paths, what it is called, its schemas, its filters and an example.
struct Kind {
    list: &'static str,
    one: &'static str,
    names: [&'static str; 2],
    schemas: [&'static str; 2],
    filters: &'static [&'static str],
    example: Value,
    /// What is done with it, in the order of [`Kind::operations`].
    summaries: [&'static str; 5],
}

impl Kind {
    fn operations(self) -> Vec<Operation> {
        let Self { list, one, names, schemas, filters, example, summaries } = self;
        let [singular, plural] = names;
        let [shown, change] = schemas;
        let [listed, made, showed, changed, removed] = summaries;
        vec![
            get(list, listed).list(plural, shown, filters),
            post(list, made).takes(change, example.clone()).gives("Made"),
            get(one, showed).one(singular, shown),
            put(one, changed).and(Method::POST, one).takes(change, example),
            delete(one, removed),
        ]
    }
}

fn things() -> Vec<Operation> {
    let skills = Kind {
        list: "/skills",
        one: "/skills/{id}",
        names: ["skill", "skills"],
        schemas: ["Skill", "NamedChange"],
        filters: &["id", "name", "level"],
        example: json!({"name": "danish"}),
        summaries: [
            "Lists the skills",
            "Makes a skill",
            "Shows a skill",
            "Changes a skill",
            "Removes a skill",
        ],
    };
    let groups = Kind {
        list: "/groups",
        one: "/groups/{id}",
        names: ["group", "groups"],
        schemas: ["Group", "NamedChange"],
        filters: &["id", "name", "type"],
        example: json!({"name": "Night"}),
        summaries: [
            "Lists the groups",
            "Makes a group",
            "Shows a group",
            "Changes a group",
            "Removes a group",
        ],
    };
    let queues = Kind {
        list: "/queues",
        one: "/queues/{id}",
        names: ["queue", "queues"],
        schemas: ["Queue", "QueueChange"],
        filters: &["id", "name", "channel", "priority"],
        example: json!({"name": "night", "channel": "workitem", "groups": ["Support"],
            "inviteTimeout": 30}),
        summaries: [
            "Lists the queues",
            "Makes a queue",
            "Shows a queue",
            "Changes a queue",
            "Removes a queue",
        ],
    };
    let services = Kind {
        list: "/services",
        one: "/services/{id}",
        names: ["service", "services"],
        schemas: ["Service", "ServiceChange"],
        filters: &["id", "name", "type", "queue", "enabled"],
        example: json!({"name": "help", "type": "chat", "queue": "support-chat"}),
        summaries: [
            "Lists the services",
            "Makes a service",
            "Shows a service",
            "Changes a service",
            "Removes a service",
        ],
    };
    [skills, groups, queues, services].into_iter().flat_map(Kind::operations).collect()
}

fn mailboxes() -> Vec<Operation> {
    let refused = "Is refused: mailboxes are the operator's";
    vec![
        get("/mailboxes", "Lists the mailboxes").list(
            "mailboxes",
            "Mailbox",
            &["id", "address", "name", "queue"],
        ),
        get("/mailboxes/{id}", "Shows a mailbox").one("mailbox", "Mailbox"),
        post("/mailboxes", refused)
            .and(Method::POST, "/mailboxes/{id}")
            .and(Method::PUT, "/mailboxes/{id}")
            .takes("NamedChange", json!({"name": "Support"})),
        delete("/mailboxes/{id}", refused),
    ]
}
