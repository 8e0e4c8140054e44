//! What a body writes down of a contact.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use handoff_engine::ProfileChange;
use handoff_store::{Contact, Version};
use jiff::tz::TimeZone;

use crate::error::{Code, Refusal};
use crate::request::JsonBody;
use crate::wire::fields::Fields;
use crate::wire::resource::Link;

/// Most telephone numbers of a contact.
const NUMBERS_MAX: usize = 10;
/// Most bytes of a telephone number, however it is set apart: one has 15 digits (ITU-T E.164).
const NUMBER_BYTES_MAX: usize = 64;
/// Most bytes of a language tag (RFC 5646, section 4.4.1: 35 are to be expected).
const LANGUAGE_BYTES_MAX: usize = 35;

/// What is to be written down, and what was read before. Stands before the caller among a handler's
/// arguments.
#[derive(Debug)]
pub(crate) struct Written {
    id: Option<String>,
    uri: Option<String>,
    path: Option<String>,
    addresses: Option<Vec<String>>,
    pub(super) version: Version,
    pub(super) change: ProfileChange,
}

impl<S: Sync> FromRequestParts<S> for Written {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        Self::read(JsonBody::from_request_parts(parts, state).await?.fields())
    }
}

impl Written {
    fn read(fields: Fields<'_>) -> Result<Self, Refusal> {
        let change = ProfileChange {
            first_name: name(fields, "firstName")?,
            last_name: name(fields, "lastName")?,
            phone_numbers: numbers(fields)?,
            language: checked(fields, "language", "a language tag such as de or pt-BR", language)?,
            time_zone: checked(
                fields,
                "timeZone",
                "a time zone such as Europe/Copenhagen",
                time_zone,
            )?,
        };
        Ok(Self {
            id: fields.text("id")?,
            uri: fields.text("uri")?,
            path: fields.text("path")?,
            addresses: fields.texts("emailAddresses")?,
            version: fields.count("version")?.ok_or_else(|| fields.missing("version"))?,
            change,
        })
    }

    /// Refuses what cannot be changed. A client that sends back what it read gives the contact's
    /// own, which change nothing.
    pub(super) fn expect_own(&self, contact: &Contact, link: &Link) -> Result<(), Refusal> {
        let is_other = |given: &Option<String>, own: &str| {
            given.as_ref().is_some_and(|given| !given.eq_ignore_ascii_case(own))
        };
        let addresses = self.addresses.as_ref();
        let properties = [
            ("id", is_other(&self.id, &contact.id.to_string())),
            ("uri", is_other(&self.uri, &link.uri)),
            ("path", is_other(&self.path, &link.path)),
            ("emailAddresses", addresses.is_some_and(|given| *given != [&*contact.address])),
        ];
        match properties.into_iter().find(|(_, is_other)| *is_other) {
            None => Ok(()),
            Some((name, _)) => Err(Refusal::new(
                Code::ReadOnly,
                format!("The property {name} of a contact cannot be changed; leave it out."),
            )),
        }
    }
}

/// Reads a text that may be taken away, by null or by nothing in it.
fn line(fields: Fields<'_>, name: &str) -> Result<Option<Option<String>>, Refusal> {
    if fields.is_null(name) {
        return Ok(Some(None));
    }
    let text = fields.name(name)?.map(|text| text.trim().to_owned());
    Ok(text.map(|text| (!text.is_empty()).then_some(text)))
}

/// Reads a name. Two that differ by blanks alone would look the same.
fn name(fields: Fields<'_>, name: &str) -> Result<Option<Option<String>>, Refusal> {
    let text = line(fields, name)?;
    let joined = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    Ok(text.map(|text| text.map(joined)))
}

fn checked(
    fields: Fields<'_>,
    name: &str,
    wanted: &str,
    is_one: impl Fn(&str) -> bool,
) -> Result<Option<Option<String>>, Refusal> {
    let text = line(fields, name)?;
    if text.iter().flatten().all(|text| is_one(text)) {
        return Ok(text);
    }
    Err(Refusal::invalid(format!("The field {name} must be {wanted}; correct it.")))
}

/// Tells whether a text has the form of a language tag (BCP 47).
fn language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let is_first = parts.next().is_some_and(|first| {
        (2..=8).contains(&first.len()) && first.bytes().all(|byte| byte.is_ascii_alphabetic())
    });
    let is_later = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    is_first && parts.all(is_later) && tag.len() <= LANGUAGE_BYTES_MAX
}

fn time_zone(name: &str) -> bool {
    TimeZone::get(name).is_ok()
}

fn numbers(fields: Fields<'_>) -> Result<Option<Vec<String>>, Refusal> {
    let Some(given) = fields.texts("phoneNumbers")? else {
        return Ok(fields.is_null("phoneNumbers").then(Vec::new));
    };
    let numbers: Vec<String> =
        given.iter().map(|it| it.trim().to_owned()).filter(|it| !it.is_empty()).collect();
    let is_number =
        |number: &String| number.len() <= NUMBER_BYTES_MAX && !number.chars().any(char::is_control);
    if numbers.len() > NUMBERS_MAX || !numbers.iter().all(is_number) {
        return Err(Refusal::invalid(format!(
            "The field phoneNumbers must be at most {NUMBERS_MAX} texts of one line and at most \
             {NUMBER_BYTES_MAX} bytes; correct it."
        )));
    }
    Ok(Some(numbers))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_have_the_form_of_a_tag() {
        for tag in ["de", "en-GB", "zh-Hant-TW", "sr-Latn", "es-419", "fil"] {
            assert!(language(tag), "{tag}");
        }
        for text in ["", "d", "de-", "-de", "de_DE", "german language", "d\u{e9}", "12"] {
            assert!(!language(text), "{text}");
        }
        assert!(!language(&["de"; 20].join("-")));
    }

    #[test]
    fn time_zones_are_those_of_the_database() {
        for name in ["Europe/Copenhagen", "UTC", "America/Argentina/Buenos_Aires"] {
            assert!(time_zone(name), "{name}");
        }
        for name in ["Europe/Nowhere", "+02:00", "../etc/passwd", ""] {
            assert!(!time_zone(name), "{name}");
        }
    }
}
