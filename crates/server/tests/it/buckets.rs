//! Files in a bucket, as operators meet them.

use std::path::Path;
use std::time::{Duration, Instant};

use handoff_store::conformance::s3_server::S3Server;

use crate::child::{Server, finish, handoff, text};
use crate::commands::{directory, succeed};
use crate::copies::bring_a_file;

const SECRET: &str = "canary-of-a-secret";
/// Longer than between two looks at the bucket, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(500);

/// Writes a configuration whose files are in a bucket.
fn configure(home: &Path, bucket: &str) {
    let endpoint = S3Server::shared().endpoint();
    let config = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n[store]\npath = \"data\"\n\
         [chat]\nfiles = \"s3://{bucket}/center\"\n\
         [s3]\nendpoint = \"{endpoint}\"\nkey = \"key\"\nsecret = \"{SECRET}\"\n"
    );
    std::fs::write(home.join("bucket.toml"), config).unwrap();
}

fn serve(home: &Path, config: &str) -> Server {
    let mut command = handoff(&["serve", "--config", config]);
    Server::start(command.current_dir(home))
}

fn stop(mut server: Server) {
    server.signal("TERM");
    server.wait();
}

/// Returns what a command that has to fail says.
fn refused(arguments: &[&str], home: &Path) -> String {
    let refused = finish(&[arguments, &["--config", "bucket.toml"]].concat(), home);
    assert!(!refused.status.success(), "{arguments:?} was done");
    let told = text(&refused.stdout) + &text(&refused.stderr);
    assert!(!told.contains(SECRET), "{told}");
    told
}

#[expect(clippy::disallowed_methods, reason = "another process lives in real time")]
fn said_of_readiness(server: &Server, wanted: &str) -> String {
    let until = Instant::now() + PATIENCE;
    loop {
        let told = server.get("/readyz");
        if told.contains(wanted) || Instant::now() > until {
            return told;
        }
        std::thread::sleep(PAUSE);
    }
}

#[test]
fn files_move_into_a_bucket_and_back_and_what_is_wrong_with_it_is_told() {
    let (home, s3) = (directory(), S3Server::shared());
    let home = home.path();
    succeed(&["apply", "center.toml", "--config", "handoff.toml"], home);
    stop(serve(home, "handoff.toml"));
    bring_a_file(&home.join("data"));

    configure(home, "nobodys");
    let sentence = "there is no bucket nobodys at http://127.0.0.1";
    let told = refused(&["serve"], home);
    assert!(told.contains("chat.files: the bucket nobodys: ") && told.contains(sentence), "{told}");
    let told = refused(&["doctor"], home);
    assert!(
        told.contains("problem files: the bucket nobodys: ") && told.contains(sentence),
        "{told}"
    );

    let bucket = s3.fresh_bucket();
    configure(home, &bucket);
    let told = refused(&["serve"], home);
    assert!(told.contains("the store has records of files, and this is not where"), "{told}");
    let place = format!("s3://{bucket}/center");
    let copy = |from: &str, to: &str| {
        let copy = ["copy-files", "--from", from, "--to", to, "--config", "bucket.toml"];
        succeed(&copy, home)
    };
    let told = copy("data/files", &place);
    assert!(told.contains("1 files copied, 7 bytes; 0 were there"), "{told}");
    stop(serve(home, "bucket.toml"));
    let told = copy(&place, "back/files");
    assert!(told.contains("1 files copied, 7 bytes; 0 were there"), "{told}");
    assert!(told.contains("back/files has all files"), "{told}");

    let server = serve(home, "bucket.toml");
    let told = server.get("/readyz");
    assert!(!told.contains("files: "), "the control: nothing is wrong yet: {told}");
    let told = copy(&place, "again/files");
    assert!(told.contains("a server uses the bucket"), "{told}");
    s3.forget();
    let told = said_of_readiness(&server, "files: there is no such bucket; the log says more");
    assert!(told.contains("files: there is no such bucket; the log says more"), "{told}");
    assert!(told.starts_with("HTTP/1.1 200 "), "what needs no files is served: {told}");
    assert!(!told.contains(&bucket), "anybody may ask: {told}");
}
