//! What a customer's request says, whatever it is written in: a form, a form with a file, or the
//! `data` of a CometD message.

use std::collections::BTreeMap;

use axum::body::{Body, Bytes};
use axum::extract::multipart::Multipart;
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use handoff_domain::mail::breaks_line;
use handoff_domain::{Interaction, UserData, Value};
use http_body_util::Limited;

use super::refusal::{CustomerRefusal, RefusalKind};
use crate::body_memory::{FORM_BYTES_MAX, LatePlace};
use crate::wire::fields::too_long_subject;

/// Fields of a form: an empty one takes much more memory than its bytes, and no page has so many.
const FIELDS_MAX: usize = 1_000;
/// Bytes that a field counts beside its name and content: about what it takes to keep an empty one.
const FIELD_BYTES: usize = 64;

/// The fields of a request, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Form {
    pub(crate) fields: BTreeMap<String, String>,
    /// The data that the customer's page attaches.
    pub(crate) user_data: UserData,
}

/// Writes what may have several lines as one, without control characters.
fn as_one_line(text: &str) -> String {
    let lines = text.split(breaks_line).map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join(" ")
}

impl Form {
    /// Returns a field; an empty one counts as not given, because clients send what they have left
    /// empty (docs/compat/customers.md#requests).
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// Returns the client's own id of what it asks for.
    pub(crate) fn message_id(&self) -> Option<&str> {
        self.text("messageId")
    }

    /// Returns about how much it is, in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        let fields: usize = self.fields.iter().map(|(name, value)| name.len() + value.len()).sum();
        (fields + self.user_data.weight()) as u64
    }

    pub(crate) fn required(&self, name: &str) -> Result<&str, CustomerRefusal> {
        self.text(name).ok_or_else(|| CustomerRefusal::missing(name))
    }

    /// Returns the subject of what is begun: one line, as everywhere. Windows ask for it in a field
    /// of several lines, so that these are no mistake of the customer's.
    pub(crate) fn subject(&self) -> Result<Option<String>, CustomerRefusal> {
        match self.text("subject") {
            Some(subject) if subject.len() > Interaction::SUBJECT_BYTES_MAX => {
                Err(CustomerRefusal::invalid(too_long_subject("subject")))
            }
            Some(subject) if subject.contains('\0') => Err(CustomerRefusal::invalid(
                "The subject has a NUL character in it; leave it out.",
            )),
            subject => Ok(subject.map(as_one_line).filter(|subject| !subject.is_empty())),
        }
    }

    /// Returns a count, as of entries.
    pub(crate) fn count(&self, name: &str) -> Result<Option<u64>, CustomerRefusal> {
        let wrong = || {
            CustomerRefusal::invalid(format!(
                "The field {name} must be a number from 0 on; correct it."
            ))
        };
        self.text(name).map(|text| text.trim().parse().map_err(|_| wrong())).transpose()
    }

    /// Adds a field of a form. Data is written `userData[key]`, by one client with the key in
    /// quotes (docs/compat/customers.md#requests).
    pub(crate) fn add(&mut self, name: &str, value: String) {
        let key = name.strip_prefix("userData[").and_then(|rest| rest.strip_suffix(']'));
        match key {
            Some(key) => {
                let quoted = key.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
                self.user_data.0.insert(quoted.unwrap_or(key).to_owned(), Value::Text(value));
            }
            None => {
                self.fields.insert(name.to_owned(), value);
            }
        }
    }

    /// Reads a body: a form in either encoding. No body at all is a form without fields. A form
    /// with a file keeps nothing of it.
    pub(crate) async fn read(request: Request) -> Result<Self, CustomerRefusal> {
        Ok(Self::of_pairs(pairs(request).await?))
    }

    fn of_pairs(pairs: Vec<(String, String)>) -> Self {
        let mut form = Self::default();
        pairs.into_iter().for_each(|(name, value)| form.add(&name, value));
        form
    }

    /// Reads the `data` of a CometD message: the same fields as members, with `userData` as an
    /// object (docs/compat/customers.md#by-cometd).
    pub(crate) fn of_object(values: BTreeMap<String, Value>) -> Result<Self, CustomerRefusal> {
        let mut form = Self::default();
        for (name, value) in values {
            match (name.as_str(), value) {
                ("userData", Value::Map(values)) => form.user_data = UserData(values),
                ("userData", Value::Null) | (_, Value::Null) => {}
                (_, Value::Text(text)) => {
                    form.fields.insert(name, text);
                }
                (_, Value::Integer(number)) => {
                    form.fields.insert(name, number.to_string());
                }
                // `auth` and what later clients send besides is not read here.
                _ => {}
            }
        }
        Ok(form)
    }
}

/// Returns the type of a body without its parameters.
pub(crate) fn media_type(headers: &HeaderMap) -> String {
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Reads the fields of a form in either encoding, in order. No body at all is a form without
/// fields. Nothing is kept of a file.
pub(crate) async fn pairs(request: Request) -> Result<Vec<(String, String)>, CustomerRefusal> {
    // Routes that take files have no bound of their own.
    let request = request.map(|body| Body::new(Limited::new(body, FORM_BYTES_MAX)));
    if media_type(request.headers()) != "multipart/form-data" {
        let headers = request.headers().clone();
        return pairs_of(&headers, &read_all(request).await?);
    }
    let place = request.extensions().get::<LatePlace>().cloned();
    let (mut pairs, mut bytes) = (Vec::new(), 0_usize);
    let mut parts = Multipart::from_request(request, &()).await.map_err(|_| broken())?;
    while let Some(mut part) = parts.next_field().await.map_err(too_large)? {
        let name = part.name().unwrap_or_default().to_owned();
        if pairs.len() == FIELDS_MAX {
            return Err(too_many_fields());
        }
        bytes += name.len() + FIELD_BYTES;
        let mut text = Vec::new();
        while let Some(chunk) = part.chunk().await.map_err(too_large)? {
            bytes += chunk.len();
            if let Some(place) = &place {
                place.hold(bytes).await?;
            }
            text.extend_from_slice(&chunk);
        }
        pairs.push((name, String::from_utf8_lossy(&text).into_owned()));
    }
    Ok(pairs)
}

fn pairs_of(headers: &HeaderMap, bytes: &Bytes) -> Result<Vec<(String, String)>, CustomerRefusal> {
    if !bytes.is_empty() && media_type(headers) != "application/x-www-form-urlencoded" {
        let advice = "The body must be a form; send application/x-www-form-urlencoded or multipart/form-data.";
        return Err(CustomerRefusal::invalid(advice));
    }
    let pairs = url::form_urlencoded::parse(bytes).take(FIELDS_MAX + 1);
    let pairs: Vec<_> =
        pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    if pairs.len() > FIELDS_MAX { Err(too_many_fields()) } else { Ok(pairs) }
}

async fn read_all(request: Request) -> Result<Bytes, CustomerRefusal> {
    Bytes::from_request(request, &()).await.map_err(|rejection| match rejection.status() {
        axum::http::StatusCode::PAYLOAD_TOO_LARGE => large(),
        _ => broken(),
    })
}

fn too_many_fields() -> CustomerRefusal {
    CustomerRefusal::new(
        RefusalKind::TooLarge,
        format!("A form may have {FIELDS_MAX} fields; send fewer."),
    )
}

fn large() -> CustomerRefusal {
    CustomerRefusal::new(
        RefusalKind::TooLarge,
        format!("A request may have {} bytes; send less.", FORM_BYTES_MAX),
    )
}

fn broken() -> CustomerRefusal {
    CustomerRefusal::invalid("The body could not be read; send the request again.")
}

fn too_large(error: axum::extract::multipart::MultipartError) -> CustomerRefusal {
    if error.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE { large() } else { broken() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Form {
        let mut headers = HeaderMap::new();
        headers.insert(
            CONTENT_TYPE,
            "application/x-www-form-urlencoded; charset=UTF-8".parse().unwrap(),
        );
        Form::of_pairs(pairs_of(&headers, &Bytes::from(text.to_owned())).unwrap())
    }

    #[test]
    fn a_subject_of_several_lines_is_one_of_one_line() {
        let subject = |text: &str| {
            let mut form = Form::default();
            form.add("subject", text.to_owned());
            form.subject().map_err(|refusal| refusal.kind)
        };
        let one = |text: &str| Ok(Some(text.to_owned()));
        let table = [
            ("Where is it?", one("Where is it?")),
            ("Hello,\r\n\r\nwhere is\nit?\n", one("Hello, where is it?")),
            ("a\u{2028}b\tc\u{1b}[d", one("a b c [d")),
            ("\r\n", Ok(None)),
            ("a\0b", Err(RefusalKind::Invalid)),
        ];
        for (text, wanted) in table {
            assert_eq!(subject(text), wanted, "{text:?}");
        }
    }

    #[test]
    fn both_spellings_of_data_are_read() {
        let form = read(
            "nickname=J%C3%BCrg&userData%5Bkey%5D=1&userData%5B%22other+key%22%5D=2&userData[third]=&subject=",
        );
        assert_eq!(form.text("nickname"), Some("Jürg"));
        assert_eq!(form.text("subject"), None);
        let data: Vec<_> =
            form.user_data.0.iter().map(|(key, value)| (key.as_str(), value.clone())).collect();
        let text = |text: &str| Value::Text(text.to_owned());
        assert_eq!(data, [("key", text("1")), ("other key", text("2")), ("third", text(""))]);
    }

    async fn read_multipart(body: String) -> Result<Vec<(String, String)>, CustomerRefusal> {
        let request = Request::post("/").header(CONTENT_TYPE, "multipart/form-data; boundary=x");
        pairs(request.body(Body::from(body)).unwrap()).await
    }

    #[tokio::test]
    async fn a_form_has_so_many_fields_in_either_encoding() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, "application/x-www-form-urlencoded".parse().unwrap());
        for (count, is_read) in [(FIELDS_MAX, true), (FIELDS_MAX + 1, false), (60_000, false)] {
            let text: String = (0..count).map(|number| format!("{number:x}&")).collect();
            let plain = pairs_of(&headers, &Bytes::from(text));
            let part = |number| {
                format!("--x\r\nContent-Disposition: form-data; name={number:x}\r\n\r\n\r\n")
            };
            let parts: String = (0..count.min(2_000)).map(part).collect();
            for read in [plain, read_multipart(format!("{parts}--x--\r\n")).await] {
                match read {
                    Ok(pairs) => assert!(is_read && pairs.len() == count, "{count}"),
                    Err(refusal) => {
                        assert!(
                            !is_read && refusal.kind == RefusalKind::TooLarge,
                            "{count}: {refusal:?}"
                        )
                    }
                }
            }
        }
    }

    #[tokio::test]
    async fn a_heavy_form_in_parts_waits_for_its_turn_like_any_other() {
        let place = LatePlace::with_nothing_left().await;
        let read = async |bytes| {
            let text = "x".repeat(bytes);
            let body =
                format!("--x\r\nContent-Disposition: form-data; name=a\r\n\r\n{text}\r\n--x--\r\n");
            let request =
                Request::post("/").header(CONTENT_TYPE, "multipart/form-data; boundary=x");
            let mut request = request.body(Body::from(body)).unwrap();
            request.extensions_mut().insert(place.clone());
            pairs(request).await.map_err(|refusal| refusal.kind)
        };
        assert_eq!(read(100).await.map(|pairs| pairs.len()), Ok(1));
        assert_eq!(read(100_000).await, Err(RefusalKind::TooMany));
    }

    #[test]
    fn a_body_that_is_no_form_is_refused() {
        let refused = pairs_of(&HeaderMap::new(), &Bytes::from_static(b"{}")).unwrap_err();
        assert_eq!(refused.kind, RefusalKind::Invalid);
        assert_eq!(pairs_of(&HeaderMap::new(), &Bytes::new()).unwrap(), []);
    }
}
