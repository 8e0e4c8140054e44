//! Child processes that may not run for ever.

use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// How often a child is looked after.
const LOOK: Duration = Duration::from_millis(50);

/// Runs a command to its end.
///
/// # Errors
///
/// When it cannot be started, or has to be killed because it takes longer than `seconds`.
pub(crate) fn run(command: &mut Command, seconds: u64) -> Result<ExitStatus> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command.spawn().with_context(|| format!("start {name}"))?;
    wait(&mut child, seconds).with_context(|| format!("wait for {name}"))
}

/// Waits for a child.
///
/// # Errors
///
/// When it has to be killed because it takes longer than `seconds`.
pub(crate) fn wait(child: &mut Child, seconds: u64) -> Result<ExitStatus> {
    let end = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < end {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        thread::sleep(LOOK);
    }
    child.kill()?;
    child.wait()?;
    bail!("it took longer than {seconds} s and was killed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_ends_gives_its_status() {
        let status = run(Command::new("sh").args(["-c", "exit 3"]), 60).unwrap();
        assert_eq!(status.code(), Some(3));
    }

    #[test]
    fn a_command_that_does_not_end_is_killed() {
        let error = run(Command::new("sleep").arg("600"), 0).unwrap_err();
        assert!(format!("{error:#}").contains("was killed"), "{error:#}");
    }
}
