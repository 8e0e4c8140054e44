//! The data directory of a node: which cluster it is of, and that no two nodes have it.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use anyhow::Context as _;

/// The file with the cluster's id, locked while a node serves.
const FILE: &str = "cluster";

/// Says by how much this machine's clock is ahead of the database's, or behind it.
pub(crate) fn clocks(apart_ms: i64) -> String {
    let way = if apart_ms > 0 { "ahead of" } else { "behind" };
    let seconds = apart_ms.unsigned_abs().div_ceil(1_000);
    format!(
        "this machine's clock is {seconds} s {way} the database's; set both by the same time servers"
    )
}

/// Expects that a data directory is of a node of that cluster, or of none yet.
///
/// # Errors
///
/// When it is another cluster's, or cannot be read.
pub(super) fn expect(directory: &Path, cluster: &str) -> anyhow::Result<()> {
    let path = directory.join(FILE);
    if !path.exists() {
        return Ok(());
    }
    let known = fs::read_to_string(&path);
    is_of(directory, &known.with_context(|| format!("{} cannot be read", path.display()))?, cluster)
}

/// Takes a data directory, which is made if there is none, for a node of that cluster. Whoever has
/// what is returned has it alone.
///
/// # Errors
///
/// When another node has it, it is another cluster's, or cannot be written.
pub(super) fn take(directory: &Path, cluster: &str) -> anyhow::Result<File> {
    let path = directory.join(FILE);
    let failed = || format!("store.path: {} cannot be written", path.display());
    DirBuilder::new().recursive(true).mode(0o700).create(directory).with_context(failed)?;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let mut file = options.open(&path).with_context(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => anyhow::bail!(
            "store.path: {} is in use by another server; each node needs a data directory of its own",
            directory.display()
        ),
        Err(TryLockError::Error(error)) => return Err(error).with_context(failed),
    }
    let mut known = String::new();
    file.read_to_string(&mut known).with_context(failed)?;
    is_of(directory, &known, cluster)?;
    if known.is_empty() {
        let written = file.rewind().and_then(|()| writeln!(file, "{cluster}"));
        written.and_then(|()| file.sync_all()).with_context(failed)?;
    }
    Ok(file)
}

/// Tells whether a server has a node's data directory.
pub(crate) fn is_taken(directory: &Path) -> bool {
    let locked = File::open(directory.join(FILE)).map(|file| file.try_lock());
    matches!(locked, Ok(Err(TryLockError::WouldBlock)))
}

fn is_of(directory: &Path, known: &str, cluster: &str) -> anyhow::Result<()> {
    let known = known.trim();
    anyhow::ensure!(
        known.is_empty() || known == cluster,
        "store.path: {} is of a node of another cluster ({known}) than the database that store.url names ({cluster}); correct the \
         address, or name another data directory",
        directory.display()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_directory_is_one_nodes_and_one_clusters() {
        let home = tempfile::tempdir().unwrap();
        let data = home.path().join("data");
        expect(&data, "one").unwrap();
        let taken = take(&data, "one").unwrap();
        assert!(is_taken(&data));
        let told = take(&data, "one").unwrap_err().to_string();
        assert!(told.contains("in use by another server"), "{told}");
        drop(taken);
        assert!(!is_taken(&data));
        for told in [take(&data, "other").unwrap_err(), expect(&data, "other").unwrap_err()] {
            assert!(told.to_string().contains("another cluster (one)"), "{told}");
        }
        take(&data, "one").unwrap();
    }

    #[test]
    fn clocks_that_differ_are_told_with_their_direction() {
        assert!(clocks(2_001).starts_with("this machine's clock is 3 s ahead of"));
        assert!(clocks(-61_000).starts_with("this machine's clock is 61 s behind"));
    }
}
