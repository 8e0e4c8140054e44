//! The fields of an e-mail, the same in both generations' objects.

use handoff_domain::{
    Attachment, Email, FileId, Interaction, InteractionId, Outcome, Report, State,
};
use serde::Serialize;

use crate::wire::date;
use crate::wire::letters::Cleaner;
use crate::wire::resource::{Link, Lookup, PublicUrl};

/// The fields of an e-mail (EmailResource, docs/compat/media.md#e-mail; from `thread_id` on they
/// are ours, and so is `reply_to_others`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EmailFields {
    /// Sender's address.
    pub from: String,
    /// Where answers go when it is not the sender.
    pub reply_to: Option<String>,
    /// Where answers go as well, when the sender named several addresses (docs/api/README.md);
    /// ours.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reply_to_others: Vec<String>,
    /// Recipients.
    pub to: Vec<String>,
    /// Recipients of a copy.
    pub cc: Vec<String>,
    /// Recipients of a hidden copy.
    pub bcc: Vec<String>,
    /// HTML body, safe to show.
    pub body: String,
    pub body_as_plain_text: String,
    /// The type of `body`; the pages support no plain text there (EmailReply).
    pub mime: &'static str,
    /// Its files.
    pub attachments: Vec<AttachmentResource>,
    /// The first e-mail of its thread.
    pub thread_id: String,
    pub message_id: Option<String>,
    /// The `Message-ID` that it answers.
    pub in_reply_to: Option<String>,
    /// Of a draft: the latest message of its thread that its writer knew of.
    pub base_message_id: Option<String>,
    /// The mailbox by which it came in, or its original.
    pub mailbox: Option<String>,
    /// When it was written, as its sender says; of one of ours, when it went out.
    pub sent_date: Option<String>,
    /// When it goes out, while it waits so that it can be taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sends_at: Option<String>,
    /// Where the whole message is, as it came.
    pub raw_uri: Option<String>,
    /// What it reports of an earlier message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<ReportResource>,
}

/// A file of an e-mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AttachmentResource {
    pub id: String,
    /// Its addresses.
    #[serde(flatten)]
    pub link: Link,
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// Its type, by what is in it.
    pub mime: String,
    /// Whether the body shows it.
    pub inline: bool,
    /// The name by which the body shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_id: Option<String>,
}

/// What an inbound e-mail reports of an earlier one of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportResource {
    /// The `Message-ID`s that it is about.
    pub message_ids: Vec<String>,
    /// What became of whom.
    pub recipients: Vec<ReportedRecipient>,
}

/// What became of one recipient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReportedRecipient {
    pub address: String,
    /// What was done, such as `failed`.
    pub action: String,
    /// The status, such as `5.1.1`.
    pub status: Option<String>,
    /// What the other server said.
    pub diagnostic: Option<String>,
}

impl EmailFields {
    /// Shows the e-mail of an interaction. One that was submitted without any
    /// (docs/compat/operations.md#creating: `email` may come along) has empty fields.
    #[must_use]
    pub fn of(interaction: &Interaction, lookup: Lookup<'_>) -> Self {
        let email = interaction.email().cloned().unwrap_or_default();
        let id = interaction.id;
        let attachments =
            email.attachments.iter().map(|one| AttachmentResource::of(id, one, lookup.url));
        Self {
            attachments: attachments.collect(),
            body: shown_body(id, &email, lookup.url, lookup.letters),
            thread_id: interaction.thread_root().to_string(),
            in_reply_to: email.answers.first().cloned(),
            base_message_id: email.base.map(|base| base.to_string()),
            sent_date: sent(interaction, &email),
            sends_at: interaction.state.held_until().map(date::print),
            raw_uri: email.raw.map(|_| lookup.url.uri(&format!("/me/interactions/{id}/raw"))),
            report: email.report.map(ReportResource::of),
            from: email.from,
            reply_to: email.reply_to,
            reply_to_others: email.reply_to_others,
            to: email.to,
            cc: email.cc,
            bcc: email.bcc,
            body_as_plain_text: email.body_as_plain_text,
            mime: "text/html",
            message_id: email.message_id,
            mailbox: email.mailbox,
        }
    }
}

/// Returns the HTML of an e-mail as it may be shown, with the addresses of its images.
#[must_use]
pub fn shown_body(id: InteractionId, email: &Email, url: &PublicUrl, letters: &Cleaner) -> String {
    let address = |one: &Attachment| url.uri(&attachment_path(id, one.file));
    letters.clean(&email.body, &email.attachments, &address)
}

/// Returns the path of a file of an e-mail (GetAttachment, docs/compat/media.md#e-mail).
#[must_use]
pub fn attachment_path(id: InteractionId, file: FileId) -> String {
    format!("/emails/{id}/attachments/{file}")
}

fn sent(interaction: &Interaction, email: &Email) -> Option<String> {
    let went_out = match interaction.state {
        State::Ended { outcome: Outcome::Sent, at } => Some(at),
        _ => None,
    };
    email.date.or(went_out).map(date::print)
}

impl AttachmentResource {
    /// Shows a file of an e-mail.
    #[must_use]
    pub fn of(interaction: InteractionId, one: &Attachment, url: &PublicUrl) -> Self {
        Self {
            id: one.file.to_string(),
            link: url.link(attachment_path(interaction, one.file)),
            name: one.name.clone(),
            size: one.bytes,
            mime: one.content_type.clone(),
            inline: one.inline,
            content_id: one.content_id.clone(),
        }
    }
}

impl ReportResource {
    fn of(report: Report) -> Self {
        let recipients = report.recipients.into_iter().map(|one| ReportedRecipient {
            address: one.address,
            action: one.action,
            status: one.status,
            diagnostic: one.diagnostic,
        });
        Self { message_ids: report.originals, recipients: recipients.collect() }
    }
}
