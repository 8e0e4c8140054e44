//! Logs: structured, on standard error, so that standard output is left to what a command has to
//! say.
//!
//! What is logged is decided where it happens; the rule there is that message text, user data and
//! secrets never are.

use std::io::IsTerminal as _;
use std::panic::Location;

use anyhow::Context as _;
use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};

/// Starts logging. Called once, before anything can be logged.
///
/// # Errors
///
/// When the filter cannot be read, or logging was started before.
pub(crate) fn start(log: &Log) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&log.filter)
        .with_context(|| format!("log.filter is {:?}", log.filter))?;
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match log.format {
        LogFormat::Text => logs.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => logs.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| anyhow::anyhow!(error)).context("logging cannot be started")?;
    // The default hook prints what the panic says, and one in a parser quotes what a stranger
    // wrote.
    std::panic::set_hook(Box::new(|panic| tell_panic(panic.location())));
    Ok(())
}

/// Logs that the program failed, and where; not what it says.
fn tell_panic(place: Option<&Location<'_>>) {
    let place = place.map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    let thread = std::thread::current();
    tracing::error!(
        place,
        thread = thread.name().unwrap_or("unnamed"),
        "the program failed: please report this place"
    );
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_panic_is_logged_by_its_place_alone() {
        let lines = Lines::default();
        let written = lines.clone();
        let logs = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || written.clone())
            .finish();
        tracing::subscriber::with_default(logs, || tell_panic(Some(Location::caller())));
        let said = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert!(said.contains("telemetry.rs:") && said.contains("the program failed"), "{said}");
    }
}
