//! `handoff demo` from start to stop.

use std::io::Read as _;
use std::path::Path;

use crate::child::{Server, finish, handoff, text};

fn demo(data: Option<&Path>) -> Server {
    let mut command = handoff(&["demo", "--listen", "127.0.0.1:0"]);
    if let Some(data) = data {
        command.arg("--data").arg(data);
    }
    Server::start(&mut command)
}

fn body_of(answer: &str) -> serde_json::Value {
    let (head, body) = answer.split_once("\r\n\r\n").expect("a complete answer");
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    serde_json::from_str(body).expect("a JSON body")
}

#[test]
fn it_serves_once_it_says_so_and_stops_when_told_to() {
    let mut server = demo(None);
    let said = server.lines(12);
    let (sent, said) = said.split_last().expect("lines");
    assert!(sent.ends_with("/sent"), "{sent}");
    let (page, accounts) = said.split_last().expect("lines");
    let accounts = accounts.join("\n");
    assert!(accounts.starts_with("open that address "), "{accounts}");
    for name in ["handoff-demo", "kate", "ben", "mia", "sam", "ada", "intake", "zoe"] {
        assert!(accounts.contains(name), "{accounts}");
    }
    assert!(page.contains(" at /demo/chat;"), "{page}");
    assert!(server.get("/demo/chat").contains("/chat/widget.js"));
    let version = body_of(&server.get("/api/v2/diagnostics/version"));
    assert_eq!(version["statusCode"], 0);
    let sign_in = body_of(&server.get("/api/v2/session"));
    assert_eq!(
        (&sign_in["center"], &sign_in["demo"][2]["userName"]),
        (&"Demo".into(), &"ada".into())
    );
    let mut idle = server.connect();
    server.signal("TERM");
    let mut rest = Vec::new();
    // A connection that said nothing is closed, so that nobody waits for it.
    let _ = idle.read_to_end(&mut rest);
    assert!(rest.is_empty());
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn an_interrupt_stops_it_as_well() {
    let mut server = demo(None);
    server.signal("INT");
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn a_data_directory_survives_a_crash() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let mut first = demo(Some(&data));
    body_of(&first.get("/api/v2/diagnostics/version"));
    first.signal("KILL");
    assert!(!first.wait().success());
    let mut second = demo(Some(&data));
    body_of(&second.get("/api/v2/diagnostics/version"));
    second.signal("TERM");
    assert_eq!(second.wait().code(), Some(0));
}

#[test]
fn one_data_directory_has_one_server() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().to_str().unwrap();
    let _first = demo(Some(directory.path()));
    let second = finish(&["demo", "--listen", "127.0.0.1:0", "--data", data], directory.path());
    assert!(!second.status.success());
    assert!(text(&second.stderr).contains("in use by another process"), "{}", text(&second.stderr));
}

#[test]
fn it_refuses_to_listen_beyond_loopback() {
    let directory = tempfile::tempdir().unwrap();
    let refused = finish(&["demo", "--listen", "0.0.0.0:0"], directory.path());
    assert!(!refused.status.success());
    assert!(
        text(&refused.stderr).contains("0.0.0.0:0 is not a loopback address"),
        "{}",
        text(&refused.stderr)
    );
    assert!(refused.stdout.is_empty());
}

#[test]
fn a_temporary_data_directory_is_removed_at_the_end() {
    let temporary = tempfile::tempdir().unwrap();
    let mut command = handoff(&["demo", "--listen", "127.0.0.1:0"]);
    let mut server = Server::start(command.env("TMPDIR", temporary.path()));
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 1);
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0);
}

#[test]
fn it_recovers_from_having_no_descriptor_left() {
    const DESCRIPTORS: usize = 64;
    let mut shell = std::process::Command::new("sh");
    let limited = format!("ulimit -n {DESCRIPTORS}; exec \"$0\" demo --listen 127.0.0.1:0");
    let mut server = Server::start(shell.args(["-c", &limited, env!("CARGO_BIN_EXE_handoff")]));
    let crowd: Vec<_> = (0..DESCRIPTORS).map(|_| server.connect()).collect();
    drop(crowd);
    body_of(&server.get("/api/v2/diagnostics/version"));
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn it_speaks_plain_http_and_says_so_to_who_wants_tls() {
    let mut command = handoff(&["demo", "--listen", "127.0.0.1:0"]);
    command.env("HANDOFF__TLS__CERTIFICATE", "c.pem").env("HANDOFF__TLS__CERTIFICATE_KEY", "k.pem");
    let output = command.output().expect("the program can be started");
    let told = text(&output.stderr);
    assert!(!output.status.success() && told.contains("leave [tls] out"), "{told}");
}
