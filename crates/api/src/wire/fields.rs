//! The fields of a request's body, by name and type.
//!
//! A field of another type is code 10, a required one that is missing is code 1, and both name it.
//! `null` counts as not given, because later clients of this API family send their unset options
//! that way. Unknown fields are ignored (docs/compat/conventions.md#bodies).

use std::collections::BTreeMap;

use handoff_domain::mail::breaks_line;
use handoff_domain::{Interaction, Time, UserData, Value};

use super::address::is_named_address;
use super::date;
use crate::error::Refusal;

/// The longest time that is read with a fraction: what a number has to the millisecond.
const TIME_MS_MAX: f64 = 9_007_199_254_740_992.0;

/// Most bytes of what names something, such as a type or a place: far above any that is in use.
const NAME_BYTES_MAX: usize = 255;

/// An object of the request's body, and where it is, for messages.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a> {
    values: &'a BTreeMap<String, Value>,
    /// `""` at the top, `"email."` inside the field `email`.
    prefix: &'a str,
}

impl<'a> Fields<'a> {
    /// Reads the top of a body.
    #[must_use]
    pub const fn top(values: &'a BTreeMap<String, Value>) -> Self {
        Self { values, prefix: "" }
    }

    /// Returns a field, unless it is missing or null.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a Value> {
        self.values.get(name).filter(|value| **value != Value::Null)
    }

    /// Tells whether a field is given, as null.
    #[must_use]
    pub fn is_null(&self, name: &str) -> bool {
        self.values.get(name) == Some(&Value::Null)
    }

    /// Returns the names of all fields, null ones included.
    pub fn names(&self) -> impl Iterator<Item = &'a str> {
        self.values.keys().map(String::as_str)
    }

    fn wrong_type(&self, name: &str, wanted: &str) -> Refusal {
        Refusal::invalid(format!("The field {}{name} must be {wanted}; correct it.", self.prefix))
    }

    /// Refuses for a required field that is missing.
    #[must_use]
    pub fn missing(&self, name: &str) -> Refusal {
        Refusal::missing(&format!("{}{name}", self.prefix))
    }

    /// Returns a text.
    ///
    /// # Errors
    ///
    /// Code 10 when it is something else.
    pub fn text(&self, name: &str) -> Result<Option<String>, Refusal> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text.clone())),
            Some(_) => Err(self.wrong_type(name, "a text")),
        }
    }

    /// Returns a text that must be there.
    ///
    /// # Errors
    ///
    /// Code 1 when it is missing, code 10 when it is something else.
    pub fn required_text(&self, name: &str) -> Result<String, Refusal> {
        self.text(name)?.ok_or_else(|| self.missing(name))
    }

    /// Returns a text that may end up in a header line of a mail, such as an address or a subject.
    ///
    /// # Errors
    ///
    /// Code 10 when it is something else, or holds a control character, which could smuggle in
    /// another header.
    pub fn line(&self, name: &str) -> Result<Option<String>, Refusal> {
        let text = self.text(name)?;
        text.map(|text| self.as_line(name, text)).transpose()
    }

    /// Returns a subject: a line within [`Interaction::SUBJECT_BYTES_MAX`].
    ///
    /// # Errors
    ///
    /// Code 10 when it is something else, or longer.
    pub fn subject(&self, name: &str) -> Result<Option<String>, Refusal> {
        let subject = self.line(name)?;
        if subject.as_ref().is_some_and(|subject| subject.len() > Interaction::SUBJECT_BYTES_MAX) {
            return Err(Refusal::invalid(too_long_subject(&format!("{}{name}", self.prefix))));
        }
        Ok(subject)
    }

    /// Returns a name of something: a line of a length that a name has.
    ///
    /// # Errors
    ///
    /// Code 10 when it is something else, or longer.
    pub fn name(&self, name: &str) -> Result<Option<String>, Refusal> {
        let text = self.line(name)?;
        if text.as_ref().is_some_and(|text| text.len() > NAME_BYTES_MAX) {
            return Err(self.wrong_type(name, &format!("a text of at most {NAME_BYTES_MAX} bytes")));
        }
        Ok(text)
    }

    fn as_line(&self, name: &str, text: String) -> Result<String, Refusal> {
        if text.chars().any(breaks_line) {
            return Err(self.wrong_type(name, "a text of one line, without control characters"));
        }
        Ok(text)
    }

    /// Returns a whole number.
    ///
    /// # Errors
    ///
    /// Code 10 when it is something else, or beyond 64 bits.
    pub fn integer(&self, name: &str) -> Result<Option<i64>, Refusal> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Integer(number)) => i64::try_from(*number)
                .map(Some)
                .map_err(|_| self.wrong_type(name, "a 64-bit integer")),
            Some(_) => Err(self.wrong_type(name, "an integer")),
        }
    }

    /// Returns a whole number that cannot be negative.
    ///
    /// # Errors
    ///
    /// Code 10 when it is something else.
    pub fn count(&self, name: &str) -> Result<Option<u64>, Refusal> {
        let number = self.integer(name)?;
        number
            .map(|number| {
                u64::try_from(number)
                    .map_err(|_| self.wrong_type(name, "zero or a positive integer"))
            })
            .transpose()
    }

    /// Returns a truth value.
    ///
    /// # Errors
    ///
    /// Code 10 when it is something else.
    pub fn boolean(&self, name: &str) -> Result<Option<bool>, Refusal> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(_) => Err(self.wrong_type(name, "true or false")),
        }
    }

    /// Returns an object.
    ///
    /// # Errors
    ///
    /// Code 10 when it is something else.
    pub fn map(&self, name: &str) -> Result<Option<&'a BTreeMap<String, Value>>, Refusal> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Map(values)) => Ok(Some(values)),
            Some(_) => Err(self.wrong_type(name, "an object")),
        }
    }

    /// Returns an object of user data, within its bounds.
    ///
    /// # Errors
    ///
    /// Code 10 when it is something else, or breaks a bound by itself already.
    pub fn user_data(&self, name: &str) -> Result<Option<UserData>, Refusal> {
        let Some(values) = self.map(name)? else { return Ok(None) };
        let user_data = UserData(values.clone());
        user_data.check().map_err(handoff_domain::Rejection::from)?;
        Ok(Some(user_data))
    }

    /// Returns a list of texts.
    ///
    /// # Errors
    ///
    /// Code 10 when it, or one of its items, is something else.
    pub fn texts(&self, name: &str) -> Result<Option<Vec<String>>, Refusal> {
        let wrong = || self.wrong_type(name, "a list of texts");
        let Some(value) = self.get(name) else { return Ok(None) };
        let Value::List(items) = value else { return Err(wrong()) };
        let texts = items.iter().map(|item| match item {
            Value::Text(text) => Ok(text.clone()),
            _ => Err(wrong()),
        });
        texts.collect::<Result<_, _>>().map(Some)
    }

    /// Returns a list of addresses. The pages' text says comma-delimited, their samples and all
    /// known clients use a list; both are read.
    ///
    /// # Errors
    ///
    /// Code 10 when it is something else, or one of them is no address.
    pub fn addresses(&self, name: &str) -> Result<Option<Vec<String>>, Refusal> {
        let given = match self.get(name) {
            Some(Value::Text(text)) => Some(text.split(',').map(str::to_owned).collect()),
            _ => self.texts(name)?,
        };
        let Some(given) = given else { return Ok(None) };
        let trimmed =
            given.iter().map(|address| address.trim()).filter(|address| !address.is_empty());
        trimmed
            .map(|address| self.as_address(name, address.to_owned()))
            .collect::<Result<_, _>>()
            .map(Some)
    }

    /// Returns an address, with or without a name before it; an empty text says that there is none.
    ///
    /// # Errors
    ///
    /// Code 10 when it is something else.
    pub fn address(&self, name: &str) -> Result<Option<String>, Refusal> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let text = text.trim().to_owned();
        if text.is_empty() { Ok(Some(text)) } else { self.as_address(name, text).map(Some) }
    }

    fn as_address(&self, name: &str, text: String) -> Result<String, Refusal> {
        if !is_named_address(&text) {
            return Err(self.wrong_type(name, "addresses such as eve@example.com, each by itself"));
        }
        Ok(text)
    }

    /// Returns a time that is given in seconds, in ms: whole ones, or as one is shown that a center
    /// file gave in ms.
    ///
    /// # Errors
    ///
    /// Code 10 when it is something else.
    pub fn time_ms(&self, name: &str) -> Result<Option<u64>, Refusal> {
        if let Some(Value::Float(seconds)) = self.get(name) {
            let ms = (seconds * 1_000.0).round();
            let is_shown_so = (0.0..=TIME_MS_MAX).contains(&ms) && ms / 1_000.0 == *seconds;
            return match is_shown_so {
                true => Ok(Some(ms as u64)),
                false => Err(self.wrong_type(name, "seconds, from zero, to the millisecond")),
            };
        }
        Ok(self.count(name)?.map(|seconds| seconds.saturating_mul(1_000)))
    }

    /// Returns a moment.
    ///
    /// # Errors
    ///
    /// Code 10 when it is something else, or says no offset from UTC.
    pub fn moment(&self, name: &str) -> Result<Option<Time>, Refusal> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let moment = date::read_moment(&text);
        moment.map(Some).ok_or_else(|| self.wrong_type(name, "a time such as 2026-01-09T12:00:00Z"))
    }

    /// Returns the least levels by skill name.
    ///
    /// # Errors
    ///
    /// Code 10 when it is something else.
    pub fn levels(&self, name: &str) -> Result<Option<BTreeMap<String, u32>>, Refusal> {
        self.counts(name, "an object of skill names and levels from 0 up")
    }

    /// Returns numbers by name.
    ///
    /// # Errors
    ///
    /// Code 10 when it is something else than is wanted.
    pub fn counts(
        &self,
        name: &str,
        wanted: &str,
    ) -> Result<Option<BTreeMap<String, u32>>, Refusal> {
        let wrong = || self.wrong_type(name, wanted);
        let Some(value) = self.get(name) else { return Ok(None) };
        let Value::Map(values) = value else { return Err(wrong()) };
        let levels = values.iter().map(|(skill, level)| match level {
            Value::Integer(level) => {
                u32::try_from(*level).map(|level| (skill.clone(), level)).map_err(|_| wrong())
            }
            _ => Err(wrong()),
        });
        levels.collect::<Result<_, _>>().map(Some)
    }
}

/// Says that a subject is too long, in the field of that name; on every door in the same words.
pub(crate) fn too_long_subject(name: &str) -> String {
    format!("The field {name} may have {} bytes; shorten it.", Interaction::SUBJECT_BYTES_MAX)
}

impl<'a> Fields<'a> {
    /// Returns the fields of an object inside; `prefix` is how its fields are named in messages.
    ///
    /// # Errors
    ///
    /// Code 10 when it is something else.
    pub fn inside(&self, name: &str, prefix: &'a str) -> Result<Option<Self>, Refusal> {
        Ok(self.map(name)?.map(|values| Self { values, prefix }))
    }
}
