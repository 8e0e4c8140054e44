//! What a customer's client relies on: it knows its own messages again, a repeated request is one,
//! and browsers let it in.

use axum::body::Body;
use axum::http::{Method, Request, header};
use handoff_domain::ChatTerms;
use serde_json::{Value, json};

use crate::api::{Api, Reply, has};
use crate::customer::{CHATS, Customer, post, with_terms};

const SERVICE: &str = "/genesys/2/chat/customer-support";
const COMETD: &str = "/genesys/cometd";
const CHANNEL: &str = "/service/chatV2/customer-support";
/// A client's own id of a request for a chat.
const REQUEST: &str = "0123456789abcdef0123456789abcdef";
const SHOP: &str = "https://www.shop.example";
const EVIL: &str = "https://evil.example";

/// Returns the ids of a client's own that messages have.
fn ids(messages: &Value) -> Vec<(&str, &str)> {
    let all = messages.as_array().unwrap().iter();
    all.filter_map(|message| Some((message["text"].as_str()?, message["messageId"].as_str()?)))
        .collect()
}

#[tokio::test]
async fn a_client_knows_its_own_messages_again_and_nobody_else_is_told() {
    let api = Api::start().await;
    api.ready("kate").await;
    let customer = Customer::with(&api, "kate").await;
    let fields = [("message", "Hello"), ("messageId", "m1"), ("transcriptPosition", "1")];
    assert_eq!(ids(&customer.does("send", &fields).await["messages"]), [("Hello", "m1")]);
    customer.does("send", &fields[..2]).await;
    customer.does("pushUrl", &[("pushUrl", "https://shop.example/"), ("messageId", "m2")]).await;
    api.by("kate")
        .does(&customer.id, json!({"operationName": "Send", "text": "Good day"}))
        .await
        .ok();
    assert_eq!(
        ids(&customer.sees().await["messages"]),
        [("Hello", "m1"), ("https://shop.example/", "m2")],
        "said once"
    );
    let simple = format!("/api/v2/chats/{}/messages?secureKey={}", customer.id, customer.key);
    let simple = api.send(Request::get(simple).body(Body::empty()).unwrap()).await.ok();
    assert_eq!(ids(&simple["messages"]), [("Hello", "m1")]);
    let told = api.told_to("kate", CHATS).await;
    assert!(told.iter().any(|data| data.to_string().contains("Hello")), "{told:?}");
    let resource = api.by("kate").sees(&customer.id).await;
    assert!(!format!("{told:?} {resource}").contains("messageId"), "{told:?} {resource}");
}

#[tokio::test]
async fn a_refusal_says_what_it_refuses_and_whether_the_chat_is_over() {
    let api = Api::start().await;
    api.ready("kate").await;
    let customer = Customer::with(&api, "kate").await;
    let send = format!("{SERVICE}/{}/send", customer.id);
    let (long, key) = ("x".repeat(4_097), customer.key.as_str());
    let table = [
        (vec![("secureKey", key), ("messageId", "m1")], 1001, false),
        (vec![("secureKey", key), ("messageId", "m2"), ("message", &long)], 1002, false),
        (vec![("secureKey", "no key"), ("messageId", "m3"), ("message", "Hi")], 3001, true),
    ];
    for (fields, code, is_over) in table {
        let refused = post(&api, &send, &fields).await;
        assert_eq!(refused["errors"][0]["code"], code, "{refused}");
        assert_eq!(refused["messageId"], fields[1].1, "{refused}");
        assert_eq!(refused["chatEnded"], is_over, "{refused}");
    }
    customer.does("disconnect", &[]).await;
    let refused =
        post(&api, &send, &[("secureKey", key), ("messageId", "m4"), ("message", "Still there?")])
            .await;
    assert_eq!(
        (&refused["errors"][0]["code"], &refused["messageId"], &refused["chatEnded"]),
        (&json!(3002), &json!("m4"), &json!(true))
    );
}

#[tokio::test]
async fn a_repeated_request_for_a_chat_is_one() {
    let api = with_terms(ChatTerms { max_waiting: Some(1), ..ChatTerms::default() }).await;
    let ask = |nickname: &'static str, id: &'static str| {
        let api = &api;
        async move { post(api, SERVICE, &[("nickname", nickname), ("messageId", id)]).await }
    };
    let (first, twin) = tokio::join!(ask("Ada", REQUEST), ask("Ada", REQUEST));
    let again = ask("Ada", REQUEST).await;
    for other in [&twin, &again] {
        for key in ["chatId", "secureKey", "userId"] {
            assert_eq!(other[key], first[key], "{key}: {other}");
        }
    }
    let key = again["secureKey"].as_str().unwrap();
    let said = format!("{SERVICE}/{}/send", again["chatId"].as_str().unwrap());
    let said = post(&api, &said, &[("secureKey", key), ("message", "Hello")]).await;
    has(&said, json!({"statusCode": 0, "chatEnded": false}));
    assert!(!key.contains(REQUEST), "{key}");

    let other = "fedcba9876543210fedcba9876543210";
    for (nickname, id, code) in
        [("Ada", other, 2003), ("Eve", REQUEST, 1002), ("Ada", "short", 1002)]
    {
        let refused = ask(nickname, id).await;
        assert_eq!(refused["errors"][0]["code"], code, "{refused}");
        has(&refused, json!({"messageId": id, "chatEnded": false}));
    }
    let key = |salted: &Value| salted["secureKey"].as_str().unwrap()[..32].to_owned();
    let elsewhere = with_terms(ChatTerms::default()).await;
    let same_name = post(&elsewhere, SERVICE, &[("nickname", "Ada"), ("messageId", REQUEST)]).await;
    assert_ne!(key(&same_name), key(&first), "the name alone does not make the key");
}

#[tokio::test]
async fn a_repeated_request_gives_an_ended_chat_while_it_can_be_read_and_then_none() {
    let api = Api::start().await;
    let fields = [("nickname", "Ada"), ("messageId", REQUEST)];
    let first = post(&api, SERVICE, &fields).await;
    let id = first["chatId"].as_str().unwrap();
    let key = first["secureKey"].as_str().unwrap();
    post(&api, &format!("{SERVICE}/{id}/disconnect"), &[("secureKey", key)]).await;
    let again = post(&api, SERVICE, &fields).await;
    assert_eq!((again["chatId"].as_str(), &again["chatEnded"]), (Some(id), &json!(true)));
    api.clock.advance_s(3_601);
    let gone = post(&api, SERVICE, &fields).await;
    assert_eq!(
        (&gone["errors"][0]["code"], &gone["chatEnded"]),
        (&json!(3001), &json!(true)),
        "{gone}"
    );
}

/// A customer's CometD session in a browser that keeps no cookies.
struct Browser<'a> {
    api: &'a Api,
    id: String,
}

impl<'a> Browser<'a> {
    async fn open(api: &'a Api) -> Self {
        let mut browser = Self { api, id: String::new() };
        let handshake = json!({"channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": ["long-polling"]});
        let reply = browser.send(handshake).await.remove(0);
        browser.id = reply["clientId"].as_str().unwrap_or_else(|| panic!("{reply}")).to_owned();
        let reply =
            browser.send(json!({"channel": "/meta/subscribe", "subscription": CHANNEL})).await;
        assert_eq!(reply[0]["successful"], true, "{reply:?}");
        browser
    }

    async fn send(&self, mut message: Value) -> Vec<Value> {
        if !self.id.is_empty() {
            message["clientId"] = json!(self.id);
        }
        let request = Request::post(COMETD)
            .header(header::CONTENT_TYPE, "application/json;charset=UTF-8")
            .header(header::HOST, "desk.example")
            .header(header::ORIGIN, SHOP);
        let reply =
            self.api.send(request.body(Body::from(json!([message]).to_string())).unwrap()).await;
        assert_eq!(reply.headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], SHOP);
        serde_json::from_str(&reply.text).unwrap()
    }

    /// Publishes something, and gives what is delivered then.
    async fn does(&self, data: Value) -> Vec<Value> {
        let mut came = self.send(json!({"channel": CHANNEL, "data": data})).await;
        came.extend(
            self.send(json!({"channel": "/meta/connect", "connectionType": "long-polling", "advice": {"timeout": 0}}))
                .await,
        );
        let delivered = came.into_iter().filter(|message| message.get("successful").is_none());
        delivered.map(|message| message["data"].clone()).collect()
    }
}

#[tokio::test]
async fn cometd_across_origins_needs_no_cookie_and_knows_messages_and_requests_again() {
    let api =
        with_terms(ChatTerms { origins: vec![SHOP.to_owned()], ..ChatTerms::default() }).await;
    let browser = Browser::open(&api).await;
    let request = json!({"operation": "requestChat", "nickname": "Ada", "messageId": REQUEST});
    let begun = browser.does(request.clone()).await.remove(0);
    assert_eq!((&begun["statusCode"], &begun["chatEnded"]), (&json!(0), &json!(false)), "{begun}");
    let key = begun["secureKey"].clone();
    let said = browser
        .does(json!({"operation": "sendMessage", "secureKey": key, "message": "Hello", "messageId": "m1"}))
        .await;
    assert_eq!(ids(&said[0]["messages"]), [("Hello", "m1")], "{said:?}");
    assert_eq!(said[0]["chatEnded"], false);
    let refused = browser
        .does(
            json!({"operation": "sendMessage", "secureKey": key, "message": "", "messageId": "m2"}),
        )
        .await;
    assert_eq!(
        (&refused[0]["statusCode"], &refused[0]["messageId"], &refused[0]["chatEnded"]),
        (&json!(2), &json!("m2"), &json!(false)),
        "{refused:?}"
    );

    let reloaded = Browser::open(&api).await;
    let missed =
        reloaded.does(json!({"operation": "requestNotifications", "secureKey": key})).await;
    assert_eq!(ids(&missed[0]["messages"]), [("Hello", "m1")], "{missed:?}");
    let repeated = reloaded.does(request).await;
    has(&repeated[0], json!({"chatId": begun["chatId"], "secureKey": key}));
    assert_eq!(ids(&repeated[0]["messages"]), [("Hello", "m1")], "{repeated:?}");

    let left = browser.does(json!({"operation": "disconnect", "secureKey": key})).await;
    assert_eq!(left[0]["chatEnded"], true, "{left:?}");
    let late = reloaded
        .does(json!({"operation": "sendMessage", "secureKey": key, "message": "Hi", "messageId": "m3"}))
        .await;
    let last = late.last().unwrap();
    assert_eq!((&last["messageId"], &last["chatEnded"]), (&json!("m3"), &json!(true)), "{late:?}");
    assert!(
        late.iter().any(|told| told.to_string().contains("ParticipantLeft")),
        "the end comes first: {late:?}"
    );
}

/// Sessions that begin to listen while much is said: whatever each is told comes in order, from the
/// first on and without a gap.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_begins_to_listen_in_the_middle_is_told_everything_in_order() {
    const SAID: usize = 400;
    const SESSIONS: usize = 100;
    let api = Api::start().await;
    api.ready("kate").await;
    let customer = Customer::with(&api, "kate").await;
    let kate = api.by("kate");
    let talk = async {
        for number in 0..SAID {
            let text = format!("message {number}");
            kate.does(&customer.id, json!({"operationName": "Send", "text": text})).await.ok();
        }
    };
    let listen = async {
        let mut heard = Vec::new();
        for _ in 0..SESSIONS {
            let browser = Browser::open(&api).await;
            let ask = json!({"operation": "requestNotifications", "secureKey": customer.key});
            let told = browser.does(ask).await;
            heard.push((browser, told));
        }
        heard
    };
    let ((), heard) = tokio::join!(talk, listen);
    let all = customer.sees().await["nextPosition"].as_u64().unwrap() - 1;
    for (browser, mut told) in heard {
        told.extend(
            browser.does(json!({"operation": "startTyping", "secureKey": customer.key})).await,
        );
        let messages = told.iter().flat_map(|data| data["messages"].as_array().unwrap());
        let numbers: Vec<u64> = messages.filter_map(|message| message["index"].as_u64()).collect();
        assert_eq!(numbers, Vec::from_iter(1..=all));
    }
}

async fn asks_first(api: &Api, path: &str, origin: &str) -> Reply {
    let request = Request::builder()
        .method(Method::OPTIONS)
        .uri(path)
        .header(header::HOST, "desk.example")
        .header(header::ORIGIN, origin)
        .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST")
        .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "content-type");
    api.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn browsers_let_the_pages_of_listed_origins_in_and_no_others() {
    let api = with_terms(ChatTerms {
        origins: vec!["https://*.shop.example".to_owned()],
        ..ChatTerms::default()
    })
    .await;
    let open = Api::start().await;
    for path in [
        SERVICE,
        "/genesys/2/chat/customer-support/0001/send",
        "/genesys/2/chat/customer-support/0001/file/limits",
        "/genesys/2/chat-ntf",
        COMETD,
        "/api/v2/chats",
        "/api/v2/chats/0001/messages",
    ] {
        let let_in = asks_first(&api, path, SHOP).await;
        assert_eq!(let_in.status, 204, "{path}: {}", let_in.text);
        assert_eq!(let_in.headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], SHOP, "{path}");
        let methods = let_in.headers[header::ACCESS_CONTROL_ALLOW_METHODS].to_str().unwrap();
        assert!(methods.contains("POST"), "{methods}");
        let headers = let_in.headers[header::ACCESS_CONTROL_ALLOW_HEADERS].to_str().unwrap();
        assert!(
            headers.contains("content-type") && !headers.contains("authorization"),
            "{headers}"
        );
        assert!(!let_in.headers.contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS), "{path}");
        assert_eq!(let_in.headers[header::VARY], "origin", "{path}");
        assert_eq!(
            asks_first(&api, path, "https://desk.example").await.status,
            204,
            "{path}: our own page"
        );
        assert_eq!(
            asks_first(&open, path, EVIL).await.status,
            204,
            "{path}: no origins are listed"
        );

        let kept_out = asks_first(&api, path, EVIL).await;
        assert_eq!(kept_out.status, 403, "{path}");
        assert!(!kept_out.headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN), "{path}");
    }
}

#[tokio::test]
async fn a_page_of_another_origin_begins_no_chat_and_reads_nothing() {
    let api =
        with_terms(ChatTerms { origins: vec![SHOP.to_owned()], ..ChatTerms::default() }).await;
    let from = |origin: &str| {
        Request::post(SERVICE)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ORIGIN, origin)
            .body(Body::from("nickname=Ada"))
            .unwrap()
    };
    let refused = api.send(from(EVIL)).await;
    assert_eq!(
        (refused.status.as_u16(), &refused.json()["errors"][0]["code"]),
        (403, &json!(4002))
    );
    assert!(!refused.headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
    let begun = api.send(from(SHOP)).await;
    assert_eq!((begun.json()["statusCode"].as_i64(), begun.status.as_u16()), (Some(0), 200));
    assert_eq!(begun.headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], SHOP);
}
