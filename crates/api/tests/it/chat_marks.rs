//! What an agent leaves in an interaction for themselves: the draft of a chat and how far they have
//! read, on all of their computers, and nobody else's.

use handoff_domain::Letter;
use serde_json::{Value, json};

use crate::api::{Api, has};
use crate::customer::{Customer, INTERACTIONS, op};
use crate::mailbox::{MailApi, letter};

const WEEK_S: u32 = 7 * 24 * 60 * 60;

fn draft(text: &str) -> Value {
    op("Save", json!({"text": text}))
}

fn read(index: u64) -> Value {
    op("SetInFocus", json!({"index": index}))
}

/// Returns what somebody is shown of a chat at both doors, which must show the same.
async fn shown(api: &Api, user: &str, id: &str) -> [Value; 2] {
    let one = api.by(user).sees(id).await;
    let list = api.by(user).get("/me/interactions?fields=*").await.ok();
    let all = list["interactions"].as_array().unwrap();
    if let Some(listed) = all.iter().find(|listed| listed["id"] == id) {
        assert_eq!((&listed["draft"], &listed["read"]), (&one["draft"], &one["read"]));
        assert_eq!(listed.get("draft").is_some(), one.get("draft").is_some());
    }
    [one["draft"].clone(), one["read"].clone()]
}

#[tokio::test]
async fn what_was_typed_is_there_until_it_is_sent_or_taken_away() {
    let api = Api::start().await;
    api.ready("kate").await;
    let customer = Customer::with(&api, "kate").await;
    let (kate, id) = (api.by("kate"), &customer.id);
    assert_eq!(shown(&api, "kate", id).await, [Value::Null, Value::Null]);
    let before = kate.sees(id).await;
    api.told_to("kate", INTERACTIONS).await;
    let reference = kate.does(id, draft("One mom")).await.ok()["referenceId"].clone();
    let kept =
        json!({"text": "One mom", "visibility": "All", "savedAt": "2026-01-09 12:00:00.000+0000"});
    let told = api.told_to("kate", INTERACTIONS).await;
    let message = json!({"messageType": "ChatDraftMessage", "interactionId": id, "draft": kept,
        "referenceId": reference});
    assert_eq!(told, [message], "told once, without a number");
    assert_eq!(shown(&api, "kate", id).await[0], kept);
    kate.does(id, op("SendMessage", json!({"text": "Hello"}))).await.ok();
    assert_eq!(shown(&api, "kate", id).await[0], kept, "other words take nothing away");
    kate.does(id, op("SendMessage", json!({"text": "One mom "}))).await.ok();
    assert_eq!(shown(&api, "kate", id).await[0], Value::Null, "what was sent is none any more");
    kate.does(id, draft("One mom")).await.ok();
    assert_eq!(shown(&api, "kate", id).await[0]["text"], "One mom", "typed again");
    let note = op("Save", json!({"text": "psst", "visibility": "Agents"}));
    kate.does(id, note).await.ok();
    has(&shown(&api, "kate", id).await[0], json!({"text": "psst", "visibility": "Agents"}));
    kate.does(id, draft("")).await.ok();
    assert_eq!(shown(&api, "kate", id).await[0], Value::Null);
    assert_eq!(kate.sees(id).await["epoch"], before["epoch"], "nothing of it is a change");
    let events = kate.get(&format!("/interactions/{id}/events")).await.ok();
    assert!(!events.to_string().contains("psst"), "nor history: {events}");
}

#[tokio::test]
async fn a_draft_is_its_owners_and_goes_to_the_next() {
    let api = Api::start().await;
    api.ready("kate").await;
    let customer = Customer::with(&api, "kate").await;
    let (kate, ben, id) = (api.by("kate"), api.by("ben"), &customer.id);
    api.ready("ben").await;
    kate.does(id, op("Consult", json!({"userName": "ben"}))).await.ok();
    ben.does(id, op("Accept", json!({}))).await.ok();
    kate.does(id, draft("secret of hers")).await.ok();
    api.told_to("ben", INTERACTIONS).await;
    for other in ["ben", "sam", "ada"] {
        let seen = api.by(other).sees(id).await.to_string();
        assert!(!seen.contains("secret"), "{other}: {seen}");
    }
    assert!(!customer.sees().await.to_string().contains("secret"));
    ben.does(id, draft("mine")).await.refused(403, 3);
    kate.does(id, op("CompleteTransfer", json!({}))).await.ok();
    assert_eq!(shown(&api, "ben", id).await[0]["text"], "secret of hers");
    assert_eq!(kate.sees(id).await.get("draft"), None, "she takes no part any more");
}

#[tokio::test]
async fn who_may_leave_a_draft_and_how_long_it_may_be() {
    let api = Api::start().await;
    api.ready("kate").await;
    let customer = Customer::with(&api, "kate").await;
    let (kate, id) = (api.by("kate"), &customer.id);
    kate.does(id, draft(&"x".repeat(16_384))).await.ok();
    kate.does(id, draft(&"x".repeat(16_385))).await.refused(400, 10);
    kate.does(id, op("Save", json!({"text": "a\0b"}))).await.refused(400, 10);
    kate.does(id, op("Save", json!({"text": "x", "visibility": "Nobody"}))).await.refused(400, 10);
    kate.does(id, op("Save", json!({"text": "x", "epoch": 77}))).await.refused(409, 2);
    api.by("mia").does(id, draft("x")).await.refused(404, 6);
    let work = api.owned("kate", "workitem", "tasks").await;
    kate.does(&work, draft("x")).await.refused(409, 2);
    kate.does(id, op("EndChatSession", json!({}))).await.ok();
    kate.does(id, draft("x")).await.refused(409, 2);
}

#[tokio::test]
async fn how_far_each_has_read_only_grows() {
    let api = Api::start().await;
    api.ready("kate").await;
    let customer = Customer::with(&api, "kate").await;
    let (kate, id) = (api.by("kate"), &customer.id);
    for text in ["first", "second", "third"] {
        customer.says(text).await;
    }
    api.told_to("kate", INTERACTIONS).await;
    // Two came in before the first message.
    let reference = kate.does(id, read(3)).await.ok()["referenceId"].clone();
    assert!(reference.is_i64());
    let told = api.told_to("kate", INTERACTIONS).await;
    let of_read: Vec<&Value> =
        told.iter().filter(|data| data["messageType"] == "ChatReadMessage").collect();
    assert_eq!(of_read.len(), 1, "{told:?}");
    has(of_read[0], json!({"interactionId": id, "read": {"index": 3, "unread": 2}}));
    kate.does(id, op("SendMessage", json!({"text": "mine"}))).await.ok();
    assert_eq!(shown(&api, "kate", id).await[1], json!({"index": 3, "unread": 2}), "of others");
    kate.does(id, read(1)).await.ok();
    assert_eq!(shown(&api, "kate", id).await[1]["index"], 3, "an older computer is behind");
    kate.does(id, read(1_000)).await.ok();
    assert_eq!(shown(&api, "kate", id).await[1], json!({"index": 6, "unread": 0}));
    customer.says("fourth").await;
    assert_eq!(shown(&api, "kate", id).await[1], json!({"index": 6, "unread": 1}));
    api.by("ben").does(id, read(1)).await.refused(403, 3);
    let work = api.owned("kate", "workitem", "tasks").await;
    kate.does(&work, read(1)).await.refused(409, 2);
}

/// Looks at what is no chat; returns how often the user's sessions are told of it.
async fn looks(api: &Api, user: &str, id: &str) -> usize {
    api.told_to(user, INTERACTIONS).await;
    api.by(user).does(id, op("SetInFocus", json!({}))).await.ok();
    let told = api.told_to(user, INTERACTIONS).await;
    let own = told.iter().filter(|it| it["messageType"] == "ReadMessage");
    own.inspect(|it| has(&it["read"], json!({"unread": 0}))).count()
}

async fn unread(api: &Api, user: &str, id: &str) -> Value {
    shown(api, user, id).await[1]["unread"].clone()
}

#[tokio::test]
async fn what_others_remarked_since_one_looked_is_unread() {
    let api = Api::start().await;
    api.ready("kate").await;
    let id = api.owned("kate", "workitem", "tasks").await;
    let notes = format!("/interactions/{id}/notes");
    assert_eq!(shown(&api, "kate", &id).await, [Value::Null, Value::Null]);
    assert_eq!((looks(&api, "kate", &id).await, looks(&api, "kate", &id).await), (1, 0));
    api.by("sam").post(&notes, json!({"text": "calls back"})).await.ok();
    api.by("kate").post(&notes, json!({"text": "she knows"})).await.ok();
    assert_eq!(unread(&api, "kate", &id).await, 1, "their own is none");
    assert_eq!(shown(&api, "sam", &id).await[1], Value::Null, "who never looked");
    api.clock.advance_s(WEEK_S);
    api.engine.workers().sweeper().sweep().await.unwrap();
    assert_eq!(unread(&api, "kate", &id).await, 1, "longer than a chat's");
    assert_eq!(looks(&api, "kate", &id).await, 1);
    let read = shown(&api, "kate", &id).await[1].clone();
    has(&read, json!({"at": "2026-01-16 12:00:00.000+0000", "unread": 0}));
    let off = op("SetInFocus", json!({"inFocus": false}));
    api.by("sam").does(&id, off).await.ok();
    assert_eq!(shown(&api, "sam", &id).await[1], Value::Null, "who looks away");
}

#[tokio::test]
async fn what_the_customer_wrote_since_one_looked_is_unread() {
    let mail = MailApi::start().await;
    let api = &mail.api;
    api.ready("kate").await;
    let id = mail.owned(letter(1)).await;
    assert_eq!(looks(api, "kate", &id).await, 1);
    for n in [2, 3] {
        let proven = vec![id.parse().unwrap()];
        mail.receives(Letter { proven, ..letter(n) }).await;
    }
    assert_eq!(unread(api, "kate", &id).await, 2);
    mail.receives(letter(4)).await;
    assert_eq!(unread(api, "kate", &id).await, 2, "of another thread");
    assert_eq!(looks(api, "kate", &id).await, 1);
    assert_eq!(unread(api, "kate", &id).await, 0);
}

#[tokio::test]
async fn what_was_left_goes_when_it_is_old() {
    let api = Api::start().await;
    api.ready("kate").await;
    let customer = Customer::with(&api, "kate").await;
    let (kate, id) = (api.by("kate"), &customer.id);
    kate.does(id, draft("old")).await.ok();
    let sweep = async || api.engine.workers().sweeper().sweep().await.unwrap();
    api.clock.advance_s(WEEK_S - 1);
    sweep().await;
    assert_eq!(shown(&api, "kate", id).await[0]["text"], "old");
    api.clock.advance_s(1);
    sweep().await;
    assert_eq!(shown(&api, "kate", id).await[0], Value::Null);
}

/// Commands win: what is typed meanwhile is kept beside them, and takes nothing from them.
#[tokio::test]
async fn typing_is_in_nobodys_way() {
    let api = Api::start().await;
    api.ready("kate").await;
    let customer = Customer::with(&api, "kate").await;
    let (kate, id) = (api.by("kate"), &customer.id);
    let typing = async {
        for count in 0..100 {
            kate.does(id, draft(&format!("typed {count}"))).await.ok();
        }
    };
    let working = async {
        for count in 0..100 {
            let data = json!({"userData": {"count": count}});
            kate.does(id, op("UpdateUserData", data)).await.ok();
        }
    };
    tokio::join!(typing, working);
    let seen = kate.sees(id).await;
    assert_eq!(seen["userData"]["count"], 99);
    assert_eq!(seen["draft"]["text"], "typed 99");
    let tally = api.engine.core().commit_tally();
    assert_eq!(tally.put_conflicts, [], "no command was overtaken by it");
}
