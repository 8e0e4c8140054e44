//! What is beside the text: pictures, enclosed messages, invitations, sealed messages, and their
//! names.

use handoff_mail::html::clean;

use super::{letter, message, named, names, parts, types};

/// A picture of one point.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// Shows the HTML of a letter, with the numbers of its parts as addresses of pictures.
fn shown(letter: &handoff_domain::Letter) -> String {
    let place =
        |id: &str| letter.parts.iter().position(|part| part.content_id.as_deref() == Some(id));
    clean(letter.html.as_deref().unwrap_or_default(), &|id| {
        place(id).map(|at| format!("/file/{at}"))
    })
}

#[test]
fn pictures_in_the_text_become_parts_that_are_shown() {
    for source in [
        format!("\"data:image/png;base64,{PNG}\""),
        format!("'data:image/png;base64,{PNG}'"),
        format!("data:image/png;base64,{PNG}"),
        format!(" = \"DATA:image/PNG;charset=x;BASE64,{}\n{}\"", &PNG[..40], &PNG[40..])
            .replacen(" = ", "", 1),
        format!("\"data:image/png;base64,{}\"", PNG.replace('+', "%2B")),
    ] {
        let read = letter(&message(&format!(
            "Content-Type: text/html\n\n<p>The screen shows <img alt='' src={source}> since today</p>"
        )));
        assert_eq!(
            (read.text.as_str(), names(&read), types(&read)),
            ("The screen shows since today", vec!["image.png"], vec!["image/png"]),
            "{source}"
        );
        assert!(
            read.parts[0].content.starts_with(b"\x89PNG")
                && read.parts[0].content.len() == 70
                && read.parts[0].inline,
            "{source}"
        );
        assert!(shown(&read).contains("src=\"/file/0\""), "{source}");
    }
    // The same picture twice is one part; other data is no picture; what is written in the text
    // stays.
    let read = letter(&message(&format!(
        "Content-Type: text/html\n\n<img src=\"data:image/png;base64,{PNG}\"><img src=\"data:image/png;base64,{PNG}\">\
         <img src=\"data:image/svg+xml,%3Csvg/%3E\"><img src=\"data:text/html,x\"><p>src = data:image/png, too</p>"
    )));
    assert_eq!(
        (read.parts.len(), read.parts[1].content.as_slice(), read.text.as_str()),
        (2, &b"<svg/>"[..], "src = data:image/png, too")
    );
    assert_eq!(shown(&read).matches("/file/").count(), 3);
    // A photograph is larger than all the text that is shown.
    let large = format!(
        "Content-Type: text/html\n\n<p>before<img src=\"data:image/jpeg;base64,{}\">after</p>",
        "QUJD".repeat(1 << 19)
    );
    let read = letter(&message(&large));
    assert_eq!(
        (read.text.as_str(), read.parts.len(), read.parts[0].content.len(), read.remarks.len()),
        ("beforeafter", 1, 3 << 19, 0)
    );
    let many: String =
        (0..150).map(|number| format!("<img src=\"data:image/gif,{number}\">")).collect();
    let read = letter(&message(&format!("Content-Type: text/html\n\n{many}")));
    assert_eq!((read.parts.len(), read.remarks.len()), (100, 1));
}

#[test]
fn pictures_are_found_by_their_ids_however_these_are_written() {
    for (id, source) in [
        ("<pic@x.example>", "cid:pic@x.example"),
        ("<pic@x.example>", "CID:pic@x.example"),
        ("<pic@x.example>", "cid:pic%40x.example"),
        ("<pic@x.example>", "Cid:%70ic@x%2Eexample"),
        ("<pic@x.example>", " cid:pic@x.example "),
        ("pic@x.example", "cid:pic@x.example"),
        ("<pic%40x>", "cid:pic%40x"),
        ("<pic%40x>", "cid:pic%2540x"),
        ("<a+b=1@x.example>", "cid:a+b=1@x.example"),
        ("<a&b@x.example>", "cid:a&amp;b@x.example"),
        ("<foto>", "cid:foto"),
        ("(a) <pic@x.example> (b)", "cid:pic@x.example"),
    ] {
        let read = parts(
            "related",
            &[
                &format!("Content-Type: text/html\n\n<img src=\"{source}\">"),
                &format!("Content-Type: image/png\nContent-ID: {id}\n\nx"),
            ],
        );
        assert!(read.parts[0].inline, "{id} {source}: {:?}", read.parts[0].content_id);
        if !source.contains('&') {
            let html = shown(&read);
            assert!(html.contains("/file/0"), "{id} {source}: {html}");
            assert_eq!(
                clean(&html, &|_| Some("/file/0".into())),
                html,
                "cleaning again changes nothing"
            );
        }
    }
    let read = parts(
        "related",
        &[
            "Content-Type: text/html\n\n<p>cid:other",
            "Content-Type: image/png\nContent-ID: <pic@x>\n\nx",
        ],
    );
    assert!(!read.parts[0].inline);
}

#[test]
fn parts_without_a_name_get_one() {
    let enclosed = |subject: &str| {
        format!("Content-Type: message/rfc822\n\nFrom: x@y.example\n{subject}\n\nold words")
    };
    let name = |part: &str| parts("mixed", &["\nfyi", part]).parts.remove(0).name;
    let check =
        |part: &str, expect: &str| assert_eq!(name(part).as_deref(), Some(expect), "{part}");
    check(&enclosed("Subject: The old order"), "The old order.eml");
    check(&enclosed("Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?= 1/2"), "Grüße 1_2.eml");
    check(&enclosed("X: y"), "message.eml");
    check(&enclosed("Subject: ../.."), "message.eml");
    check("Content-Type: message/rfc822; name=\"old.eml\"\n\nSubject: x\n\ny", "old.eml");
    check(
        "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDogaW4gY29kZQoKeA==",
        "in code.eml",
    );
    check("Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR", "invitation.ics");
    check("Content-Type: text/vcard\n\nBEGIN:VCARD", "contact.vcf");
    check("Content-Type: image/jpeg\n\nx", "image.jpg");
    let long = name(&enclosed(&format!("Subject: {}", "ü".repeat(400)))).unwrap();
    assert!(long.len() <= 255 && long.ends_with("ü.eml"), "{long}");
    assert_eq!(name("Content-Type: application/x-anything\n\nx"), None);
}

#[test]
fn an_invitation_stays_to_be_had() {
    let calendar = "Content-Type: text/calendar; charset=utf-8; method=REQUEST\n\nBEGIN:VCALENDAR\nEND:VCALENDAR";
    let read = parts(
        "alternative",
        &["\nMeeting at ten", "Content-Type: text/html\n\n<p>Meeting at ten</p>", calendar],
    );
    assert_eq!(
        (read.text.trim_end(), names(&read), types(&read)),
        ("Meeting at ten", vec!["invitation.ics"], vec!["text/calendar"])
    );
    assert!(named(&read, "invitation.ics").content.starts_with(b"BEGIN:VCALENDAR"));
    let alone = letter(&message(calendar));
    assert_eq!((alone.text.as_str(), names(&alone)), ("", vec!["invitation.ics"]));
}

#[test]
fn names_keep_their_words() {
    let check = |given: &str, expect: &str| {
        let read = parts(
            "mixed",
            &[&format!("Content-Disposition: attachment; filename=\"{given}\"\n\nx")],
        );
        assert_eq!(names(&read), [expect], "{given}");
    };
    check("Rechnung 12/2026.pdf", "Rechnung 12_2026.pdf");
    check("Rechnung 12\\2026.pdf", "Rechnung 12_2026.pdf");
    check("a\n b.txt", "a b.txt");
    check("a/b/c.txt", "a_b_c.txt");
    check("../../etc/passwd", "etc_passwd");
    check("/etc/passwd", "etc_passwd");
    check("a/../b.txt", "a_b.txt");
    check("a/.b.txt", "a_.b.txt");
    check(&["C:", "Users", "eve", "Order.doc"].join("\\"), "Order.doc");
    check("\\\\\\\\server\\share\\Order.doc", "Order.doc");
    check("a\u{202e}fdp.exe", "afdp.exe");
    check("...", "text.txt");
}

#[test]
fn sealed_messages_are_kept_with_a_remark() {
    for content_type in [
        "application/pkcs7-mime; smime-type=enveloped-data",
        "application/x-pkcs7-mime; smime-type=signed-data; name=smime.p7m",
    ] {
        let read = letter(&message(&format!(
            "Content-Type: {content_type}\nContent-Transfer-Encoding: base64\n\nMIIB"
        )));
        assert_eq!(
            (names(&read), read.remarks.len(), read.text.as_str()),
            (vec!["smime.p7m"], 1, ""),
            "{content_type}"
        );
    }
    let read = parts(
        "signed; protocol=\"application/pkcs7-signature\"",
        &["\nHi", "Content-Type: application/pkcs7-signature\n\nx"],
    );
    assert_eq!(
        (read.text.trim_end(), names(&read), read.remarks.len()),
        ("Hi", vec!["smime.p7s"], 0)
    );
}

/// Wraps bytes as the strict encoding has it.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let len = u32::try_from(content.len()).unwrap().to_be_bytes();
    [&[tag, 0x84], &len[..], content].concat()
}

/// Wraps bytes without saying their length.
fn endless(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, 0x80], content, &[0, 0]].concat()
}

/// Signs a message, as far as a reader can tell, with containers and data in an encoding.
fn wrapped(container: fn(u8, &[u8]) -> Vec<u8>, data: &[u8]) -> Vec<u8> {
    const SIGNED: &[u8] = &[0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
    const DATA: &[u8] = &[0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
    let inner = container(0x30, &[DATA, &container(0xa0, data)].concat());
    let signed = [&[2, 1, 1, 0x31, 0], &inner[..], &[0x31, 0]].concat();
    container(0x30, &[SIGNED, &container(0xa0, &container(0x30, &signed))].concat())
}

#[test]
fn what_a_signature_wraps_is_read() {
    let message = "Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nGr\u{fc}\u{df}e\r\n--c\r\n\
                   Content-Type: application/pdf; name=a.pdf\r\n\r\nx\r\n--c--\r\n";
    let pieces: Vec<u8> =
        message.as_bytes().chunks(20).flat_map(|piece| element(4, piece)).collect();
    for signed in [
        wrapped(element, &element(4, message.as_bytes())),
        wrapped(endless, &endless(0x24, &pieces)),
        wrapped(endless, &element(4, message.as_bytes())),
    ] {
        let read = letter(&super::raw(
            b"Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m",
            &signed,
        ));
        assert_eq!(
            (read.text.trim_end(), names(&read), read.remarks.len()),
            ("Gr\u{fc}\u{df}e", vec!["smime.p7m", "a.pdf"], 1)
        );
    }
    // Nothing is opened for ever, and what is cut is kept.
    let head = "Content-Type: application/pkcs7-mime\r\n\r\n".as_bytes();
    let nest = |inner: Vec<u8>| wrapped(element, &element(4, &[head, &inner].concat()));
    let deep =
        (0..50).fold(wrapped(element, &element(4, message.as_bytes())), |inner, _| nest(inner));
    assert_eq!(
        names(&letter(&super::raw(b"Content-Type: application/pkcs7-mime", &deep))).len(),
        2
    );
    let whole = wrapped(element, &element(4, message.as_bytes()));
    for len in 0..whole.len() {
        let read = letter(&super::raw(b"Content-Type: application/pkcs7-mime", &whole[..len]));
        assert!(!read.parts.is_empty(), "{len}");
    }
}
