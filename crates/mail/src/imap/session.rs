//! One connection to an IMAP server: logged in, with the commands that fetching needs.
//!
//! A command's answer is believed only when its tagged line says OK: neither a refusal nor a broken
//! connection ever looks like an empty folder. After an error other than [`ImapError::Refused`] the
//! connection is of no more use.

use std::future::Future;
use std::time::Duration;

use handoff_domain::Time;
use tokio::time::timeout;

use super::response::{self, Fetched, Piece, Response, Status};
use super::{ImapError, ImapLimits, ImapMailbox, date, folder};
use crate::login::{self, Login, Secret, Token};
use crate::tls::{Broken, Security, Wire};

/// The longest line, in bytes: the UIDs of about two million messages.
const LINE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// How much larger than its announced size an answer's literal may be, in bytes: a server's size
/// may count line ends otherwise.
const LITERAL_GRACE_BYTES: usize = 1024 * 1024;
/// The most literals in a response: one is asked for.
const LITERALS_MAX: usize = 16;

/// A connection that is logged in.
pub(super) struct Session {
    wire: Wire,
    tags: u32,
    capabilities: Vec<String>,
    /// Whether the server has told of messages since the last search.
    news: bool,
    limits: ImapLimits,
}

/// What a message is, before it is fetched.
#[derive(Clone, Copy, Debug)]
pub(super) struct About {
    pub(super) size_bytes: u64,
    /// When it came into its folder, if the server says.
    pub(super) arrived: Option<Time>,
}

/// A folder that was opened.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opened {
    pub(super) uid_validity: u32,
    /// The UID that the next message will get at least, if the server says.
    pub(super) uid_next: Option<u32>,
}

/// How a command ended that may be refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It was done.
    Done,
    /// It was refused, with this code.
    Refused(Option<String>),
}

impl From<Broken> for ImapError {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::LineTooLong => Self::Nonsense { what: "an endless line" },
            other => Self::Broken(other),
        }
    }
}

impl Session {
    /// Connects, encrypts as configured, and logs in.
    pub(super) async fn open(mailbox: &ImapMailbox) -> Result<Self, ImapError> {
        let patience = Duration::from_millis(mailbox.limits.command_ms);
        let wire = mailbox.endpoint.connect(patience).await.map_err(ImapError::Connection)?;
        let limits = mailbox.limits.clone();
        let mut session = Self { wire, tags: 0, capabilities: Vec::new(), news: false, limits };
        match session.response().await? {
            Response::Status { status: Status::Ok, .. } => {}
            // Who greets by telling that we are logged in cannot be encrypted any more (RFC 3501,
            // section 6.2.1).
            Response::Status { status: Status::Preauth, .. }
                if mailbox.endpoint.security != Security::StartTls =>
            {
                session.ask_capabilities().await?;
                return Ok(session);
            }
            Response::Status { .. } => {
                return Err(ImapError::Refused { command: "the connection" });
            }
            _ => return Err(ImapError::Nonsense { what: "no greeting" }),
        }
        session.ask_capabilities().await?;
        if mailbox.endpoint.security == Security::StartTls {
            session = session.start_tls(mailbox, patience).await?;
        }
        session.log_in(&mailbox.login).await?;
        // What a server can may change with the login (RFC 3501, section 6.2).
        session.ask_capabilities().await?;
        Ok(session)
    }

    async fn start_tls(
        mut self,
        mailbox: &ImapMailbox,
        patience: Duration,
    ) -> Result<Self, ImapError> {
        if !self.can("STARTTLS") {
            return Err(ImapError::NoStartTls);
        }
        if self.command("STARTTLS", |_| Ok(())).await? != End::Done {
            return Err(ImapError::NoStartTls);
        }
        self.wire =
            mailbox.endpoint.encrypt(self.wire, patience).await.map_err(ImapError::Connection)?;
        // What was told before the encryption may have been told by anybody.
        self.ask_capabilities().await?;
        Ok(self)
    }

    async fn ask_capabilities(&mut self) -> Result<(), ImapError> {
        let mut capabilities = Vec::new();
        self.must("CAPABILITY", "CAPABILITY", |response| {
            if let Response::Capability(told) = response {
                capabilities = told;
            }
            Ok(())
        })
        .await?;
        self.capabilities = capabilities;
        Ok(())
    }

    fn can(&self, capability: &str) -> bool {
        self.capabilities.iter().any(|able| able == capability)
    }

    async fn log_in(&mut self, login: &Login) -> Result<(), ImapError> {
        let (user, tokens) = match login {
            Login::Password { user, password } => {
                return self.log_in_with_password(user, password).await;
            }
            Login::Bearer { user, tokens } => (user, tokens),
        };
        for token in [Token::Kept, Token::Renewed] {
            let bearer = tokens.bearer(user, token).await.map_err(ImapError::NotNow)?;
            if self.authenticate("XOAUTH2", &login::xoauth2(user, &bearer)).await? == End::Done {
                return Ok(());
            }
        }
        Err(ImapError::Login)
    }

    async fn log_in_with_password(
        &mut self,
        user: &str,
        password: &Secret,
    ) -> Result<(), ImapError> {
        let end = if self.can("AUTH=PLAIN") {
            self.authenticate("PLAIN", &login::plain(user, password)).await?
        } else {
            let quoted = folder::quoted(user).zip(folder::quoted(password.reveal()));
            let Some((user, password)) = quoted.filter(|_| !self.can("LOGINDISABLED")) else {
                return Err(ImapError::Login);
            };
            self.command(&format!("LOGIN {user} {password}"), |_| Ok(())).await?
        };
        if end == End::Done { Ok(()) } else { Err(ImapError::Login) }
    }

    /// Says who we are by a mechanism whose first answer is everything.
    async fn authenticate(&mut self, mechanism: &str, answer: &str) -> Result<End, ImapError> {
        let at_once = self.can("SASL-IR");
        let command = if at_once {
            format!("AUTHENTICATE {mechanism} {answer}")
        } else {
            format!("AUTHENTICATE {mechanism}")
        };
        let tag = self.say(&command).await?;
        let mut answered = at_once;
        loop {
            match self.response().await? {
                Response::Continue if answered => {
                    // `XOAUTH2` tells of a failure in a challenge, to which the answer is empty
                    // (Google, "Error response").
                    self.wire.write(b"\r\n").await?;
                }
                Response::Continue => {
                    self.wire.write(format!("{answer}\r\n").as_bytes()).await?;
                    answered = true;
                }
                response => {
                    if let Some(end) = self.ended(&tag, &response)? {
                        return Ok(end);
                    }
                }
            }
        }
    }

    pub(super) async fn select(&mut self, folder: &str) -> Result<Opened, ImapError> {
        let folder = folder::name(folder).ok_or(ImapError::Refused { command: "SELECT" })?;
        let (mut uid_validity, mut uid_next) = (None, None);
        self.must("SELECT", &format!("SELECT {folder}"), |response| {
            if let Response::Status { code: Some(code), .. } = response {
                uid_validity = uid_validity.or(response::code_number(&code, "UIDVALIDITY"));
                uid_next = uid_next.or(response::code_number(&code, "UIDNEXT"));
            }
            Ok(())
        })
        .await?;
        let uid_validity = uid_validity.ok_or(ImapError::Nonsense { what: "no UIDVALIDITY" })?;
        Ok(Opened { uid_validity, uid_next })
    }

    /// Returns the UIDs of the messages above one, in order; with a moment only of those that came
    /// then, a day earlier or later.
    pub(super) async fn search_above(
        &mut self,
        uid: u32,
        since: Option<Time>,
    ) -> Result<Vec<u32>, ImapError> {
        let Some(first) = uid.checked_add(1) else { return Ok(Vec::new()) };
        self.news = false;
        let mut found = Vec::new();
        let since =
            since.map(|since| format!(" SINCE {}", date::day_before(since))).unwrap_or_default();
        self.must("UID SEARCH", &format!("UID SEARCH UID {first}:*{since}"), |response| {
            if let Response::Search(uids) = response {
                found.extend(uids);
                if found.len() * 2 > LINE_BYTES_MAX {
                    return Err(ImapError::Nonsense { what: "endless search results" });
                }
            }
            Ok(())
        })
        .await?;
        // `n:*` names the last message even if it is below n (RFC 3501, section 6.4.8).
        found.retain(|&found| found > uid);
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// Returns what a message is; `None` when it is there no more.
    pub(super) async fn about(&mut self, uid: u32) -> Result<Option<About>, ImapError> {
        let about =
            |fetched: Fetched| Some(About { size_bytes: fetched.size?, arrived: fetched.arrived });
        self.fetch(uid, "RFC822.SIZE INTERNALDATE", about).await
    }

    /// Returns a message; `None` when it is there no more.
    pub(super) async fn content(&mut self, uid: u32) -> Result<Option<Vec<u8>>, ImapError> {
        self.fetch(uid, "BODY.PEEK[]", |fetched| fetched.content).await
    }

    /// Returns the beginning of a message's headers; `None` when it is there no more.
    pub(super) async fn headers(&mut self, uid: u32) -> Result<Option<Vec<u8>>, ImapError> {
        let what = format!("BODY.PEEK[HEADER]<0.{}>", self.limits.header_bytes_max);
        self.fetch(uid, &what, |fetched| fetched.content).await
    }

    async fn fetch<T>(
        &mut self,
        uid: u32,
        what: &str,
        pick: impl Fn(Fetched) -> Option<T>,
    ) -> Result<Option<T>, ImapError> {
        let mut found = None;
        self.must("UID FETCH", &format!("UID FETCH {uid} (UID {what})"), |response| {
            if let Response::Fetch(fetched) = response
                && fetched.uid == Some(uid)
                && let Some(picked) = pick(fetched)
            {
                found = Some(picked);
            }
            Ok(())
        })
        .await?;
        Ok(found)
    }

    /// Adds flags to a message.
    pub(super) async fn flag(&mut self, uid: u32, flags: &str) -> Result<End, ImapError> {
        self.command(&format!("UID STORE {uid} +FLAGS.SILENT ({flags})"), |_| Ok(())).await
    }

    /// Moves a message to a folder; one that does not exist is made.
    pub(super) async fn move_to(&mut self, uid: u32, folder: &str) -> Result<End, ImapError> {
        let Some(name) = folder::name(folder) else { return Ok(End::Refused(None)) };
        let verb = if self.can("MOVE") { "MOVE" } else { "COPY" };
        let command = format!("UID {verb} {uid} {name}");
        let mut end = self.command(&command, |_| Ok(())).await?;
        if matches!(&end, End::Refused(Some(code)) if code == "TRYCREATE") {
            self.command(&format!("CREATE {name}"), |_| Ok(())).await?;
            end = self.command(&command, |_| Ok(())).await?;
        }
        if end == End::Done && verb == "COPY" { self.delete(uid).await } else { Ok(end) }
    }

    /// Deletes a message.
    pub(super) async fn delete(&mut self, uid: u32) -> Result<End, ImapError> {
        let end = self.flag(uid, "\\Deleted").await?;
        // EXPUNGE would take along what others have marked, so without UIDPLUS (RFC 4315) the mark
        // is all that is done.
        if end == End::Done && self.can("UIDPLUS") {
            return self.command(&format!("UID EXPUNGE {uid}"), |_| Ok(())).await;
        }
        Ok(end)
    }

    pub(super) fn can_idle(&self) -> bool {
        self.can("IDLE")
    }

    /// Whether the server has told of messages since the last search, so that it need not tell
    /// again (RFC 3501, section 5.2).
    pub(super) const fn has_news(&self) -> bool {
        self.news
    }

    /// Waits until the server tells of messages, `idle_ms` at the longest (RFC 2177).
    pub(super) async fn idle(&mut self) -> Result<(), ImapError> {
        let tag = self.say("IDLE").await?;
        loop {
            match self.response().await? {
                Response::Continue => break,
                response => match self.ended(&tag, &response)? {
                    None => {}
                    Some(_) => return Err(ImapError::Refused { command: "IDLE" }),
                },
            }
        }
        self.idle_until_news(&tag).await?;
        let limit = Duration::from_millis(self.limits.done_ms);
        let done = async {
            self.wire.write(b"DONE\r\n").await?;
            self.finish(&tag, |_| Ok(())).await
        };
        match timeout(limit, done).await {
            Ok(Ok(End::Done)) => Ok(()),
            Ok(Ok(End::Refused(_))) => Err(ImapError::Refused { command: "IDLE" }),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(ImapError::Broken(Broken::Silent)),
        }
    }

    async fn idle_until_news(&mut self, tag: &str) -> Result<(), ImapError> {
        // While idle, silence is the rule: only the whole of it has an end, which keep-alives do
        // not move.
        let idle = Duration::from_millis(self.limits.idle_ms);
        self.wire.set_patience(idle * 2);
        let waiting = async {
            while !self.news {
                let response = self.response().await?;
                if self.ended(tag, &response)?.is_some() {
                    return Err(ImapError::Nonsense {
                        what: "an end of IDLE that nobody asked for",
                    });
                }
            }
            Ok(())
        };
        let waited = timeout(idle, waiting).await.unwrap_or(Ok(()));
        self.wire.set_patience(Duration::from_millis(self.limits.command_ms));
        waited
    }

    /// Says a command and reads everything up to its end, which has to be good.
    async fn must(
        &mut self,
        name: &'static str,
        command: &str,
        on: impl FnMut(Response) -> Result<(), ImapError>,
    ) -> Result<(), ImapError> {
        match self.command(command, on).await? {
            End::Done => Ok(()),
            End::Refused(_) => Err(ImapError::Refused { command: name }),
        }
    }

    /// Says a command and reads everything up to its end.
    async fn command(
        &mut self,
        command: &str,
        on: impl FnMut(Response) -> Result<(), ImapError>,
    ) -> Result<End, ImapError> {
        let tag = self.say(command).await?;
        self.finish(&tag, on).await
    }

    async fn finish(
        &mut self,
        tag: &str,
        mut on: impl FnMut(Response) -> Result<(), ImapError>,
    ) -> Result<End, ImapError> {
        let limit = Duration::from_millis(self.limits.exchange_ms);
        let reading = async {
            loop {
                let response = self.response().await?;
                match self.ended(tag, &response)? {
                    Some(end) => return Ok(end),
                    None => on(response)?,
                }
            }
        };
        bounded(limit, reading).await
    }

    async fn say(&mut self, command: &str) -> Result<String, ImapError> {
        self.tags += 1;
        let tag = format!("H{}", self.tags);
        self.wire.write(format!("{tag} {command}\r\n").as_bytes()).await?;
        Ok(tag)
    }

    /// Looks whether a response is the end of a command.
    fn ended(&self, tag: &str, response: &Response) -> Result<Option<End>, ImapError> {
        match response {
            Response::Done { tag: other, .. } if other != tag => {
                Err(ImapError::Nonsense { what: "another command's end" })
            }
            Response::Done { status: Status::Ok, .. } => Ok(Some(End::Done)),
            Response::Done { code, .. } => Ok(Some(End::Refused(code.clone()))),
            Response::Status { status: Status::Bye, .. } => Err(ImapError::Broken(Broken::Closed)),
            Response::Continue => Err(ImapError::Nonsense { what: "a request for more" }),
            _ => Ok(None),
        }
    }

    /// Reads one response with its literals.
    async fn response(&mut self) -> Result<Response, ImapError> {
        let largest = self.limits.message_bytes_max.max(self.limits.header_bytes_max) as usize
            + LITERAL_GRACE_BYTES;
        let mut pieces = Vec::new();
        let mut first = Vec::new();
        loop {
            let mut line = self.wire.line(LINE_BYTES_MAX).await?;
            line.truncate(line.trim_ascii_end().len());
            if pieces.is_empty() {
                first = line.iter().take(64).copied().collect();
            }
            let Some(bytes) = response::literal_follows(&first, &line) else {
                pieces.push(Piece::Text(line));
                break;
            };
            if bytes > largest || pieces.len() / 2 >= LITERALS_MAX {
                return Err(ImapError::Nonsense { what: "a literal beyond all bounds" });
            }
            let open = line.iter().rposition(|&byte| byte == b'{').unwrap_or(line.len());
            line.truncate(open);
            pieces.push(Piece::Text(line));
            pieces.push(Piece::Literal(self.wire.exactly(bytes).await?));
        }
        let response =
            response::parse(pieces).ok_or(ImapError::Nonsense { what: "no IMAP response" })?;
        self.news |= response == Response::Exists;
        Ok(response)
    }
}

/// Lets an exchange take no longer than this, however steadily it trickles.
async fn bounded<T>(
    limit: Duration,
    exchange: impl Future<Output = Result<T, ImapError>>,
) -> Result<T, ImapError> {
    timeout(limit, exchange).await.unwrap_or(Err(ImapError::Broken(Broken::Silent)))
}
