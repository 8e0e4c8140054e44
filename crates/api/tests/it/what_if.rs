//! What other rules would have come to.

use serde_json::{Value, json};

use crate::api::{Api, has};

const WHAT_IF: &str = "/system/routing/what-if";

fn named<'a>(parts: &'a Value, key: &str, name: &str) -> &'a Value {
    parts.as_array().unwrap().iter().find(|part| part[key] == name).unwrap()
}

#[tokio::test]
async fn an_admin_is_told_what_other_groups_would_have_come_to() {
    let api = Api::start().await;
    api.ready("mia").await;
    api.clock.advance_s(1);
    let waiting = api.submitted("workitem", "tasks").await;
    api.clock.advance_s(10);
    let ada = api.by("ada");
    let as_it_is = ada.post(WHAT_IF, json!({})).await.ok();
    has(&as_it_is, json!({"waits": 1, "recognized": 1, "leftOut": 0, "different": 0}));
    let tasks = named(&as_it_is["queues"], "name", "tasks");
    has(&tasks["was"], json!({"waited": 1, "offered": 0, "accepted": 0, "waiting": 1}));
    assert_eq!(tasks["was"], tasks["wouldBe"]);
    let queue = json!({"id": api.queue_id("tasks"), "groups": ["Sales"]});
    let answer = ada.post(WHAT_IF, json!({"hours": 1, "queues": [queue]})).await.ok();
    has(&answer, json!({"recognized": 1, "different": 1}));
    let tasks = named(&answer["queues"], "name", "tasks");
    has(&tasks["wouldBe"], json!({"accepted": 1, "waiting": 0}));
    has(&tasks["wouldBe"]["waitSeconds"], json!({"median": 5.0, "longest": 5.0}));
    has(&named(&answer["agents"], "userName", "mia")["wouldBe"], json!({"accepted": 1}));
    let difference = &answer["differences"][0];
    assert_eq!(difference["interactionId"], waiting);
    has(&difference["was"], json!({"end": "Waiting", "offers": []}));
    has(&difference["wouldBe"], json!({"end": "Accepted", "by": "mia", "offers": ["mia"]}));
    // The same by another group of hers.
    let mia = json!({"id": api.user_id("mia").to_string(), "groups": ["Support"]});
    let answer = ada.post(WHAT_IF, json!({"users": [mia]})).await.ok();
    has(&answer["differences"][0]["wouldBe"], json!({"by": "mia"}));
    has(&api.by("sam").sees(&waiting).await, json!({"state": "Queued"}));
    let queue = ada.get(&format!("/queues/{}", api.queue_id("tasks"))).await.ok();
    has(&queue["queue"], json!({"groups": ["Support"]}));
}

#[tokio::test]
async fn a_question_that_cannot_be_is_refused() {
    let api = Api::start().await;
    let ada = api.by("ada");
    let tasks = api.queue_id("tasks");
    let id = json!({"id": tasks});
    let table = [
        (json!({"hours": 0}), 400, 10),
        (json!({"hours": 25}), 400, 10),
        (json!({"queues": {}}), 400, 10),
        (json!({"queues": ["tasks"]}), 400, 10),
        (json!({"queues": [{"groups": []}]}), 400, 1),
        (json!({"queues": [{"id": api.no_id()}]}), 404, 6),
        (json!({"queues": [{"id": "x"}]}), 404, 6),
        (json!({"queues": [id, id]}), 400, 10),
        (json!({"queues": [{"id": tasks, "groups": ["Nobody"]}]}), 404, 6),
        (json!({"queues": [{"id": tasks, "steps": [{"groups": []}]}]}), 400, 1),
        (json!({"users": [{"id": api.user_id("zoe").to_string()}]}), 404, 6),
        (json!({"users": [{"id": api.user_id("mia").to_string(), "skills": 1}]}), 400, 10),
        (json!({"users": [{"id": api.user_id("mia").to_string(), "capacity": {"x": 1}}]}), 404, 6),
    ];
    for (body, status, code) in table {
        let reply = ada.post(WHAT_IF, body.clone()).await;
        assert_eq!(reply.codes(), (status, code), "{body}: {}", reply.text);
    }
}
