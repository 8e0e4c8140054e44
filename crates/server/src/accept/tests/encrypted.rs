//! The same over TLS.

use std::io::ErrorKind;

use handoff_testkit::tls::{Authority, connect};
use rustls::ClientConfig;
use tokio_rustls::client::TlsStream;

use super::*;
use crate::config;
use crate::tls::Tls;

fn encrypted(limits: Limits) -> (Server, ClientConfig) {
    encrypted_behind(Entry::default(), limits)
}

fn encrypted_behind(entry: Entry, limits: Limits) -> (Server, ClientConfig) {
    let authority = Authority::make().unwrap();
    let files = authority.certify("server", 30).unwrap();
    let (certificate, certificate_key) = (files.certificate, files.key);
    let files = config::Tls { certificate, certificate_key, ..config::Tls::default() };
    let tls = Tls::new(&files, &handoff_engine::SystemClock::default()).unwrap().unwrap();
    let server = start_behind(Entry { tls: Some(tls.acceptor()), ..entry }, limits);
    (server, authority.trusted().unwrap())
}

async fn say(server: &Server, trust: ClientConfig, text: &str) -> TlsStream<TcpStream> {
    let mut stream = connect(server.address, trust).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn requests_are_answered_and_the_end_is_said() {
    let (server, trust) = encrypted(Limits { header_timeout: SHORT, ..LIMITS });
    let mut stream = say(&server, trust.clone(), PEER).await;
    read_answer(&mut stream, "127.0.0.1").await;
    stream.write_all(PEER.as_bytes()).await.unwrap();
    read_answer(&mut stream, "127.0.0.1").await;
    server.acceptor.stop();
    // Without a word of it, this would be an error: what comes after could have been cut off.
    assert_eq!(stream.read(&mut [0; 16]).await.unwrap(), 0);

    let (server, trust) = encrypted(Limits { header_timeout: SHORT, ..LIMITS });
    assert_eq!(read_to_end(&mut say(&server, trust, &PEER[..20]).await).await, "", "half a head");
    let plain = read_to_end(&mut server.say(PEER).await).await;
    let (head, body) = plain.split_once("\r\n\r\n").expect("a complete answer");
    assert!(head.starts_with("HTTP/1.1 400 ") && body.contains("https://"), "{plain}");
    assert!(head.contains(&format!("Content-Length: {}", body.len())), "{head}");
}

#[tokio::test]
async fn http_1_is_what_is_agreed_on() {
    let (server, mut trust) = encrypted(LIMITS);
    trust.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let stream = connect(server.address, trust.clone()).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    trust.alpn_protocols = vec![b"h2".to_vec()];
    assert!(connect(server.address, trust).await.is_err());
}

#[tokio::test]
async fn a_handshake_that_does_not_go_on_is_closed() {
    let (server, trust) = encrypted(Limits { header_timeout: SHORT, ..LIMITS });
    assert_eq!(read_to_end(&mut server.connect().await).await, "", "silence");
    // The beginning of a record, and then a byte at a time.
    let stream = server.say("\x16\x03\x01\x02\x00\x01").await;
    let (mut reading, mut writing) = stream.into_split();
    let dripping = async {
        while writing.write_all(b"x").await.is_ok() {
            tokio::time::sleep(SHORT / 5).await;
        }
    };
    tokio::time::timeout(PATIENCE, dripping).await.expect("the server closes the connection");
    let _ = reading.read_to_end(&mut Vec::new()).await;
    let mut silent = connect(server.address, trust).await.unwrap();
    assert_eq!(read_to_end(&mut silent).await, "", "silence after the handshake");
}

#[tokio::test]
async fn a_handshake_counts_as_a_connection() {
    let (server, trust) = encrypted(Limits { connections_per_address: 1, ..LIMITS });
    let half = server.say("\x16\x03\x01").await;
    let refused = connect(server.address, trust.clone()).await;
    assert!(refused.is_err());
    drop(half);
    let again = async {
        while connect(server.address, trust.clone()).await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, again).await.expect("its place is free again");
}

#[tokio::test]
async fn a_handshake_counts_as_a_connection_of_whom_a_proxy_names() {
    let trusted = "127.0.0.1".to_owned().try_into().unwrap();
    let entry = Entry { proxies: Proxies::of([trusted]), proxy_protocol: true, tls: None };
    let limits = Limits { connections_per_address: 1, ..LIMITS };
    let (server, _trust) = encrypted_behind(entry, limits);
    let header = |client| format!("PROXY TCP4 {client} 127.0.0.1 4711 443\r\n\x16\x03\x01");
    let _half = server.say(&header("192.0.2.7")).await;
    // Its header is read when another one of the same client is not let in.
    let refused = async {
        loop {
            let mut second = server.say(&header("192.0.2.7")).await;
            let mut byte = [0];
            let ended = tokio::time::timeout(SHORT, second.read(&mut byte)).await;
            if matches!(ended, Ok(Ok(0) | Err(_))) {
                break;
            }
        }
    };
    tokio::time::timeout(PATIENCE, refused).await.expect("a handshake has a place");
    let mut other = server.say(&header("192.0.2.8")).await;
    let waits = tokio::time::timeout(SHORT, other.read(&mut [0; 8])).await;
    assert!(waits.is_err(), "the control: another client's goes on: {waits:?}");
}

#[tokio::test]
async fn who_does_not_take_an_answer_is_cut_off() {
    let limits = Limits { write_timeout: SHORT, body_bytes_per_second: 1 << 40, ..LIMITS };
    let (server, trust) = encrypted(limits);
    let mut stream = say(&server, trust, "GET /large HTTP/1.1\r\nHost: x\r\n\r\n").await;
    tokio::time::sleep(SHORT * 4).await;
    let mut taken = Vec::new();
    let end = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut taken)).await.unwrap();
    assert_eq!(end.unwrap_err().kind(), ErrorKind::UnexpectedEof);
    assert!(taken.len() < 32 << 20);
}

#[tokio::test]
async fn a_large_answer_that_is_taken_comes_whole() {
    let (server, trust) = encrypted(Limits { idle_timeout: SHORT, ..LIMITS });
    let mut stream = say(&server, trust, "GET /large HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(read_to_end(&mut stream).await.len() > 32 << 20);
}

#[tokio::test]
async fn a_handshake_that_is_on_its_way_when_the_server_stops_is_finished() {
    let (server, trust) = encrypted(LIMITS);
    let late = TcpStream::connect(server.address).await.unwrap();
    let mut first = say(&server, trust.clone(), PEER).await;
    read_answer(&mut first, "127.0.0.1").await;
    server.acceptor.stop();
    let name = rustls::pki_types::ServerName::IpAddress(server.address.ip().into());
    let connector = tokio_rustls::TlsConnector::from(Arc::new(trust));
    let mut late = connector.connect(name, late).await.unwrap();
    late.write_all(PEER.as_bytes()).await.unwrap();
    assert!(read_to_end(&mut late).await.ends_with("127.0.0.1"));
    tokio::time::timeout(PATIENCE, server.acceptor.drained()).await.expect("all connections end");
}
