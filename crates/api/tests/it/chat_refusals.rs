//! What cannot be done in a chat, with its code and a sentence; none of it changes or tells
//! anything.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, header};
use handoff_testkit::{Fault, FaultyStore};
use serde_json::{Value, json};

use crate::api::{Api, store};
use crate::customer::{CHATS, Customer, INTERACTIONS, op};

#[tokio::test]
async fn what_a_body_lacks_or_has_wrong_is_named() {
    let api = Api::start().await;
    api.ready("kate").await;
    let customer = Customer::with(&api, "kate").await;
    let queue = format!("/queues/{}", api.queue_id("support-chat"));
    let long = "x".repeat(4_097);
    let table = [
        (op("Send", json!({})), 1, "text"),
        (op("Send", json!({"text": ""})), 10, "text"),
        (op("Send", json!({"text": 7})), 10, "text"),
        (op("Send", json!({"text": long})), 10, "text"),
        (op("Send", json!({"text": "a", "visibility": "Nobody"})), 10, "visibility"),
        (op("Send", json!({"text": "a", "delay": 5})), 10, "delay"),
        (op("Send", json!({"text": "a", "treatAs": "Joke"})), 10, "treatAs"),
        (op("Send", json!({"text": "a", "messageType": "x\ny"})), 10, "messageType"),
        (op("SendToAgents", json!({})), 1, "text"),
        (op("SendUrl", json!({})), 1, "url"),
        (op("SendUrl", json!({"url": "javascript:alert(1)"})), 10, "url"),
        (op("SendUrl", json!({"url": "/orders"})), 10, "url"),
        (op("SendCustomNotice", json!({})), 1, "noticeText"),
        (op("SendNotification", json!({})), 1, "notification"),
        (op("SendNotification", json!({"notification": "Asleep"})), 10, "notification"),
        (op("RequestChatHistory", json!({"eventId": "first"})), 10, "eventId"),
        (op("RequestChatHistory", json!({"eventId": -1})), 10, "eventId"),
        (op("InviteUser", json!({})), 1, "targetUri"),
        (op("Consult", json!({})), 1, "agentId"),
        (op("StartChatConsultation", json!({})), 1, "agentId"),
        (op("Invite", json!({"targetUri": queue})), 10, "targetUri"),
        (op("Consult", json!({"targetUri": queue, "queueName": "sales"})), 10, "queue"),
        (op("Consult", json!({"targetUri": "nobody"})), 10, "targetUri"),
        (op("Consult", json!({"userName": "ben", "userId": "x"})), 10, "userId"),
        (op("RemoveParticipantFromConference", json!({})), 1, "userUri"),
        (op("Leave", json!({"text": 7})), 10, "text"),
    ];
    api.told_to("kate", CHATS).await;
    for (body, code, field) in table {
        let refused = api.by("kate").does(&customer.id, body.clone()).await;
        let sentence = refused.refused(400, code);
        assert!(sentence.contains(field), "{body}: {sentence}");
    }
    assert_eq!(api.told_to("kate", CHATS).await, [Value::Null; 0]);
}

#[tokio::test]
async fn what_the_conversation_does_not_allow_is_refused() {
    let api = Api::start().await;
    api.ready("kate").await;
    let customer = Customer::with(&api, "kate").await;
    api.ready("ben").await;
    let say = || op("Send", json!({"text": "a"}));
    let invite = |name: &str| op("Invite", json!({"userName": name}));
    let table = [
        ("ben", say(), 403, 3),
        ("ben", op("SendStartTypingNotification", json!({})), 403, 3),
        ("ben", op("RequestChatHistory", json!({})), 403, 3),
        ("ben", invite("mia"), 403, 3),
        ("ben", op("SwitchToCoach", json!({})), 403, 3),
        ("mia", say(), 404, 6),
        ("kate", op("Send", json!({"text": "a", "visibility": "Supervisors"})), 403, 3),
        ("kate", invite("kate"), 409, 2),
        ("kate", invite("mia"), 409, 2),
        ("kate", invite("nobody"), 404, 6),
        ("kate", invite("zoe"), 404, 6),
        ("kate", op("CompleteTransfer", json!({})), 409, 2),
        ("kate", op("CompleteConference", json!({})), 409, 2),
        ("kate", op("RemoveParticipantFromConference", json!({"userName": "ben"})), 409, 2),
        ("kate", op("SwitchToMonitor", json!({})), 403, 3),
    ];
    for (agent, body, status, code) in table {
        let reply = api.by(agent).does(&customer.id, body.clone()).await;
        assert_eq!(reply.codes(), (status, code), "{agent} {body}: {}", reply.text);
    }
    api.by("kate").does(&customer.id, op("Consult", json!({"userName": "ben"}))).await.ok();
    api.by("kate").does(&customer.id, invite("ben")).await.refused(409, 2);
    api.by("ben").does(&customer.id, say()).await.refused(403, 3);
    api.by("ben").does(&customer.id, op("Reject", json!({}))).await.ok();
    let told = api.told_to("kate", INTERACTIONS).await;
    assert!(
        told.iter().any(|data| data["notificationType"] == "Error" && data["errorCode"] == 2),
        "{told:?}"
    );
    api.by("kate").does(&customer.id, op("EndChatSession", json!({}))).await.ok();
    for body in [say(), op("SendStopTypingNotification", json!({})), invite("ben")] {
        let sentence = api.by("kate").does(&customer.id, body).await.refused(409, 2);
        assert!(sentence.contains("LeftChat"), "{sentence}");
    }
}

#[tokio::test]
async fn only_a_chat_with_a_customer_takes_messages() {
    let api = Api::start().await;
    api.ready("kate").await;
    let work = api.owned("kate", "workitem", "tasks").await;
    let kate = api.by("kate");
    for name in ["Send", "SendStartTypingNotification", "RequestChatHistory", "Leave"] {
        let sentence = kate.does(&work, op(name, json!({"text": "a"}))).await.refused(409, 2);
        assert!(sentence.contains("Processing"), "{name}: {sentence}");
    }
    let submitted = api.owned("kate", "chat", "support-chat").await;
    for name in ["Send", "SendStartTypingNotification", "RequestChatHistory"] {
        kate.does(&submitted, op(name, json!({"text": "a"}))).await.refused(409, 2);
    }
}

#[tokio::test]
async fn nothing_is_said_in_a_draft() {
    let api = Api::start().await;
    api.ready("kate").await;
    let id = api.owned("kate", "email", "support-email").await;
    api.by("kate").does(&id, op("Reply", json!({"body": "Yes"}))).await.ok();
    let drafts = api.by("kate").get("/me/emails?fields=*&state=Composing").await.ok();
    let draft = drafts["emails"][0]["id"].as_str().unwrap().to_owned();
    api.by("kate").does(&draft, op("SendMessage", json!({"text": "a"}))).await.refused(409, 2);
    assert_eq!(api.by("kate").sees(&draft).await["state"], "Composing");
}

#[tokio::test]
async fn a_form_without_a_file_is_bounded_also_where_files_are_taken() {
    let api = Api::start().await;
    let body = format!("operation=fileDownload&secureKey={}", "x".repeat(300 * 1024));
    let request = Request::post("/genesys/2/chat-ntf")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(body));
    let refused = api.send(request.unwrap()).await;
    assert_eq!(
        (refused.status.as_u16(), &refused.json()["errors"][0]["code"]),
        (413, &json!(1003))
    );
}

#[tokio::test]
async fn a_message_whose_outcome_is_unknown_is_said_once_by_its_repetition() {
    for fault in [Fault::AfterCommit, Fault::Lost] {
        let store = Arc::new(FaultyStore::over(store().await));
        let api = Api::start_on(store.clone(), |_| {}).await;
        let customer = Customer::begin(&api).await;
        let say = async || {
            let path = format!("/genesys/2/chat/customer-support/{}/send", customer.id);
            let body = format!("secureKey={}&message=Hello&messageId=m-1", customer.key);
            let request = Request::post(path)
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
            api.send(request.body(Body::from(body)).unwrap()).await
        };
        store.fail_next(fault);
        let lost = say().await;
        let answer = lost.json();
        assert_eq!((lost.status.as_u16(), &answer["statusCode"]), (503, &json!(1)), "{answer}");
        assert_eq!(
            (&answer["errors"][0]["code"], &answer["chatEnded"]),
            (&json!(6002), &json!(false))
        );
        let advice = answer["errors"][0]["advice"].as_str().unwrap();
        assert!(advice.contains("same messageId") && !advice.contains("nothing"), "{advice}");
        assert_eq!(store.fired(), 1);
        assert_eq!(say().await.status.as_u16(), 200);
        let said = customer.reads().await.into_iter().filter(|line| line.contains("Hello")).count();
        assert_eq!(said, 1, "{fault:?}");
    }
}
