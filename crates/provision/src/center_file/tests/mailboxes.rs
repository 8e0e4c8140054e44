//! Mailboxes in center files.

use handoff_store::{AfterFetch, MailLogin, MailSecurity, Mailbox, SecretPlace, WayOut};

use super::*;
use crate::toml_place;

/// A center with a mailbox that has every option, and one that has nothing but what it needs.
const MAILBOXES: &str = r#"[center]
name = "Demo"
[[queue]]
name = "letters"
channel = "email"
[[queue]]
name = "orders"
channel = "email"
[[queue]]
name = "tasks"
channel = "workitem"
[[mailbox]]
address = "help@demo.example"
name = "Demo Help"
queue = "letters"
aliases = ["care@demo.example"]
default = true
lmtp = true
replyTokens = true
[mailbox.imap]
host = "imap.demo.example"
security = "starttls"
user = "help"
password = { env = "HELP_PASSWORD" }
folder = "Support"
after = "move"
moveTo = "Handled"
poll = "5s"
onlyNew = true
[mailbox.smtp]
host = "smtp.demo.example"
user = "help"
oauth2 = { tokenUrl = "https://login.example/token", clientId = "c", refreshToken = { file = "/run/token" }, scope = "s" }
[[mailbox]]
address = "orders@demo.example"
queue = "orders"
outbox = "sent"
"#;

/// Knows of a mailbox that would not work.
struct Broken;

impl Passwords for Broken {
    fn variable(&self, _: &str) -> Option<String> {
        None
    }

    fn hash(&self, password: &str) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
        Ok(password.to_owned())
    }

    fn check_usable(&self, _: &str) -> Result<(), String> {
        Ok(())
    }

    fn is_of(&self, hash: &str, password: &str) -> bool {
        hash == password
    }

    fn mailbox_problem(&self, mailbox: &Mailbox) -> Option<String> {
        (mailbox.address == "orders@demo.example").then(|| "its secret is not there".to_owned())
    }
}

fn changed(from: &str, to: &str) -> String {
    assert!(MAILBOXES.contains(from), "{from}");
    MAILBOXES.replacen(from, to, 1)
}

async fn mailbox(setup: &Setup, address: &str) -> Option<Mailbox> {
    setup.directory().await.mailbox_of(address).map(|mailbox| Mailbox::clone(mailbox))
}

#[tokio::test]
async fn every_option_becomes_part_of_the_mailbox() {
    let setup = Setup::with(MAILBOXES).await;
    let directory = setup.directory().await;
    let help = directory.mailbox_of("CARE@demo.example").unwrap();
    assert_eq!((help.address.as_str(), help.name.as_str()), ("help@demo.example", "Demo Help"));
    assert_eq!(directory.queues[&help.queue].name, "letters");
    assert!(help.is_default && help.takes_lmtp && help.has_reply_tokens);
    let source = help.source.as_ref().unwrap();
    assert_eq!((source.port, source.security), (143, MailSecurity::Starttls));
    assert_eq!((source.folder.as_str(), source.poll_ms, source.only_new), ("Support", 5_000, true));
    assert_eq!(source.after, AfterFetch::Move { folder: "Handled".to_owned() });
    let password = SecretPlace::Env("HELP_PASSWORD".to_owned());
    assert_eq!(source.login, MailLogin::Password { user: "help".to_owned(), password });
    let Some(WayOut::Relay(relay)) = &help.exit else { panic!("{:?}", help.exit) };
    assert_eq!((relay.port, relay.security), (465, MailSecurity::Tls));
    assert!(matches!(&relay.login, Some(MailLogin::OAuth { oauth, .. }) if oauth.scope == "s"));
    let orders = directory.mailbox_of("orders@demo.example").unwrap();
    assert_eq!(orders.exit, Some(WayOut::Directory("sent".to_owned())));
    assert!(!orders.is_default && orders.source.is_none());
    let center = help.center;
    assert_eq!(directory.default_mailbox(center).unwrap().id, help.id);
}

#[tokio::test]
async fn the_same_file_changes_nothing_and_what_changes_is_told() {
    let setup = Setup::with(MAILBOXES).await;
    let before = mailbox(&setup, "help@demo.example").await.unwrap();
    let same = setup.apply(MAILBOXES, Unnamed::Prune).await.unwrap();
    assert_eq!(same.trim_end(), "no changes");
    let other = changed("imap.demo.example", "mail.demo.example")
        .replacen("queue = \"letters\"", "queue = \"orders\"", 1)
        .replacen("\"help@demo", "\"Help@demo", 1);
    let told = setup.apply(&other, Unnamed::Keep).await.unwrap();
    for part in
        ["~ mailbox \"Help@demo.example\"", "queue letters → orders", "mail.demo.example:143"]
    {
        assert!(told.contains(part), "{part}: {told}");
    }
    let after = mailbox(&setup, "help@demo.example").await.unwrap();
    assert_eq!((before.id, after.address.as_str()), (after.id, "Help@demo.example"));
}

#[tokio::test]
async fn a_mailbox_that_the_file_does_not_name_is_pruned() {
    let setup = Setup::with(MAILBOXES).await;
    let without = &MAILBOXES[..MAILBOXES.find("[[mailbox]]\naddress = \"orders").unwrap()];
    let told = setup.apply(without, Unnamed::Keep).await.unwrap();
    assert!(told.contains("1 not named by the file and kept"), "{told}");
    assert!(mailbox(&setup, "orders@demo.example").await.is_some());
    let plan = setup.plan(without, Unnamed::Prune).await.unwrap();
    assert_eq!(plan.difference.to_string(), "- mailbox \"orders@demo.example\"\n");
}

/// What is kept counts: otherwise two mailboxes would have one address.
#[tokio::test]
async fn an_address_of_a_mailbox_that_is_kept_is_taken() {
    let setup = Setup::with(MAILBOXES).await;
    let moved = changed("[\"care@demo.example\"]", "[\"orders@demo.example\"]");
    let moved = &moved[..moved.find("[[mailbox]]\naddress = \"orders").unwrap()];
    let refused = setup.plan(moved, Unnamed::Keep).await.unwrap_err().to_string();
    assert!(refused.starts_with("center.toml:16: ") && refused.contains("--prune"), "{refused}");
    setup.plan(moved, Unnamed::Prune).await.unwrap();
    let default = &changed("address = \"help@", "address = \"new@").replacen("care@", "neu@", 1);
    let refused = setup.plan(default, Unnamed::Keep).await.unwrap_err().to_string();
    assert!(refused.contains("default mailbox is \"help@demo.example\""), "{refused}");
}

#[tokio::test]
async fn what_is_wrong_is_told_with_its_line() {
    let no_moving = changed("moveTo = \"Handled\"\n", "");
    let no_password = changed("password = { env = \"HELP_PASSWORD\" }\n", "");
    // The text, the place that is named, and what is said.
    let cases = [
        (changed("= \"letters\"\na", "= \"nowhere\"\na"), "= \"nowhere\"", "no queue \"nowhere\""),
        (changed("= \"letters\"\na", "= \"tasks\"\na"), "= \"tasks\"\na", "channel workitem"),
        (changed("help@demo.example", "help"), "= \"help\"", "no e-mail address"),
        (changed("care@", "ORDERS@"), "\"orders@", "\"help@demo.example\" already"),
        (changed("care@", "HELP@"), "HELP@", "\"help@demo.example\" already"),
        (changed("outbox = \"sent\"", "default =  true"), "=  true", "default mailbox is"),
        (changed("poll = \"5s\"", "poll = \"1s\""), "poll", "allowed is 5s to 1h"),
        (no_moving, "imap.demo", "moveTo goes with"),
        (changed("after = \"move\"", "after = \"flag\""), "moveTo", "moveTo goes with"),
        (changed("\"sent\"", "\"../sent\""), "../sent", "outbox is"),
        (changed("https://login", "http://login"), "http://login", "tokenUrl"),
        (changed("https://login", "http://localhost"), "http://local", "tokenUrl"),
        (changed("https://login", "http://127.0.0.1@login"), "http://127", "tokenUrl"),
        (changed("https://login.", "http://127.0.0.1."), "http://127", "tokenUrl"),
        (no_password, "user = \"help\"", "needs a password"),
        (changed("[mailbox.smtp]", "[mailbox.pop]"), "", "unknown field"),
    ];
    for (text, place, part) in cases {
        let told = Setup::default().plan(&text, Unnamed::Keep).await.unwrap_err().to_string();
        let line = toml_place::line_of(&text, text.find(place).unwrap());
        assert!(told.contains(part), "{part}: {told}");
        assert!(place.is_empty() || told.starts_with(&format!("center.toml:{line}: ")), "{told}");
    }
}

#[tokio::test]
async fn a_secret_in_the_file_is_refused_and_not_repeated() {
    let plain = ["\"31337\"", "31337", "-31337", "313370000000000000000", "31337.5", "[31337]"];
    for secret in plain.into_iter().chain(["true", "3133-07-31", "{ 31337 = \"\" }"]) {
        let text = changed("{ env = \"HELP_PASSWORD\" }", secret);
        let told = Setup::default().plan(&text, Unnamed::Keep).await.unwrap_err().to_string();
        assert!(told.starts_with("center.toml:24: ") && told.contains("{ env = "), "{told}");
        assert!(!told.contains("313") && !told.contains("true"), "{told}");
    }
}

#[tokio::test]
async fn tokens_are_fetched_of_this_machine_without_encryption() {
    for local in ["http://localhost:8080/token", "http://127.0.0.2/token"] {
        let text = changed("https://login.example/token", local);
        Setup::default().plan(&text, Unnamed::Keep).await.unwrap();
    }
}

#[tokio::test]
async fn an_address_of_another_center_is_refused() {
    let setup = Setup::with(MAILBOXES).await;
    let other = changed("name = \"Demo\"", "name = \"Other\"").replacen("help@", "new@", 1);
    let told = setup.plan(&other, Unnamed::Keep).await.unwrap_err().to_string();
    assert!(
        told.starts_with("center.toml:16: \"care@demo.example\" is taken by another"),
        "{told}"
    );
}

/// A mailbox that could not work is refused where that is known, and only once it is changed: what
/// broke since must not keep anything else from being applied.
#[tokio::test]
async fn a_mailbox_that_would_not_work_is_refused_when_it_is_new() {
    let setup = Setup::with(MAILBOXES).await;
    let plan = async |text: &str| {
        let file = CenterFile::new("center.toml", text);
        file.plan(&*setup.store, &setup.ids, &Broken, Unnamed::Keep).await.map(drop)
    };
    plan(MAILBOXES).await.unwrap();
    let told = plan(&changed("\"sent\"", "\"out\"")).await.unwrap_err().to_string();
    assert!(told.starts_with("center.toml:35: ") && told.contains("would not work"), "{told}");
}
