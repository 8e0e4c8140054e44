//! The PROXY protocol, versions 1 and 2, by which a proxy of connections says whom one is by,
//! before anything else is said on it.
//!
//! Nothing beyond the header is read, and no more than its bound: what comes after it is the
//! client's.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// What version 2 begins with.
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// The longest line of version 1, in bytes, its end included.
const LINE_BYTES_MAX: usize = 107;
/// The most that may follow the beginning of version 2, in bytes: addresses have 216 at most, and
/// proxies add some hundred of their own (the name in a client's certificate, say).
const FURTHER_BYTES_MAX: usize = 2_048;

/// Reads a header. Returns the client's address, or `None` when the proxy speaks for itself or for
/// somebody who has no address.
///
/// # Errors
///
/// When there is none, or the connection's own.
pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<IpAddr>> {
    // The shortest header of either version is longer.
    let mut beginning = [0; SIGNATURE.len()];
    stream.read_exact(&mut beginning).await?;
    match &beginning {
        SIGNATURE => binary(stream).await,
        _ if beginning.starts_with(b"PROXY ") => line(stream, &beginning).await,
        _ => Err(none()),
    }
}

fn none() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "no header of the PROXY protocol")
}

/// Reads on to the end of a line, byte by byte, so that nothing beyond it is read.
async fn line(
    stream: &mut (impl AsyncRead + Unpin),
    beginning: &[u8],
) -> io::Result<Option<IpAddr>> {
    let mut line = beginning.to_vec();
    while !line.ends_with(b"\r\n") {
        if line.len() == LINE_BYTES_MAX {
            return Err(none());
        }
        line.push(stream.read_u8().await?);
    }
    let text = std::str::from_utf8(&line).map_err(|_| none())?;
    let words: Vec<&str> = text.trim_end_matches("\r\n").split(' ').collect();
    match words[..] {
        ["PROXY", "UNKNOWN", ..] => Ok(None),
        ["PROXY", family @ ("TCP4" | "TCP6"), source, _, _, _] => {
            let source: IpAddr = source.parse().map_err(|_| none())?;
            if source.is_ipv4() != (family == "TCP4") {
                return Err(none());
            }
            Ok(Some(source.to_canonical()))
        }
        _ => Err(none()),
    }
}

async fn binary(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<IpAddr>> {
    let [command, family] = [stream.read_u8().await?, stream.read_u8().await?];
    let length = usize::from(stream.read_u16().await?);
    if length > FURTHER_BYTES_MAX {
        return Err(none());
    }
    let mut further = vec![0; length];
    stream.read_exact(&mut further).await?;
    match (command, family) {
        // The proxy's own connection, as to see whether the server is well.
        (0x20, _) => Ok(None),
        (0x21, 0x11) if length >= 12 => {
            let source = *further.first_chunk::<4>().ok_or_else(none)?;
            Ok(Some(Ipv4Addr::from(source).into()))
        }
        (0x21, 0x21) if length >= 36 => {
            let source = *further.first_chunk::<16>().ok_or_else(none)?;
            Ok(Some(IpAddr::from(Ipv6Addr::from(source)).to_canonical()))
        }
        (0x21, 0x11 | 0x21) => Err(none()),
        (0x21, _) => Ok(None),
        _ => Err(none()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a header; returns what it says, and what is left.
    async fn of(bytes: &[u8]) -> (Result<Option<String>, io::ErrorKind>, usize) {
        let mut rest = bytes;
        let read = read(&mut rest).await;
        let said = read.map(|address| address.map(|address| address.to_string()));
        (said.map_err(|error| error.kind()), rest.len())
    }

    #[tokio::test]
    async fn a_line_names_the_client() {
        let table = [
            ("TCP4 192.0.2.7 10.0.0.1 4711 80", Some("192.0.2.7")),
            ("TCP6 2001:db8::7 2001:db8::1 4711 80", Some("2001:db8::7")),
            ("TCP6 ::ffff:192.0.2.7 2001:db8::1 4711 80", Some("192.0.2.7")),
            ("UNKNOWN", None),
            ("UNKNOWN ffff::1 ffff::1 65535 65535", None),
        ];
        for (text, client) in table {
            let (said, left) = of(format!("PROXY {text}\r\nGET").as_bytes()).await;
            assert_eq!((said.unwrap().as_deref(), left), (client, 3), "{text}");
        }
    }

    #[tokio::test]
    async fn what_is_no_header_is_none() {
        let long = format!("PROXY UNKNOWN {}\r\n", "x".repeat(LINE_BYTES_MAX));
        for text in [
            "GET / HTTP/1.1\r\n\r\n",
            "PROXY TCP4 192.0.2.7\r\n",
            "PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n",
            "PROXY TCP5 192.0.2.7 10.0.0.1 1 2\r\n",
            "PROXY TCP4 made.up.example 10.0.0.1 1 2\r\n",
            &long,
        ] {
            assert_eq!(of(text.as_bytes()).await.0, Err(io::ErrorKind::InvalidData), "{text}");
        }
        assert_eq!(of(b"PROXY TCP4 19").await.0, Err(io::ErrorKind::UnexpectedEof));
    }

    fn second(command: u8, family: u8, further: &[u8]) -> Vec<u8> {
        let length = u16::try_from(further.len()).unwrap().to_be_bytes();
        [&SIGNATURE[..], &[command, family], &length, further, b"GET"].concat()
    }

    #[tokio::test]
    async fn the_second_version_says_it_in_bytes() {
        let four = [192, 0, 2, 7, 10, 0, 0, 1, 0x12, 0x34, 0, 80];
        let with_more = [&four[..], &[4, 0, 2, 1, 1]].concat();
        let mut six = [0; 36];
        six[..16].copy_from_slice(&"2001:db8::7".parse::<Ipv6Addr>().unwrap().octets());
        let table: [(Vec<u8>, Option<&str>); 5] = [
            (second(0x21, 0x11, &four), Some("192.0.2.7")),
            (second(0x21, 0x11, &with_more), Some("192.0.2.7")),
            (second(0x21, 0x21, &six), Some("2001:db8::7")),
            (second(0x20, 0x00, &[]), None),
            (second(0x21, 0x31, &[0; 216]), None),
        ];
        for (bytes, client) in table {
            let (said, left) = of(&bytes).await;
            assert_eq!((said.unwrap().as_deref(), left), (client, 3), "{bytes:?}");
        }
        for bytes in [
            second(0x21, 0x11, &four[..8]),
            second(0x31, 0x11, &four),
            second(0x22, 0x11, &four),
            second(0x21, 0x11, &[0; FURTHER_BYTES_MAX + 1]),
        ] {
            assert_eq!(of(&bytes).await.0, Err(io::ErrorKind::InvalidData), "{bytes:?}");
        }
    }
}
