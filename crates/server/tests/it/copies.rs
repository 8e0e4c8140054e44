//! A store is copied while it is served, served as a copy, and copied back.

use handoff_store::conformance::server::PostgresServer;

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
    assert!(succeed(&back, home.path()).ends_with("is whole and may be served\n"));
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
