//! Pointers from sources and pages to the project's own pages: every one resolves, and none names a
//! page that a reader does not have.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use super::Violation;

/// Papers that are not part of the project. Put together so that this file does not name them.
const ELSEWHERE: &[&str] = &[
    concat!("gws-", "core"),
    concat!("gws-", "interactions"),
    concat!("ingest", " notes"),
    concat!("trust", ".md"),
];
/// A paper that is not part of the project and is named with a number behind it.
const NUMBERED: &str = concat!("con", "tract ");
/// Where pages are that sources point to.
const PAGES: &str = "docs/";
/// What a page ends in.
const ENDING: &str = ".md";

/// Checks every text of the project; the keys are paths from its root.
pub(super) fn check(texts: &BTreeMap<PathBuf, String>) -> Vec<Violation> {
    let anchors: BTreeMap<&Path, BTreeSet<String>> = texts
        .iter()
        .filter(|(path, _)| is_page(path))
        .map(|(path, text)| (path.as_path(), headings(text)))
        .collect();
    let mut found = Vec::new();
    for (path, text) in texts {
        for (number, line) in text.lines().enumerate() {
            let place = format!("{}:{}", path.display(), number + 1);
            found.extend(names_another(line).map(|word| {
                let message =
                    format!("names {word}, which is not part of the project: cite docs/compat");
                Violation::new(&place, "citation", &message)
            }));
            let targets = cited(line).into_iter().chain(if is_page(path) {
                links(path, line)
            } else {
                vec![]
            });
            found.extend(
                targets
                    .filter_map(|target| unresolved(&target, &anchors, texts))
                    .map(|message| Violation::new(&place, "citation", &message)),
            );
        }
    }
    found
}

fn is_page(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "md")
}

/// Returns a paper that the line names and that nobody has.
fn names_another(line: &str) -> Option<&'static str> {
    let numbered = line.match_indices(NUMBERED).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + NUMBERED.len()..].chars().next();
        !before.is_some_and(char::is_alphanumeric)
            && after.is_some_and(|after| after.is_ascii_digit())
    });
    let named = ELSEWHERE.iter().find(|word| line.contains(*word)).copied();
    named.or_else(|| numbered.then_some(NUMBERED.trim_end()))
}

/// A page, and perhaps a heading on it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Target {
    page: PathBuf,
    anchor: Option<String>,
}

impl Target {
    /// Reads `docs/compat/agents.md#reach`; `None` when it names no page.
    fn read(base: &Path, text: &str) -> Option<Self> {
        let (page, anchor) = match text.split_once('#') {
            Some((page, anchor)) => (page, Some(anchor.to_owned())),
            None => (text, None),
        };
        Some(Self { page: plain(&base.join(page))?, anchor })
    }
}

/// Finds pointers from the project's root, such as `docs/api/README.md`.
fn cited(line: &str) -> Vec<Target> {
    let ends = |rest: &str| {
        let is_part =
            |character: char| character.is_ascii_alphanumeric() || "-_./#".contains(character);
        rest.find(|character| !is_part(character)).unwrap_or(rest.len())
    };
    let starts = line.match_indices(PAGES).filter(|(at, _)| {
        let before = line[..*at].chars().next_back();
        !before.is_some_and(|before| before.is_alphanumeric() || "/._-".contains(before))
    });
    starts
        .map(|(at, _)| line[at..][..ends(&line[at..])].trim_end_matches(['.', '/', '#']))
        .filter(|text| text.split('#').next().is_some_and(|page| page.ends_with(ENDING)))
        .filter_map(|text| Target::read(Path::new(""), text))
        .collect()
}

/// Finds a page's links to other pages and to its own headings.
fn links(page: &Path, line: &str) -> Vec<Target> {
    let base = page.parent().unwrap_or(Path::new(""));
    line.match_indices("](")
        .filter_map(|(at, start)| line[at + start.len()..].split(')').next())
        .filter(|text| !text.contains("://") && !text.starts_with("mailto:"))
        .filter_map(|text| match text.strip_prefix('#') {
            Some(anchor) => Some(Target { page: page.to_owned(), anchor: Some(anchor.to_owned()) }),
            None if text.split('#').next()?.ends_with(ENDING) => Target::read(base, text),
            None => None,
        })
        .collect()
}

/// Takes `..` and `.` out of a path.
fn plain(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => plain.push(name),
            Component::CurDir => {}
            Component::ParentDir => plain.pop().then_some(())?,
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(plain)
}

fn unresolved(
    target: &Target,
    anchors: &BTreeMap<&Path, BTreeSet<String>>,
    texts: &BTreeMap<PathBuf, String>,
) -> Option<String> {
    if !texts.contains_key(&target.page) {
        return Some(format!("points to {}, which is not there", target.page.display()));
    }
    let anchor = target.anchor.as_ref()?;
    let is_there = anchors.get(target.page.as_path()).is_some_and(|known| known.contains(anchor));
    (!is_there).then(|| format!("{} has no heading for #{anchor}", target.page.display()))
}

/// Returns the anchors of a page's headings, as code hosts make them.
fn headings(text: &str) -> BTreeSet<String> {
    let is_heading =
        |line: &&str| line.starts_with('#') && line.trim_start_matches('#').starts_with(' ');
    let anchor = |line: &str| {
        let kept = |letter: &char| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_');
        let title: String =
            line.trim_start_matches('#').trim().to_lowercase().chars().filter(kept).collect();
        title.replace(' ', "-")
    };
    text.lines().filter(is_heading).map(anchor).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(texts: &[(&str, &str)]) -> Vec<String> {
        let texts = texts.iter().map(|(path, text)| (path.into(), (*text).to_owned())).collect();
        check(&texts)
            .into_iter()
            .map(|violation| format!("{}: {}", violation.place, violation.message))
            .collect()
    }

    /// Where the samples' pages are. Put together so that this file does not cite them.
    const AT: &str = concat!("do", "cs/");

    fn page() -> (String, &'static str) {
        (format!("{AT}compat/agents.md"), "# Agents\n\n## Dates and ids\n[here](#dates-and-ids)\n")
    }

    #[test]
    fn what_resolves_passes() {
        let (path, text) = page();
        let source = format!("// They must ({path}#dates-and-ids, {path}). See {AT}compat.\n");
        let readme = format!("[agents]({path}#agents) [x](https://host.example/a.md#b)\n");
        assert_eq!(rules(&[(&path, text), ("src/a.rs", &source), ("README.md", &readme)]), [""; 0]);
    }

    #[test]
    fn what_does_not_resolve_is_reported() {
        let (path, text) = page();
        let source = format!("// {path}#reach\n// {AT}none.md.\n");
        let other = format!("{AT}compat/b.md");
        let links = "[a](../none.md) [b](agents.md#reach) [c](#none)\n";
        assert_eq!(
            rules(&[(&path, text), ("src/a.rs", &source), (&other, links)]),
            [
                format!("{other}:1: points to {AT}none.md, which is not there"),
                format!("{other}:1: {path} has no heading for #reach"),
                format!("{other}:1: {other} has no heading for #none"),
                format!("src/a.rs:1: {path} has no heading for #reach"),
                format!("src/a.rs:2: points to {AT}none.md, which is not there"),
            ]
        );
    }

    #[test]
    fn papers_that_nobody_has_are_reported() {
        for word in ELSEWHERE {
            assert_eq!(rules(&[("src/a.rs", &format!("// as {word} says\n"))]).len(), 1, "{word}");
        }
        assert_eq!(rules(&[("src/a.rs", &format!("// ({NUMBERED}3)\n"))]).len(), 1);
        assert_eq!(
            rules(&[("src/a.rs", &format!("// the {NUMBERED}says; sub{NUMBERED}3\n"))]),
            [""; 0]
        );
    }
}
