//! How an answer to an e-mail starts out: addresses, subject and quoted text (gws-interactions.md 5.1).

use handoff_domain::command::{Draft, DraftKind};
use handoff_domain::interaction::Email;
use handoff_domain::{Interaction, InteractionId, UserData};

use super::mail::base_message;
use super::names::{Names, QueueText};
use crate::error::Refusal;
use crate::wire::fields::Fields;
use crate::wire::interaction::shown_body;
use crate::wire::letters::{escaped, with_ids_of_images};

/// What a request for a draft says; every field is optional.
#[derive(Clone, Debug)]
pub(super) struct Answering {
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
        let quote = Quote {
            start_line: fields.line("replyToStartLine")?,
            indent: fields.line("indentCharacter")?.unwrap_or_else(|| "> ".to_owned()),
        };
        let is_quoted = fields.boolean("quoteOriginal")?.unwrap_or(quotes);
        Ok(Self {
            kind,
            subject_prefix: fields.line("subjectPrefix")?.unwrap_or_else(|| prefix.to_owned()),
            body: fields.text("body")?.unwrap_or_default(),
            body_as_plain_text: fields.text("bodyAsPlainText")?.unwrap_or_default(),
            quote: is_quoted.then_some(quote),
            user_data: fields.user_data("userData")?.unwrap_or_default(),
            queue: QueueText::read(fields)?,
            base: base_message(fields)?,
        })
    }

    pub(super) fn draft(self, names: &Names<'_>) -> Draft {
        let original = names.interaction;
        let queue = self.queue.as_ref().map(|queue| names.queue(queue));
        let mut email = original.email.clone().unwrap_or_default();
        if self.quote.is_some() {
            // What is quoted leaves in our name: it is cleaned as if we showed it.
            email.body = shown_body(original.id, &email, names.lookup.url, names.lookup.letters);
        }
        Draft {
            kind: self.kind,
            subject: Some(self.subject(original)),
            email: self.email(&email),
            user_data: self.user_data,
            queue,
            base: self.base,
        }
    }

    /// Puts the prefix before the subject, unless an answer to an answer has it already.
    fn subject(&self, original: &Interaction) -> String {
        let subject = original.subject.as_deref().unwrap_or_default();
        let start = subject.get(..self.subject_prefix.len()).unwrap_or_default();
        let has_prefix = start.eq_ignore_ascii_case(&self.subject_prefix);
        if has_prefix { subject.to_owned() } else { format!("{}{subject}", self.subject_prefix) }
    }

    fn email(&self, original: &Email) -> Email {
        let sender = original.reply_to.clone().unwrap_or_else(|| original.from.clone());
        // The pages say that it comes from where it was sent to; where it came in is known better than by a header.
        let from = original.mailbox.as_ref().or(original.to.first()).cloned().unwrap_or_default();
        let to = match self.kind {
            DraftKind::Reply | DraftKind::ReplyAll if !sender.is_empty() => vec![sender],
            DraftKind::Reply | DraftKind::ReplyAll | DraftKind::Forward => Vec::new(),
        };
        let cc = match self.kind {
            DraftKind::ReplyAll => {
                original.cc.iter().filter(|address| !address.eq_ignore_ascii_case(&from)).cloned().collect()
            }
            DraftKind::Reply | DraftKind::Forward => Vec::new(),
        };
        let (mut body, mut plain) = (self.body.clone(), self.body_as_plain_text.clone());
        if let Some(quote) = &self.quote {
            body.push_str(&quote.of_html(original));
            plain.push_str(&quote.of_text(original));
        }
        let body = with_ids_of_images(body, &original.attachments);
        Email { from, to, cc, body, body_as_plain_text: plain, ..Email::default() }
    }
}

impl Quote {
    fn of_text(&self, original: &Email) -> String {
        let mut text = String::new();
        for line in self.start_line.iter() {
            text.push_str(&format!("\n{line}"));
        }
        for line in original.body_as_plain_text.lines() {
            text.push_str(&format!("\n{}{line}", self.indent));
        }
        text
    }

    /// Quotes the original's HTML, which is clean by now; when it has none, its text.
    fn of_html(&self, original: &Email) -> String {
        let start =
            self.start_line.as_deref().map(|line| format!("<p>{}</p>", escaped(line))).unwrap_or_default();
        let marked = |line: &str| escaped(&format!("{}{line}", self.indent));
        let quoted = if original.body.is_empty() {
            original.body_as_plain_text.lines().map(marked).collect::<Vec<_>>().join("<br>")
        } else {
            original.body.clone()
        };
        if quoted.is_empty() { start } else { format!("{start}<blockquote>{quoted}</blockquote>") }
    }
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

    #[test]
    fn a_reply_goes_to_whoever_wants_answers_and_comes_from_where_it_was_sent_to() {
        let reply = answering(DraftKind::Reply, None).email(&original());
        assert_eq!(reply.to, ["kunde.privat@example.com"]);
        assert_eq!(reply.from, "support@demo.example");
        assert_eq!((reply.cc.len(), reply.body.as_str()), (0, "<p>Yes</p>"));
        let all = answering(DraftKind::ReplyAll, None).email(&original());
        assert_eq!(all.cc, ["chef@example.com"], "our own address gets no copy");
        let forward = answering(DraftKind::Forward, None).email(&original());
        assert_eq!((forward.to.len(), forward.cc.len()), (0, 0));
        let listed = Email { mailbox: Some("Desk@demo.example".to_owned()), ..original() };
        assert_eq!(answering(DraftKind::Reply, None).email(&listed).from, "Desk@demo.example");
        let without = Email { reply_to: None, ..original() };
        assert_eq!(answering(DraftKind::Reply, None).email(&without).to, ["kunde@example.com"]);
    }

    #[test]
    fn a_quote_follows_its_start_line_with_every_line_marked() {
        let quote = Quote { start_line: Some("On Monday you wrote:".to_owned()), indent: "| ".to_owned() };
        let reply = answering(DraftKind::Reply, Some(quote)).email(&original());
        assert_eq!(reply.body_as_plain_text, "Yes\nOn Monday you wrote:\n| Hello\n| 1 < 2");
        assert_eq!(reply.body, "<p>Yes</p><p>On Monday you wrote:</p><blockquote><p>Hello</p></blockquote>");
        let text_only = Email { body: String::new(), ..original() };
        let quote = Quote { start_line: None, indent: "> ".to_owned() };
        let reply = answering(DraftKind::Reply, Some(quote)).email(&text_only);
        assert_eq!(reply.body, "<p>Yes</p><blockquote>&gt; Hello<br>&gt; 1 &lt; 2</blockquote>");
    }
}
