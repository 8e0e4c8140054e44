//! `web`: builds the pages below `web` with npm and Vite into `web/dist`, from where the program
//! carries or serves them.
//!
//! Packages are those of the lock files, and none of their own scripts runs. What has not changed
//! is not built again.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::{bounded, set_up};

/// The longest that one step may take, in s; packages may have to come from the registry.
const SECONDS_MAX: u64 = 600;
/// The packages below `web`, and where their pages are below `web/dist`.
const PACKAGES: &[(&str, &str)] = &[("chat-widget", "chat"), ("desk", "desk")];
/// What is no source: packages from elsewhere.
const FOREIGN: &str = "node_modules";

/// Builds every package that has changed since it was built.
///
/// # Errors
///
/// When Node is missing, a package cannot be had, or a build fails.
pub(crate) fn build(root: &Path) -> Result<()> {
    set_up::node()?;
    let web = root.join("web");
    for (name, place) in PACKAGES {
        let (package, built) = (web.join(name), web.join("dist").join(place));
        let stamp = package.join(FOREIGN).join(".built");
        let now = format!("{:016x}\n", fingerprint(&package)?);
        if built.is_dir() && fs::read_to_string(&stamp).is_ok_and(|of| of == now) {
            continue;
        }
        println!("building web/{name}…");
        install(&package)?;
        npm(&package, &["run", "--silent", "build"])?;
        ensure!(built.is_dir(), "the build of web/{name} wrote nothing to {}", built.display());
        // Written last: a build that was broken off is not taken for a whole one.
        fs::write(&stamp, now).with_context(|| format!("write {}", stamp.display()))?;
    }
    println!("pages: web/dist");
    Ok(())
}

/// Installs the packages of the lock file, unless that was done for this very lock file.
fn install(package: &Path) -> Result<()> {
    let lock = fs::read(package.join("package-lock.json")).context("read package-lock.json")?;
    let installed = package.join(FOREIGN).join(".installed-lock.json");
    if fs::read(&installed).is_ok_and(|of| of == lock) {
        return Ok(());
    }
    let arguments = [
        "ci",
        "--ignore-scripts",
        "--prefer-offline",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
    ];
    npm(package, &arguments)?;
    fs::write(&installed, lock).with_context(|| format!("write {}", installed.display()))
}

fn npm(package: &Path, arguments: &[&str]) -> Result<()> {
    let mut command = Command::new("npm");
    command.args(arguments).current_dir(package);
    let status = bounded::run(&mut command, SECONDS_MAX)?;
    ensure!(status.success(), "npm {} failed in {}", arguments.join(" "), package.display());
    Ok(())
}

/// Returns a number that changes with any source of a package. It tells builds apart; nobody's
/// safety depends on it.
fn fingerprint(package: &Path) -> Result<u64> {
    let mut hasher = DefaultHasher::new();
    for path in sources(package)? {
        path.strip_prefix(package).unwrap_or(&path).hash(&mut hasher);
        fs::read(&path).with_context(|| format!("read {}", path.display()))?.hash(&mut hasher);
    }
    Ok(hasher.finish())
}

/// Finds a package's own files, in order.
fn sources(package: &Path) -> Result<Vec<PathBuf>> {
    let (mut found, mut waiting) = (Vec::new(), vec![package.to_owned()]);
    while let Some(directory) = waiting.pop() {
        for entry in
            fs::read_dir(&directory).with_context(|| format!("list {}", directory.display()))?
        {
            let path = entry?.path();
            if path.file_name().is_some_and(|name| name == FOREIGN) {
                continue;
            }
            if path.is_dir() { waiting.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_source_is_another_build_and_a_package_from_elsewhere_is_not() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir_all(home.path().join("src")).unwrap();
        fs::create_dir_all(home.path().join(FOREIGN)).unwrap();
        fs::write(home.path().join("src/a.ts"), "1").unwrap();
        let first = fingerprint(home.path()).unwrap();
        fs::write(home.path().join(FOREIGN).join("b.js"), "1").unwrap();
        assert_eq!(fingerprint(home.path()).unwrap(), first);
        fs::write(home.path().join("src/a.ts"), "2").unwrap();
        assert_ne!(fingerprint(home.path()).unwrap(), first);
    }
}
