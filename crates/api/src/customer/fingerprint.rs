//! What a customer's request says, as one text: by its hash a repetition is told from another
//! request under the same name.
//!
//! Such hashes are stored, of e-mails for good, and a retry may come after an upgrade. So the form
//! is written out here and does not follow the program's types when they change. It is the form
//! that version 0.1 stored: a retry right across an upgrade is known as one. A change of it needs
//! both forms looked for, as long as receipts of the older one are kept.

use handoff_domain::{Address, Content, TreatAs, UserData, Value};

use crate::hex::sha256;

/// Returns the fingerprint of something said in a chat.
pub(super) fn of_message(content: &Content) -> String {
    sha256(message(content))
}

/// Returns the fingerprint of a request for a chat.
pub(super) fn of_chat_request(
    nickname: &str,
    subject: Option<&str>,
    user_data: &UserData,
) -> String {
    sha256(format!("{} {} {}", quoted(nickname), maybe(subject), data(user_data)))
}

/// Returns the fingerprint of an interaction that was submitted under an external id.
pub(super) fn of_submission(
    external_id: &str,
    parts: [Option<&str>; 3],
    user_data: &UserData,
) -> String {
    let parts = parts.map(maybe).join(", ");
    sha256(format!("{} [{parts}] {}", quoted(external_id), data(user_data)))
}

/// What an e-mail of a form says, beside its service.
pub(super) struct EmailSays<'a> {
    pub(super) name: &'a str,
    pub(super) from: &'a Address,
    pub(super) mailbox: Option<&'a str>,
    pub(super) subject: &'a str,
    pub(super) text: &'a str,
    pub(super) user_data: &'a UserData,
    /// Names and sizes of its files.
    pub(super) files: Vec<(&'a str, u64)>,
}

/// Returns the fingerprint of an e-mail to the service of that id.
pub(super) fn of_email(service: &str, says: &EmailSays<'_>) -> String {
    let Address { address, name } = says.from;
    let from =
        format!("Address {{ address: {}, name: {} }}", quoted(address), maybe(name.as_deref()));
    let files = says.files.iter().map(|(name, bytes)| format!("({}, {bytes})", quoted(name)));
    let all = [
        service.to_owned(),
        quoted(says.name),
        from,
        maybe(says.mailbox),
        quoted(says.subject),
        quoted(says.text),
        data(says.user_data),
        list(files),
    ];
    sha256(all.join(" "))
}

/// Writes a text as a literal of Rust, which is no type of ours.
fn quoted(text: &str) -> String {
    format!("{text:?}")
}

fn maybe(text: Option<&str>) -> String {
    text.map_or_else(|| "None".to_owned(), |text| format!("Some({})", quoted(text)))
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}

fn map(entries: impl Iterator<Item = (String, String)>) -> String {
    let entries = entries.map(|(key, value)| format!("{}: {value}", quoted(&key)));
    format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
}

fn data(user_data: &UserData) -> String {
    let entries = user_data.0.iter().map(|(key, one)| (key.clone(), value(one)));
    format!("UserData({})", map(entries))
}

fn value(one: &Value) -> String {
    match one {
        Value::Null => "Null".to_owned(),
        Value::Bool(yes) => format!("Bool({yes})"),
        Value::Integer(number) => format!("Integer({number})"),
        // The shortest text that is this number, with a point or an exponent.
        Value::Float(number) => format!("Float({number:?})"),
        Value::Text(text) => format!("Text({})", quoted(text)),
        Value::List(values) => format!("List({})", list(values.iter().map(value))),
        Value::Map(values) => {
            let entries = values.iter().map(|(key, one)| (key.clone(), value(one)));
            format!("Map({})", map(entries))
        }
    }
}

fn message(content: &Content) -> String {
    match content {
        Content::Text { text, message_type, treat_as } => {
            let (text, message_type) = (quoted(text), maybe(message_type.as_deref()));
            let treat_as = match treat_as {
                TreatAs::Normal => "Normal",
                TreatAs::System => "System",
            };
            format!("Text {{ text: {text}, message_type: {message_type}, treat_as: {treat_as} }}")
        }
        Content::PushUrl { url } => format!("PushUrl {{ url: {} }}", quoted(url)),
        Content::CustomNotice { text } => {
            format!("CustomNotice {{ text: {} }}", maybe(text.as_deref()))
        }
        Content::Notice { text, data } => {
            let data = data.iter().map(|(key, value)| (key.clone(), quoted(value)));
            format!("Notice {{ text: {}, data: {} }}", quoted(text), map(data))
        }
        Content::NicknameUpdated { nickname } => {
            format!("NicknameUpdated {{ nickname: {} }}", quoted(nickname))
        }
        // Nobody says these under a name of their own.
        Content::Joined
        | Content::Left { .. }
        | Content::FileUploaded { .. }
        | Content::FileDeleted { .. }
        | Content::IdleAlert
        | Content::IdleClose => content.name().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn some_data() -> UserData {
        let inner = BTreeMap::from([("z".to_owned(), Value::Bool(true))]);
        let values = vec![Value::Null, Value::Integer(-3), Value::Float(1.0), Value::Map(inner)];
        UserData(BTreeMap::from([
            ("a \"b\"".to_owned(), Value::Text("it's\n\u{202e}ü".to_owned())),
            ("c".to_owned(), Value::List(values)),
        ]))
    }

    #[test]
    fn the_form_is_the_one_that_was_stored_before() {
        // Written down as version 0.1 had it; a change of a type's name must not change it.
        let expected = "UserData({\"a \\\"b\\\"\": Text(\"it's\\n\\u{202e}ü\"), \"c\": \
                        List([Null, Integer(-3), Float(1.0), Map({\"z\": Bool(true)})])})";
        assert_eq!(data(&some_data()), expected);
        let text = Content::Text {
            text: "it's \"so\"".to_owned(),
            message_type: None,
            treat_as: TreatAs::Normal,
        };
        let said = "Text { text: \"it's \\\"so\\\"\", message_type: None, treat_as: Normal }";
        assert_eq!(message(&text), said);
        let notice = Content::CustomNotice { text: Some("x".to_owned()) };
        assert_eq!(message(&notice), "CustomNotice { text: Some(\"x\") }");
    }

    #[test]
    fn a_fingerprint_stays_what_it_was() {
        let url = Content::PushUrl { url: "https://a.example/".to_owned() };
        assert_eq!(of_message(&url), sha256("PushUrl { url: \"https://a.example/\" }"));
        let none = UserData::default();
        assert_eq!(of_chat_request("Eve", None, &none), sha256("\"Eve\" None UserData({})"));
        assert_eq!(
            of_submission("7", [Some("s"), None, None], &none),
            sha256("\"7\" [Some(\"s\"), None, None] UserData({})")
        );
        let from = Address { address: "e@v.example".to_owned(), name: None };
        let says = EmailSays {
            name: "n",
            from: &from,
            mailbox: None,
            subject: "s",
            text: "t",
            user_data: &none,
            files: vec![("a.txt", 3), ("b", 0)],
        };
        let expected = "9 \"n\" Address { address: \"e@v.example\", name: None } None \"s\" \"t\" \
                        UserData({}) [(\"a.txt\", 3), (\"b\", 0)]";
        assert_eq!(of_email("9", &says), sha256(expected));
    }
}
