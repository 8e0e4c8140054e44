//! A small team that is made by requests alone, works, and is taken down again.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use handoff_testkit::{BOUND, Call, Client, Program, Replay, TestAgent, Transport};
use serde_json::{Value, json};

use crate::scene::{creation, interaction, text};

/// What the admin gave her, and what she chose.
const FIRST: &str = "correct horse 7";
const OWN: &str = "battery staple 8";

/// Before how many nodes these tests run.
const NODES_MAX: usize = 3;

/// Makes something; returns its path.
async fn made(admin: &Client, list: &str, body: Value) -> Result<String> {
    text(&admin.post(list, body).await?.ok()?.body, "path")
}

/// Signs in with the password that was given, which opens nothing but the choice of another, and
/// comes to work with that.
async fn newcomer(server: &Program) -> Result<TestAgent> {
    let mut lea = TestAgent::away(server, "lea", Transport::LongPolling);
    lea.rest = Client::with_cookies(&server.address());
    lea.rest.send(Call::get("/me").by("lea", FIRST)).await?.ok()?;
    lea.rest.get("/queues").await?.refused(403, 8)?;
    let Err(refused) = lea.connect().await else { bail!("she has a CometD session") };
    assert!(refused.to_string().contains("403"), "{refused}");
    let body = json!({"operationName": "ChangePassword", "password": FIRST, "newPassword": OWN});
    lea.rest.post("/me", body).await?.ok()?;
    // With the new cookie comes another token.
    lea.rest.get("/me").await?.ok()?;
    at_work(&mut lea).await?;
    Ok(lea)
}

/// Waits until something holds on whichever node it comes to: another one than that which changed
/// it hears of it a moment later.
async fn until(what: &str, holds: impl AsyncFn() -> Result<bool>) -> Result<()> {
    let waiting = async {
        while !holds().await? {
            // Nothing tells; the end of the wait is a condition.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(BOUND, waiting).await.with_context(|| format!("not so: {what}"))?
}

/// Tells whether something is there for request after request, each of which comes to another node.
async fn is_known(admin: &Client, path: &str) -> Result<bool> {
    for _ in 0..NODES_MAX {
        if admin.get(path).await?.ok().is_err() {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn at_work(agent: &mut TestAgent) -> Result<()> {
    agent.connect().await?;
    agent.subscribe(TestAgent::INTERACTIONS, Replay::Plain).await?;
    agent.start_session().await?;
    agent.ready().await
}

/// What of a contact center requests make and remove.
async fn names(admin: &Client) -> Result<Vec<Value>> {
    let mut all = Vec::new();
    for list in ["skills", "groups", "users", "queues"] {
        let listed = admin.read(&format!("/{list}?fields=name,userName")).await?;
        all.push(listed[list].clone());
    }
    let workbins = admin.read("/workbins?definitions=true&fields=name").await?;
    all.push(workbins["workbins"].clone());
    Ok(all)
}

#[tokio::test]
async fn a_team_is_made_works_and_is_taken_down_by_requests_alone() -> Result<()> {
    let server = Program::demo(&[]).await?;
    let mut zoe = TestAgent::away(&server, "zoe", Transport::LongPolling);
    let admin = server.client("zoe");
    let before = names(&admin).await?;

    let skill = made(&admin, "/skills", json!({"name": "danish"})).await?;
    let group = made(&admin, "/groups", json!({"name": "Nordic"})).await?;
    let queue = json!({"name": "dansk", "channel": "workitem", "groups": ["Nordic"],
                       "skills": {"danish": 3}, "inviteTimeout": 60});
    let queue = made(&admin, "/queues", queue).await?;
    let shelf = json!({"name": "Nordic shelf", "type": "AgentGroup", "group": "Nordic"});
    let shelf = made(&admin, "/workbins", shelf).await?;
    let user = json!({"userName": "lea", "firstName": "Lea", "roles": ["ROLE_AGENT"],
                      "groups": ["Nordic"], "skills": {"danish": 2},
                      "password": FIRST, "changePasswordOnFirstLogin": true});
    let user = made(&admin, "/users", user).await?;

    until("every node knows her", async || is_known(&admin, &user).await).await?;
    let lea = newcomer(&server).await?;
    let submit = || admin.post("/interactions", creation("workitem", "dansk", json!({})));
    let shelved = text(&submit().await?.ok()?.body, "id")?;
    assert_eq!(interaction(&admin, &shelved).await?["state"], "Queued", "nobody has the level");
    let skill_id = skill.rsplit('/').next().context("a path")?;
    admin.put(&format!("{user}/skills/{skill_id}"), json!({"level": 3})).await?.ok()?;
    lea.accept(&shelved).await?;
    lea.command(&shelved, "PlaceInWorkbin", json!({"workbin": "Nordic shelf"})).await?.ok()?;
    lea.sees(&shelved, "InWorkbin").await?;
    let owned = text(&submit().await?.ok()?.body, "id")?;
    lea.accept(&owned).await?;

    // What she has goes back, and what is the group's stays; both keep what they are with.
    admin.delete(&user).await?.ok()?;
    until("she is out", async || Ok(lea.rest.get("/me").await?.refused(401, 20).is_ok())).await?;
    assert_eq!(interaction(&admin, &owned).await?["state"], "Queued");
    assert_eq!(interaction(&admin, &shelved).await?["state"], "InWorkbin");
    for path in [&queue, &shelf, &group, &skill] {
        admin.delete(path).await?.refused(409, 19)?;
    }

    let own_path = format!("/users/{}", admin.own_id().await?);
    let joined = json!({"groups": ["Nordic"], "skills": {"danish": 5}});
    admin.put(&own_path, joined).await?.ok()?;
    at_work(&mut zoe).await?;
    zoe.accept(&owned).await?;
    zoe.command(&owned, "Complete", json!({})).await?.ok()?;
    let pulled = json!({"operationName": "PullInteraction", "id": shelved});
    zoe.rest.post(&format!("/me{shelf}"), pulled).await?.ok()?;
    zoe.sees(&shelved, "Processing").await?;
    zoe.command(&shelved, "Complete", json!({})).await?.ok()?;

    let left = json!({"groups": [], "skills": {}});
    admin.put(&own_path, left).await?.ok()?;
    for path in [&queue, &shelf, &group, &skill] {
        admin.delete(path).await?.ok()?;
    }
    until("all is as before", async || Ok(names(&admin).await? == before)).await
}
