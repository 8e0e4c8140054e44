//! What `cargo metadata` says of the workspace, cut down to what the rules ask.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

/// A package, of the workspace or from outside.
#[derive(Clone, Debug, Default)]
pub(crate) struct Package {
    pub(crate) name: String,
    /// Its version, for messages.
    pub(crate) version: String,
    /// Its licence expression, when it has one.
    pub(crate) licence: Option<String>,
    /// Whether it belongs to this workspace.
    pub(crate) is_member: bool,
    /// What it depends on.
    pub(crate) dependencies: Vec<Dependency>,
    /// Its feature table, each value as written.
    pub(crate) features: Vec<(String, Vec<String>)>,
    /// The root source file of each of its targets.
    pub(crate) roots: Vec<PathBuf>,
}

/// One entry of a package's dependency tables.
#[derive(Clone, Debug)]
pub(crate) struct Dependency {
    /// The other package's name.
    pub(crate) name: String,
    /// Which table.
    pub(crate) kind: Kind,
    /// The features asked for.
    pub(crate) features: Vec<String>,
}

/// The table of a dependency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `[dependencies]` or `[build-dependencies]`: it ships.
    Shipped,
    /// `[dev-dependencies]`.
    Tests,
}

/// Asks cargo.
///
/// # Errors
///
/// When cargo cannot be run, refuses, or answers something else than JSON.
pub(crate) fn read(root: &Path) -> Result<Vec<Package>> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["metadata", "--format-version", "1", "--all-features"])
        .current_dir(root)
        .output()
        .context("run cargo metadata")?;
    if !output.status.success() {
        bail!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    let all: Value =
        serde_json::from_slice(&output.stdout).context("parse the answer of cargo metadata")?;
    let members = texts(&all["workspace_members"]);
    let packages = all["packages"].as_array().context("cargo metadata names no packages")?;
    Ok(packages.iter().map(|package| parse(package, &members)).collect())
}

fn parse(package: &Value, members: &[String]) -> Package {
    let empty = Vec::new();
    let list = |key: &str| package[key].as_array().unwrap_or(&empty);
    let features = package["features"].as_object();
    Package {
        name: text(&package["name"]),
        version: text(&package["version"]),
        licence: package["license"].as_str().map(str::to_owned),
        is_member: members.contains(&text(&package["id"])),
        dependencies: list("dependencies").iter().map(dependency).collect(),
        features: features
            .map(|table| table.iter().map(|(name, values)| (name.clone(), texts(values))).collect())
            .unwrap_or_default(),
        roots: list("targets")
            .iter()
            .map(|target| PathBuf::from(text(&target["src_path"])))
            .collect(),
    }
}

fn dependency(entry: &Value) -> Dependency {
    let kind = if entry["kind"].as_str() == Some("dev") { Kind::Tests } else { Kind::Shipped };
    Dependency { name: text(&entry["name"]), kind, features: texts(&entry["features"]) }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().map(|list| list.iter().map(text).collect()).unwrap_or_default()
}
