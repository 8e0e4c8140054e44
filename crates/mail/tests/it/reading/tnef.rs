//! What Outlook sends to itself: the text and the files in a `winmail.dat`.

use handoff_domain::Letter;

use super::{letter, named, names, raw, types};

/// An attribute of a message (1) or of a file (2).
fn attribute(level: u8, id: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = vec![level];
    bytes.extend(u32::from(id).to_le_bytes());
    bytes.extend(u32::try_from(value.len()).unwrap().to_le_bytes());
    bytes.extend(value);
    let sum = value.iter().fold(0_u16, |sum, byte| sum.wrapping_add(u16::from(*byte)));
    bytes.extend(sum.to_le_bytes());
    bytes
}

/// A property whose value has a length.
fn property(id: u16, kind: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = [kind.to_le_bytes(), id.to_le_bytes()].concat();
    bytes.extend(1_u32.to_le_bytes());
    bytes.extend(u32::try_from(value.len()).unwrap().to_le_bytes());
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

fn number(id: u16, value: u32) -> Vec<u8> {
    [&3_u16.to_le_bytes()[..], &id.to_le_bytes(), &value.to_le_bytes()].concat()
}

fn properties(all: &[Vec<u8>]) -> Vec<u8> {
    [&u32::try_from(all.len()).unwrap().to_le_bytes()[..], &all.concat()].concat()
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

fn tnef(attributes: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = 0x223e_9f78_u32.to_le_bytes().to_vec();
    bytes.extend([1, 0]);
    bytes.extend(attribute(1, 0x9006, &[0, 0, 1, 0]));
    bytes.extend(attribute(1, 0x9007, &[1252_u32.to_le_bytes(), 0_u32.to_le_bytes()].concat()));
    bytes.extend(attributes.concat());
    bytes
}

/// Reads a letter with a text (none when empty) and a `winmail.dat`.
fn winmail(text: &str, content: &[u8]) -> Letter {
    let mut body = format!(
        "--b\r\n\r\n{text}\r\n--b\r\nContent-Type: application/ms-tnef; name=winmail.dat\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(content);
    body.extend_from_slice(b"\r\n--b--\r\n");
    letter(&raw(b"Content-Type: multipart/mixed; boundary=b", &body))
}

fn file(name: &str, content: &[u8]) -> Vec<u8> {
    [
        attribute(2, 0x9002, &[0; 14]),
        attribute(2, 0x800f, content),
        attribute(2, 0x8010, &[name.as_bytes(), b"\0"].concat()),
    ]
    .concat()
}

/// "hello world" as it is compressed in the example of the format's description ([MS-OXRTFCP]
/// 4.1.1).
const HELLO: &[u8] = &[
    0x2d, 0, 0, 0, 0x2b, 0, 0, 0, 0x4c, 0x5a, 0x46, 0x75, 0xf1, 0xc5, 0xc7, 0xa7, 0x03, 0x00, 0x0a,
    0x00, 0x72, 0x63, 0x70, 0x67, 0x31, 0x32, 0x35, 0x42, 0x32, 0x0a, 0xf3, 0x20, 0x68, 0x65, 0x6c,
    0x09, 0x00, 0x20, 0x62, 0x77, 0x05, 0xb0, 0x6c, 0x64, 0x7d, 0x0a, 0x80, 0x0f, 0xa0,
];

/// RTF that is not compressed.
fn stored(rtf: &str) -> Vec<u8> {
    let len = u32::try_from(rtf.len()).unwrap();
    let header = [(len + 12).to_le_bytes(), len.to_le_bytes(), *b"MELA", [0; 4]].concat();
    [&header[..], rtf.as_bytes()].concat()
}

#[test]
fn files_are_taken_out() {
    let long = properties(&[
        property(0x3707, 0x1f, &wide("Rückgabe 12/2026.pdf")),
        property(0x370e, 0x1e, b"application/pdf\0"),
        property(0x3712, 0x1e, b"pic@x\0"),
    ]);
    let content = tnef(&[
        file("plan.txt", b"a plan"),
        file("RUECKG~1.PDF", b"%PDF"),
        attribute(2, 0x9005, &long),
    ]);
    let read = winmail("See the files.", &content);
    assert_eq!(
        (read.text.trim_end(), names(&read)),
        ("See the files.", vec!["plan.txt", "Rückgabe 12_2026.pdf"])
    );
    assert_eq!(types(&read), ["application/octet-stream", "application/pdf"]);
    assert_eq!(
        (named(&read, "plan.txt").content.as_slice(), read.parts[1].content.as_slice()),
        (&b"a plan"[..], &b"%PDF"[..])
    );
    assert_eq!((read.parts[1].content_id.as_deref(), read.remarks.len()), (Some("pic@x"), 1));
    // By what is in it, whatever its type.
    let alone = raw(b"Content-Type: application/octet-stream; name=winmail.dat", &content);
    assert_eq!(names(&letter(&alone)), ["plan.txt", "Rückgabe 12_2026.pdf"]);
}

#[test]
fn its_text_is_the_text_when_there_is_no_other() {
    let text = |kind: u16, id: u16, value: &[u8]| {
        winmail("", &tnef(&[attribute(1, 0x9003, &properties(&[property(id, kind, value)]))]))
    };
    assert_eq!(text(0x1f, 0x1000, &wide("Grüße")).text.trim(), "Grüße");
    assert_eq!(text(0x1e, 0x1000, b"Gr\xfc\xdfe\0").text.trim(), "Grüße");
    assert_eq!(winmail("", &tnef(&[attribute(1, 0x800c, b"Gr\xfc\xdfe\0")])).text.trim(), "Grüße");
    let html =
        properties(&[number(0x3fde, 28_592), property(0x1013, 0x102, b"<p>P\xf8\xedli\xb9</p>")]);
    let read = winmail("", &tnef(&[attribute(1, 0x9003, &html)]));
    assert_eq!((read.text.trim(), read.html.is_some()), ("Příliš", true));
    assert_eq!(text(0x102, 0x1009, HELLO).text.trim(), "hello world");
    let rtf = stored(
        "{\\rtf1\\ansi\\ansicpg1252{\\fonttbl{\\f0 Arial;}}Gr\\'fc\\'dfe \\u9731? \\u-10179?\\u-8704?\\par \\{two\\}\\tab x{\\*\\skipped y}}",
    );
    assert_eq!(text(0x102, 0x1009, &rtf).text.trim(), "Grüße ☃ 😀\n{two}\tx");
    let rtf = stored(
        "{\\rtf1\\ansi\\fromhtml1 {\\*\\htmltag64 <p>}\\htmlrtf {\\b \\htmlrtf0 a < b\\htmlrtf }\\htmlrtf0 {\\*\\htmltag84 <b>}c{\\*\\htmltag92 </b>}{\\*\\htmltag72 </p>}}",
    );
    let read = text(0x102, 0x1009, &rtf);
    assert_eq!(
        (read.text.trim(), read.html.unwrap().contains("<p>a &lt; b<b>c</b></p>")),
        ("a < bc", true)
    );
    // The letter's own text is not doubled, and what holds nothing new is kept as it is.
    let read = winmail("Own words", &tnef(&[attribute(1, 0x800c, b"own words\0")]));
    assert_eq!(
        (read.text.trim(), names(&read), read.remarks.len()),
        ("Own words", vec!["winmail.dat"], 1)
    );
}

#[test]
fn enclosed_messages_are_opened_to_a_bound() {
    let enclose = |inner: &[u8]| {
        let object = [&[0; 16][..], inner].concat();
        let all = properties(&[number(0x3705, 5), property(0x3701, 0x0d, &object)]);
        tnef(&[attribute(2, 0x9002, &[0; 14]), attribute(2, 0x9005, &all)])
    };
    let inner = tnef(&[
        attribute(1, 0x8004, b"Old order\0"),
        attribute(1, 0x800c, b"old words\0"),
        file("a.txt", b"a"),
    ]);
    let read = winmail("fyi", &enclose(&inner));
    assert_eq!(names(&read), ["Old order.txt", "a.txt"]);
    assert_eq!(read.parts[0].content, b"old words");
    let deep = (0..50).fold(inner, |inner, _| enclose(&inner));
    assert!(winmail("fyi", &deep).parts.len() <= 8);
}

#[test]
fn what_is_broken_is_kept() {
    let whole = tnef(&[file("plan.txt", b"a plan"), file("b.txt", b"b")]);
    for len in 0..whole.len() {
        let read = winmail("Hi", &whole[..len]);
        assert!(read.text.starts_with("Hi") && read.parts.len() <= 2, "{len}");
        assert!(!read.parts.is_empty(), "{len}: nothing is lost in silence");
    }
    // Counts and lengths that nothing bounds but the content.
    let endless = [
        &2_u32.to_le_bytes()[..],
        &[0x01, 0x10, 0, 0x10],
        &u32::MAX.to_le_bytes(),
        &[0x1f, 0x10, 0, 0x10],
        &u32::MAX.to_le_bytes(),
    ]
    .concat();
    let read = winmail("Hi", &tnef(&[attribute(1, 0x9003, &endless)]));
    assert_eq!(names(&read), ["winmail.dat"]);
}
