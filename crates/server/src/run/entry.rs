//! How connections begin, from the configuration.

use std::sync::Arc;

use handoff_engine::Clock;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::accept::Entry;
use crate::config::Config;
use crate::tls::{Serving, Tls};

/// Returns how connections begin, and the certificate in use where TLS is spoken; another one is
/// taken up until the server stops. Must be called within the runtime.
///
/// # Errors
///
/// When the certificate cannot be used.
pub(super) fn open(
    config: &Config,
    clock: Arc<dyn Clock>,
    (tasks, stopping): (&TaskTracker, &CancellationToken),
) -> anyhow::Result<(Entry, Option<Arc<Serving>>)> {
    let Some(tls) = Tls::new(&config.tls, &*clock)? else { return Ok((Entry::default(), None)) };
    let (acceptor, serving) = (tls.acceptor(), tls.serving());
    tasks.spawn(stopping.clone().run_until_cancelled_owned(tls.follow(clock)));
    Ok((Entry { tls: Some(acceptor) }, Some(serving)))
}
