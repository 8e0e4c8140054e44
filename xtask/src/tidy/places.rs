//! Source files that the map names: every one is there. A map of rooms that have moved is worse
//! than none.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::Violation;

/// The pages that are maps.
const MAPS: &[&str] =
    &["ARCHITECTURE.md", "CONTRIBUTING.md", "docs/bounds.md", "docs/first-change.md"];
/// Rooms whose place is kept before they are built.
const KEPT: &[&str] = &["crates/provision", "crates/projections", "web/dist"];

/// Checks the maps among the project's texts; the keys are paths from its root.
pub(super) fn check(texts: &BTreeMap<PathBuf, String>) -> Vec<Violation> {
    let known: BTreeSet<&Path> = texts
        .keys()
        .flat_map(|path| path.ancestors())
        .filter(|path| *path != Path::new(""))
        .collect();
    let mut found = Vec::new();
    for map in MAPS {
        let text = texts.get(Path::new(map)).map_or("", String::as_str);
        for (number, line) in text.lines().enumerate() {
            let gone = places(line).into_iter().filter(|place| !is_known(place, &known));
            found.extend(gone.map(|place| {
                let message = format!("{place} is not there");
                Violation::new(&format!("{map}:{}", number + 1), "place", &message)
            }));
        }
    }
    found
}

/// Returns what a line names in backticks that looks like a path, with braces written out.
fn places(line: &str) -> Vec<String> {
    let is_path = |text: &&str| {
        let may_be =
            |character: char| character.is_ascii_alphanumeric() || "_-./{},".contains(character);
        (text.contains('/') && !text.starts_with('/') || text.ends_with(".rs"))
            && text.chars().all(may_be)
    };
    line.split('`').skip(1).step_by(2).filter(is_path).flat_map(written_out).collect()
}

fn written_out(text: &str) -> Vec<String> {
    match text.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?))) {
        Some((before, (choices, after))) => {
            choices.split(',').map(|choice| format!("{before}{choice}{after}")).collect()
        }
        None => vec![text.to_owned()],
    }
}

/// Tells whether a place is there: from the root, from `crates`, from a crate's `src`, or, for a
/// file without a directory, anywhere.
fn is_known(place: &str, known: &BTreeSet<&Path>) -> bool {
    let place = place.trim_end_matches('/');
    let is = |path: &str| known.contains(Path::new(path));
    let forms = |place: &str| {
        let (first, rest) = place.split_once('/').unwrap_or((place, ""));
        is(place) || is(&format!("crates/{place}")) || is(&format!("crates/{first}/src/{rest}"))
    };
    KEPT.contains(&place)
        || forms(place)
        || forms(&format!("{place}.rs"))
        || !place.contains('/') && known.iter().any(|path| path.ends_with(place))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gone(line: &str) -> Vec<String> {
        let files =
            ["crates/a/src/lib.rs", "crates/a/src/b/c.rs", "tests/it/d.rs", "xtask/src/web.rs"];
        let mut texts: BTreeMap<PathBuf, String> =
            files.iter().map(|file| (PathBuf::from(file), String::new())).collect();
        texts.insert(PathBuf::from(MAPS[0]), line.to_owned());
        check(&texts).into_iter().map(|violation| violation.message).collect()
    }

    #[test]
    fn what_is_there_passes() {
        for line in [
            "`crates/a`, `a/src/b/c.rs`, `a/b/c.rs`, `a/b`, `tests/it`, `c.rs`, `crates/projections`",
            "`a/b/{c}.rs`, `xtask/src/web.rs`, `/api/v2/me`, `cargo xtask ci`, `a`, `lib.rs`",
        ] {
            assert_eq!(gone(line), [""; 0], "{line}");
        }
    }

    #[test]
    fn what_has_moved_is_reported() {
        for place in ["a/c.rs", "a/src/c", "crates/z", "tests/it/e.rs", "z.rs"] {
            assert_eq!(gone(&format!("see `{place}`")), [format!("{place} is not there")]);
        }
        assert_eq!(gone("`a/b/{c,d}.rs`"), ["a/b/d.rs is not there"]);
    }
}
