//! A store is copied while it is served, served as a copy, and copied back.

use std::path::Path;

use handoff_store::conformance::samples::chats::{file, file_id};
use handoff_store::conformance::samples::{BEGIN, put};
use handoff_store::conformance::server::PostgresServer;
use handoff_store::{
    ChangeSet, DiskFiles, Files as _, NewFile, Record, SqliteOptions, SqliteStore, Store as _,
};

use crate::child::{Server, finish, handoff, text};
use crate::commands::{directory, succeed};

/// Returns the address of an empty schema, with a password in it.
fn database() -> String {
    let address = PostgresServer::shared().fresh_schema();
    address.replacen("postgres@", "postgres:secret@", 1)
}

#[test]
fn a_served_store_goes_into_a_database_and_back() {
    let (home, database) = (directory(), database());
    succeed(&["apply", "center.toml", "--config", "handoff.toml"], home.path());
    let mut command = handoff(&["serve", "--config", "handoff.toml"]);
    let mut server = Server::start(command.current_dir(home.path()));
    assert!(server.get("/readyz").starts_with("HTTP/1.1 200 "));
    let there = ["copy", "--from", "sqlite:data", "--to", &database];
    let told = succeed(&there, home.path());
    assert!(told.contains("users ") && told.contains("1 rows alike"), "{told}");
    assert!(told.contains("the server takes no writes any more; stop it"), "{told}");
    assert!(!told.contains("secret"), "{told}");
    // It is tried once a second.
    let refuses = |_| server.get("/readyz").starts_with("HTTP/1.1 503 ");
    assert!((0..100_000).any(refuses), "it takes no writes");
    assert!(server.get("/api/v2/diagnostics/version").starts_with("HTTP/1.1 200 "));
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
    let refused = finish(&there, home.path());
    assert!(!refused.status.success() && text(&refused.stderr).contains("has something in it"));
    let apply = ["apply", "center.toml", "--config", "handoff.toml"];
    let refused = finish(&["serve", "--config", "handoff.toml"], home.path());
    let told = text(&refused.stderr);
    assert!(!refused.status.success() && told.contains("was copied to postgres://"), "{told}");
    assert!(!finish(&apply, home.path()).status.success());
    std::fs::remove_file(home.path().join("data/handoff.db-moved")).unwrap();
    assert_eq!(succeed(&apply, home.path()), "no changes\n", "on purpose it is served again");

    let back = ["copy", "--from", &database, "--to", "sqlite:back/handoff.db"];
    assert!(succeed(&back, home.path()).contains("is whole and may be served\n"));
    let config = "[server]\nlisten = \"127.0.0.1:0\"\n[store]\npath = \"back\"\n";
    std::fs::write(home.path().join("back.toml"), config).unwrap();
    let apply = ["apply", "center.toml", "--config", "back.toml"];
    assert_eq!(succeed(&apply, home.path()), "no changes\n", "eva is there");
    let mut command = handoff(&["serve", "--config", "back.toml"]);
    let server = Server::start(command.current_dir(home.path()));
    assert!(server.get("/readyz").starts_with("HTTP/1.1 200 "));
}

#[test]
fn what_cannot_be_copied_is_refused_in_a_sentence() {
    let home = directory();
    let refusals = [
        (["sqlite:nothing", "sqlite:there"], "there is no store in nothing"),
        (["data", "sqlite:there"], "--from is none of sqlite:DIRECTORY and postgres://"),
        (["sqlite:data", "mysql://h/d"], "--to is none of"),
        (["sqlite:data", "postgres://nobody@127.0.0.1:9/d"], "the database cannot be used"),
    ];
    for ([from, to], sentence) in refusals {
        let refused = finish(&["copy", "--from", from, "--to", to], home.path());
        let told = text(&refused.stderr);
        assert!(!refused.status.success() && told.contains(sentence), "{from} {to}: {told}");
    }
    assert!(!home.path().join("nothing").exists(), "what is named by mistake is not made");
}

/// Has a store that nobody serves have a file.
pub(crate) fn bring_a_file(data: &Path) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let files = DiskFiles::open(data.join("files")).unwrap();
        let new = NewFile { id: file_id(1), at: BEGIN, bytes_max: 9 };
        let mut incoming = files.begin(new).await.unwrap();
        incoming.write(b"a photo").await.unwrap();
        incoming.keep().await.unwrap();
        let store = SqliteStore::open(SqliteOptions::new(data.join("handoff.db"))).unwrap();
        let puts = vec![put(Record::File(file(1)), 0)];
        store.commit(ChangeSet { puts, ..ChangeSet::default() }).await.unwrap();
        store.close().await;
    });
}

#[test]
fn files_are_copied_apart_and_no_server_starts_without_them() {
    let (home, database) = (directory(), database());
    succeed(&["apply", "center.toml", "--config", "handoff.toml"], home.path());
    let mut command = handoff(&["serve", "--config", "handoff.toml"]);
    let mut server = Server::start(command.current_dir(home.path()));
    let there = ["copy-files", "--from", "data/files", "--to", &database];
    let told = succeed(&there, home.path());
    assert!(told.contains("a server uses data/files: stop it and copy again"), "{told}");
    server.signal("TERM");
    server.wait();
    bring_a_file(&home.path().join("data"));
    let told = succeed(&["copy", "--from", "sqlite:data", "--to", &database], home.path());
    assert!(told.contains("its files stay where they are"), "{told}");

    let config = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n[store]\npath = \"node\"\nurl = \"{database}\"\n"
    );
    std::fs::write(home.path().join("node.toml"), config).unwrap();
    let refused = finish(&["serve", "--config", "node.toml"], home.path());
    let told = text(&refused.stderr);
    assert!(!refused.status.success(), "it started without its files");
    assert!(told.contains("chat.files: the database: the store has records of files"), "{told}");
    let told = finish(&["doctor", "--config", "node.toml"], home.path());
    assert!(text(&told.stdout).contains("problem files: the database: "), "{told:?}");

    let told = succeed(&there, home.path());
    assert!(told.contains("1 files copied, 7 bytes; 0 were there"), "{told}");
    assert!(told.contains("the database has all files"), "{told}");
    assert!(!told.contains("secret"), "{told}");
    let mut command = handoff(&["serve", "--config", "node.toml"]);
    let mut server = Server::start(command.current_dir(home.path()));
    assert!(server.get("/readyz").starts_with("HTTP/1.1 200 "));
    let back = ["copy-files", "--from", &database, "--to", "back/files"];
    assert!(succeed(&back, home.path()).contains("a server uses the database"));
    server.signal("TERM");
    server.wait();
    let told = succeed(&back, home.path());
    assert!(told.contains("0 files copied, 0 bytes; 1 were there"), "{told}");
    assert!(told.contains("back/files has all files"), "{told}");
    let another = ["copy-files", "--from", "elsewhere", "--to", "back/files"];
    assert!(!finish(&another, home.path()).status.success(), "there is nothing");
}
