//! The resources behind the desks: `/me`, users, queues, skills, groups (docs/compat/agents.md and
//! docs/compat/center.md#queues).

use anyhow::{Context as _, Result};
use handoff_testkit::{Call, TestAgent, TestServer, Transport};
use serde_json::{Value, json};

use crate::scene::{id_of, submit, text};

#[tokio::test]
async fn me_has_every_key_that_a_desktop_recovers_from() -> Result<()> {
    let server = TestServer::start().await?;
    let kate = TestAgent::at_work(&server, "kate", Transport::LongPolling).await?;
    let id = submit(&server, "tasks").await?;
    kate.sees(&id, "Invited").await?;
    let user = kate.rest.get("/me").await?.ok()?.value["user"].take();
    for key in [
        "id",
        "userName",
        "firstName",
        "lastName",
        "emailAddress",
        "roles",
        "enabled",
        "changePasswordOnFirstLogin",
        "uri",
        "path",
    ] {
        assert!(user.get(key).is_some(), "no {key} in {user}");
    }
    assert_eq!(user["roles"], json!(["ROLE_AGENT"]));
    assert_eq!(user["enabled"], true);
    assert_eq!(user.get("password"), None);

    let full = kate.rest.get("/me?subresources=*").await?.ok()?.value["user"].take();
    for key in [
        "devices",
        "skills",
        "channels",
        "channelStates",
        "interactions",
        "chats",
        "emails",
        "workitems",
        "calls",
        "groups",
        "features",
    ] {
        assert!(full[key].is_array(), "no list {key} in {full}");
    }
    assert!(full["settings"].is_object(), "{full}");
    assert_eq!(full["channels"], full["channelStates"]);
    assert_eq!(full["calls"], json!([]));
    let billing = full["skills"]
        .as_array()
        .and_then(|all| all.iter().find(|skill| skill["name"] == "billing"));
    assert_eq!(billing.context("no skill billing")?["level"], "5");
    assert_eq!(full["interactions"][0]["id"], id);
    assert_eq!(full["interactions"][0]["state"], "Invited");
    Ok(())
}

#[tokio::test]
async fn every_list_of_the_contract_can_be_read() -> Result<()> {
    let server = TestServer::start().await?;
    let ada = server.rest("ada")?;
    for plural in ["users", "skills", "queues", "groups", "workbins"] {
        let all = ada
            .get(&format!("/{plural}?fields=*"))
            .await?
            .ok()
            .with_context(|| format!("GET /{plural}"))?;
        assert!(all.value[plural].is_array(), "{all}");
        let uris = ada.get(&format!("/{plural}")).await?.ok()?;
        assert!(uris.value["uris"].is_array(), "{uris}");
    }
    ada.get("/settings/agent-states").await?.ok()?;
    Ok(())
}

#[tokio::test]
async fn only_an_administrator_of_the_same_center_changes_a_queue() -> Result<()> {
    let server = TestServer::start().await?;
    let ada = server.rest("ada")?;
    let tasks = format!("/queues/{}", id_of(&ada, "queues", "name", "tasks").await?);
    for user in ["kate", "sam", "intake"] {
        server.rest(user)?.put(&tasks, json!({"priority": 1})).await?.refused(403, 5)?;
    }
    server.rest("zoe")?.put(&tasks, json!({"priority": 1})).await?.refused(404, 6)?;
    ada.put(&tasks, json!({"priority": 7, "inviteTimeout": 5})).await?.ok()?;
    let queue = ada.get(&tasks).await?.ok()?.value["queue"].clone();
    assert_eq!((&queue["priority"], &queue["inviteTimeout"]), (&json!(7), &json!(5)));
    Ok(())
}

#[tokio::test]
async fn lists_come_in_pages() -> Result<()> {
    let server = TestServer::start().await?;
    let mut made = Vec::new();
    for _ in 0..7 {
        made.push(submit(&server, "parking").await?);
    }
    let ada = server.rest("ada")?;
    let mut seen = Vec::new();
    let mut path = "/interactions?fields=id&limit=3".to_owned();
    for _ in 0..4 {
        let page = ada.get(&path).await?.ok()?.value;
        let ids = page["interactions"].as_array().context("no interactions")?;
        assert!(ids.len() <= 3, "{page}");
        seen.extend(ids.iter().map(|one| text(one, "id")).collect::<Result<Vec<_>>>()?);
        let Value::String(cursor) = &page["nextCursor"] else { break };
        path = format!("/interactions?fields=id&limit=3&cursor={cursor}");
    }
    seen.sort();
    made.sort();
    assert_eq!(seen, made, "every one once");
    Ok(())
}

#[tokio::test]
async fn every_answer_of_a_get_brings_the_csrf_token() -> Result<()> {
    let server = TestServer::start().await?;
    let kate = server.rest("kate")?;
    for path in ["/me", "/me/interactions", "/queues", "/diagnostics/version"] {
        let answer = kate.send(Call::get(path)).await?.ok()?;
        assert!(answer.header("x-csrf-token").is_some(), "GET {path}: {:?}", answer.headers);
        assert_eq!(
            answer.header("content-type").map(|value| value.starts_with("application/json")),
            Some(true)
        );
    }
    Ok(())
}
