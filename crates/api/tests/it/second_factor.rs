//! Second factors: enrolled, asked for, used once, and ended.

use axum::http::Method;
use handoff_api::lost_password::{LostPassword, make};
use handoff_testkit::{Call, PASSWORD};
use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

use crate::api::{Api, Client, Reply, basic, has};
use crate::nodes::{Hints, Node};

const PATH: &str = "/me/second-factor";
/// How long a code is good, in s.
const STEP_S: u32 = 30;

/// A user's device.
struct Device(String);

impl Device {
    /// Returns the code that it shows at a time, in s.
    fn code(&self, now_s: i64) -> String {
        let secret = Secret::try_from_base32(&self.0).unwrap();
        let totp = Builder::new().with_secret(secret).build().unwrap();
        totp.generate(now_s.try_into().unwrap()).to_string()
    }
}

fn now_s(api: &Api) -> i64 {
    api.engine.core().now().0 / 1_000
}

fn wish(operation: &str) -> Value {
    json!({"operationName": operation, "password": PASSWORD})
}

/// Enrols a user's device; returns it and their recovery codes.
async fn enrolled(api: &Api, user: &Client<'_>) -> (Device, Vec<String>) {
    let made = user.post(PATH, wish("Enrol")).await.ok();
    let device = Device(made["secret"].as_str().unwrap().to_owned());
    let code = device.code(now_s(api));
    let confirm = json!({"operationName": "Confirm", "code": code});
    let codes = user.post(PATH, confirm).await.ok()["recoveryCodes"].clone();
    let codes = codes.as_array().unwrap().iter().map(|it| it.as_str().unwrap().to_owned());
    // The code of this step was taken.
    api.clock.advance_s(STEP_S);
    (device, codes.collect())
}

async fn signs_in(api: &Api, code: &str) -> Reply {
    api.calls(Call::get("/me").by("kate", PASSWORD).header("x-second-factor", code)).await
}

fn asks(reply: &Reply) -> Value {
    reply.json()["secondFactor"].clone()
}

#[tokio::test]
async fn a_password_alone_lets_nobody_in_who_has_a_second_factor() {
    let api = Api::start().await;
    let kate = api.by("kate");
    has(&kate.get(PATH).await.ok(), json!({"enabled": false, "recoveryCodesLeft": 0}));
    kate.post(PATH, json!({"operationName": "Enrol", "password": "wrong"})).await.refused(400, 10);
    kate.post(PATH, json!({"operationName": "Confirm", "code": "123456"})).await.refused(409, 2);
    let made = kate.post(PATH, wish("Enrol")).await.ok();
    let uri = made["uri"].as_str().unwrap();
    assert!(uri.starts_with("otpauth://totp/Handoff:kate?secret="), "{uri}");
    // Until it is confirmed nobody is asked for it.
    kate.get("/me").await.ok();
    kate.post(PATH, json!({"operationName": "Confirm", "code": "12345"})).await.refused(400, 10);
    let (device, _) = enrolled(&api, &kate).await;
    let reply = kate.get("/me").await;
    reply.refused(401, 20);
    assert_eq!(asks(&reply), "required");
    let reply = api.calls(Call::get("/me").by("kate", "wrong")).await;
    reply.refused(401, 20);
    assert_eq!(asks(&reply), Value::Null, "of who has not the password nothing is told");
    let reply = signs_in(&api, &device.code(now_s(&api))).await;
    let cookie = reply.cookie().unwrap();
    reply.ok();
    let by_cookie = api.calls(Call::get(PATH).header("cookie", &cookie)).await.ok();
    has(&by_cookie, json!({"enabled": true, "recoveryCodesLeft": 10}));
    api.by("mia").get("/me").await.ok();
}

#[tokio::test]
async fn a_code_is_taken_once_and_a_recovery_code_as_well() {
    let api = Api::start().await;
    let (device, recovery) = enrolled(&api, &api.by("kate")).await;
    let code = device.code(now_s(&api));
    signs_in(&api, &code).await.ok();
    let again = signs_in(&api, &code).await;
    again.refused(401, 20);
    assert_eq!(asks(&again), "wrong");
    // Neither is one of before, which is good for a step yet.
    signs_in(&api, &device.code(now_s(&api) - 30)).await.refused(401, 20);
    let written = recovery[0].to_uppercase().replace('-', " ");
    signs_in(&api, &written).await.ok();
    signs_in(&api, &written).await.refused(401, 20);
    api.clock.advance_s(STEP_S);
    signs_in(&api, &device.code(now_s(&api))).await.ok();
    let query = format!("/audit?target={}", api.user_id("kate"));
    let told = api.by("ada").get(&query).await;
    assert!(!told.text.contains(&recovery[0]) && !told.text.contains(&device.0), "{}", told.text);
    let told = told.ok();
    let of = |action: &str| {
        told["entries"].as_array().unwrap().iter().filter(|it| it["action"] == action).count()
    };
    assert_eq!((of("CodeWrong"), of("RecoveryCodeUsed")), (3, 1), "{told}");
    let enrolled = told["entries"].as_array().unwrap().iter().find(|it| it["action"] == "Changed");
    assert_eq!(enrolled.unwrap()["fields"], json!(["secondFactor"]));
}

#[tokio::test]
async fn codes_are_guessed_slowly_and_the_right_one_waits_as_well() {
    let api = Api::start().await;
    let (device, _) = enrolled(&api, &api.by("kate")).await;
    for _ in 0..5 {
        signs_in(&api, "wrong").await.refused(401, 20);
    }
    let reply = signs_in(&api, &device.code(now_s(&api))).await;
    reply.refused(429, 20);
    assert_eq!(reply.headers["retry-after"], "900");
    api.clock.advance_s(900);
    signs_in(&api, &device.code(now_s(&api))).await.ok();
}

#[tokio::test]
async fn other_logins_end_where_a_factor_begins_and_tokens_go_on() {
    let api = Api::start().await;
    let login = api.calls(Call::get("/me").by("kate", PASSWORD)).await;
    let other = login.cookie().unwrap();
    api.calls(Call::get("/me").header("cookie", &other)).await.ok();
    let new = json!({"name": "crm", "scopes": ["read"]});
    let token = api.by("kate").post("/me/tokens", new).await.ok()["token"].clone();
    enrolled(&api, &api.by("kate")).await;
    api.calls(Call::get("/me").header("cookie", &other)).await.refused(401, 20);
    let bearer = format!("Bearer {}", token.as_str().unwrap());
    api.calls(Call::get("/me").header("authorization", &bearer)).await.ok();
    api.calls(Call::get(PATH).header("authorization", &bearer)).await.refused(403, 5);
}

#[tokio::test]
async fn a_factor_is_ended_by_its_user_an_admin_and_the_operator() {
    let api = Api::start().await;
    let (ada, path) = (api.by("ada"), format!("/users/{}/second-factor", api.user_id("kate")));
    ada.delete(&path).await.refused(404, 6);
    let (device, _) = enrolled(&api, &api.by("kate")).await;
    let login = signs_in(&api, &device.code(now_s(&api))).await;
    let csrf = login.headers["x-csrf-token"].to_str().unwrap();
    let by_cookie = |body: Value| {
        let call = Call::post(PATH, &body).header("cookie", &login.cookie().unwrap());
        api.calls(call.header("x-csrf-token", csrf))
    };
    let remove =
        |code: &str| json!({"operationName": "Remove", "password": PASSWORD, "code": code});
    by_cookie(remove("wrong")).await.refused(400, 10);
    by_cookie(wish("Enrol")).await.refused(409, 2);
    api.clock.advance_s(STEP_S);
    by_cookie(remove(&device.code(now_s(&api)))).await.ok();
    api.by("kate").get("/me").await.ok();

    enrolled(&api, &api.by("kate")).await;
    has(&ada.get(&path).await.ok(), json!({"enabled": true, "recoveryCodesLeft": 10}));
    api.by("zoe").delete(&path).await.refused(404, 6);
    let own = format!("/users/{}/second-factor", api.user_id("ada"));
    ada.delete(&own).await.refused(403, 5);
    ada.delete(&path).await.ok();
    api.by("kate").get("/me").await.ok();

    enrolled(&api, &api.by("kate")).await;
    let core = api.engine.core();
    let lost = LostPassword { user_name: "kate".to_owned() };
    let made = make(&**core.store(), &lost, 7, core.now()).await.unwrap();
    core.reload_directory().await.unwrap();
    api.calls(Call::get("/me").by("kate", &made.password)).await.ok();
}

#[tokio::test]
async fn of_two_who_bring_one_code_to_two_nodes_one_comes_in() {
    let [here, there] = Node::two(Hints::Joined).await;
    let made = here.post("kate", PATH, wish("Enrol")).await;
    let device = Device(made["secret"].as_str().unwrap().to_owned());
    let now_s = here.engine.core().now().0 / 1_000;
    let confirm = json!({"operationName": "Confirm", "code": device.code(now_s - 30)});
    here.post("kate", PATH, confirm).await;
    there
        .until("the factor", async |node| {
            node.engine.core().directory().user_by_name("kate").unwrap().second_factor
        })
        .await;
    let code = device.code(now_s);
    let call = || {
        let call = Call::new(Method::GET, "/me").header("authorization", &basic("kate", PASSWORD));
        call.header("x-second-factor", &code)
    };
    let (one, other) = tokio::join!(here.calls(call()), there.calls(call()));
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401]);
    here.stop().await;
    there.stop().await;
}
