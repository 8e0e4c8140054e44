//! What a standard response may be, whoever's it is.

use handoff_domain::Interaction;
use handoff_store::{ResponseOwner, StandardResponse};

use crate::disposition::{channels_fault, media_of};
use crate::edit::Refused;
use crate::name::name_fault;
use crate::template::template_fault;
use crate::thing::Thing;

/// Most bytes of what it is found by, and of its language.
const SHORT_MAX: usize = 64;
/// Most bytes of its category with those above it.
const CATEGORY_MAX: usize = 255;
/// Most bytes of its text, and of its html.
const TEXT_MAX: usize = 32 << 10;
/// Most responses and bytes of one person: all of them are one record.
const OF_USER_MAX: (usize, usize) = (200, 256 << 10);
/// Most of a group, and of a contact center beside its groups.
const OF_OWNER_MAX: (usize, usize) = (1_000, 2 << 20);
/// Most of a contact center with its groups: every node has them in its memory.
const SHARED_MAX: (usize, usize) = (4_000, 8 << 20);

/// What is said of a standard response, as far as it is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResponseDescription {
    pub name: Option<String>,
    pub shortcut: Option<String>,
    /// The names of its category and of those above it, parted by `/`.
    pub category: Option<String>,
    pub language: Option<String>,
    /// The channels that it is for; none is all.
    pub channels: Option<Vec<String>>,
    pub subject: Option<String>,
    pub text: Option<String>,
    pub html: Option<String>,
}

impl ResponseDescription {
    /// Returns what is wrong with it, and what is allowed; `None` when nothing is.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        let said = |text: &Option<String>, check: fn(&str) -> Option<String>| {
            text.as_deref().and_then(check)
        };
        said(&self.name, |name| name_fault(Thing::Response, name))
            .or_else(|| said(&self.shortcut, shortcut_fault))
            .or_else(|| said(&self.category, category_fault))
            .or_else(|| said(&self.language, language_fault))
            .or_else(|| channels_fault(self.channels.as_deref().unwrap_or_default()))
            .or_else(|| said(&self.subject, subject_fault))
            .or_else(|| said(&self.text, |text| body_fault("text", text)))
            .or_else(|| said(&self.html, |html| body_fault("html", html)))
    }

    /// Changes a response as far as anything is said. What has a fault must not get here.
    pub(crate) fn apply(&self, response: &mut StandardResponse) {
        let texts = [
            (&self.name, &mut response.name),
            (&self.shortcut, &mut response.shortcut),
            (&self.category, &mut response.category),
            (&self.language, &mut response.language),
            (&self.subject, &mut response.subject),
            (&self.text, &mut response.text),
            (&self.html, &mut response.html),
        ];
        for (said, own) in texts {
            if let Some(said) = said {
                own.clone_from(said);
            }
        }
        if let Some(channels) = &self.channels {
            response.channels = media_of(channels);
        }
    }
}

fn shortcut_fault(shortcut: &str) -> Option<String> {
    let is_wrong = |sign: char| sign.is_whitespace() || sign.is_control() || sign == '/';
    let fault = "a shortcut has no blanks and no /, and 64 bytes at most";
    (shortcut.len() > SHORT_MAX || shortcut.contains(is_wrong)).then(|| fault.to_owned())
}

fn category_fault(category: &str) -> Option<String> {
    let is_wrong =
        |name: &str| name.trim() != name || name.is_empty() || name.contains(char::is_control);
    let fault =
        "a category is names with / between them, such as Billing/Refunds, and 255 bytes at most";
    let is_fault = category.len() > CATEGORY_MAX || category.split('/').any(is_wrong);
    (!category.is_empty() && is_fault).then(|| fault.to_owned())
}

fn language_fault(language: &str) -> Option<String> {
    let is_wrong = |part: &str| {
        !(1..=8).contains(&part.len()) || !part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let fault = "a language is a tag such as en or pt-BR";
    let is_fault = language.len() > SHORT_MAX || language.split('-').any(is_wrong);
    (!language.is_empty() && is_fault).then(|| fault.to_owned())
}

fn subject_fault(subject: &str) -> Option<String> {
    if subject.contains(char::is_control) || subject.len() > Interaction::SUBJECT_BYTES_MAX {
        let most = Interaction::SUBJECT_BYTES_MAX;
        return Some(format!("its subject is one line of {most} bytes at most"));
    }
    template_fault(subject).map(|fault| format!("in its subject, {fault}"))
}

fn body_fault(what: &str, body: &str) -> Option<String> {
    if body.len() > TEXT_MAX {
        return Some(format!("its {what} has {TEXT_MAX} bytes at most"));
    }
    template_fault(body).map(|fault| format!("in its {what}, {fault}"))
}

/// Refuses a response that has nothing to say, that another one of its owner is called like, or
/// that is more than there may be; `shared` are all of its contact center that are not somebody's
/// own.
pub(crate) fn expect_room<'a>(
    response: &StandardResponse,
    others_of_owner: impl Iterator<Item = &'a StandardResponse>,
    shared: impl Iterator<Item = &'a StandardResponse>,
) -> Result<(), Refused> {
    let thing = Thing::Response;
    if response.text.is_empty() && response.html.is_empty() {
        let fault = "it has neither text nor html".to_owned();
        return Err(Refused::Unfit { thing, fault });
    }
    let most = match response.owner {
        ResponseOwner::User(_) => OF_USER_MAX,
        ResponseOwner::Group(_) | ResponseOwner::Center => OF_OWNER_MAX,
    };
    let (mut count, mut bytes) = (1, response.bytes());
    for other in others_of_owner {
        if other.name == response.name {
            return Err(Refused::Taken { thing, name: response.name.clone() });
        }
        if !response.shortcut.is_empty() && other.shortcut == response.shortcut {
            return Err(Refused::Taken { thing, name: response.shortcut.clone() });
        }
        (count, bytes) = (count + 1, bytes + other.bytes());
    }
    expect_within(count, bytes, most)?;
    let (mut count, mut bytes) = (1, response.bytes());
    for other in shared.filter(|other| other.id != response.id) {
        (count, bytes) = (count + 1, bytes + other.bytes());
    }
    expect_within(count, bytes, SHARED_MAX)
}

fn expect_within(
    count: usize,
    bytes: usize,
    (most, bytes_max): (usize, usize),
) -> Result<(), Refused> {
    let thing = Thing::Response;
    if count > most {
        return Err(Refused::TooMany { thing, most });
    }
    if bytes > bytes_max {
        let fault = format!("all of them together have {bytes_max} bytes at most; remove some");
        return Err(Refused::Unfit { thing, fault });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_response_is_found_by_is_short_and_plain() {
        let fault = |said: ResponseDescription| said.fault();
        let some = |text: &str| Some(text.to_owned());
        for (good, bad) in [("", "a b"), ("hi", "a/b"), ("h-1", &"x".repeat(65))] {
            assert_eq!(
                fault(ResponseDescription { shortcut: some(good), ..Default::default() }),
                None
            );
            assert!(
                fault(ResponseDescription { shortcut: some(bad), ..Default::default() }).is_some()
            );
        }
        for (good, bad) in [("", "/"), ("Billing", "Billing/"), ("A b/C", "A / B")] {
            assert_eq!(
                fault(ResponseDescription { category: some(good), ..Default::default() }),
                None
            );
            assert!(
                fault(ResponseDescription { category: some(bad), ..Default::default() }).is_some()
            );
        }
        for (good, bad) in [("", "en_GB"), ("de", "-"), ("pt-BR", "übersetzt")] {
            assert_eq!(
                fault(ResponseDescription { language: some(good), ..Default::default() }),
                None
            );
            assert!(
                fault(ResponseDescription { language: some(bad), ..Default::default() }).is_some()
            );
        }
        let text = fault(ResponseDescription { text: some("a\n{{ x }}"), ..Default::default() });
        assert!(text.unwrap().starts_with("in its text, line 2: there is nothing named x"));
        assert!(
            fault(ResponseDescription {
                text: some(&"x".repeat(TEXT_MAX + 1)),
                ..Default::default()
            })
            .is_some()
        );
        assert!(
            fault(ResponseDescription { subject: some("two\nlines"), ..Default::default() })
                .is_some()
        );
    }
}
