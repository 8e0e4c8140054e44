//! A made contact center with one mailbox, and what can be asked of it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use handoff_domain::{Acknowledgement, CenterId, Media, QueueId, Role};
use handoff_testkit::center::ADMIN;
use handoff_testkit::{Center, Client, Program, Settings, Site};
use serde_json::{Value, json};

const AGENT: &str = "agent";
/// The queue in which letters wait, and by which they go out.
const QUEUE: &str = "letters";
/// How often the folder is looked at, as the center file begins with it. The server tells of news.
const POLL: &str = "poll = \"60s\"";
/// The name of the user whom scripted servers know, and their password.
const LOGIN: (&str, &str) = ("desk", "relay-password");

#[derive(Clone, Copy, Debug)]
pub struct Mailbox<'a> {
    pub address: &'a str,
    /// The port of a relay.
    pub relay: Option<u16>,
    /// The port of a server from which mail is fetched.
    pub imap: Option<u16>,
    /// Whether the queue confirms letters.
    pub acknowledges: bool,
}

/// A program with its mailbox.
pub struct Office {
    pub program: Program,
    pub site: Site,
    /// Where LMTP is listened for.
    pub lmtp: PathBuf,
    /// The center file.
    file: String,
}

/// An interaction as the list shows it.
#[derive(Clone, Debug)]
pub struct Listed {
    pub(super) state: String,
    pub(super) subject: String,
    /// Whether it is known what it answers.
    pub has_parent: bool,
}

impl<'a> Mailbox<'a> {
    /// A mailbox whose letters come by LMTP and go nowhere.
    #[must_use]
    pub const fn of(address: &'a str) -> Self {
        Self { address, relay: None, imap: None, acknowledges: false }
    }

    /// Makes the center in `home` and starts a program with it.
    pub async fn open(self, binary: &Path, home: &Path) -> Result<Office> {
        let lmtp = home.join("lmtp");
        fs::create_dir_all(home).context("make a directory")?;
        fs::write(home.join("password"), LOGIN.1).context("write the password")?;
        let others =
            format!("[mail]\nlmtp = {lmtp:?}\ngive_up_after = \"1h\"\nretries = [\"100ms\"]\n");
        let settings = Settings { others: &others, ..Settings::default() };
        let center = Center { mailboxes: self.form(home), ..self.center() };
        let (site, program) = Site::open(binary, home, &center, settings).await?;
        Ok(Office { program, site, lmtp, file: center.file(false) })
    }

    fn center(self) -> Center {
        let mut center = Center::new(CenterId(1), "Made")
            .person(AGENT, Role::Agent, &[])
            .person(ADMIN, Role::Admin, &[])
            .queue(QueueId(1), QUEUE, Media::Email, &[], &[]);
        let (subject, text) = ("We have it".to_owned(), "Thank you.".to_owned());
        let mail = Acknowledgement { subject, text };
        center.queues[0].acknowledge = Some(mail).filter(|_| self.acknowledges);
        center
    }

    fn form(self, home: &Path) -> String {
        let (address, password, user) = (self.address, home.join("password"), LOGIN.0);
        let server = |section: &str, port: Option<u16>| {
            port.map_or_else(String::new, |port| {
                format!(
                    "[mailbox.{section}]\nhost = \"127.0.0.1\"\nport = {port}\n\
                     security = \"none\"\nuser = \"{user}\"\npassword = {{ file = {password:?} }}\n"
                )
            })
        };
        format!(
            "[[mailbox]]\naddress = \"{address}\"\nqueue = \"{QUEUE}\"\n\
             default = true\nlmtp = true\n{}{}",
            server("smtp", self.relay),
            server("imap", self.imap).replace("user", &format!("{POLL}\nuser"))
        )
    }
}

impl Office {
    /// Changes the mailbox while the program serves: whoever fetches begins anew.
    pub(super) async fn change_mailbox(&self, number: usize) -> Result<()> {
        let poll = format!("poll = \"{}s\"", 10 + number);
        let text = self.file.replacen(POLL, &poll, 1);
        let output = self.program.apply(&text, &[]).await?;
        let (told, complaint) = (&output.stdout, String::from_utf8_lossy(&output.stderr));
        ensure!(output.status.success(), "handoff apply failed: {complaint}");
        let told = String::from_utf8_lossy(told);
        ensure!(told.contains("~ mailbox"), "the mailbox was not changed: {told}");
        Ok(())
    }
}

/// Makes a client of the agent, who works.
pub(super) async fn agent(program: &Program) -> Result<Client> {
    let client = program.client(AGENT);
    client.start_work(&["email"]).await?;
    Ok(client)
}

/// Has the agent write a mail and send it.
pub(super) async fn send(client: &Client, subject: &str, to: &[&str]) -> Result<()> {
    let text = format!("{subject}\n.\n..dots\n");
    let email = json!({"to": to, "subject": subject, "bodyAsPlainText": text});
    let create =
        json!({"operationName": "Create", "channel": "email", "queueName": QUEUE, "email": email});
    let created = client.command("/me/interactions", &create).await?;
    let id = created["id"].as_str().with_context(|| format!("no draft: {created}"))?;
    let send = json!({"operationName": "Send", "queueName": QUEUE});
    client.command(&format!("/me/interactions/{id}"), &send).await.map(drop)
}

/// Lists what is not over.
pub async fn list(program: &Program) -> Result<Vec<Listed>> {
    let path = "/interactions?fields=id,state,subject,parentId";
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let listed = program.client(ADMIN).interactions(path).await?.into_iter().map(|item| Listed {
        state: text(&item["state"]),
        subject: text(&item["subject"]),
        has_parent: item["parentId"].is_string(),
    });
    Ok(listed.collect())
}
