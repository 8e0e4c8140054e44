//! Letters of customers, of the sizes and forms that real ones have.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::RngExt as _;
use rand::rngs::StdRng;

/// Words that texts are made of; some need another charset than ASCII.
const WORDS: [&str; 12] = [
    "order", "invoice", "please", "grüße", "delivery", "since", "Montag", "waiting", "number",
    "déjà", "box", "thank",
];
/// Bytes of a base64 line before it is encoded (RFC 2045, section 6.8).
const LINE_BYTES: usize = 57;

#[derive(Clone, Copy, Debug)]
pub struct Words<'a> {
    pub from: &'a str,
    pub to: &'a str,
    pub subject: &'a str,
    pub message_id: Option<&'a str>,
    /// The letter that it answers.
    pub answers: Option<&'a str>,
    /// Further headers, each with its line end.
    pub headers: &'a str,
}

impl Words<'_> {
    /// Makes a letter of about this many bytes: short ones are text, longer ones have HTML beside
    /// it, and the longest an attachment.
    pub fn letter(&self, bytes: usize, random: &mut StdRng) -> Vec<u8> {
        const TEXT_MAX: usize = 7_000;
        const HTML_MAX: usize = 25_000;
        let mut raw = self.head();
        // Writing to a String cannot fail.
        let _ = match bytes {
            ..TEXT_MAX => write!(raw, "{}{}", typed("text/plain"), text(bytes, random)),
            TEXT_MAX..HTML_MAX => write!(raw, "{}", alternatives(bytes, random)),
            _ => write!(
                raw,
                "Content-Type: multipart/mixed; boundary=\"mixed\"\r\n\r\n--mixed\r\n{}\r\n--mixed\r\n{}\r\n--mixed--\r\n",
                alternatives(TEXT_MAX, random),
                attachment(bytes - TEXT_MAX, random),
            ),
        };
        raw.into_bytes()
    }

    fn head(&self) -> String {
        let Self { from, to, subject, headers, .. } = self;
        let named = |field: &str, id: Option<&str>| {
            id.map_or_else(String::new, |id| format!("{field}: <{id}>\r\n"))
        };
        format!(
            "Received: from mx.example by relay.example with ESMTPS; Mon, 2 Nov 2026 10:00:00 +0000\r\n\
             From: A Customer <{from}>\r\nTo: {to}\r\nSubject: {subject}\r\nDate: Mon, 2 Nov 2026 10:00:00 +0000\r\n\
             {}{}{}{headers}MIME-Version: 1.0\r\n",
            named("Message-ID", self.message_id),
            named("In-Reply-To", self.answers),
            named("References", self.answers),
        )
    }
}

fn typed(media_type: &str) -> String {
    format!("Content-Type: {media_type}; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n")
}

fn text(bytes: usize, random: &mut StdRng) -> String {
    let mut text = String::with_capacity(bytes + 80);
    let mut line = 0;
    while text.len() < bytes {
        let word = WORDS[random.random_range(0..WORDS.len())];
        text.push_str(word);
        line += word.len() + 1;
        text.push_str(if line > 70 { "\r\n" } else { " " });
        line = if line > 70 { 0 } else { line };
    }
    text + "\r\n"
}

fn alternatives(bytes: usize, random: &mut StdRng) -> String {
    // Each line of HTML has about half of its length in tags beside it.
    let (plain, shown) = (text(bytes / 4, random), text(bytes * 11 / 20, random));
    let paragraphs = shown.replace("\r\n", "</p>\r\n<p style=\"margin:0\">");
    format!(
        "Content-Type: multipart/alternative; boundary=\"either\"\r\n\r\n--either\r\n{}{plain}\r\n--either\r\n{}\
         <html><body><p>{paragraphs}</p></body></html>\r\n--either--\r\n",
        typed("text/plain"),
        typed("text/html"),
    )
}

fn attachment(bytes: usize, random: &mut StdRng) -> String {
    let content: Vec<u8> = (0..bytes * 3 / 4).map(|_| random.random()).collect();
    let lines: Vec<String> = content.chunks(LINE_BYTES).map(|line| STANDARD.encode(line)).collect();
    format!(
        "Content-Type: application/pdf; name=\"invoice.pdf\"\r\nContent-Disposition: attachment; filename=\"invoice.pdf\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{}\r\n",
        lines.join("\r\n")
    )
}

#[cfg(test)]
mod tests {
    use handoff_mail::letter::{Reading, read};
    use handoff_mail::token::Signer;
    use rand::SeedableRng as _;

    use super::*;

    #[test]
    fn a_letter_is_what_it_was_to_be() {
        let mut random = StdRng::seed_from_u64(7);
        let signer = Signer::new([7; 32]);
        for (bytes, html, parts) in [(2_000, false, 0), (20_000, true, 0), (60_000, true, 1)] {
            let words = Words {
                from: "eve@customer.example",
                to: "support@desk.example",
                subject: "letter 7",
                message_id: Some("7@customer.example"),
                answers: Some("6@customer.example"),
                headers: "",
            };
            let raw = words.letter(bytes, &mut random);
            assert!((bytes..bytes * 5 / 4).contains(&raw.len()), "{} for {bytes}", raw.len());
            let letter = read(&raw, &Reading::new(&signer)).unwrap();
            assert_eq!(letter.remarks, Vec::<String>::new());
            assert_eq!(letter.message_id.as_deref(), Some("7@customer.example"));
            assert_eq!(letter.answers, ["6@customer.example"]);
            assert_eq!((letter.html.is_some(), letter.parts.len()), (html, parts));
            assert!(letter.text.contains("grüße"), "the charset is said");
        }
    }
}
