//! A made contact center with one mailbox, and what can be asked of it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use handoff_testkit::load::center::{HASH, PASSWORD};
use handoff_testkit::load::http::{Call, Client};
use handoff_testkit::load::program::{Address, Program, Start, clean_command};

/// The agent who writes.
const AGENT: &str = "agent";
/// Who sees everything.
const ADMIN: &str = "admin";
/// The queue in which letters wait, and by which they go out.
pub const QUEUE: &str = "letters";
/// The name of the user whom scripted servers know, and their password.
pub(super) const LOGIN: (&str, &str) = ("desk", "xtask-relay");

/// What is made.
#[derive(Clone, Copy, Debug)]
pub struct Site<'a> {
    /// The mailbox's address.
    pub mailbox: &'a str,
    /// The port of a relay.
    pub relay: Option<u16>,
    /// The port of a server from which mail is fetched.
    pub imap: Option<u16>,
    /// Whether the queue confirms letters.
    pub acknowledges: bool,
}

/// A program with its mailbox.
pub struct Office {
    /// The program.
    pub program: Program,
    /// Its data directory.
    pub data: PathBuf,
    /// Where LMTP is listened for.
    pub lmtp: PathBuf,
}

/// An interaction as the list shows it.
#[derive(Clone, Debug)]
pub struct Listed {
    pub(super) state: String,
    pub(super) subject: String,
    /// Whether it is known what it answers.
    pub has_parent: bool,
}

impl Site<'_> {
    /// Makes the center in `home` and starts a program with it.
    ///
    /// # Errors
    ///
    /// When a file cannot be written, or the program refuses one.
    pub async fn open(self, binary: &Path, home: &Path) -> Result<Office> {
        fs::create_dir_all(home).context("make a directory")?;
        let (center, config) = (home.join("center.toml"), home.join("handoff.toml"));
        let office = (home.join("data"), home.join("lmtp"));
        fs::write(home.join("password"), LOGIN.1).context("write the password")?;
        fs::write(&center, self.center_file()).context("write the center file")?;
        fs::write(&config, self.config_file(home, &office.0, &office.1))
            .context("write the configuration")?;
        let output = clean_command(binary)
            .arg("apply")
            .arg(&center)
            .arg("--config")
            .arg(&config)
            .output()
            .await;
        let output = output.context("run handoff apply")?;
        ensure!(
            output.status.success(),
            "handoff apply failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let start = Start::Serve { config };
        let program = Program::start(binary.to_owned(), start, home.join("log")).await?;
        Ok(Office { program, data: office.0, lmtp: office.1 })
    }

    fn center_file(self) -> String {
        let user = |name: &str, roles: &str| {
            format!(
                "[[user]]\nuserName = \"{name}\"\nroles = [{roles}]\npassword = {{ argon2 = \"{HASH}\" }}\n"
            )
        };
        let acknowledge = if self.acknowledges {
            "[queue.acknowledge]\nsubject = \"We have it\"\ntext = \"Thank you.\"\n"
        } else {
            ""
        };
        format!(
            "[center]\nname = \"Made\"\n{}{}[[queue]]\nname = \"{QUEUE}\"\nchannel = \"email\"\n{acknowledge}",
            user(AGENT, "\"agent\""),
            user(ADMIN, "\"admin\""),
        )
    }

    fn config_file(self, home: &Path, data: &Path, lmtp: &Path) -> String {
        let (mailbox, password, user) = (self.mailbox, home.join("password"), LOGIN.0);
        let server = |section: &str, port: Option<u16>| {
            port.map_or_else(String::new, |port| {
                format!(
                    "[mailbox.{section}]\nhost = \"127.0.0.1\"\nport = {port}\nsecurity = \"none\"\nuser = \"{user}\"\n\
                     password = {{ file = {password:?} }}\n"
                )
            })
        };
        format!(
            "[server]\nlisten = \"127.0.0.1:0\"\n[store]\npath = {data:?}\n[agent]\ndisconnect_grace = \"1h\"\n\
             [log]\nfilter = \"warn\"\n[mail]\nlmtp = {lmtp:?}\ngive_up_after = \"1h\"\nretries = [\"100ms\"]\n\
             [[mailbox]]\naddress = \"{mailbox}\"\ncenter = \"Made\"\nqueue = \"{QUEUE}\"\ndefault = true\nlmtp = true\n\
             {}{}",
            server("smtp", self.relay),
            server("imap", self.imap)
        )
    }
}

/// Makes a client of the agent, who works.
///
/// # Errors
///
/// When the program refuses.
pub(super) async fn agent(address: Address) -> Result<Client> {
    let mut client = Client::new(address, AGENT, PASSWORD)?;
    let start = json!({"operationName": "StartContactCenterSession", "channels": ["email"]});
    let answer =
        client.send_until_answered(&Call::post("/me", &start)).await.context("no answer")?;
    ensure!(answer.code() == 0, "the session was refused: {}", answer.body);
    Ok(client)
}

/// Has the agent write a mail and send it.
///
/// # Errors
///
/// When the program refuses.
pub(super) async fn send(client: &mut Client, subject: &str, to: &[&str]) -> Result<()> {
    let email =
        json!({"to": to, "subject": subject, "bodyAsPlainText": format!("{subject}\n.\n..dots\n")});
    let create =
        json!({"operationName": "Create", "channel": "email", "queueName": QUEUE, "email": email});
    let create = Call::post("/me/interactions", &create);
    let created = client.send_until_answered(&create).await.context("no answer")?;
    let id = created.body["id"].as_str().with_context(|| format!("no draft: {}", created.body))?;
    let send = json!({"operationName": "Send", "queueName": QUEUE});
    let send = Call::post(&format!("/me/interactions/{id}"), &send);
    let sent = client.send_until_answered(&send).await.context("no answer")?;
    ensure!(sent.code() == 0, "a mail was not sent: {}", sent.body);
    Ok(())
}

/// Lists what is not over.
///
/// # Errors
///
/// When the program refuses or stays away.
pub async fn list(address: Address) -> Result<Vec<Listed>> {
    let mut client = Client::new(address, ADMIN, PASSWORD)?;
    let (mut listed, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/interactions?fields=id,state,subject,parentId&limit=1000{cursor}");
        let page = client
            .send_until_answered(&Call::get(&path))
            .await
            .context("the program stays away")?;
        ensure!(page.code() == 0, "the list was refused: {}", page.body);
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let page_items = page.body["interactions"].as_array().into_iter().flatten();
        listed.extend(page_items.map(|item| Listed {
            state: text(&item["state"]),
            subject: text(&item["subject"]),
            has_parent: item["parentId"].is_string(),
        }));
        match page.body["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(listed),
        }
    }
}
