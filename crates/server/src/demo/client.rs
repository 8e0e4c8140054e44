//! Asks the demo's own server, as any program does: by HTTP on its address, and by no other door.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::form_urlencoded::Serializer;

/// How long an answer may take: longer than a poll is held.
const PATIENCE: Duration = Duration::from_secs(45);
/// Most bytes of an answer: a whole chat has at most 4 MiB of text.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;
const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// Somebody with an account of the demo, or a customer, who has none.
pub(super) struct Client {
    address: SocketAddr,
    authorization: Option<String>,
}

impl Client {
    pub(super) const fn customer(address: SocketAddr) -> Self {
        Self { address, authorization: None }
    }

    pub(super) fn user(address: SocketAddr, name: &str, password: &str) -> Self {
        let credentials = BASE64_STANDARD.encode(format!("{name}:{password}"));
        Self { address, authorization: Some(format!("Basic {credentials}")) }
    }

    /// Reads something.
    ///
    /// # Errors
    ///
    /// When there is no answer, or it is a refusal.
    pub(super) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let answer = self.ask(hyper::Request::get(path), JSON, Bytes::new()).await?;
        accepted(answer, path)
    }

    /// Has something done.
    ///
    /// # Errors
    ///
    /// As for [`get`](Self::get).
    pub(super) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let body = Bytes::from(body.to_string());
        accepted(self.ask(hyper::Request::post(path), JSON, body).await?, path)
    }

    /// Sends messages of Bayeux; returns what comes back, in order.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub(super) async fn bayeux(&self, path: &str, messages: &Value) -> anyhow::Result<Vec<Value>> {
        let body = Bytes::from(messages.to_string());
        let answer = self.ask(hyper::Request::post(path), JSON, body).await?;
        serde_json::from_value(answer).context("the answer is no list of messages")
    }

    /// Sends a form, as customers do.
    ///
    /// # Errors
    ///
    /// As for [`get`](Self::get).
    pub(super) async fn form(&self, path: &str, fields: &[(&str, &str)]) -> anyhow::Result<Value> {
        let body = Serializer::new(String::new()).extend_pairs(fields).finish();
        accepted(self.ask(hyper::Request::post(path), FORM, Bytes::from(body)).await?, path)
    }

    /// Each request has a connection of its own: a server that starts again leaves none half open.
    async fn ask(
        &self,
        request: hyper::http::request::Builder,
        content_type: &str,
        body: Bytes,
    ) -> anyhow::Result<Value> {
        let mut request = request
            .header(HOST, self.address.to_string())
            .header(CONNECTION, "close")
            .header(CONTENT_TYPE, content_type);
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let request = request.body(Full::new(body))?;
        timeout(PATIENCE, self.exchange(request)).await.context("there is no answer in time")?
    }

    async fn exchange(&self, request: hyper::Request<Full<Bytes>>) -> anyhow::Result<Value> {
        let stream = TcpStream::connect(self.address).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let answered = async {
            let answer = sender.send_request(request).await?;
            let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
            let bytes = body.map_err(|error| anyhow::anyhow!(error))?.to_bytes();
            anyhow::Ok(serde_json::from_slice(&bytes)?)
        };
        tokio::pin!(answered);
        tokio::select! {
            answer = &mut answered => answer,
            ended = connection => {
                ended?;
                answered.await
            }
        }
    }
}

fn accepted(answer: Value, path: &str) -> anyhow::Result<Value> {
    ensure!(answer["statusCode"] == 0, "{path} was refused: {answer}");
    Ok(answer)
}
