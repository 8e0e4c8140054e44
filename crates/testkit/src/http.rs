//! One HTTP client for all tests: connections that are kept alive, an answer with its JSON, and a
//! clear word on what became of a request that has none.

mod call;

use std::borrow::Borrow;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{AUTHORIZATION, COOKIE, HOST, HeaderMap, HeaderValue, SET_COOKIE};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::Instant;

pub use self::call::Call;
use crate::center::PASSWORD;
use crate::contract::{Exchange, expect_described};
use crate::cookies::Cookies;
use crate::program::Address;

/// How long an answer may take; longer than a held poll, and than a flooded program's turn.
const ANSWER_BOUND: Duration = Duration::from_secs(60);
/// How long a client waits for the program to come back.
const RETURN_BOUND: Duration = Duration::from_secs(90);

/// Who a client says it is.
#[derive(Clone, Debug)]
enum Credentials {
    Nobody,
    /// The `Authorization` header on each request, no cookies.
    Basic(HeaderValue),
    /// Whatever cookies and CSRF token the server gave before.
    Cookies(Arc<Mutex<Cookies>>),
}

/// A client of one user. Clones share connections and cookies.
#[derive(Clone, Debug)]
pub struct Client {
    address: Address,
    credentials: Credentials,
    /// The address that it comes from, if that matters.
    source: Option<Ipv4Addr>,
    idle: Arc<Mutex<Vec<SendRequest<Full<Bytes>>>>>,
}

#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub bytes: Bytes,
    /// The bytes as JSON; null if they are none.
    pub body: Value,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// The request did not leave: it had no effect.
    NotSent,
    /// It may have had its effect.
    Unknown,
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotSent => "the request could not be sent",
            Self::Unknown => "no answer came",
        })
    }
}

impl std::error::Error for NoAnswer {}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {} {}", self.status, String::from_utf8_lossy(&self.bytes))
    }
}

impl Answer {
    /// Returns the envelope's `statusCode`; −1 when there is none.
    #[must_use]
    pub fn code(&self) -> i64 {
        self.body["statusCode"].as_i64().unwrap_or(-1)
    }

    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Tells whether it is no answer to what was asked: the server failed, or asks to come back
    /// later.
    #[must_use]
    pub const fn is_failure(&self) -> bool {
        self.status >= 500 || self.status == 429
    }

    /// Returns the answer if it is a success (HTTP 200, code 0).
    pub fn ok(self) -> Result<Self> {
        ensure!(self.status == 200 && self.code() == 0, "not a success: {self}");
        Ok(self)
    }

    /// Returns the answer if it is a refusal with this status and code that says why.
    pub fn refused(self, status: u16, code: i64) -> Result<Self> {
        ensure!(
            self.status == status && self.code() == code,
            "expected HTTP {status} with code {code}, got {self}"
        );
        let sentence = self.body["statusMessage"].as_str();
        ensure!(sentence.is_some_and(|text| !text.is_empty()), "a refusal without words: {self}");
        Ok(self)
    }
}

impl Client {
    /// Makes a client of a user of the demo, or of a made center.
    #[must_use]
    pub fn new(address: &Address, user: &str) -> Self {
        Self { credentials: Credentials::Basic(basic(user, PASSWORD)), ..Self::anonymous(address) }
    }

    #[must_use]
    pub fn anonymous(address: &Address) -> Self {
        let (address, credentials) = (address.clone(), Credentials::Nobody);
        Self { address, credentials, source: None, idle: Arc::default() }
    }

    /// Makes a client with an empty cookie jar. It follows the server's cookies, and sends the CSRF
    /// token that a GET brought with each changing request.
    #[must_use]
    pub fn with_cookies(address: &Address) -> Self {
        Self { credentials: Credentials::Cookies(Arc::default()), ..Self::anonymous(address) }
    }

    /// Has it come from an address.
    #[must_use]
    pub fn from_source(mut self, source: Ipv4Addr) -> Self {
        self.source = Some(source);
        self
    }

    /// Returns the address that it talks to.
    #[must_use]
    pub const fn address(&self) -> &Address {
        &self.address
    }

    /// Returns the address that it comes from, if that matters.
    #[must_use]
    pub const fn source(&self) -> Option<Ipv4Addr> {
        self.source
    }

    /// Returns the headers that say who it is.
    #[must_use]
    pub fn identity(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        match &self.credentials {
            Credentials::Nobody => {}
            Credentials::Basic(value) => _ = headers.insert(AUTHORIZATION, value.clone()),
            Credentials::Cookies(_) => {
                let value = self.cookie().and_then(|cookie| HeaderValue::from_str(&cookie).ok());
                headers.extend(value.map(|value| (COOKIE, value)));
            }
        }
        headers
    }

    /// Returns the `Cookie` header that the next request would carry, if any.
    #[must_use]
    pub fn cookie(&self) -> Option<String> {
        match &self.credentials {
            Credentials::Cookies(cookies) => lock(cookies).header(),
            Credentials::Nobody | Credentials::Basic(_) => None,
        }
    }

    pub async fn get(&self, path: &str) -> Result<Answer, NoAnswer> {
        self.send(Call::get(path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Result<Answer, NoAnswer> {
        self.send(Call::post(path, &body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Result<Answer, NoAnswer> {
        self.send(Call::put(path, &body)).await
    }

    pub async fn delete(&self, path: &str) -> Result<Answer, NoAnswer> {
        self.send(Call::new(Method::DELETE, path)).await
    }

    pub async fn send(&self, call: impl Borrow<Call>) -> Result<Answer, NoAnswer> {
        let call = call.borrow();
        let request = self.request(call);
        let mut connection = self.connection().await.ok_or(NoAnswer::NotSent)?;
        let answer = tokio::time::timeout(ANSWER_BOUND, exchange(&mut connection, request)).await;
        let answer = answer.ok().flatten().ok_or(NoAnswer::Unknown)?;
        lock(&self.idle).push(connection);
        expect_described(Exchange {
            method: call.method.as_str(),
            target: &call.target,
            status: answer.status,
            content_type: answer.header("content-type"),
            body: &answer.bytes,
        });
        if let Credentials::Cookies(cookies) = &self.credentials {
            let all = answer.headers.get_all(SET_COOKIE).iter();
            lock(cookies).learn(all.filter_map(|value| value.to_str().ok()), &answer.headers);
        }
        Ok(answer)
    }

    /// Sends a request that changes nothing, or that may be sent again because of its key, until it
    /// is answered; tells how many times it was sent, too.
    pub async fn send_counting(&self, call: &Call) -> Result<(Answer, u32)> {
        let deadline = Instant::now() + RETURN_BOUND;
        let mut times = 0;
        while Instant::now() < deadline {
            let sent = self.send(call).await;
            times += u32::from(sent.as_ref().err() != Some(&NoAnswer::NotSent));
            match sent {
                Ok(answer) if !answer.is_failure() => return Ok((answer, times)),
                Ok(_) | Err(_) => self.wait_a_little().await,
            }
        }
        bail!("the program stays away")
    }

    /// Sends a request until it is answered.
    pub async fn answer_to(&self, call: &Call) -> Result<Answer> {
        Ok(self.send_counting(call).await?.0)
    }

    /// Posts a command until it is answered, and returns the answer's body.
    pub async fn command(&self, path: &str, body: &Value) -> Result<Value> {
        let answer = self.answer_to(&Call::post(path, body)).await?;
        Ok(answer.ok().with_context(|| format!("{path} {body}"))?.body)
    }

    /// Gets something until it is answered, and returns the answer's body.
    pub async fn read(&self, path: &str) -> Result<Value> {
        Ok(self.answer_to(&Call::get(path)).await?.ok().with_context(|| path.to_owned())?.body)
    }

    /// Returns all pages of a list of interactions.
    pub async fn interactions(&self, path: &str) -> Result<Vec<Value>> {
        let (mut listed, mut cursor) = (Vec::new(), String::new());
        loop {
            let mut page = self.read(&format!("{path}&limit=1000{cursor}")).await?;
            if let Value::Array(more) = page["interactions"].take() {
                listed.extend(more);
            }
            match page["nextCursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(listed),
            }
        }
    }

    /// Returns the caller's own user id.
    pub async fn own_id(&self) -> Result<String> {
        Ok(self.read("/me").await?["user"]["id"].as_str().context("no user id")?.to_owned())
    }

    /// Opens the contact-center session for some channels, and makes the agent Ready.
    pub async fn start_work(&self, channels: &[&str]) -> Result<()> {
        let start = json!({"operationName": "StartContactCenterSession", "channels": channels});
        self.command("/me", &start).await?;
        self.command("/me", &json!({"operationName": "Ready"})).await.map(drop)
    }

    /// Waits until the program is there, and a moment.
    pub async fn wait_a_little(&self) {
        let mut address = self.address.clone();
        let _ = tokio::time::timeout(RETURN_BOUND, address.wait_for(Option::is_some)).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }

    /// Returns a connection that is of use, an idle one first.
    async fn connection(&self) -> Option<SendRequest<Full<Bytes>>> {
        loop {
            let idle = lock(&self.idle).pop();
            let Some(mut connection) = idle else { break };
            if !connection.is_closed() && connection.ready().await.is_ok() {
                return Some(connection);
            }
        }
        let address = (*self.address.borrow())?;
        let stream = connect(address, self.source).await.ok()?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
        tokio::spawn(connection);
        sender.ready().await.ok()?;
        Some(sender)
    }

    /// What a call says itself goes before what the client would say.
    fn request(&self, call: &Call) -> Request<Full<Bytes>> {
        let mut request = Request::from(call.clone());
        let mut headers = self.identity();
        headers.insert(HOST, HeaderValue::from_static("127.0.0.1"));
        if let Credentials::Cookies(cookies) = &self.credentials {
            headers.extend(lock(cookies).csrf().filter(|_| call.method != Method::GET));
        }
        headers.extend(std::mem::take(request.headers_mut()));
        *request.headers_mut() = headers;
        request
    }
}

/// Sends a request over a connection and reads the answer; `None` when none comes.
async fn exchange(
    connection: &mut SendRequest<Full<Bytes>>,
    request: Request<Full<Bytes>>,
) -> Option<Answer> {
    let (head, body) = connection.send_request(request).await.ok()?.into_parts();
    let bytes = body.collect().await.ok()?.to_bytes();
    let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    Some(Answer { status: head.status.as_u16(), headers: head.headers, bytes, body })
}

/// Connects, from an address if that matters.
pub async fn connect(server: SocketAddr, source: Option<Ipv4Addr>) -> Result<TcpStream> {
    let socket = TcpSocket::new_v4().context("make a socket")?;
    if let Some(source) = source {
        socket.bind((source, 0).into()).with_context(|| format!("bind {source}"))?;
    }
    let stream = socket.connect(server).await.context("connect")?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Returns the loopback address that one of many connections comes from: the program bounds them by
/// address, at 512 by default.
#[must_use]
pub fn source(connection: usize) -> Ipv4Addr {
    const PER_ADDRESS: usize = 400;
    let last = u8::try_from(2 + connection / PER_ADDRESS % 250).unwrap_or(u8::MAX);
    Ipv4Addr::new(127, 0, 0, last)
}

/// Writes a Basic pair as a header.
#[must_use]
pub fn basic(user: &str, password: &str) -> HeaderValue {
    let pair = STANDARD.encode(format!("{user}:{password}"));
    HeaderValue::from_str(&format!("Basic {pair}")).expect("base64 fits a header")
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
