//! What a page may know before anybody signs in.

use handoff_api::DemoAccounts;
use handoff_domain::{CenterId, Role, UserId};
use handoff_testkit::{Center, PASSWORD, center};
use serde_json::{Value, json};

use crate::api::Api;

/// Returns what a page without credentials is told.
async fn told(api: &Api) -> Value {
    let reply = api.anonymous().get("/session").await;
    assert_eq!(reply.headers["cache-control"], "no-store");
    assert!(!reply.headers.contains_key("set-cookie"), "nobody has signed in");
    reply.ok()
}

#[tokio::test]
async fn of_several_centers_none_is_named_and_no_account_is_offered() {
    let told = told(&Api::start().await).await;
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        told,
        json!({"statusCode": 0, "center": null, "methods": ["password"], "providers": [],
               "demo": [], "version": version})
    );
}

#[tokio::test]
async fn a_server_with_one_center_names_it() {
    let only = Center::new(CenterId(1), "Kontakt").user(UserId(2), "zoe", &[Role::Agent], &[], &[]);
    let store = center::store(only.records()).await.unwrap();
    let api = Api::start_on(std::sync::Arc::new(store), |_| {}).await;
    assert_eq!(told(&api).await["center"], "Kontakt");
}

#[tokio::test]
async fn a_demo_offers_its_accounts_and_they_are_right() {
    let accounts = DemoAccounts {
        user_names: ["kate", "nobody", "sam"].map(str::to_owned).to_vec(),
        password: PASSWORD.to_owned(),
    };
    let api = Api::start_with(|options| options.demo = Some(accounts)).await;
    let told = told(&api).await;
    assert_eq!(told["center"], "Demo");
    let demo = told["demo"].as_array().unwrap();
    let names: Vec<&Value> = demo.iter().map(|account| &account["userName"]).collect();
    assert_eq!(names, ["kate", "sam"], "who is not there is not offered");
    assert_eq!(demo[0]["groups"], json!(["Support"]));
    assert_eq!(demo[1]["roles"], json!(["ROLE_AGENT", "ROLE_SUPERVISOR"]));
    for account in demo {
        let name = account["userName"].as_str().unwrap();
        assert_eq!(account["password"], PASSWORD);
        assert_eq!(api.by(name).get("/me").await.ok()["user"]["userName"], name);
    }
}
