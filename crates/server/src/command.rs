//! What each command does, from its options to its exit code.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{CommandFactory as _, Parser as _};
use handoff_api::openapi;
use handoff_content::directory::Adopt;

use crate::cli::{CheckConfig, Cli, Command, Configured, Openapi, Serve};
use crate::config::Config;
use crate::run::Server;
use crate::runtime::block_on;
use crate::stored::Stored;
use crate::{
    apply, backup, copy, counters, demo, doctor, erase_contact, export, lost_password, output,
    rebuild, supervisor, telemetry, upgrade,
};

/// Reads a command line, the program's name first, carries it out and says what kept it from that.
/// A line that cannot be read ends the process, as a request for help does.
pub fn carry_out(line: impl Iterator<Item = OsString>) -> ExitCode {
    execute(Cli::parse_from(line).command).unwrap_or_else(|error| {
        output::complain(&error);
        ExitCode::FAILURE
    })
}

/// Returns what the command line is made of, for what is written about it.
#[must_use]
pub fn command_line() -> clap::Command {
    Cli::command()
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
        Command::Export(options) => export::export(&options),
        Command::Migrate(configured) => migrate(&configured),
        Command::Restored(configured) => restored(&configured),
        Command::Copy(options) => copy::copy(&options),
        Command::CopyFiles(options) => copy::files::copy_files(&options),
        Command::Backup(options) => backup::backup(&options),
        Command::Restore(options) => backup::restore(&options),
        Command::Password(options) => lost_password::replace(&options),
        Command::EraseContact(options) => erase_contact::erase(&options),
        Command::Upgrade(options) => upgrade::upgrade(&options),
        Command::CheckConfig(options) => check_config(&options),
        Command::Doctor(options) => doctor::doctor(&options),
        Command::Counters(options) => counters::print(&options),
        Command::Rebuild(options) => rebuild::rebuild(&options),
        Command::Openapi(options) => Ok(print_api(&options)),
    }
}

fn print_api(options: &Openapi) -> ExitCode {
    output::say(if options.told { openapi::told() } else { openapi::rest() });
    ExitCode::SUCCESS
}

fn serve(options: &Serve) -> anyhow::Result<ExitCode> {
    let config = Config::load(options.configured.config.as_deref())?;
    let adopt = if options.adopt_files { Adopt::Yes } else { Adopt::No };
    telemetry::start(&config.log)?;
    block_on(async {
        let stored = Stored::open_to_serve(&config.store).await?;
        let server = Server::start(&config, stored, adopt, None).await?;
        output::say(format_args!("listening on {}{}", config.scheme(), server.address()));
        supervisor::ready();
        server.run().await?;
        Ok(ExitCode::SUCCESS)
    })
}

/// Brings the store's schema up to date.
///
/// # Errors
///
/// When the store cannot be opened.
pub(crate) fn migrate(configured: &Configured) -> anyhow::Result<ExitCode> {
    let config = Config::load(configured.config.as_deref())?;
    telemetry::start(&config.log)?;
    block_on(async {
        let stored = Stored::open(&config.store).await?;
        stored.close().await;
        output::say(format_args!("{} is up to date", stored.name(&config.store)));
        Ok(ExitCode::SUCCESS)
    })
}

fn restored(configured: &Configured) -> anyhow::Result<ExitCode> {
    let config = Config::load(configured.config.as_deref())?;
    telemetry::start(&config.log)?;
    block_on(async {
        let stored = Stored::open(&config.store).await?;
        let renewed = stored.store().renew_generation().await;
        stored.close().await;
        renewed.context("the store could not be told")?;
        let name = stored.name(&config.store);
        output::say(format_args!("clients of {name} will look at everything again"));
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
