//! Customers who wait: what they are promised, and that waiting costs nobody their place.

use axum::body::Body;
use axum::http::{Request, header};
use handoff_domain::{
    CenterId, ChatTerms, EmailTerms, Hours, OpenTime, QueueId, Service, ServiceId, ServiceTerms,
    Weekday,
};
use serde_json::{Value, json};

use crate::api::{Api, has};
use crate::customer::{Customer, post, with_services, with_terms};

const SERVICE: &str = "/genesys/2/chat/customer-support";
const AVAILABILITY: &str = "/genesys/2/chat/customer-support/availability";
/// 2026-01-12 08:00:00 UTC, a Monday: the next opening after the api's Friday noon.
const MONDAY_MS: i64 = 1_768_204_800_000;

/// Says that an e-mail service takes what customers leave.
fn letterbox() -> Service {
    Service {
        id: ServiceId(0x51),
        center: CenterId(1),
        name: "contact-us".to_owned(),
        queue: QueueId(0x30),
        enabled: true,
        terms: ServiceTerms::Email(EmailTerms {
            mailbox: "support@demo.example".to_owned(),
            files_max: 0,
            bytes_max: 1_024,
            types: Vec::new(),
        }),
    }
}

/// Working days, from one minute to another, in universal time.
fn hours(from_minute: u16, to_minute: u16) -> Option<Hours> {
    let days = Weekday::ALL.into_iter().take(5);
    let open = days.map(|day| OpenTime { day, from_minute, to_minute }).collect();
    Some(Hours { zone: "UTC".to_owned(), open, exceptions: [].into() })
}

fn state(answer: &Value) -> &str {
    answer["availability"]["state"].as_str().unwrap_or_else(|| panic!("no availability: {answer}"))
}

#[tokio::test]
async fn nobody_is_promised_a_wait_while_nobody_is_there() {
    let api = Api::start().await;
    api.ready("kate").await;
    for _ in 0..3 {
        api.clock.advance_s(30);
        let customer = Customer::with(&api, "kate").await;
        customer.does("disconnect", &[]).await;
        api.by("kate").does(&customer.id, json!({"operationName": "Complete"})).await.ok();
    }
    api.by("kate").post("/me", json!({"operationName": "NotReady"})).await.ok();
    let customer = Customer::begin(&api).await;
    let paused = customer.does("refresh", &[]).await;
    assert_eq!(
        (state(&paused), &paused["expectedWait"]),
        ("Open", &Value::Null),
        "kate has a break: {paused}"
    );

    api.by("kate").post("/me", json!({"operationName": "EndContactCenterSession"})).await.ok();
    let alone = customer.does("refresh", &[]).await;
    assert_eq!((state(&alone), &alone["expectedWait"]), ("NobodyThere", &Value::Null), "{alone}");
    assert_eq!(alone["queuePosition"], 1, "the place in line is no promise");
    let why = api.by("sam").get(&format!("/interactions/{}/routing", customer.id)).await.ok();
    assert_eq!(why["routing"]["waiting"]["eligible"], json!([]), "routing says the same: {why}");

    // Somebody of another group cannot serve the queue, and somebody who may, but not on this
    // channel, cannot either.
    api.ready("mia").await;
    assert_eq!(state(&customer.does("refresh", &[]).await), "NobodyThere");
    let mail_only = json!({"operationName": "StartContactCenterSession", "channels": ["email"]});
    api.by("ben").post("/me", mail_only).await.ok();
    assert_eq!(state(&customer.does("refresh", &[]).await), "NobodyThere");

    api.ready("kate").await;
    let served = customer.does("refresh", &[]).await;
    assert_eq!(state(&served), "Open");
    assert!(served["expectedWait"].is_u64(), "the queue is served and has moved: {served}");
    api.engine.workers().router().route().await.unwrap();
    api.by("kate").does(&customer.id, json!({"operationName": "Accept"})).await.ok();
    let talking = customer.does("refresh", &[]).await;
    assert_eq!(talking["availability"], Value::Null, "whoever is served needs none: {talking}");
}

#[tokio::test]
async fn a_service_says_how_it_stands_before_a_chat_begins() {
    let terms = ChatTerms {
        max_waiting: Some(1),
        hours: hours(8 * 60, 17 * 60),
        leave_message: Some("contact-us".to_owned()),
        ..ChatTerms::default()
    };
    let api = with_services(terms, vec![letterbox()]).await;
    let ask = || async { post(&api, AVAILABILITY, &[]).await };
    let nobody = ask().await;
    let days = ["Mon", "Tue", "Wed", "Thu", "Fri"];
    let expected = json!({
        "state": "NobodyThere", "hours": [{"days": days, "from": "08:00", "to": "17:00"}], "timeZone": "UTC",
        "leaveMessage": "contact-us",
    });
    let whole =
        json!({"statusCode": 0, "chatEnded": false, "messages": [], "availability": expected});
    assert_eq!(nobody, whole);
    api.ready("kate").await;
    assert_eq!(state(&ask().await), "Open");

    Customer::begin(&api).await;
    assert_eq!(state(&ask().await), "Full");
    let refused = post(&api, SERVICE, &[("nickname", "Eve")]).await;
    assert_eq!(
        (&refused["errors"][0]["code"], state(&refused)),
        (&json!(2003), "Full"),
        "{refused}"
    );
    assert_eq!(refused["availability"]["leaveMessage"], "contact-us");

    api.clock.advance_s(6 * 60 * 60);
    let closed = ask().await;
    assert_eq!(state(&closed), "Closed");
    assert_eq!(closed["availability"]["opensAt"], MONDAY_MS, "{closed}");
    let refused = post(&api, SERVICE, &[("nickname", "Eve")]).await;
    assert_eq!(
        (&refused["errors"][0]["code"], &refused["availability"]),
        (&json!(2002), &closed["availability"])
    );
    let unknown = post(&api, "/genesys/2/chat/nowhere/availability", &[]).await;
    assert_eq!(unknown["errors"][0]["code"], 2001, "{unknown}");
}

#[tokio::test]
async fn a_service_that_takes_no_messages_offers_none() {
    let terms =
        || ChatTerms { leave_message: Some("contact-us".to_owned()), ..ChatTerms::default() };
    let closed = Service { enabled: false, ..letterbox() };
    let foreign = Service { center: CenterId(2), ..letterbox() };
    for others in [vec![], vec![closed], vec![foreign]] {
        let api = with_services(terms(), others).await;
        let answer = post(&api, AVAILABILITY, &[]).await;
        assert_eq!(answer["availability"], json!({"state": "NobodyThere"}));
    }
}

#[tokio::test]
async fn a_service_without_hours_has_those_of_its_queue() {
    let api = Api::start().await;
    api.ready("kate").await;
    let ask = || async { post(&api, AVAILABILITY, &[]).await };
    assert_eq!(state(&ask().await), "Open");
    let queue = format!("/queues/{}", api.queue_id("support-chat"));
    let closed_on = |date: &str| {
        let exceptions = [format!("{date} closed")];
        json!({"hours": {"timeZone": "UTC", "open": ["Mon-Fri 08:00-17:00"], "exceptions": exceptions}})
    };
    // It is Friday noon.
    api.by("ada").put(&queue, closed_on("2026-01-10")).await.ok();
    assert_eq!(state(&ask().await), "Open");
    api.by("ada").put(&queue, closed_on("2026-01-09")).await.ok();
    let closed = ask().await;
    let seen = (state(&closed), &closed["availability"]["opensAt"]);
    assert_eq!(seen, ("Closed", &json!(MONDAY_MS)), "{closed}");
    let refused = post(&api, SERVICE, &[("nickname", "Eve")]).await;
    assert_eq!(refused["errors"][0]["code"], 2002, "{refused}");
}

#[tokio::test]
async fn whoever_waits_when_the_service_closes_is_told_so_once_nobody_is_there() {
    let terms = ChatTerms { hours: hours(8 * 60, 17 * 60), ..ChatTerms::default() };
    let api = with_terms(terms).await;
    api.ready("kate").await;
    let customer = Customer::begin(&api).await;
    api.clock.advance_s(6 * 60 * 60);
    assert_eq!(state(&customer.does("refresh", &[]).await), "Open", "kate still serves the line");
    api.by("kate").post("/me", json!({"operationName": "EndContactCenterSession"})).await.ok();
    let alone = customer.does("refresh", &[]).await;
    assert_eq!((state(&alone), &alone["availability"]["opensAt"]), ("Closed", &json!(MONDAY_MS)));
}

struct Listener<'a> {
    api: &'a Api,
    id: String,
}

impl<'a> Listener<'a> {
    const CHANNEL: &'static str = "/service/chatV2/customer-support";

    /// Opens it; returns what it is told first, too.
    async fn open(api: &'a Api, key: &str) -> (Self, Vec<Value>) {
        let mut listener = Self { api, id: String::new() };
        let hello = json!({"channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": ["long-polling"]});
        listener.id = listener.send(hello).await[0]["clientId"].as_str().unwrap().to_owned();
        listener.send(json!({"channel": "/meta/subscribe", "subscription": Self::CHANNEL})).await;
        let ask = json!({"operation": "requestNotifications", "secureKey": key});
        let mut begun = data(listener.send(json!({"channel": Self::CHANNEL, "data": ask})).await);
        begun.extend(listener.hears().await);
        (listener, begun)
    }

    async fn send(&self, mut message: Value) -> Vec<Value> {
        if !self.id.is_empty() {
            message["clientId"] = json!(self.id);
        }
        let request =
            Request::post("/genesys/cometd").header(header::CONTENT_TYPE, "application/json");
        let reply =
            self.api.send(request.body(Body::from(json!([message]).to_string())).unwrap()).await;
        serde_json::from_str(&reply.text).unwrap()
    }

    /// Returns what was delivered since it was asked last.
    async fn hears(&self) -> Vec<Value> {
        let poll = json!({"channel": "/meta/connect", "connectionType": "long-polling", "advice": {"timeout": 0}});
        data(self.send(poll).await)
    }
}

/// Returns what was delivered among replies.
fn data(came: Vec<Value>) -> Vec<Value> {
    let delivered = came.into_iter().filter(|message| message.get("successful").is_none());
    delivered.map(|message| message["data"].clone()).collect()
}

#[tokio::test]
async fn who_listens_is_told_when_somebody_comes_goes_or_the_line_moves_and_else_nothing() {
    let api = Api::start().await;
    let first = Customer::begin(&api).await;
    api.clock.advance_s(1);
    let second = Customer::begin(&api).await;
    let (listener, begun) = Listener::open(&api, &second.key).await;
    assert_eq!(
        (state(&begun[0]), &begun[0]["queuePosition"]),
        ("NobodyThere", &json!(2)),
        "{begun:?}"
    );
    let told = || async {
        api.doors.tell_standings().await;
        listener.hears().await
    };
    assert_eq!(told().await, [Value::Null; 0], "nothing has changed");

    api.by("kate")
        .post("/me", json!({"operationName": "StartContactCenterSession", "channels": ["chat"]}))
        .await
        .ok();
    let came = told().await;
    assert_eq!((came.len(), state(&came[0])), (1, "Open"), "{came:?}");
    has(&came[0], json!({"messages": [], "nextPosition": begun[0]["nextPosition"]}));
    first.does("disconnect", &[]).await;
    let moved = told().await;
    assert_eq!((moved.len(), &moved[0]["queuePosition"]), (1, &json!(1)), "{moved:?}");
    api.by("kate").post("/me", json!({"operationName": "EndContactCenterSession"})).await.ok();
    let gone = told().await;
    assert_eq!((gone.len(), state(&gone[0])), (1, "NobodyThere"), "{gone:?}");
    assert_eq!(told().await, [Value::Null; 0], "it was told");
}

/// The simple API is another way to the same service, and tells the same about it.
#[tokio::test]
async fn the_simple_api_says_how_a_service_stands_as_well() {
    let terms = ChatTerms {
        max_waiting: Some(1),
        leave_message: Some("contact-us".to_owned()),
        ..ChatTerms::default()
    };
    let api = with_services(terms, vec![letterbox()]).await;
    let begin = || {
        let body = json!({"operationName": "RequestChat", "nickname": "Ada"}).to_string();
        api.send(Request::post("/api/v2/chats").body(Body::from(body)).unwrap())
    };
    let begun = begin().await.ok();
    assert_eq!((state(&begun), &begun["queuePosition"]), ("NobodyThere", &json!(1)), "{begun}");
    let path = format!("/api/v2/chats/{}", begun["id"].as_str().unwrap());
    let key = begun["secureKey"].as_str().unwrap();
    let read = async |below: &str| {
        let request = Request::get(format!("{path}{below}?secureKey={key}"));
        api.send(request.body(Body::empty()).unwrap()).await.ok()
    };
    for below in ["", "/messages"] {
        let shown = read(below).await;
        let expected = json!({"state": "NobodyThere", "leaveMessage": "contact-us"});
        assert_eq!(
            (&shown["availability"], &shown["queuePosition"]),
            (&expected, &json!(1)),
            "{shown}"
        );
    }
    let full = begin().await;
    full.refused(409, 2);
    let told: Value = serde_json::from_str(&full.text).unwrap();
    assert_eq!(told["availability"], json!({"state": "Full", "leaveMessage": "contact-us"}));

    api.ready("kate").await;
    assert_eq!(state(&read("").await), "Open");
    let id = begun["id"].as_str().unwrap();
    api.engine.workers().router().route().await.unwrap();
    api.by("kate").does(id, json!({"operationName": "Accept"})).await.ok();
    let talking = read("").await;
    assert_eq!(talking["availability"], Value::Null, "whoever is served needs none: {talking}");
}
