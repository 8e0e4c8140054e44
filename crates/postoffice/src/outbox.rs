//! A directory instead of a relay: what is sent becomes files that people can open, for trying
//! things out.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

/// Writes a message as `<name>.eml`; the same name again writes the same file again.
///
/// # Errors
///
/// When it cannot be written.
pub(crate) fn put(directory: &Path, name: &str, raw: &[u8]) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    let plain: String = name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    let unfinished = directory.join(format!(".{plain}.new"));
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    file.write_all(raw)?;
    file.sync_all()?;
    std::fs::rename(&unfinished, directory.join(format!("{plain}.eml")))?;
    File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_file_however_often_it_is_put() {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("sent");
        for _ in 0..2 {
            put(&directory, "../a@b/c", b"Subject: x\r\n\r\n").unwrap();
        }
        let names: Vec<_> = std::fs::read_dir(&directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(names, [".._a_b_c.eml"]);
    }
}
