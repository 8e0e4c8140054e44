//! What starts the server and watches it, such as systemd, is told how it is (`Type=notify`). Where
//! nothing asks for it (`NOTIFY_SOCKET`), nothing is told.

use sd_notify::NotifyState;

/// Tells that connections are accepted.
pub(crate) fn ready() {
    tell(&[NotifyState::Ready]);
}

/// Tells that the server stops on purpose.
pub(crate) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "what supervises the server cannot be told how it is");
    }
}
