//! The socket in the data directory: who may open it operates the machine, and says so to the
//! server that serves (docs/operations/README.md). Nothing of it can be reached from elsewhere.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use axum::Router;
use tokio::net::{UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;

/// The socket's name in the data directory.
const SOCKET: &str = "handoff.sock";
/// Its owner may read and write, and nobody else may anything.
const OWNER_ONLY: u32 = 0o600;

fn path(directory: &Path) -> PathBuf {
    directory.join(SOCKET)
}

/// Listens in the data directory of a store that this process has open. What a server that is gone
/// left there is replaced.
///
/// # Errors
///
/// When the directory cannot be written, or its path is too long for a socket.
pub(crate) fn listen(directory: &Path) -> io::Result<UnixListener> {
    // Made under another name: under its own it never was anybody else's to open.
    let begun = directory.join(format!("{SOCKET}.new"));
    match std::fs::remove_file(&begun) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Err(_) | Ok(()) => {}
    }
    let listener = UnixListener::bind(&begun)?;
    std::fs::set_permissions(&begun, std::fs::Permissions::from_mode(OWNER_ONLY))?;
    std::fs::rename(&begun, path(directory))?;
    Ok(listener)
}

/// Serves until it is told to stop; requests under way are finished.
pub(crate) async fn serve(listener: UnixListener, router: Router, stopping: CancellationToken) {
    let until = async move { stopping.cancelled().await };
    if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(until).await {
        tracing::warn!(%error, "the socket in the data directory is served no more");
    }
}

/// Opens the socket of the server that serves a data directory; `None` when none does.
///
/// # Errors
///
/// When there is one and it cannot be opened, as by somebody else than its owner.
pub(crate) async fn connect(directory: &Path) -> io::Result<Option<UnixStream>> {
    match UnixStream::connect(path(directory)).await {
        Ok(stream) => Ok(Some(stream)),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
            ) =>
        {
            Ok(None)
        }
        // No server could listen there either.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_owner_may_open_it_and_what_is_left_of_a_dead_server_is_nobody() {
        let home = tempfile::tempdir().unwrap();
        assert!(connect(home.path()).await.unwrap().is_none());
        let listener = listen(home.path()).unwrap();
        let mode = std::fs::metadata(path(home.path())).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, OWNER_ONLY);
        assert!(connect(home.path()).await.unwrap().is_some());
        drop(listener);
        assert!(path(home.path()).exists());
        assert!(connect(home.path()).await.unwrap().is_none());
        listen(home.path()).unwrap();
    }

    #[tokio::test]
    async fn a_path_that_is_too_long_for_a_socket_is_nobody() {
        let home = tempfile::tempdir().unwrap();
        let deep = home.path().join("d".repeat(120));
        std::fs::create_dir(&deep).unwrap();
        listen(&deep).unwrap_err();
        assert!(connect(&deep).await.unwrap().is_none());
    }
}
