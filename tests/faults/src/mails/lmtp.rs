//! An LMTP client (RFC 2033), as a mail server on the same machine is one.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;

/// How long an answer may take.
const ANSWER_BOUND: Duration = Duration::from_secs(30);

pub struct Lmtp {
    stream: BufReader<UnixStream>,
}

/// A message as it goes over the line, made before the clock runs.
#[derive(Clone, Debug)]
pub struct Delivery {
    commands: Vec<u8>,
    content: Vec<u8>,
}

impl Delivery {
    /// Makes one; `sender` is empty for reports and answers of programs.
    pub fn new(sender: &str, recipient: &str, raw: &[u8]) -> Self {
        let commands =
            format!("MAIL FROM:<{sender}> BODY=8BITMIME\r\nRCPT TO:<{recipient}>\r\nDATA\r\n")
                .into_bytes();
        let mut content = Vec::with_capacity(raw.len() + 64);
        for line in raw.split_inclusive(|byte| *byte == b'\n') {
            if line.starts_with(b".") {
                content.push(b'.');
            }
            content.extend_from_slice(line);
        }
        content.extend_from_slice(if content.ends_with(b"\r\n") { b".\r\n" } else { b"\r\n.\r\n" });
        Self { commands, content }
    }
}

impl Lmtp {
    pub async fn connect(path: &Path) -> Result<Self> {
        let stream = UnixStream::connect(path).await.context("connect")?;
        let mut own = Self { stream: BufReader::new(stream) };
        own.expect("220").await?;
        own.write(b"LHLO mx.example\r\n").await?;
        own.expect("250").await?;
        Ok(own)
    }

    /// Delivers a message; returns the answer to its end. Only `2…` means that it is taken over.
    pub async fn deliver(&mut self, delivery: &Delivery) -> Result<String> {
        // All commands before the content may be sent at once (RFC 2920).
        self.write(&delivery.commands).await?;
        self.expect("250").await?;
        self.expect("250").await?;
        self.expect("354").await?;
        self.write(&delivery.content).await?;
        self.answer().await
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        tokio::time::timeout(ANSWER_BOUND, self.stream.write_all(bytes))
            .await
            .context("not taken")??;
        Ok(())
    }

    async fn expect(&mut self, code: &str) -> Result<()> {
        let answer = self.answer().await?;
        ensure!(answer.starts_with(code), "{answer:?} instead of {code}");
        Ok(())
    }

    /// Reads an answer; returns its last line.
    async fn answer(&mut self) -> Result<String> {
        loop {
            let mut line = String::new();
            let read = tokio::time::timeout(ANSWER_BOUND, self.stream.read_line(&mut line)).await;
            ensure!(read.context("no answer")?? > 0, "the connection was closed");
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok(line.trim_end().to_owned());
            }
        }
    }
}
