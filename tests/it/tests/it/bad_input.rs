//! A sample of what must be refused, and that the server is as well afterwards as before
//! (docs/compat/conventions.md#refusals).

use anyhow::{Context as _, Result};
use handoff_testkit::{Call, TestAgent, TestServer, Transport};
use http::Method;
use serde_json::json;

use crate::scene::{interaction, submit};

#[tokio::test]
async fn bodies_that_are_no_command_are_refused_with_a_reason() -> Result<()> {
    let server = TestServer::start().await?;
    let kate = TestAgent::at_work(&server, "kate", Transport::LongPolling).await?;
    let id = submit(&server, "tasks").await?;
    kate.accept(&id).await?;
    let path = format!("/me/interactions/{id}");
    let nested = format!("{}{}", "[".repeat(65), "]".repeat(65));
    let table: Vec<(String, i64)> = vec![
        (String::new(), 10),
        ("{".into(), 10),
        ("[]".into(), 10),
        ("null".into(), 10),
        ("\"Complete\"".into(), 10),
        ("{\"operationName\":\"Complete\"".into(), 10),
        ("{\"operationName\":\"Complete\"} trailing".into(), 10),
        ("{\"operationName\":\"Complete\",\"operationName\":\"Complete\"}".into(), 10),
        ("{}".into(), 1),
        ("{\"operationName\":7}".into(), 10),
        ("{\"operationName\":\"complete\"}".into(), 10),
        ("{\"operationName\":\"Explode\"}".into(), 10),
        ("{\"operationName\":\"Transfer\",\"userId\":5}".into(), 10),
        ("{\"operationName\":\"Complete\",\"epoch\":\"x\"}".into(), 10),
        ("{\"operationName\":\"UpdateUserData\",\"userData\":{\"a\":1,\"a\":2}}".into(), 10),
        ("{\"operationName\":\"UpdateUserData\",\"userData\":{\"a\":1e999}}".into(), 10),
        (format!("{{\"operationName\":\"UpdateUserData\",\"userData\":{{\"a\":{nested}}}}}"), 10),
    ];
    for (body, code) in table {
        let answer = kate.rest.send(Call::new(Method::POST, &path).json(body.clone())).await?;
        answer.refused(400, code).with_context(|| format!("body {body}"))?;
    }
    let unknown_field = json!({"operationName": "SetInFocus", "saveLAR": true, "inFocus": true});
    kate.rest.post(&path, unknown_field).await?.ok().context("unknown fields are ignored")?;
    assert_eq!(interaction(&kate.rest, &id).await?["state"], "Processing");
    Ok(())
}

#[tokio::test]
async fn requests_of_the_wrong_kind_are_refused() -> Result<()> {
    let server = TestServer::start().await?;
    let ada = server.rest("ada")?;
    let text = Call::new(Method::POST, "/interactions")
        .body("text/plain", "{\"operationName\":\"Create\"}");
    ada.send(text).await?.refused(415, 10)?;
    let large =
        format!("{{\"operationName\":\"Create\",\"subject\":\"{}\"}}", "x".repeat(7 * 1024 * 1024));
    let answer = ada.send(Call::new(Method::POST, "/interactions").json(large)).await?;
    assert_eq!(answer.status.as_u16(), 413, "{answer}");
    assert!(answer.code() > 0, "{answer}");

    let refusals = [
        ("/interactions?limit=0", 400, 10),
        ("/interactions?limit=1001", 400, 10),
        ("/interactions?limit=many", 400, 10),
        ("/interactions?cursor=nonsense", 400, 10),
        ("/interactions?colour=red", 400, 10),
        ("/interactions/0000000000000000", 404, 6),
        ("/interactions/short", 404, 6),
        ("/interactions/%00%ff", 404, 6),
        ("/users/not-a-uuid", 404, 6),
        ("/nothing/here", 404, 6),
    ];
    for (path, status, code) in refusals {
        ada.get(path).await?.refused(status, code).with_context(|| format!("GET {path}"))?;
    }
    ada.get("/me").await?.ok()?;
    Ok(())
}

#[tokio::test]
async fn creations_that_cannot_be_are_refused() -> Result<()> {
    let server = TestServer::start().await?;
    let intake = server.rest("intake")?;
    let table = [
        (json!({"operationName": "Create"}), 400, 1),
        (json!({"operationName": "Create", "channel": "workitem"}), 400, 1),
        (json!({"operationName": "Create", "queueName": "tasks"}), 400, 1),
        (json!({"operationName": "Create", "channel": "workitem", "queueName": "nowhere"}), 404, 6),
        (json!({"operationName": "Create", "channel": "smoke", "queueName": "tasks"}), 400, 10),
        (json!({"operationName": "Create", "channel": "email", "queueName": "tasks"}), 400, 10),
        (
            json!({"operationName": "Create", "channel": "workitem", "queueName": "tasks", "priority": "high"}),
            400,
            10,
        ),
        (
            json!({"operationName": "Create", "channel": "workitem", "queueName": "tasks", "skills": {"swimming": 1}}),
            404,
            6,
        ),
        (
            json!({"operationName": "Create", "channel": "workitem", "queueName": "tasks", "interactionType": "Sideways"}),
            400,
            10,
        ),
    ];
    for (body, status, code) in table {
        let answer = intake.post("/interactions", body.clone()).await?;
        answer.refused(status, code).with_context(|| format!("{body}"))?;
    }
    let all = server.rest("ada")?.get("/interactions").await?.ok()?;
    assert_eq!(all.value["uris"], json!([]), "a refusal creates nothing");
    Ok(())
}

#[tokio::test]
async fn nonsense_to_the_notifications_endpoint_is_survived() -> Result<()> {
    let server = TestServer::start().await?;
    let kate = server.rest("kate")?;
    for body in [
        "",
        "{",
        "[]",
        "[1]",
        "[{}]",
        "[{\"channel\":7}]",
        "[{\"channel\":\"/meta/connect\",\"clientId\":\"no\"}]",
    ] {
        let answer = kate.send(Call::new(Method::POST, "/notifications").json(body)).await?;
        assert!(answer.status.as_u16() < 500, "{body}: {answer}");
    }
    let mut agent = TestAgent::away(&server, "kate", Transport::LongPolling)?;
    agent.connect().await?;
    Ok(())
}
