//! `tidy`: the rules of style and architecture that neither the compiler nor clippy checks.
//!
//! Every rule has a test with a sample that breaks it: a rule that cannot fail proves nothing.

mod circles;
mod citations;
mod layers;
mod licences;
mod metadata;
mod modules;
mod places;
mod sources;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

/// Directories below the project's root that hold its own text.
const OWN: &[&str] = &["bench", "crates", "xtask", "tests", "config", "docs", "web", ".ci"];
/// Directories that hold nothing of our own.
const FOREIGN: &[&str] = &["target", "node_modules", ".venv", "dist", "__pycache__"];
/// What text files end in, beside Rust sources.
const TEXT: &[&str] =
    &["toml", "md", "sh", "py", "mjs", "js", "ts", "tsx", "vue", "css", "sql", "yml", "yaml"];

/// One breach of one rule.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    /// Where: a path with a line, or a package.
    pub(crate) place: String,
    pub(crate) rule: &'static str,
    /// What is wrong.
    pub(crate) message: String,
}

impl Violation {
    fn new(place: &str, rule: &'static str, message: &str) -> Self {
        Self { place: place.to_owned(), rule, message: message.to_owned() }
    }
}

/// Checks the project and prints what it finds.
///
/// # Errors
///
/// When a rule is broken, or a file cannot be read.
pub(crate) fn run(root: &Path) -> Result<()> {
    let packages = metadata::read(root)?;
    let files = own_files(root)?;
    let mut found = layers::check(&packages);
    found.extend(licences::check(&packages));
    let (mut rust, mut texts) = (BTreeSet::new(), BTreeMap::new());
    for path in &files {
        let relative = path.strip_prefix(root).unwrap_or(path);
        let place = relative.display().to_string();
        let text = fs::read_to_string(path).with_context(|| format!("read {place}"))?;
        if has_ending(path, &["rs"]) {
            found.extend(sources::check_rust(&place, &text));
            rust.insert(PathBuf::from(place));
        } else {
            found.extend(sources::check_text(&place, &text));
        }
        texts.insert(relative.to_owned(), text);
    }
    found.extend(circles::check(&texts));
    found.extend(places::check(&texts));
    found.extend(citations::check(&texts));
    let members: Vec<_> = packages.iter().filter(|package| package.is_member).collect();
    let roots: Vec<PathBuf> = members
        .iter()
        .flat_map(|package| &package.roots)
        .map(|path| path.strip_prefix(root).unwrap_or(path).to_owned())
        .collect();
    found.extend(modules::check(&rust, &roots, &|path| fs::read_to_string(root.join(path)).ok()));
    for violation in &found {
        println!("{}: {}: {}", violation.place, violation.rule, violation.message);
    }
    println!(
        "tidy: {} files, {} crates of our own, {} from outside, {} violations",
        files.len(),
        members.len(),
        packages.len() - members.len(),
        found.len()
    );
    if found.is_empty() { Ok(()) } else { bail!("{} rules are broken", found.len()) }
}

/// Finds every text file of the project, in order.
fn own_files(root: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut waiting: Vec<PathBuf> =
        OWN.iter().map(|name| root.join(name)).filter(|path| path.is_dir()).collect();
    for entry in fs::read_dir(root).context("read the project's root")? {
        let path = entry?.path();
        if path.is_file() && has_ending(&path, TEXT) {
            files.push(path);
        }
    }
    while let Some(directory) = waiting.pop() {
        for entry in
            fs::read_dir(&directory).with_context(|| format!("read {}", directory.display()))?
        {
            let path = entry?.path();
            let is_foreign =
                path.file_name().is_some_and(|name| FOREIGN.iter().any(|foreign| name == *foreign));
            if path.is_dir() && !is_foreign {
                waiting.push(path);
            } else if path.is_file() && (has_ending(&path, &["rs"]) || has_ending(&path, TEXT)) {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

fn has_ending(path: &Path, endings: &[&str]) -> bool {
    path.extension().is_some_and(|extension| endings.iter().any(|ending| extension == *ending))
}
