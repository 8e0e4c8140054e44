//! The least of HTTP and WebSocket that ten thousand clients in one thread can afford: whole
//! messages in, raw bytes out.
//!
//! It knows what the servers measured here send and nothing else: answers with a `Content-Length`
//! or in chunks, unmasked frames that are not fragmented.

use std::cell::RefCell;
use std::net::SocketAddr;

use anyhow::{Context as _, Result, bail, ensure};
use bytes::{Buf as _, Bytes, BytesMut};
use handoff_testkit::http::{connect, source};
use tokio::net::TcpStream;

/// How much is read at once, in bytes: a frame with its message is some 300.
const READ_BYTES: usize = 2_048;

/// A connection, read by one task and written by any.
pub(crate) struct Wire {
    stream: TcpStream,
    /// What was read of a message that is not complete.
    buffer: RefCell<BytesMut>,
    is_websocket: bool,
}

/// An answer of HTTP; of a WebSocket, a frame's text without a head.
pub(crate) struct Received {
    pub(crate) head: Bytes,
    pub(crate) body: Bytes,
}

impl Wire {
    /// Connects from an address that depends on the connection's number.
    pub(crate) async fn open(server: SocketAddr, number: usize) -> Result<Self> {
        let stream = connect(server, Some(source(number))).await?;
        Ok(Self { stream, buffer: RefCell::new(BytesMut::new()), is_websocket: false })
    }

    /// Connects and upgrades to a WebSocket.
    pub(crate) async fn upgrade(
        server: SocketAddr,
        number: usize,
        path: &str,
        headers: &str,
    ) -> Result<Self> {
        let mut wire = Self::open(server, number).await?;
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {server}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{headers}\r\n"
        );
        wire.write(request.as_bytes()).await?;
        let head = wire.receive_head().await?;
        ensure!(
            head.starts_with(b"HTTP/1.1 101"),
            "no upgrade: {}",
            String::from_utf8_lossy(&head)
        );
        wire.is_websocket = true;
        Ok(wire)
    }

    /// Sends a message: a whole HTTP request, or the text of a frame.
    pub(crate) async fn send(&self, message: &[u8]) -> Result<()> {
        if self.is_websocket {
            self.write(&frame(message)).await
        } else {
            self.write(message).await
        }
    }

    /// Writes bytes that fit into the socket's buffer as a whole, so that two writers do not mix.
    async fn write(&self, bytes: &[u8]) -> Result<()> {
        loop {
            match self.stream.try_write(bytes) {
                Ok(written) if written == bytes.len() => return Ok(()),
                Ok(written) => bail!("only {written} of {} bytes could be written", bytes.len()),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    self.stream.writable().await.context("wait to write")?;
                }
                Err(error) => return Err(error).context("write"),
            }
        }
    }

    /// Waits for the next whole message. Dropping the future loses nothing.
    pub(crate) async fn receive(&self) -> Result<Received> {
        loop {
            let parsed = match self.is_websocket {
                true => take_frame(&mut self.buffer.borrow_mut())?,
                false => take_answer(&mut self.buffer.borrow_mut())?,
            };
            match parsed {
                Some(received) => return Ok(received),
                None => self.read().await?,
            }
        }
    }

    async fn receive_head(&self) -> Result<Bytes> {
        loop {
            let end = find(&self.buffer.borrow(), b"\r\n\r\n");
            if let Some(end) = end {
                return Ok(self.buffer.borrow_mut().split_to(end + 4).freeze());
            }
            self.read().await?;
        }
    }

    async fn read(&self) -> Result<()> {
        loop {
            self.stream.readable().await.context("wait to read")?;
            let mut buffer = self.buffer.borrow_mut();
            buffer.reserve(READ_BYTES);
            match self.stream.try_read_buf(&mut *buffer) {
                Ok(0) => bail!("the server closed the connection"),
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error).context("read"),
            }
        }
    }
}

/// Returns a client's frame: masked, as it must be, with zeros, which leave the text as it is.
fn frame(text: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x81];
    match u16::try_from(text.len()) {
        Ok(len) if len < 126 => frame.push(0x80 | len.to_be_bytes()[1]),
        Ok(len) => {
            frame.push(0x80 | 126);
            frame.extend(len.to_be_bytes());
        }
        Err(_) => {
            frame.push(0x80 | 127);
            frame.extend((text.len() as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend_from_slice(text);
    frame
}

/// Takes a text frame off the buffer; pings are dropped, since no run here lasts long enough for
/// their answers to matter.
fn take_frame(buffer: &mut BytesMut) -> Result<Option<Received>> {
    loop {
        let Some((first, second)) = buffer.first().zip(buffer.get(1)) else { return Ok(None) };
        let (opcode, short) = (first & 0x0f, usize::from(second & 0x7f));
        let number = |bytes: &[u8]| {
            bytes.iter().fold(0_usize, |number, byte| number << 8 | usize::from(*byte))
        };
        let (head, len) = match short {
            126 if buffer.len() >= 4 => (4, number(&buffer[2..4])),
            127 if buffer.len() >= 10 => (10, number(&buffer[2..10])),
            126 | 127 => return Ok(None),
            short => (2, short),
        };
        if buffer.len() < head + len {
            return Ok(None);
        }
        buffer.advance(head);
        let body = buffer.split_to(len).freeze();
        match opcode {
            1 => return Ok(Some(Received { head: Bytes::new(), body })),
            9 | 10 => {}
            _ => bail!("a frame with opcode {opcode}: {body:?}"),
        }
    }
}

/// Takes an answer off the buffer.
fn take_answer(buffer: &mut BytesMut) -> Result<Option<Received>> {
    let Some(end) = find(buffer, b"\r\n\r\n") else { return Ok(None) };
    let start = end + 4;
    let head = &buffer[..start];
    if let Some(length) = header(head, "content-length") {
        let length: usize = length.parse().context("read a Content-Length")?;
        if buffer.len() < start + length {
            return Ok(None);
        }
        let head = buffer.split_to(start).freeze();
        return Ok(Some(Received { head, body: buffer.split_to(length).freeze() }));
    }
    ensure!(header(head, "transfer-encoding").is_some(), "an answer without a length");
    let Some((body, taken)) = chunks(&buffer[start..])? else { return Ok(None) };
    let head = buffer.split_to(start).freeze();
    buffer.advance(taken);
    Ok(Some(Received { head, body }))
}

/// Joins chunks, and tells how many bytes they took; `None` while the last one is missing.
fn chunks(mut bytes: &[u8]) -> Result<Option<(Bytes, usize)>> {
    let all = bytes.len();
    let mut body = BytesMut::new();
    while let Some(end) = find(bytes, b"\r\n") {
        let size = std::str::from_utf8(&bytes[..end]).context("read a chunk's size")?;
        let size = usize::from_str_radix(size, 16).context("read a chunk's size")?;
        let Some(chunk) = bytes.get(end + 2..end + 2 + size + 2) else { return Ok(None) };
        body.extend_from_slice(&chunk[..size]);
        bytes = &bytes[end + 2 + size + 2..];
        if size == 0 {
            return Ok(Some((body.freeze(), all - bytes.len())));
        }
    }
    Ok(None)
}

/// Finds a header's value by its name in small letters.
pub(crate) fn header<'a>(head: &'a [u8], name: &str) -> Option<&'a str> {
    headers(head, name).next()
}

/// Finds all of a header's values.
pub(crate) fn headers<'a>(head: &'a [u8], name: &str) -> impl Iterator<Item = &'a str> {
    let text = std::str::from_utf8(head).unwrap_or_default();
    let pairs = text.split("\r\n").filter_map(|line| line.split_once(':'));
    pairs.filter(move |(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

/// Finds where a text begins.
pub(crate) fn find(bytes: &[u8], text: &[u8]) -> Option<usize> {
    let first = *text.first()?;
    let mut from = 0;
    while let Some(at) = bytes.get(from..)?.iter().position(|byte| *byte == first) {
        if bytes[from + at..].starts_with(text) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_taken_whole() {
        let mut buffer =
            BytesMut::from(&b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]HTTP/1.1 200"[..]);
        let received = take_answer(&mut buffer).unwrap().unwrap();
        assert_eq!((&received.body[..], &buffer[..]), (&b"[]"[..], &b"HTTP/1.1 200"[..]));
        assert!(take_answer(&mut buffer).unwrap().is_none());
    }

    #[test]
    fn chunks_are_joined() {
        let text =
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[{\r\n2\r\n}]\r\n0\r\n\r\n";
        for len in 0..text.len() {
            assert!(take_answer(&mut BytesMut::from(&text[..len])).unwrap().is_none(), "{len}");
        }
        let mut buffer = BytesMut::from(&text[..]);
        assert_eq!(take_answer(&mut buffer).unwrap().unwrap().body, "[{}]");
        assert!(buffer.is_empty());
    }

    #[test]
    fn frames_of_every_length_are_taken() {
        for len in [0, 125, 126, 65_535, 65_536] {
            let mut sent = frame(&vec![b'x'; len]);
            // A server's frame has no mask.
            sent[1] &= 0x7f;
            let mask = sent.len() - len - 4;
            sent.drain(mask..mask + 4);
            let mut buffer = BytesMut::from(&sent[..]);
            assert_eq!(take_frame(&mut buffer).unwrap().unwrap().body.len(), len);
            assert!(buffer.is_empty(), "{len}");
        }
    }

    #[test]
    fn headers_are_found_in_any_case() {
        let head = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\n\r\n";
        assert_eq!(header(head, "set-cookie"), Some("a=b; Path=/"));
        assert_eq!(header(head, "cookie"), None);
        assert_eq!(find(b"aab", b"ab"), Some(1));
    }
}
