//! Whether every dependency's licence is one that this project accepts.
//!
//! `deny.toml` says the same for cargo-deny, which is not installed everywhere; a test keeps the
//! two lists equal.

use super::Violation;
use super::metadata::Package;

/// Licences that ask for no more than being named, and the MPL, which asks for changes to its own
/// files only: none are made.
const ACCEPTED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Checks every package that is not our own.
pub(super) fn check(packages: &[Package]) -> Vec<Violation> {
    packages.iter().filter(|package| !package.is_member).filter_map(check_one).collect()
}

fn check_one(package: &Package) -> Option<Violation> {
    let place = format!("{} {}", package.name, package.version);
    let Some(licence) = &package.licence else {
        return Some(Violation::new(&place, "licence", "declares no licence"));
    };
    (!accepts(licence)).then(|| {
        Violation::new(&place, "licence", &format!("is under {licence}, which is not accepted"))
    })
}

/// Evaluates a licence expression: every part of an `AND`, one of an `OR` (or of the old `/`).
fn accepts(expression: &str) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let accepted = any_of(&tokens, &mut at);
    accepted && at == tokens.len()
}

fn any_of(tokens: &[&str], at: &mut usize) -> bool {
    let mut accepted = all_of(tokens, at);
    while tokens.get(*at) == Some(&"OR") {
        *at += 1;
        accepted |= all_of(tokens, at);
    }
    accepted
}

fn all_of(tokens: &[&str], at: &mut usize) -> bool {
    let mut accepted = single(tokens, at);
    while tokens.get(*at) == Some(&"AND") {
        *at += 1;
        accepted &= single(tokens, at);
    }
    accepted
}

fn single(tokens: &[&str], at: &mut usize) -> bool {
    let Some(first) = tokens.get(*at) else { return false };
    *at += 1;
    if *first == "(" {
        let accepted = any_of(tokens, at);
        *at += 1;
        return accepted;
    }
    let mut name = (*first).to_owned();
    if let Some(["WITH", exception]) = tokens.get(*at..*at + 2) {
        name = format!("{name} WITH {exception}");
        *at += 2;
    }
    ACCEPTED.contains(&name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_evaluated() {
        for accepted in [
            "MIT",
            "MIT OR Apache-2.0",
            "MIT/Apache-2.0",
            "GPL-3.0 OR MIT",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR GPL-2.0",
        ] {
            assert!(accepts(accepted), "{accepted}");
        }
        for refused in [
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "(MIT OR Apache-2.0) AND GPL-2.0",
            "MIT WITH odd-exception",
            "",
            "MIT MIT",
        ] {
            assert!(!accepts(refused), "{refused}");
        }
    }

    #[test]
    fn a_dependency_without_an_accepted_licence_is_reported() {
        let package = |name: &str, licence: Option<&str>| Package {
            name: name.to_owned(),
            licence: licence.map(str::to_owned),
            ..Package::default()
        };
        let ours = Package { is_member: true, ..package("ours", None) };
        let found = check(&[
            package("good", Some("MIT")),
            package("bad", Some("SSPL-1.0")),
            package("none", None),
            ours,
        ]);
        let places: Vec<&str> = found.iter().map(|violation| violation.place.trim()).collect();
        assert_eq!(places, ["bad", "none"]);
    }

    #[test]
    fn cargo_deny_accepts_the_same_licences() {
        let file = include_str!("../../../deny.toml");
        let (_, rest) = file.split_once("allow = [").unwrap();
        let (list, _) = rest.split_once(']').unwrap();
        let named: Vec<&str> = list.split('"').skip(1).step_by(2).collect();
        assert_eq!(named, ACCEPTED);
    }
}
