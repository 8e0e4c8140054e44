//! Hostile input, by fuzzing: messages, addresses, quotes and HTML of fragments in any order.
//! `cargo xtask fuzz` runs the targets for as long as one likes.

use handoff_domain::Time;
use handoff_mail::address;
use handoff_mail::html::{clean, from_text, to_text};
use handoff_mail::letter::{Bounds, Reading, read};
use handoff_mail::outgoing::{Outgoing, compose};
use handoff_mail::quote::{Quoting, quote_html, quote_text, split};

use crate::html::{MISLEADING, assert_harmless, images};
use crate::letters::signer;
use crate::outgoing::plain;

/// Fragments of messages.
const MIME: &[&str] = &[
    "\r\n",
    "\n",
    "\r",
    " ",
    "\t",
    "From: ",
    "From: a@b.example\n",
    "To: ",
    "Cc: ",
    "Subject: ",
    "Date: Thu, 1 Jan 1970 00:00:10 +0000",
    "Message-ID: <",
    "References: ",
    "In-Reply-To: <a@b>",
    "Content-Type: ",
    "text/plain",
    "text/html",
    "; charset=",
    "utf-8",
    "iso-2022-jp",
    "utf-16",
    "utf-7",
    "gb18030",
    "x",
    "; format=flowed",
    "; delsp=yes",
    "multipart/mixed; boundary=b",
    "multipart/alternative; boundary=bb",
    "multipart/related; boundary=\"b b\"",
    "multipart/report; boundary=c",
    "message/rfc822",
    "message/delivery-status",
    "message/disposition-notification",
    "text/calendar",
    "\n--b\n",
    "\n--b--\n",
    "\n--bb\n",
    "\n--b b\n",
    "\n--c\n",
    "--",
    "Content-Transfer-Encoding: base64\n",
    "Content-Transfer-Encoding: quoted-printable\n",
    "=C3=BC",
    "=\n",
    "=",
    "=?utf-8?q?=C3=BC?=",
    "=?utf-8?b?",
    "=?x?q?a?=",
    "?=",
    "AAAA",
    "Content-Disposition: attachment",
    "; filename=\"",
    "; filename*0*=utf-8''%C3",
    "; filename*1=x",
    "../",
    "\"",
    "\\",
    "(",
    ")",
    "<",
    ">",
    ",",
    ";",
    ":",
    "@",
    "Final-Recipient: rfc822; a@b\n",
    "Action: failed\n",
    "Status: 5.1.1\n",
    "Disposition: a; b\n",
    "Content-Type: text/enriched\n",
    "Content-Type: multipart/related; start=\"<logo@x>\"; boundary=b\n",
    "Content-ID: <logo@x>\n",
    "charset=iso-2022-jp\n",
    "charset=iso-2022-kr\n",
    "charset=utf-16\n",
    "charset=gb2312\n",
    "<meta charset=big5>",
    "\u{1b}$B",
    "\u{1b}(B",
    "\u{1b}$)C",
    "\u{e}",
    "~{",
    "<img src=\"data:image/png;base64,",
    "cid:logo%40x\"",
    "<param>",
    "(",
    ")",
    ";",
    "\"",
    " filename*0*=utf-8''%C3",
    " filename*1*=%BC/..",
    "=?utf-8?B?w?=",
    "Content-Transfer-Encoding: (x) base64\n",
    "Auto-Submitted: auto-replied\n",
    "Received: x\n",
    "> ",
    "-- \n",
    "wrote:\n",
    "\u{202e}",
    "\u{2028}",
    "\0",
    "ü",
    "\n\n",
];

/// Fragments of HTML.
const TAGS: &[&str] = &[
    "<p>",
    "</p>",
    "<b>",
    "</b>",
    "<a href=\"https://x\">",
    "</a>",
    "<table>",
    "</table>",
    "<tr>",
    "<td>",
    "</td>",
    "<ul>",
    "<li>",
    "<img src=cid:logo@x>",
    "<img src=\"",
    "\"",
    "'",
    ">",
    "<",
    "</",
    "<!--",
    "-->",
    "<script>",
    "</script>",
    "<style>",
    "</style>",
    "<svg>",
    "</svg>",
    "<math>",
    "<mtext>",
    "<title>",
    "</title>",
    "<pre>",
    "\n",
    "&",
    "&lt;",
    "&#x3c;",
    "&nbsp;",
    " onerror=x ",
    " title=",
    "=",
    "/",
    "<blockquote>",
    "</blockquote>",
    "<h1>",
    "<dl>",
    "<dd>",
    "<caption>",
    "<col>",
    "<font color=x>",
    "</font>",
    "<form>",
    "<select>",
    "<template>",
    "x",
    "javascript:",
    "\0",
    "\u{a0}",
    "<br>",
    "ü",
];

/// Makes bytes of fragments and of the bytes themselves.
fn assembled(pieces: &[(u8, u8)], fragments: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (kind, argument) in pieces {
        if *kind < 16 {
            bytes.push(*argument);
        } else {
            bytes.extend_from_slice(
                fragments[(usize::from(*kind) * 256 + usize::from(*argument)) % fragments.len()]
                    .as_bytes(),
            );
        }
    }
    bytes
}

fn assembled_text(pieces: &[(u8, u8)], fragments: &[&str]) -> String {
    String::from_utf8_lossy(&assembled(pieces, fragments)).into_owned()
}

#[test]
fn any_message_is_read_within_its_bounds() {
    let signer = signer();
    let bounds = Bounds {
        nesting_max: 4,
        parts_max: 8,
        text_len_max: 64,
        html_len_max: 64,
        ..Bounds::default()
    };
    bolero::check!().with_type::<Vec<(u8, u8)>>().for_each(|pieces| {
        let raw = assembled(pieces, MIME);
        for bounds in [bounds, Bounds::default()] {
            let Ok(letter) = read(&raw, &Reading { bounds, ..Reading::new(&signer) }) else {
                continue;
            };
            assert!(letter.parts.len() <= bounds.parts_max);
            assert!(letter.proven.is_empty(), "nobody can guess a token");
            let subject = letter.subject.unwrap_or_default();
            assert!(!subject.chars().any(char::is_control), "{subject:?}");
            for part in &letter.parts {
                let name = part.name.as_deref().unwrap_or("x");
                assert!(
                    name.len() <= 255
                        && !name.contains(['/', '\\', '\u{202e}'])
                        && !name.is_empty(),
                    "{name:?}"
                );
                assert!(!name.chars().any(char::is_control), "{name:?}");
                assert!(part.content.len() <= raw.len());
            }
            assert!(
                !letter.text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')),
                "{:?}",
                letter.text
            );
        }
    });
}

#[test]
fn anything_that_is_sealed_is_read_or_kept() {
    /// The head of a TNEF, of one with compressed text, and of a signed message.
    const HEADS: &[(&str, &[u8])] = &[
        ("application/ms-tnef", &[0x78, 0x9f, 0x3e, 0x22, 1, 0]),
        ("application/ms-tnef", b"\x78\x9f\x3e\x22\x01\0\x01\x03\x90\x06\0\0\x01\0\0\x01\0\0\0\x02\x01\x09\x10\x01\0\0\0\xe0\0\0\0\0\0\0\0\0\0\0\0LZFu\0\0\0\0"),
        ("application/ms-tnef", b"\x78\x9f\x3e\x22\x01\0\x01\x03\x90\x06\0\0\x01\0\0\x01\0\0\0\x02\x01\x09\x10\x01\0\0\0\xe0\0\0\0\0\0\0\0\0\0\0\0MELA\0\0\0\0{\\rtf1\\fromhtml1 "),
        ("application/pkcs7-mime", &[0x30, 0x80, 0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2, 0xa0, 0x80, 0x30, 0x80, 2, 1, 1, 0x31, 0]),
    ];
    let signer = signer();
    bolero::check!().with_type::<(u8, Vec<u8>)>().for_each(|(kind, bytes)| {
        let (media_type, head) = HEADS[usize::from(*kind) % HEADS.len()];
        let mut raw = format!("From: a@b.example\nContent-Type: {media_type}\n\n").into_bytes();
        raw.extend_from_slice(head);
        raw.extend_from_slice(bytes);
        raw.resize(raw.len().max(400), b'x');
        let letter = read(&raw, &Reading::new(&signer)).unwrap();
        assert!(!letter.text.is_empty() || letter.html.is_some() || !letter.parts.is_empty());
        assert!(letter.parts.iter().map(|part| part.content.len()).sum::<usize>() <= 2 * raw.len());
    });
}

#[test]
fn any_address_that_is_taken_is_safe() {
    bolero::check!().with_type::<Vec<(u8, u8)>>().for_each(|pieces| {
        let fragments = [
            "a",
            "b.example",
            "@",
            "<",
            ">",
            "\"",
            "\\",
            ",",
            ";",
            " ",
            "\r\n",
            "\n",
            "\0",
            "ü",
            "[127.0.0.1]",
            ".",
            "..",
            "-",
            "+",
            "(",
            ")",
            "RCPT TO:",
        ];
        let text = assembled_text(pieces, &fragments);
        for address in address::parse(&text)
            .into_iter()
            .chain(address::parse_list(&text).into_iter().flatten())
        {
            let (local, domain) = address.address.rsplit_once('@').unwrap();
            let is_safe =
                |c: char| !c.is_control() && !c.is_whitespace() && !"<>\"\\(),;:@".contains(c);
            let quoted = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            let is_local_safe = match quoted {
                // What ends the quotes stands behind a backslash, and so does that.
                Some(quoted) => {
                    let bare = quoted.replace("\\\\", "").replace("\\\"", "");
                    !bare.contains(['"', '\\']) && !bare.contains(|c: char| c.is_control())
                }
                None => !local.is_empty() && local.chars().all(is_safe),
            };
            assert!(
                is_local_safe && domain.is_ascii() && domain.chars().all(is_safe),
                "{address:?}"
            );
            let name = address.name.clone().unwrap_or_default();
            assert!(!name.chars().any(|c| c.is_control()), "{address:?}");
            let message = Outgoing {
                to: vec![address.clone()],
                cc: vec![],
                bcc: vec![],
                date: Time(0),
                ..plain()
            };
            let composed = compose(&message).unwrap();
            assert_eq!(composed.recipients, [address.address]);
        }
    });
}

#[test]
fn any_text_is_split_without_loss() {
    bolero::check!().with_type::<Vec<(u8, u8)>>().for_each(|pieces| {
        let fragments = [
            "a",
            "\n",
            "> ",
            ">",
            "On x wrote:",
            "schrieb:",
            "-----Original Message-----",
            "From: a",
            "Sent: b",
            "",
            " ",
            "____",
            "ü",
            "*",
            "\r\n",
            "写道：",
        ];
        let text = assembled_text(pieces, &fragments);
        let found = split(&text);
        assert_eq!(format!("{}{}", found.own, found.quoted), text);
        assert!(
            !found.own.trim().is_empty() || found.quoted.is_empty(),
            "the answer is never hidden"
        );
        let quoting = Quoting { start_line: Some("Ada wrote:"), ..Quoting::default() };
        let quoted = quote_text(&text, &quoting);
        assert!(quoted.lines().skip(2).all(|line| line.starts_with('>')), "{quoted:?}");
        let html = quote_html(&clean(&from_text(&text), &images), &quoting);
        assert_harmless(&html, &text);
    });
}

#[test]
fn any_html_is_harmless_and_settles() {
    let fragments: Vec<_> = TAGS.iter().chain(MISLEADING).copied().collect();
    bolero::check!().with_type::<Vec<(u8, u8)>>().for_each(|pieces| {
        let html = assembled_text(pieces, &fragments);
        let cleaned = clean(&html, &images);
        assert_harmless(&cleaned, &html);
        assert_eq!(clean(&cleaned, &images), cleaned, "{html:?}");
        let text = to_text(&html);
        assert!(!text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')), "{text:?}");
    });
}
