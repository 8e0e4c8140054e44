//! A small IMAP server with one folder, that can have the program killed at a chosen step.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};

/// The commands at which the program can be killed: after each was done, and before it is answered.
pub const STEPS: [&str; 9] = [
    "greeting",
    "CAPABILITY",
    "AUTHENTICATE",
    "SELECT",
    "SEARCH",
    "SIZE",
    "CONTENT",
    "STORE",
    "IDLE",
];

/// A message; its place in the list makes its UID.
#[derive(Clone, Debug)]
struct Message {
    raw: Vec<u8>,
    is_seen: bool,
}

pub struct MailFolder {
    pub port: u16,
    connections: AtomicUsize,
    messages: Mutex<Vec<Message>>,
    news: watch::Sender<usize>,
    /// Where the program is to be killed.
    trap: Mutex<Option<&'static str>>,
    /// Told when it has come there; then nothing is answered any more.
    pub sprung: Notify,
}

struct Closed;

impl MailFolder {
    /// Starts one; it ends with the runtime.
    ///
    /// # Errors
    ///
    /// When there is no port to listen on.
    pub async fn start() -> Result<Arc<Self>> {
        let socket = TcpListener::bind("127.0.0.1:0").await.context("listen")?;
        let folder = Arc::new(Self {
            port: socket.local_addr()?.port(),
            connections: AtomicUsize::new(0),
            messages: Mutex::default(),
            news: watch::Sender::new(0),
            trap: Mutex::default(),
            sprung: Notify::new(),
        });
        let own = folder.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = socket.accept().await {
                let folder = own.clone();
                tokio::spawn(async move {
                    folder.connections.fetch_add(1, Ordering::SeqCst);
                    let line = Line { folder: &folder, stream: BufReader::new(stream), known: 0 };
                    let _was_closed = line.serve().await;
                    folder.connections.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Ok(folder)
    }

    /// Puts a message into the folder.
    pub fn append(&self, raw: Vec<u8>) {
        let mut messages = lock(&self.messages);
        messages.push(Message { raw, is_seen: false });
        self.news.send_replace(messages.len());
    }

    /// Returns how many connections there are.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Returns how many messages nobody has marked as seen.
    #[must_use]
    pub fn unseen(&self) -> usize {
        lock(&self.messages).iter().filter(|message| !message.is_seen).count()
    }

    /// Has the program killed when it comes to a step.
    pub fn set_trap(&self, step: Option<&'static str>) {
        *lock(&self.trap) = step;
    }

    fn springs(&self, step: &str) -> bool {
        let mut trap = lock(&self.trap);
        let springs = *trap == Some(step);
        if springs {
            *trap = None;
            self.sprung.notify_one();
        }
        springs
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Line<'a> {
    folder: &'a MailFolder,
    stream: BufReader<TcpStream>,
    /// Of how many messages the client was told: what came since is told when it idles.
    known: usize,
}

impl Line<'_> {
    async fn serve(mut self) -> Result<(), Closed> {
        self.answer("greeting", b"* OK hello\r\n".to_vec()).await?;
        loop {
            let line = self.read().await?;
            let words: Vec<&str> = line.split(' ').collect();
            let (Some(&tag), Some(&verb)) = (words.first(), words.get(1)) else {
                return Err(Closed);
            };
            let word = |place: usize| words.get(place).copied().unwrap_or_default();
            let done = format!("{tag} OK done\r\n");
            match (verb, word(2)) {
                ("CAPABILITY", _) => {
                    let able = "* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR IDLE UIDPLUS\r\n";
                    self.answer(verb, format!("{able}{done}").into_bytes()).await?;
                }
                ("AUTHENTICATE", _) => self.answer(verb, done.into_bytes()).await?,
                ("SELECT", _) => {
                    let count = lock(&self.folder.messages).len();
                    self.known = count;
                    let told = format!(
                        "* {count} EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT {}] ok\r\n",
                        count + 1
                    );
                    self.answer(verb, format!("{told}{done}").into_bytes()).await?;
                }
                ("UID", "SEARCH") => {
                    let first: usize = word(4).trim_end_matches(":*").parse().unwrap_or(1);
                    let count = lock(&self.folder.messages).len();
                    self.known = count;
                    // A range with a star always has the last message.
                    let found: String =
                        (first.min(count).max(1)..=count).map(|uid| format!(" {uid}")).collect();
                    self.answer("SEARCH", format!("* SEARCH{found}\r\n{done}").into_bytes())
                        .await?;
                }
                ("UID", "FETCH") => self.fetch(word(3), word(5), &done).await?,
                ("UID", "STORE") => {
                    self.mark(word(3));
                    self.answer("STORE", done.into_bytes()).await?;
                }
                ("IDLE", _) => self.idle(&done).await?,
                _ => return Err(Closed),
            }
        }
    }

    fn mark(&self, uid: &str) {
        let mut messages = lock(&self.folder.messages);
        if let Some(message) = place(uid).and_then(|at| messages.get_mut(at)) {
            message.is_seen = true;
        }
    }

    async fn fetch(&mut self, uid: &str, what: &str, done: &str) -> Result<(), Closed> {
        let message = place(uid).and_then(|at| lock(&self.folder.messages).get(at).cloned());
        let Some(Message { raw, .. }) = message else {
            return self.answer("SIZE", done.into()).await;
        };
        if what.contains("SIZE") {
            let told = format!("* {uid} FETCH (UID {uid} RFC822.SIZE {})\r\n{done}", raw.len());
            return self.answer("SIZE", told.into_bytes()).await;
        }
        let mut told =
            format!("* {uid} FETCH (UID {uid} BODY[] {{{}}}\r\n", raw.len()).into_bytes();
        told.extend_from_slice(&raw);
        told.extend_from_slice(format!(")\r\n{done}").as_bytes());
        self.answer("CONTENT", told).await
    }

    async fn idle(&mut self, done: &str) -> Result<(), Closed> {
        let known = self.known;
        let mut news = self.folder.news.subscribe();
        self.answer("IDLE", b"+ idling\r\n".to_vec()).await?;
        let told = tokio::select! {
            line = self.read() => { line?; None }
            told = news.wait_for(|count| *count > known) => told.ok().map(|count| *count),
        };
        if let Some(count) = told {
            self.known = count;
            self.write(format!("* {count} EXISTS\r\n").as_bytes()).await?;
            self.read().await?;
        }
        self.write(done.as_bytes()).await
    }

    /// Answers, or says nothing more because the program is killed here.
    async fn answer(&mut self, step: &str, answer: Vec<u8>) -> Result<(), Closed> {
        if self.folder.springs(step) {
            return Err(Closed);
        }
        self.write(&answer).await
    }

    async fn read(&mut self) -> Result<String, Closed> {
        let mut line = String::new();
        match self.stream.read_line(&mut line).await {
            Ok(bytes) if bytes > 0 => Ok(line.trim_end().to_owned()),
            _ => Err(Closed),
        }
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Closed> {
        self.stream.write_all(bytes).await.map_err(|_| Closed)
    }
}

/// Returns a message's place in the list.
fn place(uid: &str) -> Option<usize> {
    uid.parse::<usize>().ok()?.checked_sub(1)
}
