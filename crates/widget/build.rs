//! Builds the chat widget with npm and Vite, in a copy of its sources below this crate's own output directory.
//!
//! The copy is why two builds with different target directories cannot get into each other's way, and why nothing is ever written into
//! the source tree. Packages come from npm's cache when they are there; they are installed again only when the lock file changes.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::{env, fs};

/// The oldest Node that the bundler runs on, as major and minor version.
const NODE_MIN: (u32, u32) = (20, 19);
/// Where the sources are, from this crate.
const SOURCES: &str = "../../web/chat-widget";
/// What is copied from there: all that the build reads, nothing that a developer's own build wrote.
const PARTS: &[&str] =
    &["package.json", "package-lock.json", "tsconfig.json", "vite.config.ts", "src", "demo"];
/// What the build has to bring forth; `src/lib.rs` includes the same.
const ASSETS: &[&str] = &["widget.js", "demo.html", "demo.css"];
/// On Windows npm is a script, which needs its ending to be found.
const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

fn main() -> ExitCode {
    match build() {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            // Cargo shows the output of a build script that fails.
            use std::io::Write as _;
            let _ = writeln!(std::io::stderr(), "the chat widget was not built: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn build() -> Result<(), String> {
    let crate_dir = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let sources = crate_dir.join(SOURCES);
    for part in PARTS {
        println!("cargo::rerun-if-changed={}", sources.join(part).display());
    }
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(variable("OUT_DIR")?);
    let work = out.join("chat-widget");
    check_node()?;
    copy_sources(&sources, &work)?;
    install(&work)?;
    let dist = out.join("dist");
    run(npm(&work, &["run", "build"]).env("HANDOFF_WIDGET_OUT", &dist), "npm run build")?;
    let missing = ASSETS.iter().find(|name| !dist.join(name).is_file());
    missing.map_or(Ok(()), |name| Err(format!("the build brought forth no {name}")))
}

fn variable(name: &str) -> Result<std::ffi::OsString, String> {
    env::var_os(name).ok_or_else(|| format!("cargo did not set {name}"))
}

/// Says what to install instead of letting npm fail in its own words.
fn check_node() -> Result<(), String> {
    let (major, minor) = NODE_MIN;
    let wanted = format!(
        "Node {major}.{minor} or newer is needed, with npm (https://nodejs.org, or the packages nodejs and npm)"
    );
    let output = Command::new("node")
        .arg("--version")
        .output()
        .map_err(|error| format!("{wanted}, but node does not run: {error}"))?;
    let version = String::from_utf8_lossy(&output.stdout);
    let mut numbers =
        version.trim().trim_start_matches('v').split('.').map_while(|text| text.parse::<u32>().ok());
    if (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) < NODE_MIN {
        return Err(format!("{wanted}, but node says {:?}", version.trim()));
    }
    let npm = Command::new(NPM).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    npm.map(|_| ()).map_err(|error| format!("{wanted}, but npm does not run: {error}"))
}

/// Makes the copy anew but leaves the installed packages: they depend on the lock file alone.
fn copy_sources(sources: &Path, work: &Path) -> Result<(), String> {
    for part in ["src", "demo"] {
        let old = work.join(part);
        if old.exists() {
            fs::remove_dir_all(&old).map_err(|error| format!("remove {}: {error}", old.display()))?;
        }
    }
    for part in PARTS {
        copy(&sources.join(part), &work.join(part))?;
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("copy {} to {}: {error}", from.display(), to.display());
    if from.is_dir() {
        fs::create_dir_all(to).map_err(failed)?;
        for entry in fs::read_dir(from).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            copy(&from.join(&name), &to.join(&name))?;
        }
        return Ok(());
    }
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    fs::copy(from, to).map(|_| ()).map_err(failed)
}

/// Installs the packages of the lock file, unless that was done for this very lock file.
fn install(work: &Path) -> Result<(), String> {
    let lock =
        fs::read(work.join("package-lock.json")).map_err(|error| format!("read the lock file: {error}"))?;
    let installed = work.join("node_modules/.installed-lock.json");
    if fs::read(&installed).is_ok_and(|of| of == lock) {
        return Ok(());
    }
    // Scripts of packages stay off: what is built here goes into the binary.
    let arguments =
        ["ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];
    run(&mut npm(work, &arguments), "npm ci")?;
    // Written last: a broken installation is not taken for a whole one.
    fs::write(&installed, lock).map_err(|error| format!("write {}: {error}", installed.display()))
}

fn npm(work: &Path, arguments: &[impl AsRef<OsStr>]) -> Command {
    let mut command = Command::new(NPM);
    command.args(arguments).current_dir(work);
    command
}

fn run(command: &mut Command, what: &str) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{what} does not run: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    Err(format!("{what} failed ({}):\n{said}", output.status))
}
