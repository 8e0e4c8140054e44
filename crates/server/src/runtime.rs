//! The threads that a command runs on.

use std::time::Duration;

use anyhow::Context as _;
use tokio::runtime::Runtime;

/// How long a finished command waits for threads that are still busy: what matters is done by then.
const LEFTOVERS: Duration = Duration::from_millis(500);

/// Runs a future on a runtime of its own.
pub(crate) fn block_on<T>(future: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = Runtime::new().context("the threads of the program cannot be started")?;
    let result = runtime.block_on(future);
    runtime.shutdown_timeout(LEFTOVERS);
    result
}
