//! SIGTERM (docs/compat/center.md#demo).

use anyhow::{Context as _, Result};
use handoff_testkit::{Call, Rest, TestAgent, TestServer, Transport};
use serde_json::{Value, json};

use crate::scene::{interaction, submit};

async fn bayeux(rest: &Rest, message: Value) -> Result<Value> {
    let call = Call::new(http::Method::POST, "/notifications").json(json!([message]).to_string());
    let answer = rest.send(call).await?;
    let replies = answer.value.as_array().with_context(|| format!("no Bayeux answer: {answer}"))?;
    let reply = replies.iter().find(|reply| reply["channel"] == message["channel"]);
    reply.cloned().with_context(|| format!("no reply: {answer}"))
}

#[tokio::test]
async fn parked_polls_are_answered_and_the_program_ends_well() -> Result<()> {
    let mut server = TestServer::start().await?;
    let mut parked = Vec::new();
    for user in ["kate", "ben", "mia", "sam"] {
        let rest = server.rest(user)?;
        let handshake = json!({"channel": "/meta/handshake", "version": "1.0",
                               "supportedConnectionTypes": ["long-polling"]});
        let client = bayeux(&rest, handshake).await?["clientId"].clone();
        let connect = json!({"channel": "/meta/connect", "clientId": client, "connectionType": "long-polling"});
        bayeux(&rest, connect.clone()).await?;
        parked.push(tokio::spawn(async move { bayeux(&rest, connect).await }));
    }
    let socket = TestAgent::at_work(&server, "kate", Transport::WebSocket).await?;
    let id = submit(&server, "tasks").await?;
    socket.accept(&id).await?;

    server.terminate().await?;
    let status = server.ended().await?;
    assert_eq!(status.code(), Some(0), "{}", server.log());
    for poll in parked {
        let reply = poll.await?.context("a parked poll was not answered")?;
        assert_eq!(reply["channel"], "/meta/connect");
    }
    drop(socket);
    server.restart().await?;
    assert_eq!(interaction(&server.rest("kate")?, &id).await?["state"], "Processing");
    Ok(())
}

#[tokio::test]
async fn an_idle_server_ends_at_once_and_starts_again_on_its_port() -> Result<()> {
    let mut server = TestServer::start().await?;
    let before = server.origin();
    server.rest("kate")?.get("/me").await?.ok()?;
    for _ in 0..2 {
        server.terminate().await?;
        assert_eq!(server.ended().await?.code(), Some(0), "{}", server.log());
        server.restart().await?;
        assert_eq!(server.origin(), before);
        server.rest("kate")?.get("/me").await?.ok()?;
    }
    Ok(())
}
