//! What strangers may use, and how much one answer brings.

use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::http::{Request, header};
use handoff_domain::ChatTerms;
use serde_json::{Value, json};

use crate::api::{Api, Reply};
use crate::customer::{Customer, op, post, with_terms};

const CHAT: &str = "/genesys/2/chat/customer-support";

async fn begin(api: &Api, address: [u8; 4]) -> Reply {
    let request =
        Request::post(CHAT).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let mut request = request.body(Body::from("nickname=Ada")).unwrap();
    request.extensions_mut().insert(handoff_api::PeerAddress(address.into()));
    api.send(request).await
}

#[tokio::test]
async fn a_disk_that_is_short_takes_nothing_of_strangers_and_agents_go_on() {
    let api = with_terms(ChatTerms::default()).await;
    api.ready("kate").await;
    let customer = Customer::with(&api, "kate").await;
    api.space.is_short.store(true, Ordering::Relaxed);
    let refused = begin(&api, [192, 0, 2, 1]).await;
    assert_eq!(refused.status.as_u16(), 507);
    assert_eq!(refused.headers[header::RETRY_AFTER], "60");
    assert_eq!(
        (&refused.json()["errors"][0]["code"], &refused.json()["statusCode"]),
        (&json!(6003), &json!(1))
    );
    let (path, key) = (format!("{CHAT}/{}/send", customer.id), &*customer.key);
    let said = post(&api, &path, &[("secureKey", key), ("message", "Hello?")]).await;
    assert_eq!(said["errors"][0]["code"], 6003);
    let file = customer.uploads("a.txt", b"text").await;
    assert_eq!(file["errors"][0]["code"], 6003, "before anything of it is written down");
    customer.sees().await;
    api.by("kate").does(&customer.id, op("Send", json!({"text": "We are here."}))).await.ok();
    let work = op("Create", json!({"channel": "workitem", "queueName": "tasks"}));
    api.by("kate").post("/me/interactions", work).await.ok();
    customer.does("disconnect", &[]).await;
    api.space.is_short.store(false, Ordering::Relaxed);
    assert_eq!(begin(&api, [192, 0, 2, 1]).await.status.as_u16(), 200, "it ends by itself");
}

#[tokio::test]
async fn whether_the_disk_can_be_written_to_is_tried_once_a_second_however_often_it_is_asked() {
    let api = Api::start().await;
    let ready = async || api.send(Request::get("/readyz").body(Body::empty()).unwrap()).await;
    for _ in 0..20 {
        ready().await.ok();
    }
    assert_eq!(api.space.probes.load(Ordering::Relaxed), 1);
    api.space.is_broken.store(true, Ordering::Relaxed);
    api.clock.advance_s(1);
    let reply = ready().await;
    assert_eq!((reply.status.as_u16(), &reply.json()["failing"]), (503, &json!(["disk"])));
    api.space.is_broken.store(false, Ordering::Relaxed);
    api.clock.advance_s(1);
    ready().await.ok();
    assert_eq!(api.space.probes.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn chats_asked_for_at_the_same_moment_are_counted_one_by_one() {
    let api = std::sync::Arc::new(with_terms(ChatTerms::default()).await);
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..600 {
        let api = api.clone();
        asking.spawn(async move {
            begin(&api, [192, 0, 2, 1]).await.json()["errors"][0]["code"].clone()
        });
    }
    let codes = asking.join_all().await;
    assert_eq!(codes.iter().filter(|code| code.is_null()).count(), 500);
    assert_eq!(codes.iter().filter(|code| **code == 4003).count(), 100);
    assert_eq!(
        begin(&api, [192, 0, 2, 2]).await.status.as_u16(),
        200,
        "another address has its own"
    );
}

/// Makes a work item of about 60 KiB.
async fn large(api: &Api) -> String {
    let data = json!({"text": "x".repeat(60 << 10)});
    let body = op("Create", json!({"channel": "workitem", "queueName": "tasks", "userData": data}));
    api.by("intake").post("/interactions", body).await.ok()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_page_of_large_interactions_ends_earlier_and_the_pages_join() {
    let api = Api::start().await;
    let mut ids = Vec::new();
    for _ in 0..150 {
        ids.push(large(&api).await);
    }
    let (mut listed, mut sizes, mut cursor) = (Vec::new(), Vec::new(), String::new());
    loop {
        let reply = api.by("sam").get(&format!("/interactions?fields=*&limit=1000{cursor}")).await;
        assert!(reply.text.len() < 6 << 20, "{} bytes", reply.text.len());
        let page = reply.ok();
        let items = page["interactions"].as_array().unwrap();
        sizes.push(items.len());
        listed.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert!(sizes.len() >= 3 && sizes[0] > 50, "{sizes:?}");
    ids.sort();
    assert_eq!(listed, ids);
    let addresses = api.by("sam").get("/interactions?limit=1000").await.ok();
    assert_eq!(addresses["uris"].as_array().unwrap().len(), 150, "addresses are small");
    assert!(addresses["nextCursor"].is_null());
}

#[tokio::test]
async fn the_content_of_a_workbin_is_truncated_by_its_bytes() {
    let api = Api::start().await;
    api.ready("kate").await;
    for _ in 0..30 {
        let id = large(&api).await;
        api.engine.workers().router().route().await.unwrap();
        api.by("kate").does(&id, json!({"operationName": "Accept"})).await.ok();
        api.by("kate")
            .does(&id, op("PlaceInWorkbin", json!({"workbin": "In Progress"})))
            .await
            .ok();
    }
    api.told.take("/v2/me/interactions");
    api.by("kate").does("-", op("GetWorkbinContent", json!({"workbin": "In Progress"}))).await.ok();
    let told = api.told.take("/v2/me/interactions");
    let [message] = told.as_slice() else { panic!("one message: {}", told.len()) };
    assert_eq!(message["truncated"], true);
    let shown = message["interactions"].as_array().unwrap().len();
    assert!((10..30).contains(&shown), "{shown}");
    assert!(message.to_string().len() < 2 << 20);
}

#[tokio::test]
async fn a_long_chat_comes_in_answers_that_are_bounded_and_join() {
    let api = with_terms(ChatTerms::default()).await;
    let customer = Customer::begin(&api).await;
    let text = "\u{1f600}".repeat(4_096);
    for _ in 0..30 {
        api.clock.advance_s(1);
        customer.says(&text).await;
    }
    let (mut position, mut indexes) = (1, Vec::new());
    for _ in 0..100 {
        let answer =
            customer.does("refresh", &[("transcriptPosition", &position.to_string())]).await;
        assert!(answer.to_string().len() < 256 << 10, "{} bytes", answer.to_string().len());
        let messages = answer["messages"].as_array().unwrap();
        let numbered: Vec<&Value> =
            messages.iter().filter(|message| !message["index"].is_null()).collect();
        if numbered.is_empty() {
            break;
        }
        indexes.extend(numbered.iter().map(|message| message["index"].as_u64().unwrap()));
        position = answer["nextPosition"].as_u64().unwrap();
    }
    assert_eq!(indexes, (1..=31).collect::<Vec<_>>(), "what began it, and all that was said");
}

#[tokio::test]
async fn a_chat_may_have_so_much_text() {
    let api = with_terms(ChatTerms::default()).await;
    let customer = Customer::begin(&api).await;
    let text = "\u{1f600}".repeat(4_096);
    let mut said = 0;
    let refused = loop {
        api.clock.advance_s(1);
        let fields = [("secureKey", &*customer.key), ("message", &*text)];
        let answer = post(&api, &format!("{CHAT}/{}/send", customer.id), &fields).await;
        if answer["statusCode"] != 0 {
            break answer;
        }
        said += 1;
        assert!(said <= 256, "4 MiB of 16 KiB each");
    };
    assert_eq!((said, &refused["errors"][0]["code"]), (256, &json!(3003)));
    customer.does("disconnect", &[]).await;
}
