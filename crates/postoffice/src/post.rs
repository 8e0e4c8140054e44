//! What goes out: composed from the interaction and given to its mailbox's relay.
//!
//! The bytes are made anew at each attempt and are the same each time: nothing of an interaction
//! changes while it is being sent, and composing is deterministic.

use std::sync::Arc;

use async_trait::async_trait;
use handoff_content::FileKeeper;
use handoff_domain::mail::{breaks_line, wire_address};
use handoff_domain::{Address, Attachment, Email, Interaction, Part, State};
use handoff_engine::{Post, Posted};
use handoff_mail::outgoing::{AutoKind, Composed, Outgoing, compose};
use handoff_mail::smtp::{Cause, Envelope, Outcome, Reply};
use handoff_mail::token::Signer;
use handoff_mail::{address, html};
use handoff_store::{FilesError, Mailbox, SmtpRelay, WayOut};

use crate::addresses::Addresses;
use crate::connections::Connections;
use crate::outbox;
use crate::relays::Relays;

/// The kind of an acknowledgement, which a program writes.
const ACKNOWLEDGEMENT: &str = "OutboundAcknowledgement";
/// The kind of an answer.
const REPLY: &str = "OutboundReply";

/// Posts mails.
pub(crate) struct Poster {
    addresses: Arc<Addresses>,
    signer: Signer,
    files: Arc<FileKeeper>,
    relays: Arc<Relays>,
    connections: Arc<Connections>,
}

impl Poster {
    pub(crate) fn new(
        addresses: Arc<Addresses>,
        connections: Arc<Connections>,
        relays: Arc<Relays>,
        signer: Signer,
        files: Arc<FileKeeper>,
    ) -> Self {
        Self { addresses, signer, files, relays, connections }
    }

    /// Makes the message, or says why it never can be sent or cannot be now.
    async fn compose(&self, mail: &Interaction, mailbox: &Mailbox) -> Result<Composed, Posted> {
        let never = |reply: String| Posted::Never { reply };
        let email = mail.email().ok_or_else(|| never("it has no e-mail".to_owned()))?;
        let mut attachments = Vec::new();
        for attachment in
            email.attachments.iter().filter(|attachment| !is_left_out(mail, email, attachment))
        {
            attachments.push(self.part(attachment).await?);
        }
        let outgoing = self.outgoing(mail, email, mailbox, attachments).map_err(never)?;
        let composing = tokio::task::spawn_blocking(move || compose(&outgoing));
        match composing.await {
            Ok(Ok(composed)) => Ok(composed),
            Ok(Err(not_sendable)) => Err(never(not_sendable.to_string())),
            Err(error) => Err(Posted::Later { reply: error.to_string() }),
        }
    }

    fn outgoing(
        &self,
        mail: &Interaction,
        email: &Email,
        mailbox: &Mailbox,
        attachments: Vec<Part>,
    ) -> Result<Outgoing, String> {
        let State::Sending { since, .. } = mail.state else {
            return Err("it is not being sent".to_owned());
        };
        let mut from = one(&email.from)?;
        from.name =
            from.name.or_else(|| Some(mailbox.name.clone()).filter(|name| !name.is_empty()));
        let with_token = || wire_address(&self.signer.reply_address(&mailbox.address, mail.id)?);
        let token = mailbox.has_reply_tokens.then(with_token).flatten();
        let reply_to = match (token, &email.reply_to) {
            (_, Some(reply_to)) => Some(one(reply_to)?),
            (Some(address), None) => Some(Address { address, name: from.name.clone() }),
            (None, None) => None,
        };
        let html = Some(email.body.clone()).filter(|body| !body.is_empty());
        let text = match &html {
            Some(html) if email.body_as_plain_text.is_empty() => html::to_text(html),
            _ => email.body_as_plain_text.clone(),
        };
        // What strangers called their messages is repeated where it can be; their customers get an
        // answer all the same.
        let answers: Vec<String> =
            email.answers.iter().filter(|id| is_repeatable(id)).cloned().collect();
        Ok(Outgoing {
            message_id: email.message_id.clone().ok_or("it has no Message-ID")?,
            in_reply_to: answers.first().cloned(),
            references: answers.into_iter().rev().collect(),
            from,
            reply_to,
            to: all(&email.to)?,
            cc: all(&email.cc)?,
            bcc: all(&email.bcc)?,
            subject: on_one_line(mail.subject.as_deref().unwrap_or_default()),
            text,
            html,
            attachments,
            date: since,
            auto: (mail.sub_type == ACKNOWLEDGEMENT).then_some(AutoKind::Replied),
        })
    }

    async fn hand_over(&self, address: &str, relay: &SmtpRelay, composed: &Composed) -> Posted {
        let relay = match self.relays.of(address, relay).await {
            Ok(relay) => relay,
            Err(reply) => return Posted::Later { reply },
        };
        let envelope = Envelope {
            sender: composed.envelope_from.as_deref(),
            recipients: &composed.recipients,
            raw: &composed.raw,
        };
        posted(relay.send(envelope).await)
    }

    async fn part(&self, attachment: &Attachment) -> Result<Part, Posted> {
        let content = match self.files.read(attachment.file).await {
            Err(FilesError::Damaged { .. }) => None,
            read => read.map_err(|error| Posted::Later { reply: error.to_string() })?,
        };
        let content = content.filter(|content| content.len() as u64 == attachment.bytes);
        let content = content.ok_or_else(|| Posted::Never {
            reply: format!("the attachment {} is gone or damaged", attachment.name),
        })?;
        let content_id = attachment.content_id.as_ref().filter(|id| is_repeatable(id));
        Ok(Part {
            name: Some(attachment.name.clone()),
            content_type: attachment.content_type.clone(),
            content_id: content_id.cloned(),
            inline: attachment.inline && content_id.is_some(),
            content,
        })
    }
}

/// What the `Content-ID`s end in that the server makes, for pictures that an agent puts into a
/// text.
const OWN_CONTENT_IDS: &str = "@attachment.invalid";

/// Tells whether a picture came along with a quote that its answer no longer shows: to send its
/// writer's own picture back to them as a file would help nobody.
fn is_left_out(mail: &Interaction, email: &Email, attachment: &Attachment) -> bool {
    let Some(id) = attachment.content_id.as_ref().filter(|_| attachment.inline) else {
        return false;
    };
    mail.sub_type == REPLY
        && !id.ends_with(OWN_CONTENT_IDS)
        && !email.body.contains(&format!("cid:{id}"))
}

/// Bytes of somebody else's id that is repeated in a header; programs make a tenth of it.
const ID_BYTES_MAX: usize = 500;

/// Tells whether somebody else's id can stand in a header of ours as it is.
fn is_repeatable(id: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"<>()[],;:\\\"".contains(&byte);
    (1..=ID_BYTES_MAX).contains(&id.len()) && id.bytes().all(is_plain)
}

/// Returns a subject without what would break its line.
fn on_one_line(subject: &str) -> String {
    subject.chars().map(|c| if breaks_line(c) { ' ' } else { c }).collect()
}

fn one(text: &str) -> Result<Address, String> {
    address::parse(text).map_err(|error| format!("{text:?} is no address: {error}"))
}

fn all(texts: &[String]) -> Result<Vec<Address>, String> {
    texts.iter().map(|text| one(text)).collect()
}

#[async_trait]
impl Post for Poster {
    async fn post(&self, mail: &Interaction) -> Posted {
        let from = mail.email().map(|email| email.from.as_str()).unwrap_or_default();
        let found = match self.addresses.certainly_of(from) {
            Ok(found) => found,
            Err(error) => return Posted::Later { reply: error.to_string() },
        };
        let Some(mailbox) = found.filter(|mailbox| mailbox.center == mail.center) else {
            return Posted::Never { reply: format!("no mailbox has the address {from}") };
        };
        let Some(exit) = &mailbox.exit else {
            return Posted::Never {
                reply: format!("no mail goes out by the mailbox {}", mailbox.address),
            };
        };
        let composed = match self.compose(mail, &mailbox).await {
            Ok(composed) => composed,
            Err(posted) => return posted,
        };
        match exit {
            WayOut::Relay(relay) => self.hand_over(&mailbox.address, relay, &composed).await,
            WayOut::Directory(directory) => {
                let (directory, name) = (self.connections.outbox(directory), mail.id.to_string());
                let written = tokio::task::spawn_blocking(move || {
                    outbox::put(&directory, &name, &composed.raw)
                })
                .await;
                match written {
                    Ok(Ok(())) => {
                        Posted::Sent { reply: "written to the outbox directory".to_owned() }
                    }
                    Ok(Err(error)) => Posted::Later { reply: error.to_string() },
                    Err(error) => Posted::Later { reply: error.to_string() },
                }
            }
        }
    }
}

fn posted(outcome: Outcome) -> Posted {
    match outcome {
        Outcome::Sent { reply } => Posted::Sent { reply: said(&reply) },
        Outcome::Temporary(cause) => Posted::Later { reply: told(&cause) },
        Outcome::Permanent(cause) => Posted::Never { reply: told(&cause) },
        Outcome::Unknown => Posted::Unsure {
            reply: "the connection was lost after the whole message was handed over".to_owned(),
        },
    }
}

fn said(reply: &Reply) -> String {
    format!("{} {}", reply.code, reply.text)
}

fn told(cause: &Cause) -> String {
    match cause {
        Cause::Reply(reply) => said(reply),
        Cause::Recipients(refused) => {
            let each = refused.iter().map(|one| format!("{}: {}", one.address, said(&one.reply)));
            each.collect::<Vec<_>>().join("; ")
        }
        Cause::Connection(what) | Cause::Message(what) => (*what).to_owned(),
        Cause::Login => "the relay refused the login".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strange_ids_are_not_repeated_and_subjects_stay_on_their_line() {
        let long = format!("{}@x", "a".repeat(600));
        for strange in ["", "ü@x", "a b@x", "a@x>\r\nBcc: e@v", "<a@x>", &long] {
            assert!(!is_repeatable(strange), "{strange}");
        }
        assert!(is_repeatable("CAF+x_1.2=3@mail.example"));
        assert_eq!(on_one_line("a\u{2028}b\r\nc"), "a b  c");
    }
}
