//! Letters: messages as many programs write them, read.

use handoff_domain::Letter;
use handoff_mail::letter::{Bounds, Reading, Unreadable, read};
use handoff_mail::token::Signer;

/// Writes `\n` as the line ends of a message, and says who sends it.
pub(crate) fn message(rest: &str) -> Vec<u8> {
    format!("From: Ada <ada@example.org>\nMessage-ID: <1@example.org>\n{rest}")
        .replace('\n', "\r\n")
        .into_bytes()
}

pub(crate) fn signer() -> Signer {
    Signer::new([7; 32])
}

pub(crate) fn letter(raw: &[u8]) -> Letter {
    read(raw, &Reading::new(&signer())).unwrap()
}

/// Checks the text of a message.
fn text(rest: &str, expect: &str) {
    assert_eq!(letter(&message(rest)).text.trim_end(), expect, "{rest}");
}

/// Checks the text of a message whose body is bytes.
fn charset(headers: &str, body: &[u8], expect: &str) {
    let mut raw = message(&format!("{headers}\n\n"));
    raw.extend_from_slice(body);
    assert_eq!(letter(&raw).text, expect, "{headers}");
}

#[test]
fn charsets() {
    charset("Content-Type: text/plain; charset=utf-8", "Grüße ☃".as_bytes(), "Grüße ☃");
    charset("Content-Type: text/plain; charset=\"ISO-8859-1\"", b"Gr\xfc\xdfe", "Grüße");
    charset("Content-Type: text/plain; charset=iso-8859-15", b"5 \xa4", "5 €");
    charset("Content-Type: text/plain; charset=windows-1252", b"\x93q\x94", "\u{201c}q\u{201d}");
    charset(
        "Content-Type: text/plain; charset=windows-1251",
        b"\xcf\xf0\xe8\xe2\xe5\xf2",
        "Привет",
    );
    charset("Content-Type: text/plain; charset=koi8-r", b"\xf0\xd2\xc9\xd7\xc5\xd4", "Привет");
    charset("Content-Type: text/plain; charset=iso-2022-jp", b"\x1b$B$3$s\x1b(B", "こん");
    charset("Content-Type: text/plain; charset=shift_jis", b"\x82\xb1\x82\xf1", "こん");
    charset("Content-Type: text/plain; charset=gb18030", b"\xc4\xe3\xba\xc3", "你好");
    charset("Content-Type: text/plain; charset=big5", b"\xa7A\xa6n", "你好");
    charset("Content-Type: text/plain; charset=euc-kr", b"\xbe\xc8\xb3\xe7", "안녕");
    charset("Content-Type: text/plain; charset=utf-16le", b"h\0i\0", "hi");
    charset("Content-Type: text/plain; charset=utf-7", b"+AOQ-", "ä");
    // Not what was said: UTF-8 without saying so, the usual one without saying so, an unknown one,
    // one cut in a character.
    charset("Content-Type: text/plain", "ä".as_bytes(), "ä");
    charset("Content-Type: text/plain", b"\xe4", "ä");
    charset("Content-Type: text/plain; charset=us-ascii", "ä".as_bytes(), "ä");
    charset("Content-Type: text/plain; charset=x-nobody", b"\xe4", "ä");
    charset("Content-Type: text/plain; charset=utf-8", b"\xef\xbb\xbfBOM", "BOM");
    charset("Content-Type: text/plain; charset=utf-8", b"a\0b\x07c", "abc");
    charset(
        "Content-Type: text/plain; charset=utf-8",
        b"\xc3\xbcber, cut \xc3",
        "über, cut \u{fffd}",
    );
}

#[test]
fn transfer_encodings() {
    let quoted =
        "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n";
    text(
        &format!("{quoted}Gr=C3=BC=C3=9Fe and a long =\nline  \n=XY = stays"),
        "Grüße and a long line\n=XY = stays",
    );
    let base64 = "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: BASE64\n\n";
    text(&format!("{base64}R3LD\nvMOf\nZQ=="), "Grüße");
    text(&format!("{base64}R3LD!vMOf ZQ"), "Grüße");
    text(&format!("{base64}YQ==YQ=="), "aa");
    let letter = letter(&message("Content-Transfer-Encoding: x-uuencode\n\nbegin 644 x"));
    assert_eq!((letter.text.as_str(), letter.remarks.len()), ("begin 644 x", 1));
}

#[test]
fn flowed_text_is_joined() {
    let flowed = "Content-Type: text/plain; format=flowed\n\n";
    text(&format!("{flowed}one \ntwo\nthree"), "one two\nthree");
    text(&format!("{flowed}> one \n> two\n>> deep \n> less"), "> one two\n>> deep \n> less");
    text(&format!("{flowed} From me\nx"), "From me\nx");
    text(&format!("{flowed}x\n-- \nAda"), "x\n-- \nAda");
    text("Content-Type: text/plain; format=flowed; delsp=yes\n\nto \ngether", "together");
    text(&format!("{flowed}\nfirst is empty"), "\nfirst is empty");
}

#[test]
fn header_fields() {
    let check = |rest: &str, expect: &str| {
        assert_eq!(letter(&message(rest)).subject.as_deref(), Some(expect), "{rest}");
    };
    check("Subject: plain\n\n", "plain");
    check("Subject: =?utf-8?B?R3LDvMOfZQ==?=\n\n", "Grüße");
    check(
        "Subject: =?iso-8859-1?Q?Gr=FC=DFe?= =?utf-8?q?_und?=\n =?utf-8?q?_mehr?=\n\n",
        "Grüße und mehr",
    );
    check("Subject: folded\n over\n\tthree lines\n\n", "folded over three lines");
    check("Subject: =?utf-8?Q?a=0D=0ABcc:_b@c?=\n\n", "a Bcc: b@c");
    check("Subject: =?utf-8?Q?broken\n\n", "=?utf-8?Q?broken");
    check("SUBJECT : old form\n\n", "old form");
    let mut raw = message("Subject: ");
    raw.extend_from_slice(b"Gr\xfc\xdfe\r\n\r\n");
    assert_eq!(letter(&raw).subject.as_deref(), Some("Grüße"), "8-bit of western Windows");
    assert_eq!(
        letter(&message("Subject: Grüße\n\n")).subject.as_deref(),
        Some("Grüße"),
        "8-bit UTF-8"
    );
    assert_eq!(letter(&message("\n")).subject, None);
}

#[test]
fn senders_and_recipients() {
    let from = |field: &str| {
        let letter = letter(format!("{field}\nX: y\n\n").as_bytes());
        letter.from.map(|from| (from.address, from.name.unwrap_or_default()))
    };
    let is = |address: &str, name: &str| Some((address.to_owned(), name.to_owned()));
    assert_eq!(from("From: a@b.example"), is("a@b.example", ""));
    assert_eq!(from("From: \"Lund, Kate\" <k@b.example>"), is("k@b.example", "Lund, Kate"));
    assert_eq!(from("From: =?utf-8?q?J=C3=B6rg?= <j@b.example>"), is("j@b.example", "Jörg"));
    assert_eq!(from("From: a@b.example (Ada)"), is("a@b.example", "Ada"));
    assert_eq!(from("From: one@b.example, two@b.example"), is("one@b.example", ""));
    assert_eq!(from("From: undisclosed"), None);
    assert_eq!(from("From:"), None);
    assert_eq!(from("Sender: a@b.example"), is("a@b.example", ""));
    let remarks = letter(b"From: nobody\n\nx").remarks;
    assert_eq!(remarks, ["The sender could not be read."]);
    let group = letter(&message(
        "To: team: a@x.example, B <b@x.example>;\nCc: c@x.example\nReply-To: r@x.example\n\n",
    ));
    let addresses = |list: &[handoff_domain::Address]| {
        list.iter().map(|a| a.address.clone()).collect::<Vec<_>>()
    };
    assert_eq!(addresses(&group.to), ["a@x.example", "b@x.example"]);
    assert_eq!(
        (addresses(&group.cc), addresses(&group.reply_to)),
        (vec!["c@x.example".into()], vec!["r@x.example".into()])
    );
}

#[test]
fn what_it_answers() {
    let raw = message("In-Reply-To: <c@x>\nReferences: <a@x> <b@x>\n <c@x>\n\n");
    assert_eq!(letter(&raw).answers, ["c@x", "b@x", "a@x"]);
    assert_eq!(letter(&raw).message_id.as_deref(), Some("1@example.org"));
    assert!(letter(&message("In-Reply-To: your message of Tuesday\n\n")).proven.is_empty());
}

#[test]
fn dates() {
    let date =
        |field: &str| letter(&message(&format!("Date: {field}\n\n"))).date.map(|date| date.0);
    assert_eq!(date("Thu, 1 Jan 1970 00:00:10 +0000"), Some(10_000));
    assert_eq!(date("Thu, 1 Jan 1970 02:00:00 +0200 (EET)"), Some(0));
    assert_eq!(date("soon"), None);
}

#[test]
fn alternatives() {
    let raw = message(
        "Content-Type: multipart/alternative; boundary=b\n\npreamble\n--b\nContent-Type: text/plain\n\nplain\n--b\n\
         Content-Type: text/html\n\n<p>rich</p>\n--b--\nepilogue",
    );
    let read = letter(&raw);
    assert_eq!((read.text.as_str(), read.html.as_deref()), ("plain", Some("<p>rich</p>")));
    assert!(read.parts.is_empty() && read.remarks.is_empty());
    text(
        "Content-Type: text/html\n\n<h1>Hi</h1><p>a&amp;b<br>c</p><script>x</script>",
        "Hi\n\na&b\nc",
    );
    let raw = message(
        "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\n \n--b\n\
         Content-Type: text/html\n\n<p>only rich</p>\n--b--",
    );
    assert_eq!(letter(&raw).text, "only rich");
}

#[test]
fn attachments_and_images() {
    let raw = message(
        "Content-Type: multipart/mixed; boundary=m\n\n--m\nContent-Type: multipart/related; boundary=r\n\n--r\n\
         Content-Type: text/html\n\n<img src=\"cid:logo@x\">\n--r\nContent-Type: image/png\nContent-ID: <logo@x>\n\
         Content-Transfer-Encoding: base64\n\naGk=\n--r--\n--m\nContent-Type: application/pdf; name=\"a.pdf\"\n\
         Content-Disposition: attachment\n\n%PDF\n--m\nContent-Type: text/plain\n\nfooter\n--m\n\
         Content-Type: text/plain; name=log.txt\nContent-Disposition: inline; filename=log.txt\n\nlog\n--m--\n",
    );
    let read = letter(&raw);
    assert_eq!(read.text.trim(), "footer\nlog");
    let parts: Vec<_> =
        read.parts.iter().map(|p| (p.name.as_deref(), p.content_type.as_str(), p.inline)).collect();
    assert_eq!(
        parts,
        [
            (Some("image.png"), "image/png", true),
            (Some("a.pdf"), "application/pdf", false),
            (Some("log.txt"), "text/plain", false)
        ]
    );
    assert_eq!(
        (read.parts[0].content.as_slice(), read.parts[1].content.as_slice()),
        (&b"hi"[..], &b"%PDF"[..])
    );
    assert_eq!(read.parts[0].content_id.as_deref(), Some("logo@x"));
}

/// Returns the name of an attachment that was said like this.
fn name(fields: &str) -> Option<String> {
    let raw = message(&format!(
        "Content-Type: multipart/mixed; boundary=b\n\n--b\n{fields}\n\nx\n--b--\n"
    ));
    letter(&raw).parts.remove(0).name
}

#[test]
fn names_of_attachments() {
    let check =
        |fields: &str, expect: &str| assert_eq!(name(fields).as_deref(), Some(expect), "{fields}");
    check("Content-Disposition: attachment; filename=\"a b.txt\"", "a b.txt");
    check("Content-Disposition: attachment; filename*=utf-8''%C3%9Cber%20uns.txt", "Über uns.txt");
    check("Content-Disposition: attachment; filename*=iso-8859-1'de'%DCber.txt", "Über.txt");
    check("Content-Disposition: attachment; filename*0=long; filename*1=er.txt", "longer.txt");
    check(
        "Content-Disposition: attachment; filename*0*=utf-8''%C3%9C; filename*1=ber.txt",
        "Über.txt",
    );
    check("Content-Disposition: attachment; filename=\"=?utf-8?B?w5xiZXIudHh0?=\"", "Über.txt");
    check("Content-Type: image/png; name=\"p.png\"", "p.png");
    check("Content-Disposition: attachment; filename=\"../../etc/passwd\"", "etc_passwd");
    check("Content-Disposition: attachment; filename=\"dir\\\\\\\\evil.exe\"", "dir_evil.exe");
    check("Content-Disposition: attachment; filename*=utf-8''inv%E2%80%AEfdp.exe", "invfdp.exe");
    check("Content-Disposition: attachment; filename*=utf-8''a%00b%0D%0Ac.txt", "a b c.txt");
    check("Content-Disposition: attachment; filename=\".bashrc\"", "bashrc");
    let long =
        name(&format!("Content-Disposition: attachment; filename=\"{}.docx\"", "ü".repeat(300)))
            .unwrap();
    assert!(long.len() <= 255 && long.ends_with("ü.docx"), "{long}");
    check("Content-Disposition: attachment; filename=\"../..\"", "text.txt");
}

#[test]
fn broken_structures_lose_nothing() {
    text("Content-Type: multipart/mixed; boundary=b\n\nno part at all", "no part at all");
    text("Content-Type: multipart/mixed\n\nno boundary", "no boundary");
    text("Content-Type: multipart/mixed; boundary=\"\"\n\nempty boundary", "empty boundary");
    text("Content-Type: multipart/mixed; boundary=b\n\n--b\n\nno end", "no end");
    text(
        "Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b  \n\ntwo\n--b--\n",
        "one\ntwo",
    );
    text("Content-Type: text\n\nhalf a type", "half a type");
    text("Content-Type: ;;;\n\nno type", "no type");
    // The inner end is missing; the outer delimiter ends both.
    text(
        "Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: multipart/alternative; boundary=i\n\n--i\n\none\n\
         --o\n\ntwo\n--o--\n",
        "one\ntwo",
    );
    // A boundary that begins like another one.
    text(
        "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=bb\n\n--bb\n\nin\n--bb--\n--b--",
        "in",
    );
    let bare = letter(b"Subject: only headers");
    assert_eq!((bare.subject.as_deref(), bare.text.as_str()), (Some("only headers"), ""));
    let no_gap = letter(b"Subject: x\nthis is no field\nmore");
    assert_eq!(no_gap.text, "this is no field\nmore");
    let mailbox_line = letter(b"From ada Tue Nov 24\nSubject: x\n\ny");
    assert_eq!((mailbox_line.subject.as_deref(), mailbox_line.text.as_str()), (Some("x"), "y"));
}

#[test]
fn kept_as_parts() {
    let parts = |rest: &str| {
        let read = letter(&message(rest));
        (
            read.parts.iter().map(|p| p.content_type.clone()).collect::<Vec<_>>(),
            read.remarks.len(),
            read.text,
        )
    };
    let (types, remarks, text) = parts(
        "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nHi\n--b\nContent-Type: text/calendar; method=REQUEST\n\n\
         BEGIN:VCALENDAR\n--b\nContent-Type: application/ms-tnef; name=winmail.dat\n\nx\n--b\nContent-Type: message/rfc822\n\n\
         Subject: inner\n\nbody\n--b--\n",
    );
    assert_eq!(types, ["text/calendar", "application/ms-tnef", "message/rfc822"]);
    assert_eq!((remarks, text.as_str()), (1, "Hi"));
    let (types, _, text) = parts(
        "Content-Type: multipart/signed; protocol=\"application/pgp-signature\"; boundary=b\n\n--b\n\nsigned\n--b\n\
         Content-Type: application/pgp-signature\n\nsig\n--b--\n",
    );
    assert_eq!((types, text.as_str()), (vec!["application/pgp-signature".to_owned()], "signed"));
    let (types, remarks, text) = parts(
        "Content-Type: multipart/encrypted; boundary=b\n\n--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--b\n\
         Content-Type: application/octet-stream\n\n-----BEGIN PGP\n--b--\n",
    );
    assert_eq!((types.len(), remarks, text.as_str()), (2, 1, ""));
    let (types, _, text) = parts("Content-Type: application/pdf; name=x.pdf\n\n%PDF");
    assert_eq!((types, text.as_str()), (vec!["application/pdf".to_owned()], ""));
    let (types, ..) =
        parts("Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: a\n\nb\n--b--\n");
    assert_eq!(types, ["message/rfc822"]);
}

#[test]
fn what_is_refused() {
    let read = |raw: &[u8]| read(raw, &Reading::new(&signer())).unwrap_err();
    assert_eq!(read(b""), Unreadable::NoHeaders);
    assert_eq!(read(b"\r\nbody"), Unreadable::NoHeaders);
    assert_eq!(read(b"GET / HTTP/1.1\r\n\r\n"), Unreadable::NoHeaders);
    let max = Bounds::default().message_len_max;
    assert_eq!(read(&vec![b'a'; max + 1]), Unreadable::TooLarge { len: max + 1, max });
    let hops = "Received: from a by b\n".repeat(101);
    assert_eq!(
        read(format!("{hops}\nx").as_bytes()),
        Unreadable::TooManyHops { hops: 101, max: 100 }
    );
    let padded = format!("{}{hops}\nx", "X: y\n".repeat(1_000));
    assert_eq!(
        read(padded.as_bytes()),
        Unreadable::TooManyHops { hops: 101, max: 100 },
        "beyond what is read"
    );
    letter(format!("{}\nx", "Received: from a by b\n".repeat(100)).as_bytes());
}

#[test]
fn copies_of_a_message_have_the_same_hash() {
    let hash = |raw: &[u8]| letter(raw).body_hash;
    let one = hash(b"Received: a\nSubject: x\n\nline\nline\n");
    assert_eq!(one, hash(b"Subject: x\r\n\r\nline\r\nline\r\n\r\n"));
    assert_ne!(one, hash(b"Subject: x\n\nline\nline2\n"));
    assert_eq!(one.len(), 64);
}
