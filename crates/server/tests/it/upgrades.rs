//! What a newer program says of an older one's store, and what it leaves to the older one.

use handoff_store::conformance::versions::SchemaList;

use crate::child::{Server, finish, handoff, text};
use crate::commands::{directory, succeed};

const CONFIG: [&str; 2] = ["--config", "handoff.toml"];

fn check(more: &[&'static str]) -> Vec<&'static str> {
    [&["upgrade", "--check"], &CONFIG[..], more].concat()
}

fn steps(directory: &tempfile::TempDir) -> SchemaList {
    SchemaList::of(&directory.path().join("data/handoff.db"))
}

#[test]
fn a_check_says_what_an_upgrade_does_and_changes_nothing() {
    let directory = directory();
    let none = succeed(&check(&[]), directory.path());
    assert!(none.contains("schema: is made at the first start"), "{none}");
    assert!(!directory.path().join("data").exists(), "none is made");

    succeed(&[&["migrate"], &CONFIG[..]].concat(), directory.path());
    let (newest, name) = steps(&directory).last();
    steps(&directory).take_last();
    for look in [check(&[]), vec!["check-config", "handoff.toml"]] {
        let found = finish(&look, directory.path());
        let said = text(&found.stdout) + &text(&found.stderr);
        assert!(found.status.success(), "{said}");
        assert!(said.contains(&format!("to schema {newest}")) || said.contains(&name), "{said}");
        assert_eq!(steps(&directory).last().0, newest - 1, "{look:?}");
    }
}

#[test]
fn an_upgrade_waits_for_a_backup_that_is_new_enough() {
    let directory = directory();
    succeed(&[&["migrate"], &CONFIG[..]].concat(), directory.path());
    let nothing_to_do = succeed(&check(&["--backups", "backups"]), directory.path());
    assert!(!nothing_to_do.contains("backup: "), "{nothing_to_do}");
    steps(&directory).take_last();
    let wanted = check(&["--backups", "backups"]);
    let refused = finish(&wanted, directory.path());
    assert!(!refused.status.success());
    assert!(text(&refused.stdout).contains("make one with `handoff backup`"), "{refused:?}");
    std::fs::create_dir(directory.path().join("data/files")).unwrap();
    succeed(&[&["backup", "backups"], &CONFIG[..]].concat(), directory.path());
    let found = succeed(&wanted, directory.path());
    assert!(found.contains("backup: the newest is of"), "{found}");
}

#[test]
fn an_upgrade_brings_a_store_up_to_date() {
    let directory = directory();
    let upgrade = [&["upgrade"], &CONFIG[..]].concat();
    assert!(succeed(&upgrade, directory.path()).contains("is up to date"));
    let (newest, _) = steps(&directory).last();
    let beside = succeed(&check(&[]), directory.path());
    assert!(beside.contains(&format!("is {newest}, and this program")), "{beside}");
    assert!(beside.contains("programs that know schema 18 or a later one"), "{beside}");
}

#[test]
fn a_program_serves_what_a_newer_one_added_to_and_refuses_what_it_took_from() {
    let directory = directory();
    succeed(&[&["migrate"], &CONFIG[..]].concat(), directory.path());
    let known = steps(&directory).last().0;
    steps(&directory).add(known + 1, known);
    let mut command = handoff(&["serve", "--config", "handoff.toml"]);
    let mut server = Server::start(command.current_dir(directory.path()));
    assert!(server.get("/api/v2/diagnostics/version").starts_with("HTTP/1.1 200 "));
    let beside = succeed(&check(&[]), directory.path());
    assert!(beside.contains(&format!("is {}, and this program", known + 1)), "{beside}");
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));

    steps(&directory).add(known + 1, known + 1);
    let refused = finish(&[&["serve"], &CONFIG[..]].concat(), directory.path());
    assert!(text(&refused.stderr).contains("start the newer program"), "{refused:?}");
    let looked = finish(&check(&[]), directory.path());
    assert!(text(&looked.stdout).contains("problem schema: "), "{looked:?}");
}
