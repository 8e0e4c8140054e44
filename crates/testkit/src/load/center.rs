//! A made contact center: any number of agents in one group, one queue, one workbin, and room for
//! all the work.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use crate::load::program::clean_command;

/// Everybody's password.
pub const PASSWORD: &str = "xtask-password";
/// The hash of everybody's password, with the least parameters that argon2 takes: ten thousand
/// first logins at the program's own would take minutes, and are not what is measured.
pub const HASH: &str =
    "$argon2id$v=19$m=8,t=1,p=1$BThFiQr6f3iIPM63nMowVg$+1OVfcIaetvQTLuXUJ/oPXfWrFWvn8TN3HnO+q+gC9E";
/// How many accounts submit work. One alone would soon meet the limit of requests per user
/// (docs/compat/conventions.md#limits).
pub const SUBMITTERS: usize = 16;
/// The queue that every agent serves.
pub const QUEUE: &str = "work";
/// The group's workbin.
pub const WORKBIN: &str = "Shelf";

/// Returns the name of an agent.
pub fn agent(number: usize) -> String {
    format!("agent{number:02}")
}

/// Returns the name of an account that submits work.
pub fn submitter(number: usize) -> String {
    format!("intake{number:02}")
}

/// How much is made.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// How many agents.
    pub agents: usize,
    /// How many work items each may have.
    pub capacity: usize,
    /// How long an offer stands, in s.
    pub invite_s: u32,
}

/// Writes the center file and a configuration into `home`, applies the file, and gives the
/// configuration's path.
///
/// # Errors
///
/// When a file cannot be written or the program refuses it.
pub async fn prepare(binary: &Path, home: &Path, size: Size) -> Result<PathBuf> {
    let center = home.join("center.toml");
    let config = home.join("handoff.toml");
    fs::write(&center, center_file(size)).context("write the center file")?;
    fs::write(&config, config_file(home)).context("write the configuration")?;
    println!("making a center of {} agents…", size.agents);
    let output =
        clean_command(binary).arg("apply").arg(&center).arg("--config").arg(&config).output().await;
    let output = output.context("run handoff apply")?;
    ensure!(
        output.status.success(),
        "handoff apply failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(config)
}

fn config_file(home: &Path) -> String {
    let data = home.join("data");
    format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n[store]\npath = {data:?}\n[agent]\ndisconnect_grace = \"1h\"\n[log]\nfilter = \"warn\"\n"
    )
}

fn center_file(size: Size) -> String {
    let mut file = format!(
        "[center]\nname = \"Made\"\n[[group]]\nname = \"All\"\n\
         [[queue]]\nname = \"{QUEUE}\"\nchannel = \"workitem\"\ngroups = [\"All\"]\n\
         inviteTimeout = \"{}s\"\nreofferAfter = \"1s\"\n\
         [[workbin]]\nname = \"{WORKBIN}\"\ntype = \"AgentGroup\"\ngroup = \"All\"\n",
        size.invite_s
    );
    let mut user = |name: &str, rest: &str| {
        // Writing to a String cannot fail.
        let _ =
            write!(file, "[[user]]\nuserName = \"{name}\"\npassword = \"{PASSWORD}\"\n{rest}\n");
    };
    for number in 0..SUBMITTERS {
        user(&submitter(number), "roles = [\"apiuser\"]");
    }
    let capacity = size.capacity;
    for number in 0..size.agents {
        let rest = format!(
            "roles = [\"agent\"]\ngroups = [\"All\"]\ncapacity = {{ workitem = {capacity} }}"
        );
        user(&agent(number), &rest);
    }
    file
}
