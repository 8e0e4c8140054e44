//! The key that the tokens in outgoing mail are signed with. It is made at the first start and
//! stays: with another one, answers to what was sent before would belong to nothing.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use handoff_engine::{Core, IdSource as _, KeyTerms, SystemIds};
use handoff_mail::token::Signer;
use handoff_store::StoreError;

/// The file's name in the data directory.
pub const FILE: &str = "mail.key";
const KEY_BYTES: usize = 32;
/// The name of the key that nodes share.
const SHARED: &str = "mail";

/// There is no key to sign with.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("{} cannot be read", .path.display())]
    Unreadable {
        /// The key's file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    #[error("{} cannot be written", .path.display())]
    Unwritable {
        /// The key's file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    #[error(
        "{} is not a key of {KEY_BYTES} bytes; restore it, or remove it and answers to mail sent so far will begin threads of their own",
        .0.display()
    )]
    NotAKey(PathBuf),
    #[error("the key that nodes share cannot be read")]
    Shared(#[from] StoreError),
}

/// Returns the signer with the key of a data directory, which is made if there is none.
///
/// # Errors
///
/// When the file cannot be read or written, or is not a key.
pub fn signer(directory: &Path) -> Result<Signer, KeyError> {
    if let Some(key) = kept(directory)? {
        return Ok(Signer::new(key));
    }
    let path = directory.join(FILE);
    let made = make(directory, &path);
    let made = made.map_err(|source| KeyError::Unwritable { path: path.clone(), source })?;
    Ok(Signer::new(made.try_into().map_err(|_| KeyError::NotAKey(path))?))
}

/// Returns the key of a data directory, if there is one.
fn kept(directory: &Path) -> Result<Option<[u8; KEY_BYTES]>, KeyError> {
    let path = directory.join(FILE);
    match read(&path) {
        Ok(found) => found.try_into().map(Some).map_err(|_| KeyError::NotAKey(path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(KeyError::Unreadable { path, source }),
    }
}

/// Returns the signer with the key that all nodes of a cluster share. The first of them makes it,
/// of the one in its data directory if there is one: what was sent before the store was moved is
/// answered after.
///
/// # Errors
///
/// The store's own; and when there is a key in the data directory that cannot be read.
pub async fn shared_signer(core: &Core, directory: &Path) -> Result<Signer, KeyError> {
    // It signs for good: an answer may come after years.
    let terms = KeyTerms { renewed_ms: u64::MAX, settled_ms: 0, kept_ms: u64::MAX };
    let keys = core.shared_keys_from(SHARED, terms, kept(directory)?).await?;
    let key = keys.first().ok_or_else(|| StoreError::Corrupt { what: SHARED.to_owned() })?;
    Ok(Signer::new(*key))
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut found = Vec::new();
    File::open(path)?.read_to_end(&mut found)?;
    Ok(found)
}

/// Makes a key: whole and durable under its name, or not there.
fn make(directory: &Path, path: &Path) -> io::Result<Vec<u8>> {
    let ids = SystemIds::default();
    let key = [ids.random().to_le_bytes(), ids.random().to_le_bytes()].concat();
    let unfinished = path.with_extension("new");
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    file.write_all(&key)?;
    file.sync_all()?;
    std::fs::rename(&unfinished, path)?;
    File::open(directory)?.sync_all()?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use handoff_domain::InteractionId;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_kept() {
        let home = tempfile::tempdir().unwrap();
        let first = signer(home.path()).unwrap().message_id(InteractionId(7), 1, "a.example");
        assert_eq!(
            signer(home.path()).unwrap().message_id(InteractionId(7), 1, "a.example"),
            first
        );
        let other = tempfile::tempdir().unwrap();
        assert_ne!(
            signer(other.path()).unwrap().message_id(InteractionId(7), 1, "a.example"),
            first
        );
        let mode = std::os::unix::fs::PermissionsExt::mode(
            &std::fs::metadata(home.path().join(FILE)).unwrap().permissions(),
        );
        assert_eq!(mode & 0o777, 0o600);
    }

    #[tokio::test]
    async fn nodes_share_the_key_of_the_first_that_has_one() {
        let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let id = |signer: Signer| signer.message_id(InteractionId(7), 1, "a.example");
        let alone = id(signer(home.path()).unwrap());
        let another = id(signer(other.path()).unwrap());
        let core = crate::source::tests::core(&std::sync::Arc::default()).await;
        assert_eq!(id(shared_signer(&core, home.path()).await.unwrap()), alone);
        assert_ne!(alone, another);
        assert_eq!(id(shared_signer(&core, other.path()).await.unwrap()), alone, "it stays");
        let none = tempfile::tempdir().unwrap();
        assert_eq!(id(shared_signer(&core, none.path()).await.unwrap()), alone);
        assert!(!none.path().join(FILE).exists());
    }

    #[test]
    fn what_is_no_key_is_not_taken_for_one() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join(FILE), "short").unwrap();
        let message = signer(home.path()).unwrap_err().to_string();
        assert!(message.contains("mail.key"), "{message}");
    }
}
