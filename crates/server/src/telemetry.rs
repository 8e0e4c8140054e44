//! Logs: structured, on standard error, so that standard output is left to what a command has to say.
//!
//! What is logged is decided where it happens; the rule there is that message text, user data and secrets never are.

use std::io::IsTerminal as _;

use anyhow::Context as _;
use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};

/// Starts logging. Called once, before anything can be logged.
///
/// # Errors
///
/// When the filter cannot be read, or logging was started before.
pub(crate) fn start(log: &Log) -> anyhow::Result<()> {
    let filter =
        EnvFilter::try_new(&log.filter).with_context(|| format!("log.filter is {:?}", log.filter))?;
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match log.format {
        LogFormat::Text => logs.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => logs.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| anyhow::anyhow!(error)).context("logging cannot be started")
}

/// Tells whether a filter can be read.
///
/// # Errors
///
/// What is wrong with it.
pub(crate) fn check_filter(filter: &str) -> Result<(), String> {
    // An empty directive would be read as "errors only", which nobody means who leaves the option empty.
    if filter.trim().is_empty() {
        return Err("empty".to_owned());
    }
    EnvFilter::try_new(filter).map(drop).map_err(|error| error.to_string())
}
