//! Who gets through the doors of the CometD endpoint: origins, credentials, topics by role.
//! Attempts are made up from a seed, so every run makes the same ones.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Request, header};
use handoff_domain::Topic;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::api::{Api, PASSWORD, ROOT, basic};

/// How many subscriptions and publications are tried in all, and how many requests with a foreign
/// `clientId`.
const ATTEMPTS: usize = 2_000;
const FOREIGN: usize = 500;
/// Messages of one request; the server takes 64.
const BATCH: usize = 50;
const SEED: u64 = 0x5EED_0023;

/// A small generator (SplitMix64): the point is variety, not quality.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(sides).unwrap()).unwrap()
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.roll(of.len())]
    }
}

/// Sends messages with these headers and gives status and messages; nothing when the answer is none
/// of CometD's.
async fn exchange(api: &Api, headers: &[(&str, &str)], messages: &Value) -> (u16, Vec<Value>) {
    let mut request = Request::post(format!("{ROOT}/notifications"))
        .header(header::CONTENT_TYPE, "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let reply = api.send(request.body(Body::from(messages.to_string())).unwrap()).await;
    (reply.status.as_u16(), serde_json::from_str(&reply.text).unwrap_or_default())
}

/// Opens a session with a user's credentials.
async fn opened(api: &Api, user: &str) -> String {
    let credentials = basic(user, PASSWORD);
    let handshake = json!([{"channel": "/meta/handshake", "version": "1.0"}]);
    let (_, replies) = exchange(api, &[("authorization", &credentials)], &handshake).await;
    replies[0]["clientId"].as_str().unwrap().to_owned()
}

/// Everything that each user may subscribe to, written out: topics and the wildcards that cover one
/// of them.
fn allowed(user: &str) -> BTreeSet<String> {
    let desk: &[&str] = &[
        "/v2/me/interactions",
        "/v2/me/channels",
        "/v2/me/chats",
        "/v2/me/emails",
        "/v2/me/workitems",
        "/v2/me/openmedia",
    ];
    let watched: &[&str] = &["/v2/me", "/v2/me/workbins"];
    let wildcards = ["/v2/me/*", "/v2/me/**", "/v2/**", "/**"];
    let silent_desk: &[&str] =
        &["/v2/me/devices", "/v2/me/calls", "/v2/me/outbound", "/v2/me/callbacks"];
    let figures: &[&str] = &["/v2/me/statistics", "/v2/statistics"];
    let topics = match user {
        "kate" | "sam" | "zoe" => [desk, watched, silent_desk, figures].concat(),
        "ada" | "vera" => [watched, figures].concat(),
        "intake" => watched.to_vec(),
        other => panic!("{other} is nobody here"),
    };
    let topics = topics.into_iter().chain(["/notifications/services", "/v2/ucs/interactions"]);
    let with_slashes = topics.flat_map(|topic| [topic.to_owned(), format!("{topic}/")]);
    with_slashes.chain(wildcards.map(str::to_owned)).collect()
}

/// Makes up a name: a topic, as it is or bent, or something that looks as if it could be one.
fn made_up(dice: &mut Dice) -> String {
    const STEMS: [&str; 22] = [
        "/v2/me/interactions",
        "/v2/me/channels",
        "/v2/me/chats",
        "/v2/me/emails",
        "/v2/me/workitems",
        "/v2/me/openmedia",
        "/v2/me/workbins",
        "/v2/me",
        "/notifications/services",
        "/v2/users",
        "/v2/me/calls",
        "/v2/me/statistics",
        "/v2/statistics",
        "/v2/ucs/interactions",
        "/v2/me/callbacks",
        "/v2/queues",
        "/internal",
        "/meta/connect",
        "/service/chatV2/customer-support",
        "/v2",
        "/",
        "/oort/cloud",
    ];
    const TAILS: [&str; 20] = [
        "",
        "",
        "",
        "/",
        "//",
        "/*",
        "/**",
        "/***",
        "*",
        "/*/",
        "/**/",
        "/..",
        "/../users",
        "%2f**",
        "%2A",
        "/%2e%2e",
        "\u{0}",
        " ",
        "?x=1",
        "#x",
    ];
    const HEADS: [&str; 10] = ["", "", "", "", "/", "/api", "*", "//", " ", "/v2/users/ben"];
    const PLAIN: [&str; 6] = ["", "", "/", "/*", "/**", "/x"];
    let stem = dice.pick(&STEMS).to_owned();
    if dice.roll(3) == 0 {
        return format!("{stem}{}", dice.pick(&PLAIN));
    }
    let stem = match dice.roll(8) {
        0 => stem.to_uppercase(),
        1 => stem.replace("me", "users/00000000-0000-0000-0000-0000000000a2"),
        2 => stem.replace("me", "*"),
        3 => stem.replace('/', "%2F"),
        4 => stem.replace('/', "\\"),
        _ => stem,
    };
    format!("{}{stem}{}", dice.pick(&HEADS), dice.pick(&TAILS))
}

#[tokio::test]
async fn nothing_beyond_the_list_is_subscribed_and_nothing_is_published() {
    let api = Api::start().await;
    let mut dice = Dice(SEED);
    let users = ["kate", "sam", "vera", "ada", "intake", "zoe"];
    let (mut granted, mut beyond, mut missed, mut published) =
        (0, Vec::new(), Vec::new(), Vec::new());
    for round in 0..ATTEMPTS / BATCH {
        let user = users[round % users.len()];
        let (id, credentials) = (opened(&api, user).await, basic(user, PASSWORD));
        let names: Vec<String> = (0..BATCH).map(|_| made_up(&mut dice)).collect();
        let message = |(at, name): (usize, &String)| match (round + at) % 2 {
            0 => json!({"channel": "/meta/subscribe", "clientId": id, "subscription": name}),
            _ => json!({"channel": name, "clientId": id, "data": {"messageType": "Resync"}}),
        };
        let messages: Vec<Value> = names.iter().enumerate().map(message).collect();
        let is_handshake = |message: &Value| message["channel"] == "/meta/handshake";
        assert!(!messages.iter().any(is_handshake), "it would be answered alone");
        let (status, replies) =
            exchange(&api, &[("authorization", &credentials)], &Value::from(messages.clone()))
                .await;
        assert_eq!(status, 200);
        let replies: Vec<Value> =
            replies.into_iter().filter(|reply| reply.get("successful").is_some()).collect();
        assert_eq!(replies.len(), BATCH);
        for ((message, name), reply) in messages.iter().zip(&names).zip(&replies) {
            let is_successful = reply["successful"] == true;
            if message["channel"] != "/meta/subscribe" {
                let is_connect = name == "/meta/connect";
                published.extend((is_successful && !is_connect).then(|| name.clone()));
                continue;
            }
            granted += usize::from(is_successful);
            match (is_successful, allowed(user).contains(name)) {
                (true, false) => beyond.push((user, name.clone())),
                (false, true) => missed.push((user, name.clone())),
                (true, true) | (false, false) => {}
            }
        }
    }
    assert_eq!((beyond, missed, published), (Vec::new(), Vec::new(), Vec::new()), "seed {SEED:#x}");
    assert!(granted > 30, "an attempt that never succeeds proves nothing: {granted} were granted");
}

#[tokio::test]
async fn every_topic_is_told_to_the_roles_that_have_it() {
    let api = Api::start().await;
    for user in ["kate", "sam", "vera", "ada", "intake", "zoe"] {
        let (id, credentials) = (opened(&api, user).await, basic(user, PASSWORD));
        for topic in Topic::ALL {
            let name = handoff_api::notify::topics::channel(topic);
            let message =
                json!([{"channel": "/meta/subscribe", "clientId": id, "subscription": name}]);
            let (_, replies) = exchange(&api, &[("authorization", &credentials)], &message).await;
            assert_eq!(replies[0]["successful"], allowed(user).contains(name), "{user} {name}");
        }
    }
}

#[tokio::test]
async fn a_topic_on_which_nothing_is_sent_is_granted_alone_and_with_others() {
    let api = Api::start().await;
    let (id, credentials) = (opened(&api, "kate").await, basic("kate", PASSWORD));
    let names = [
        "/v2/me/devices",
        "/v2/me/calls",
        "/v2/me/outbound",
        "/v2/me/callbacks",
        "/v2/me/statistics",
        "/v2/statistics",
        "/v2/ucs/interactions",
    ];
    let subscribe = |names: Value| json!([{"channel": "/meta/subscribe", "clientId": id, "subscription": names}]);
    let withdraw = |names: Value| json!([{"channel": "/meta/unsubscribe", "clientId": id, "subscription": names}]);
    let all = json!([names.as_slice(), &["/v2/me/interactions"]].concat());
    for messages in names
        .map(|name| subscribe(json!(name)))
        .into_iter()
        .chain([subscribe(all.clone()), withdraw(all)])
    {
        let (_, replies) = exchange(&api, &[("authorization", &credentials)], &messages).await;
        assert_eq!(replies[0]["successful"], true, "{messages}: {replies:?}");
        assert_eq!(replies.len(), 1, "nothing comes with it: {replies:?}");
    }
    // The session still stands: whoever cannot be served is told to shake hands anew.
    let connect = json!([{"channel": "/meta/connect", "clientId": id, "advice": {"timeout": 0}}]);
    let (_, replies) = exchange(&api, &[("authorization", &credentials)], &connect).await;
    assert_eq!(replies[0]["successful"], true, "{replies:?}");
}

/// Sends a handshake to a path and gives status and answer.
async fn handshake_at(api: &Api, path: &str) -> (u16, Value) {
    let request = Request::post(path).header(header::CONTENT_TYPE, "application/json");
    let request = request.header("authorization", basic("kate", PASSWORD));
    let handshake = json!([{"channel": "/meta/handshake", "version": "1.0"}]);
    let reply = api.send(request.body(Body::from(handshake.to_string())).unwrap()).await;
    (reply.status.as_u16(), serde_json::from_str(&reply.text).unwrap_or_default())
}

#[tokio::test]
async fn one_segment_behind_either_endpoint_is_the_endpoint_and_two_are_not() {
    let api = Api::start().await;
    for endpoint in ["/api/v2/notifications", "/genesys/cometd"] {
        for suffix in
            ["", "/", "/handshake", "/connect", "/subscribe", "/unsubscribe", "/publish", "/x%2Fy"]
        {
            let (status, replies) = handshake_at(&api, &format!("{endpoint}{suffix}")).await;
            assert_eq!(
                (status, &replies[0]["successful"]),
                (200, &json!(true)),
                "{endpoint}{suffix}"
            );
        }
        for suffix in ["/meta/handshake", "/handshake/x/", "s"] {
            let (status, answer) = handshake_at(&api, &format!("{endpoint}{suffix}")).await;
            assert_eq!((status, &answer["statusCode"]), (404, &json!(6)), "{endpoint}{suffix}");
        }
    }
}

#[tokio::test]
async fn a_client_id_is_worth_nothing_with_another_users_credentials() {
    let api = Api::start().await;
    let mut dice = Dice(SEED);
    let id = opened(&api, "kate").await;
    let bens = basic("ben", PASSWORD);
    let cookie = api.by("ben").get("/me").await.cookie().unwrap();
    let browser = |dice: &mut Dice| format!("BAYEUX_BROWSER={:016x}", dice.roll(usize::MAX));
    for attempt in 0..FOREIGN {
        let cookies = format!("{cookie}; {}", browser(&mut dice));
        let headers: &[(&str, &str)] = match attempt % 4 {
            0 => &[("authorization", &bens)],
            1 => &[("cookie", &cookies)],
            2 => &[],
            _ => &[("authorization", &bens), ("cookie", &cookies)],
        };
        let message = match dice.roll(6) {
            0 => json!({"channel": "/meta/connect", "advice": {"timeout": 0}}),
            1 => json!({"channel": "/meta/subscribe", "subscription": "/v2/me/interactions"}),
            2 => json!({"channel": "/meta/unsubscribe", "subscription": "/v2/me/interactions"}),
            3 => json!({"channel": "/meta/disconnect"}),
            4 => json!({"channel": "/v2/me/interactions", "data": {}}),
            _ => json!({"channel": "/service/x", "data": {}}),
        };
        let mut message = message;
        message["clientId"] = json!(id);
        let (status, replies) = exchange(&api, headers, &json!([message])).await;
        assert_eq!(
            (status, &replies[0]["error"]),
            (200, &json!("402::session_unknown")),
            "{headers:?} {message}"
        );
    }
    let kates = basic("kate", PASSWORD);
    let subscribe = json!([{"channel": "/meta/subscribe", "clientId": id, "subscription": "/v2/me/interactions"}]);
    let (_, replies) = exchange(&api, &[("authorization", &kates)], &subscribe).await;
    assert_eq!(replies[0]["successful"], true, "the session is unharmed, and hers");
}

#[tokio::test]
async fn a_page_of_another_origin_neither_polls_nor_shakes_hands() {
    let api =
        Api::start_with(|options| options.cors_origins = vec!["https://pages.example".to_owned()])
            .await;
    let kates = basic("kate", PASSWORD);
    let id = opened(&api, "kate").await;
    let connect = json!([{"channel": "/meta/connect", "clientId": id, "advice": {"timeout": 0}}]);
    let handshake = json!([{"channel": "/meta/handshake"}]);
    for (origin, is_let_in) in [
        ("https://evil.example", false),
        ("null", false),
        ("http://127.0.0.1:8090.evil.example", false),
        ("http://127.0.0.1:8090", true),
        ("https://pages.example", true),
    ] {
        for messages in [&handshake, &connect] {
            for headers in
                [vec![("origin", origin)], vec![("origin", origin), ("authorization", &kates)]]
            {
                let (status, replies) = exchange(&api, &headers, messages).await;
                assert_eq!(status, if is_let_in { 200 } else { 403 }, "{headers:?}");
                assert_eq!(replies.is_empty(), !is_let_in);
            }
        }
    }
}

/// Asks for an upgrade over a real connection and gives the status.
async fn upgrade(address: std::net::SocketAddr, path: &str, headers: &[(&str, &str)]) -> u16 {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut request = format!(
        "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    );
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(format!("{request}\r\n").as_bytes()).await.unwrap();
    let mut start = [0; 12];
    stream.read_exact(&mut start).await.unwrap();
    std::str::from_utf8(&start[9..]).unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_socket_opens_for_our_own_pages_listed_ones_and_programs_only() {
    let api =
        Api::start_with(|options| options.cors_origins = vec!["https://pages.example".to_owned()])
            .await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = api.router.clone();
    let serving = tokio::spawn(async move { axum::serve(listener, router).await });
    let (kates, cookie) =
        (basic("kate", PASSWORD), api.by("kate").get("/me").await.cookie().unwrap());
    let own = format!("http://{address}");
    let origins = [
        (Some(own.as_str()), 101),
        (Some("https://pages.example"), 101),
        (None, 101),
        (Some("https://evil.example"), 403),
        (Some("null"), 403),
    ];
    for (origin, status) in origins {
        for credentials in
            [("authorization", kates.as_str()), ("cookie", cookie.as_str()), ("x-none", "")]
        {
            let headers: Vec<(&str, &str)> =
                origin.map(|origin| ("origin", origin)).into_iter().chain([credentials]).collect();
            for path in [
                "/api/v2/notifications",
                "/api/v2/notifications/handshake",
                "/api/v2/notifications/x",
            ] {
                assert_eq!(upgrade(address, path, &headers).await, status, "{path} {headers:?}");
            }
        }
    }
    assert_eq!(upgrade(address, "/genesys/cometd/connect", &[]).await, 101);
    assert_eq!(
        upgrade(address, "/api/v2/notifications/x/y", &[("authorization", &kates)]).await,
        404
    );
    serving.abort();
}
