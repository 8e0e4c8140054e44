//! What is noted beside the files of a directory, each a file of one line.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::disk::sync_directory;

/// Says which directory this is.
pub(crate) const MARK: &str = "mark";
/// Says which store sweeps it.
pub(super) const SWEPT_BY: &str = "swept-by";

/// Returns what is noted; `None` for nothing.
pub(super) fn read(root: &Path, name: &str) -> io::Result<Option<String>> {
    match fs::read_to_string(root.join(name)) {
        Ok(text) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Notes what was not noted before; what was stays. It is written under a name of its own in
/// `incoming` first.
pub(super) fn add(root: &Path, incoming: &str, name: &str, text: &str) -> io::Result<()> {
    let arriving = root.join(incoming).join(format!("{name}.{text}"));
    let linked = write(&arriving, text).and_then(|()| fs::hard_link(&arriving, root.join(name)));
    clear(&arriving);
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => sync_directory(root),
    }
}

/// Notes something instead of what was noted before.
pub(super) fn replace(root: &Path, incoming: &str, name: &str, text: &str) -> io::Result<()> {
    let arriving = root.join(incoming).join(format!("{name}.{text}"));
    let replaced = write(&arriving, text).and_then(|()| fs::rename(&arriving, root.join(name)));
    if replaced.is_err() {
        clear(&arriving);
    }
    replaced.and_then(|()| sync_directory(root))
}

/// Removes what is not needed any more. On a full disk there may be none, and what stays is removed
/// when the directory is opened.
fn clear(arriving: &Path) {
    let _ = fs::remove_file(arriving);
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    // One that a crash left behind says the same.
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    writeln!(file, "{text}")?;
    file.sync_all()
}
