//! Which crate may depend on which: the dependency rules of the architecture.

use super::Violation;
use super::metadata::{Dependency, Kind, Package};

/// The crates that ship, and what each may use of the workspace.
///
/// `handoff-api` uses `handoff-store` beyond the architecture's table: login sessions and receipts
/// are records of the store, and the engine hands the store out (`Core::store`) instead of
/// wrapping every one of its reads.
const LAYERS: &[(&str, &[&str])] = &[
    ("handoff-domain", &[]),
    ("handoff-cometd", &[]),
    ("handoff-bus", &[]),
    ("handoff-web", &[]),
    ("handoff-outgoing", &[]),
    ("handoff-oidc", &["handoff-domain", "handoff-outgoing"]),
    ("handoff-store", &["handoff-domain"]),
    ("handoff-mail", &["handoff-domain"]),
    ("handoff-engine", &["handoff-domain", "handoff-store", "handoff-bus"]),
    ("handoff-content", &["handoff-domain", "handoff-store", "handoff-bus", "handoff-engine"]),
    ("handoff-provision", &["handoff-domain", "handoff-store", "handoff-engine"]),
    (
        "handoff-postoffice",
        &[
            "handoff-domain",
            "handoff-store",
            "handoff-bus",
            "handoff-engine",
            "handoff-mail",
            "handoff-content",
        ],
    ),
    ("handoff-projections", &["handoff-domain", "handoff-store", "handoff-bus", "handoff-engine"]),
    (
        "handoff-webhooks",
        &["handoff-domain", "handoff-store", "handoff-bus", "handoff-engine", "handoff-outgoing"],
    ),
    (
        "handoff-traces",
        &["handoff-domain", "handoff-store", "handoff-bus", "handoff-engine", "handoff-outgoing"],
    ),
    (
        "handoff-api",
        &[
            "handoff-domain",
            "handoff-store",
            "handoff-engine",
            "handoff-provision",
            "handoff-content",
            "handoff-cometd",
            "handoff-oidc",
        ],
    ),
    (
        "handoff-server",
        &[
            "handoff-domain",
            "handoff-store",
            "handoff-bus",
            "handoff-engine",
            "handoff-content",
            "handoff-cometd",
            "handoff-api",
            "handoff-mail",
            "handoff-postoffice",
            "handoff-projections",
            "handoff-provision",
            "handoff-web",
            "handoff-oidc",
            "handoff-outgoing",
            "handoff-traces",
            "handoff-webhooks",
        ],
    ),
];

/// The crates that never ship: they may use whatever they test.
const TOOLS: &[&str] =
    &["handoff-testkit", "handoff-it", "handoff-faults", "handoff-bench", "xtask"];

/// Outside crates that only some crates may depend on.
const RESERVED: &[(&str, &[&str])] = &[
    // The rows that the benchmark compares with are bare SQLite's; a control edits a database.
    ("rusqlite", &["handoff-store", "handoff-projections", "handoff-bench", "handoff-faults"]),
    ("libsqlite3-sys", &["handoff-store"]),
    ("tokio-postgres", &["handoff-store"]),
    ("deadpool-postgres", &["handoff-store"]),
    // The bare server that the benchmark compares with is one of axum's.
    (
        "axum",
        &["handoff-api", "handoff-cometd", "handoff-server", "handoff-faults", "handoff-bench"],
    ),
];

/// The feature of `handoff-domain` that only the store's codec may use, and who that is.
const STORED: (&str, &str, &str) = ("handoff-domain", "stored", "handoff-store");

/// Checks every crate of the workspace.
pub(super) fn check(packages: &[Package]) -> Vec<Violation> {
    let members: Vec<&Package> = packages.iter().filter(|package| package.is_member).collect();
    let mut found = Vec::new();
    for package in &members {
        found.extend(layer(package, &members));
        found.extend(
            package.dependencies.iter().filter_map(|dependency| reserved(package, dependency)),
        );
        found.extend(stored(package));
    }
    found
}

/// Checks what a shipped crate uses of the workspace.
fn layer(package: &Package, members: &[&Package]) -> Vec<Violation> {
    if TOOLS.contains(&package.name.as_str()) {
        return Vec::new();
    }
    let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == package.name) else {
        return vec![Violation::new(
            &package.name,
            "dependency direction",
            "this crate has no line in the table of layers: say what it may depend on",
        )];
    };
    let is_member = |name: &str| members.iter().any(|member| member.name == name);
    let wrong = |dependency: &&Dependency| {
        dependency.kind == Kind::Shipped
            && is_member(&dependency.name)
            && !allowed.contains(&dependency.name.as_str())
    };
    package
        .dependencies
        .iter()
        .filter(wrong)
        .map(|dependency| {
            Violation::new(
                &package.name,
                "dependency direction",
                &format!("depends on {}, which its layer may not know", dependency.name),
            )
        })
        .collect()
}

/// Checks one dependency against the list of reserved crates.
fn reserved(package: &Package, dependency: &Dependency) -> Option<Violation> {
    let (name, owners) = RESERVED.iter().find(|(name, _)| *name == dependency.name)?;
    (!owners.contains(&package.name.as_str())).then(|| {
        let message = format!("depends on {name}, which belongs to {} alone", owners.join(", "));
        Violation::new(&package.name, "reserved dependency", &message)
    })
}

/// Checks that the stored form of the domain's types is switched on by the store alone.
fn stored(package: &Package) -> Option<Violation> {
    let (domain, feature, owner) = STORED;
    if package.name == owner || package.name == domain {
        return None;
    }
    let by_dependency = package.dependencies.iter().any(|dependency| {
        dependency.name == domain && dependency.features.iter().any(|name| name == feature)
    });
    let forwarded = [format!("{domain}/{feature}"), format!("{domain}?/{feature}")];
    let by_feature = package
        .features
        .iter()
        .any(|(_, values)| values.iter().any(|value| forwarded.contains(value)));
    (by_dependency || by_feature).then(|| {
        let message =
            format!("switches on {domain}/{feature}, the stored form, which is {owner}'s alone");
        Violation::new(&package.name, "stored form", &message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, dependencies: &[(&str, Kind)]) -> Package {
        Package {
            name: name.to_owned(),
            is_member: true,
            dependencies: dependencies
                .iter()
                .map(|(name, kind)| Dependency {
                    name: (*name).to_owned(),
                    kind: *kind,
                    features: Vec::new(),
                })
                .collect(),
            ..Package::default()
        }
    }

    fn rules(packages: &[Package]) -> Vec<(String, &'static str)> {
        check(packages).into_iter().map(|violation| (violation.place, violation.rule)).collect()
    }

    #[test]
    fn the_allowed_directions_pass() {
        let packages = [
            package("handoff-domain", &[]),
            package(
                "handoff-store",
                &[("handoff-domain", Kind::Shipped), ("rusqlite", Kind::Shipped)],
            ),
            package("handoff-testkit", &[("handoff-store", Kind::Shipped)]),
        ];
        assert_eq!(rules(&packages), []);
    }

    #[test]
    fn a_lower_layer_may_not_use_a_higher_one() {
        let packages = [
            package("handoff-domain", &[("handoff-store", Kind::Shipped)]),
            package("handoff-store", &[("handoff-domain", Kind::Shipped)]),
        ];
        assert_eq!(rules(&packages), [("handoff-domain".to_owned(), "dependency direction")]);
    }

    #[test]
    fn nothing_shipped_uses_the_testkit_except_in_tests() {
        let testkit = package("handoff-testkit", &[]);
        let shipped = package("handoff-server", &[("handoff-testkit", Kind::Shipped)]);
        let tests = package("handoff-server", &[("handoff-testkit", Kind::Tests)]);
        assert_eq!(
            rules(&[testkit.clone(), shipped]),
            [("handoff-server".to_owned(), "dependency direction")]
        );
        assert_eq!(rules(&[testkit, tests]), []);
    }

    #[test]
    fn a_new_crate_must_be_given_a_layer() {
        assert_eq!(
            rules(&[package("handoff-new", &[])]),
            [("handoff-new".to_owned(), "dependency direction")]
        );
    }

    #[test]
    fn drivers_and_axum_belong_to_their_crates() {
        let packages = [
            package("handoff-engine", &[("rusqlite", Kind::Tests)]),
            package("handoff-bus", &[("axum", Kind::Shipped)]),
        ];
        assert_eq!(
            rules(&packages),
            [
                ("handoff-engine".to_owned(), "reserved dependency"),
                ("handoff-bus".to_owned(), "reserved dependency")
            ]
        );
    }

    #[test]
    fn the_stored_form_is_the_stores_alone() {
        let mut by_dependency = package("handoff-api", &[("handoff-domain", Kind::Shipped)]);
        by_dependency.dependencies[0].features.push("stored".to_owned());
        let mut by_feature = package("handoff-engine", &[]);
        by_feature.features.push(("wire".to_owned(), vec!["handoff-domain/stored".to_owned()]));
        let mut store = by_dependency.clone();
        store.name = "handoff-store".to_owned();
        assert_eq!(
            rules(&[by_dependency, by_feature, store]),
            [
                ("handoff-api".to_owned(), "stored form"),
                ("handoff-engine".to_owned(), "stored form")
            ]
        );
    }
}
