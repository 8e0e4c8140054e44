//! The fields of an e-mail, the same in both generations' objects.

use handoff_domain::Interaction;
use serde::Serialize;

/// The fields of an e-mail (EmailResource, gws-interactions.md 5.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EmailFields {
    /// Sender's address.
    pub from: String,
    /// Where answers go when it is not the sender.
    pub reply_to: Option<String>,
    /// Recipients.
    pub to: Vec<String>,
    /// Recipients of a copy.
    pub cc: Vec<String>,
    /// Recipients of a hidden copy.
    pub bcc: Vec<String>,
    /// HTML body.
    pub body: String,
    /// Text body.
    pub body_as_plain_text: String,
    /// The type of `body`; the pages support no plain text there (EmailReply).
    pub mime: &'static str,
    /// Attachments: none are kept.
    pub attachments: [(); 0],
}

impl EmailFields {
    /// Shows the e-mail of an interaction. One that was submitted without any (contract 6: `email` *may* come along) has empty fields.
    #[must_use]
    pub fn of(interaction: &Interaction) -> Self {
        let email = interaction.email.clone().unwrap_or_default();
        Self {
            from: email.from,
            reply_to: email.reply_to,
            to: email.to,
            cc: email.cc,
            bcc: email.bcc,
            body: email.body,
            body_as_plain_text: email.body_as_plain_text,
            mime: "text/html",
            attachments: [],
        }
    }
}
