//! An agent's presence: a contact-center session, and a CometD session that is opened again
//! whenever it is lost.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use hyper::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinHandle;

use crate::load::http::{Answer, Call, Client};

/// The topic that makes an agent reachable.
const TOPIC: &str = "/v2/me/interactions";
/// Where CometD lives.
const ENDPOINT: &str = "/notifications";
/// How long to wait before the next handshake after one failed.
const RETRY: Duration = Duration::from_millis(50);

/// What an agent hears.
#[derive(Clone, Debug)]
pub enum Heard {
    /// Their CometD session was opened (again): whatever happened before may have been missed.
    Opened,
    /// A notification's data.
    Notification(Value),
}

/// Opens the contact-center session and makes the agent ready for work items.
///
/// # Errors
///
/// When the program refuses.
pub async fn start_work(client: &mut Client) -> Result<()> {
    let start = json!({"operationName": "StartContactCenterSession", "channels": ["workitem"]});
    for body in [start, json!({"operationName": "Ready"})] {
        let answer =
            client.send_until_answered(&Call::post("/me", &body)).await.context("no answer")?;
        ensure!(answer.code() == 0, "{body} was refused: {}", answer.body);
    }
    Ok(())
}

/// Keeps a CometD session open until the task is aborted or nobody listens any more.
pub fn stay_reachable(mut client: Client, heard: UnboundedSender<Heard>) -> JoinHandle<()> {
    tokio::spawn(async move {
        while !heard.is_closed() {
            // Whatever ended the session, the answer to it is another one.
            let _ = session(&mut client, &heard).await;
            client.wait_a_little().await;
            tokio::time::sleep(RETRY).await;
        }
    })
}

/// One CometD session, until it is lost.
async fn session(client: &mut Client, heard: &UnboundedSender<Heard>) -> Result<()> {
    let hello = json!({"channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": ["long-polling"]});
    let mut headers = HeaderMap::new();
    let (answer, reply) = exchange(client, &headers, hello, heard).await?;
    let id = reply["clientId"].as_str().context("no clientId")?.to_owned();
    headers.insert(COOKIE, cookies(&answer)?);
    let subscribe = json!({"channel": "/meta/subscribe", "clientId": id, "subscription": TOPIC});
    exchange(client, &headers, subscribe, heard).await?;
    heard.send(Heard::Opened)?;
    let connect =
        json!({"channel": "/meta/connect", "clientId": id, "connectionType": "long-polling"});
    loop {
        exchange(client, &headers, connect.clone(), heard).await?;
    }
}

/// Sends one message and gives its reply; what was published meanwhile is passed on.
async fn exchange(
    client: &mut Client,
    headers: &HeaderMap,
    message: Value,
    heard: &UnboundedSender<Heard>,
) -> Result<(Answer, Value)> {
    let channel = message["channel"].clone();
    let mut call = Call::post(ENDPOINT, &Value::Array(vec![message]));
    call.headers = headers.clone();
    let answer = client.send(&call).await.map_err(|_| anyhow::anyhow!("no answer"))?;
    let mut reply = None;
    for message in answer.body.as_array().cloned().unwrap_or_default() {
        if message["channel"] == channel {
            reply = Some(message);
        } else if !message["data"].is_null() {
            heard.send(Heard::Notification(message["data"].clone()))?;
        }
    }
    let reply = reply.with_context(|| format!("no reply to {channel} in {}", answer.body))?;
    ensure!(reply["successful"] == true, "{channel} failed: {reply}");
    Ok((answer, reply))
}

/// Returns the cookies that an answer set, as a browser sends them back.
fn cookies(answer: &Answer) -> Result<HeaderValue> {
    let set = answer.headers.get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs: Vec<&str> = set.filter_map(|cookie| cookie.split(';').next()).collect();
    HeaderValue::from_str(&pairs.join("; ")).context("write the cookies")
}
