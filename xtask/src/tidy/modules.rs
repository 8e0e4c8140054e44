//! Whether every Rust file is reached from the root of some target: a file that no `mod` names is
//! compiled by nobody.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use super::Violation;
use super::text::code_only;

/// Reports the files among `all` that no root reaches.
pub(super) fn check(
    all: &BTreeSet<PathBuf>,
    roots: &[PathBuf],
    read: &dyn Fn(&Path) -> Option<String>,
) -> Vec<Violation> {
    let reached = reached(all, roots, read);
    let dead = all.difference(&reached);
    dead.map(|path| {
        Violation::new(&path.display().to_string(), "dead file", "no mod declaration reaches it")
    })
    .collect()
}

fn reached(
    all: &BTreeSet<PathBuf>,
    roots: &[PathBuf],
    read: &dyn Fn(&Path) -> Option<String>,
) -> BTreeSet<PathBuf> {
    let mut reached: BTreeSet<PathBuf> = BTreeSet::new();
    // Beside a root its modules stand in the same directory, beside any other file in the directory
    // of its name.
    let mut waiting: Vec<(PathBuf, PathBuf)> = roots
        .iter()
        .map(|root| (root.clone(), root.parent().map(Path::to_owned).unwrap_or_default()))
        .collect();
    while let Some((file, children)) = waiting.pop() {
        if !reached.insert(file.clone()) {
            continue;
        }
        let source = read(&file).unwrap_or_default();
        for module in declared(&source) {
            // A written path counts from the file's own directory, and so do the modules of the
            // file that it names.
            let beside = file.parent().map(Path::to_owned).unwrap_or_default();
            let (child, grandchildren) = match module.path {
                Some(path) => {
                    let child = plain(&beside.join(path));
                    let directory = child.parent().map(Path::to_owned).unwrap_or_default();
                    (child, directory)
                }
                None => (children.join(format!("{}.rs", module.name)), children.join(&module.name)),
            };
            if all.contains(&child) {
                waiting.push((child, grandchildren));
            }
        }
    }
    reached
}

/// A module that is in a file of its own.
#[derive(Debug, PartialEq, Eq)]
struct Declared {
    name: String,
    /// What its `path` attribute says.
    path: Option<String>,
}

/// Returns the modules that a source declares to be in files.
fn declared(source: &str) -> Vec<Declared> {
    let mut path = None;
    let mut found = Vec::new();
    for (code, written) in code_only(source).lines().zip(source.lines()) {
        if code.trim().starts_with("#[path") {
            path = written.split('"').nth(1).map(str::to_owned);
            continue;
        }
        let Some((before, rest)) = code.trim().split_once("mod ") else { continue };
        let is_declaration = before.is_empty() || before.trim_end().ends_with([')', 'b', ']']);
        if let Some(name) = rest.strip_suffix(';').filter(|_| is_declaration) {
            found.push(Declared { name: name.to_owned(), path: path.take() });
        }
    }
    found
}

/// Resolves the `..` of a path without looking at the disk.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        if part == Component::ParentDir {
            plain.pop();
        } else {
            plain.push(part);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: &[(&str, &str)] = &[
        ("src/lib.rs", "pub mod a;\n#[cfg(test)]\nmod tests;\n// mod gone;\n"),
        ("src/a.rs", "pub(crate) mod b;\nmod inline {}\n"),
        ("src/a/b.rs", ""),
        ("src/tests.rs", ""),
    ];

    fn dead(extra: &[(&str, &str)]) -> Vec<String> {
        let files: Vec<(&str, &str)> = FILES.iter().chain(extra).copied().collect();
        let all = files.iter().map(|(path, _)| PathBuf::from(path)).collect();
        let read = |wanted: &Path| {
            files
                .iter()
                .find(|(path, _)| Path::new(path) == wanted)
                .map(|(_, text)| (*text).to_owned())
        };
        check(&all, &[PathBuf::from("src/lib.rs")], &read)
            .into_iter()
            .map(|violation| violation.place)
            .collect()
    }

    #[test]
    fn reached_files_pass() {
        assert_eq!(dead(&[]), [""; 0]);
    }

    #[test]
    fn written_paths_are_followed() {
        assert_eq!(
            dead(&[("shared/c.rs", "mod d;"), ("shared/d.rs", "")]),
            ["shared/c.rs", "shared/d.rs"]
        );
        let root = PathBuf::from("tests/a/main.rs");
        let files: &[(&str, &str)] = &[
            ("tests/a/main.rs", "#[path = \"../shared/c.rs\"]\nmod c;\n"),
            ("tests/shared/c.rs", "mod d;"),
            ("tests/shared/d.rs", ""),
        ];
        let all = files.iter().map(|(path, _)| PathBuf::from(path)).collect();
        let read = |wanted: &Path| {
            files
                .iter()
                .find(|(path, _)| Path::new(path) == wanted)
                .map(|(_, text)| (*text).to_owned())
        };
        assert_eq!(check(&all, &[root], &read), []);
    }

    #[test]
    fn files_that_nobody_names_are_reported() {
        assert_eq!(dead(&[("src/gone.rs", ""), ("src/b.rs", "")]), ["src/b.rs", "src/gone.rs"]);
    }
}
