//! A made contact center for chats: owners whom the queue asks, helpers whom owners bring in, and
//! one service.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use handoff_testkit::load::center::{HASH, PASSWORD};
use handoff_testkit::load::http::{Call, Client};
use handoff_testkit::load::program::{Address, clean_command};

/// The chat service.
pub const SERVICE: &str = "support";

/// How much is made.
#[derive(Clone, Copy, Debug)]
pub struct Site {
    /// How many agents the queue asks.
    pub owners: usize,
    /// How many agents it does not ask.
    pub helpers: usize,
    /// How many chats each agent may have.
    pub chats_each: usize,
}

/// Returns the name of an agent whom the queue asks.
pub fn owner(number: usize) -> String {
    format!("owner{number:03}")
}

/// Returns the name of an agent who is brought in.
pub fn helper(number: usize) -> String {
    format!("helper{number:03}")
}

impl Site {
    /// Writes the center file and a configuration with these further `lines` into `home`, applies
    /// the file, and gives the configuration's path.
    ///
    /// # Errors
    ///
    /// When a file cannot be written or the program refuses it.
    pub async fn prepare(self, binary: &Path, home: &Path, lines: &str) -> Result<PathBuf> {
        let (center, config) = (home.join("center.toml"), home.join("handoff.toml"));
        let data = home.join("data");
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\n[store]\npath = {data:?}\n[agent]\ndisconnect_grace = \"1h\"\n\
             [log]\nfilter = \"warn\"\n{lines}"
        );
        fs::write(&center, self.center_file()).context("write the center file")?;
        fs::write(&config, text).context("write the configuration")?;
        println!("making a center of {} agents…", self.owners + self.helpers);
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
        Ok(config)
    }

    /// An offer stands as long as a run may take, and nobody is alerted because they say nothing:
    /// both would be other work than was asked for.
    fn center_file(self) -> String {
        let mut file = format!(
            "[center]\nname = \"Made\"\n[[group]]\nname = \"Owners\"\n[[group]]\nname = \"Helpers\"\n\
             [[queue]]\nname = \"chats\"\nchannel = \"chat\"\ngroups = [\"Owners\"]\ninviteTimeout = \"3600s\"\n\
             [[service]]\nname = \"{SERVICE}\"\ntype = \"chat\"\nqueue = \"chats\"\nidleAlert = \"0s\"\n"
        );
        let owners = (0..self.owners).map(|number| (owner(number), "Owners"));
        let helpers = (0..self.helpers).map(|number| (helper(number), "Helpers"));
        for (name, group) in owners.chain(helpers) {
            // Writing to a String cannot fail.
            let _ = write!(
                file,
                "[[user]]\nuserName = \"{name}\"\nfirstName = \"{name}\"\nroles = [\"agent\"]\ngroups = [\"{group}\"]\n\
                 capacity = {{ chat = {} }}\npassword = {{ argon2 = \"{HASH}\" }}\n",
                self.chats_each
            );
        }
        file
    }
}

/// Opens an agent's contact-center session for chats and makes them ready; gives the client that
/// did.
///
/// # Errors
///
/// When the program refuses.
pub async fn start_work(address: &Address, name: &str) -> Result<Client> {
    let mut client = Client::new(address.clone(), name, PASSWORD)?;
    let start = json!({"operationName": "StartContactCenterSession", "channels": ["chat"]});
    for body in [start, json!({"operationName": "Ready"})] {
        let answer =
            client.send_until_answered(&Call::post("/me", &body)).await.context("no answer")?;
        ensure!(answer.code() == 0, "{body} was refused: {}", answer.body);
    }
    Ok(client)
}
