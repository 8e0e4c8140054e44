//! The program's agents: each logs in once, watches the workbin, polls, and comes back by itself
//! whenever the connection breaks.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::sync::{Notify, Semaphore, SemaphorePermit, watch};
use tokio::time::timeout;

use crate::wire::{Received, Wire, find, header, headers};
use handoff_testkit::Address;
use handoff_testkit::center::{PASSWORD, WORKBIN};
use handoff_testkit::http::basic;

/// The topic of watched workbins.
const TOPIC: &str = "/v2/me/workbins";
const ENDPOINT: &str = "/api/v2/notifications";
/// What stands before a notification's number.
const SEQUENCE: &[u8] = b"\"sequence\":";
/// How long an answer may take; longer than a held poll, and than the queue of everybody who comes
/// back.
const ANSWER_BOUND: Duration = Duration::from_secs(60);
/// How long an agent waits before they try again.
const RETRY: Duration = Duration::from_millis(200);

pub(crate) struct Members {
    /// The last number of each agent.
    last: Vec<Cell<u64>>,
    /// The number that is awaited, and when each agent who has it got it.
    awaited: Cell<u64>,
    arrived: RefCell<Vec<Instant>>,
    open: Cell<usize>,
    changed: Notify,
    is_let_in: watch::Sender<bool>,
    opening: Semaphore,
    failure: RefCell<Option<String>>,
}

/// Returns an agent's user name.
pub(crate) fn name(number: usize) -> String {
    format!("agent{number:05}")
}

impl Members {
    /// Nobody is there yet; so many may come at the same time the first time.
    pub(crate) fn new(agents: usize, opening: usize) -> Self {
        Self {
            last: vec![Cell::new(0); agents],
            awaited: Cell::new(u64::MAX),
            arrived: RefCell::default(),
            open: Cell::new(0),
            changed: Notify::new(),
            is_let_in: watch::Sender::new(true),
            opening: Semaphore::new(opening),
            failure: RefCell::default(),
        }
    }

    pub(crate) fn hold_back(&self) {
        self.is_let_in.send_replace(false);
    }

    pub(crate) fn let_in(&self) {
        self.is_let_in.send_replace(true);
    }

    pub(crate) async fn all_open(&self, bound: Duration) -> Result<()> {
        let all = async {
            while self.open.get() < self.last.len() {
                self.changed.notified().await;
            }
        };
        if timeout(bound, all).await.is_err() {
            bail!(
                "only {} agents could open a session: {:?}",
                self.open.get(),
                self.failure.borrow()
            );
        }
        Ok(())
    }

    /// Begins to wait for the next event.
    pub(crate) fn expect_event(&self) -> Awaited<'_> {
        let head = self.last.iter().map(Cell::get).max().unwrap_or(0);
        self.arrived.borrow_mut().clear();
        self.awaited.set(head + 1);
        Awaited(self)
    }

    fn heard(&self, number: usize, sequence: u64) {
        let last = self.last[number].replace(sequence);
        if last < self.awaited.get() && self.awaited.get() <= sequence {
            let mut arrived = self.arrived.borrow_mut();
            arrived.push(Instant::now());
            if arrived.len() == self.last.len() {
                self.changed.notify_one();
            }
        }
    }
}

/// An event on its way to everybody.
pub(crate) struct Awaited<'a>(&'a Members);

impl Awaited<'_> {
    /// Waits until everybody has it, and tells when each got it.
    pub(crate) async fn all(self, bound: Duration) -> Result<Vec<Instant>> {
        let Self(members) = self;
        let end = tokio::time::Instant::now() + bound;
        while members.arrived.borrow().len() < members.last.len() {
            if tokio::time::timeout_at(end, members.changed.notified()).await.is_err() {
                let (count, all) = (members.arrived.borrow().len(), members.last.len());
                bail!(
                    "{count} of {all} agents got it within {bound:?}: {:?}",
                    members.failure.borrow()
                );
            }
        }
        Ok(members.arrived.borrow().clone())
    }
}

/// What an agent keeps while connections come and go.
#[derive(Default)]
struct Kept {
    cookies: String,
    csrf_token: String,
    client_id: String,
}

/// An agent, until the task is aborted.
pub(crate) async fn member(members: std::rc::Rc<Members>, mut address: Address, number: usize) {
    let mut kept = Kept::default();
    loop {
        let Ok(server) = address.wait_for(Option::is_some).await.map(|server| *server) else {
            return;
        };
        if members.is_let_in.subscribe().wait_for(|is_let_in| *is_let_in).await.is_err() {
            return;
        }
        if let Some(server) = server {
            let Err(error) = stay(&members, server, number, &mut kept).await;
            members
                .failure
                .borrow_mut()
                .get_or_insert_with(|| format!("{}: {error:#}", name(number)));
        }
        tokio::time::sleep(RETRY).await;
    }
}

/// Opens a session and polls until the connection breaks.
async fn stay(
    members: &Members,
    server: SocketAddr,
    number: usize,
    kept: &mut Kept,
) -> Result<std::convert::Infallible> {
    let is_first = kept.cookies.is_empty();
    let place = if is_first { Some(members.opening.acquire().await?) } else { None };
    let wire = Wire::open(server, number).await?;
    if is_first {
        log_in(&wire, server, number, kept).await?;
    } else {
        // What a client does whose connection broke; it is told that its session is unknown.
        let body = connect(&kept.client_id);
        let told = ask(&wire, &request(server, ENDPOINT, kept, &body)).await?;
        ensure!(
            find(&told.body, b"\"402").is_some(),
            "no 402: {}",
            String::from_utf8_lossy(&told.body)
        );
    }
    let hello = json!([{"channel": "/meta/handshake", "id": "1", "version": "1.0",
        "supportedConnectionTypes": ["long-polling"]}]);
    let answer = ask(&wire, &request(server, ENDPOINT, kept, &hello.to_string())).await?;
    kept.keep_cookies(&answer);
    kept.client_id = first_reply(&answer)?["clientId"].as_str().context("no clientId")?.to_owned();
    let mut subscribe = json!([{"channel": "/meta/subscribe", "id": "2", "clientId": kept.client_id, "subscription": TOPIC}]);
    if !is_first {
        subscribe[0]["ext"] = json!({"replay": members.last[number].get()});
    }
    let answer = ask(&wire, &request(server, ENDPOINT, kept, &subscribe.to_string())).await?;
    hear(members, number, &answer);
    if is_first {
        let body = json!({"operationName": "Subscribe"}).to_string();
        let answer =
            ask(&wire, &request(server, &format!("/api/v2/me/workbins/{WORKBIN}"), kept, &body))
                .await?;
        ensure!(
            find(&answer.body, b"\"statusCode\":0").is_some(),
            "{}",
            String::from_utf8_lossy(&answer.body)
        );
    }
    poll(members, &wire, server, number, kept, place).await
}

async fn poll(
    members: &Members,
    wire: &Wire,
    server: SocketAddr,
    number: usize,
    kept: &Kept,
    place: Option<SemaphorePermit<'_>>,
) -> Result<std::convert::Infallible> {
    let poll = request(server, ENDPOINT, kept, &connect(&kept.client_id));
    let answer = ask(wire, &poll).await?;
    hear(members, number, &answer);
    if let Some(place) = place {
        drop(place);
        members.open.set(members.open.get() + 1);
        members.changed.notify_one();
    }
    loop {
        let answer = ask(wire, &poll).await?;
        ensure!(
            find(&answer.body, b"\"successful\":false").is_none(),
            "{}",
            String::from_utf8_lossy(&answer.body)
        );
        hear(members, number, &answer);
    }
}

async fn log_in(wire: &Wire, server: SocketAddr, number: usize, kept: &mut Kept) -> Result<()> {
    let value = basic(&name(number), PASSWORD);
    let request = format!(
        "GET /api/v2/me HTTP/1.1\r\nHost: {server}\r\nAuthorization: {}\r\n\r\n",
        value.to_str()?
    );
    let answer = ask(wire, request.as_bytes()).await?;
    kept.keep_cookies(&answer);
    kept.csrf_token = header(&answer.head, "x-csrf-token").context("no token")?.to_owned();
    Ok(())
}

impl Kept {
    fn keep_cookies(&mut self, answer: &Received) {
        for pair in
            headers(&answer.head, "set-cookie").filter_map(|cookie| cookie.split(';').next())
        {
            if !self.cookies.is_empty() {
                self.cookies.push_str("; ");
            }
            self.cookies.push_str(pair);
        }
    }
}

fn hear(members: &Members, number: usize, answer: &Received) {
    let mut rest = &answer.body[..];
    while let Some(at) = find(rest, SEQUENCE) {
        rest = &rest[at + SEQUENCE.len()..];
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit());
        members.heard(number, digits.fold(0, |value, digit| value * 10 + u64::from(digit - b'0')));
    }
}

fn connect(client_id: &str) -> String {
    json!([{"channel": "/meta/connect", "id": "3", "clientId": client_id, "connectionType": "long-polling"}])
        .to_string()
}

fn first_reply(answer: &Received) -> Result<Value> {
    let text = String::from_utf8_lossy(&answer.body);
    let replies: Value = serde_json::from_str(&text).with_context(|| format!("read {text}"))?;
    ensure!(replies[0]["successful"] == true, "refused: {text}");
    Ok(replies[0].clone())
}

async fn ask(wire: &Wire, request: &[u8]) -> Result<Received> {
    wire.send(request).await?;
    let answer = timeout(ANSWER_BOUND, wire.receive()).await.context("no answer")??;
    ensure!(
        answer.head.starts_with(b"HTTP/1.1 200"),
        "refused: {}",
        String::from_utf8_lossy(&answer.head)
    );
    Ok(answer)
}

fn request(server: SocketAddr, path: &str, kept: &Kept, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nHost: {server}\r\nContent-Type: application/json;charset=UTF-8\r\nCookie: {}\r\n\
         X-CSRF-TOKEN: {}\r\nContent-Length: {}\r\n\r\n{body}",
        kept.cookies,
        kept.csrf_token,
        body.len()
    )
    .into_bytes()
}
