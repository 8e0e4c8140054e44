//! What the program is made of: a CycloneDX list of the packages that are compiled into it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::cargo;

/// Lists all that `handoff-server` is built of, with the features that it is shipped with, as
/// `cargo metadata` resolves it for this machine. What only tests use is not in it.
///
/// # Errors
///
/// When cargo cannot be asked.
pub(super) fn list(root: &Path, version: &str) -> Result<String> {
    let metadata = metadata(root)?;
    let packages = metadata["packages"].as_array().context("no packages")?;
    let packages: BTreeMap<&str, &Value> =
        packages.iter().filter_map(|it| Some((it["id"].as_str()?, it))).collect();
    let nodes = metadata["resolve"]["nodes"].as_array().context("nothing is resolved")?;
    let nodes: BTreeMap<&str, &Value> =
        nodes.iter().filter_map(|it| Some((it["id"].as_str()?, it))).collect();
    let program = packages.iter().find(|(_, package)| package["name"] == "handoff-server");
    let (program, _) = program.context("there is no handoff-server")?;
    let shipped = shipped(&nodes, program);
    let components: Vec<Value> = shipped
        .iter()
        .filter(|id| **id != *program)
        .filter_map(|id| packages.get(id).map(|package| component(package)))
        .collect();
    let dependencies: Vec<Value> = shipped
        .iter()
        .filter_map(|id| {
            let on: Vec<&str> = nodes.get(id).map(|node| needs(node)).unwrap_or_default();
            Some(json!({"ref": reference(packages.get(id)?),
                "dependsOn": on.iter().filter_map(|id| packages.get(id))
                    .map(|package| reference(package)).collect::<Vec<_>>()}))
        })
        .collect();
    let own = packages.get(program).map(|package| component(package));
    let all = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": own, "tools": [{"name": "cargo xtask dist", "version": version}]},
        "components": components,
        "dependencies": dependencies,
    });
    Ok(serde_json::to_string_pretty(&all)? + "\n")
}

fn metadata(root: &Path) -> Result<Value> {
    let target = super::said(std::process::Command::new("rustc").args(["-vV"]))?;
    let target = target.lines().find_map(|line| line.strip_prefix("host: "));
    let output = cargo(root)
        .args(["metadata", "--format-version", "1", "--features", "handoff-server/pages"])
        .args(["--locked", "--filter-platform", target.context("rustc names no host")?])
        .output()
        .context("run cargo metadata")?;
    ensure!(
        output.status.success(),
        "cargo metadata failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).context("parse the answer of cargo metadata")
}

/// Returns a package and all that it needs in order to be compiled.
fn shipped<'a>(nodes: &BTreeMap<&str, &'a Value>, program: &'a str) -> BTreeSet<&'a str> {
    let (mut found, mut left) = (BTreeSet::new(), vec![program]);
    while let Some(id) = left.pop() {
        if found.insert(id) {
            left.extend(nodes.get(id).map(|node| needs(node)).unwrap_or_default());
        }
    }
    found
}

/// Returns what a package needs, tests apart.
fn needs(node: &Value) -> Vec<&str> {
    let is_for_tests = |kind: &Value| kind["kind"] == "dev";
    let dependencies = node["deps"].as_array().map(Vec::as_slice).unwrap_or_default();
    let needed = dependencies.iter().filter(|dependency| {
        dependency["dep_kinds"].as_array().is_none_or(|kinds| !kinds.iter().all(is_for_tests))
    });
    needed.filter_map(|dependency| dependency["pkg"].as_str()).collect()
}

fn component(package: &Value) -> Value {
    let is_own = package["source"].is_null();
    let mut component = json!({
        "type": if is_own { "application" } else { "library" },
        "bom-ref": reference(package),
        "name": package["name"],
        "version": package["version"],
        "licenses": [{"expression": package["license"]}],
    });
    if !is_own {
        component["purl"] = json!(reference(package));
    }
    component
}

/// Returns what names a package everywhere.
fn reference(package: &Value) -> String {
    let text = |key: &str| package[key].as_str().unwrap_or_default();
    format!("pkg:cargo/{}@{}", text("name"), text("version"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_tests_use_is_not_shipped() {
        let node = |deps: Value| json!({"deps": deps});
        let (program, library, tests) = (
            node(json!([{"pkg": "library", "dep_kinds": [{"kind": null}]},
                {"pkg": "tests", "dep_kinds": [{"kind": "dev"}]}])),
            node(json!([{"pkg": "build", "dep_kinds": [{"kind": "dev"}, {"kind": "build"}]}])),
            node(json!([])),
        );
        let nodes = [("program", &program), ("library", &library), ("tests", &tests)].into();
        assert_eq!(shipped(&nodes, "program"), ["program", "library", "build"].into());
    }
}
