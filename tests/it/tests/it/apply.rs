//! A contact center that changes while it serves (docs/operations/README.md#changing-a-center).

use anyhow::Result;
use handoff_testkit::{PASSWORD, Program, Replay, TestAgent, Transport};
use serde_json::{Value, json};

use crate::scene::{DEMO, apply, own_work, refused, submit, submit_with, text, until_state};

fn without_ben() -> String {
    DEMO.replace("userName = \"ben\"", "userName = \"ben\"\nenabled = false")
}

#[tokio::test]
async fn a_user_who_is_disabled_while_the_server_serves_is_out_at_once() -> Result<()> {
    let server = Program::demo(&[]).await?;
    let ben = TestAgent::at_work(&server, "ben", Transport::WebSocket).await?;
    let owned = submit(&server, "tasks").await?;
    ben.accept(&owned).await?;
    let kate = TestAgent::at_work(&server, "kate", Transport::LongPolling).await?;

    let said = apply(&server, &without_ben(), &[]).await?;
    assert!(said.contains("~ user \"ben\": enabled true → false"), "{said}");
    assert!(said.ends_with("applied\n"), "{said}");
    ben.rest.get("/me").await?.refused(401, 20)?;
    // The work is passed on, to somebody who is there.
    kate.sees(&owned, "Invited").await?;
    ben.subscribe("/v2/me/channels", Replay::Plain).await.unwrap_err();

    assert_eq!(apply(&server, &without_ben(), &[]).await?, "no changes\n");
    apply(&server, DEMO, &[]).await?;
    TestAgent::at_work(&server, "ben", Transport::LongPolling).await?;
    Ok(())
}

#[tokio::test]
async fn the_router_goes_by_new_queues_and_skills_at_once() -> Result<()> {
    let server = Program::demo(&[]).await?;
    let mia = TestAgent::at_work(&server, "mia", Transport::LongPolling).await?;
    let waiting = submit(&server, "tasks").await?;
    assert!(own_work(&mia.rest).await?.is_empty(), "the control: the queue is for Support");
    let moved = DEMO.replace(
        "userName = \"mia\"\nfirstName = \"Mia\"\nlastName = \"Novak\"\nemailAddress = \"mia@demo.example\"\nroles = [\"agent\"]\ngroups = [\"Sales\"]",
        "userName = \"mia\"\nfirstName = \"Mia\"\nlastName = \"Novak\"\nemailAddress = \"mia@demo.example\"\nroles = [\"agent\"]\ngroups = [\"Sales\", \"Support\"]",
    );
    assert_ne!(moved, DEMO);
    let said = apply(&server, &moved, &["--dry-run"]).await?;
    assert!(said.contains("groups") && said.ends_with("dry run: nothing was changed\n"), "{said}");
    apply(&server, &moved, &[]).await?;
    mia.accept(&waiting).await?;

    let added = format!(
        "{moved}\n[[queue]]\nname = \"returns\"\nchannel = \"workitem\"\ngroups = [\"Support\"]\n"
    );
    apply(&server, &added, &[]).await?;
    let other = submit(&server, "returns").await?;
    mia.sees(&other, "Invited").await?;
    Ok(())
}

#[tokio::test]
async fn who_is_no_agent_any_more_keeps_neither_session_nor_work() -> Result<()> {
    let server = Program::demo(&[]).await?;
    let sam = TestAgent::at_work(&server, "sam", Transport::LongPolling).await?;
    let owned = submit(&server, "tasks").await?;
    sam.accept(&owned).await?;
    let without = DEMO.replace("roles = [\"agent\", \"supervisor\"]", "roles = [\"supervisor\"]");
    apply(&server, &without, &[]).await?;
    until_state(&server, &owned, "Queued").await?;
    sam.rest.get("/queues").await?.ok()?;
    sam.start_session().await.unwrap_err();
    Ok(())
}

/// The demo center without a table, from its first line to the next table.
fn without(text: &str, table: &str) -> String {
    let start = text.find(table).expect("the demo center has it");
    let end = start + 1 + text[start + 1..].find("\n[[").expect("something comes after it");
    format!("{}{}", &text[..start], &text[end..])
}

#[tokio::test]
async fn the_work_of_a_pruned_user_and_queue_goes_to_who_is_there() -> Result<()> {
    let server = Program::demo(&[]).await?;
    let ben = TestAgent::at_work(&server, "ben", Transport::LongPolling).await?;
    let owned = submit(&server, "tasks").await?;
    let parked = submit(&server, "tasks").await?;
    let letter = submit_with(&server, "email", "support-email", json!({})).await?;
    for id in [&owned, &parked, &letter] {
        ben.accept(id).await?;
    }
    ben.command(&parked, "PlaceInWorkbin", json!({"workbin": "In Progress"})).await?.ok()?;
    ben.command(&letter, "Reply", json!({})).await?.ok()?;
    let draft = text(&ben.notified("a draft", |data| data["state"] == "Composing").await?, "id")?;
    let waiting = submit(&server, "billing").await?;
    let all = [&owned, &parked, &letter, &draft, &waiting];

    let pruned = without(DEMO, "[[user]]\nuserName = \"ben\"");
    let pruned = without(&pruned, "[[queue]]\nname = \"billing\"");
    let complaint = refused(&server, &pruned, &["--prune"]).await?;
    assert!(
        complaint.contains("1 of channel email") && complaint.contains("1 of channel workitem"),
        "{complaint}"
    );
    ben.rest.get("/me").await?.ok()?;

    let to = ["--prune", "--work-to", "tasks", "--work-to", "support-email"];
    let said = apply(&server, &pruned, &to).await?;
    assert!(said.contains("- user \"ben\"") && said.ends_with("applied\n"), "{said}");
    ben.rest.get("/me").await?.refused(401, 20)?;
    for id in all {
        until_state(&server, id, "Queued").await?;
    }
    let kate = TestAgent::at_work(&server, "kate", Transport::LongPolling).await?;
    for id in all {
        kate.accept(id).await?;
    }
    assert_eq!(apply(&server, &pruned, &to).await?, "no changes\n");
    Ok(())
}

#[tokio::test]
async fn what_is_wrong_is_told_with_its_line_and_nothing_changes() -> Result<()> {
    let server = Program::demo(&[]).await?;
    let wrong = without_ben().replace("groups = [\"Support\", \"Sales\"]", "groups = [\"Suport\"]");
    let complaint = refused(&server, &wrong, &[]).await?;
    assert!(complaint.contains("/dev/stdin:") && complaint.contains("Suport"), "{complaint}");
    server.client("ben").get("/me").await?.ok()?;
    Ok(())
}

#[tokio::test]
async fn the_store_of_a_server_that_stopped_is_changed_without_it() -> Result<()> {
    let mut server = Program::demo(&[]).await?;
    server.kill().await?;
    apply(&server, &without_ben(), &[]).await?;
    server.restart().await?;
    server.client("ben").get("/me").await?.refused(401, 20)?;
    server.client("kate").get("/me").await?.ok()?;
    Ok(())
}

#[tokio::test]
async fn an_admin_changes_their_own_center_by_the_address_and_no_other() -> Result<()> {
    let server = Program::demo(&[]).await?;
    let (origin, file) = (server.origin(), password_file()?);
    let by = |user| ["--url", &*origin, "--user", user, "--password-file", named(&file)];

    let complaint = refused(&server, &without_ben(), &by("zoe")).await?;
    assert!(complaint.contains("\"Demo\" is not yours"), "{complaint}");
    let complaint = refused(&server, &without_ben(), &by("kate")).await?;
    assert!(complaint.contains("403"), "{complaint}");
    server.client("ben").get("/me").await?.ok()?;
    let said = apply(&server, &without_ben(), &by("ada")).await?;
    assert!(said.ends_with("applied\n"), "{said}");
    server.client("ben").get("/me").await?.refused(401, 20)?;
    let body = json!({"name": "x", "text": "", "more": 1});
    server.client("ada").post("/center", body).await?.refused(400, 10)?;
    let lines = server.client("ada").post("/center", json!({"name": "x", "text": ""})).await?;
    assert!(matches!(&lines.body, Value::Object(line) if line.contains_key("failed")), "{lines}");
    Ok(())
}

/// A file with everybody's password.
fn password_file() -> Result<tempfile::NamedTempFile> {
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), format!("{PASSWORD}\n"))?;
    Ok(file)
}

fn named(file: &tempfile::NamedTempFile) -> &str {
    file.path().to_str().expect("a name that was made here is UTF-8")
}

#[tokio::test]
async fn what_is_exported_changes_nothing_and_is_the_same_from_the_store() -> Result<()> {
    let mut server = Program::demo(&[]).await?;
    let export = ["export", "--center", "Demo"];
    let text = server.run(&export).await?;
    assert!(text.contains("userName = \"kate\"") && !text.contains("argon2"), "{text}");
    assert_eq!(apply(&server, &text, &["--prune"]).await?, "no changes\n");
    let hashed = server.run(&[&export[..], &["--password-hashes"]].concat()).await?;
    assert!(hashed.contains("{ argon2 = \"$argon2id$"), "{hashed}");
    assert_eq!(apply(&server, &hashed, &["--prune"]).await?, "no changes\n");
    server.kill().await?;
    assert_eq!(server.run(&export).await?, text);
    Ok(())
}

#[tokio::test]
async fn an_admin_exports_their_own_center_by_the_address() -> Result<()> {
    let server = Program::demo(&[]).await?;
    let (origin, file) = (server.origin(), password_file()?);
    let by = |user| ["--url", &*origin, "--user", user, "--password-file", named(&file)];
    let export = async |user| server.run(&[&["export"], &by(user)[..]].concat()).await;
    let own = export("ada").await?;
    assert!(own.contains("userName = \"kate\"") && !own.contains("[[mailbox]]"), "{own}");
    let said = apply(&server, &own, &by("ada")).await?;
    assert!(said.starts_with("no changes\n1 not named by the file and kept"), "{said}");
    let other = export("zoe").await?;
    assert!(other.contains("userName = \"zoe\"") && !other.contains("kate"), "{other}");
    let complaint = export("kate").await.unwrap_err().to_string();
    assert!(complaint.contains("403"), "{complaint}");
    Ok(())
}
