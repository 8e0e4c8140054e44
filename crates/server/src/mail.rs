//! E-mail as it is configured: what all mailboxes share, and the LMTP place listened on.

mod letters;

use std::path::{Path, absolute};

use anyhow::Context as _;
use handoff_engine::Core;
use handoff_mail::lmtp::LmtpListener;
use handoff_postoffice::{Connections, Lmtp, Settings, key};
use tokio::net::{TcpListener, UnixListener};

use crate::config::Config;
use crate::config::mail::LmtpPlace;

pub(crate) use letters::MailLetters;

/// Makes the post office's settings.
///
/// # Errors
///
/// When the key cannot be read, or the LMTP place cannot be listened on.
pub(crate) async fn settings(config: &Config, core: &Core) -> anyhow::Result<Settings> {
    let signer = match config.store.url.is_empty() {
        true => key::signer(&config.store.path)?,
        // An answer may be fetched by another node than the one that signed.
        false => key::shared_signer(core, &config.store.path)
            .await
            .context("the key of outgoing mail")?,
    };
    let lmtp = match lmtp_place(config) {
        Some(place) => Some(listen(&place).await.context("mail.lmtp")?),
        None => None,
    };
    Ok(Settings { connections: connections(config), lmtp, signer })
}

/// Returns what mailboxes connect by.
pub(crate) fn connections(config: &Config) -> Connections {
    let lmtp = if lmtp_place(config).is_some() { Lmtp::Served } else { Lmtp::Off };
    // Without a working directory the path stays as it is, and is below none.
    let data = absolute(&config.store.path).unwrap_or_else(|_| config.store.path.clone());
    Connections::new(config.mail.greeting_name(), &config.mail.authorities, &data, lmtp)
}

fn lmtp_place(config: &Config) -> Option<LmtpPlace> {
    config.mail.lmtp_place().ok().flatten()
}

async fn listen(place: &LmtpPlace) -> anyhow::Result<LmtpListener> {
    match place {
        LmtpPlace::Tcp(address) => {
            let listener = TcpListener::bind(address).await;
            let listener = listener.with_context(|| format!("{address} cannot be listened on"))?;
            LmtpListener::tcp(listener).context("only this machine may deliver")
        }
        LmtpPlace::Unix(path) => {
            remove_stale(path)?;
            let listener = UnixListener::bind(path);
            let listener =
                listener.with_context(|| format!("{} cannot be listened on", path.display()))?;
            Ok(LmtpListener::unix(listener))
        }
    }
}

/// Removes the socket that a server left which did not stop in order. Nothing else is removed.
fn remove_stale(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::FileTypeExt as _;
    let is_socket =
        std::fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket());
    // Somebody who answers is a server that runs.
    if is_socket && std::os::unix::net::UnixStream::connect(path).is_err() {
        std::fs::remove_file(path)
            .with_context(|| format!("{} cannot be removed", path.display()))?;
    }
    Ok(())
}
