//! Addresses as they stand in fields.

use handoff_domain::Address;

use super::{from_envelope, letter, message};

fn all(list: &[Address]) -> Vec<(&str, &str)> {
    list.iter().map(|it| (it.address.as_str(), it.name.as_deref().unwrap_or_default())).collect()
}

/// Checks what a list of recipients says.
fn list(field: &str, expect: &[(&str, &str)]) {
    assert_eq!(all(&letter(&message(&format!("To: {field}\n\n"))).to), expect, "{field}");
}

#[test]
fn a_local_part_keeps_its_quotes_when_it_needs_them() {
    list("\"eve.adams.\"@x.example", &[("\"eve.adams.\"@x.example", "")]);
    list("Eve <\"eve adams\"@x.example>", &[("\"eve adams\"@x.example", "Eve")]);
    list("<\"a\\\"b\\\\c\"@x.example>", &[("\"a\\\"b\\\\c\"@x.example", "")]);
    list("\"a@b\"@x.example", &[("\"a@b\"@x.example", "")]);
    list(
        "\"a,b;c<d>\"@x.example, z@x.example",
        &[("\"a,b;c<d>\"@x.example", ""), ("z@x.example", "")],
    );
    list("\"eve\"@x.example", &[("eve@x.example", "")]);
    list("\"e\\ve.adams\"@x.example", &[("eve.adams@x.example", "")]);
    // Dots where none may be are real addresses at some providers.
    list("eve..adams.@docomo.example", &[("eve..adams.@docomo.example", "")]);
    list("<.eve@x.example>, eve.@x.example", &[(".eve@x.example", ""), ("eve.@x.example", "")]);
    list("jürg@bücher.example", &[("jürg@bücher.example", "")]);
    list("o'brien+tag=1@x.example", &[("o'brien+tag=1@x.example", "")]);
}

#[test]
fn two_addresses_are_never_made_one() {
    let two = [("eve@x.example", "Eve"), ("adam@x.example", "Adam")];
    list("Eve <eve@x.example> Adam <adam@x.example>", &two);
    list("Eve <eve@x.example>Adam <adam@x.example>", &two);
    list("Eve <eve@x.example>; Adam <adam@x.example>", &two);
    list("Eve <eve@x.example>\n \"Adam\" <adam@x.example>", &two);
    list("Eve <eve@x.example>, , Adam <adam@x.example>,", &two);
    list("Eve <eve@x.example, Adam <adam@x.example>", &two);
    let bare = [("eve@x.example", ""), ("adam@x.example", "")];
    list("eve@x.example adam@x.example", &bare);
    list("<eve@x.example> <adam@x.example>", &bare);
    list("<eve@x.example><adam@x.example>", &bare);
    list("eve@x.example\n adam@x.example", &bare);
    list("eve@x.example;adam@x.example", &bare);
    list("<eve@x.example adam@x.example>", &bare[..1]);
    list("<eve adams@x.example>", &[("\"eve adams\"@x.example", "")]);
}

#[test]
fn names_in_every_form() {
    let eve = |name: &'static str| [("eve@x.example", name)];
    list("\"Adams, Eve\" <eve@x.example>", &eve("Adams, Eve"));
    list("Adams, Eve <eve@x.example>", &eve("Adams, Eve"));
    list("=?utf-8?Q?Adams,_Eve?= <eve@x.example>", &eve("Adams, Eve"));
    list("\"=?utf-8?Q?J=C3=B6rg?=\" <eve@x.example>", &eve("Jörg"));
    list("=?utf-8?B?SsM=?= =?utf-8?B?tnJn?= <eve@x.example>", &eve("Jörg"));
    list("Eve A. Adams <eve@x.example>", &eve("Eve A. Adams"));
    list("Eve \"the\" Adams <eve@x.example>", &eve("Eve the Adams"));
    list("\"Eve \\\"the\\\" Adams\" <eve@x.example>", &eve("Eve \"the\" Adams"));
    list("\"Eve <eve@x.example>", &eve("Eve"));
    list("Eve\" <eve@x.example>", &eve("Eve"));
    list("Eve (work (new)) <eve@x.example> (x)", &eve("Eve"));
    list("eve@x.example (Eve (the) Adams)", &eve("Eve (the) Adams"));
    list("(Eve <eve@x.example>", &eve("(Eve"));
    list("<eve@x.example> (Eve)", &eve("Eve"));
    list("eve@x.example <eve@x.example>", &eve(""));
    list("'eve@x.example' <eve@x.example>", &eve("'eve@x.example'"));
    list("Eve [mailto:eve@x.example]", &eve("Eve"));
    list("Eve eve@x.example", &eve("Eve"));
    list("=?utf-8?Q?Eve_=3Ceve=40x=2Eexample=3E?=", &eve("Eve"));
}

#[test]
fn old_and_broken_forms() {
    let eve = [("eve@x.example", "")];
    for field in [
        "eve @ x . example",
        "<eve@x.example",
        "eve@x.example>",
        "<<eve@x.example>>",
        "< eve@x.example >",
        "<mailto:eve@x.example>",
        "mailto:eve@x.example",
        "<@a.example,@b.example:eve@x.example>",
        "eve@x.example.",
        "<eve@\n x.example>",
        "'eve@x.example'",
        "eve@x.example (",
        "team: eve@x.example;",
        "undisclosed, eve@x.example,",
        "[eve@x.example]",
    ] {
        let expect =
            if field.starts_with("undisclosed") { [("eve@x.example", "undisclosed")] } else { eve };
        list(field, &expect);
    }
    list(
        "eve@[192.0.2.1], adam@[IPv6:2001:db8::1]",
        &[("eve@[192.0.2.1]", ""), ("adam@[IPv6:2001:db8::1]", "")],
    );
    list("Eve (a \\) b) <eve(her account)@x.example(her host)>", &[("eve@x.example", "Eve")]);
    list(
        "<eve@x.example address here>, <eve@(a) x.example>",
        &[("eve@x.example", ""), ("eve@x.example", "")],
    );
    list("<\"a(b)\"@x.example>", &[("\"a(b)\"@x.example", "")]);
    for field in [
        "undisclosed-recipients:;",
        "nobody",
        "@x.example",
        "eve@",
        "<>",
        "\"\"@x.example",
        "Eve <>",
        "@",
        "a <b> c",
    ] {
        list(field, &[]);
    }
    list(
        "A: a@x.example, B <b@x.example>;, c@x.example",
        &[("a@x.example", ""), ("b@x.example", "B"), ("c@x.example", "")],
    );
}

#[test]
fn who_sent_it_is_taken_when_nobody_wrote_it() {
    let from = |raw: &[u8], sender| {
        let read = from_envelope(raw, sender);
        (read.from.map(|from| from.address), read.remarks.len())
    };
    let is = |address: &str| (Some(address.to_owned()), 1);
    assert_eq!(
        from(b"Sender: Eve <eve@x.example>\r\n\r\n", Some("bounce@y.example")),
        is("eve@x.example")
    );
    assert_eq!(from(b"Subject: x\r\n\r\n", Some("eve@x.example")), is("eve@x.example"));
    assert_eq!(
        from(b"From: \r\nSubject: x\r\n\r\n", Some("\"eve.\"@x.example")),
        is("\"eve.\"@x.example")
    );
    assert_eq!(from(b"From: nobody\r\n\r\n", Some("eve@x.example")), is("eve@x.example"));
    assert_eq!(from(b"Subject: x\r\n\r\n", None), (None, 1));
    assert_eq!(
        from(b"From: a@x.example\r\nSender: b@x.example\r\n\r\n", Some("c@x.example")),
        (Some("a@x.example".to_owned()), 0)
    );
    let stored = letter(b"Return-Path: <eve@x.example>\r\nSubject: x\r\n\r\n");
    assert_eq!(all(stored.from.as_slice()), [("eve@x.example", "")]);
    let two = letter(b"From: Eve <eve@x.example> Adam <adam@x.example>\r\n\r\n");
    assert_eq!((all(two.from.as_slice()), two.remarks.len()), (vec![("eve@x.example", "Eve")], 1));
}
