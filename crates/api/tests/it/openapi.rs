//! That the document of the API is of what there is.

use std::collections::BTreeSet;

use handoff_api::{openapi, routes};
use serde_json::Value;

use crate::api::Api;

/// What customers without an account may do below the same root; the users' table has none of it.
const OF_CUSTOMERS: [(&str, &str); 2] = [("POST", "/chats"), ("POST", "/chats/{id}")];

/// Every operation that is described below the root of the API.
fn described() -> BTreeSet<(String, String)> {
    let document: Value = serde_json::from_str(openapi::rest()).unwrap();
    let paths = document["paths"].as_object().unwrap().clone();
    let below_root = paths.into_iter().filter(|(_, item)| item.get("servers").is_none());
    let operations = below_root.flat_map(|(path, item)| {
        let methods: Vec<String> = item.as_object().unwrap().keys().cloned().collect();
        methods.into_iter().map(move |method| (method.to_uppercase(), path.clone()))
    });
    operations.collect()
}

#[test]
fn every_route_is_described_and_nothing_else_is() {
    let table = routes::table();
    let of_users = table.iter().map(|route| (route.method.as_str(), route.path));
    let there: BTreeSet<(String, String)> = of_users
        .chain(OF_CUSTOMERS)
        .map(|(method, path)| (method.to_owned(), path.to_owned()))
        .collect();
    let described = described();
    let missing: Vec<_> = there.difference(&described).collect();
    assert!(
        missing.is_empty(),
        "not described: {missing:?}. Add a row such as `get(PATH, \"What it does\").gives(SCHEMA)` \
         to the area that it belongs to below crates/api/src/openapi/areas, and schemas that are \
         not there yet to crates/api/src/openapi/schemas"
    );
    let gone: Vec<_> = described.difference(&there).collect();
    assert!(gone.is_empty(), "described, and no route: {gone:?}");
}

#[tokio::test]
async fn both_documents_are_there_for_everybody() {
    let api = Api::start().await;
    for (path, text, key) in [
        ("/openapi.json", openapi::rest(), "openapi"),
        ("/asyncapi.json", openapi::told(), "asyncapi"),
    ] {
        let answer = api.anonymous().get(path).await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, text));
        assert!(answer.headers["cache-control"].to_str().unwrap().contains("public"));
        assert!(answer.json()[key].is_string());
    }
}

#[tokio::test]
async fn the_page_shows_every_operation_and_runs_nothing() {
    let api = Api::start().await;
    let page = api.anonymous().get("/docs").await;
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(!policy.contains("script-src"), "{policy}");
    for (method, path) in described() {
        assert!(
            page.text.contains(&format!("<b>{method}</b> <code>{path}</code>")),
            "{method} {path}"
        );
    }
}

/// A control: what the checks of all other tests would say of an answer that is not described.
#[test]
fn an_answer_that_is_not_described_is_told() {
    let version = |status, body: &'static str| handoff_testkit::Exchange {
        method: "GET",
        target: "/api/v2/diagnostics/version",
        status,
        content_type: Some("application/json"),
        body: body.as_bytes(),
    };
    let right = r#"{"statusCode":0,"version":"1"}"#;
    assert_eq!(crate::api::CONTRACT.check(version(200, right)), Ok(()));
    let wrong = [
        version(200, r#"{"statusCode":0,"version":"1","more":1}"#),
        version(200, r#"{"statusCode":0}"#),
        version(200, r#"{"statusCode":0,"version":1}"#),
        version(201, right),
        version(400, right),
        handoff_testkit::Exchange { target: "/api/v2/diagnostics", ..version(200, right) },
        handoff_testkit::Exchange { content_type: Some("text/html"), ..version(200, right) },
    ];
    for exchange in wrong {
        let said = crate::api::CONTRACT.check(exchange).unwrap_err();
        assert!(said.contains("crates/api/src/openapi"), "{said}");
    }
    let told = serde_json::json!({"messageType": "Resync", "topic": "/v2/me", "oldest": 1});
    assert!(crate::api::CONTRACT.check_told("/v2/me", &told).unwrap_err().contains("head"));
    let other = serde_json::json!({"messageType": "AskMessage"});
    assert!(crate::api::CONTRACT.check_told("/v2/me/chats", &other).is_err());
}
