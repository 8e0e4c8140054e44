//! Writes the manual pages and what shells complete by into a directory, for packages: `man1/*.1`,
//! `handoff.bash`, `_handoff` and `handoff.fish`.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap_complete::Shell;

fn main() -> Result<()> {
    let directory: PathBuf = std::env::args_os().nth(1).context("name a directory")?.into();
    let pages = directory.join("man1");
    std::fs::create_dir_all(&pages)?;
    clap_mangen::generate_to(handoff_server::command_line(), &pages)?;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        let mut command = handoff_server::command_line();
        clap_complete::generate_to(shell, &mut command, "handoff", &directory)?;
    }
    Ok(())
}
