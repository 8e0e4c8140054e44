//! Messages that go out: complete, the same every time, and impossible to smuggle anything into.

use handoff_domain::{Address, Part, Time};
use handoff_mail::address::{self, NotAddress};
use handoff_mail::letter::{Reading, read};
use handoff_mail::outgoing::{AutoKind, Composed, Field, NotSendable, Outgoing, compose};

use crate::letters::{letter, signer};

pub(crate) fn plain() -> Outgoing {
    let address = |text| address::parse(text).unwrap();
    Outgoing {
        message_id: "id1@x.example".into(),
        in_reply_to: Some("q1@b.example".into()),
        references: vec!["q0@b.example".into(), "q1@b.example".into()],
        from: address("\"Support, Team\" <support@x.example>"),
        reply_to: Some(address("support+abc@x.example")),
        to: vec![address("Jörg <joerg@b.example>")],
        cc: vec![address("cc@b.example")],
        bcc: vec![address("blind@b.example"), address("CC@b.example")],
        subject: "Re: Grüße & more".into(),
        text: "Hello\n.\nFrom here\r\nto there\rend".into(),
        html: None,
        attachments: Vec::new(),
        date: Time(1_790_000_000_000),
        auto: None,
    }
}

fn part(name: &str, content_id: Option<&str>) -> Part {
    Part {
        name: Some(name.into()),
        content_type: "image/png".into(),
        content_id: content_id.map(Into::into),
        inline: content_id.is_some(),
        content: b"\x89PNG\r\n\0\n.\n".to_vec(),
    }
}

fn headers(composed: &Composed) -> String {
    let text = String::from_utf8(composed.raw.clone()).unwrap();
    text.split("\r\n\r\n").next().unwrap().replace("\r\n ", " ")
}

#[test]
fn what_is_sent_can_be_read() {
    let composed = compose(&plain()).unwrap();
    assert_eq!(composed.envelope_from.as_deref(), Some("support@x.example"));
    assert_eq!(
        composed.recipients,
        ["joerg@b.example", "cc@b.example", "blind@b.example"],
        "each once"
    );
    assert!(!String::from_utf8_lossy(&composed.raw).contains("blind"));
    let read = letter(&composed.raw);
    assert_eq!(read.message_id.as_deref(), Some("id1@x.example"));
    assert_eq!(read.answers, ["q1@b.example", "q0@b.example"]);
    assert_eq!(read.subject.as_deref(), Some("Re: Grüße & more"));
    assert_eq!(read.from.unwrap().name.as_deref(), Some("Support, Team"));
    assert_eq!(read.to[0].name.as_deref(), Some("Jörg"));
    assert_eq!(read.reply_to[0].address, "support+abc@x.example");
    assert_eq!(read.text.trim_end(), "Hello\n.\nFrom here\nto there\nend");
    assert_eq!(read.date, Some(Time(1_790_000_000_000)));
    assert_eq!((read.automatic, read.remarks), (None, vec![]));
    assert_eq!(compose(&plain()).unwrap(), composed, "the same bytes each time");
}

#[test]
fn html_images_and_attachments() {
    let message = Outgoing {
        html: Some("<p>Grüße <img src=\"cid:logo@x\"></p>".into()),
        attachments: vec![part("logo.png", Some("logo@x")), part("Über \"uns\".png", None)],
        ..plain()
    };
    let composed = compose(&message).unwrap();
    assert_eq!(compose(&message).unwrap(), composed, "boundaries come from the content");
    let read = letter(&composed.raw);
    assert_eq!(
        read.html.as_deref().map(str::trim_end),
        Some("<p>Grüße <img src=\"cid:logo@x\"></p>")
    );
    let parts: Vec<_> =
        read.parts.iter().map(|part| (part.name.as_deref().unwrap(), part.inline)).collect();
    assert_eq!(parts, [("logo.png", true), ("Über \"uns\".png", false)]);
    assert!(read.parts.iter().all(|part| part.content == b"\x89PNG\r\n\0\n.\n"));
}

#[test]
fn automatic_messages_say_so() {
    for (kind, word) in
        [(AutoKind::Replied, "auto-replied"), (AutoKind::Generated, "auto-generated")]
    {
        let composed = compose(&Outgoing { auto: Some(kind), ..plain() }).unwrap();
        assert_eq!(composed.envelope_from, None, "no report comes back");
        let headers = headers(&composed);
        for line in [
            &format!("Auto-Submitted: {word}"),
            "Precedence: bulk",
            "X-Auto-Response-Suppress: All",
        ] {
            assert!(headers.contains(line), "{headers}");
        }
        let key = signer();
        assert!(read(&composed.raw, &Reading::new(&key)).unwrap().automatic.is_some());
    }
}

#[test]
fn long_fields_are_folded() {
    let references: Vec<_> =
        (0..100).map(|number| format!("{number}-{}@b.example", "x".repeat(200))).collect();
    let message = Outgoing {
        references,
        subject: "ü".repeat(900),
        in_reply_to: Some("y".repeat(800)),
        ..plain()
    };
    let read = letter(&compose(&message).unwrap().raw);
    assert_eq!(read.answers.len(), 1 + 20);
    assert!(
        read.answers[1].starts_with("99-") && read.answers[20].starts_with("0-"),
        "the newest and the first"
    );
    assert_eq!(read.subject.unwrap().chars().count(), 499, "cut by the reader, not by the writer");
}

/// Addresses that are no atoms, of international domains and international themselves, in header
/// and envelope.
#[test]
fn everybody_who_can_write_can_be_answered() {
    let to = |text: &str| vec![address::parse(text).unwrap()];
    for (written, recipient, is_ascii) in [
        ("eve..adams.@docomo.example", "\"eve..adams.\"@docomo.example", true),
        ("\"eve adams\"@b.example", "\"eve adams\"@b.example", true),
        ("Ève <eve@bücher.example>", "eve@xn--bcher-kva.example", true),
        ("jörg@bücher.example", "jörg@xn--bcher-kva.example", false),
    ] {
        let cc = to(recipient);
        let composed = compose(&Outgoing { to: to(written), cc, bcc: vec![], ..plain() }).unwrap();
        assert_eq!(composed.recipients, [recipient], "once");
        let headers = headers(&composed);
        assert!(headers.contains(recipient), "{headers}");
        assert_eq!(headers.is_ascii(), is_ascii, "{headers}");
    }
}

/// Puts a text into each field that ends in a header or in the envelope.
fn with(field: Field, text: &str) -> Outgoing {
    let mut message = plain();
    let whole = Address { address: format!("a{text}@b.example"), name: None };
    let named = Address { address: "a@b.example".into(), name: Some(format!("Ada{text}")) };
    match field {
        Field::MessageId => message.message_id = format!("a{text}@b"),
        Field::InReplyTo => message.in_reply_to = Some(format!("a{text}@b")),
        Field::References => message.references.push(format!("a{text}@b")),
        Field::From => message.from = whole,
        Field::ReplyTo => message.reply_to = Some(named),
        Field::To => message.to.push(named),
        Field::Cc => message.cc.push(whole),
        Field::Bcc => message.bcc.push(whole),
        Field::Subject => message.subject = format!("x{text}"),
        Field::AttachmentName => message.attachments.push(part(&format!("x{text}"), None)),
        Field::AttachmentType => {
            message
                .attachments
                .push(Part { content_type: format!("image/png{text}"), ..part("x", None) });
        }
        Field::AttachmentId => message.attachments.push(part("x", Some(&format!("a{text}@b")))),
        Field::Date => message.subject = format!("{text}x"),
    }
    message
}

const FIELDS: &[Field] = &[
    Field::MessageId,
    Field::InReplyTo,
    Field::References,
    Field::From,
    Field::ReplyTo,
    Field::To,
    Field::Cc,
    Field::Bcc,
    Field::Subject,
    Field::AttachmentName,
    Field::AttachmentType,
    Field::AttachmentId,
    Field::Date,
];

#[test]
fn no_header_can_be_smuggled_in() {
    let injections = [
        "\r\nBcc: eve@e.example",
        "\nBcc: eve@e.example",
        "\rBcc: eve@e.example",
        "\r\n\r\nbody",
        "\n\nbody",
        "\r",
        "\n",
        "\r\n",
        "\0",
        "\0\r\n",
        "\r\n Bcc: eve@e.example",
        "\n\tfolded",
        "\u{85}Bcc: eve@e.example",
        "\u{2028}Bcc: eve@e.example",
        "\u{b}x",
        "\u{c}x",
        "\u{1b}[2J",
        "\u{7f}",
        "\r\n.\r\nMAIL FROM:<eve@e.example>",
        "\n.\n",
    ];
    let mut refused = 0;
    for field in FIELDS {
        for injection in injections {
            let error = compose(&with(*field, injection)).unwrap_err();
            let is_named = matches!(
                error,
                NotSendable::ControlCharacter { .. }
                    | NotSendable::Address { source: NotAddress::ControlCharacter, .. }
            );
            assert!(is_named, "{field:?} {injection:?}: {error:?}");
            refused += 1;
        }
    }
    assert!(refused >= 200, "{refused}");
    for field in FIELDS {
        let known = headers(&compose(&plain()).unwrap()).lines().count();
        if let Ok(composed) = compose(&with(*field, "; Bcc: eve@e.example, <eve@e.example> \"'")) {
            assert!(
                !composed.recipients.iter().any(|recipient| recipient.contains("eve")),
                "{field:?}"
            );
            assert!(headers(&composed).lines().count() <= known + 1, "{field:?}");
        }
    }
}

#[test]
fn one_text_is_one_message() {
    let forms = [
        "\r\n.\r\n",
        "\n.\n",
        "\r.\r",
        "\n.\r\n",
        "\r\n.\n",
        "\r\n.\r",
        "\r.\r\n",
        "\r\n\0.\r\n",
        "\r\n.\0\r\n",
        ".\r\n",
        "\r\n.",
        "\n\n.\n\n",
        "\r\r\n.\r\r\n",
        "\r\n..\r\n",
        "\r\n.\r\n.\r\n",
        "\u{85}.\u{85}",
        "\u{2028}.\u{2028}",
        "\r\n.\r\r\n",
        "\n.\r",
        "\r\n .\r\n",
    ];
    assert_eq!(forms.len(), 20);
    for form in forms {
        for html in [None, Some(format!("<p>{form}MAIL</p>"))] {
            let text = format!(
                "one{form}MAIL FROM:<eve@e.example>\r\nRCPT TO:<bob@b.example>\r\nDATA\r\nSubject: two\r\n\r\ntwo"
            );
            let raw = compose(&Outgoing { text, html, ..plain() }).unwrap().raw;
            let lone = raw.iter().enumerate().any(|(at, byte)| match byte {
                b'\n' => at == 0 || raw[at - 1] != b'\r',
                b'\r' => raw.get(at + 1) != Some(&b'\n'),
                byte => *byte == 0,
            });
            assert!(!lone, "{form:?}");
            assert!(raw.split(|byte| *byte == b'\n').all(|line| line.len() <= 999), "{form:?}");
            let read = letter(&raw);
            assert!(
                read.text.contains("DATA") && read.text.contains("two"),
                "{form:?}: {}",
                read.text
            );
        }
    }
}

#[test]
fn what_is_not_sendable() {
    let error = |message: Outgoing| compose(&message).unwrap_err();
    let none = Outgoing { to: vec![], cc: vec![], bcc: vec![], ..plain() };
    assert!(matches!(error(none), NotSendable::NoRecipient));
    assert!(matches!(
        error(Outgoing { date: Time(-1), ..plain() }),
        NotSendable::Malformed { field: Field::Date }
    ));
    assert!(matches!(
        error(Outgoing { date: Time(i64::MAX), ..plain() }),
        NotSendable::Malformed { field: Field::Date }
    ));
    assert!(matches!(
        error(Outgoing { message_id: "x".into(), ..plain() }),
        NotSendable::Malformed { .. }
    ));
    assert!(matches!(
        error(Outgoing { subject: "x".repeat(2_001), ..plain() }),
        NotSendable::Malformed { .. }
    ));
    assert!(matches!(
        error(Outgoing { text: "x".repeat(26 << 20), ..plain() }),
        NotSendable::TooLarge { .. }
    ));
    let multi = Part { content_type: "multipart/mixed; boundary=x".into(), ..part("x", None) };
    assert!(matches!(
        error(Outgoing { attachments: vec![multi], ..plain() }),
        NotSendable::Malformed { .. }
    ));
    let crowd: Vec<_> =
        (0..501).map(|number| address::parse(&format!("a{number}@b.example")).unwrap()).collect();
    assert!(matches!(
        error(Outgoing { to: crowd, ..plain() }),
        NotSendable::Address { source: NotAddress::TooMany, .. }
    ));
}

#[test]
fn addresses() {
    let is = |text: &str, expect: Result<&str, NotAddress>| {
        assert_eq!(
            address::parse(text).map(|parsed| parsed.address),
            expect.map(str::to_owned),
            "{text:?}"
        );
    };
    is(" a@b.example ", Ok("a@b.example"));
    is("<a@b.example>", Ok("a@b.example"));
    is("\"Lund, \\\"K\\\"\" <k.l+x@b.example>", Ok("k.l+x@b.example"));
    is("a@[192.0.2.1]", Ok("a@[192.0.2.1]"));
    is("", Err(NotAddress::Empty));
    is("Ada <>", Err(NotAddress::Empty));
    is("a@b\r\nRCPT TO:<c@d>", Err(NotAddress::ControlCharacter));
    is("jörg@bücher.example", Ok("jörg@xn--bcher-kva.example"));
    is("Eve <eve@bücher.example>", Ok("eve@xn--bcher-kva.example"));
    is("a..b.@c.example", Ok("\"a..b.\"@c.example"));
    is(".@c.example", Ok("\".\"@c.example"));
    is("\"a b\"@c.example", Ok("\"a b\"@c.example"));
    is("Eve <\"a<>b\"@c.example>", Ok("\"a<>b\"@c.example"));
    is("\"plain\"@c.example", Ok("plain@c.example"));
    is(&format!("a@{}.example", "b".repeat(300)), Err(NotAddress::TooLong));
    for text in [
        "a",
        "@b.example",
        "a@",
        "a b@c.example",
        "a@b@c.example",
        "\"a\"b\"@c.example",
        "jö rg@c.example",
        "a@\u{fdfa}",
        "a@b c.example",
        "a@b.example>",
        "a,b@c.example",
        "a@-b.example",
    ] {
        is(text, Err(NotAddress::Malformed));
    }
    let list = |text| {
        address::parse_list(text)
            .map(|list| list.into_iter().map(|parsed| parsed.address).collect::<Vec<_>>())
    };
    assert_eq!(
        list("a@x.example, \"B, C\" <b@x.example>; ,c@x.example").unwrap(),
        ["a@x.example", "b@x.example", "c@x.example"]
    );
    assert_eq!(list("").unwrap(), Vec::<String>::new());
    assert_eq!(list("a@x.example b@x.example"), Err(NotAddress::Malformed));
    assert_eq!(list(&"a@x.example,".repeat(501)), Err(NotAddress::TooMany));
    assert!(address::is_same("A@x.Example", "\"a\"@X.example"));
    assert!(!address::is_same("\"a.\"@x.example", "a@x.example"));
}
