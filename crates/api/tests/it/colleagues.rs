//! Colleagues: who else looks at an interaction, and asking one of them.

use std::sync::Arc;

use axum::http::Method;
use handoff_testkit::{Fault, FaultyStore};
use serde_json::{Value, json};

use crate::api::{Api, has, store};
use crate::customer::{Customer, INTERACTIONS, op};
use crate::nodes::{Hints, Node, next_on};

const ME: &str = "/v2/me";

fn look() -> Value {
    op("SetInFocus", json!({}))
}

/// Returns the names of those whom somebody was told to look at an interaction, for each message.
async fn viewers(api: &Api, user: &str, id: &str) -> Vec<Vec<String>> {
    let told = api.told_to(user, INTERACTIONS).await;
    let of_viewers = told.iter().filter(|data| data["messageType"] == "ViewersMessage");
    of_viewers
        .map(|data| {
            assert_eq!((&data["interactionId"], data.get("sequence")), (&json!(id), None));
            names(data)
        })
        .collect()
}

fn names(data: &Value) -> Vec<String> {
    let viewers = data["viewers"].as_array().unwrap();
    viewers.iter().map(|user| user["userName"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn those_who_look_at_an_interaction_know_of_each_other() {
    let api = Api::start().await;
    api.ready("kate").await;
    api.listen("ben").await;
    api.listen("zoe").await;
    let id = api.owned("kate", "workitem", "tasks").await;
    api.by("kate").does(&id, look()).await.ok();
    assert_eq!(viewers(&api, "kate", &id).await, [[] as [&str; 0]], "Kate alone");
    api.by("ben").does(&id, look()).await.ok();
    assert_eq!(viewers(&api, "kate", &id).await, [["ben"]]);
    assert_eq!(viewers(&api, "ben", &id).await, [["kate"]]);
    api.by("ben").does(&id, look()).await.ok();
    assert_eq!(viewers(&api, "kate", &id).await, [] as [Vec<String>; 0], "nothing new");
    assert_eq!(viewers(&api, "ben", &id).await, [["kate"]], "who asks is told");
    let away = || op("SetInFocus", json!({"inFocus": false}));
    let other = api.owned("kate", "email", "support-email").await;
    api.by("ben").does(&other, away()).await.ok();
    assert_eq!(viewers(&api, "kate", &id).await, [] as [Vec<String>; 0], "of another it says no");
    api.by("ben").does(&id, away()).await.ok();
    assert_eq!(viewers(&api, "kate", &id).await, [[] as [&str; 0]]);
    api.by("zoe").does(&id, look()).await.refused(404, 6);
    assert_eq!(viewers(&api, "kate", &id).await, [] as [Vec<String>; 0], "of another center");
}

#[tokio::test]
async fn whom_it_concerns_is_told_and_whoever_may_not_see_it_is_not() {
    let api = Api::start().await;
    api.ready("kate").await;
    api.listen("ben").await;
    let id = api.owned("kate", "workitem", "tasks").await;
    let other = api.owned("kate", "email", "support-email").await;
    api.by("ben").does(&id, look()).await.ok();
    assert_eq!(viewers(&api, "kate", &id).await, [["ben"]], "Kate has it");
    api.by("ben").does(&other, look()).await.ok();
    let told = api.told_to("kate", INTERACTIONS).await;
    let left = told.iter().find(|data| data["interactionId"] == id).unwrap();
    assert_eq!(names(left), [] as [&str; 0], "Ben looks at another");
    api.by("kate").does(&id, op("Complete", json!({}))).await.ok();
    api.by("ben").does(&id, look()).await.refused(404, 6);
    api.by("kate").does(&id, look()).await.refused(409, 2);
}

#[tokio::test]
async fn a_look_ends_with_the_session_or_when_it_is_not_said_again() {
    let api = Api::start().await;
    api.ready("kate").await;
    api.listen("ben").await;
    let id = api.owned("kate", "workitem", "tasks").await;
    api.by("ben").does(&id, look()).await.ok();
    viewers(&api, "kate", &id).await;
    api.clock.advance_s(59);
    assert_eq!(viewers(&api, "kate", &id).await, [] as [Vec<String>; 0]);
    api.clock.advance_s(1);
    assert_eq!(viewers(&api, "kate", &id).await, [[] as [&str; 0]], "a minute");
    api.by("ben").does(&id, look()).await.ok();
    assert_eq!(viewers(&api, "kate", &id).await, [["ben"]]);
    api.forget("ben").await;
    assert_eq!(viewers(&api, "kate", &id).await, [[] as [&str; 0]], "the last session");
}

#[tokio::test]
async fn a_look_ends_even_if_what_says_so_is_refused() {
    let api = Api::start().await;
    api.ready("kate").await;
    api.listen("ben").await;
    let id = api.owned("kate", "workitem", "tasks").await;
    api.by("ben").does(&id, look()).await.ok();
    assert_eq!(viewers(&api, "kate", &id).await, [["ben"]]);
    let of_another_time = json!({"inFocus": false, "epoch": 99});
    api.by("ben").does(&id, op("SetInFocus", of_another_time)).await.refused(409, 2);
    assert_eq!(viewers(&api, "kate", &id).await, [[] as [&str; 0]]);
}

#[tokio::test]
async fn who_watches_a_chat_in_secret_is_not_seen_to_look() {
    let api = Api::start().await;
    api.ready("kate").await;
    let customer = Customer::with(&api, "kate").await;
    let id = &customer.id;
    api.ready("sam").await;
    let path = format!("/users/{}/chats/{id}", api.user_id("kate"));
    let intrude = op("Intrude", json!({"supervisorVisibilityMode": "Monitor"}));
    api.by("sam").post(&path, intrude).await.ok();
    api.by("sam").does(id, op("Accept", json!({}))).await.ok();
    api.by("sam").does(id, look()).await.ok();
    api.by("kate").does(id, look()).await.ok();
    let told = viewers(&api, "kate", id).await;
    assert!(told.iter().all(Vec::is_empty), "{told:?}");
    let last = viewers(&api, "sam", id).await.pop();
    assert_eq!(last.unwrap(), ["kate"], "the control: whoever watches sees Kate");
    api.by("sam").does(id, op("SwitchBargeIn", json!({}))).await.ok();
    api.by("kate").does(id, look()).await.ok();
    assert_eq!(viewers(&api, "kate", id).await.pop().unwrap(), ["sam"], "no secret any more");
}

#[tokio::test]
async fn who_looks_is_known_on_every_node() {
    // Over a bus that carries nothing nobody knows, as of typing.
    let [here, there] = Node::two(Hints::Joined).await;
    let mut kate = here.listening("kate").await;
    let mut ben = there.listening("ben").await;
    here.ready("kate").await;
    let id = here.submitted("tasks").await;
    let is_offered = async |node: &Node| node.interaction("kate", &id).await == "Invited";
    here.until("the offer", is_offered).await;
    here.does("kate", &id, "Accept").await;
    here.does("kate", &id, "SetInFocus").await;
    there.does("ben", &id, "SetInFocus").await;
    for (client, other) in [(&mut kate, "ben"), (&mut ben, "kate")] {
        loop {
            let told = next_on(client, INTERACTIONS).await;
            if told["messageType"] == "ViewersMessage" && names(&told) == [other] {
                break;
            }
        }
    }
    here.stop().await;
    there.stop().await;
}

fn ask(text: &str) -> Value {
    op("Ask", json!({"text": text}))
}

#[tokio::test]
async fn a_colleague_who_is_there_is_asked() {
    let api = Api::start().await;
    api.ready("kate").await;
    api.listen("ben").await;
    let id = api.owned("kate", "workitem", "tasks").await;
    let path = format!("/users/{}", api.user_id("kate"));
    let about = op("Ask", json!({"text": "Is it yours?", "interactionId": id}));
    let answer = api.by("ben").post(&path, about).await.ok();
    assert!(answer["referenceId"].is_i64(), "{answer}");
    let told = api.told_to("kate", ME).await;
    assert_eq!(told.len(), 1, "{told:?}");
    has(
        &told[0],
        json!({"messageType": "AskMessage", "text": "Is it yours?", "interactionId": id}),
    );
    assert_eq!(told[0]["from"]["userName"], "ben");
    assert_eq!(api.told_to("ben", ME).await, [] as [Value; 0]);
    api.by("ben").post(&path, ask("Again")).await.ok();
    let told = api.told_to("kate", ME).await;
    assert_eq!((told[0]["text"].clone(), told[0].get("interactionId")), (json!("Again"), None));
}

#[tokio::test]
async fn a_question_is_asked_once_under_a_key() {
    let store = Arc::new(FaultyStore::over(store().await));
    let api = Api::start_on(store.clone(), |_| {}).await;
    api.listen("kate").await;
    let path = format!("/users/{}", api.user_id("kate"));
    let put = async |key: &str, text: &str| {
        let headers = [("idempotency-key", key)];
        let body = Some(ask(text).to_string());
        api.by("ben").send(Method::POST, &path, body, &headers).await
    };
    let texts = async || {
        let told = api.told_to("kate", ME).await;
        told.iter().map(|one| one["text"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    // That they sign in is put on record with a commit of its own.
    api.by("ben").get("/me").await.ok();
    // The answer to the first is lost after it was asked.
    store.fail_next(Fault::AfterCommit);
    assert_eq!(put("k", "Is it yours?").await.codes(), (503, 4));
    let first = put("k", "Is it yours?").await;
    assert_eq!(texts().await, ["Is it yours?"]);
    // Nor is it asked once more of somebody who has gone meanwhile.
    api.forget("kate").await;
    let again = put("k", "Is it yours?").await;
    assert_eq!((again.codes(), again.text), ((200, 0), first.text));
    put("k", "Another?").await.refused(409, 2);
    put("l", "Is it yours?").await.refused(409, 2);
    api.listen("kate").await;
    put("l", "Is it yours?").await.ok();
    assert_eq!(texts().await, ["Is it yours?"], "another key is another question");
    // The control: without a key nobody knows that it is the same.
    for _ in 0..2 {
        api.by("ben").post(&path, ask("Again?")).await.ok();
    }
    assert_eq!(texts().await, ["Again?", "Again?"]);
}

#[tokio::test]
async fn who_cannot_be_asked_and_what_is_no_question() {
    let api = Api::start().await;
    api.listen("kate").await;
    let of = |user: &str| format!("/users/{}", api.user_id(user));
    let ben = api.by("ben");
    let silent = ben.post(&of("sam"), ask("x")).await.refused(409, 2);
    assert!(silent.contains("not connected"), "{silent}");
    api.by("kate").post(&of("kate"), ask("x")).await.refused(409, 2);
    ben.post(&of("zoe"), ask("x")).await.refused(404, 6);
    ben.post(&of("kate"), ask(" ")).await.refused(400, 10);
    ben.post(&of("kate"), ask("a\0b")).await.refused(400, 10);
    ben.post(&of("kate"), ask(&"x".repeat(1_001))).await.refused(400, 10);
    ben.post(&of("kate"), op("Ask", json!({}))).await.refused(400, 1);
    ben.post(&of("kate"), op("Tell", json!({"text": "x"}))).await.refused(400, 10);
    let unseen = op("Ask", json!({"text": "x", "interactionId": api.no_id()}));
    ben.post(&of("kate"), unseen).await.refused(404, 6);
    api.by("intake").post(&of("kate"), ask("x")).await.refused(403, 5);
    assert_eq!(api.told_to("kate", ME).await, [] as [Value; 0]);
    ben.post(&of("kate"), ask(&"x".repeat(1_000))).await.ok();
}
