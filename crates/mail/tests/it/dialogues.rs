//! What the machines read of the other side, whatever bytes it sends: every reader comes to an end
//! and stays within its bounds.

use handoff_mail::imap::response::{self, Piece, Response};
use handoff_mail::lmtp::command::{self, Command};
use handoff_mail::lmtp::data::{Content, Spoilt};
use handoff_mail::smtp::reply;

#[test]
fn any_bytes_of_an_imap_server_are_read_to_an_end() {
    bolero::check!().for_each(|input: &[u8]| {
        let mut pieces = Vec::new();
        for (at, piece) in input.split(|&byte| byte == b'\n').enumerate() {
            pieces.push(if at % 2 == 0 {
                Piece::Text(piece.to_vec())
            } else {
                Piece::Literal(piece.to_vec())
            });
        }
        if let Some(Response::Fetch(fetched)) = response::parse(pieces) {
            assert!(fetched.content.is_none_or(|content| content.len() <= input.len()));
        }
        response::literal_follows(input, input);
    });
}

/// The same with a beginning that leads the reader to its values.
#[test]
fn any_values_of_an_imap_server_are_read_to_an_end() {
    bolero::check!().for_each(|input: &[u8]| {
        let text = [b"* 1 FETCH (UID 1 BODY[] ", input].concat();
        if let Some(Response::Fetch(fetched)) = response::parse(vec![Piece::Text(text)]) {
            assert!(fetched.content.is_none_or(|content| content.len() <= input.len()));
        }
    });
}

#[test]
fn any_bytes_of_an_smtp_server_are_read_to_an_end() {
    bolero::check!().for_each(|input: &[u8]| {
        if let Some(line) = reply::line(input) {
            assert!((200..600).contains(&line.code));
            assert!(!line.text.chars().any(char::is_control));
        }
    });
}

#[test]
fn any_bytes_of_an_lmtp_client_are_read_to_an_end() {
    bolero::check!().for_each(|input: &[u8]| {
        for verb in ["", "MAIL FROM:<", "RCPT TO:<"] {
            let line = [verb.as_bytes(), input, b"\r\n"].concat();
            if let Ok(Command::Recipient(address) | Command::Mail { sender: Some(address), .. }) =
                command::parse(&line)
            {
                assert!(!address.chars().any(char::is_control));
            }
        }
    });
}

/// Returns what arrived and how much of the input it took, however the input is cut.
fn arrives(input: &[u8]) -> (Option<usize>, Result<Vec<u8>, Spoilt>) {
    let mut whole = Content::after(Vec::new(), 1_000);
    let end = whole.take(input);
    let mut cut = Content::after(Vec::new(), 1_000);
    let cut_end = input.iter().position(|&byte| cut.take(&[byte]).is_some()).map(|at| at + 1);
    assert_eq!(end, cut_end, "cutting makes no difference");
    let content = whole.finish();
    assert_eq!(content, cut.finish());
    (end, content)
}

#[test]
fn any_content_comes_out_as_it_went_in() {
    bolero::check!().for_each(|input: &[u8]| {
        // As it is, it must come to an end or not, but the same way however it is cut.
        let _ = arrives(input);
        let lines = input
            .split(|byte| matches!(byte, b'\r' | b'\n'))
            .take(50)
            .map(|line| &line[..line.len().min(10)]);
        let (mut clear, mut wire) = (Vec::new(), Vec::new());
        for line in lines {
            clear.extend_from_slice(line);
            clear.extend_from_slice(b"\r\n");
            if line.starts_with(b".") {
                wire.push(b'.');
            }
            wire.extend_from_slice(line);
            wire.extend_from_slice(b"\r\n");
        }
        wire.extend_from_slice(b".\r\n");
        assert_eq!(arrives(&wire), (Some(wire.len()), Ok(clear)));
    });
}
