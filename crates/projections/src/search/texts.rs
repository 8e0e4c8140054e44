//! What of an interaction can be found: its fields as texts, and the lines of a chat.

use handoff_domain::chat::PartyKind;
use handoff_domain::user_data::Value;
use handoff_domain::{Content, Entry, Interaction, UserData, Visibility};

/// The fields of a record, by the number of their piece.
pub(super) const FIELDS: [&str; 6] = ["subject", "contact", "userData", "notes", "files", "text"];
/// What the lines of a chat are called.
pub(super) const TRANSCRIPT: &str = "transcript";

/// Returns the texts of an interaction, in the order of [`FIELDS`]. What is not there is empty.
pub(super) fn fields(interaction: &Interaction) -> [String; FIELDS.len()] {
    let notes: Vec<String> = interaction.all_notes().into_iter().map(|note| note.text).collect();
    let email = interaction.email();
    let files: Vec<&str> = email
        .into_iter()
        .flat_map(|email| email.attachments.iter().map(|attachment| attachment.name.as_str()))
        .collect();
    let text = email.map_or_else(String::new, |email| {
        if email.body_as_plain_text.is_empty() {
            without_markup(&email.body)
        } else {
            email.body_as_plain_text.clone()
        }
    });
    [
        interaction.subject.clone().unwrap_or_default(),
        contact(interaction),
        user_data(&interaction.user_data),
        notes.join("\n"),
        files.join("\n"),
        text,
    ]
}

/// Returns addresses, the customer's name, and by what others know it.
fn contact(interaction: &Interaction) -> String {
    let mut found: Vec<&str> = Vec::new();
    found.extend(interaction.external_id.as_deref());
    found.extend(interaction.contact.as_deref());
    if let Some(email) = interaction.email() {
        found.push(&email.from);
        found.extend(email.reply_to.as_deref());
        let others = [&email.to, &email.cc, &email.bcc].into_iter().flatten();
        found.extend(others.map(String::as_str));
    }
    let parties = interaction.chat().into_iter().flat_map(|chat| &chat.parties);
    let customers = parties.filter(|party| party.kind == PartyKind::Customer);
    found.extend(customers.map(|customer| customer.nickname.as_str()));
    found.retain(|text| !text.is_empty());
    found.join("\n")
}

/// Returns the values of user data; the keys are the contact center's own and the same everywhere.
fn user_data(data: &UserData) -> String {
    let mut found = Vec::new();
    data.0.values().for_each(|value| add(value, &mut found));
    found.join("\n")
}

fn add(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Null | Value::Bool(_) => {}
        Value::Integer(number) => found.push(number.to_string()),
        Value::Float(number) => found.push(number.to_string()),
        Value::Text(text) => found.push(text.clone()),
        Value::List(values) => values.iter().for_each(|value| add(value, found)),
        Value::Map(values) => values.values().for_each(|value| add(value, found)),
    }
}

/// Returns what a page says, for letters that have no plain text.
fn without_markup(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut is_markup = false;
    for character in html.chars() {
        match character {
            '<' => is_markup = true,
            '>' if is_markup => {
                is_markup = false;
                text.push(' ');
            }
            _ if is_markup => {}
            other => text.push(other),
        }
    }
    text
}

/// Returns what a line of a chat says; `None` when it says nothing.
pub(super) fn line(entry: &Entry) -> Option<String> {
    let text = match &entry.content {
        Content::Text { text, .. } | Content::Notice { text, .. } => text.clone(),
        Content::CustomNotice { text } => text.clone()?,
        Content::PushUrl { url } => url.clone(),
        Content::FileUploaded { name, description, .. } => {
            format!("{name} {}", description.as_deref().unwrap_or_default()).trim().to_owned()
        }
        Content::Joined
        | Content::Left { .. }
        | Content::NicknameUpdated { .. }
        | Content::FileDeleted { .. }
        | Content::IdleAlert
        | Content::IdleClose => return None,
    };
    Some(text)
}

/// Tells whether only supervisors see a line.
pub(super) const fn is_hidden(entry: &Entry) -> bool {
    matches!(entry.visibility, Visibility::Supervisors)
}
