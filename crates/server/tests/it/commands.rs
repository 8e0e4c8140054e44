//! The commands that do something and end.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;

use crate::child::{Server, finish, handoff, text};

const CONFIG: &str = "[server]\nlisten = \"127.0.0.1:0\"\n[store]\npath = \"data\"\n";
const CENTER: &str = "[center]\nname = \"Small\"\n[[user]]\nuserName = \"eva\"\nroles = [\"agent\"]\npassword = \"open secret\"\n";

pub(crate) fn directory() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("handoff.toml"), CONFIG).unwrap();
    std::fs::write(directory.path().join("center.toml"), CENTER).unwrap();
    directory
}

pub(crate) fn succeed(arguments: &[&str], directory: &Path) -> String {
    let output = finish(arguments, directory);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn a_center_is_applied_once() {
    let directory = directory();
    let apply = ["apply", "center.toml", "--config", "handoff.toml"];
    let dry = [&apply[..], &["--dry-run"]].concat();
    assert!(succeed(&dry, directory.path()).contains("+ user \"eva\""));
    let first = finish(&apply, directory.path());
    assert!(
        text(&first.stdout).contains("+ user \"eva\"") && text(&first.stdout).contains("applied")
    );
    let warning = text(&first.stderr);
    assert!(
        warning.contains("the password of eva") && !warning.contains("open secret"),
        "{warning}"
    );
    assert_eq!(succeed(&apply, directory.path()), "no changes\n");
}

#[test]
fn a_configured_server_starts_and_stops() {
    let directory = directory();
    let mut command = handoff(&["serve", "--config", "handoff.toml"]);
    let mut server = Server::start(command.current_dir(directory.path()));
    assert!(server.get("/api/v2/diagnostics/version").starts_with("HTTP/1.1 200 "));
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
    assert!(directory.path().join("data").is_dir());
}

#[test]
fn a_center_is_applied_by_the_running_server() {
    let directory = directory();
    let mut command = handoff(&["serve", "--config", "handoff.toml"]);
    let _server = Server::start(command.current_dir(directory.path()));
    let apply = ["apply", "center.toml", "--config", "handoff.toml"];
    assert!(succeed(&apply, directory.path()).ends_with("applied\n"));
    assert_eq!(succeed(&apply, directory.path()), "no changes\n");
    // Whoever else the machine has cannot open the door.
    let socket = std::fs::metadata(directory.path().join("data/handoff.sock")).unwrap();
    assert_eq!(socket.permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_center_is_exported_into_a_file_that_nobody_else_reads() {
    let directory = directory();
    let config = ["--config", "handoff.toml"];
    let export = |more: &[&'static str]| [&["export"], &config[..], more].concat();
    let refused = finish(&export(&[]), directory.path());
    assert!(text(&refused.stderr).contains("there is no store in data"), "{refused:?}");
    assert!(!directory.path().join("data").exists(), "none is made");
    succeed(&[&["apply", "center.toml"], &config[..]].concat(), directory.path());
    let printed = succeed(&export(&[]), directory.path());
    assert!(printed.contains("userName = \"eva\"\nroles = [\"agent\"]\n"), "{printed}");
    let file = directory.path().join("written.toml");
    std::fs::write(&file, "before").unwrap();
    assert_eq!(succeed(&export(&["written.toml"]), directory.path()), "");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), printed);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let refused = finish(&export(&["--center", "Large"]), directory.path());
    assert!(text(&refused.stderr).contains("there are: \"Small\""), "{refused:?}");
}

#[test]
fn a_configuration_is_checked() {
    let directory = directory();
    assert_eq!(succeed(&["check-config", "handoff.toml"], directory.path()), "handoff.toml: ok\n");
    std::fs::write(directory.path().join("wrong.toml"), "[server]\nlisten = 8090\n").unwrap();
    let refused = finish(&["check-config", "wrong.toml"], directory.path());
    assert_eq!(refused.status.code(), Some(1));
    let told = text(&refused.stderr);
    assert!(told.starts_with("handoff: wrong.toml:2: server.listen: "), "{told}");
    assert_eq!(told.lines().count(), 1);
    let missing = finish(&["serve", "--config", "missing.toml"], directory.path());
    assert!(
        text(&missing.stderr).contains("missing.toml cannot be read"),
        "{}",
        text(&missing.stderr)
    );
}

#[test]
fn variables_configure_as_well() {
    let directory = directory();
    let output = handoff(&["check-config", "handoff.toml"])
        .env("HANDOFF__SESSION__IDLE", "forever")
        .current_dir(directory.path())
        .output()
        .unwrap();
    assert!(
        text(&output.stderr).starts_with("handoff: HANDOFF__SESSION__IDLE: "),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn a_store_is_migrated_and_examined() {
    let directory = directory();
    let config = ["--config", "handoff.toml"];
    let doctor = [&["doctor"], &config[..]].concat();
    assert_eq!(succeed(&doctor, directory.path()).matches("ok ").count(), 7);
    assert!(
        succeed(&[&["migrate"], &config[..]].concat(), directory.path()).contains("up to date")
    );
    assert_eq!(succeed(&doctor, directory.path()).matches("ok ").count(), 9);
    let restored = succeed(&[&["restored"], &config[..]].concat(), directory.path());
    assert!(restored.contains("look at everything again"), "{restored}");
    let deep = finish(&[&doctor[..], &["--deep"]].concat(), directory.path());
    assert!(
        text(&deep.stdout).contains("ok      records: every record can be read"),
        "{}",
        text(&deep.stdout)
    );
    assert!(text(&deep.stderr).contains("interactions: 0 read"), "{}", text(&deep.stderr));
    std::fs::write(
        directory.path().join("data/handoff.db"),
        "this is not a database, and it is long enough",
    )
    .unwrap();
    let output = finish(&doctor, directory.path());
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("problem store: "), "{}", text(&output.stdout));
}

#[test]
fn a_supervisor_is_told_when_the_server_is_ready_and_when_it_stops() {
    let directory = directory();
    let socket = UnixDatagram::bind(directory.path().join("notify")).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let told = || {
        let mut bytes = [0; 64];
        let count = socket.recv(&mut bytes).unwrap();
        text(&bytes[..count])
    };
    let mut command = handoff(&["serve", "--config", "handoff.toml"]);
    command.current_dir(directory.path());
    command.env("NOTIFY_SOCKET", directory.path().join("notify"));
    let mut server = Server::start(&mut command);
    assert_eq!(told(), "READY=1\n");
    assert!(server.get("/readyz").starts_with("HTTP/1.1 200 "));
    server.signal("TERM");
    assert_eq!(told(), "STOPPING=1\n");
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn a_certificate_that_cannot_be_used_is_told_before_a_start() {
    let directory = directory();
    let more = "[tls]\ncertificate = \"none.pem\"\ncertificate_key = \"none.key\"\n";
    std::fs::write(directory.path().join("handoff.toml"), format!("{CONFIG}{more}")).unwrap();
    for arguments in [&["check-config", "handoff.toml"][..], &["serve", "--config", "handoff.toml"]]
    {
        let output = finish(arguments, directory.path());
        let told = text(&output.stderr);
        assert!(!output.status.success() && told.contains("tls.certificate: none.pem"), "{told}");
    }
}
