//! What a customer's client meets at the edges of a chat: positions that are none, the end, texts
//! and files that are none, names, notes.

use handoff_domain::{ChatTerms, ContactId, FileLimits, InteractionId, User};
use handoff_engine::contact_id;
use handoff_store::{ChangeSet, InteractionQuery, InteractionScope, Put, Record};
use serde_json::{Value, json};

use crate::api::Api;
use crate::customer::{CHATS, Customer, messages, op, post, with_terms};

const SERVICE: &str = "/genesys/2/chat/customer-support";

fn texts(answer: &Value) -> Vec<&str> {
    answer["messages"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|message| message["text"].as_str())
        .collect()
}

async fn says(api: &Api, agent: &str, customer: &Customer<'_>, text: &str) {
    api.by(agent).does(&customer.id, op("Send", json!({"text": text}))).await.ok();
}

#[tokio::test]
async fn a_position_beyond_the_end_is_not_believed_and_hides_nothing() {
    let api = Api::start().await;
    api.ready("kate").await;
    let customer = Customer::with(&api, "kate").await;
    let beyond = customer.does("refresh", &[("transcriptPosition", "1000")]).await;
    assert_eq!((&beyond["nextPosition"], &beyond["messages"]), (&json!(3), &json!([])), "{beyond}");
    says(&api, "kate", &customer, "Your order is on its way").await;
    let said = customer.does("send", &[("message", "ok")]).await;
    let next = said["nextPosition"].as_u64().unwrap();
    assert!(next <= 3, "the agent's message is the third entry: {said}");
    let told = customer.does("refresh", &[("transcriptPosition", &next.to_string())]).await;
    assert_eq!(texts(&told), ["Your order is on its way", "ok"]);
    assert_eq!(told["nextPosition"], 5);

    api.told_to("kate", CHATS).await;
    customer.does("readReceipt", &[("transcriptPosition", "1000")]).await;
    let told = api.told_to("kate", CHATS).await;
    let read = messages(&told, "messageType", "MessageLogUpdated");
    assert_eq!(
        (&read[0]["type"], &read[0]["text"]),
        (&json!("ReadReceipt"), &json!("4")),
        "{told:?}"
    );
}

#[tokio::test]
async fn every_operation_says_the_same_about_the_end_at_once() {
    let api = Api::start().await;
    api.ready("kate").await;
    for by_customer in [true, false] {
        let customer = Customer::with(&api, "kate").await;
        if by_customer {
            assert_eq!(
                customer.does("disconnect", &[]).await["chatEnded"],
                true,
                "the customer has left"
            );
        } else {
            api.by("kate").does(&customer.id, op("EndChatSession", json!({}))).await.ok();
        }
        let key = [("secureKey", customer.key.as_str())];
        let path = |operation: &str| format!("{SERVICE}/{}/{operation}", customer.id);
        for operation in ["file/limits", "disconnect", "startTyping", "updateData", "refresh"] {
            let answer = post(&api, &path(operation), &key).await;
            assert_eq!(answer["chatEnded"], operation != "updateData", "{operation}: {answer}");
        }
        let sent = post(&api, &path("send"), &[key[0], ("message", "Hello?")]).await;
        assert_eq!(
            (&sent["errors"][0]["code"], &sent["chatEnded"]),
            (&json!(3002), &json!(true)),
            "{sent}"
        );
        api.by("kate").does(&customer.id, op("Complete", json!({}))).await.ok();
    }
}

#[tokio::test]
async fn texts_that_nobody_could_see_or_that_end_early_are_refused_at_every_door() {
    let api = Api::start().await;
    api.ready("kate").await;
    let customer = Customer::with(&api, "kate").await;
    let before = customer.reads().await.len();
    let blank = [" ", "\r\n\t ", "\u{a0}\u{3000}", "\u{200b}\u{feff}"];
    for text in blank.into_iter().chain(["a\0b", "\0"]) {
        for (operation, field) in
            [("send", "message"), ("updateNickname", "nickname"), ("customNotice", "message")]
        {
            let fields = [("secureKey", customer.key.as_str()), (field, text)];
            let refused =
                post(&api, &format!("{SERVICE}/{}/{operation}", customer.id), &fields).await;
            assert_eq!(refused["errors"][0]["code"], 1002, "{operation} {text:?}: {refused}");
        }
        for body in [
            op("Send", json!({"text": text})),
            op("SendToAgents", json!({"text": text})),
            op("SendCustomNotice", json!({"noticeText": text})),
            op("Leave", json!({"text": text})),
        ] {
            api.by("kate").does(&customer.id, body).await.refused(400, 10);
        }
        let simple =
            json!({"operationName": "SendMessage", "secureKey": customer.key, "text": text});
        api.anonymous().post(&format!("/chats/{}", customer.id), simple).await.refused(400, 10);
        let begun = post(&api, SERVICE, &[("nickname", text)]).await;
        assert!(begun["errors"][0]["code"].is_u64(), "{text:?}: {begun}");
    }
    let named = post(&api, SERVICE, &[("nickname", "A\nda")]).await;
    assert_eq!(named["errors"][0]["code"], 1002, "a name stands in one line: {named}");
    let about = post(&api, SERVICE, &[("nickname", "Ada"), ("subject", "a\0b")]).await;
    assert_eq!(about["errors"][0]["code"], 1002, "{about}");
    assert_eq!(customer.reads().await.len(), before, "nothing was said");
    customer.says(" \u{2764}\u{fe0f}\n").await;
}

#[tokio::test]
async fn an_empty_file_and_an_endless_name_have_reasons_of_their_own() {
    let files = FileLimits { uploads_max: 9, ..FileLimits::default() };
    let api = with_terms(ChatTerms { files, ..ChatTerms::default() }).await;
    api.ready("kate").await;
    let customer = Customer::with(&api, "kate").await;
    let name = |bytes: usize| format!("{}.txt", "\u{65e5}".repeat((bytes - 4) / 3));
    for (name, content, code) in [
        ("empty.txt".to_owned(), &b""[..], 5009),
        (name(259), b"text", 5010),
        ("page.txt".to_owned(), b"\x00\x01", 5002),
    ] {
        let refused = customer.uploads(&name, content).await;
        assert_eq!(refused["errors"][0]["code"], code, "{name}: {refused}");
    }
    let taken = customer.uploads(&name(253), b"text").await;
    assert_eq!(taken["statusCode"], 0, "{taken}");
    let id = &taken["messages"][0]["userData"]["file-id"];
    assert!(id.is_string() && taken["userData"] == json!({"file-id": id}), "{taken}");
    assert_eq!(customer.does("refresh", &[]).await["userData"], json!({}));
}

/// Returns an agent a nickname, or takes it away.
async fn call(api: &Api, name: &str, nickname: Option<&str>) {
    let directory = api.engine.core().directory();
    let user = directory.user_by_name(name).unwrap();
    let record = Record::User(User { nickname: nickname.map(str::to_owned), ..User::clone(user) });
    let put = Put { expected: directory.version(&record.key()), record };
    api.engine
        .core()
        .store()
        .commit(ChangeSet { puts: vec![put], ..ChangeSet::default() })
        .await
        .unwrap();
    api.engine.core().reload_directory().await.unwrap();
}

#[tokio::test]
async fn customers_see_an_agents_nickname_or_first_name_and_never_the_whole_one() {
    let api = Api::start().await;
    api.ready("kate").await;
    for (nickname, given, seen) in [
        (None, None, "kate"),
        (Some("Kate of Support"), None, "Kate of Support"),
        (Some("Kate of Support"), Some("K."), "K."),
    ] {
        call(&api, "kate", nickname).await;
        let customer = Customer::begin(&api).await;
        api.engine.workers().router().route().await.unwrap();
        let accept = given.map_or_else(|| json!({}), |given| json!({"nickname": given}));
        api.by("kate").does(&customer.id, op("Accept", accept)).await.ok();
        let answer = customer.sees().await;
        assert_eq!(answer["messages"][1]["from"]["nickname"], seen, "{answer}");
        assert!(!answer.to_string().contains("Lund"), "{answer}");
        customer.does("disconnect", &[]).await;
        api.by("kate").does(&customer.id, op("Complete", json!({}))).await.ok();
    }
}

#[tokio::test]
async fn typing_is_shown_each_time_by_a_client_that_drops_what_it_has_seen() {
    let api = Api::start().await;
    api.ready("kate").await;
    let customer = Customer::with(&api, "kate").await;
    let mut seen = std::collections::BTreeSet::new();
    let mut shown = Vec::new();
    for round in 0..3 {
        api.clock.advance_s(1);
        api.by("kate").does(&customer.id, op("SendStartTypingNotification", json!({}))).await.ok();
        let mut came =
            customer.does("refresh", &[("transcriptPosition", "1")]).await["messages"].take();
        api.by("kate").does(&customer.id, op("SendStopTypingNotification", json!({}))).await.ok();
        let stopped =
            customer.does("refresh", &[("transcriptPosition", "1")]).await["messages"].take();
        came.as_array_mut().unwrap().extend(stopped.as_array().unwrap().iter().cloned());
        says(&api, "kate", &customer, &format!("message {round}")).await;
        for message in came.as_array().unwrap() {
            let index = message["index"].as_i64().unwrap_or_else(|| panic!("no index: {message}"));
            if seen.insert(index) {
                shown.push(message["type"].as_str().unwrap().to_owned());
            }
        }
    }
    let typing = shown.iter().filter(|kind| kind.starts_with("Typing")).count();
    assert_eq!(typing, 6, "{shown:?}");
    assert_eq!(customer.reads().await.len(), 5, "the numbers of entries have no gap");
    assert!(seen.iter().filter(|index| **index < 0).count() == 6 && !seen.contains(&0), "{seen:?}");
}

#[tokio::test]
async fn agents_are_told_which_user_speaks_and_customers_are_not() {
    let api = Api::start().await;
    api.ready("kate").await;
    let customer = Customer::with(&api, "kate").await;
    customer.says("Hello").await;
    says(&api, "kate", &customer, "Good day").await;
    api.by("kate").does(&customer.id, op("SendStartTypingNotification", json!({}))).await.ok();
    let told = api.told_to("kate", CHATS).await;
    let path = format!("/users/{}", api.user_id("kate"));
    for message in messages(&told, "messageType", "MessageLogUpdated") {
        let from = &message["from"];
        let (expected_path, expected_uri) = match from["type"].as_str().unwrap() {
            "Agent" => (json!(path), json!(format!("http://127.0.0.1:8090/api/v2{path}"))),
            _ => (Value::Null, Value::Null),
        };
        assert_eq!((&from["path"], &from["uri"]), (&expected_path, &expected_uri), "{message}");
    }
    assert!(told.iter().any(|data| data.to_string().contains(&path)), "{told:?}");
    let simple = api
        .anonymous()
        .get(&format!("/chats/{}/messages?secureKey={}", customer.id, customer.key))
        .await
        .ok();
    for shown in [customer.sees().await, simple] {
        assert!(!shown.to_string().contains("/users/"), "{shown}");
    }
}

#[tokio::test]
async fn a_chat_with_an_address_is_in_the_history_of_its_contact() {
    let api = Api::start().await;
    let center = api.engine.core().directory().user_by_name("kate").unwrap().center;
    let history = |contact: ContactId| {
        let scope = InteractionScope::OfContact { center, contact: contact.to_string() };
        let query = InteractionQuery::of(scope, 10);
        let api = &api;
        async move {
            let found = api.engine.core().store().interactions(&query).await.unwrap().items;
            found.into_iter().map(|item| item.value.id).collect::<Vec<InteractionId>>()
        }
    };
    let fields = [("nickname", "Ada"), ("emailAddress", "Ada@Shop.Example")];
    let begun = post(&api, SERVICE, &fields).await;
    let id = begun["chatId"].as_str().unwrap();
    let contact = contact_id(center, "ada@shop.example");
    assert_eq!(history(contact).await, [id.parse::<InteractionId>().unwrap()]);
    assert_eq!(api.by("sam").sees(id).await["contactId"], contact.to_string());
    let known =
        api.engine.views().contact(center, contact).await.unwrap().expect("the contact is there");
    assert_eq!((known.address.as_str(), known.name.as_deref()), ("ada@shop.example", Some("Ada")));

    // What another customer calls themselves with that address changes nothing of who the contact
    // is.
    post(&api, SERVICE, &[("nickname", "Eve"), ("emailAddress", "ada@shop.example")]).await;
    assert_eq!(history(contact).await.len(), 2);
    let known = api.engine.views().contact(center, contact).await.unwrap().unwrap();
    assert_eq!(known.name.as_deref(), Some("Ada"));
    for nobody in ["", "ada", "@shop.example", "a b@shop.example"] {
        let begun = post(&api, SERVICE, &[("nickname", "Ada"), ("emailAddress", nobody)]).await;
        let shown = api.by("sam").sees(begun["chatId"].as_str().unwrap()).await;
        assert_eq!(shown["contactId"], Value::Null, "{nobody:?}");
    }
}
