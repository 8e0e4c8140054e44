//! What servers say, and what they should not.

use super::*;

fn text(line: &str) -> Option<Response> {
    parse(vec![Piece::Text(line.as_bytes().to_vec())])
}

fn fetch(uid: Option<u32>, size: Option<u64>, content: Option<&[u8]>) -> Option<Response> {
    Some(Response::Fetch(Fetched {
        uid,
        size,
        arrived: None,
        content: content.map(<[u8]>::to_vec),
    }))
}

#[test]
fn lines_are_told_apart() {
    let done = |status, code: Option<&str>| {
        Some(Response::Done { tag: "A7".into(), status, code: code.map(str::to_owned) })
    };
    for (line, expected) in [
        ("+", Some(Response::Continue)),
        ("+ idling", Some(Response::Continue)),
        ("A7 OK done", done(Status::Ok, None)),
        ("A7 no [trycreate] there is none", done(Status::No, Some("TRYCREATE"))),
        ("A7 BAD", done(Status::Bad, None)),
        (
            "* OK [UIDVALIDITY 7] kept",
            Some(Response::Status { status: Status::Ok, code: Some("UIDVALIDITY 7".into()) }),
        ),
        ("* BYE see you", Some(Response::Status { status: Status::Bye, code: None })),
        (
            "* CAPABILITY IMAP4rev1 idle",
            Some(Response::Capability(vec!["IMAP4REV1".into(), "IDLE".into()])),
        ),
        ("* SEARCH", Some(Response::Search(vec![]))),
        ("* SEARCH 2 84 882", Some(Response::Search(vec![2, 84, 882]))),
        ("* SEARCH 2 84 (MODSEQ 9)", Some(Response::Search(vec![2, 84]))),
        ("* 23 EXISTS", Some(Response::Exists)),
        ("* 3 EXPUNGE", Some(Response::Other)),
        ("* FLAGS (\\Seen)", Some(Response::Other)),
        ("* 3 FETCH (UID 9 RFC822.SIZE 4096)", fetch(Some(9), Some(4096), None)),
        ("* 3 FETCH (FLAGS (\\Seen $A) MODSEQ (12) UID 9)", fetch(Some(9), None, None)),
        ("* 3 FETCH (UID 9 BODY[] \"a\\\"b\")", fetch(Some(9), None, Some(b"a\"b"))),
        ("* 3 FETCH (BODY[] NIL UID 9)", fetch(Some(9), None, None)),
        (
            "* 3 FETCH (BODY[HEADER.FIELDS (DATE FROM)] \"x\" UID 9)",
            fetch(Some(9), None, Some(b"x")),
        ),
    ] {
        assert_eq!(text(line), expected, "{line}");
    }
}

#[test]
fn what_no_server_says_is_no_response() {
    for line in [
        "",
        "A7",
        "A7 WELL done",
        "* 3 FETCH",
        "* 3 FETCH (UID",
        "* 3 FETCH (UID )",
        "* 3 FETCH (UID -9)",
        "* 3 FETCH (UID 99999999999)",
        "* 3 FETCH (UID 9",
        "* 3 FETCH (\"UID\" 9)",
        "* 3 FETCH (BODY[] \"never ends",
        "* 3 FETCH (FLAGS (((((((((((((((((((((((",
    ] {
        assert_eq!(text(line), None, "{line}");
    }
    assert_eq!(parse(vec![]), None);
    assert_eq!(parse(vec![Piece::Literal(b"* OK".to_vec())]), None);
}

#[test]
fn literals_stand_where_their_length_stood() {
    let line: &[u8] = b"* 1 FETCH (UID 4 BODY[] {5}";
    assert_eq!(literal_follows(line, line), Some(5));
    let pieces = vec![
        Piece::Text(b"* 1 FETCH (UID 4 BODY[] ".to_vec()),
        Piece::Literal(b"a)\r\n(".to_vec()),
        Piece::Text(b" FLAGS (\\Seen))".to_vec()),
    ];
    assert_eq!(parse(pieces), fetch(Some(4), None, Some(b"a)\r\n(")));
    // An empty one, and one at the end of a line after it.
    let pieces = vec![
        Piece::Text(b"* 1 FETCH (BODY[] ".to_vec()),
        Piece::Literal(Vec::new()),
        Piece::Text(b" UID 4)".to_vec()),
    ];
    assert_eq!(parse(pieces), fetch(Some(4), None, Some(b"")));
}

#[test]
fn free_text_has_no_literals() {
    for line in [
        &b"* OK see {5}"[..],
        b"A1 NO {5}",
        b"+ {5}",
        b"* 1 FETCH (UID {5",
        b"* 1 FETCH {-5}",
        b"* 1 FETCH {}",
    ] {
        assert_eq!(literal_follows(line, line), None);
    }
}
