//! Which files of a crate need each other: a file that takes part in a large circle cannot be read,
//! moved or changed alone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};
use syn::{Item, ItemMod, ItemUse, UseTree, Visibility};

use super::Violation;

/// Files that may need each other in a ring: a type, its parts and their construction.
const CIRCLE_FILES_MAX: usize = 3;
/// The crates whose files are looked at.
const CRATES: &[&str] = &[
    "crates/api",
    "crates/content",
    "crates/engine",
    "crates/postoffice",
    "crates/projections",
    "crates/provision",
    "crates/server",
    "crates/traces",
    "crates/webhooks",
];

/// The rooms of the engine, from the bottom up: none names what is above it. Views are below
/// commands, so that looking never changes anything.
const ROOMS: &[&[&str]] = &[
    &["core", "outward"],
    &["views"],
    &["commands"],
    &["desks", "letters", "conversations", "delivery", "privacy"],
    &["worker", "workers"],
    &["run"],
];

/// A module's path within its crate; the root's is empty.
type Module = Vec<String>;

/// What one file says of others.
#[derive(Default)]
struct Uses {
    /// Every path that begins in this crate, written out from its root.
    paths: Vec<Vec<String>>,
    /// What the file shows under its own name though it stands elsewhere.
    shown: BTreeMap<String, Vec<String>>,
}

/// Reports every circle of files that is too large, in the crates that are kept free of them.
pub(super) fn check(sources: &BTreeMap<PathBuf, String>) -> Vec<Violation> {
    let mut found = Vec::new();
    for name in CRATES {
        let circles = circles(&Path::new(name).join("src"), sources);
        for circle in circles.iter().filter(|circle| circle.len() > CIRCLE_FILES_MAX) {
            let message = format!(
                "{} files need each other, {CIRCLE_FILES_MAX} may: {}",
                circle.len(),
                circle.join(", ")
            );
            found.push(Violation::new(name, "file circle", &message));
        }
    }
    found.extend(
        upward(Path::new("crates/engine/src"), sources)
            .into_iter()
            .map(|message| Violation::new("crates/engine", "room order", &message)),
    );
    found
}

/// Reports every file of the engine that names a room above its own.
fn upward(root: &Path, sources: &BTreeMap<PathBuf, String>) -> Vec<String> {
    let room = |module: &Module| {
        let own = module.first()?;
        ROOMS.iter().position(|rooms| rooms.contains(&own.as_str()))
    };
    let modules = modules(root, sources);
    let mut found = Vec::new();
    for (from, used) in edges(&all_uses(&modules)) {
        for to in used.into_iter().filter(|to| room(from) < room(to) && room(from).is_some()) {
            found.push(format!("{} names {}, which is above it", name(from), name(to)));
        }
    }
    found
}

/// Returns the modules of a crate.
fn modules<'a>(
    root: &Path,
    sources: &'a BTreeMap<PathBuf, String>,
) -> BTreeMap<Module, &'a String> {
    sources
        .iter()
        .filter_map(|(path, source)| Some((module(path.strip_prefix(root).ok()?)?, source)))
        .collect()
}

fn all_uses<'a>(modules: &'a BTreeMap<Module, &String>) -> BTreeMap<&'a Module, Uses> {
    modules.iter().map(|(module, source)| (module, uses(module, source))).collect()
}

/// Returns the circles of two and more files below a crate's `src`, the largest first.
fn circles(root: &Path, sources: &BTreeMap<PathBuf, String>) -> Vec<Vec<String>> {
    let modules = modules(root, sources);
    let edges = edges(&all_uses(&modules));
    let mut circles: Vec<Vec<String>> = components(&edges)
        .into_iter()
        .filter(|circle| circle.len() > 1)
        .map(|circle| circle.into_iter().map(name).collect())
        .collect();
    circles.sort_by_key(|circle| std::cmp::Reverse(circle.len()));
    circles
}

fn name(module: &Module) -> String {
    if module.is_empty() { "lib".to_owned() } else { module.join("::") }
}

/// Returns the module that a file is; `None` for tests and what is not Rust.
fn module(path: &Path) -> Option<Module> {
    let path = path.to_str()?.strip_suffix(".rs")?;
    let module: Module = path.split('/').map(str::to_owned).collect();
    match module.as_slice() {
        [only] if only == "lib" || only == "main" => Some(Vec::new()),
        parts if parts.iter().any(|part| part == "tests") => None,
        _ => Some(module),
    }
}

/// Reads what a file says of others. One that cannot be read says nothing: the compiler tells.
fn uses(module: &Module, source: &str) -> Uses {
    let Ok(file) = syn::parse_file(source) else { return Uses::default() };
    let declared = file.items.iter().filter_map(|item| match item {
        Item::Mod(declared) if declared.content.is_none() => Some(declared.ident.to_string()),
        _ => None,
    });
    let mut reader = Reader { module, children: declared.collect(), uses: Uses::default() };
    reader.visit_file(&file);
    reader.uses
}

/// Collects the paths of one file.
struct Reader<'a> {
    module: &'a Module,
    children: BTreeSet<String>,
    uses: Uses,
}

impl Reader<'_> {
    /// Writes a path out from the crate's root; `None` when it begins elsewhere.
    fn absolute(&self, path: &[String]) -> Option<Vec<String>> {
        let mut base = self.module.clone();
        let mut rest = path;
        match path.first()?.as_str() {
            "crate" => {
                base.clear();
                rest = &rest[1..];
            }
            "self" => rest = &rest[1..],
            "super" => {
                while rest.first().is_some_and(|part| part == "super") {
                    base.pop();
                    rest = &rest[1..];
                }
            }
            child if self.children.contains(child) => {}
            _ => return None,
        }
        base.extend(rest.iter().cloned());
        Some(base)
    }

    fn read_use(&mut self, before: &[String], tree: &UseTree, is_shown: bool) {
        let with = |ident: &syn::Ident| {
            let mut path = before.to_vec();
            path.push(ident.to_string());
            path
        };
        let (path, shown_as) = match tree {
            UseTree::Path(path) => return self.read_use(&with(&path.ident), &path.tree, is_shown),
            UseTree::Group(group) => {
                return group.items.iter().for_each(|tree| self.read_use(before, tree, is_shown));
            }
            UseTree::Glob(_) => (before.to_vec(), None),
            UseTree::Name(name) if name.ident == "self" => (before.to_vec(), None),
            UseTree::Name(name) => (with(&name.ident), Some(name.ident.to_string())),
            UseTree::Rename(rename) => (with(&rename.ident), Some(rename.rename.to_string())),
        };
        let Some(path) = self.absolute(&path) else { return };
        match shown_as.filter(|_| is_shown) {
            Some(name) => drop(self.uses.shown.insert(name, path)),
            None => self.uses.paths.push(path),
        }
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        let is_test = item.attrs.iter().any(|attribute| {
            attribute.path().is_ident("cfg")
                && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
        });
        if !is_test {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.read_use(&[], &item.tree, !matches!(item.vis, Visibility::Inherited));
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let parts: Vec<String> = path.segments.iter().map(|part| part.ident.to_string()).collect();
        if parts.len() > 1
            && let Some(path) = self.absolute(&parts)
        {
            self.uses.paths.push(path);
        }
        visit::visit_path(self, path);
    }
}

/// Returns which file needs which, by what each says; what a file only shows on belongs to where it
/// stands.
fn edges<'a>(uses: &BTreeMap<&'a Module, Uses>) -> BTreeMap<&'a Module, BTreeSet<&'a Module>> {
    let edge = |from: &'a Module, used: &Uses| {
        let to = used.paths.iter().filter_map(|path| resolve(path, uses, 0));
        (from, to.filter(|to| *to != from).collect())
    };
    uses.iter().map(|(from, used)| edge(from, used)).collect()
}

/// Returns the file in which the end of a path stands.
fn resolve<'a>(
    path: &[String],
    uses: &BTreeMap<&'a Module, Uses>,
    depth: usize,
) -> Option<&'a Module> {
    let mut longest = path.len();
    loop {
        if let Some((module, used)) = uses.get_key_value(&path[..longest].to_vec()) {
            let shown = path.get(longest).and_then(|name| used.shown.get(name));
            // A name that is shown on twice around is nobody's.
            return match shown.filter(|_| depth < 8) {
                Some(onward) => {
                    let onward: Vec<String> =
                        onward.iter().chain(&path[longest + 1..]).cloned().collect();
                    resolve(&onward, uses, depth + 1)
                }
                None => Some(module),
            };
        }
        longest = longest.checked_sub(1)?;
    }
}

/// Returns the sets of files that reach each other.
fn components<'a>(edges: &BTreeMap<&'a Module, BTreeSet<&'a Module>>) -> Vec<Vec<&'a Module>> {
    let reach: BTreeMap<&Module, BTreeSet<&Module>> =
        edges.keys().map(|from| (*from, reached(from, edges))).collect();
    let mut seen = BTreeSet::new();
    let mut components = Vec::new();
    for from in edges.keys() {
        if seen.contains(from) {
            continue;
        }
        let both = |to: &&&Module| reach[*to].contains(*from) || *to == from;
        let members: Vec<&Module> = reach[from].iter().filter(both).copied().collect();
        let members = if members.is_empty() { vec![*from] } else { members };
        seen.extend(members.iter().copied());
        components.push(members);
    }
    components
}

fn reached<'a>(
    from: &'a Module,
    edges: &BTreeMap<&'a Module, BTreeSet<&'a Module>>,
) -> BTreeSet<&'a Module> {
    let mut reached = BTreeSet::new();
    let mut waiting = vec![from];
    while let Some(at) = waiting.pop() {
        for to in edges.get(at).into_iter().flatten() {
            if reached.insert(*to) {
                waiting.push(to);
            }
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let path = |file: &str| Path::new("crates/engine/src").join(file);
        let sources =
            files.iter().map(|(file, source)| (path(file), (*source).to_owned())).collect();
        circles(Path::new("crates/engine/src"), &sources)
            .into_iter()
            .map(|circle| circle.join(" "))
            .collect()
    }

    #[test]
    fn a_tree_has_no_circle() {
        let tree = [
            ("lib.rs", "pub mod a; mod b; pub use b::B;"),
            ("a.rs", "use crate::B; mod c; fn f() { c::g() }"),
            ("a/c.rs", "use crate::b::B;"),
            ("b.rs", "pub struct B;"),
        ];
        assert_eq!(found(&tree), [""; 0]);
    }

    #[test]
    fn every_way_to_name_a_file_counts() {
        for back in [
            "use crate::a::A;",
            "use super::a::{self, A};",
            "use crate::{a::A};",
            "use crate::A;",
            "fn f(_: crate::a::A) {}",
            "fn f() { crate::a::g::<u8>() }",
            "impl crate::a::T for B {}",
        ] {
            let files = [
                ("lib.rs", "mod a; mod b; pub use a::A;"),
                ("a.rs", "use crate::b::B; pub struct A;"),
                ("b.rs", back),
            ];
            assert_eq!(found(&files), ["a b"], "{back}");
        }
    }

    #[test]
    fn a_parent_and_its_child_are_a_circle_when_both_use_the_other() {
        let files = [
            ("lib.rs", "mod a;"),
            ("a.rs", "mod c; use c::C; pub struct A;"),
            ("a/c.rs", "pub struct C(super::A);"),
        ];
        assert_eq!(found(&files), ["a a::c"]);
    }

    #[test]
    fn tests_may_use_what_they_like() {
        let files = [
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "use crate::b::B;"),
            ("b.rs", "pub struct B; #[cfg(test)] mod tests { use crate::a::A; }"),
            ("b/tests.rs", "use crate::a::A;"),
        ];
        assert_eq!(found(&files), [""; 0]);
    }

    #[test]
    fn a_view_that_calls_a_command_is_reported() {
        let path = |file: &str| PathBuf::from(format!("crates/engine/src/{file}"));
        let sources = |views: &str| {
            let files = [("lib.rs", "mod views; mod commands;"), ("views.rs", views)];
            let commands = ("commands.rs", "use crate::views::Views; pub struct Commands;");
            files
                .into_iter()
                .chain([commands])
                .map(|(file, source)| (path(file), source.to_owned()))
                .collect()
        };
        assert_eq!(check(&sources("pub struct Views;")), []);
        let found = check(&sources("fn f(_: &crate::commands::Commands) {}"));
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].rule, "room order");
    }

    #[test]
    fn four_files_in_a_ring_are_too_many() {
        let ring = |files: usize| {
            let file = |at: usize| {
                let source = format!("use crate::m{}::X;", (at + 1) % files);
                (PathBuf::from(format!("crates/engine/src/m{at}.rs")), source)
            };
            check(&(0..files).map(file).collect()).len()
        };
        assert_eq!(ring(CIRCLE_FILES_MAX), 0);
        assert_eq!(ring(CIRCLE_FILES_MAX + 1), 1);
    }
}
