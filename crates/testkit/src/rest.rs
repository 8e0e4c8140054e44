//! A small HTTP client for tests: JSON in, JSON out, Basic credentials or a cookie session.

mod call;
mod session;

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderMap, HeaderValue, SET_COOKIE};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

pub use self::call::Call;
use self::session::CookieSession;

/// How long one request may take; above the long poll's 30 s, which is the longest answer that is
/// on time.
const REQUEST_BOUND: std::time::Duration = std::time::Duration::from_secs(45);

/// Who a client says it is.
#[derive(Clone, Debug)]
enum Credentials {
    /// Nobody.
    None,
    /// The `Authorization` header on each request, no cookies.
    Basic(HeaderValue),
    /// Whatever cookies and CSRF token the server gave before.
    Cookies(Arc<Mutex<CookieSession>>),
}

/// An HTTP client with one user's credentials. Clones share connections and cookies.
#[derive(Clone, Debug)]
pub struct Rest {
    client: Client<HttpConnector, Full<Bytes>>,
    origin: String,
    credentials: Credentials,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub body: Bytes,
    /// The body as JSON; null if it is none.
    pub value: Value,
}

impl Answer {
    /// Returns the `statusCode` of the envelope; −1 when there is none.
    #[must_use]
    pub fn code(&self) -> i64 {
        self.value["statusCode"].as_i64().unwrap_or(-1)
    }

    /// Returns a header's text, if it is there.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Returns the answer on if it is a success (HTTP 200, code 0).
    ///
    /// # Errors
    /// When it is not; the error shows the body.
    pub fn ok(self) -> Result<Self> {
        ensure!(self.status == StatusCode::OK && self.code() == 0, "not a success: {self}");
        Ok(self)
    }

    /// Returns the answer on if it is a refusal with this HTTP status and `statusCode` that says
    /// why.
    ///
    /// # Errors
    /// When it is anything else; the error shows the body.
    pub fn refused(self, status: u16, code: i64) -> Result<Self> {
        ensure!(
            self.status.as_u16() == status && self.code() == code,
            "expected HTTP {status} with code {code}, got {self}"
        );
        ensure!(
            self.value["statusMessage"].as_str().is_some_and(|text| !text.is_empty()),
            "a refusal without statusMessage: {self}"
        );
        Ok(self)
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HTTP {} {}", self.status.as_u16(), String::from_utf8_lossy(&self.body))
    }
}

impl Rest {
    /// Makes a client without credentials for the server at `origin`, such as
    /// `http://127.0.0.1:8090`.
    #[must_use]
    pub fn anonymous(origin: &str) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { client, origin: origin.to_owned(), credentials: Credentials::None }
    }

    /// Makes a client that sends this Basic pair with each request.
    ///
    /// # Errors
    /// When the pair cannot be written as a header.
    pub fn basic(origin: &str, user: &str, password: &str) -> Result<Self> {
        let credentials = Credentials::Basic(basic_header(user, password)?);
        Ok(Self { credentials, ..Self::anonymous(origin) })
    }

    /// Makes a client with an empty cookie jar. It follows the server's cookies, and sends the CSRF
    /// token that a GET brought with each changing request.
    #[must_use]
    pub fn with_cookies(origin: &str) -> Self {
        let credentials = Credentials::Cookies(Arc::default());
        Self { credentials, ..Self::anonymous(origin) }
    }

    /// Returns the `Authorization` header, if this client has one.
    #[must_use]
    pub fn authorization(&self) -> Option<&HeaderValue> {
        match &self.credentials {
            Credentials::Basic(header) => Some(header),
            Credentials::None | Credentials::Cookies(_) => None,
        }
    }

    /// Returns the `Cookie` header that the next request would carry, if any.
    #[must_use]
    pub fn cookie(&self) -> Option<String> {
        match &self.credentials {
            Credentials::Cookies(session) => lock(session).cookie_header(),
            Credentials::None | Credentials::Basic(_) => None,
        }
    }

    /// Returns the origin that this client talks to.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Gets `/api/v2` + `path`.
    ///
    /// # Errors
    /// When no answer comes in time.
    pub async fn get(&self, path: &str) -> Result<Answer> {
        self.send(Call::get(path)).await
    }

    /// Posts JSON to `/api/v2` + `path`.
    ///
    /// # Errors
    /// When no answer comes in time.
    pub async fn post(&self, path: &str, body: Value) -> Result<Answer> {
        self.send(Call::post(path, &body)).await
    }

    /// Puts JSON to `/api/v2` + `path`.
    ///
    /// # Errors
    /// When no answer comes in time.
    pub async fn put(&self, path: &str, body: Value) -> Result<Answer> {
        self.send(Call::put(path, &body)).await
    }

    /// Deletes `/api/v2` + `path`.
    ///
    /// # Errors
    /// When no answer comes in time.
    pub async fn delete(&self, path: &str) -> Result<Answer> {
        self.send(Call::delete(path)).await
    }

    /// Sends a call.
    ///
    /// # Errors
    /// When no answer comes in time.
    pub async fn send(&self, call: Call) -> Result<Answer> {
        let shown = format!("{} {}", call.method, call.target);
        let request = self.request(call)?;
        let exchange = async {
            let response = self
                .client
                .request(request)
                .await
                .with_context(|| format!("{shown}: no answer"))?;
            let (head, body) = response.into_parts();
            let body =
                body.collect().await.with_context(|| format!("{shown}: broken answer"))?.to_bytes();
            anyhow::Ok((head, body))
        };
        let (head, body) = tokio::time::timeout(REQUEST_BOUND, exchange)
            .await
            .with_context(|| format!("{shown}: no answer within {REQUEST_BOUND:?}"))??;
        if let Credentials::Cookies(session) = &self.credentials {
            let cookies =
                head.headers.get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
            lock(session).learn(cookies, &head.headers);
        }
        let value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        Ok(Answer { status: head.status, headers: head.headers, body, value })
    }

    fn request(&self, call: Call) -> Result<Request<Full<Bytes>>> {
        let mut request =
            Request::builder().method(&call.method).uri(format!("{}{}", self.origin, call.target));
        if let Some(content_type) = call.content_type {
            request = request.header(CONTENT_TYPE, content_type);
        }
        match &self.credentials {
            Credentials::None => {}
            Credentials::Basic(header) => request = request.header(AUTHORIZATION, header),
            Credentials::Cookies(session) => {
                let session = lock(session);
                if let Some(cookies) = session.cookie_header() {
                    request = request.header(COOKIE, cookies);
                }
                if let Some((name, value)) = session.csrf().filter(|_| call.method != Method::GET) {
                    request = request.header(name, value);
                }
            }
        }
        for (name, value) in call.headers {
            request = request.header(name, value);
        }
        request.body(Full::new(call.body)).context("the call is no valid HTTP request")
    }
}

/// Writes a Basic pair as a header.
pub(crate) fn basic_header(user: &str, password: &str) -> Result<HeaderValue> {
    let pair = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    HeaderValue::from_str(&format!("Basic {pair}")).context("the credentials do not fit a header")
}

fn lock(session: &Mutex<CookieSession>) -> std::sync::MutexGuard<'_, CookieSession> {
    session.lock().unwrap_or_else(PoisonError::into_inner)
}
