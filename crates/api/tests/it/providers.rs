//! Signing in by a provider, and tokens of it that programs send.

use std::sync::Arc;

use axum::http::{Method, header};
use handoff_api::SignInProvider;
use handoff_api::wire::resource::PublicUrl;
use handoff_oidc::{Provider, Settings};
use handoff_outgoing::{Client, Limits, Policy};
use handoff_store::TokenScope;
use handoff_testkit::issuer::{CLIENT_ID, CLIENT_SECRET};
use handoff_testkit::{Call, Issuer, PASSWORD, Signing, Wrongs};
use serde_json::{Map, Value, json};

use crate::api::{Api, NOON_MS, Reply, has};
use crate::nodes::{Ground, Hints, Node};

const BEGIN: &str = "/session/providers/corp";
const AUDIENCE: &str = "handoff-api";

/// Starts a provider whose clock shows what the API's does at its start.
async fn issuer() -> Issuer {
    Issuer::start(|| NOON_MS / 1_000).await.unwrap()
}

fn provider(issuer: &Issuer, claim: &str) -> SignInProvider {
    let limits = Limits { answer_bytes: 64 * 1_024, ..Limits::default() };
    let here = Policy::new(|address| address.is_loopback());
    let client = Client::new(here, limits, Box::new(|| Err("nobody".to_owned())));
    let settings = Settings {
        issuer: issuer.url().to_owned(),
        client_id: CLIENT_ID.to_owned(),
        client_secret: Some(CLIENT_SECRET.to_owned()),
        scopes: "email profile".to_owned(),
        redirect_uri: PublicUrl::new("http://127.0.0.1:8090").way_back("corp"),
        audience: Some(AUDIENCE.to_owned()),
    };
    SignInProvider {
        name: "corp".to_owned(),
        label: "Example Corp".to_owned(),
        provider: Arc::new(Provider::new(settings, client).unwrap()),
        center: "Demo".to_owned(),
        claim: claim.to_owned(),
        scopes: vec![TokenScope::Read, TokenScope::Work],
    }
}

async fn api(issuer: &Issuer, claim: &str) -> Api {
    let provider = provider(issuer, claim);
    Api::start_with(|options| options.providers = vec![provider]).await
}

fn location(reply: &Reply) -> String {
    assert_eq!(reply.status, 303, "{}", reply.text);
    assert_eq!(reply.headers["cache-control"], "no-store");
    assert_eq!(reply.headers.get_all(header::CONTENT_TYPE).iter().count(), 1);
    assert_eq!(reply.headers["referrer-policy"], "no-referrer");
    reply.headers[header::LOCATION].to_str().unwrap().to_owned()
}

/// Returns a cookie that an answer sets, as it is sent back.
fn cookie(reply: &Reply, name: &str) -> Option<String> {
    let all = reply.headers.get_all(header::SET_COOKIE).iter().map(|it| it.to_str().unwrap());
    let mut named = all.filter(|it| it.split('=').next() == Some(name));
    Some(named.next()?.split(';').next()?.to_owned())
}

/// A browser that was sent to the provider.
struct Browser {
    at: String,
    cookie: String,
}

impl Browser {
    async fn sent_by(send: impl AsyncFn(Call) -> Reply) -> Self {
        let reply = send(Call::get(BEGIN)).await;
        let cookie = cookie(&reply, "handoff-sign-in").expect("the browser is known again");
        Self { at: location(&reply), cookie }
    }

    /// Returns the path at which the provider sends it back.
    fn way_back(&self, issuer: &Issuer) -> String {
        let back = issuer.sends_back(&self.at).unwrap();
        back.strip_prefix("http://127.0.0.1:8090/api/v2").expect("to this server").to_owned()
    }

    fn comes_back(&self, issuer: &Issuer) -> Call {
        self.at(&self.way_back(issuer))
    }

    fn at(&self, path: &str) -> Call {
        Call::get(path).header("cookie", &self.cookie)
    }
}

/// Returns why somebody was not let in, or that they were.
fn outcome(reply: &Reply) -> String {
    let to = location(reply);
    let is_in = cookie(reply, "JSESSIONID").is_some();
    let failed = to.strip_prefix("http://127.0.0.1:8090/sign-in?failed=").map(str::to_owned);
    assert_eq!(is_in, failed.is_none(), "{to}");
    failed.unwrap_or_else(|| {
        assert_eq!(to, "http://127.0.0.1:8090/", "nothing of a request says where it goes on");
        "in".to_owned()
    })
}

async fn signs_in(api: &Api, issuer: &Issuer) -> String {
    let browser = Browser::sent_by(async |call| api.calls(call).await).await;
    outcome(&api.calls(browser.comes_back(issuer)).await)
}

fn kate() -> Value {
    json!({"preferred_username": "kate", "email": "Kate@Demo.Example", "email_verified": true})
}

#[tokio::test]
async fn somebody_signs_in_by_a_provider_and_is_in_as_by_a_password() {
    let issuer = issuer().await;
    issuer.person(&kate());
    let api = api(&issuer, "preferred_username").await;
    let shown = api.anonymous().get("/session").await.ok()["providers"].clone();
    let uri = "http://127.0.0.1:8090/api/v2/session/providers/corp";
    assert_eq!(shown, json!([{"name": "corp", "label": "Example Corp", "uri": uri}]));
    let browser = Browser::sent_by(async |call| api.calls(call).await).await;
    let parts = ["code_challenge_method=S256", "scope=openid+email+profile", "response_type=code"];
    assert!(parts.iter().all(|part| browser.at.contains(part)), "{}", browser.at);
    let back = api.calls(browser.comes_back(&issuer)).await;
    assert_eq!(outcome(&back), "in");
    assert_eq!(cookie(&back, "handoff-sign-in").as_deref(), Some("handoff-sign-in="), "it is over");
    let login = cookie(&back, "JSESSIONID").unwrap();
    let me = api.calls(Call::get("/me").header("cookie", &login)).await;
    let token = me.headers["x-csrf-token"].to_str().unwrap().to_owned();
    assert_eq!(me.ok()["user"]["userName"], "kate");
    let told = api.by("ada").get("/audit?action=ProviderRight").await.ok();
    assert_eq!(told["entries"].as_array().unwrap().len(), 1, "{told}");
    let by = json!({"id": api.user_id("kate").to_string(), "userName": "kate"});
    has(&told["entries"][0], json!({"by": by, "tool": "request", "provider": "corp"}));
    let write = Call::put("/me/settings/desk", &json!({"a": 1})).header("cookie", &login);
    api.calls(write).await.refused(403, 3);
    let end = Call::new(Method::DELETE, "/me/session").header("cookie", &login);
    api.calls(end.header("x-csrf-token", &token)).await.ok();
    api.calls(Call::get("/me").header("cookie", &login)).await.refused(401, 20);
    api.anonymous().get("/session/providers/other").await.refused(404, 6);
}

#[tokio::test]
async fn an_attempt_is_one_browsers_for_some_minutes_and_succeeds_once() {
    let issuer = issuer().await;
    issuer.person(&kate());
    let api = api(&issuer, "preferred_username").await;
    let browser = Browser::sent_by(async |call| api.calls(call).await).await;
    let other = Browser::sent_by(async |call| api.calls(call).await).await;
    let back = browser.way_back(&issuer);
    // By a link that somebody else made nobody is signed in.
    assert_eq!(outcome(&api.anonymous().get(&back).await), "not-begun");
    assert_eq!(outcome(&api.calls(other.at(&back)).await), "not-begun");
    let (path, query) = back.split_once("state=").unwrap();
    let first = if query.starts_with('A') { "B" } else { "A" };
    let tampered = format!("{path}state={first}{}", &query[1..]);
    assert_eq!(outcome(&api.calls(browser.at(&tampered)).await), "not-begun");
    let elsewhere = format!("{}x", &back.replace("iss=http", "iss=https"));
    assert_eq!(outcome(&api.calls(browser.at(&elsewhere)).await), "unproven");
    assert_eq!(issuer.asked("/token"), 0, "none of it reached the provider");
    assert_eq!(outcome(&api.calls(browser.at(&back)).await), "in");
    assert_eq!(outcome(&api.calls(browser.at(&back)).await), "unproven", "the code was used");
    let another_code = api.calls(browser.comes_back(&issuer)).await;
    assert_eq!(outcome(&another_code), "expired", "the attempt has succeeded");
    api.clock.advance_s(10 * 60 - 1);
    issuer.wrongs(later());
    assert_eq!(outcome(&api.calls(other.comes_back(&issuer)).await), "in");
    let other = Browser::sent_by(async |call| api.calls(call).await).await;
    api.clock.advance_s(10 * 60);
    assert_eq!(outcome(&api.calls(other.comes_back(&issuer)).await), "expired");
}

/// Has tokens last for longer than the tests, whose clocks are moved.
fn later() -> Wrongs {
    Wrongs { claims: claims(json!({"exp": NOON_MS / 1_000 + 100_000})), ..Wrongs::default() }
}

fn claims(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

#[tokio::test]
async fn whom_a_provider_does_not_prove_is_not_let_in() {
    let issuer = issuer().await;
    issuer.person(&kate());
    let api = api(&issuer, "preferred_username").await;
    let now = NOON_MS / 1_000;
    let table = [
        (json!({}), "in"),
        (json!({"aud": ["other", CLIENT_ID], "azp": CLIENT_ID}), "in"),
        (json!({"exp": now - 59}), "in"),
        (json!({"iss": "http://127.0.0.1:1"}), "unproven"),
        (json!({"aud": "another-client"}), "unproven"),
        (json!({"aud": null}), "unproven"),
        (json!({"azp": "another-client"}), "unproven"),
        (json!({"nonce": "of another attempt"}), "unproven"),
        (json!({"nonce": null}), "unproven"),
        (json!({"exp": now - 61}), "unproven"),
        (json!({"exp": null}), "unproven"),
        (json!({"nbf": now + 61}), "unproven"),
        (json!({"iat": now + 61}), "unproven"),
        (json!({"preferred_username": "nobody"}), "no-account"),
        (json!({"preferred_username": null}), "no-account"),
        (json!({"preferred_username": ["kate"]}), "no-account"),
        (json!({"preferred_username": "zoe"}), "no-account"),
    ];
    for (wrong, wanted) in table {
        issuer.wrongs(Wrongs { claims: claims(wrong.clone()), ..Wrongs::default() });
        // The rate at which codes of one address are changed is another test's.
        assert_eq!(signs_in(&api, &issuer).await, wanted, "{wrong}");
    }
    issuer.wrongs(Wrongs { is_refusing: true, ..Wrongs::default() });
    assert_eq!(signs_in(&api, &issuer).await, "refused");
    issuer.wrongs(Wrongs::default());
    let path = format!("/users/{}", api.user_id("kate"));
    api.by("ada").put(&path, json!({"enabled": false})).await.ok();
    assert_eq!(signs_in(&api, &issuer).await, "no-account");
}

#[tokio::test]
async fn an_address_names_somebody_once_it_is_verified_and_theirs_alone() {
    let issuer = issuer().await;
    let api = api(&issuer, "email").await;
    let signs_in_as = async |person: Value| {
        issuer.person(&person);
        signs_in(&api, &issuer).await
    };
    assert_eq!(signs_in_as(kate()).await, "in");
    let unverified = json!({"email": "kate@demo.example", "email_verified": false});
    assert_eq!(signs_in_as(unverified).await, "no-account");
    assert_eq!(signs_in_as(json!({"email": "kate@demo.example"})).await, "no-account");
    let of_other = json!({"email": "zoe@demo.example", "email_verified": true});
    assert_eq!(signs_in_as(of_other).await, "no-account");
    let path = format!("/users/{}", api.user_id("ben"));
    api.by("ada").put(&path, json!({"emailAddress": "kate@demo.example"})).await.ok();
    assert_eq!(signs_in_as(kate()).await, "no-account", "it names two");
}

#[tokio::test]
async fn an_attempt_that_one_node_begins_another_finishes() {
    let issuer = issuer().await;
    issuer.person(&kate());
    let mut ground = Ground::new(Hints::Lost).await;
    ground.providers = vec![provider(&issuer, "preferred_username")];
    let here = ground.node().await;
    // It remembers nothing of the provider, nor of the other node.
    ground.providers = vec![provider(&issuer, "preferred_username")];
    let there = ground.node().await;
    let browser = Browser::sent_by(async |call| here.calls(call).await).await;
    let back = there.calls(browser.comes_back(&issuer)).await;
    assert_eq!(outcome(&back), "in");
    let login = cookie(&back, "JSESSIONID").unwrap();
    let again = here.calls(browser.comes_back(&issuer)).await;
    assert_eq!(outcome(&again), "expired", "it has succeeded on the other node");
    for node in [&here, &there] {
        node.with_cookie(Method::GET, "/me", &login).await.ok();
    }
    here.stop().await;
    there.stop().await;
}

fn bearer(call: Call, token: &str) -> Call {
    call.header("authorization", &format!("Bearer {token}"))
}

async fn gets_me(api: &Api, token: &str) -> Reply {
    api.calls(bearer(Call::get("/me"), token)).await
}

#[tokio::test]
async fn a_program_sends_a_token_of_the_provider() {
    let issuer = issuer().await;
    let api = api(&issuer, "preferred_username").await;
    let token = |claims: Value| issuer.token(&Signing::default(), AUDIENCE, &claims);
    let good = token(kate());
    let reply = gets_me(&api, &good).await;
    assert!(
        !reply.headers.contains_key("set-cookie") && !reply.headers.contains_key("x-csrf-token")
    );
    assert_eq!(reply.ok()["user"]["userName"], "kate");
    let settings = Call::put("/me/settings/desk", &json!({"a": 1}));
    api.calls(bearer(settings, &good)).await.ok();
    // It does what the operator lets it do, and nothing in person.
    api.calls(bearer(Call::get("/me/tokens"), &good)).await.refused(403, 5);
    let admin = token(json!({"preferred_username": "ada"}));
    api.calls(bearer(Call::get("/users"), &admin)).await.ok();
    let change = Call::post("/groups", &json!({"name": "new"}));
    api.calls(bearer(change, &admin)).await.refused(403, 5);
    let now = NOON_MS / 1_000;
    let with = |name: &str, value: Value| {
        let mut all = kate();
        all[name] = value;
        token(all)
    };
    let wrong = [
        with("iss", json!("http://127.0.0.1:1")),
        with("aud", json!(CLIENT_ID)),
        with("exp", json!(now - 61)),
        with("nbf", json!(now + 61)),
        with("preferred_username", json!("zoe")),
        with("preferred_username", json!("nobody")),
        with("nonce", json!("one for signing in")),
        format!("{good}A"),
        "a.b.c".to_owned(),
        format!("hnd_{good}"),
    ];
    for wrong in wrong {
        gets_me(&api, &wrong).await.refused(401, 20);
    }
    let path = format!("/users/{}", api.user_id("kate"));
    api.by("ada").put(&path, json!({"enabled": false})).await.ok();
    gets_me(&api, &good).await.refused(401, 20);
}

#[tokio::test]
async fn a_token_is_proven_by_the_key_that_it_names_in_the_way_of_that_key() {
    let issuer = issuer().await;
    let api = api(&issuer, "preferred_username").await;
    let token = |signing: &Signing| issuer.token(signing, AUDIENCE, &kate());
    for algorithm in ["ES256", "ES384", "EdDSA", "RS256", "RS512", "PS256"] {
        let reply = gets_me(&api, &token(&Signing::by(algorithm))).await;
        assert_eq!(reply.status, 200, "{algorithm}: {}", reply.text);
    }
    let named =
        |algorithm, by, named: &str| Signing { algorithm, by, named: Some(named.to_owned()) };
    let wrong = [
        named("none", "none", "ES256-1"),
        named("HS256", "HS256", "RSA-1"),
        named("HS256", "HS256", "ES256-1"),
        named("RS256", "PS256", "RSA-1"),
        named("ES256", "ES256", "RSA-1"),
        named("RS256", "RS256", "ES256-1"),
        named("ES384", "ES384", "ES256-1"),
        named("EdDSA", "ES256", "ES256-1"),
        named("ES256", "none", "ES256-1"),
        named("ES256", "ES256", "later"),
    ];
    for wrong in wrong {
        gets_me(&api, &token(&wrong)).await.refused(401, 20);
    }
}

#[tokio::test]
async fn keys_change_without_a_restart_and_strangers_make_nobody_look_often() {
    let issuer = issuer().await;
    let api = api(&issuer, "preferred_username").await;
    let token = |signing: &Signing| issuer.token(signing, AUDIENCE, &kate());
    let old = token(&Signing::default());
    gets_me(&api, &old).await.ok();
    let strange = Signing { named: Some("strange".to_owned()), ..Signing::default() };
    for _ in 0..50 {
        gets_me(&api, &token(&strange)).await.refused(401, 20);
    }
    assert_eq!(issuer.asked("/keys"), 1);
    api.clock.advance_s(10);
    for _ in 0..50 {
        gets_me(&api, &token(&strange)).await.refused(401, 20);
    }
    assert_eq!(issuer.asked("/keys"), 2);
    issuer.rotate();
    api.clock.advance_s(10);
    gets_me(&api, &token(&Signing::default())).await.ok();
    gets_me(&api, &old).await.refused(401, 20);
    assert_eq!(issuer.asked("/keys"), 3);
}

#[tokio::test]
async fn while_a_provider_is_down_who_is_in_works_on() {
    let issuer = issuer().await;
    issuer.person(&kate());
    let api = api(&issuer, "preferred_username").await;
    issuer.wrongs(Wrongs { status: Some(503), ..Wrongs::default() });
    let token = issuer.token(&Signing::default(), AUDIENCE, &kate());
    // Nothing is known of it: nobody can say whose that is.
    gets_me(&api, &token).await.refused(503, 4);
    let reply = api.anonymous().get(BEGIN).await;
    assert_eq!(outcome(&reply), "unavailable");
    assert_eq!(
        issuer.asked("/.well-known/openid-configuration"),
        1,
        "it is not asked again at once"
    );
    issuer.wrongs(later());
    api.clock.advance_s(10);
    let browser = Browser::sent_by(async |call| api.calls(call).await).await;
    let login = api.calls(browser.comes_back(&issuer)).await;
    let login = cookie(&login, "JSESSIONID").unwrap();
    let browser = Browser::sent_by(async |call| api.calls(call).await).await;
    let back = browser.way_back(&issuer);
    issuer.wrongs(Wrongs { status: Some(503), ..Wrongs::default() });
    assert_eq!(outcome(&api.calls(browser.at(&back)).await), "unavailable");
    api.calls(Call::get("/me").header("cookie", &login)).await.ok();
    gets_me(&api, &token).await.ok();
    api.calls(Call::get("/me").by("ben", PASSWORD)).await.ok();
}

#[tokio::test]
async fn what_a_token_of_the_provider_opened_ends_with_it() {
    let issuer = issuer().await;
    let mut ground = Ground::new(Hints::Lost).await;
    ground.providers = vec![provider(&issuer, "preferred_username")];
    let node = ground.node().await;
    let token = issuer.token(&Signing::default(), AUDIENCE, &kate());
    let sends = async |node: &Node, message: Value| -> Value {
        let call = bearer(Call::post("/notifications", &json!([message])), &token);
        let replies: Value = serde_json::from_str(&node.calls(call).await.text).unwrap();
        replies[0].clone()
    };
    let hand = json!({"channel": "/meta/handshake", "version": "1.0"});
    let reply = sends(&node, hand.clone()).await;
    let id = reply["clientId"].as_str().unwrap_or_else(|| panic!("{reply}")).to_owned();
    let connect = json!({"channel": "/meta/connect", "clientId": id,
        "connectionType": "long-polling", "advice": {"timeout": 0}});
    assert_eq!(sends(&node, connect.clone()).await["successful"], true);
    assert_eq!(node.comet.server().stats().sessions, 1);
    // Its 300 s, and what the clocks may be apart.
    ground.clock.advance_ms(359_000);
    assert_eq!(sends(&node, connect).await["successful"], true);
    ground.clock.advance_ms(2_000);
    let is_closed = async |node: &Node| node.comet.server().stats().sessions == 0;
    node.until("the end of the session", is_closed).await;
    assert_eq!(sends(&node, hand).await["successful"], false);
    node.stop().await;
}
