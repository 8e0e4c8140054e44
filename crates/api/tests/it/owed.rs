//! What a customer is owed, and what was said last, in the objects of interactions.

use handoff_domain::Letter;
use serde_json::{Value, json};

use crate::api::{Api, has};
use crate::customer::{CHATS, Customer, INTERACTIONS, op};
use crate::mailbox::{MailApi, letter};

fn at(seconds: u32) -> String {
    format!("2026-01-09 12:00:{seconds:02}.000+0000")
}

async fn owed(api: &Api, id: &str) -> Value {
    api.by("kate").sees(id).await["answer"].clone()
}

#[tokio::test]
async fn a_chat_is_owed_an_answer_from_the_first_word_that_has_none() {
    let api = Api::start().await;
    let queue = format!("/queues/{}", api.queue_id("support-chat"));
    api.by("ada").put(&queue, json!({"answerTarget": 60})).await.ok();
    api.ready("kate").await;
    let customer = Customer::with(&api, "kate").await;
    let nothing_said = json!({
        "owedSince": at(0), "targetSeconds": 60,
        "lastFrom": null, "lastText": null, "lastAt": null,
    });
    assert_eq!(owed(&api, &customer.id).await, nothing_said, "whoever comes in waits");
    api.clock.advance_s(1);
    customer.says("Where\nis  it?").await;
    let waits = json!({"owedSince": at(0), "lastFrom": "Customer", "lastText": "Where is it?", "lastAt": at(1)});
    has(&owed(&api, &customer.id).await, waits);
    let kate = api.by("kate");
    kate.does(&customer.id, op("SendToAgents", json!({"text": "Who knows?"}))).await.ok();
    has(&owed(&api, &customer.id).await, json!({"owedSince": at(0), "lastText": "Where is it?"}));
    kate.does(&customer.id, op("Send", json!({"text": "Here"}))).await.ok();
    let answered =
        json!({"owedSince": null, "lastFrom": "Agent", "lastText": "Here", "lastAt": at(1)});
    has(&owed(&api, &customer.id).await, answered.clone());
    api.told_to("kate", INTERACTIONS).await;
    for text in ["Thanks", "And the other?"] {
        api.clock.advance_s(1);
        customer.says(text).await;
    }
    let told = api.told_to("kate", INTERACTIONS).await;
    let last = told.last().unwrap();
    assert_eq!(last["notificationType"], "NewMessages", "what is said brings along what is owed");
    has(
        &last["answer"],
        json!({"owedSince": at(2), "lastText": "And the other?", "lastAt": at(3)}),
    );
    let of_medium = kate.get(&format!("/me/chats/{}", customer.id)).await.ok();
    has(&of_medium["chat"]["answer"], json!({"owedSince": at(2), "targetSeconds": 60}));
    customer.does("disconnect", &[]).await;
    has(&owed(&api, &customer.id).await, json!({"owedSince": null, "lastText": "And the other?"}));
}

#[tokio::test]
async fn that_a_customer_types_is_told_and_not_kept() {
    let api = Api::start().await;
    api.ready("kate").await;
    let customer = Customer::with(&api, "kate").await;
    for (operation, is_typing) in [("startTyping", true), ("stopTyping", false)] {
        api.told_to("kate", INTERACTIONS).await;
        customer.does(operation, &[]).await;
        let told = api.told_to("kate", INTERACTIONS).await;
        assert_eq!(told[0]["answer"]["typing"], is_typing, "{told:?}");
        assert!(told[0].get("sequence").is_none_or(Value::is_null));
        assert_eq!(owed(&api, &customer.id).await.get("typing"), None);
    }
    api.told_to("kate", CHATS).await;
}

#[tokio::test]
async fn a_letter_is_owed_an_answer_until_one_is_on_its_way() {
    let mail = MailApi::start().await;
    let api = &mail.api;
    api.ready("kate").await;
    let long = Letter { text: format!("Hello,\r\n\r\n{}", "é".repeat(200)), ..letter(1) };
    let id = mail.owned(long).await;
    let before = owed(api, &id).await;
    has(
        &before,
        json!({"owedSince": at(1), "lastFrom": "Customer", "lastAt": at(1), "targetSeconds": null}),
    );
    assert_eq!(before["lastText"], format!("Hello, {}", "é".repeat(133)));
    let draft = mail.drafts(&id, json!({"operationName": "Reply"})).await;
    assert_eq!(draft["answer"], Value::Null, "nothing is owed for what we write");
    let draft = draft["id"].as_str().unwrap().to_owned();
    let forward = json!({"operationName": "Forward"});
    let forward = mail.drafts(&id, forward).await["id"].as_str().unwrap().to_owned();
    let kate = api.by("kate");
    let to_another = json!({"email": {"to": ["else@example.com"]}});
    kate.does(&forward, op("Send", to_another)).await.ok();
    has(&owed(api, &id).await, json!({"owedSince": at(1), "lastFrom": "Customer"}));
    api.told_to("kate", INTERACTIONS).await;
    kate.does(&draft, op("Send", json!({"email": {"bodyAsPlainText": "It is done"}}))).await.ok();
    let answered = json!({"owedSince": null, "lastFrom": "Agent", "lastText": "It is done"});
    has(&owed(api, &id).await, answered.clone());
    let told = api.told_to("kate", INTERACTIONS).await;
    let told = told.iter().find(|told| told["id"] == *id).expect("the letter's owner is told");
    assert_eq!(told["notificationType"], "PropertiesUpdated");
    has(&told["answer"], answered);
    *mail.postbox.refusal.lock().unwrap() = Some("550 nobody of that name".to_owned());
    api.engine.workers().outbox().post_due().await.unwrap();
    has(&owed(api, &id).await, json!({"owedSince": at(1), "lastFrom": "Customer"}));
    let told = api.told_to("kate", INTERACTIONS).await;
    let told = told.iter().find(|told| told["id"] == *id).expect("it is owed again");
    has(&told["answer"], json!({"owedSince": at(1)}));
}

#[tokio::test]
async fn a_work_item_waits_since_it_came_until_it_is_done() {
    let api = Api::start().await;
    api.ready("kate").await;
    let id = api.owned("kate", "workitem", "tasks").await;
    has(&owed(&api, &id).await, json!({"owedSince": at(0), "lastFrom": null, "lastText": null}));
    api.by("kate").does(&id, op("Complete", json!({}))).await.ok();
    has(&owed(&api, &id).await, json!({"owedSince": null}));
}

#[tokio::test]
async fn a_queue_promises_an_answer_in_a_time_that_can_be_taken_back() {
    let api = Api::start().await;
    let ada = api.by("ada");
    let path = format!("/queues/{}", api.queue_id("tasks"));
    let target = async || ada.get(&path).await.ok()["queue"]["answerTarget"].clone();
    assert_eq!(target().await, Value::Null);
    for (given, shown) in [(json!(7_200), json!(7_200)), (json!(0), Value::Null)] {
        ada.put(&path, json!({"answerTarget": given})).await.ok();
        assert_eq!(target().await, shown);
    }
    for wrong in [json!(2_592_001), json!(-1), json!("soon")] {
        ada.put(&path, json!({"answerTarget": wrong})).await.refused(400, 10);
    }
}
