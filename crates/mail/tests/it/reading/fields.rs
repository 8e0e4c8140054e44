//! Header fields: folds, comments, encoded words and parameters in every form.

use super::{letter, message, names, parts, raw};

fn subject(field: &[u8], expect: &str) {
    let mut fields = b"Subject: ".to_vec();
    fields.extend_from_slice(field);
    let read = letter(&raw(&fields, b"x"));
    assert_eq!(read.subject.as_deref(), Some(expect), "{}", String::from_utf8_lossy(field));
}

/// Checks the name of a file that fields describe.
fn name(fields: &str, expect: &str) {
    let read = parts("mixed", &[&format!("{fields}\n\nx")]);
    assert_eq!(names(&read), [expect], "{fields}");
}

#[test]
fn folds_and_comments_stand_between_any_tokens() {
    let text = |fields: &str, body: &[u8], expect: &str| {
        assert_eq!(letter(&raw(fields.as_bytes(), body)).text, expect, "{fields}");
    };
    text("Content-Type: text/plain; charset=\r\n\t\"iso-8859-2\"", b"P\xf8\xedli\xb9", "Příliš");
    text(
        "Content-Type:\r\n text/plain;\r\n charset\r\n =\r\n iso-8859-2",
        b"P\xf8\xedli\xb9",
        "Příliš",
    );
    text(
        "Content-Type: (a (b) \\) c) text/plain (d); (e) charset (f) = (g) \"iso-8859-2\" (h)",
        b"\xb9",
        "š",
    );
    text("Content-Type: text/plain; charset=iso-8859-2 (Plain text; charset=utf-8)", b"\xb9", "š");
    text("Content-Type: text/plain charset=iso-8859-2", b"\xb9", "š");
    text("Content-Type: text/plain; charset=\"iso-8859-2; format=flowed", b"\xb9", "š");
    for encoding in [
        "quoted-printable (as text)",
        "(as text) quoted-printable",
        "\"Quoted-Printable\"",
        "quoted-printable;",
        "\r\n quoted-printable",
    ] {
        text(&format!("Content-Transfer-Encoding: {encoding}"), b"Gr=C3=BC=C3=9Fe", "Grüße");
    }
    for encoding in ["7-bit", "8 bit", "8bit (really)", "BINARY"] {
        let read = letter(&message(&format!("Content-Transfer-Encoding: {encoding}\n\n=41")));
        assert_eq!((read.text.as_str(), read.remarks.len()), ("=41", 0), "{encoding}");
    }
    let folded = "multipart/mixed; boundary=\n\t\"b 1\"\n\n--b 1\n\nfirst\n--b 1\nContent-Type: application/pdf; name=\n\t\"Order 4711.pdf\"\n\
                  Content-Disposition: attachment; filename=\n\t\"Order 4711.pdf\"; size=13\n\nx\n--b 1--\n";
    let read = letter(&message(&format!("Content-Type: {folded}")));
    assert_eq!((read.text.as_str(), names(&read)), ("first", vec!["Order 4711.pdf"]));
}

#[test]
fn encoded_words_lose_no_letter() {
    subject(b"=?utf-8?B?QmVow7ZyZGVu?=", "Behörden");
    // Cut inside a letter, by bytes or by the base 64 itself.
    subject(b"=?utf-8?B?QmVow?=\r\n =?utf-8?B?7ZyZGVu?=", "Behörden");
    subject(b"=?utf-8?B?QmVoww==?=\r\n =?utf-8?B?tnJkZW4=?=", "Behörden");
    subject(b"=?UTF-8?Q?Beh=C3?= =?utf-8?Q?=B6rden?=", "Behörden");
    subject(b"=?utf-8?Q?Beh=C3?=\r\n =?utf-8?B?tnJkZW4=?=", "Behörden");
    subject(b"=?iso-2022-jp?B?GyRCSlY=?= =?iso-2022-jp?B?SUobKEI=?=", "返品");
    subject(b"=?gb2312?B?zcu79Q?=\r\n\t=?gb2312?B?yerH6w==?=", "退货申请");
    // Without padding, or with too much; without the blank between two words; with blanks and with
    // a fold inside.
    subject(b"=?utf-8?B?R3LDvMOfZQ?=", "Grüße");
    subject(b"=?utf-8?B?R3LDvMOfZQ====?=", "Grüße");
    subject(b"=?utf-8?Q?Gr=C3=BC?==?utf-8?Q?=C3=9Fe?=", "Grüße");
    subject(b"=?utf-8?Q?Gr=C3=BC=C3=9Fe an?=", "Grüße an");
    subject(b"=?utf-8?Q?Gr=C3=BC=C3=9Fe\r\n an alle?=", "Grüße an alle");
    subject(b"=?utf-8?B?R3LD\r\n vMOfZQ==?=", "Grüße");
    // With a language, in an unknown charset, in none, inside other text, and what is no word.
    subject(b"=?utf-8*de?Q?Gr=C3=BC=C3=9Fe?=", "Grüße");
    subject(b"=?x-nobody?Q?Gr=C3=BC=C3=9Fe?=", "Grüße");
    subject(b"=??Q?Gr=FC=DFe?=", "Grüße");
    subject(b"Re:=?utf-8?Q?_Gr=C3=BC=C3=9Fe?=, 3", "Re: Grüße, 3");
    subject(b"=?utf-8?Q?a?= b =?utf-8?Q?c?=", "a b c");
    subject(b"=?utf-8?Q?1+1=3D2?=", "1+1=2");
    subject(b"=?utf-8?X?a?= 1 =?= 2", "=?utf-8?X?a?= 1 =?= 2");
    subject(b"=?utf-8?Q?open =?utf-8?Q?closed?=", "=?utf-8?Q?open closed");
    // Decoded once: what looks like a word afterwards is text.
    subject(b"=?utf-8?Q?=3D=3Futf-8=3FQ=3Fa=3F=3D?=", "=?utf-8?Q?a?=");
}

#[test]
fn raw_bytes_are_decoded_once_in_the_charset_of_their_letter() {
    subject(b"=?iso-8859-1?Q?Gr\xfc\xdfe?=", "Grüße");
    subject(b"=?utf-8?Q?Gr\xfc\xdfe?=", "Grüße");
    subject(b"=?utf-8?Q?Gr\xc3\xbc\xc3\x9fe?=", "Grüße");
    subject(b"=?koi8-r?Q?=F0\xd2=C9\xd7?=", "Прив");
    // The charset that the text names, that one part of several names, that another field names.
    subject(b"\xcd\xcb\xbb\xf5\r\nContent-Type: text/plain; charset=gb2312", "退货");
    subject(
        b"\xcf\xf0\xe8\xe2\xe5\xf2\r\nContent-Type: text/plain; charset=\"windows-1251\"",
        "Привет",
    );
    subject(b"\xcf\xf0\xe8\xe2\xe5\xf2\r\nTo: =?windows-1251?Q?=CF?= <a@b.example>", "Привет");
    subject(b"\x83\x81\x81[\x83\x8b\r\nContent-Type: text/plain; charset=Shift_JIS", "メール");
    let read = letter(&raw(
        b"Subject: \xb9\xdd\xc7\xb0\r\nContent-Type: multipart/alternative; boundary=b",
        b"--b\r\nContent-Type: text/plain; charset=euc-kr\r\n\r\nx\r\n--b--\r\n",
    ));
    assert_eq!(read.subject.as_deref(), Some("반품"));
    // UTF-8 needs no name, and a wrong one changes nothing.
    subject("Grüße\r\nContent-Type: text/plain; charset=windows-1251".as_bytes(), "Grüße");
    subject(b"Gr\xfc\xdfe\r\nContent-Type: text/plain; charset=utf-8", "Grüße");
    // Seven bits with escape sequences, also where their letters look like marks.
    subject(b"\x1b$BJVIJ\x1b(B", "返品");
    let mut from = b"From: \x1b$B$\"$$\x1b(B <ai@example.org>\r\n\r\n".to_vec();
    from.extend_from_slice(b"x");
    let sender = letter(&from).from.unwrap();
    assert_eq!((sender.address.as_str(), sender.name.as_deref()), ("ai@example.org", Some("あい")));
    let read = letter(&raw(
        b"To: Gr\xfc\xdfe <g@example.org>\r\nContent-Type: text/plain; charset=iso-8859-1",
        b"",
    ));
    assert_eq!(read.to[0].name.as_deref(), Some("Grüße"));
}

#[test]
fn parameters_are_joined_before_they_are_decoded() {
    let disposition = "Content-Disposition: attachment;";
    name(
        &format!("{disposition}\n filename*0*=utf-8''R%C3;\n filename*1*=%BCckgabe.pdf"),
        "Rückgabe.pdf",
    );
    name(
        &format!("{disposition} filename*1*=%BCckgabe.pdf; filename*0*=utf-8'de'R%C3"),
        "Rückgabe.pdf",
    );
    name(
        &format!(
            "{disposition} filename*0*=iso-8859-1''R%FCck; filename*1=\"gabe 1\"; filename*2*=%2Epdf"
        ),
        "Rückgabe 1.pdf",
    );
    name(
        &format!("{disposition} filename*0*=shift_jis''%83; filename*1*=%81%81%5B.txt"),
        "メー.txt",
    );
    name(
        &format!("{disposition} filename*=UTF-8''R%C3%BCck.pdf; filename=\"Rueck.pdf\""),
        "Rück.pdf",
    );
    name(
        &format!("{disposition} filename=\"Rueck.pdf\"; filename*=UTF-8''R%C3%BCck.pdf"),
        "Rück.pdf",
    );
    name(&format!("{disposition} filename*=\"UTF-8''R%C3%BCck.pdf\""), "Rück.pdf");
    name(&format!("{disposition} filename*=R%C3%BCck.pdf"), "Rück.pdf");
    name(&format!("{disposition} filename*=''R%FCck.pdf"), "Rück.pdf");
    name(
        &format!("{disposition} filename*0=Rueck; filename*1=gabe; filename*2=.pdf"),
        "Rueckgabe.pdf",
    );
    let ten: String =
        (0..12).rev().map(|number| format!("; filename*{number}={number}-")).collect();
    name(&format!("Content-Disposition: attachment{ten}"), "0-1-2-3-4-5-6-7-8-9-10-11-");
    // Words of RFC 2047, which are forbidden here: folded wide, cut inside a letter, over several
    // pieces, without quotes.
    name(
        &format!(
            "{disposition}\n filename=\"=?UTF-8?Q?R=C3=BCckgabe?=\n        =?UTF-8?Q?schein=2Epdf?=\""
        ),
        "Rückgabeschein.pdf",
    );
    name(
        &format!("{disposition} filename=\"=?utf-8?B?UsM=?= =?utf-8?B?vGNrLnBkZg==?=\""),
        "Rück.pdf",
    );
    name(&format!("{disposition} filename==?utf-8?Q?R=C3=BCck.pdf?="), "Rück.pdf");
    name(
        &format!("{disposition} filename*0=\"=?utf-8?Q?R=C3=BC\"; filename*1=\"ck.pdf?=\""),
        "Rück.pdf",
    );
    name("Content-Type: application/pdf;\n name=\"=?iso-8859-1?Q?R=FCck.pdf?=\"", "Rück.pdf");
}

#[test]
fn parameters_that_are_broken_are_read_as_they_were_meant() {
    let disposition = "Content-Disposition: attachment;";
    name(&format!("{disposition} filename=Order 4711 (copy).pdf"), "Order 4711 (copy).pdf");
    name(&format!("{disposition} filename=\"Order \"new\".pdf\""), "Order \"new\".pdf");
    name(&format!("{disposition} filename=\"Order \\\"new\\\".pdf\""), "Order \"new\".pdf");
    name(&format!("{disposition} filename=\"Order.pdf\" size=3"), "Order.pdf");
    name(&format!("{disposition} filename=\"Order.pdf; size=3"), "Order.pdf");
    name(&format!("{disposition} filename = \"Order; 1.pdf\" ; size=3"), "Order; 1.pdf");
    name(&format!("{disposition} FILENAME=\"Order.pdf\"; filename=\"Other.pdf\""), "Order.pdf");
    name("Content-Disposition: attachment filename=Order.pdf", "Order.pdf");
    name("Content-Disposition: attachment; name=\"Order.pdf\"", "Order.pdf");
    let mut bytes = b"Content-Disposition: attachment; filename=\"R\xfcck.pdf\"".to_vec();
    bytes.splice(0..0, b"Content-Type: application/pdf\r\n".iter().copied());
    let read = letter(&raw(&bytes, b"x"));
    assert_eq!(names(&read), ["Rück.pdf"], "raw bytes");
}

#[test]
fn a_broken_line_does_not_end_the_fields() {
    let whole = "From: Eve <eve@x.example>\nSubject: An input\nTo: a@x.example\n\nWhere is it?";
    for broken in ["by localhost with SMTP; Wed", "quite Delivered-To: a@x.example", "x", ": y"] {
        let read = letter(format!("Received: from a\n{broken}\n{whole}").as_bytes());
        let from = read.from.unwrap().address;
        assert_eq!(
            (from.as_str(), read.subject.as_deref(), read.text.as_str()),
            ("eve@x.example", Some("An input"), "Where is it?"),
            "{broken}"
        );
    }
    // A text that was put below the fields without an empty line stays one, also when it looks like
    // fields.
    let read =
        letter(b"From: eve@x.example\nSubject: An input\nWhere is it?\nTo: somebody\n\nmore");
    assert_eq!(read.text, "Where is it?\nTo: somebody\n\nmore");
}
