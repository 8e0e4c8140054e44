//! A server that says what it was told to say, whatever the protocol; for dialogues that no decent
//! server has.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

/// One step of a dialogue.
#[derive(Clone, Debug)]
pub(crate) enum Turn {
    /// Says this. `{tag}` is the first word of the line read last.
    Say(Vec<u8>),
    /// Reads a line, which has to begin with this (after the tag, if there is one); answers with
    /// that.
    Hear(&'static str, Vec<u8>),
}

pub(crate) fn say(text: &str) -> Turn {
    Turn::Say(text.as_bytes().to_vec())
}

/// Hears a command and answers.
pub(crate) fn hear(command: &'static str, answer: &str) -> Turn {
    Turn::Hear(command, answer.as_bytes().to_vec())
}

/// A scripted server. Each connection has the whole script, then it is closed.
pub(crate) struct Script {
    pub(crate) port: u16,
    heard: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Script {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Script {
    pub(crate) async fn start(turns: Vec<Turn>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let ears = heard.clone();
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let mut stream = BufReader::new(stream);
                let mut tag = String::new();
                for turn in &turns {
                    let answer = match turn {
                        Turn::Say(text) => text,
                        Turn::Hear(command, answer) => {
                            let mut line = String::new();
                            if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                                break;
                            }
                            ears.lock().unwrap().push(line.trim_end().to_owned());
                            tag = line.split_whitespace().next().unwrap_or_default().to_owned();
                            if !line.contains(command) {
                                break;
                            }
                            answer
                        }
                    };
                    let text = String::from_utf8_lossy(answer).replace("{tag}", &tag);
                    if stream.write_all(text.as_bytes()).await.is_err() {
                        break;
                    }
                }
            }
        });
        Self { port, heard, task }
    }

    /// Everything that was heard, over all connections.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}
