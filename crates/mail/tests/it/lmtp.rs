//! The LMTP listener: durable before 250, one message per mailbox, one end per message.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use handoff_mail::lmtp::{LmtpConfig, LmtpLimits, LmtpListener, Recipients, serve};
use handoff_mail::ports::{NotNow, Source};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;

use crate::peers::PATIENCE;
use crate::peers::ledger::{Ledger, Manner};

/// Addresses of a desk with two mailboxes.
struct Desk;

impl Recipients for Desk {
    fn mailbox(&self, address: &str) -> Result<Option<String>, NotNow> {
        let (local, domain) = address.rsplit_once('@').unwrap_or_default();
        let local = local.split('+').next().unwrap_or_default();
        if local == "unread" {
            return Err(NotNow("planned by the test".into()));
        }
        Ok((domain == "desk.example" && ["support", "sales"].contains(&local))
            .then(|| local.to_owned()))
    }
}

struct Server {
    port: u16,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

async fn server(ledger: &Arc<Ledger>, limits: LmtpLimits) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let config =
        LmtpConfig { host_name: "desk.example".into(), recipients: Arc::new(Desk), limits };
    let stop = CancellationToken::new();
    let task = tokio::spawn(serve(
        LmtpListener::tcp(listener).unwrap(),
        config,
        ledger.clone(),
        stop.clone(),
    ));
    Server { port, stop, task }
}

/// Says everything at once and gives the answers' codes up to the end of the connection.
async fn codes(port: u16, said: &[u8]) -> Vec<u16> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(said).await.unwrap();
    let mut heard = String::new();
    tokio::time::timeout(PATIENCE, stream.read_to_string(&mut heard))
        .await
        .expect("the server ends it")
        .unwrap();
    answers(&heard)
}

fn answers(heard: &str) -> Vec<u16> {
    heard
        .lines()
        .filter(|line| line.as_bytes()[3] == b' ')
        .map(|line| line[..3].parse().unwrap())
        .collect()
}

/// Returns a whole dialogue with one message.
fn dialogue(recipients: &[&str], content: &str) -> Vec<u8> {
    let recipients: String = recipients.iter().map(|to| format!("RCPT TO:<{to}>\r\n")).collect();
    format!("LHLO mx\r\nMAIL FROM:<anna@customer.example>\r\n{recipients}DATA\r\n{content}\r\n.\r\nQUIT\r\n")
        .into_bytes()
}

#[tokio::test]
async fn recipients_of_a_mailbox_share_a_message_and_each_has_an_answer() {
    let ledger = Arc::new(Ledger::default());
    let server = server(&ledger, LmtpLimits::default()).await;
    let to = [
        "support@desk.example",
        "nobody@desk.example",
        "sales@desk.example",
        "support+t1@desk.example",
        "x@y.example",
        "unread@desk.example",
    ];
    let codes = codes(server.port, &dialogue(&to, "Subject: x\r\n\r\n..dot")).await;
    assert_eq!(codes, [220, 250, 250, 250, 550, 250, 250, 550, 451, 354, 250, 250, 250, 221]);
    let taken = ledger.taken();
    let sender = Some("anna@customer.example".to_owned());
    let raw = b"Return-Path: <anna@customer.example>\r\nSubject: x\r\n\r\n.dot\r\n";
    assert_eq!(taken.len(), 2);
    for (arrival, mailbox, recipients) in [
        (&taken[0], "sales", vec!["sales@desk.example"]),
        (&taken[1], "support", vec!["support@desk.example", "support+t1@desk.example"]),
    ] {
        let recipients = recipients.into_iter().map(str::to_owned).collect();
        assert_eq!(arrival.mailbox, mailbox);
        assert_eq!(arrival.source, Source::Lmtp { sender: sender.clone(), recipients });
        assert_eq!(arrival.raw, raw);
    }
}

#[tokio::test]
async fn what_is_not_durable_is_not_accepted() {
    let ledger = Arc::new(Ledger::default());
    let server = server(&ledger, LmtpLimits::default()).await;
    let said = dialogue(&["support@desk.example"], "Subject: x\r\n\r\nhello");
    ledger.not_now.store(1, Ordering::SeqCst);
    assert_eq!(codes(server.port, &said).await, [220, 250, 250, 250, 354, 451, 221]);
    assert_eq!(ledger.taken().len(), 0);
    assert_eq!(codes(server.port, &said).await, [220, 250, 250, 250, 354, 250, 221]);
    // A mail server that has missed the answer brings it again, and is told the same.
    assert_eq!(codes(server.port, &said).await, [220, 250, 250, 250, 354, 250, 221]);
    assert_eq!(ledger.taken().len(), 1);
    *ledger.refuse.lock().unwrap() = Some(b"poison".to_vec());
    let said = dialogue(&["support@desk.example"], "Subject: poison\r\n\r\nhello");
    assert_eq!(codes(server.port, &said).await, [220, 250, 250, 250, 354, 554, 221]);
}

#[tokio::test]
async fn an_intake_that_is_hasty_is_noticed() {
    let ledger = Arc::new(Ledger::new(Manner::Hasty));
    let server = server(&ledger, LmtpLimits::default()).await;
    let codes = codes(server.port, &dialogue(&["support@desk.example"], "x")).await;
    let accepted = codes.iter().filter(|code| **code == 250).count() - 3;
    assert_ne!(accepted, ledger.taken().len(), "the control has to lose what it accepted");
}

/// The mail server dies after each byte of a dialogue; whatever it was not told, it brings again.
#[tokio::test]
async fn nothing_is_lost_wherever_the_mail_server_dies() {
    let ledger = Arc::new(Ledger::default());
    let limits = LmtpLimits { connections_max: 1_000, ..LmtpLimits::default() };
    let server = server(&ledger, limits).await;
    let mut deaths = 0;
    let length = dialogue(&["support@desk.example"], "Subject: 000\r\n\r\nhello").len();
    for at in 0..length {
        let content = format!("Subject: {at:03}\r\n\r\nhello");
        let said = dialogue(&["support@desk.example"], &content);
        let mut stream = TcpStream::connect(("127.0.0.1", server.port)).await.unwrap();
        stream.write_all(&said[..at]).await.unwrap();
        drop(stream);
        deaths += 1;
        assert!(codes(server.port, &said).await.ends_with(&[250, 221]), "at byte {at}");
        assert_eq!(ledger.count(format!("{content}\r\n").as_bytes()), 1, "at byte {at}");
    }
    assert_eq!(ledger.taken().len(), deaths);
}

#[tokio::test]
async fn twenty_ways_to_smuggle_make_one_message_or_none() {
    let ledger = Arc::new(Ledger::default());
    let server = server(&ledger, LmtpLimits { silence_ms: 500, ..LmtpLimits::default() }).await;
    let ends = [
        "\n.\n",
        "\r.\r",
        "\n.\r\n",
        "\r\n.\n",
        "\r.\r\n",
        "\r\n.\r",
        "\n\n.\r\n",
        "\r\r\n.\r\r\n",
        "\n.\n.\n",
        "\r\n.\r\r\n",
        "\r\n.\0\r\n",
        "\r\n. \r\n",
        "\r\n\0.\r\n",
        "\n\r.\n\r",
        "\r\n.\n\r\n",
        "\u{85}.\u{85}",
        "\u{2028}.\u{2028}",
        "\r\n..\r\n",
        "\r\n.\r.\r\n",
        "\r\n\r.\r\n",
    ];
    for end in ends {
        let before = ledger.taken().len();
        let hidden =
            "MAIL FROM:<boss@desk.example>\r\nRCPT TO:<sales@desk.example>\r\nDATA\r\nhidden";
        let said =
            dialogue(&["support@desk.example"], &format!("Subject: x\r\n\r\nshown{end}{hidden}"));
        let codes = codes(server.port, &said).await;
        assert_eq!(codes[..5], [220, 250, 250, 250, 354], "{end:?}");
        let has_lone = end.replace("\r\n", "").contains(['\r', '\n']);
        assert_eq!(codes[5..], if has_lone { [554, 221] } else { [250, 221] }, "{end:?}");
        let taken = ledger.taken();
        assert_eq!(taken.len() - before, usize::from(!has_lone), "{end:?}");
        assert!(taken.iter().all(|arrival| arrival.mailbox == "support"), "{end:?}");
    }
}

#[tokio::test]
async fn bounds_hold() {
    let ledger = Arc::new(Ledger::default());
    let limits = LmtpLimits {
        message_bytes_max: 1_000,
        line_bytes_max: 100,
        recipients_max: 2,
        commands_max: 30,
        errors_max: 3,
        ..LmtpLimits::default()
    };
    let server = server(&ledger, limits).await;
    let support = "support@desk.example";
    let large = "x".repeat(1_001);
    let huge = "x".repeat(5_000);
    // Its end never comes; who sends four times too much is not listened to any longer.
    let endless = dialogue(&[support], &huge).strip_suffix(b"\r\n.\r\nQUIT\r\n").unwrap().to_vec();
    for (what, said, expected) in [
        ("a large message", dialogue(&[support], &large), vec![220, 250, 250, 250, 354, 552, 221]),
        ("an endless message", endless, vec![220, 250, 250, 250, 354, 421]),
        (
            "an announced large message",
            b"LHLO x\r\nMAIL FROM:<> SIZE=1001\r\nQUIT\r\n".to_vec(),
            vec![220, 250, 552, 221],
        ),
        ("a long line", huge.clone().into_bytes(), vec![220, 500]),
        (
            "three recipients",
            format!(
                "LHLO x\r\nMAIL FROM:<>\r\n{}QUIT\r\n",
                format!("RCPT TO:<{support}>\r\n").repeat(3)
            )
            .into_bytes(),
            vec![220, 250, 250, 250, 250, 452, 221],
        ),
        ("errors", b"WHAT\r\n".repeat(5), vec![220, 500, 500, 500, 421]),
        ("commands", b"NOOP\r\n".repeat(30), [vec![220], vec![250; 30], vec![421]].concat()),
        ("no greeting", b"MAIL FROM:<>\r\nQUIT\r\n".to_vec(), vec![220, 503, 221]),
        (
            "no recipient",
            b"LHLO x\r\nMAIL FROM:<>\r\nDATA\r\nQUIT\r\n".to_vec(),
            vec![220, 250, 250, 503, 221],
        ),
        (
            "a second MAIL",
            b"LHLO x\r\nMAIL FROM:<>\r\nMAIL FROM:<>\r\nRSET\r\nMAIL FROM:<>\r\nQUIT\r\n".to_vec(),
            vec![220, 250, 250, 503, 250, 250, 221],
        ),
        ("SMTP", b"EHLO x\r\nVRFY a\r\nQUIT\r\n".to_vec(), vec![220, 500, 252, 221]),
    ] {
        assert_eq!(codes(server.port, &said).await, expected, "{what}");
    }
    assert_eq!(ledger.taken().len(), 0);
}

#[tokio::test]
async fn one_connection_too_many_is_told_so() {
    let ledger = Arc::new(Ledger::default());
    let server = server(&ledger, LmtpLimits { connections_max: 1, ..LmtpLimits::default() }).await;
    let mut first = TcpStream::connect(("127.0.0.1", server.port)).await.unwrap();
    let mut greeting = [0; 3];
    first.read_exact(&mut greeting).await.unwrap();
    assert_eq!(&greeting, b"220");
    assert_eq!(codes(server.port, b"").await, [421]);
}

#[tokio::test]
async fn a_stop_says_goodbye_and_ends() {
    let ledger = Arc::new(Ledger::default());
    let server = server(&ledger, LmtpLimits::default()).await;
    let mut idle = TcpStream::connect(("127.0.0.1", server.port)).await.unwrap();
    let mut greeting = [0; 3];
    idle.read_exact(&mut greeting).await.unwrap();
    server.stop.cancel();
    let mut heard = String::new();
    idle.read_to_string(&mut heard).await.unwrap();
    assert!(heard.ends_with("421 4.3.2 The server is stopping; come again later\r\n"), "{heard}");
    tokio::time::timeout(PATIENCE, server.task).await.expect("it ends").unwrap();
}

#[tokio::test]
async fn it_listens_on_a_socket_file_too_but_not_to_other_machines() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("lmtp");
    let ledger = Arc::new(Ledger::default());
    let config = LmtpConfig {
        host_name: "desk".into(),
        recipients: Arc::new(Desk),
        limits: LmtpLimits::default(),
    };
    let listener = LmtpListener::unix(UnixListener::bind(&path).unwrap());
    let stop = CancellationToken::new();
    tokio::spawn(serve(listener, config, ledger.clone(), stop.clone()));
    let mut stream = UnixStream::connect(&path).await.unwrap();
    stream.write_all(&dialogue(&["support@desk.example"], "x")).await.unwrap();
    let mut heard = String::new();
    stream.read_to_string(&mut heard).await.unwrap();
    assert_eq!(answers(&heard), [220, 250, 250, 250, 354, 250, 221]);
    stop.cancel();
    let everywhere = TcpListener::bind("0.0.0.0:0").await.unwrap();
    assert!(LmtpListener::tcp(everywhere).is_err());
}
