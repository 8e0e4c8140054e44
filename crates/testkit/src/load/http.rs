//! A lean HTTP client: one kept-alive connection, one request at a time, and a clear word on what
//! became of each.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderValue};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::load::program::Address;

/// How long an answer may take; longer than a held poll.
const ANSWER_BOUND: Duration = Duration::from_secs(45);
/// How long a client waits for the program to come back.
const RETURN_BOUND: Duration = Duration::from_secs(90);

/// A client of one user.
pub struct Client {
    address: Address,
    authorization: HeaderValue,
    connection: Option<SendRequest<Full<Bytes>>>,
}

/// A request.
#[derive(Clone, Debug)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// The whole path.
    pub path: String,
    /// The JSON body, if any.
    pub body: Option<Bytes>,
    /// Further headers.
    pub headers: HeaderMap,
}

impl Call {
    /// A GET below the API's root.
    pub fn get(path: &str) -> Self {
        Self {
            method: Method::GET,
            path: format!("/api/v2{path}"),
            body: None,
            headers: HeaderMap::new(),
        }
    }

    /// A POST below the API's root.
    pub fn post(path: &str, body: &Value) -> Self {
        Self { method: Method::POST, body: Some(body.to_string().into()), ..Self::get(path) }
    }

    /// The same with an `Idempotency-Key`.
    pub fn keyed(mut self, key: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(key) {
            self.headers.insert("idempotency-key", value);
        }
        self
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// The JSON body.
    pub body: Value,
}

impl Answer {
    /// Returns the API's code.
    pub fn code(&self) -> i64 {
        self.body["statusCode"].as_i64().unwrap_or(-1)
    }

    /// Tells whether it is no answer to what was asked: the server failed, or asks to come back
    /// later.
    pub const fn is_failure(&self) -> bool {
        self.status >= 500 || self.status == 429
    }
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// The request did not leave: it had no effect.
    NotSent,
    /// It may have had its effect.
    Unknown,
}

impl Client {
    /// Makes a client that sends Basic credentials.
    ///
    /// # Errors
    ///
    /// When they cannot be written as a header.
    pub fn new(address: Address, user: &str, password: &str) -> anyhow::Result<Self> {
        let credentials = STANDARD.encode(format!("{user}:{password}"));
        let authorization = HeaderValue::from_str(&format!("Basic {credentials}"))?;
        Ok(Self { address, authorization, connection: None })
    }

    /// Sends a request once.
    ///
    /// # Errors
    ///
    /// When no answer came; the error says whether the request may have had its effect.
    pub async fn send(&mut self, call: &Call) -> Result<Answer, NoAnswer> {
        let mut connection =
            match self.connection.take().filter(|connection| !connection.is_closed()) {
                Some(connection) => connection,
                None => self.connect().await.ok_or(NoAnswer::NotSent)?,
            };
        connection.ready().await.map_err(|_| NoAnswer::NotSent)?;
        let request = self.request(call).ok_or(NoAnswer::NotSent)?;
        let answer = tokio::time::timeout(ANSWER_BOUND, exchange(&mut connection, request)).await;
        let answer = answer.ok().flatten().ok_or(NoAnswer::Unknown)?;
        self.connection = Some(connection);
        Ok(answer)
    }

    /// Sends a request that changes nothing, or that may be sent again because of its key, until it
    /// is answered. `None` when the program stays away.
    pub async fn send_until_answered(&mut self, call: &Call) -> Option<Answer> {
        self.send_counting(call).await.map(|(answer, _)| answer)
    }

    /// The same, and tells how many times it was sent.
    pub async fn send_counting(&mut self, call: &Call) -> Option<(Answer, u32)> {
        let deadline = tokio::time::Instant::now() + RETURN_BOUND;
        let mut times = 0;
        while tokio::time::Instant::now() < deadline {
            let sent = self.send(call).await;
            times += u32::from(sent.as_ref().err() != Some(&NoAnswer::NotSent));
            match sent {
                Ok(answer) if !answer.is_failure() => return Some((answer, times)),
                Ok(_) | Err(_) => self.wait_a_little().await,
            }
        }
        None
    }

    /// Waits until the program is there, and a moment.
    pub async fn wait_a_little(&mut self) {
        let returned = self.address.wait_for(Option::is_some);
        let _ = tokio::time::timeout(RETURN_BOUND, returned).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }

    async fn connect(&mut self) -> Option<SendRequest<Full<Bytes>>> {
        let address = (*self.address.borrow())?;
        let stream = TcpStream::connect(address).await.ok()?;
        stream.set_nodelay(true).ok()?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
        tokio::spawn(connection);
        Some(sender)
    }

    fn request(&self, call: &Call) -> Option<Request<Full<Bytes>>> {
        let mut request = Request::builder().method(&call.method).uri(&call.path);
        let headers = request.headers_mut()?;
        headers.extend(call.headers.clone());
        headers.insert(HOST, HeaderValue::from_static("127.0.0.1"));
        headers.insert(AUTHORIZATION, self.authorization.clone());
        if call.body.is_some() && !headers.contains_key(CONTENT_TYPE) {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        request.body(Full::new(call.body.clone().unwrap_or_default())).ok()
    }
}

/// Sends a request over a connection and reads the answer; `None` when none comes.
pub async fn exchange(
    connection: &mut SendRequest<Full<Bytes>>,
    request: Request<Full<Bytes>>,
) -> Option<Answer> {
    let (head, body) = connection.send_request(request).await.ok()?.into_parts();
    let bytes = body.collect().await.ok()?.to_bytes();
    let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    Some(Answer { status: head.status.as_u16(), headers: head.headers, body })
}
