//! How an answer to an e-mail starts out: addresses, subject and quoted text
//! (docs/compat/media.md#e-mail).

use std::collections::HashSet;

use handoff_domain::command::{Draft, DraftKind};
use handoff_domain::interaction::Email;
use handoff_domain::mail::mailbox_key;
use handoff_domain::{Attachment, Interaction, InteractionId, UserData};

use super::names::{Names, QueueText};
use crate::error::Refusal;
use crate::wire::fields::Fields;
use crate::wire::interaction::shown_body;
use crate::wire::letters::{Cleaner, escaped, html_of, shows, with_ids_of_images, with_plain_ids};

/// Bytes of what stands before each quoted line. It comes as often as the original has lines.
const INDENT_BYTES_MAX: usize = 16;
/// Characters of the line before the quoted text: a line of a mail at its longest (RFC 5322,
/// section 2.1.1).
const START_LINE_CHARS_MAX: usize = 998;
/// Bytes that are quoted of an original's text, and as many of its HTML: more than anybody reads
/// again, and few enough for a thread whose every answer quotes all before.
const QUOTED_BYTES_MAX: usize = 256 * 1_024;
/// Bytes of a draft's text, and of its HTML: as many as a request may have, by which it is changed
/// again.
const BODY_BYTES_MAX: usize = 1_024 * 1_024;

/// What a request for a draft says; every field is optional.
#[derive(Clone, Debug)]
pub(crate) struct Answering {
    kind: DraftKind,
    subject_prefix: String,
    body: String,
    body_as_plain_text: String,
    /// `Some` quotes the original.
    quote: Option<Quote>,
    user_data: UserData,
    queue: Option<QueueText>,
    /// The latest message of the thread that the writer has seen.
    base: Option<InteractionId>,
}

/// How the original is quoted.
#[derive(Clone, Debug)]
struct Quote {
    /// The line before the quoted text.
    start_line: Option<String>,
    /// What stands before each quoted line.
    indent: String,
}

impl Answering {
    pub(super) fn read(kind: DraftKind, fields: &Fields<'_>) -> Result<Self, Refusal> {
        let (prefix, quotes) = match kind {
            DraftKind::Reply | DraftKind::ReplyAll => ("Re: ", false),
            // A forwarded mail without its text would be an empty one.
            DraftKind::Forward => ("Fwd: ", true),
        };
        let quote = Quote::read(fields)?;
        let is_quoted = fields.boolean("quoteOriginal")?.unwrap_or(quotes);
        Ok(Self {
            kind,
            subject_prefix: fields.subject("subjectPrefix")?.unwrap_or_else(|| prefix.to_owned()),
            body: fields.text("body")?.unwrap_or_default(),
            body_as_plain_text: fields.text("bodyAsPlainText")?.unwrap_or_default(),
            quote: is_quoted.then_some(quote),
            user_data: fields.user_data("userData")?.unwrap_or_default(),
            queue: QueueText::read(fields)?,
            base: base_message(fields)?,
        })
    }

    /// Code 10 when it would be too large with what it quotes.
    pub(super) fn draft(self, names: &Names<'_>) -> Result<Draft, Refusal> {
        let original = names.interaction;
        let letters = names.lookup.letters;
        let queue = self.queue.as_ref().map(|queue| names.queue(queue));
        let mut email = original.email().cloned().unwrap_or_default();
        if self.quote.is_some() {
            // What is quoted leaves in our name: it is cleaned as if we showed it.
            email.body = cut_markup(email.body);
            email.body = shown_body(original.id, &email, names.lookup.url, letters);
        }
        email.attachments = with_plain_ids(&email.attachments);
        let subject = Some(self.subject(original));
        let email = self.email(&email, letters, &|address| names.is_own_address(address));
        check_size("body", &email.body)?;
        check_size("bodyAsPlainText", &email.body_as_plain_text)?;
        Ok(Draft {
            kind: self.kind,
            subject,
            email,
            user_data: self.user_data,
            queue,
            base: self.base,
        })
    }

    /// Puts the prefix before the subject, unless an answer to an answer has it already. Of a
    /// subject that grows too long by it the end is cut.
    fn subject(&self, original: &Interaction) -> String {
        let subject = original.subject.as_deref().unwrap_or_default();
        let start = subject.get(..self.subject_prefix.len()).unwrap_or_default();
        let has_prefix = start.eq_ignore_ascii_case(&self.subject_prefix);
        let mut subject = if has_prefix {
            subject.to_owned()
        } else {
            format!("{}{subject}", self.subject_prefix)
        };
        subject.truncate(subject.floor_char_boundary(Interaction::SUBJECT_BYTES_MAX));
        subject
    }

    fn email(&self, original: &Email, letters: &Cleaner, is_own: &dyn Fn(&str) -> bool) -> Email {
        // The pages say that it comes from where it was sent to; where it came in is known better
        // than by a header.
        let from = original.mailbox.as_ref().or(original.to.first()).cloned().unwrap_or_default();
        let (to, cc) = self.recipients(original, &from, is_own);
        let (body, body_as_plain_text) = self.bodies(original, letters);
        let body = with_ids_of_images(body, &original.attachments);
        // What the text shows goes along; an answer has no other files of its original.
        let is_carried = |one: &&Attachment| self.kind == DraftKind::Forward || shows(&body, one);
        let attachments = original.attachments.iter().filter(is_carried).cloned().collect();
        Email { from, to, cc, body, body_as_plain_text, attachments, ..Email::default() }
    }

    /// Returns who gets an answer, and who a copy: everybody whom the original names for it, each
    /// once, and never the contact center itself, which would write to itself for ever (RFC 5322,
    /// section 3.6.3: `Reply-To` only suggests).
    fn recipients(
        &self,
        original: &Email,
        from: &str,
        is_own: &dyn Fn(&str) -> bool,
    ) -> (Vec<String>, Vec<String>) {
        let mut known = HashSet::from([mailbox_key(from)]);
        let mut is_new = |address: &&String| {
            !address.is_empty() && !is_own(address) && known.insert(mailbox_key(address))
        };
        if self.kind == DraftKind::Forward {
            return (Vec::new(), Vec::new());
        }
        let wanted = original.reply_to.iter().chain(&original.reply_to_others);
        let mut to: Vec<_> = wanted.filter(&mut is_new).cloned().collect();
        if to.is_empty() {
            to.extend([&original.from].into_iter().filter(&mut is_new).cloned());
        }
        let others =
            original.to.iter().chain(&original.cc).filter(|_| self.kind == DraftKind::ReplyAll);
        let cc = others.filter(&mut is_new).cloned().collect();
        (to, cc)
    }

    /// Returns HTML and text. When only one of the two is given, the other follows from it:
    /// recipients read the one that their programs show, and must find the answer there and not the
    /// quote alone.
    fn bodies(&self, original: &Email, letters: &Cleaner) -> (String, String) {
        let (mut body, mut plain) = (self.body.clone(), self.body_as_plain_text.clone());
        if plain.trim().is_empty() && !body.is_empty() {
            plain = letters.text(&body);
        }
        if let Some(quote) = &self.quote {
            if body.trim().is_empty() {
                body = html_of(&plain);
            }
            body.push_str(&quote.of_html(original));
            plain.push_str(&quote.of_text(original));
        }
        (body, plain)
    }
}

impl Quote {
    fn read(fields: &Fields<'_>) -> Result<Self, Refusal> {
        let start_line = fields.line("replyToStartLine")?;
        if start_line.as_ref().is_some_and(|line| line.chars().count() > START_LINE_CHARS_MAX) {
            let sentence = format!(
                "The field replyToStartLine may have {START_LINE_CHARS_MAX} characters; shorten it."
            );
            return Err(Refusal::invalid(sentence));
        }
        let indent = fields.line("indentCharacter")?.unwrap_or_else(|| "> ".to_owned());
        if indent.len() > INDENT_BYTES_MAX {
            let sentence =
                format!("The field indentCharacter may have {INDENT_BYTES_MAX} bytes; shorten it.");
            return Err(Refusal::invalid(sentence));
        }
        Ok(Self { start_line, indent })
    }

    fn of_text(&self, original: &Email) -> String {
        let lines = self.marked(&original.body_as_plain_text);
        self.start_line.iter().chain(&lines).map(|line| format!("\n{line}")).collect()
    }

    /// Quotes the original's HTML, which is clean by now; when it has none, its text.
    fn of_html(&self, original: &Email) -> String {
        let start = self
            .start_line
            .as_deref()
            .map(|line| format!("<p>{}</p>", escaped(line)))
            .unwrap_or_default();
        let quoted = if original.body.is_empty() {
            let lines = self.marked(&original.body_as_plain_text);
            lines.iter().map(|line| escaped(line)).collect::<Vec<_>>().join("<br>")
        } else {
            original.body.clone()
        };
        if quoted.is_empty() { start } else { format!("{start}<blockquote>{quoted}</blockquote>") }
    }

    /// Marks each line, as many as are quoted.
    fn marked(&self, text: &str) -> Vec<String> {
        let (mut lines, mut room) = (Vec::new(), QUOTED_BYTES_MAX);
        for line in text.lines() {
            let line = format!("{}{line}", self.indent);
            // The line's end counts too.
            match room.checked_sub(line.len() + 1) {
                Some(left) => room = left,
                None => {
                    lines.push(format!("{}…", &line[..line.floor_char_boundary(room)]));
                    break;
                }
            }
            lines.push(line);
        }
        lines
    }
}

/// Reads the latest message of the thread that whoever answers has seen.
pub(super) fn base_message(body: &Fields<'_>) -> Result<Option<InteractionId>, Refusal> {
    let wrong = |_| {
        Refusal::invalid(
            "The field baseMessageId must be the id of an e-mail of this thread; correct it.",
        )
    };
    body.text("baseMessageId")?.map(|id| id.parse().map_err(wrong)).transpose()
}

fn check_size(name: &str, text: &str) -> Result<(), Refusal> {
    if text.len() <= BODY_BYTES_MAX {
        return Ok(());
    }
    let sentence = format!(
        "The field {name} would have more than {BODY_BYTES_MAX} bytes with what is quoted; write or quote less."
    );
    Err(Refusal::invalid(sentence))
}

/// Cuts HTML that is to be cleaned, which closes what is left open. No tag is cut in two.
fn cut_markup(html: String) -> String {
    if html.len() <= QUOTED_BYTES_MAX {
        return html;
    }
    let start = &html[..html.floor_char_boundary(QUOTED_BYTES_MAX)];
    let open = start.rfind('<').filter(|at| !start[*at..].contains('>'));
    format!("{}…", &start[..open.unwrap_or(start.len())])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn original() -> Email {
        Email {
            from: "kunde@example.com".to_owned(),
            reply_to: Some("kunde.privat@example.com".to_owned()),
            to: vec!["support@demo.example".to_owned()],
            cc: vec!["chef@example.com".to_owned(), "support@demo.example".to_owned()],
            bcc: Vec::new(),
            body: "<p>Hello</p>".to_owned(),
            body_as_plain_text: "Hello\n1 < 2".to_owned(),
            ..Email::default()
        }
    }

    fn answering(kind: DraftKind, quote: Option<Quote>) -> Answering {
        let texts = ("Re: ".to_owned(), "<p>Yes</p>".to_owned(), "Yes".to_owned());
        Answering {
            kind,
            subject_prefix: texts.0,
            body: texts.1,
            body_as_plain_text: texts.2,
            quote,
            user_data: UserData::default(),
            queue: None,
            base: None,
        }
    }

    fn email(answering: &Answering, original: &Email) -> Email {
        answering.email(original, &Cleaner::default(), &|address| {
            address.to_lowercase().starts_with("own")
        })
    }

    #[test]
    fn a_reply_goes_to_whoever_wants_answers_and_comes_from_where_it_was_sent_to() {
        let reply = email(&answering(DraftKind::Reply, None), &original());
        assert_eq!(reply.to, ["kunde.privat@example.com"]);
        assert_eq!(reply.from, "support@demo.example");
        assert_eq!((reply.cc.len(), reply.body.as_str()), (0, "<p>Yes</p>"));
        let all = email(&answering(DraftKind::ReplyAll, None), &original());
        assert_eq!(all.cc, ["chef@example.com"], "our own address gets no copy");
        let forward = email(&answering(DraftKind::Forward, None), &original());
        assert_eq!((forward.to.len(), forward.cc.len()), (0, 0));
        let listed = Email { mailbox: Some("Desk@demo.example".to_owned()), ..original() };
        assert_eq!(email(&answering(DraftKind::Reply, None), &listed).from, "Desk@demo.example");
        let without = Email { reply_to: None, ..original() };
        assert_eq!(email(&answering(DraftKind::Reply, None), &without).to, ["kunde@example.com"]);
    }

    #[test]
    fn everybody_gets_an_answer_once_and_we_ourselves_none() {
        let of =
            |addresses: &[&str]| addresses.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
        let original = Email {
            from: "Eve@Example.com".to_owned(),
            reply_to: Some("Own@demo.example".to_owned()),
            reply_to_others: of(&["\"eve\"@example.com", "boss@example.com", "BOSS@EXAMPLE.com"]),
            to: of(&[
                "support@demo.example",
                "own-sales@demo.example",
                "colleague@example.com",
                "eve@example.com",
            ]),
            cc: of(&[
                "Colleague@example.com",
                "adam@b\u{fc}cher.example",
                "adam@xn--bcher-kva.example",
                "",
            ]),
            ..original()
        };
        let all = email(&answering(DraftKind::ReplyAll, None), &original);
        assert_eq!(all.to, ["\"eve\"@example.com", "boss@example.com"]);
        assert_eq!(all.cc, ["colleague@example.com", "adam@b\u{fc}cher.example"]);
        let reply = email(&answering(DraftKind::Reply, None), &original);
        assert_eq!((reply.to, reply.cc), (all.to, Vec::new()));
        let looping = Email { reply_to_others: Vec::new(), ..original.clone() };
        let reply = email(&answering(DraftKind::Reply, None), &looping);
        assert_eq!(
            reply.to,
            ["Eve@Example.com"],
            "who wrote is answered when answers are wanted by ourselves"
        );
        let ours = Email { from: "own@demo.example".to_owned(), ..looping };
        assert!(email(&answering(DraftKind::Reply, None), &ours).to.is_empty());
    }

    #[test]
    fn a_quote_follows_its_start_line_with_every_line_marked() {
        let quote =
            Quote { start_line: Some("On Monday you wrote:".to_owned()), indent: "| ".to_owned() };
        let reply = email(&answering(DraftKind::Reply, Some(quote)), &original());
        assert_eq!(reply.body_as_plain_text, "Yes\nOn Monday you wrote:\n| Hello\n| 1 < 2");
        assert_eq!(
            reply.body,
            "<p>Yes</p><p>On Monday you wrote:</p><blockquote><p>Hello</p></blockquote>"
        );
        let text_only = Email { body: String::new(), ..original() };
        let quote = Quote { start_line: None, indent: "> ".to_owned() };
        let reply = email(&answering(DraftKind::Reply, Some(quote)), &text_only);
        assert_eq!(reply.body, "<p>Yes</p><blockquote>&gt; Hello<br>&gt; 1 &lt; 2</blockquote>");
    }

    #[test]
    fn who_reads_only_html_or_only_text_reads_the_answer_too() {
        let quote = || Some(Quote { start_line: None, indent: "> ".to_owned() });
        let written = |body: &str, plain: &str, quote| Answering {
            body: body.to_owned(),
            body_as_plain_text: plain.to_owned(),
            ..answering(DraftKind::Reply, quote)
        };
        let html = email(&written("<p>Yes</p>", "", quote()), &original());
        // Without a cleaner markup is text.
        assert_eq!(html.body_as_plain_text, "<p>Yes</p>\n> Hello\n> 1 < 2");
        assert_eq!(
            email(&written("<p>Yes</p>", " ", None), &original()).body_as_plain_text,
            "<p>Yes</p>"
        );
        let text = email(&written("", "1 < 2\nYes", quote()), &original());
        assert_eq!(text.body, "1 &lt; 2<br>Yes<blockquote><p>Hello</p></blockquote>");
        assert_eq!(
            email(&written("", "Yes", None), &original()).body,
            "",
            "a text alone stays one"
        );
    }

    #[test]
    fn of_a_long_original_its_beginning_is_quoted() {
        let quote = Quote { start_line: None, indent: "> ".to_owned() };
        let all = "\n".repeat(QUOTED_BYTES_MAX * 2);
        let quoted = quote.of_text(&Email { body_as_plain_text: all, ..original() });
        assert!(quoted.starts_with("\n> \n> \n") && quoted.ends_with('…'));
        assert!(quoted.len() <= QUOTED_BYTES_MAX + 8, "{}", quoted.len());
        let one_line = "ä".repeat(QUOTED_BYTES_MAX);
        let quoted = quote.of_text(&Email { body_as_plain_text: one_line, ..original() });
        assert!(quoted.starts_with("\n> ää") && quoted.ends_with("ä…"));
        assert!(quoted.len() <= QUOTED_BYTES_MAX + 8, "{}", quoted.len());

        let start = "<b>".repeat(QUOTED_BYTES_MAX / 3 - 1);
        let html = format!("{start}<a href=\"{}\">x</a>", "y".repeat(100));
        assert_eq!(cut_markup(html), format!("{start}…"), "no half of a tag is left");
        assert_eq!(cut_markup("<p>short".to_owned()), "<p>short");
    }
}
