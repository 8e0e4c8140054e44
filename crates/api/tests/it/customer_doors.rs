//! Every way to write the address of a customers' door, and what each of them bounds.

use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use handoff_domain::service::OpenMediaTerms;
use handoff_domain::{CenterId, Direction, Media, QueueId, Service, ServiceId, ServiceTerms};
use handoff_store::{ChangeSet, Put, Record, Store};
use handoff_testkit::Call;
use serde_json::{Value, json};

use crate::api::{Api, store};
use crate::customer::{Customer, op, post};
use crate::mailbox::{FORM, MailApi};

const SERVICE: &str = "/genesys/2/chat/customer-support";

/// Posts a form with a file in it.
async fn upload(api: &Api, path: &str, fields: &[(&str, &str)]) -> Value {
    let bytes = b"\x89PNG\r\n\x1a\nrest";
    api.calls(Call::upload(path, fields, ("file", "a.png"), bytes)).await.json()
}

#[tokio::test]
async fn a_chat_goes_through_with_a_slash_behind_every_address() {
    let api = Api::start().await;
    api.ready("kate").await;
    let before = post(&api, &format!("{SERVICE}/availability/"), &[]).await;
    assert!(before["availability"]["state"].is_string(), "{before}");
    let begun = post(&api, &format!("{SERVICE}/"), &[("nickname", "Ada")]).await;
    assert_eq!(begun["statusCode"], 0, "{begun}");
    let text = |name: &str| begun[name].as_str().unwrap().to_owned();
    let (chat, key) = (text("chatId"), text("secureKey"));
    api.engine.workers().router().route().await.unwrap();
    api.by("kate").does(&chat, json!({"operationName": "Accept"})).await.ok();
    let operations: [(&str, &[(&str, &str)]); 9] = [
        ("send", &[("message", "Hello")]),
        ("refresh", &[("transcriptPosition", "1")]),
        ("startTyping", &[]),
        ("stopTyping", &[]),
        ("pushUrl", &[("pushUrl", "https://shop.example/")]),
        ("updateNickname", &[("nickname", "Ada L.")]),
        ("customNotice", &[("message", "note")]),
        ("updateData", &[("userData[a]", "1")]),
        ("readReceipt", &[("transcriptPosition", "1")]),
    ];
    for (operation, fields) in operations {
        let fields = [fields, &[("secureKey", key.as_str())]].concat();
        let answer = post(&api, &format!("{SERVICE}/{chat}/{operation}/"), &fields).await;
        assert_eq!(answer["statusCode"], 0, "{operation}: {answer}");
    }
    let with_key: &[(&str, &str)] = &[("secureKey", &key)];
    for (path, operation) in
        [(format!("{SERVICE}/{chat}/file/"), ""), ("/genesys/2/chat-ntf/".to_owned(), "fileUpload")]
    {
        let answer = upload(&api, &path, &[with_key, &[("operation", operation)]].concat()).await;
        assert_eq!(answer["statusCode"], 0, "{path}: {answer}");
    }
    let files =
        api.by("kate").get(&format!("/me/interactions/{chat}/attachments?fields=*")).await.ok();
    let file = files["attachments"][0]["id"].as_str().unwrap().to_owned();
    let limits = post(&api, &format!("{SERVICE}/{chat}/file/limits/"), with_key).await;
    assert_eq!(limits["statusCode"], 0, "{limits}");
    let gone = post(&api, &format!("{SERVICE}/{chat}/file/{file}/delete/"), with_key).await;
    assert_eq!(gone["statusCode"], 0, "{gone}");
    let over = post(&api, &format!("{SERVICE}/{chat}/disconnect/"), with_key).await;
    assert_eq!(over["statusCode"], 0, "{over}");
    let said =
        post(&api, &format!("{SERVICE}/{chat}/send/"), &[with_key, &[("message", "x")]].concat())
            .await;
    assert_eq!(said["errors"][0]["code"], 3002, "it has ended: {said}");
}

/// Starts with an open-media service beside what the center has.
async fn with_open_media() -> Api {
    let store = store().await;
    let terms = OpenMediaTerms {
        media: Media::Workitem,
        direction: Direction::Inbound,
        sub_type: OpenMediaTerms::DEFAULT_SUB_TYPE.to_owned(),
        allow_overwrite: true,
    };
    let service = Service {
        id: ServiceId(0x51),
        center: CenterId(1),
        name: "workitems".to_owned(),
        queue: QueueId(0x30),
        enabled: true,
        terms: ServiceTerms::OpenMedia(terms),
    };
    let puts = vec![Put { record: Record::Service(service), expected: 0 }];
    store.commit(ChangeSet { puts, ..ChangeSet::default() }).await.unwrap();
    Api::start_on(Arc::clone(&store) as Arc<dyn Store>, |_| {}).await
}

#[tokio::test]
async fn the_other_doors_take_a_slash_as_well() {
    let api = with_open_media().await;
    for path in ["/genesys/2/openmedia/workitems", "/genesys/2/openmedia/workitems/"] {
        let work = post(&api, path, &[("subject", "x")]).await;
        assert_eq!(work["statusCode"], 0, "{work}");
    }
    let mail = MailApi::start().await;
    let email = [
        ("firstName", "Eve"),
        ("lastName", "Adams"),
        ("fromAddress", "eve@example.com"),
        ("subject", "My order"),
        ("text", "Where is it?"),
    ];
    let letter = post(&mail.api, &format!("{FORM}/"), &email).await;
    assert_eq!(letter["statusCode"], 0, "{letter}");
    let begin = json!({"operationName": "RequestChat", "nickname": "Ada"}).to_string();
    let begun =
        api.send(Request::post("/api/v2/chats/").body(Body::from(begin)).unwrap()).await.ok();
    let (id, key) = (begun["id"].as_str().unwrap(), begun["secureKey"].as_str().unwrap());
    for path in [format!("/api/v2/chats/{id}/"), format!("/api/v2/chats/{id}/messages/")] {
        let request = Request::get(format!("{path}?secureKey={key}"));
        api.send(request.body(Body::empty()).unwrap()).await.ok();
    }
    for path in ["/genesys/2/chat/", "/genesys/2/chat-ntf/x", "/genesys/2/email/a/b"] {
        assert_eq!(post(&api, path, &[]).await["statusCode"], 6, "{path} is nothing");
    }
}

#[tokio::test]
async fn an_open_media_request_that_is_repeated_is_the_same_interaction() {
    let api = with_open_media().await;
    let create = async |fields: &[(&str, &str)]| {
        let answer = post(&api, "/genesys/2/openmedia/workitems", fields).await;
        assert_eq!(answer["statusCode"], 0, "{answer}");
        answer["id"].as_str().unwrap().to_owned()
    };
    let said = [("externalId", "case-1"), ("subject", "Broken"), ("userData[part]", "lid")];
    let first = create(&said).await;
    assert_eq!(create(&said).await, first, "with the same content");
    let otherwise: [&[(&str, &str)]; 5] = [
        &[("externalId", "case-1"), ("subject", "Lost"), ("userData[part]", "lid")],
        &[("externalId", "case-1"), ("subject", "Broken"), ("userData[part]", "box")],
        &[
            ("externalId", "case-1"),
            ("subject", "Broken"),
            ("userData[part]", "lid"),
            ("interactionType", "Outbound"),
        ],
        &[("externalId", "case-2"), ("subject", "Broken"), ("userData[part]", "lid")],
        &[("subject", "Broken"), ("userData[part]", "lid")],
    ];
    let mut ids = vec![first];
    for fields in otherwise {
        let id = create(fields).await;
        assert!(!ids.contains(&id), "a stranger cannot take what another one says: {fields:?}");
        ids.push(id);
    }
    assert_ne!(
        create(&said[1..]).await,
        create(&said[1..]).await,
        "without an id nothing is a repetition"
    );
}

#[tokio::test]
async fn a_subject_is_bounded_on_every_door() {
    let api = with_open_media().await;
    let long = "x".repeat(4_097);
    let refused = post(&api, SERVICE, &[("nickname", "Ada"), ("subject", &long)]).await;
    assert_eq!(refused["errors"][0]["code"], 1002, "{refused}");
    assert!(
        refused["errors"][0]["advice"].as_str().unwrap().contains("subject may have 4096 bytes"),
        "{refused}"
    );
    let begun = post(&api, SERVICE, &[("nickname", "Ada"), ("subject", &long[1..])]).await;
    assert_eq!(begun["statusCode"], 0, "{begun}");
    let begin =
        json!({"operationName": "RequestChat", "nickname": "Ada", "subject": long}).to_string();
    let simple = api.send(Request::post("/api/v2/chats").body(Body::from(begin)).unwrap()).await;
    assert!(simple.refused(400, 10).contains("subject"));
    for (field, text) in [("subject", &*long), ("interactionSubType", &long[..256])] {
        let work = post(&api, "/genesys/2/openmedia/workitems", &[(field, text)]).await;
        assert_eq!(work["errors"][0]["code"], 1002, "{field}: {work}");
    }
}

#[tokio::test]
async fn a_subject_is_one_line_whatever_a_customer_writes() {
    let api = with_open_media().await;
    api.ready("kate").await;
    let lines = "Hello,\r\n\r\nwhere is it?\n";
    let chat = post(&api, SERVICE, &[("nickname", "Ada"), ("subject", lines)]).await;
    let begin =
        json!({"operationName": "RequestChat", "nickname": "Ada", "subject": lines}).to_string();
    let simple =
        api.send(Request::post("/api/v2/chats").body(Body::from(begin)).unwrap()).await.ok();
    let work = post(&api, "/genesys/2/openmedia/workitems", &[("subject", lines)]).await;
    for id in [&chat["chatId"], &simple["id"], &work["id"]] {
        let seen = api.by("sam").sees(id.as_str().unwrap()).await;
        assert_eq!(seen["subject"], "Hello, where is it?", "{seen}");
    }
}

#[tokio::test]
async fn a_subject_that_grows_by_its_prefix_stays_within_its_bound() {
    let api = Api::start().await;
    api.ready("kate").await;
    let subject = "ü".repeat(2_047);
    let creation =
        op("Create", json!({"channel": "email", "queueName": "support-email", "subject": subject}));
    let id = api.by("intake").post("/interactions", creation).await.ok()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    api.engine.workers().router().route().await.unwrap();
    api.by("kate").does(&id, op("Accept", json!({}))).await.ok();
    api.by("kate").does(&id, op("Reply", json!({"subjectPrefix": "Re: "}))).await.ok();
    let list = api.by("kate").get("/me/interactions?fields=*").await.ok();
    let draft = list["interactions"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["parentId"] == json!(id))
        .unwrap();
    let grown = draft["subject"].as_str().unwrap();
    assert_eq!(grown, format!("Re: {}", "ü".repeat(2_046)), "cut between characters");
}

/// A customer keeps what they have: the key of a chat that was begun with a slash opens it without
/// one.
#[tokio::test]
async fn a_slash_is_no_other_service() {
    let api = Api::start().await;
    let customer = Customer::begin(&api).await;
    let answer =
        post(&api, &format!("{SERVICE}/{}/refresh/", customer.id), &[("secureKey", &customer.key)])
            .await;
    assert_eq!(answer["chatId"], json!(customer.id), "{answer}");
}
