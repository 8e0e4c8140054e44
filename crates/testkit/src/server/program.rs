//! Where the program under test is.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

/// Finds `handoff`: the file that `HANDOFF_BIN` names, else the one that cargo built beside the
/// running test.
pub(super) fn find() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("HANDOFF_BIN") {
        let named = PathBuf::from(named);
        if named.is_file() {
            return Ok(named);
        }
        bail!("HANDOFF_BIN names {}, which is no file", named.display());
    }
    let test = std::env::current_exe().context("cannot tell where the test is")?;
    beside(&test).context(
        "the program is not built: run `cargo build -p handoff-server` first, or name it with HANDOFF_BIN",
    )
}

/// A test lies in `<target>/<profile>/deps`, the program in `<target>/<profile>`.
fn beside(test: &Path) -> Option<PathBuf> {
    let file = format!("handoff{}", std::env::consts::EXE_SUFFIX);
    test.ancestors()
        .skip(1)
        .take(2)
        .map(|directory| directory.join(&file))
        .find(|program| program.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_in_the_directory_of_the_test_and_one_above() -> Result<()> {
        let target = tempfile::tempdir()?;
        let deps = target.path().join("deps");
        std::fs::create_dir(&deps)?;
        assert_eq!(beside(&deps.join("it-0123")), None);
        let program = target.path().join(format!("handoff{}", std::env::consts::EXE_SUFFIX));
        std::fs::write(&program, "")?;
        assert_eq!(beside(&deps.join("it-0123")), Some(program));
        Ok(())
    }
}
