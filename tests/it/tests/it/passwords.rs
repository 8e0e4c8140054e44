//! Somebody who is locked out gets another password from whoever operates the machine.

use anyhow::{Result, ensure};
use handoff_testkit::{Answer, Call, Program};
use serde_json::json;

/// Asks for something as kate with a password.
async fn kate(server: &Program, password: &str, call: Call) -> Result<Answer> {
    Ok(server.anonymous().send(call.by("kate", password)).await?)
}

/// Chooses a password of one's own in place of one that was given.
async fn choose(server: &Program, given: &str, own: &str) -> Result<()> {
    let queues = kate(server, given, Call::get("/queues")).await?;
    ensure!(queues.body["statusCode"] == 8, "they may do nothing else first: {queues}");
    let body = json!({"operationName": "ChangePassword", "password": given, "newPassword": own});
    kate(server, given, Call::post("/me", &body)).await?.ok()?;
    kate(server, own, Call::get("/queues")).await?.ok()?;
    Ok(())
}

#[tokio::test]
async fn whoever_is_locked_out_gets_a_password_that_they_have_to_change() -> Result<()> {
    let mut server = Program::demo(&[]).await?;
    let given = server.run(&["password", "kate"]).await?;
    let refused = kate(&server, "handoff-demo", Call::get("/me")).await?;
    ensure!(refused.status == 401, "the old one counts no more: {refused}");
    choose(&server, given.trim(), "my own long words").await?;

    // Where no server runs, the command does it.
    server.terminate().await?;
    server.ended().await?;
    let given = server.run(&["password", "kate"]).await?;
    let unknown = server.run(&["password", "kathe"]).await.unwrap_err();
    ensure!(format!("{unknown:#}").contains("there is no user named \"kathe\""), "{unknown:#}");
    server.restart().await?;
    let unknown = server.run(&["password", "kathe"]).await.unwrap_err();
    ensure!(format!("{unknown:#}").contains("there is no user named \"kathe\""), "{unknown:#}");
    choose(&server, given.trim(), "other words of mine").await
}
