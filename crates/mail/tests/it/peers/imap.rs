//! A small IMAP server with folders in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use handoff_mail::tls::Security;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::faults::{Faults, Moment};
use super::ledger::Ledger;

/// What the server can, unless a test takes something away.
pub(crate) const ABLE: &str = "IMAP4rev1 AUTH=PLAIN SASL-IR IDLE MOVE UIDPLUS";

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) uid: u32,
    pub(crate) raw: Vec<u8>,
    pub(crate) flags: BTreeSet<String>,
    /// When it came, in seconds after the beginning of 2026.
    arrived_s: u32,
}

#[derive(Clone, Debug)]
pub(crate) struct Folder {
    pub(crate) uid_validity: u32,
    next: u32,
    /// How many messages ever came; the n-th came n hours after the beginning.
    came: u32,
    pub(crate) messages: Vec<Message>,
}

impl Folder {
    fn new() -> Self {
        Self { uid_validity: 7, next: 1, came: 0, messages: Vec::new() }
    }

    fn append(&mut self, raw: &[u8]) {
        let arrived_s = self.came * 3_600;
        self.messages.push(Message {
            uid: self.next,
            raw: raw.to_vec(),
            flags: BTreeSet::new(),
            arrived_s,
        });
        self.next += 1;
        self.came += 1;
    }
}

/// The server.
pub(crate) struct ImapPeer {
    pub(crate) port: u16,
    pub(crate) faults: Faults,
    pub(crate) folders: Mutex<BTreeMap<String, Folder>>,
    able: Mutex<String>,
    /// UIDs whose content is refused.
    pub(crate) refuse_content: Mutex<BTreeSet<u32>>,
    /// Whether the next idle is the last thing that is heard of its connection.
    silent: AtomicBool,
    /// What was searched for.
    searches: Mutex<Vec<String>>,
    /// Whom to ask whether a message may be touched.
    ledger: Arc<Ledger>,
    /// How many messages were touched that were not durable.
    touched_early: Mutex<usize>,
    news: Notify,
    /// Cancelled instead of dying, when the client is to die: taken at the next death.
    pub(crate) victim: Mutex<Option<CancellationToken>>,
    security: Security,
    stop: CancellationToken,
}

/// What a connection knows.
struct Connection<S> {
    peer: Arc<ImapPeer>,
    stream: BufReader<S>,
    folder: String,
}

/// Dead: the connection is closed.
struct Dead;

impl Drop for ImapPeer {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl ImapPeer {
    pub(crate) async fn start(ledger: Arc<Ledger>, security: Security) -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stop = CancellationToken::new();
        let peer = Arc::new(Self {
            port: listener.local_addr().unwrap().port(),
            faults: Faults::default(),
            folders: Mutex::new(BTreeMap::from([("INBOX".to_owned(), Folder::new())])),
            able: Mutex::new(ABLE.to_owned()),
            refuse_content: Mutex::default(),
            silent: AtomicBool::new(false),
            searches: Mutex::default(),
            ledger,
            touched_early: Mutex::new(0),
            news: Notify::new(),
            victim: Mutex::new(None),
            security,
            stop: stop.clone(),
        });
        let weak = Arc::downgrade(&peer);
        tokio::spawn(async move {
            loop {
                let (stream, _) = tokio::select! {
                    () = stop.cancelled() => break,
                    accepted = listener.accept() => accepted.unwrap(),
                };
                let Some(peer) = weak.upgrade() else { break };
                let stop = stop.clone();
                tokio::spawn(async move {
                    tokio::select! {
                        () = stop.cancelled() => {}
                        () = serve(peer, stream) => {}
                    }
                });
            }
        });
        peer
    }

    pub(crate) fn without(&self, able: &str) {
        let mut all = self.able.lock().unwrap();
        *all = all.split(' ').filter(|word| *word != able).collect::<Vec<_>>().join(" ");
    }

    pub(crate) fn append(&self, raw: &[u8]) {
        self.folders.lock().unwrap().get_mut("INBOX").unwrap().append(raw);
        self.news.notify_waiters();
    }

    pub(crate) fn folder(&self, name: &str) -> Option<Folder> {
        self.folders.lock().unwrap().get(name).cloned()
    }

    pub(crate) fn fall_silent_in_idle(&self) {
        self.silent.store(true, Ordering::SeqCst);
    }

    pub(crate) fn searches(&self) -> Vec<String> {
        self.searches.lock().unwrap().clone()
    }

    pub(crate) fn touched_early(&self) -> usize {
        *self.touched_early.lock().unwrap()
    }

    /// Returns the folder another generation, in which the same messages have other UIDs.
    pub(crate) fn renumber(&self) {
        let mut folders = self.folders.lock().unwrap();
        let folder = folders.get_mut("INBOX").unwrap();
        folder.uid_validity += 1;
        for (at, message) in folder.messages.iter_mut().enumerate() {
            message.uid = at as u32 + 1;
        }
        folder.next = folder.messages.len() as u32 + 1;
    }

    fn touch(&self, raw: &[u8]) {
        if !self.ledger.has(raw) {
            *self.touched_early.lock().unwrap() += 1;
        }
    }
}

async fn serve(peer: Arc<ImapPeer>, stream: tokio::net::TcpStream) {
    stream.set_nodelay(true).unwrap();
    match peer.security {
        Security::Tls => {
            let Ok(stream) = super::acceptor().accept(stream).await else { return };
            let mut connection = Connection::new(peer, stream);
            if connection.greet().await.is_ok() {
                let _ = connection.dialogue().await;
            }
        }
        Security::StartTls => {
            let mut connection = Connection::new(peer.clone(), stream);
            if connection.greet().await.is_err() || connection.dialogue().await.is_err() {
                return;
            }
            let stream = connection.stream.into_inner();
            let Ok(stream) = super::acceptor().accept(stream).await else { return };
            let _ = Connection::new(peer, stream).dialogue().await;
        }
        Security::PlainOnLoopback | Security::PlainAnywhere => {
            let mut connection = Connection::new(peer, stream);
            if connection.greet().await.is_ok() {
                let _ = connection.dialogue().await;
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    fn new(peer: Arc<ImapPeer>, stream: S) -> Self {
        Self { peer, stream: BufReader::new(stream), folder: String::new() }
    }

    async fn greet(&mut self) -> Result<(), Dead> {
        self.step("greeting", |_| b"* OK hello\r\n".to_vec()).await
    }

    /// Serves commands; good when the stream is to be encrypted.
    async fn dialogue(&mut self) -> Result<(), Dead> {
        loop {
            let line = self.read_line().await?;
            let mut words = line.splitn(3, ' ');
            let tag = words.next().unwrap_or_default().to_owned();
            let verb = words.next().unwrap_or_default().to_ascii_uppercase();
            let rest = words.next().unwrap_or_default().to_owned();
            let able = self.peer.able.lock().unwrap().clone();
            match verb.as_str() {
                "STARTTLS" => {
                    self.step("STARTTLS", |_| format!("{tag} OK begin\r\n").into_bytes()).await?;
                    return Ok(());
                }
                "CAPABILITY" => {
                    let more =
                        if self.peer.security == Security::StartTls { " STARTTLS" } else { "" };
                    self.step(&verb, |_| {
                        format!("* CAPABILITY {able}{more}\r\n{tag} OK\r\n").into_bytes()
                    })
                    .await?;
                }
                "IDLE" => self.idle(&tag).await?,
                "UID" => {
                    let (what, rest) = rest.split_once(' ').unwrap_or_default();
                    self.uid(&tag, &what.to_ascii_uppercase(), rest).await?;
                }
                "LOGIN" | "AUTHENTICATE" => {
                    let mut rest = rest;
                    if rest == "PLAIN" {
                        self.step("AUTHENTICATE", |_| b"+ \r\n".to_vec()).await?;
                        rest = self.read_line().await?;
                    }
                    let known = rest.contains("secret") || rest.ends_with("AGthdGUAc2VjcmV0");
                    let end = if known { "OK" } else { "NO" };
                    self.step("LOGIN", |_| format!("{tag} {end} login\r\n").into_bytes()).await?;
                }
                "SELECT" => self.select(&tag, &rest).await?,
                "CREATE" => {
                    let name = rest.trim_matches('"').to_owned();
                    self.step("CREATE", |connection| {
                        connection.peer.folders.lock().unwrap().insert(name, Folder::new());
                        format!("{tag} OK made\r\n").into_bytes()
                    })
                    .await?;
                }
                other => panic!("no test says {other}"),
            }
        }
    }

    async fn read_line(&mut self) -> Result<String, Dead> {
        let mut line = String::new();
        match self.stream.read_line(&mut line).await {
            Ok(bytes) if bytes > 0 => Ok(line.trim_end().to_owned()),
            _ => Err(Dead),
        }
    }

    async fn select(&mut self, tag: &str, name: &str) -> Result<(), Dead> {
        let name = name.trim_matches('"').to_owned();
        self.folder.clone_from(&name);
        self.step("SELECT", |connection| {
            let folders = connection.peer.folders.lock().unwrap();
            let Some(folder) = folders.get(&name) else {
                return format!("{tag} NO there is none\r\n").into_bytes();
            };
            format!(
                "* {} EXISTS\r\n* OK [UIDVALIDITY {}] ok\r\n* OK [UIDNEXT {}] ok\r\n{tag} OK [READ-WRITE] open\r\n",
                folder.messages.len(),
                folder.uid_validity,
                folder.next
            )
            .into_bytes()
        })
        .await
    }

    async fn uid(&mut self, tag: &str, what: &str, rest: &str) -> Result<(), Dead> {
        let mut words = rest.splitn(2, ' ');
        let uid: u32 = words.next().unwrap_or_default().parse().unwrap_or_default();
        let rest = words.next().unwrap_or_default().to_owned();
        let done = |end: &str| format!("{tag} {end}\r\n").into_bytes();
        match what {
            "SEARCH" => {
                self.peer.searches.lock().unwrap().push(rest.clone());
                // Those since a day as well, which is more than is asked for: the client has to
                // look itself.
                let first: u32 = rest.split(":*").next().unwrap().parse().unwrap();
                self.step("SEARCH", |connection| {
                    let messages = connection.messages();
                    let last = messages.last().map(|message| message.uid);
                    let found = messages.iter().map(|message| message.uid);
                    let found: BTreeSet<u32> =
                        found.filter(|uid| *uid >= first).chain(last).collect();
                    let list: String = found.iter().map(|uid| format!(" {uid}")).collect();
                    format!("* SEARCH{list}\r\n{tag} OK\r\n").into_bytes()
                })
                .await
            }
            "FETCH" => self.fetch(tag, uid, &rest).await,
            "STORE" => {
                let flags = rest.split_once('(').unwrap().1.trim_end_matches(')').to_owned();
                self.step("STORE", |connection| {
                    connection.change(uid, |message| {
                        message.flags.extend(flags.split(' ').map(str::to_owned));
                    });
                    done("OK stored")
                })
                .await
            }
            "MOVE" | "COPY" => {
                let target = rest.trim_matches('"').to_owned();
                self.step(what, |connection| {
                    if !connection.peer.folders.lock().unwrap().contains_key(&target) {
                        return done("NO [TRYCREATE] there is none");
                    }
                    let mut moved = None;
                    connection.change(uid, |message| moved = Some(message.raw.clone()));
                    let mut folders = connection.peer.folders.lock().unwrap();
                    if let Some(raw) = moved {
                        folders.get_mut(&target).unwrap().append(&raw);
                        if what == "MOVE" {
                            let from = folders.get_mut(&connection.folder).unwrap();
                            from.messages.retain(|message| message.uid != uid);
                        }
                    }
                    done("OK there")
                })
                .await
            }
            "EXPUNGE" => {
                self.step("EXPUNGE", |connection| {
                    connection.change(uid, |_| {});
                    let mut folders = connection.peer.folders.lock().unwrap();
                    let folder = folders.get_mut(&connection.folder).unwrap();
                    folder.messages.retain(|message| {
                        message.uid != uid || !message.flags.contains("\\Deleted")
                    });
                    done("OK gone")
                })
                .await
            }
            other => panic!("no test says UID {other}"),
        }
    }

    async fn fetch(&mut self, tag: &str, uid: u32, what: &str) -> Result<(), Dead> {
        let is_size = what.contains("RFC822.SIZE");
        let is_header = what.contains("HEADER");
        let step = if is_size { "FETCH size" } else { "FETCH content" };
        self.step(step, |connection| {
            let refused = connection.peer.refuse_content.lock().unwrap();
            if refused.contains(&uid) && !is_size && !is_header {
                return format!("{tag} NO [SERVERBUG] cannot\r\n").into_bytes();
            }
            let messages = connection.messages();
            let mut answer = Vec::new();
            if let Some(at) = messages.iter().position(|message| message.uid == uid) {
                let raw = &messages[at].raw;
                let head =
                    raw.windows(4).position(|window| window == b"\r\n\r\n").map_or(raw.len(), |end| end + 4);
                if is_size {
                    answer.extend(
                        format!(
                            "* {} FETCH (UID {uid} RFC822.SIZE {} INTERNALDATE \"01-Jan-2026 {:02}:00:00 +0000\")\r\n",
                            at + 1,
                            raw.len(),
                            messages[at].arrived_s / 3_600
                        )
                        .into_bytes(),
                    );
                } else {
                    let (name, content) =
                        if is_header { ("BODY[HEADER]<0>", &raw[..head]) } else { ("BODY[]", &raw[..]) };
                    answer.extend(
                        format!("* {} FETCH (UID {uid} {name} {{{}}}\r\n", at + 1, content.len())
                            .into_bytes(),
                    );
                    answer.extend_from_slice(content);
                    answer.extend_from_slice(b")\r\n");
                }
            }
            answer.extend(format!("{tag} OK fetched\r\n").into_bytes());
            answer
        })
        .await
    }

    async fn idle(&mut self, tag: &str) -> Result<(), Dead> {
        let peer = self.peer.clone();
        let news = peer.news.notified();
        tokio::pin!(news);
        news.as_mut().enable();
        self.step("IDLE", |_| b"+ idling\r\n".to_vec()).await?;
        if self.peer.silent.swap(false, Ordering::SeqCst) {
            // Until the client gives up.
            while self.read_line().await.is_ok() {}
            return Err(Dead);
        }
        let done = tokio::select! {
            line = self.read_line() => Some(line?),
            () = news => None,
        };
        if done.is_none() {
            self.step("IDLE news", |connection| {
                format!("* {} EXISTS\r\n", connection.messages().len()).into_bytes()
            })
            .await?;
            self.read_line().await?;
        }
        self.step("DONE", |_| format!("{tag} OK idled\r\n").into_bytes()).await
    }

    fn messages(&self) -> Vec<Message> {
        self.peer.folders.lock().unwrap()[&self.folder].messages.clone()
    }

    /// Changes a message, which must be durable by now.
    fn change(&self, uid: u32, change: impl FnOnce(&mut Message)) {
        let mut folders = self.peer.folders.lock().unwrap();
        let folder = folders.get_mut(&self.folder).unwrap();
        if let Some(message) = folder.messages.iter_mut().find(|message| message.uid == uid) {
            self.peer.touch(&message.raw);
            change(message);
        }
    }

    /// Does a step and answers it, or dies in it.
    async fn step(
        &mut self,
        name: &str,
        effect: impl FnOnce(&mut Self) -> Vec<u8>,
    ) -> Result<(), Dead> {
        let moment = self.peer.faults.step(name);
        if moment == Some(Moment::Before) {
            return self.die().await;
        }
        let answer = effect(self);
        let written = match moment {
            Some(Moment::Between) => 0,
            Some(Moment::Half) => answer.len() / 2,
            _ => answer.len(),
        };
        self.stream.write_all(&answer[..written]).await.map_err(|_| Dead)?;
        self.stream.flush().await.map_err(|_| Dead)?;
        if moment.is_some() { self.die().await } else { Ok(()) }
    }

    /// Closes the connection, or has the client die, whichever was planned.
    async fn die(&mut self) -> Result<(), Dead> {
        if let Some(victim) = self.peer.victim.lock().unwrap().take() {
            victim.cancel();
        }
        Err(Dead)
    }
}
