//! One HTTP request, as a test writes it down.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method};
use serde_json::Value;

/// A request to be sent by [`Rest`](crate::Rest).
#[derive(Clone, Debug)]
pub struct Call {
    pub(super) method: Method,
    pub(super) target: String,
    pub(super) content_type: Option<&'static str>,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Bytes,
}

impl Call {
    /// A GET of `/api/v2` + `path`.
    #[must_use]
    pub fn get(path: &str) -> Self {
        Self::new(Method::GET, path)
    }

    /// A POST of JSON to `/api/v2` + `path`.
    #[must_use]
    pub fn post(path: &str, body: &Value) -> Self {
        Self::new(Method::POST, path).json(body.to_string())
    }

    /// A PUT of JSON to `/api/v2` + `path`.
    #[must_use]
    pub fn put(path: &str, body: &Value) -> Self {
        Self::new(Method::PUT, path).json(body.to_string())
    }

    /// A DELETE of `/api/v2` + `path`.
    #[must_use]
    pub fn delete(path: &str) -> Self {
        Self::new(Method::DELETE, path)
    }

    /// A request to `/api/v2` + `path` without a body.
    #[must_use]
    pub fn new(method: Method, path: &str) -> Self {
        Self {
            method,
            target: format!("/api/v2{path}"),
            content_type: None,
            headers: Vec::new(),
            body: Bytes::new(),
        }
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

    /// Sets a body of another content type.
    #[must_use]
    pub fn body(mut self, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        self.content_type = Some(content_type);
        self.body = body.into();
        self
    }

    /// Adds a header.
    ///
    /// # Panics
    /// When HTTP cannot carry the name or the value: a slip in the test.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_str(value).expect("a header value in a test is valid");
        self.headers.push((HeaderName::from_static(name), value));
        self
    }
}
