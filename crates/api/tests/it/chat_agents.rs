//! Agents in chats: a conversation from its beginning to its end, seen by everybody who takes part.

use axum::http::Method;
use serde_json::{Value, json};

use crate::api::{Api, has};
use crate::customer::{CHATS, Customer, INTERACTIONS, Log, messages, op};

#[tokio::test]
async fn who_accepts_sees_the_state_then_the_history_then_what_is_new() {
    let api = Api::start().await;
    api.ready("kate").await;
    let customer = Customer::begin(&api).await;
    customer.says("Hello?").await;
    api.engine.workers().router().route().await.unwrap();
    let invited = api.told_to("kate", CHATS).await;
    assert_eq!(invited.len(), 1, "an offer shows nothing of what was said: {invited:?}");
    assert_eq!(invited[0]["chat"]["capabilities"], json!(["Accept", "Reject"]));
    api.told_to("kate", INTERACTIONS).await;
    let accept = op("Accept", json!({"nickname": "Kate of Support"}));
    let reference = api.by("kate").does(&customer.id, accept).await.ok()["referenceId"].clone();

    let told = api.told_to("kate", CHATS).await;
    let kinds: Vec<&str> = told.iter().map(|data| data["messageType"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["ChatStateChangeMessage", "MessageLogUpdated", "MessageLogUpdated"]);
    assert_eq!(
        (&told[0]["chat"]["state"], &told[0]["referenceId"]),
        (&json!("Chatting"), &reference)
    );
    let uri = format!("http://127.0.0.1:8090/api/v2/chats/{}", customer.id);
    let path = format!("/chats/{}", customer.id);
    for update in &told[1..] {
        assert_eq!(update["notificationType"], "NewMessages");
        has(update, json!({"chatUri": uri, "chatPath": path}));
        assert_eq!(update["referenceId"], reference);
    }
    let told = api.told_to("kate", INTERACTIONS).await;
    let kinds: Vec<&str> =
        told.iter().map(|data| data["notificationType"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["StatusChange", "NewMessages", "NewMessages"]);
    assert_eq!(told[1]["id"], json!(customer.id), "the whole interaction comes along");
    let history = &told[1]["messages"];
    assert_eq!(
        history[1],
        json!({
            "index": 2, "type": "Text", "text": "Hello?", "visibility": "All",
            "from": {"nickname": "Ada", "type": "Customer", "participantId": "1"},
            "timestamp": "2026-01-09 12:00:00.000+0000", "timestampSeconds": 1_767_960_000_000_i64,
        })
    );
    let joined = &told[2]["messages"][0];
    has(joined, json!({"index": 3, "type": "ParticipantJoined"}));
    assert_eq!(joined["from"]["nickname"], "Kate of Support");
}

/// A customer who talks to Kate; Ben is ready, Sam is a supervisor who is logged in.
async fn talking(api: &Api) -> Customer<'_> {
    api.ready("kate").await;
    let customer = Customer::with(api, "kate").await;
    api.ready("ben").await;
    api.listen("sam").await;
    api.start_session("sam").await;
    customer
}

/// What the three who work on a chat have heard of it.
#[derive(Default)]
struct Logs {
    kate: Log,
    ben: Log,
    sam: Log,
}

#[tokio::test]
async fn everybody_hears_what_is_for_him_and_counts_without_a_gap() {
    let api = Api::start().await;
    let customer = talking(&api).await;
    let mut logs = Logs::default();
    customer.says("Where is it?").await;
    api.by("kate").does(&customer.id, op("Send", json!({"text": "One moment"}))).await.ok();
    let spoken = [
        "Ada ParticipantJoined",
        "kate ParticipantJoined",
        "Ada Text Where is it?",
        "kate Text One moment",
    ];
    assert_eq!(logs.kate.hear(&api, "kate").await, spoken);
    consult(&api, &customer.id, &mut logs).await;
    look_on(&api, &customer.id, &mut logs).await;
    assert_eq!(customer.reads().await, spoken, "nothing of that is the customer's");
    hand_over(&api, &customer, &mut logs).await;
    let to_the_end = [
        "Ben ParticipantJoined",
        "Ben Text I look for it",
        "kate ParticipantLeft",
        "Ada Text Thanks",
        "Ben Text Goodbye",
        "Ada ParticipantLeft",
    ];
    assert_eq!(customer.reads().await, [&spoken[..], &to_the_end[..]].concat());
    let answer = customer.sees().await;
    assert_eq!(answer["chatEnded"], true);
    for hidden in ["Do you know?", "Lost", "sam"] {
        assert!(!answer.to_string().contains(hidden), "{hidden}: {answer}");
    }
}

/// Kate asks Ben for advice, which the two of them alone hear.
async fn consult(api: &Api, id: &str, logs: &mut Logs) {
    let (kate, ben) = (api.by("kate"), api.by("ben"));
    let uri = format!("/users/{}", api.user_id("ben"));
    kate.does(id, op("Consult", json!({"targetUri": uri}))).await.ok();
    ben.does(id, op("Accept", json!({"nickname": "Ben"}))).await.ok();
    assert_eq!(
        logs.ben.hear(api, "ben").await.len(),
        5,
        "what was said before, and that they came"
    );
    kate.does(id, op("SendToAgents", json!({"text": "Do you know?"}))).await.ok();
    ben.does(id, op("SendMessage", json!({"text": "Lost"}))).await.ok();
    let whispered = [
        "Ben ParticipantJoined [Agents]",
        "kate Text Do you know? [Agents]",
        "Ben Text Lost [Agents]",
    ];
    assert_eq!(logs.kate.hear(api, "kate").await, whispered);
    assert_eq!(logs.ben.hear(api, "ben").await, whispered[1..]);
}

/// Sam looks on, which nobody else notices.
async fn look_on(api: &Api, id: &str, logs: &mut Logs) {
    let sam = api.by("sam");
    let intrude = op("Intrude", json!({"supervisorVisibilityMode": "Monitor"}));
    sam.post(&format!("/users/{}/chats/{id}", api.user_id("kate")), intrude).await.ok();
    assert_eq!(sam.sees(id).await["state"], "Invited");
    assert_eq!(api.by("kate").sees(id).await["state"], "Chatting");
    sam.does(id, op("Accept", json!({}))).await.ok();
    let heard = logs.sam.hear(api, "sam").await;
    assert_eq!((heard.len(), heard[7].as_str()), (8, "sam ParticipantJoined [Supervisors]"));
    for (agent, log) in [("kate", &mut logs.kate), ("ben", &mut logs.ben)] {
        assert_eq!(log.hear(api, agent).await, [""; 0], "{agent} hears nothing of who looks on");
        let seen = api.by(agent).sees(id).await;
        assert!(!seen.to_string().contains("sam"), "{agent}: {seen}");
    }
}

/// The consultation becomes a conference and then a transfer; Ben ends the chat.
async fn hand_over(api: &Api, customer: &Customer<'_>, logs: &mut Logs) {
    let (kate, ben, sam) = (api.by("kate"), api.by("ben"), api.by("sam"));
    let id = customer.id.as_str();
    kate.does(id, op("CompleteConference", json!({}))).await.ok();
    ben.does(id, op("Send", json!({"text": "I look for it"}))).await.ok();
    let to_ben = json!({"agentId": api.user_id("ben").to_string()});
    kate.does(id, op("CompleteTransfer", to_ben)).await.ok();
    kate.does(id, op("Send", json!({"text": "I am gone"}))).await.refused(403, 3);
    customer.says("Thanks").await;
    ben.does(id, op("Leave", json!({"text": "Goodbye", "treatAs": "System"}))).await.ok();
    assert_eq!(ben.sees(id).await["state"], "LeftChat");
    assert_eq!(kate.sees(id).await["capabilities"], json!([]));
    let heard = logs.kate.hear(api, "kate").await;
    assert!(heard.iter().all(|line| !line.contains("Thanks")), "she is gone: {heard:?}");
    assert!(logs.ben.hear(api, "ben").await.contains(&"Ben Text Goodbye".to_owned()));
    let last = logs.sam.hear(api, "sam").await;
    let words = last.iter().position(|line| line == "Ben Text Goodbye").expect("the last words");
    assert!(words < last.len() - 1, "{last:?}");
    assert_eq!(
        last.last().unwrap(),
        "Ada ParticipantLeft",
        "the end takes them out, after it is told"
    );
    assert_eq!(ben.get("/me/chats?fields=*").await.ok()["chats"].as_array().unwrap().len(), 1);
    assert_eq!(
        sam.get("/me/chats").await.ok()["uris"],
        json!([]),
        "nothing of it stays with who looked on"
    );
}

#[tokio::test]
async fn a_transfer_and_a_completion_begin_with_a_farewell() {
    let api = Api::start().await;
    let customer = talking(&api).await;
    let transfer =
        op("Transfer", json!({"userName": "ben", "text": "Ben goes on", "messageType": "Text"}));
    api.by("kate").does(&customer.id, transfer).await.ok();
    api.by("ben").does(&customer.id, op("Accept", json!({}))).await.ok();
    api.by("ben").does(&customer.id, op("Complete", json!({"text": "Bye"}))).await.ok();
    let lines = customer.reads().await;
    let said = |text: &str| {
        lines.iter().position(|line| line.ends_with(text)).unwrap_or_else(|| panic!("{lines:?}"))
    };
    assert!(said("kate Text Ben goes on") < said("ben ParticipantJoined"));
    assert!(said("ben ParticipantJoined") < said("ben Text Bye"));
    assert_eq!(api.by("ben").sees(&customer.id).await["state"], "Completed");
}

#[tokio::test]
async fn an_agent_who_is_invited_can_be_taken_out_and_can_leave() {
    let api = Api::start().await;
    let customer = talking(&api).await;
    let ben = api.user_id("ben").to_string();
    for (target, gone) in [
        (
            json!({"targetUri": format!("http://127.0.0.1:8090/api/v2/users/{ben}")}),
            "RemoveParticipantFromConference",
        ),
        (json!({"userUri": format!("/users/{ben}")}), "LeaveConference"),
        (json!({"targetPath": format!("/users/{ben}")}), "Leave"),
        (json!({"userId": ben}), "Leave"),
    ] {
        api.by("kate").does(&customer.id, op("InviteUser", target.clone())).await.ok();
        api.by("ben").does(&customer.id, op("Accept", json!({}))).await.ok();
        let participants =
            api.by("kate").get(&format!("/chats/{}", customer.id)).await.ok()["chat"]["participants"]
                .clone();
        assert_eq!(participants.as_array().unwrap().len(), 3, "{participants}");
        if gone == "RemoveParticipantFromConference" {
            api.by("kate").does(&customer.id, op(gone, target)).await.ok();
        } else {
            api.by("ben").does(&customer.id, op(gone, json!({"text": "Bye from Ben"}))).await.ok();
        }
        assert_eq!(customer.reads().await.last().unwrap(), "ben ParticipantLeft");
        assert_eq!(api.by("kate").sees(&customer.id).await["state"], "Chatting");
    }
}

#[tokio::test]
async fn typing_is_told_to_whom_it_concerns_and_kept_nowhere() {
    let api = Api::start().await;
    let customer = talking(&api).await;
    let id = customer.id.as_str();
    api.by("kate").does(id, op("Consult", json!({"userName": "ben"}))).await.ok();
    api.by("ben").does(id, op("Accept", json!({}))).await.ok();
    let before = api.by("kate").sees(id).await;
    let plain = |name: &str| op(name, json!({}));
    let named = |field: &str, kind: &str| op("SendNotification", json!({field: kind}));
    let (on, off) = ("TypingStarted", "TypingStopped");
    let table = [
        ("kate", plain("SendStartTypingNotification"), on, "All", true),
        ("kate", plain("SendStopTypingNotification"), off, "All", true),
        ("kate", named("notifcation", on), on, "All", true),
        ("kate", named("notification", off), off, "All", true),
        ("kate", plain("SendStartTypingToAgentsNotification"), on, "Agents", false),
        ("kate", plain("SendStopTypingToAgentsNotification"), off, "Agents", false),
        ("ben", plain("SendStartTypingNotification"), on, "Agents", false),
    ];
    for (agent, body, kind, visibility, is_for_customer) in table {
        let other = if agent == "kate" { "ben" } else { "kate" };
        api.clock.advance_s(1);
        for name in ["kate", "ben"] {
            api.told_to(name, CHATS).await;
            api.told_to(name, INTERACTIONS).await;
        }
        let reference = api.by(agent).does(id, body.clone()).await.ok()["referenceId"].clone();
        let told = api.told_to(other, CHATS).await;
        assert_eq!(told[0].get("referenceId"), None, "{told:?}");
        assert_eq!(
            (told.len(), &told[0]["messageType"]),
            (1, &json!("MessageLogUpdated")),
            "{body}"
        );
        let note = &told[0]["messages"][0];
        assert_eq!(
            (&note["type"], &note["visibility"]),
            (&json!(kind), &json!(visibility)),
            "{note}"
        );
        assert_eq!(
            (note.get("index"), told[0].get("sequence")),
            (None, None),
            "it is no event: {told:?}"
        );
        let on_interactions = api.told_to(other, INTERACTIONS).await;
        let told_there = messages(&on_interactions, "notificationType", "NewMessages");
        assert_eq!(told_there, told[0]["messages"].as_array().unwrap().clone());
        let own = api.told_to(agent, CHATS).await;
        assert_eq!(
            (own.len(), &own[0]["referenceId"], &own[0]["messages"][0]),
            (1, &reference, note)
        );
        let seen = customer.sees().await["messages"].to_string();
        assert_eq!(seen.contains(kind), is_for_customer, "{body}: {seen}");
    }
    assert_eq!(api.by("kate").sees(id).await, before);
}

#[tokio::test]
async fn pages_and_notices_are_said_too() {
    let api = Api::start().await;
    let customer = talking(&api).await;
    let url = "https://shop.example/orders?id=1";
    api.by("kate").does(&customer.id, op("SendUrl", json!({"url": url}))).await.ok();
    api.by("kate")
        .does(&customer.id, op("SendCustomNotice", json!({"noticeText": "survey"})))
        .await
        .ok();
    let door = format!("/me/chats/{}", customer.id);
    api.by("kate")
        .post(&door, op("SendMessage", json!({"text": "Hi", "messageType": "Greeting"})))
        .await
        .ok();
    api.by("kate")
        .post(&door, op("Send", json!({"text": "psst", "visibility": "Agents"})))
        .await
        .ok();
    let told = messages(&api.told_to("kate", CHATS).await, "messageType", "MessageLogUpdated");
    let last: Vec<&Value> = told.iter().rev().take(4).rev().collect();
    has(last[0], json!({"type": "PushUrl", "url": url}));
    has(last[1], json!({"type": "CustomNotice", "noticeText": "survey"}));
    has(last[2], json!({"text": "Hi", "messageType": "Greeting"}));
    has(last[3], json!({"text": "psst", "visibility": "Agents"}));
    let lines = customer.reads().await;
    assert_eq!(
        lines[2..],
        [
            format!("kate PushUrl {url}"),
            "kate CustomNotice survey".to_owned(),
            "kate Text Hi".to_owned()
        ]
    );
}

#[tokio::test]
async fn the_history_comes_again_for_who_asks() {
    let api = Api::start().await;
    let customer = talking(&api).await;
    customer.says("one").await;
    customer.says("two").await;
    for (wish, indexes) in [
        (json!({}), vec![1, 2, 3, 4]),
        (json!({"eventId": 3}), vec![3, 4]),
        (json!({"eventId": "4"}), vec![4]),
        (json!({"eventId": 99}), vec![]),
    ] {
        api.told_to("kate", CHATS).await;
        api.told_to("kate", INTERACTIONS).await;
        let answer =
            api.by("kate").does(&customer.id, op("RequestChatHistory", wish.clone())).await.ok();
        for topic in [CHATS, INTERACTIONS] {
            let told = api.told_to("kate", topic).await;
            let [told] = told.as_slice() else { panic!("one answer: {told:?}") };
            assert_eq!(
                (&told["referenceId"], told.get("sequence")),
                (&answer["referenceId"], None),
                "{wish}"
            );
            let heard: Vec<i64> = told["messages"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| one["index"].as_i64().unwrap())
                .collect();
            assert_eq!(heard, indexes, "{wish}");
        }
    }
    api.by("kate").does(&customer.id, op("EndChatSession", json!({}))).await.ok();
    api.by("kate").does(&customer.id, op("RequestChatHistory", json!({}))).await.ok();
    api.by("ben").does(&customer.id, op("RequestChatHistory", json!({}))).await.refused(403, 3);
}

#[tokio::test]
async fn a_retry_says_it_once_and_a_stale_epoch_says_nothing() {
    let api = Api::start().await;
    let customer = talking(&api).await;
    let epoch = api.by("kate").sees(&customer.id).await["epoch"].as_u64().unwrap();
    let path = format!("/me/interactions/{}", customer.id);
    let body = op("Send", json!({"text": "once", "epoch": epoch})).to_string();
    let headers = [("idempotency-key", "k")];
    let first = api.by("kate").send(Method::POST, &path, Some(body.clone()), &headers).await;
    let again = api.by("kate").send(Method::POST, &path, Some(body), &headers).await;
    assert_eq!((first.codes(), &first.text), ((200, 0), &again.text));
    for name in ["Send", "SendStartTypingNotification", "RequestChatHistory"] {
        let stale = op(name, json!({"text": "never", "epoch": epoch - 1}));
        api.by("kate").does(&customer.id, stale).await.refused(409, 2);
    }
    assert_eq!(customer.reads().await.iter().filter(|line| line.contains("Text")).count(), 1);
}

#[tokio::test]
async fn the_first_generations_consultation_has_its_envelope() {
    let api = Api::start().await;
    let customer = talking(&api).await;
    let body = op("StartChatConsultation", json!({"agentId": api.user_id("ben").to_string()}));
    let reply = api.by("kate").does(&customer.id, body).await.ok();
    assert_eq!(reply, json!({"status": 0, "statusCode": 0, "referenceId": reply["referenceId"]}));
    assert_eq!(api.by("ben").sees(&customer.id).await["state"], "Invited");
    let reply = api
        .by("ben")
        .post(&format!("/me/chats/{}", customer.id), op("Reject", json!({})))
        .await
        .ok();
    assert_eq!(
        reply,
        json!({"status": 0, "statusCode": 0, "referenceId": reply["referenceId"]}),
        "ChatReject"
    );
}

#[tokio::test]
async fn a_consultation_may_go_through_a_queue() {
    let api = Api::start().await;
    let customer = talking(&api).await;
    let id = customer.id.as_str();
    let kate = api.by("kate");
    let queues = api.by("ada").get("/queues?fields=*").await.ok();
    let all = queues["queues"].as_array().unwrap();
    let path = |name: &str| all.iter().find(|queue| queue["name"] == name).unwrap()["path"].clone();
    let ask = |fields: Value| kate.does(id, op("Consult", fields));
    ask(json!({"queueName": "nowhere"})).await.refused(404, 6);
    ask(json!({"targetUri": path("tasks")})).await.refused(400, 10);
    ask(json!({"targetUri": path("support-chat")})).await.ok();
    assert_eq!(api.by("ben").sees(id).await["state"], "Invited");
    api.by("ben").does(id, op("Accept", json!({}))).await.ok();
    let participants = kate.get(&format!("/chats/{id}")).await.ok()["chat"]["participants"].clone();
    assert!(participants.to_string().contains("Agents"), "{participants}");
    assert_eq!(customer.reads().await.len(), 2, "the customer sees nobody");
    // Ben is in, Sam is not Ready and Kate asks.
    let sentence = ask(json!({"queueName": "support-chat"})).await.refused(409, 2);
    assert!(sentence.contains("support-chat"), "{sentence}");
    api.ready("sam").await;
    ask(json!({"queueName": "support-chat"})).await.ok();
    assert_eq!(api.by("sam").sees(id).await["state"], "Invited");
}

#[tokio::test]
async fn last_words_reach_the_colleagues_who_go_with_them() {
    let api = Api::start().await;
    let customer = talking(&api).await;
    let id = customer.id.as_str();
    api.by("kate").does(id, op("Invite", json!({"userName": "ben"}))).await.ok();
    api.by("ben").does(id, op("Accept", json!({}))).await.ok();
    for name in ["kate", "ben"] {
        api.told_to(name, INTERACTIONS).await;
    }
    let complete = op("Complete", json!({"text": "Good bye"}));
    let reference = api.by("kate").does(id, complete).await.ok()["referenceId"].clone();
    for (name, reference) in [("kate", reference), ("ben", Value::Null)] {
        let told = api.told_to(name, INTERACTIONS).await;
        let story: Vec<(&str, &str)> = told
            .iter()
            .map(|data| {
                (data["notificationType"].as_str().unwrap(), data["state"].as_str().unwrap())
            })
            .collect();
        // Ben, whom the end takes out, is told that the customer has gone; Kate ended it herself.
        let heard = if name == "ben" { 2 } else { 1 };
        let expected: Vec<(&str, &str)> = std::iter::repeat_n(("NewMessages", "Chatting"), heard)
            .chain([("StatusChange", "Completed")])
            .collect();
        assert_eq!(story, expected, "{name}");
        assert_eq!(told[0]["messages"][0]["text"], "Good bye");
        assert!(told.iter().all(|data| data["referenceId"] == reference), "{told:?}");
    }
    assert_eq!(customer.reads().await[3], "kate Text Good bye");
}
