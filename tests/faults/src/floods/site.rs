//! A made contact center with a door of each kind for strangers, and a few agents.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use handoff_testkit::load::center::{self, PASSWORD};
use handoff_testkit::load::program::{Program, Start, clean_command};

/// How many agents there are.
pub(super) const AGENTS: usize = 8;
/// Who sees everything.
pub(super) const ADMIN: &str = "admin";

/// Limits that are none.
pub(super) const UNBOUNDED: &str = "[chat]\nrequests_per_second = 1000000\nchats_per_address = 1000000\n\
     sessions_per_address = 1000000\nbytes_per_address = 1099511627776\nbytes_per_service = 1099511627776\n";

/// A running program.
pub(super) struct Site {
    pub(super) program: Program,
    pub(super) data: PathBuf,
}

impl Site {
    /// Makes the center and starts a program with it; `store` and `others` are further lines of its
    /// configuration.
    pub(super) async fn open(
        binary: &Path,
        home: &Path,
        store: &str,
        others: &str,
    ) -> Result<Self> {
        let (file, config, data) =
            (home.join("center.toml"), home.join("handoff.toml"), home.join("data"));
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\n[store]\npath = {data:?}\n{store}\n[log]\nfilter = \"error\"\n{others}\n\
             [[mailbox]]\naddress = \"letters@made.example\"\ncenter = \"Made\"\nqueue = \"letters\"\ndefault = true\n"
        );
        fs::write(&file, center_file()).context("write the center file")?;
        fs::write(&config, text).context("write the configuration")?;
        let output = clean_command(binary)
            .arg("apply")
            .arg(&file)
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
        Ok(Self { program, data })
    }

    pub(super) fn server(&self) -> Result<SocketAddr> {
        (*self.program.address().borrow()).context("the program listens nowhere")
    }

    pub(super) fn process(&self) -> Result<u32> {
        self.program.id().context("the program has ended")
    }
}

/// The passwords are hashed with the program's own parameters: what a comparison costs is part of
/// what is measured.
fn center_file() -> String {
    let mut file = "[center]\nname = \"Made\"\n[[group]]\nname = \"All\"\n".to_owned();
    for (queue, channel) in [("chats", "chat"), ("letters", "email"), ("tasks", "workitem")] {
        // Writing to a String cannot fail.
        let _ = write!(
            file,
            "[[queue]]\nname = \"{queue}\"\nchannel = \"{channel}\"\ngroups = [\"All\"]\n"
        );
    }
    file.push_str(
        "[[service]]\nname = \"help\"\ntype = \"chat\"\nqueue = \"chats\"\n\
         [[service]]\nname = \"write\"\ntype = \"email\"\nqueue = \"letters\"\nmailbox = \"letters@made.example\"\n",
    );
    let mut user = |name: &str, role: &str| {
        let _ = write!(
            file,
            "[[user]]\nuserName = \"{name}\"\nroles = [\"{role}\"]\ngroups = [\"All\"]\npassword = \"{PASSWORD}\"\n"
        );
    };
    user(ADMIN, "admin");
    (0..AGENTS).for_each(|number| user(&center::agent(number), "agent"));
    file
}
