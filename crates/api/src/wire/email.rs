//! The `email` object of a request.

use handoff_domain::interaction::Email;

use crate::error::Refusal;
use crate::wire::fields::Fields;
use crate::wire::letters::{Cleaner, html_of, with_ids_of_images};

/// The changed part of an e-mail: what a request gives of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EmailChanges {
    from: Option<String>,
    reply_to: Option<String>,
    to: Option<Vec<String>>,
    cc: Option<Vec<String>>,
    bcc: Option<Vec<String>>,
    /// The subject, which belongs to the interaction.
    pub subject: Option<String>,
    body: Option<String>,
    body_as_plain_text: Option<String>,
}

impl EmailChanges {
    /// Reads the field `email`.
    ///
    /// # Errors
    ///
    /// Code 10 when it, or something in it, is of another type, an address is none, or a control
    /// character stands in what becomes a header line.
    pub fn read(fields: &Fields<'_>) -> Result<Option<Self>, Refusal> {
        let Some(email) = fields.inside("email", "email.")? else { return Ok(None) };
        Ok(Some(Self {
            from: email.address("from")?,
            reply_to: email.address("replyTo")?,
            to: email.addresses("to")?,
            cc: email.addresses("cc")?,
            bcc: email.addresses("bcc")?,
            subject: email.subject("subject")?,
            body: email.text("body")?,
            body_as_plain_text: email.text("bodyAsPlainText")?,
        }))
    }

    /// Returns an e-mail with these changes, as they are written: its files and what ties it to
    /// others are not the writer's to change here.
    ///
    /// Its recipients read the HTML or the text, whichever their programs show. So when the writer
    /// gives one of the two, the other follows from it; an e-mail of nothing but text stays one.
    #[must_use]
    pub fn applied_to(self, email: Email, letters: &Cleaner) -> Email {
        let (body, body_as_plain_text) = self.bodies(&email, letters);
        Email {
            from: self.from.unwrap_or(email.from),
            reply_to: self.reply_to.or(email.reply_to).filter(|address| !address.is_empty()),
            to: self.to.unwrap_or(email.to),
            cc: self.cc.unwrap_or(email.cc),
            bcc: self.bcc.unwrap_or(email.bcc),
            body,
            body_as_plain_text,
            ..Email::default()
        }
    }

    fn bodies(&self, email: &Email, letters: &Cleaner) -> (String, String) {
        let body = self.body.clone().map(|body| with_ids_of_images(body, &email.attachments));
        // Programs that write HTML alone give an empty text with it.
        let is_empty = body.as_ref().unwrap_or(&email.body).trim().is_empty();
        let text =
            self.body_as_plain_text.clone().filter(|text| is_empty || !text.trim().is_empty());
        match (body, text) {
            (Some(body), Some(text)) => (body, text),
            (Some(body), None) if body == email.body => (body, email.body_as_plain_text.clone()),
            (Some(body), None) => {
                let text = letters.text(&body);
                (body, text)
            }
            (None, Some(text))
                if email.body.is_empty() || is_alike(&text, &letters.text(&email.body)) =>
            {
                (email.body.clone(), text)
            }
            (None, Some(text)) => (html_of(&text), text),
            (None, None) => (email.body.clone(), email.body_as_plain_text.clone()),
        }
    }
}

/// Tells whether two texts have the same words.
fn is_alike(one: &str, other: &str) -> bool {
    one.split_whitespace().eq(other.split_whitespace())
}
