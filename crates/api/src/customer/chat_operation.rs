//! What a customer can ask for in a chat, read from the fields of any door.

use handoff_domain::{Content, TreatAs, UserData, Value};

use super::form::Form;
use super::refusal::{CustomerRefusal, RefusalKind};

/// How a customer presents themselves.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Introduction {
    pub(crate) nickname: String,
    pub(crate) subject: Option<String>,
    pub(crate) user_data: UserData,
    /// What a repetition of the request is known by: a secret of the client's, because it brings
    /// the chat's key.
    pub(crate) message_id: Option<String>,
}

/// Characters that a `messageId` of a request for a chat has at least: 128 random bits in hex.
const REQUEST_ID_CHARS_MIN: usize = 32;
/// Characters that any `messageId` has at most.
const MESSAGE_ID_CHARS_MAX: usize = 128;

impl Introduction {
    /// Reads it. Names and address become user data under the names that the platform's routing
    /// knows them by.
    pub(crate) fn read(form: &Form) -> Result<Self, CustomerRefusal> {
        let names: Vec<&str> = ["firstName", "lastName"]
            .into_iter()
            .filter_map(|name| form.text(name))
            .map(str::trim)
            .collect();
        let nickname = form
            .text("nickname")
            .map(|name| name.trim().to_owned())
            .filter(|name| !name.is_empty());
        let nickname = nickname.unwrap_or_else(|| names.join(" "));
        if nickname.is_empty() {
            return Err(CustomerRefusal::missing("nickname, or firstName and lastName,"));
        }
        if nickname.chars().count() > handoff_domain::Chat::NAME_CHARS_MAX {
            let most = handoff_domain::Chat::NAME_CHARS_MAX;
            return Err(CustomerRefusal::invalid(format!(
                "A name may have {most} characters; give a shorter one."
            )));
        }
        let mut user_data = form.user_data.clone();
        let keys = [
            ("firstName", "FirstName"),
            ("lastName", "LastName"),
            ("emailAddress", "EmailAddress"),
        ];
        for (field, key) in keys {
            if let Some(text) = form.text(field) {
                user_data.0.insert(key.to_owned(), Value::Text(text.to_owned()));
            }
        }
        let message_id = message_id(form)?;
        if message_id.as_ref().is_some_and(|id| id.len() < REQUEST_ID_CHARS_MIN) {
            return Err(CustomerRefusal::invalid(format!(
                "The messageId of a request for a chat brings its key again, so it must be a random text of at least \
                 {REQUEST_ID_CHARS_MIN} characters; give such a one, or none."
            )));
        }
        Ok(Self { nickname, subject: form.subject()?, user_data, message_id })
    }
}

/// Something that a customer wants done in their chat.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ChatOperation {
    /// Nothing but to hear how it stands.
    Refresh,
    /// Say something; with the client's own id of it a retry says it once.
    Say { content: Content, message_id: Option<String> },
    /// Show whether they are typing, and what.
    Typing { is_on: bool, text: Option<String> },
    /// Attach data.
    UpdateData(UserData),
    /// Confirm that they have read everything up to this number.
    Read(u64),
    /// Leave.
    Disconnect,
}

impl ChatOperation {
    /// Reads an operation by its name: the last part of a REST path, or `data.operation` of a
    /// CometD message, which differ in one name.
    pub(crate) fn read(operation: &str, form: &Form) -> Result<Self, CustomerRefusal> {
        let message_id = message_id(form)?;
        let say = |content| Self::Say { content, message_id };
        Ok(match operation {
            "refresh" | "requestNotifications" => Self::Refresh,
            "send" | "sendMessage" => say(Content::Text {
                text: form.required("message")?.to_owned(),
                message_type: form.text("messageType").map(str::to_owned),
                treat_as: TreatAs::Normal,
            }),
            "startTyping" => {
                Self::Typing { is_on: true, text: form.text("message").map(str::to_owned) }
            }
            "stopTyping" => Self::Typing { is_on: false, text: None },
            "pushUrl" => say(Content::PushUrl { url: address(form.required("pushUrl")?)? }),
            "updateNickname" => say(Content::NicknameUpdated {
                nickname: form.required("nickname")?.trim().to_owned(),
            }),
            "customNotice" => {
                say(Content::CustomNotice { text: form.text("message").map(str::to_owned) })
            }
            "updateData" => Self::UpdateData(form.user_data.clone()),
            "readReceipt" => {
                let index = form.count("transcriptPosition")?;
                Self::Read(index.ok_or_else(|| CustomerRefusal::missing("transcriptPosition"))?)
            }
            "disconnect" => Self::Disconnect,
            _ => {
                let advice = "There is no such operation; use one of the documented names.";
                return Err(CustomerRefusal::new(RefusalKind::UnknownOperation, advice));
            }
        })
    }
}

/// Returns the client's own id of what it asks for.
pub(crate) fn message_id(form: &Form) -> Result<Option<String>, CustomerRefusal> {
    let given = form.text("messageId").map(str::to_owned);
    if given.as_ref().is_some_and(|id| id.chars().count() > MESSAGE_ID_CHARS_MAX) {
        let advice =
            format!("A messageId may have {MESSAGE_ID_CHARS_MAX} characters; give a shorter one.");
        return Err(CustomerRefusal::invalid(advice));
    }
    Ok(given)
}

/// Returns an address that may be pushed: of a page, and nothing that an agent's program would run.
fn address(text: &str) -> Result<String, CustomerRefusal> {
    let parsed = url::Url::parse(text.trim()).ok();
    match parsed.filter(|url| matches!(url.scheme(), "http" | "https")) {
        Some(url) => Ok(url.into()),
        None => Err(CustomerRefusal::invalid(
            "The field pushUrl must be an address with http or https; correct it.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(fields: &[(&str, &str)]) -> Form {
        let mut form = Form::default();
        fields.iter().for_each(|(name, value)| form.add(name, (*value).to_owned()));
        form
    }

    #[test]
    fn a_customer_goes_by_his_nickname_or_his_names() {
        let named =
            |fields: &[(&str, &str)]| Introduction::read(&form(fields)).map(|it| it.nickname);
        assert_eq!(named(&[("nickname", " Ada ")]).unwrap(), "Ada");
        assert_eq!(named(&[("firstName", "Ada"), ("lastName", "Byron")]).unwrap(), "Ada Byron");
        assert_eq!(named(&[("nickname", " "), ("firstName", "Ada")]).unwrap(), "Ada");
        assert_eq!(named(&[("subject", "x")]).unwrap_err().kind, RefusalKind::Missing);
        assert_eq!(
            named(&[("nickname", &"x".repeat(256))]).unwrap_err().kind,
            RefusalKind::Invalid
        );
    }

    #[test]
    fn names_and_address_become_data() {
        let given = form(&[
            ("firstName", "Ada"),
            ("emailAddress", "a@b.example"),
            ("userData[Plan]", "gold"),
        ]);
        let introduction = Introduction::read(&given).unwrap();
        let keys: Vec<&String> = introduction.user_data.0.keys().collect();
        assert_eq!(keys, ["EmailAddress", "FirstName", "Plan"]);
    }

    #[test]
    fn the_id_of_a_request_for_a_chat_is_long_enough_to_be_a_secret_and_none_is_too_long() {
        let introduced = |id: &str| {
            let introduction = Introduction::read(&form(&[("nickname", "Ada"), ("messageId", id)]));
            introduction.map(|it| it.message_id).map_err(|refusal| refusal.kind)
        };
        assert_eq!(introduced(""), Ok(None));
        assert_eq!(introduced(&"x".repeat(31)), Err(RefusalKind::Invalid));
        assert_eq!(introduced(&"x".repeat(32)), Ok(Some("x".repeat(32))));
        assert_eq!(introduced(&"x".repeat(129)), Err(RefusalKind::Invalid));
        let said = |chars| {
            ChatOperation::read(
                "send",
                &form(&[("message", "Hi"), ("messageId", &"x".repeat(chars))]),
            )
        };
        assert!(said(1).is_ok() && said(128).is_ok());
        assert_eq!(said(129).map_err(|refusal| refusal.kind), Err(RefusalKind::Invalid));
    }

    #[test]
    fn only_addresses_of_pages_are_pushed() {
        let pushed = |text: &str| {
            ChatOperation::read("pushUrl", &form(&[("pushUrl", text)]))
                .map_err(|refusal| refusal.kind)
        };
        assert!(pushed("https://shop.example/a?b=c").is_ok());
        for text in [
            "javascript:alert(1)",
            " JaVaScRiPt:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "shop.example",
        ] {
            assert_eq!(pushed(text), Err(RefusalKind::Invalid), "{text}");
        }
    }

    #[test]
    fn what_an_operation_needs_must_be_there() {
        for (operation, missing) in [
            ("send", "message"),
            ("pushUrl", "pushUrl"),
            ("updateNickname", "nickname"),
            ("readReceipt", "transcriptPosition"),
        ] {
            let refusal = ChatOperation::read(operation, &Form::default()).unwrap_err();
            assert_eq!(refusal, CustomerRefusal::missing(missing), "{operation}");
        }
        assert_eq!(
            ChatOperation::read("fly", &Form::default()).unwrap_err().kind,
            RefusalKind::UnknownOperation
        );
    }
}
