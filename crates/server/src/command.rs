//! What each command does, from its options to its exit code.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser as _;
use handoff_content::directory::Adopt;
use handoff_store::Store as _;

use crate::cli::{CheckConfig, Cli, Command, Configured, Serve};
use crate::config::Config;
use crate::run::{self, Server};
use crate::runtime::block_on;
use crate::{apply, counters, demo, doctor, output, telemetry};

/// Reads a command line, the program's name first, carries it out and says what kept it from that.
/// A line that cannot be read ends the process, as a request for help does.
pub fn carry_out(line: impl Iterator<Item = OsString>) -> ExitCode {
    execute(Cli::parse_from(line).command).unwrap_or_else(|error| {
        output::complain(&error);
        ExitCode::FAILURE
    })
}

/// Carries a command out.
///
/// # Errors
///
/// Whatever kept it from being carried out, with its causes.
fn execute(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve(options) => serve(&options),
        Command::Demo(options) => demo::demo(&options),
        Command::Apply(options) => apply::apply(&options),
        Command::Migrate(configured) => migrate(&configured),
        Command::Restored(configured) => restored(&configured),
        Command::CheckConfig(options) => check_config(&options),
        Command::Doctor(options) => doctor::doctor(&options),
        Command::Counters(options) => counters::print(&options),
        Command::Rebuild(options) => counters::rebuild(&options),
    }
}

fn serve(options: &Serve) -> anyhow::Result<ExitCode> {
    let config = Config::load(options.configured.config.as_deref())?;
    let adopt = if options.adopt_files { Adopt::Yes } else { Adopt::No };
    telemetry::start(&config.log)?;
    block_on(async {
        let store = run::open_store(&config.store.path).await?;
        let server = Server::start(&config, store, adopt, None).await?;
        output::say(format_args!("listening on http://{}", server.address()));
        server.run().await?;
        Ok(ExitCode::SUCCESS)
    })
}

fn migrate(configured: &Configured) -> anyhow::Result<ExitCode> {
    let config = Config::load(configured.config.as_deref())?;
    telemetry::start(&config.log)?;
    block_on(async {
        let store = run::open_store(&config.store.path).await?;
        store.close().await;
        output::say(format_args!("the store in {} is up to date", config.store.path.display()));
        Ok(ExitCode::SUCCESS)
    })
}

fn restored(configured: &Configured) -> anyhow::Result<ExitCode> {
    let config = Config::load(configured.config.as_deref())?;
    telemetry::start(&config.log)?;
    block_on(async {
        let store = run::open_store(&config.store.path).await?;
        let renewed = store.renew_generation().await;
        store.close().await;
        renewed.context("the store could not be told")?;
        let path = config.store.path.display();
        output::say(format_args!("clients of the store in {path} will look at everything again"));
        Ok(ExitCode::SUCCESS)
    })
}

fn check_config(options: &CheckConfig) -> anyhow::Result<ExitCode> {
    let config = Config::load(Some(&options.file))?;
    let refused = block_on(async { Ok(doctor::refused_by_serve(&config).await) })?;
    if refused.is_empty() {
        output::say(format_args!("{}: ok", options.file.display()));
        return Ok(ExitCode::SUCCESS);
    }
    anyhow::bail!("{}: {}", options.file.display(), refused.join("\n"))
}
