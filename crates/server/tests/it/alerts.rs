//! Operators who are told of trouble by e-mail.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use handoff_testkit::tls::Authority;

use crate::child::{Server, finish, handoff, text};

/// Takes the mails of one connection after another, as a relay does; returns where it listens.
fn relay() -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = listener.local_addr().unwrap().to_string();
    let (told, taken) = channel();
    thread::spawn(move || {
        listener.incoming().flatten().for_each(|stream| drop(serve(&stream, &told)));
    });
    (place, taken)
}

fn serve(stream: &TcpStream, told: &Sender<String>) -> std::io::Result<()> {
    let mut say = stream;
    say.write_all(b"220 relay\r\n")?;
    let (mut mail, mut is_content) = (String::new(), false);
    for line in BufReader::new(stream).lines() {
        let line = line?;
        mail.push_str(&line);
        mail.push('\n');
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_uppercase();
        let answer: &[u8] = match (is_content, verb.as_str()) {
            (true, ".") => {
                is_content = false;
                told.send(std::mem::take(&mut mail)).ok();
                b"250 taken\r\n"
            }
            (true, _) => continue,
            (false, "DATA") => {
                is_content = true;
                b"354 go on\r\n"
            }
            (false, "QUIT") => b"221 bye\r\n",
            (false, _) => b"250 relay\r\n",
        };
        say.write_all(answer)?;
    }
    Ok(())
}

#[test]
fn an_operator_hears_of_a_certificate_that_expires_soon() {
    let (place, taken) = relay();
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::make().unwrap();
    let files = authority.certify("soon", 3).unwrap();
    for (from, to) in [(&files.certificate, "own.pem"), (&files.key, "own.key")] {
        std::fs::copy(from, directory.path().join(to)).unwrap();
    }
    let config = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\nnode = \"north\"\n[store]\npath = \"data\"\n\
         [tls]\ncertificate = \"own.pem\"\ncertificate_key = \"own.key\"\n[alerts]\n\
         to = [\"ops@x.example\"]\nfrom = \"handoff@x.example\"\nrelay = \"{place}\"\nsecurity = \"none\"\n"
    );
    std::fs::write(directory.path().join("handoff.toml"), config).unwrap();
    let serve = ["serve", "--config", "handoff.toml"];
    let _server = Server::start(handoff(&serve).current_dir(directory.path()));
    let mail = taken.recv_timeout(Duration::from_secs(120)).unwrap();
    // A long line goes on in the next one.
    let mail = mail.replace("\n ", " ");
    for part in [
        "RCPT TO:<ops@x.example>",
        "Subject: Handoff north: the server's certificate expires within two weeks, or",
        "tls.certificate: ",
        "Auto-Submitted: auto-generated",
    ] {
        assert!(mail.contains(part), "{mail} lacks {part:?}");
    }
    // It is noted once the relay has taken it.
    let told = directory.path().join("data/alerts.json");
    for _ in 0..600 {
        if told.exists() {
            return;
        }
        // Nothing more is told: it is waited.
        taken.recv_timeout(Duration::from_millis(50)).unwrap_err();
    }
    panic!("what was told is not noted");
}

#[test]
fn a_password_that_is_not_there_is_found_before_there_is_trouble() {
    let directory = tempfile::tempdir().unwrap();
    let config = "[store]\npath = \"data\"\n[alerts]\nto = [\"ops@x.example\"]\nfrom = \"handoff@x.example\"\n\
        relay = \"127.0.0.1:25\"\nsecurity = \"none\"\nuser = \"h\"\npassword_file = \"none\"\n";
    std::fs::write(directory.path().join("handoff.toml"), config).unwrap();
    let looked = finish(&["doctor", "--config", "handoff.toml"], directory.path());
    let said = text(&looked.stdout);
    assert!(said.contains("problem alerts: the file none cannot be read"), "{said}");
}
