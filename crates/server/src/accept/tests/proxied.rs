//! The same behind a proxy: 127.0.0.2 is trusted, and 127.0.0.3 is not.

use std::net::Ipv4Addr;

use super::*;

const TRUSTED: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const STRANGER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);

fn behind_proxy(proxy_protocol: bool, limits: Limits) -> Server {
    let trusted = TRUSTED.to_string().try_into().unwrap();
    let entry = Entry { proxies: Proxies::of([trusted]), proxy_protocol, tls: None };
    start_behind(entry, limits)
}

/// Says something from an address.
async fn say(server: &Server, source: Ipv4Addr, text: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((source, 0).into()).unwrap();
    let mut stream = socket.connect(server.address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

fn asking(path: &str, client: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {client}\r\n\r\n")
}

#[tokio::test]
async fn a_trusted_proxy_alone_names_the_client() {
    let server = behind_proxy(false, LIMITS);
    for (source, client) in [(TRUSTED, "192.0.2.7"), (STRANGER, "127.0.0.3")] {
        let mut stream = say(&server, source, &asking("/peer", "192.0.2.7")).await;
        read_answer(&mut stream, client).await;
        let other = asking("/peer", "192.0.2.8");
        stream.write_all(other.as_bytes()).await.unwrap();
        let client = if source == TRUSTED { "192.0.2.8" } else { "127.0.0.3" };
        read_answer(&mut stream, client).await;
    }
}

#[tokio::test]
async fn connections_of_a_proxy_are_those_of_its_clients() {
    let server = behind_proxy(false, Limits { connections_per_address: 1, ..LIMITS });
    let mut held = say(&server, TRUSTED, &asking("/held", "192.0.2.7")).await;
    server.asked.notified().await;
    let refused =
        read_to_end(&mut say(&server, TRUSTED, &asking("/peer", "192.0.2.7")).await).await;
    assert!(refused.starts_with("HTTP/1.1 503 ") && refused.ends_with(REFUSAL_BODY), "{refused}");
    let mut other = say(&server, TRUSTED, &asking("/peer", "192.0.2.8")).await;
    read_answer(&mut other, "192.0.2.8").await;
    server.release.notify_one();
    read_answer(&mut held, "released").await;
    held.write_all(asking("/peer", "192.0.2.9").as_bytes()).await.unwrap();
    read_answer(&mut held, "192.0.2.9").await;
    read_answer(&mut say(&server, TRUSTED, &asking("/peer", "192.0.2.7")).await, "192.0.2.7").await;
    let _one = say(&server, STRANGER, PEER).await;
    let refused = read_to_end(&mut say(&server, STRANGER, PEER).await).await;
    assert!(refused.starts_with("HTTP/1.1 503 "), "the control: {refused}");
}

#[tokio::test]
async fn the_proxy_protocol_names_the_client_of_a_connection() {
    let limits = Limits { connections_per_address: 1, header_timeout: SHORT, ..LIMITS };
    let server = behind_proxy(true, limits);
    let header = "PROXY TCP4 192.0.2.7 127.0.0.1 4711 80\r\n";
    let mut named = say(&server, TRUSTED, &format!("{header}{PEER}")).await;
    read_answer(&mut named, "192.0.2.7").await;
    let again = asking("/peer", "192.0.2.9");
    named.write_all(again.as_bytes()).await.unwrap();
    read_answer(&mut named, "192.0.2.7").await;
    let refused = read_to_end(&mut say(&server, TRUSTED, &format!("{header}{PEER}")).await).await;
    assert_eq!(refused, "", "its client has one");
    let own = "PROXY UNKNOWN\r\n";
    // What passes bytes on writes no headers: this one is its client's.
    let made_up = asking("/peer", "192.0.2.9");
    read_answer(&mut say(&server, TRUSTED, &format!("{own}{made_up}")).await, "127.0.0.2").await;
    for bad in [PEER, "PROXY", ""] {
        assert_eq!(read_to_end(&mut say(&server, TRUSTED, bad).await).await, "", "{bad:?}");
    }
    let stranger = read_to_end(&mut say(&server, STRANGER, &format!("{header}{PEER}")).await).await;
    assert!(stranger.starts_with("HTTP/1.1 400 "), "{stranger}");
}
