//! Credentials, cookies, the token against forged requests, and pages of other origins.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request, header};
use handoff_domain::UserId;
use handoff_store::{ChangeSet, Key, Kind, Put, Record};
use handoff_testkit::FaultyStore;
use serde_json::{Value, json};

use crate::api::{Api, PASSWORD, ROOT, Reply, basic, cheap_hash, store};

/// Sends a request with exactly these headers.
async fn send(
    api: &Api,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: Value,
) -> Reply {
    let mut request = Request::builder().method(method).uri(format!("{ROOT}{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    api.send(request.header(header::CONTENT_TYPE, "application/json").body(body).unwrap()).await
}

async fn get_me(api: &Api, headers: &[(&str, &str)]) -> Reply {
    send(api, Method::GET, "/me", headers, Value::Null).await
}

/// A session: its cookie and its token.
struct Session {
    cookie: String,
    token: String,
}

impl Session {
    async fn of(api: &Api, user: &str) -> Self {
        let reply = api.by(user).get("/me").await;
        assert_eq!(reply.headers["x-csrf-header"], "X-CSRF-TOKEN");
        let token = reply.headers["x-csrf-token"].to_str().unwrap().to_owned();
        Self { cookie: reply.cookie().unwrap(), token }
    }
}

async fn stored_sessions(api: &Api) -> usize {
    api.engine.core().store().list(Kind::LoginSession, None, 100).await.unwrap().items.len()
}

#[tokio::test]
async fn without_right_credentials_nothing_is_told() {
    let api = Api::start().await;
    let table: [&[(&str, &str)]; 8] = [
        &[],
        &[("authorization", &basic("kate", "wrong"))],
        &[("authorization", &basic("nobody", PASSWORD))],
        &[("authorization", &basic("kate", &"x".repeat(1_000_000)))],
        &[("authorization", "Basic ???")],
        &[("authorization", "Bearer handoff-demo")],
        &[("cookie", "JSESSIONID=made-up")],
        &[("cookie", "JSESSIONID=")],
    ];
    let mut texts = Vec::new();
    for headers in table {
        let reply = get_me(&api, headers).await;
        reply.refused(401, 20);
        texts.push(reply.text);
    }
    texts.dedup();
    assert_eq!(texts.len(), 1, "all of them read the same");
}

#[tokio::test]
async fn a_browser_asks_for_the_password_only_where_no_script_waits_for_the_answer() {
    let api = Api::start().await;
    let person: [&[(&str, &str)]; 4] = [
        &[],
        &[
            ("sec-fetch-mode", "navigate"),
            ("sec-fetch-site", "none"),
            ("sec-fetch-dest", "document"),
        ],
        &[("cookie", "JSESSIONID=made-up"), ("accept", "text/html")],
        &[("user-agent", "Mozilla/5.0"), ("referer", "http://127.0.0.1:8090/")],
    ];
    for headers in person {
        let reply = get_me(&api, headers).await;
        reply.refused(401, 20);
        assert!(
            reply.headers[header::WWW_AUTHENTICATE].to_str().unwrap().starts_with("Basic "),
            "{headers:?}"
        );
    }
    let (wrong, nobody) = (basic("kate", "wrong"), basic("nobody", PASSWORD));
    let script: [&[(&str, &str)]; 12] = [
        &[("x-requested-with", "XMLHttpRequest")],
        &[("x-requested-with", "")],
        &[("origin", "http://127.0.0.1:8090")],
        &[("origin", "null")],
        &[("sec-fetch-mode", "cors")],
        &[("sec-fetch-mode", "same-origin")],
        &[("sec-fetch-mode", "no-cors")],
        &[("sec-fetch-mode", "navigate"), ("sec-fetch-mode", "cors")],
        &[("authorization", &wrong)],
        &[("authorization", &nobody)],
        &[("authorization", "Bearer handoff-demo")],
        &[("authorization", "Basic ???"), ("sec-fetch-mode", "navigate")],
    ];
    for headers in script {
        for (method, path) in
            [(Method::GET, "/me"), (Method::DELETE, "/me/interactions/x/attachments/y")]
        {
            let reply = send(&api, method, path, headers, Value::Null).await;
            reply.refused(401, 20);
            assert!(!reply.headers.contains_key(header::WWW_AUTHENTICATE), "{headers:?}");
        }
    }
}

#[tokio::test]
async fn a_disabled_user_is_nobody() {
    let store = store().await;
    let api = Api::start_on(store.clone(), |_| {}).await;
    let session = Session::of(&api, "kate").await;
    change_user(&api, "kate", |user| user.enabled = false).await;
    get_me(&api, &[("authorization", &basic("kate", PASSWORD))]).await.refused(401, 20);
    get_me(&api, &[("cookie", &session.cookie)]).await.refused(401, 20);
}

#[tokio::test]
async fn what_ended_the_logins_of_a_user_ended_them_for_good() {
    type Change = fn(&mut handoff_domain::User);
    let there_and_back: [[Change; 2]; 2] = [
        [|user| user.enabled = false, |user| user.enabled = true],
        [
            |user| user.password_hash = Some(cheap_hash("new")),
            |user| user.password_hash = Some(handoff_testkit::center::HASH.to_owned()),
        ],
    ];
    for [there, back] in there_and_back {
        let api = Api::start().await;
        let (stored, unseen) = (Session::of(&api, "kate").await, Session::of(&api, "kate").await);
        get_me(&api, &[("cookie", &stored.cookie)]).await.ok();
        change_user(&api, "kate", |user| user.last_name = "Lundqvist".to_owned()).await;
        get_me(&api, &[("cookie", &stored.cookie)]).await.ok();
        change_user(&api, "kate", there).await;
        change_user(&api, "kate", back).await;
        for ended in [&stored, &unseen] {
            get_me(&api, &[("cookie", &ended.cookie)]).await.refused(401, 20);
        }
        let renewed = Session::of(&api, "kate").await;
        get_me(&api, &[("cookie", &renewed.cookie)]).await.ok();
    }
}

async fn change_user(api: &Api, name: &str, change: impl FnOnce(&mut handoff_domain::User)) {
    let directory = api.engine.core().directory();
    let before = directory.user_by_name(name).unwrap();
    let mut user = handoff_domain::User::clone(before);
    change(&mut user);
    let user = user.in_place_of(before);
    let expected = directory.version(&Key::User(user.id));
    let puts = vec![Put { record: Record::User(user), expected }];
    api.engine.core().store().commit(ChangeSet { puts, ..ChangeSet::default() }).await.unwrap();
    api.engine.desks().directory_changed().await.unwrap();
}

#[tokio::test]
async fn a_new_password_ends_the_old_one_and_its_sessions_at_once() {
    let api = Api::start().await;
    let (stored, unseen) = (Session::of(&api, "kate").await, Session::of(&api, "kate").await);
    get_me(&api, &[("cookie", &stored.cookie)]).await.ok();
    change_user(&api, "kate", |user| user.password_hash = Some(cheap_hash("new"))).await;
    get_me(&api, &[("authorization", &basic("kate", PASSWORD))]).await.refused(401, 20);
    get_me(&api, &[("cookie", &stored.cookie)]).await.refused(401, 20);
    get_me(&api, &[("cookie", &unseen.cookie)]).await.refused(401, 20);
    get_me(&api, &[("authorization", &basic("kate", "new"))]).await.ok();
}

#[tokio::test]
async fn a_session_is_stored_when_its_cookie_comes_back_and_not_before() {
    let api = Api::start().await;
    let session = Session::of(&api, "kate").await;
    api.by("kate").get("/me").await.ok();
    assert_eq!(stored_sessions(&api).await, 0);
    let reply = get_me(&api, &[("cookie", &session.cookie)]).await;
    assert_eq!(reply.cookie(), None, "the cookie that came is good");
    assert_eq!(
        reply.headers["x-csrf-token"],
        session.token.as_str(),
        "the token lives as long as the session"
    );
    assert_eq!(reply.ok()["user"]["userName"], "kate");
    assert_eq!(stored_sessions(&api).await, 1);
    let page = api.engine.core().store().list(Kind::LoginSession, None, 1).await.unwrap();
    let Record::LoginSession(stored) = &page.items[0].value else { panic!("a login session") };
    assert_eq!(stored.user, api.user_id("kate"));
    assert!(!session.cookie.contains(&stored.id), "what is stored opens nothing");
}

#[tokio::test]
async fn a_cookie_that_comes_again_at_once_costs_no_read() {
    let faulty = Arc::new(FaultyStore::over(store().await));
    let api = Api::start_on(faulty.clone(), |_| {}).await;
    let session = Session::of(&api, "kate").await;
    get_me(&api, &[("cookie", &session.cookie)]).await.ok();
    let reads = async || {
        let before = faulty.loads();
        send(&api, Method::GET, "/me?fields=id", &[("cookie", &session.cookie)], Value::Null)
            .await
            .ok();
        faulty.loads() - before
    };
    assert_eq!([reads().await, reads().await], [0, 0]);
    api.clock.advance_s(1);
    assert_eq!([reads().await, reads().await], [1, 0], "the control");
}

#[tokio::test]
async fn a_session_comes_back_only_for_the_user_as_they_are() {
    let faulty = Arc::new(FaultyStore::over(store().await));
    let api = Api::start_on(faulty.clone(), |_| {}).await;
    let session = Session::of(&api, "kate").await;
    faulty.write_before_next_commit(Key::User(api.user_id("kate")));
    get_me(&api, &[("cookie", &session.cookie)]).await.ok();
    assert_eq!(faulty.conflicts(), 1, "the session was stored for the user as they are now");
    assert_eq!(stored_sessions(&api).await, 1);
}

#[tokio::test]
async fn the_cookie_is_for_the_browser_alone() {
    let plain = Api::start().await;
    let secure = Api::start_with(|options| {
        options.secure_cookie = true;
        options.same_site = handoff_api::SameSite::None;
    })
    .await;
    for (api, attributes) in [
        (plain, "; Path=/; HttpOnly; SameSite=Lax"),
        (secure, "; Path=/; HttpOnly; SameSite=None; Secure"),
    ] {
        let reply = api.by("kate").get("/me").await;
        let cookie = reply.headers[header::SET_COOKIE].to_str().unwrap();
        assert!(cookie.starts_with("JSESSIONID=") && cookie.ends_with(attributes), "{cookie}");
    }
}

#[tokio::test]
async fn a_session_ends_after_half_an_hour_without_a_request() {
    let api = Api::start().await;
    let session = Session::of(&api, "kate").await;
    for _ in 0..4 {
        get_me(&api, &[("cookie", &session.cookie)]).await.ok();
        api.clock.advance_s(29 * 60);
    }
    api.clock.advance_s(2 * 60);
    get_me(&api, &[("cookie", &session.cookie)]).await.refused(401, 20);
    let unseen = Session::of(&api, "kate").await;
    api.clock.advance_s(30 * 60 + 1);
    get_me(&api, &[("cookie", &unseen.cookie)]).await.refused(401, 20);
}

#[tokio::test]
async fn a_stored_session_survives_a_restart_of_the_server() {
    let store = store().await;
    let before = Api::start_on(store.clone(), |_| {}).await;
    let session = Session::of(&before, "kate").await;
    get_me(&before, &[("cookie", &session.cookie)]).await.ok();
    let after = Api::start_on(store, |_| {}).await;
    let reply = get_me(&after, &[("cookie", &session.cookie)]).await;
    assert_eq!(reply.headers["x-csrf-token"], session.token.as_str());
    reply.ok();
}

#[tokio::test]
async fn the_end_of_the_contact_center_session_ends_the_login_session_for_good() {
    let api = Api::start().await;
    api.start_session("kate").await;
    let session = Session::of(&api, "kate").await;
    let headers: [(&str, &str); 2] =
        [("cookie", &session.cookie), ("x-csrf-token", &session.token)];
    let end = json!({"operationName": "EndContactCenterSession"});
    let reply = send(&api, Method::POST, "/me", &headers, end).await;
    assert!(reply.headers[header::SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
    reply.ok();
    get_me(&api, &headers).await.refused(401, 20);
    get_me(&api, &headers).await.refused(401, 20);
}

#[tokio::test]
async fn basic_wins_over_whatever_cookie_comes_with_it() {
    let api = Api::start().await;
    let (kates, bens) = (Session::of(&api, "kate").await, Session::of(&api, "ben").await);
    let authorization = basic("kate", PASSWORD);
    let table = [("JSESSIONID=stale", true), (&*bens.cookie, true), (&*kates.cookie, false)];
    for (cookie, is_renewed) in table {
        let reply = get_me(&api, &[("authorization", &authorization), ("cookie", cookie)]).await;
        assert_eq!(reply.cookie().is_some(), is_renewed, "{cookie}");
        assert_eq!(reply.ok()["user"]["userName"], "kate");
    }
    let wrong = basic("kate", "wrong");
    get_me(&api, &[("authorization", &wrong), ("cookie", &kates.cookie)]).await.refused(401, 20);
}

#[tokio::test]
async fn a_cookie_is_found_among_what_clients_send_along() {
    let api = Api::start().await;
    let session = Session::of(&api, "kate").await;
    let good = &session.cookie;
    let table = [
        format!("{good}; Path=/"),
        format!("$Version=1; {good}; $Path=/"),
        format!("BAYEUX_BROWSER=abc; {good}; theme=dark; Path=/; HttpOnly"),
        format!("JSESSIONID=older; {good}"),
        format!("{good};JSESSIONID=newer"),
        good.replace('=', "=\"") + "\"",
    ];
    for cookie in table {
        let reply = get_me(&api, &[("cookie", &cookie)]).await;
        assert_eq!(reply.codes(), (200, 0), "{cookie}");
    }
    let twice = get_me(&api, &[("cookie", "JSESSIONID=older"), ("cookie", good)]).await;
    assert_eq!(twice.codes(), (200, 0), "two headers");
}

#[tokio::test]
async fn a_write_by_cookie_alone_needs_the_token() {
    let api = Api::start().await;
    api.start_session("kate").await;
    let (session, other) = (Session::of(&api, "kate").await, Session::of(&api, "ben").await);
    let ready = || json!({"operationName": "Ready"});
    let forged: [&[(&str, &str)]; 4] = [
        &[],
        &[("x-csrf-token", "")],
        &[("x-csrf-token", &other.token)],
        &[("authorization", "Bearer x")],
    ];
    for extra in forged {
        let mut headers = vec![("cookie", &*session.cookie)];
        headers.extend_from_slice(extra);
        let reply = send(&api, Method::POST, "/me", &headers, ready()).await;
        assert_eq!(reply.refused(403, 3), "Missing or invalid Csrf token");
    }
    let headers: [(&str, &str); 2] =
        [("cookie", &session.cookie), ("x-csrf-token", &session.token)];
    send(&api, Method::POST, "/me", &headers, ready()).await.ok();
    let basic = basic("kate", PASSWORD);
    let headers: [(&str, &str); 2] = [("cookie", &session.cookie), ("authorization", &basic)];
    send(&api, Method::POST, "/me", &headers, ready()).await.ok();
    get_me(&api, &[("cookie", &session.cookie)]).await.ok();
}

#[tokio::test]
async fn a_page_of_another_origin_may_not_write_by_cookie_even_with_the_token() {
    let api =
        Api::start_with(|options| options.cors_origins = vec!["https://pages.example".to_owned()])
            .await;
    api.start_session("kate").await;
    let session = Session::of(&api, "kate").await;
    let table: [(&[(&str, &str)], u16); 6] = [
        (&[("origin", "https://evil.example")], 403),
        (&[("origin", "null")], 403),
        (&[("sec-fetch-site", "cross-site")], 403),
        (&[("origin", "http://127.0.0.1:8090")], 200),
        (&[("origin", "https://pages.example")], 200),
        (&[("sec-fetch-site", "same-origin")], 200),
    ];
    for (extra, status) in table {
        let mut headers = vec![("cookie", &*session.cookie), ("x-csrf-token", &*session.token)];
        headers.extend_from_slice(extra);
        let reply =
            send(&api, Method::POST, "/me", &headers, json!({"operationName": "NotReady"})).await;
        assert_eq!(reply.status.as_u16(), status, "{extra:?}: {}", reply.text);
    }
}

#[tokio::test]
async fn only_listed_origins_are_answered_with_credentials() {
    let api =
        Api::start_with(|options| options.cors_origins = vec!["https://pages.example".to_owned()])
            .await;
    let preflight = |origin: &'static str| {
        [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "x-csrf-token"),
        ]
    };
    let reply =
        send(&api, Method::OPTIONS, "/me", &preflight("https://pages.example"), Value::Null).await;
    assert_eq!(reply.headers["access-control-allow-origin"], "https://pages.example");
    assert_eq!(reply.headers["access-control-allow-credentials"], "true");
    assert!(
        reply.headers["access-control-allow-headers"].to_str().unwrap().contains("X-CSRF-TOKEN")
    );
    assert!(reply.headers["access-control-allow-methods"].to_str().unwrap().contains("PUT"));
    reply.ok();
    let reply = get_me(&api, &[("origin", "https://pages.example")]).await;
    assert_eq!(reply.headers["access-control-expose-headers"], "X-CSRF-HEADER,X-CSRF-TOKEN");
    for origin in ["https://evil.example", "null"] {
        let reply = send(&api, Method::OPTIONS, "/me", &preflight(origin), Value::Null).await;
        assert!(!reply.headers.contains_key("access-control-allow-origin"), "{origin}");
        assert_eq!(reply.headers[header::VARY], "Origin");
    }
}

/// Tries to get in from an address, and gives the HTTP status.
async fn try_from(api: &Api, address: &str, user: &str, password: &str) -> u16 {
    let mut request = Request::get(format!("{ROOT}/me"))
        .header(header::AUTHORIZATION, basic(user, password))
        .body(Body::empty())
        .unwrap();
    request.extensions_mut().insert(handoff_api::PeerAddress(address.parse().unwrap()));
    let reply = api.send(request).await;
    assert_eq!(reply.status.as_u16() == 429, reply.headers.contains_key(header::RETRY_AFTER));
    if !reply.status.is_success() {
        assert_eq!(reply.json()["statusCode"], 20);
    }
    reply.status.as_u16()
}

#[tokio::test]
async fn guessing_is_told_to_wait_and_the_right_password_of_a_known_address_never_is() {
    let api = Api::start().await;
    assert_eq!(try_from(&api, "192.0.2.1", "kate", PASSWORD).await, 200);
    for user in ["kate", "nobody"] {
        let mut statuses = Vec::new();
        for guess in 0..30 {
            let address = format!("198.51.100.{guess}");
            statuses.push(try_from(&api, &address, user, &format!("guess {guess}")).await);
        }
        let told_to_wait = statuses.iter().position(|status| *status == 429);
        assert_eq!(
            told_to_wait,
            Some(10),
            "a name that nobody has is treated the same: {user} {statuses:?}"
        );
    }
    assert_eq!(try_from(&api, "203.0.113.1", "kate", "new").await, 429, "a stranger waits");
    assert_eq!(try_from(&api, "192.0.2.1", "kate", "mistyped").await, 401);
    // After five minutes the pair is not remembered any more, and is compared.
    for minute in 0..6 {
        for guess in 0..30 {
            try_from(&api, "198.51.100.1", "kate", &format!("{minute} {guess}")).await;
        }
        assert_eq!(try_from(&api, "192.0.2.1", "kate", PASSWORD).await, 200);
        api.clock.advance_s(60);
    }
    assert_eq!(
        try_from(&api, "203.0.113.1", "ben", PASSWORD).await,
        200,
        "another name has its own tries"
    );
    assert_eq!(
        try_from(&api, "203.0.113.1", "kate", PASSWORD).await,
        200,
        "a minute later so does this"
    );
}

#[tokio::test]
async fn guesses_at_the_same_moment_are_counted_one_by_one() {
    let api = Arc::new(Api::start().await);
    let mut guesses = tokio::task::JoinSet::new();
    for guess in 0..100 {
        let api = api.clone();
        guesses.spawn(async move {
            let address = format!("198.51.100.{guess}");
            try_from(&api, &address, "kate", &format!("guess {guess}")).await
        });
    }
    let statuses = guesses.join_all().await;
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 10, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 90);
}

#[tokio::test]
async fn an_ipv6_network_is_one_address() {
    let api = Api::start().await;
    let mut statuses = Vec::new();
    for guess in 0..6 {
        let address = format!("2001:db8::{guess}");
        statuses.push(try_from(&api, &address, "kate", &format!("guess {guess}")).await);
    }
    assert_eq!(statuses, [401, 401, 401, 401, 401, 429], "as for one IPv4 address");
    assert_eq!(try_from(&api, "2001:db8:0:1::1", "kate", PASSWORD).await, 200, "another network");
}

#[tokio::test]
async fn a_user_who_asks_too_often_is_told_when_to_come_again() {
    let api = Api::start_with(|options| options.requests_per_s = 2).await;
    let mut last = api.by("kate").get("/me").await;
    for _ in 0..4 {
        last = api.by("kate").get("/me").await;
    }
    last.refused(429, 3);
    assert_eq!(last.headers[header::RETRY_AFTER], "1");
    api.by("ben").get("/me").await.ok();
    api.clock.advance_s(1);
    api.by("kate").get("/me").await.ok();
}

/// A CometD handshake, alone or in company.
fn handshake() -> Value {
    json!([{"channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": ["long-polling"]}])
}

#[tokio::test]
async fn a_handshake_by_cookie_alone_needs_the_token_and_what_follows_does_not() {
    let api = Api::start().await;
    let session = Session::of(&api, "kate").await;
    let path = "/notifications";
    let escaped = r#"[{"channel":"\/meta\/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}]"#;
    for body in
        [handshake().to_string(), handshake()[0].to_string(), escaped.to_owned(), "[{}]".to_owned()]
    {
        let request = Request::post(format!("{ROOT}{path}"))
            .header("cookie", &session.cookie)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.clone()))
            .unwrap();
        let reply = api.send(request).await;
        assert_eq!(reply.status.as_u16(), 403, "{body}: {}", reply.text);
    }
    let headers: [(&str, &str); 2] =
        [("cookie", &session.cookie), ("x-csrf-token", &session.token)];
    let reply = send(&api, Method::POST, &format!("{path}/handshake"), &headers, handshake()).await;
    let opened: Value = serde_json::from_str(&reply.text).unwrap();
    assert_eq!(opened[0]["successful"], true, "{}", reply.text);
    let connect = json!([{"channel": "/meta/connect", "clientId": opened[0]["clientId"], "connectionType": "long-polling", "advice": {"timeout": 0}}]);
    let reply = send(&api, Method::POST, path, &headers[..1], connect.clone()).await;
    let connected: Value = serde_json::from_str(&reply.text).unwrap();
    assert_eq!(connected[0]["successful"], true, "{}", reply.text);
    let foreign: [(&str, &str); 2] =
        [("cookie", &session.cookie), ("origin", "https://evil.example")];
    assert_eq!(send(&api, Method::POST, path, &foreign, connect).await.status.as_u16(), 403);
}

#[tokio::test]
async fn cometd_refuses_whoever_has_no_credentials_in_its_own_terms() {
    let api = Api::start().await;
    let reply = send(&api, Method::POST, "/notifications", &[], handshake()).await;
    let refused: Value = serde_json::from_str(&reply.text).unwrap();
    assert_eq!(
        (reply.status.as_u16(), &refused[0]["successful"]),
        (200, &json!(false)),
        "{}",
        reply.text
    );
}

#[tokio::test]
async fn users_are_found_by_name_across_contact_centers() {
    let api = Api::start().await;
    for (name, id) in [("kate", UserId(0xa1)), ("zoe", UserId(0xb1))] {
        assert_eq!(api.by(name).get("/me").await.ok()["user"]["id"], json!(id.to_string()));
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_body_is_told_before_a_missing_token() {
    let api = Api::start().await;
    let session = Session::of(&api, "kate").await;
    let headers: [(&str, &str); 1] = [("cookie", &session.cookie)];
    // What no operation is called may be a state of the contact center, which is not looked up yet.
    send(&api, Method::POST, "/me", &headers, json!({"operationName": 7})).await.refused(400, 10);
    send(&api, Method::POST, "/me", &headers, json!([])).await.refused(400, 10);
    send(&api, Method::POST, "/me", &headers, json!({"operationName": "Ready"}))
        .await
        .refused(403, 3);
}
