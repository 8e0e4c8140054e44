//! One HTTP request, as a test writes it down.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request};
use serde_json::Value;

/// A request to be sent by a [`Client`](crate::Client).
#[derive(Clone, Debug)]
pub struct Call {
    pub(super) method: Method,
    pub(super) target: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Call {
    #[must_use]
    pub fn get(path: &str) -> Self {
        Self::new(Method::GET, path)
    }

    #[must_use]
    pub fn post(path: &str, body: &Value) -> Self {
        Self::new(Method::POST, path).json(body.to_string())
    }

    #[must_use]
    pub fn put(path: &str, body: &Value) -> Self {
        Self::new(Method::PUT, path).json(body.to_string())
    }

    /// A request to `/api/v2` + `path` without a body.
    #[must_use]
    pub fn new(method: Method, path: &str) -> Self {
        let target = format!("/api/v2{path}");
        Self { method, target, headers: HeaderMap::new(), body: Bytes::new() }
    }

    /// A customer's form, to a whole path.
    #[must_use]
    pub fn form(target: &str, fields: &[(&str, &str)]) -> Self {
        let pairs: Vec<String> =
            fields.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        let body = pairs.join("&");
        Self::new(Method::POST, "").at(target).body("application/x-www-form-urlencoded", body)
    }

    /// A form with a file in it, to a whole path. What type the file says it has is not looked at.
    #[must_use]
    pub fn upload(
        target: &str,
        fields: &[(&str, &str)],
        (part, name): (&str, &str),
        bytes: &[u8],
    ) -> Self {
        let (content_type, body) = multipart(fields, (part, name), bytes);
        Self::new(Method::POST, "").at(target).body(&content_type, body)
    }

    /// Replaces the whole path, for what is not below `/api/v2`.
    #[must_use]
    pub fn at(mut self, target: &str) -> Self {
        target.clone_into(&mut self.target);
        self
    }

    /// Sets the body as it is, valid or not, with the content type of JSON.
    #[must_use]
    pub fn json(self, text: impl Into<Bytes>) -> Self {
        self.body("application/json", text)
    }

    #[must_use]
    pub fn body(mut self, content_type: &str, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self.headers.insert(CONTENT_TYPE, value(content_type));
        self
    }

    #[must_use]
    pub fn header(mut self, name: &str, text: &str) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a name in a test is valid");
        match name == CONTENT_TYPE {
            true => _ = self.headers.insert(name, value(text)),
            false => _ = self.headers.append(name, value(text)),
        }
        self
    }

    /// The same with an `Idempotency-Key`.
    #[must_use]
    pub fn keyed(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    #[must_use]
    pub fn by(mut self, user: &str, password: &str) -> Self {
        self.headers.insert(AUTHORIZATION, super::basic(user, password));
        self
    }
}

impl From<Call> for Request<Full<Bytes>> {
    fn from(call: Call) -> Self {
        let mut request = Self::new(Full::new(call.body));
        *request.method_mut() = call.method;
        *request.uri_mut() = call.target.parse().expect("a test writes a whole path");
        *request.headers_mut() = call.headers;
        request
    }
}

/// Writes a form with a file in it; returns its content type and its body.
fn multipart(
    fields: &[(&str, &str)],
    (part, name): (&str, &str),
    bytes: &[u8],
) -> (String, Vec<u8>) {
    const BOUNDARY: &str = "the-boundary-of-a-test";
    const HEAD: &str = "Content-Disposition: form-data; name=";
    let mut body = String::new();
    for (field, value) in fields {
        body.push_str(&format!("--{BOUNDARY}\r\n{HEAD}\"{field}\"\r\n\r\n{value}\r\n"));
    }
    body.push_str(&format!("--{BOUNDARY}\r\n{HEAD}\"{part}\"; filename=\"{name}\"\r\n"));
    body.push_str("Content-Type: text/html\r\n\r\n");
    let mut body = body.into_bytes();
    body.extend(bytes);
    body.extend(format!("\r\n--{BOUNDARY}--\r\n").into_bytes());
    (format!("multipart/form-data; boundary={BOUNDARY}"), body)
}

fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("a header value in a test is valid")
}

/// Escapes what a form escapes, and more.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' ' => escaped.push('+'),
            byte if byte.is_ascii_alphanumeric() => escaped.push(char::from(byte)),
            byte => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_escaped() {
        let call = Call::form("/x", &[("a", "b c"), ("d", "é&=")]);
        assert_eq!(&*call.body, b"a=b+c&d=%C3%A9%26%3D");
    }
}
