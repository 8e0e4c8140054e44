//! Mailboxes that come, change and go while the program serves (docs/operations/README.md#e-mail).

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use handoff_testkit::{MailFolder, PASSWORD, Program};
use serde_json::json;

use crate::scene::{DEMO, apply, refused, text};

/// Within which time a change is to take effect; the machine may be busy with other tests.
const SOON: Duration = Duration::from_secs(5);

/// The demo center with one more mailbox, whose mail is fetched at a port.
fn with_orders(port: u16, password: &Path) -> String {
    format!(
        "{DEMO}\n[[mailbox]]\naddress = \"orders@demo.example\"\nqueue = \"support-email\"\n\
         [mailbox.imap]\nhost = \"127.0.0.1\"\nport = {port}\nsecurity = \"none\"\n\
         user = \"orders\"\npassword = {{ file = {password:?} }}\n"
    )
}

fn letter(subject: &str) -> Vec<u8> {
    let from = "From: Ann <ann@customers.example>\r\nTo: orders@demo.example\r\n";
    let id = format!("Message-ID: <{subject}@customers.example>\r\n");
    format!("{from}{id}Subject: {subject}\r\nDate: Mon, 2 Nov 2026 10:00:00 +0000\r\n\r\nHello\r\n")
        .into_bytes()
}

/// Returns the subjects of all letters that came in, in order.
async fn subjects(server: &Program) -> Result<Vec<String>> {
    let path = "/interactions?fields=id,subject&channel=email";
    let listed = server.client("ada").interactions(path).await?;
    let mut subjects: Vec<String> =
        listed.iter().map(|item| text(item, "subject")).collect::<Result<_>>()?;
    subjects.sort();
    Ok(subjects)
}

/// Waits until something is so.
async fn until(what: &str, is_so: impl AsyncFn() -> Result<bool>) -> Result<()> {
    let waiting = async {
        while !is_so().await? {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        anyhow::Ok(())
    };
    let waited = tokio::time::timeout(SOON, waiting).await;
    waited.with_context(|| format!("not within {} s: {what}", SOON.as_secs()))?
}

async fn until_subjects(server: &Program, expected: &[&str]) -> Result<()> {
    until(&format!("{expected:?}"), async || Ok(subjects(server).await? == expected)).await
}

#[tokio::test]
async fn a_mailbox_is_fetched_from_when_it_is_applied_and_no_more_when_it_is_pruned() -> Result<()>
{
    let (folder, other) = (MailFolder::start().await?, MailFolder::start().await?);
    let server = Program::demo(&[]).await?;
    let home = tempfile::tempdir()?;
    let password = home.path().join("orders");
    folder.append(letter("first"));

    let added = with_orders(folder.port, &password);
    let complaint = refused(&server, &added, &[]).await?;
    let line = DEMO.lines().count() + 3;
    assert!(complaint.contains(&format!("/dev/stdin:{line}: ")), "{complaint}");
    assert!(complaint.contains("would not work: imap: the file "), "{complaint}");
    assert_eq!(folder.connections(), 0, "nothing was applied");

    std::fs::write(&password, "secret\n")?;
    let said = apply(&server, &added, &[]).await?;
    assert!(said.contains("+ mailbox \"orders@demo.example\""), "{said}");
    until_subjects(&server, &["first"]).await?;
    folder.append(letter("second"));
    until_subjects(&server, &["first", "second"]).await?;

    // Its UIDs, and its UIDVALIDITY, are those of the first.
    other.append(letter("second"));
    other.append(letter("third"));
    let elsewhere = with_orders(other.port, &password).replace("\"orders\"", "\"others\"");
    let said = apply(&server, &elsewhere, &[]).await?;
    assert!(said.contains("~ mailbox \"orders@demo.example\": imap 127.0.0.1"), "{said}");
    until_subjects(&server, &["first", "second", "third"]).await?;
    until("nobody is at the first", async || Ok(folder.connections() == 0)).await?;

    let said = apply(&server, DEMO, &["--prune"]).await?;
    assert!(said.contains("- mailbox \"orders@demo.example\""), "{said}");
    until("nobody is at the other", async || Ok(other.connections() == 0)).await?;
    let before = other.unseen();
    folder.append(letter("fourth"));
    other.append(letter("fourth"));
    // What was fetched from would have been within this time.
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!((folder.connections(), other.connections()), (0, 0));
    assert_eq!(other.unseen(), before + 1);
    assert_eq!(subjects(&server).await?, ["first", "second", "third"]);
    Ok(())
}

#[tokio::test]
async fn mail_goes_out_by_the_mailbox_as_it_is_now() -> Result<()> {
    let server = Program::demo(&[]).await?;
    let kate = server.client("kate");
    kate.start_work(&["email"]).await?;
    let elsewhere = tempfile::tempdir()?;
    let path = elsewhere.path().join("sent");
    let moved = DEMO.replace("outbox = \"sent\"", &format!("outbox = {path:?}"));
    assert_ne!(moved, DEMO);
    apply(&server, &moved, &[]).await?;
    let email =
        json!({"to": ["ann@customers.example"], "subject": "Moved", "bodyAsPlainText": "Hello"});
    let queue = "support-email";
    let create =
        json!({"operationName": "Create", "channel": "email", "queueName": queue, "email": email});
    let draft = text(&kate.command("/me/interactions", &create).await?, "id")?;
    let send = json!({"operationName": "Send", "queueName": queue});
    kate.command(&format!("/me/interactions/{draft}"), &send).await?;
    until("the mail is a file", async || {
        let files = std::fs::read_dir(&path).map(Iterator::count).unwrap_or_default();
        Ok(files == 1)
    })
    .await
}

/// Mailboxes connect elsewhere with secrets of the machine's, and write files on it.
#[tokio::test]
async fn mailboxes_are_the_operators() -> Result<()> {
    let server = Program::demo(&[]).await?;
    let home = tempfile::tempdir()?;
    let file = home.path().join("password");
    std::fs::write(&file, format!("{PASSWORD}\n"))?;
    let (origin, file) = (server.origin(), file.to_str().context("a path of letters")?);
    let by_ada = ["--url", &*origin, "--user", "ada", "--password-file", file];
    let port = MailFolder::start().await?.port;
    for (text, options) in [
        (with_orders(port, &home.path().join("password")), &[][..]),
        (DEMO.replace("outbox = \"sent\"", "outbox = \"elsewhere\""), &[]),
        (DEMO[..DEMO.find("# Mail comes in").context("a mailbox")?].to_owned(), &["--prune"]),
    ] {
        let options = [&by_ada[..], options].concat();
        let complaint = refused(&server, &text, &options).await?;
        assert!(complaint.contains("only whoever operates the server"), "{complaint}");
    }
    apply(&server, &DEMO.replace("Lund", "Byron"), &by_ada).await.map(drop)
}

#[tokio::test]
async fn what_a_server_cannot_do_is_told_before_it_is_applied() -> Result<()> {
    let server = Program::demo(&[]).await?;
    let straight = DEMO.replace("outbox = \"sent\"", "outbox = \"sent\"\nlmtp = true");
    let complaint = refused(&server, &straight, &[]).await?;
    assert!(complaint.contains("lmtp needs mail.lmtp"), "{complaint}");
    Ok(())
}
