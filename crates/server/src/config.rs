//! The configuration: one TOML file, changed by `HANDOFF__SECTION__KEY` variables.
//!
//! Every option has a default, so that an empty file is a complete configuration. A key that is not
//! known is an error, and every error names the file and line, or the variable, that caused it.
//! `config/handoff.example.toml` lists all options; a test compares it with the defaults here.
//!
//! It deliberately opens nothing: whether a path can be written or an address is free is asked by
//! `doctor` and at the start.

mod alerts;
mod bus;
mod check;
mod files;
pub(crate) mod mail;
mod metrics;
mod networks;
mod overlay;
mod secret;
mod sign_in;
mod tls;
mod traces;
mod webhooks;

#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use handoff_provision::{TimeSpan, toml_place};
use serde::{Deserialize, Serialize};

pub(crate) use alerts::Alerts;
pub(crate) use bus::{Bus, Carrier};
pub(crate) use files::{FilesIn, S3};
pub(crate) use mail::Mail;
pub(crate) use metrics::Metrics;
pub(crate) use networks::Network;
pub(crate) use secret::Secret;
pub(crate) use sign_in::{Provider, SignIn};
pub(crate) use tls::Tls;
pub(crate) use traces::Traces;
pub(crate) use webhooks::Webhooks;

/// What the address of a server begins with that speaks plain HTTP, and one that speaks TLS.
pub(crate) const HTTP: &str = "http://";
pub(crate) const HTTPS: &str = "https://";
/// What `server.advertise` is where no node reaches another.
pub(crate) const NOWHERE: &str = "none";
/// What was part of the configuration before it was part of centers.
const MAILBOX: &str = "mailbox";
/// What is said to whoever still has one here.
const MOVED: &str = "mailboxes are part of the center file, where they change while the server runs: move each [[mailbox]] there, leave its \
     center out, write keys as moveTo instead of move_to, and apply the file before the server starts";

/// The configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration file {path} cannot be read")]
    Unreadable {
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Something in the file or in a variable is wrong; the text names the place.
    #[error("{0}")]
    Wrong(String),
}

/// Everything that can be configured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Where the server listens, and what it calls itself.
    pub server: Server,
    /// By which certificate it speaks TLS.
    pub tls: Tls,
    /// Where data is kept.
    pub store: Store,
    /// How nodes tell each other to look.
    pub bus: Bus,
    /// Logged-in HTTP sessions.
    pub session: Session,
    /// Who else proves who somebody is.
    pub sign_in: SignIn,
    /// Browsers of other origins.
    pub cors: Cors,
    /// Notifications.
    pub cometd: Cometd,
    /// Agents who are out of reach.
    pub agent: Agent,
    /// Customers who chat.
    pub chat: Chat,
    /// The server of a bucket of files.
    pub s3: S3,
    /// E-mail, as far as all mailboxes share it.
    pub mail: Mail,
    /// Where contact centers have their events sent.
    pub webhooks: Webhooks,
    /// Bounds on what one client may use.
    pub limits: Limits,
    /// What is logged, and how.
    pub log: Log,
    /// Where metrics are told.
    pub metrics: Metrics,
    /// Who is told of trouble by e-mail.
    pub alerts: Alerts,
    /// Where traces are sent.
    pub traces: Traces,
}

/// Where the server listens, and what it calls itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Server {
    /// The address and port to listen on. Default `127.0.0.1:8090`: nothing listens beyond loopback
    /// unless told to.
    pub listen: SocketAddr,
    /// The prefix of every `uri` in an answer. Empty (the default) is `http://`, with a certificate
    /// `https://`, and the address listened on.
    pub public_url: String,
    /// What operators are shown this node as. Empty (the default) is the name of the machine.
    pub node: String,
    /// Where the other nodes over one database reach this one: `http://host:port`, with a
    /// certificate `https://host:port`. Empty (the default) is the address listened on, unless that
    /// stands for all of the machine's; `none` keeps requests for this node's CometD sessions from
    /// being passed on to it.
    pub advertise: String,
    /// The proxies that say whom a request is by (`X-Forwarded-For`, `Forwarded`), as networks such
    /// as `10.0.0.0/8`. Default none: nobody is believed.
    pub trusted_proxies: Vec<Network>,
    /// Whether these proxies say so at the beginning of each connection, by the PROXY protocol.
    /// Default `false`.
    pub proxy_protocol: bool,
    /// How long a node that was told to stop goes on serving while `/readyz` says that it stops.
    /// 0…1 min. Default 0: without a load balancer there is nobody to wait for.
    pub drain: TimeSpan,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8090),
            public_url: String::new(),
            node: String::new(),
            advertise: String::new(),
            trusted_proxies: Vec::new(),
            proxy_protocol: false,
            drain: TimeSpan::from_ms(0),
        }
    }
}

/// Where data is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Store {
    /// The data directory; made at the first start. Default `handoff-data`, below the working
    /// directory. With `url` it has what is this node's alone.
    pub path: PathBuf,
    /// A PostgreSQL database that several nodes share: `postgres://user@host/database`. Empty (the
    /// default) is a store in the data directory.
    pub url: Secret,
    /// The password of the database's user, rather from a variable than from the file. Default
    /// none.
    pub password: Secret,
    /// A file with nothing but that password. Empty (the default) is none.
    pub password_file: PathBuf,
    /// What the nodes over one database are called together. Empty (the default): whoever names
    /// the database is let in.
    pub cluster: String,
    /// How long notifications are kept for clients that come back. 1 min…30 d. Default 24 h
    /// (docs/compat/notifications.md#replay).
    pub notifications_kept: TimeSpan,
    /// The room that is kept free on the disk for those who work here: below it strangers bring
    /// nothing more. 0…1 TiB, and never more than a tenth of the disk. Default 1 GiB: an hour's
    /// work of a large center, and time to notice.
    pub reserve_bytes: u64,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            path: PathBuf::from("handoff-data"),
            url: Secret::default(),
            password: Secret::default(),
            password_file: PathBuf::new(),
            cluster: String::new(),
            notifications_kept: TimeSpan::from_ms(24 * 60 * 60 * 1_000),
            reserve_bytes: 1 << 30,
        }
    }
}

/// The `SameSite` attribute of the session cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum SameSite {
    /// Sent when a user follows a link to the server, not with foreign pages' requests.
    Lax,
    /// Never sent when the user comes from another site.
    Strict,
    /// Always sent; browsers demand TLS for it.
    None,
}

/// Whether the session cookie is marked `Secure`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Secure {
    /// If `server.public_url` begins with `https`, or is left out and TLS is spoken.
    Auto,
    /// Always: TLS ends before this server and the public URL does not say so.
    Always,
    Never,
}

/// Logged-in HTTP sessions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Session {
    /// How long a session lives without a request. 1 min…24 h. Default 30 min
    /// (docs/compat/conventions.md#logins).
    pub idle: TimeSpan,
    /// The cookie's `SameSite`. Default `Lax`.
    pub same_site: SameSite,
    /// Whether the cookie is `Secure`. Default `auto`.
    pub secure: Secure,
}

impl Default for Session {
    fn default() -> Self {
        Self {
            idle: TimeSpan::from_ms(30 * 60 * 1_000),
            same_site: SameSite::Lax,
            secure: Secure::Auto,
        }
    }
}

/// Browsers of other origins.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Cors {
    /// The origins whose pages may call the API with credentials: exact, or with a `*.` before the
    /// domain. Default none.
    pub origins: Vec<String>,
}

/// Notifications.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Cometd {
    /// How long a connect is held. 1 s…10 min. Default 30 s, as the reference server.
    pub timeout: TimeSpan,
    /// How long a client waits before its next connect. 0…1 min. Default 0, as the reference
    /// server.
    pub interval: TimeSpan,
    /// How long a session outlives its last connect. 1 s…10 min. Default 10 s, as the reference
    /// server.
    pub max_interval: TimeSpan,
    /// CometD sessions altogether. 1…1,000,000. Default 200,000.
    pub sessions: usize,
    /// CometD sessions of one user. 1…10,000. Default 64 (docs/compat/conventions.md#limits).
    pub sessions_per_user: usize,
    /// Polls that one browser may hold. 1…64. Default 1: a browser has six connections for
    /// everything.
    pub polls_per_browser: usize,
    /// Messages queued for one session. 100…1,000,000. Default 10,000; one more cuts the session
    /// off, and it replays.
    pub queued_messages: usize,
    /// Bytes queued for one session. 64 KiB…1 GiB. Default 4 MiB; overflow as for messages.
    pub queued_bytes: usize,
    /// The largest request, in bytes. 64 KiB…64 MiB. Default 1 MiB.
    pub http_body_bytes: usize,
    /// The largest WebSocket message, in bytes. 1 KiB…16 MiB. Default 64 KiB.
    pub websocket_message_bytes: usize,
}

impl Default for Cometd {
    fn default() -> Self {
        let limits = handoff_cometd::Limits::default();
        Self {
            timeout: TimeSpan::from_ms(limits.timeout_ms),
            interval: TimeSpan::from_ms(limits.interval_ms),
            max_interval: TimeSpan::from_ms(limits.max_interval_ms),
            sessions: limits.sessions,
            sessions_per_user: limits.sessions_per_identity,
            polls_per_browser: limits.held_polls_per_browser,
            queued_messages: limits.queued_messages,
            queued_bytes: limits.queued_bytes,
            http_body_bytes: limits.http_body_bytes,
            websocket_message_bytes: limits.websocket_message_bytes,
        }
    }
}

/// What happens to the e-mails and work items of an agent who is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Gone {
    /// They go to their own `In Progress` workbin.
    Workbin,
    /// They go back to their queue.
    Requeue,
}

/// Agents who are out of reach.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Agent {
    /// How long an agent may be out of reach before they count as gone. 1 s…24 h. Default 60 s
    /// (docs/compat/agents.md#reach).
    pub disconnect_grace: TimeSpan,
    /// What then happens to their e-mails and work items. Default `workbin`.
    pub gone: Gone,
    /// How long an owner may go without a request before they lose what they hold. 1 min…7 d.
    /// Default 3 h, the reference server's `handling-timeout`.
    pub handling_timeout: TimeSpan,
    /// The user-data key of a disposition when a client names none. Default `DISP_KEY`
    /// (docs/compat/interactions.md#user-data).
    pub disposition_key: String,
}

impl Default for Agent {
    fn default() -> Self {
        Self {
            disconnect_grace: TimeSpan::from_ms(60_000),
            gone: Gone::Workbin,
            handling_timeout: TimeSpan::from_ms(180 * 60 * 1_000),
            disposition_key: "DISP_KEY".to_owned(),
        }
    }
}

/// Customers who chat. They are anonymous, so their bounds are by address and by chat. What differs
/// between services is in the center file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Chat {
    /// Where files are kept that customers and agents send each other: a directory, made at the
    /// first start, `database`, the one of `store.url`, or `s3://BUCKET/PREFIX`. Empty (the
    /// default) is the database with `store.url`, and `files` below `store.path` without.
    pub files: PathBuf,
    /// The socket of a virus scanner that speaks clamd's protocol. Empty (the default) is none;
    /// with one, a file that was not found clean is refused, also when the scanner does not answer.
    pub scanner: PathBuf,
    /// Requests of customers from one address (one /64 network for IPv6), per second. 1…1,000,000.
    /// Default 500: a company's customers may share an address, and each of them polls.
    pub requests_per_second: u32,
    /// Live chats of one such address. 1…1,000,000. Default 500.
    pub chats_per_address: usize,
    /// CometD sessions of one such address. 1…1,000,000. Default 1,000: a page that is loaded anew
    /// has two for a moment.
    pub sessions_per_address: usize,
    /// What one such address may bring within an hour, by all customers' doors, in bytes. 64 KiB…1
    /// TiB. Default 256 MiB.
    pub bytes_per_address: u64,
    /// What one service takes in within an hour, from everybody, in bytes. 64 KiB…1 TiB. Default 8
    /// GiB.
    pub bytes_per_service: u64,
    /// What the customer of one chat may say, in messages per second. 1…10,000. Default 20: nobody
    /// types so fast, and a transcript fills.
    pub messages_per_second: u32,
}

impl Default for Chat {
    fn default() -> Self {
        Self {
            files: PathBuf::new(),
            scanner: PathBuf::new(),
            requests_per_second: 500,
            chats_per_address: 500,
            sessions_per_address: 1_000,
            bytes_per_address: 256 << 20,
            bytes_per_service: 8 << 30,
            messages_per_second: 20,
        }
    }
}

/// Bounds on what one client may use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Limits {
    /// Connections altogether. 1…1,000,000. Default 100,000; one more is answered 503 and closed.
    pub connections: usize,
    /// Connections of one address (of one /64 network for IPv6). 1…1,000,000. Default 512
    /// (docs/compat/conventions.md#limits).
    pub connections_per_address: usize,
    /// Connections of one user. 1…1,000,000. Default 128 (docs/compat/conventions.md#limits).
    pub connections_per_user: usize,
    /// Requests of one authenticated user, per second. 1…1,000,000. Default 2,000
    /// (docs/compat/conventions.md).
    pub requests_per_second: u32,
    /// How long a request's head may take, and a new connection may be silent. 100 ms…10 s. Default
    /// 8 s: such a connection has to be gone within 10 s, and a busy machine's timers are late.
    pub header_timeout: TimeSpan,
    /// How long a request's body may take, before the time that its bytes are worth. 100 ms…10 s.
    /// Default 8 s.
    pub body_timeout: TimeSpan,
    /// The slowest body that is waited for beyond that, in bytes per second. 1…1,000,000. Default
    /// 8,192.
    pub body_bytes_per_second: u64,
    /// How long a connection may be kept alive without a request. 1 s…60 s. Default 60 s.
    pub idle_timeout: TimeSpan,
    /// How long a client may take nothing of an answer, before the time that its bytes are worth at
    /// `body_bytes_per_second`. 1 s…5 min. Default 8 s.
    pub write_timeout: TimeSpan,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 100_000,
            connections_per_address: 512,
            connections_per_user: 128,
            requests_per_second: 2_000,
            header_timeout: TimeSpan::from_ms(8_000),
            body_timeout: TimeSpan::from_ms(8_000),
            body_bytes_per_second: 8_192,
            idle_timeout: TimeSpan::from_ms(60_000),
            write_timeout: TimeSpan::from_ms(8_000),
        }
    }
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What is logged, and how. Logs go to standard error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Log {
    /// The least level, or a list of `module=level`. Default `info`.
    pub filter: String,
    /// The form of a line. Default `text`.
    pub format: LogFormat,
    /// Whether a line is written for each request. Default `false`: on a busy server these are
    /// most lines.
    pub access: bool,
}

impl Default for Log {
    fn default() -> Self {
        Self { filter: "info".to_owned(), format: LogFormat::Text, access: false }
    }
}

impl Config {
    /// Reads a file, or the defaults without one, and applies the variables of the environment.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or something is not known, of the wrong type or out of range.
    pub(crate) fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        let Some(path) = file else {
            return Self::parse("the defaults", "", variables);
        };
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Unreadable { path: name.clone(), source })?;
        Self::parse(&name, &text, variables)
    }

    /// Reads a configuration from its text, `name` being what messages call it.
    ///
    /// # Errors
    ///
    /// As [`Config::load`].
    pub(crate) fn parse(
        name: &str,
        text: &str,
        variables: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let wrong =
            |error: toml::de::Error| ConfigError::Wrong(toml_place::describe(name, text, &error));
        let table: toml::Table = toml::from_str(text).map_err(wrong)?;
        if let Some(line) = toml_place::line_of_table(text, MAILBOX) {
            return Err(ConfigError::Wrong(format!("{name}:{line}: {MOVED}")));
        }
        let written: Self = toml::from_str(text).map_err(wrong)?;
        let overlaid = overlay::apply(written, table, variables)?;
        let config = overlaid.config;
        match check::first_fault(&config) {
            None => Ok(config),
            Some(fault) => {
                let place = overlaid.variables.get(fault.key).cloned().unwrap_or_else(|| {
                    let line = toml_place::line_of_key(text, fault.key);
                    line.map_or_else(|| name.to_owned(), |line| format!("{name}:{line}"))
                });
                Err(ConfigError::Wrong(format!("{place}: {} {}", fault.key, fault.message)))
            }
        }
    }

    /// Returns the prefix of every `uri` for a server that listens at `listening`.
    pub(crate) fn public_url(&self, listening: SocketAddr) -> String {
        if self.server.public_url.is_empty() {
            format!("{}{listening}", self.scheme())
        } else {
            self.server.public_url.trim_end_matches('/').to_owned()
        }
    }

    /// Returns what the addresses begin with at which this server is reached.
    pub(crate) fn scheme(&self) -> &'static str {
        if self.tls.is_on() { HTTPS } else { HTTP }
    }

    /// Tells whether clients come by TLS, as far as is known here.
    fn is_https(&self) -> bool {
        match (self.server.public_url.as_str(), self.sign_in.url.as_str()) {
            ("", "") => self.tls.is_on(),
            (url, sign_in) => url.starts_with(HTTPS) || sign_in.starts_with(HTTPS),
        }
    }

    /// Returns where other nodes reach a server that listens at `listening`, as a URL; `None` where
    /// they do not, or there are none.
    pub(crate) fn advertised(&self, listening: SocketAddr) -> Option<String> {
        let named = self.server.advertise.as_str();
        match (self.store.url.is_empty(), named) {
            (true, _) | (false, NOWHERE) => None,
            (false, "") => {
                (!listening.ip().is_unspecified()).then(|| format!("{}{listening}", self.scheme()))
            }
            (false, named) => Some(named.to_owned()),
        }
    }

    /// Returns where files are kept: where nothing says so, beside what else is stored.
    pub(crate) fn files(&self) -> FilesIn {
        FilesIn::named(&self.chat.files).unwrap_or_else(|| match self.store.url.is_empty() {
            true => FilesIn::Directory(self.store.path.join("files")),
            false => FilesIn::Database,
        })
    }

    /// Returns the socket of the virus scanner, when there is one.
    pub(crate) fn scanner(&self) -> Option<&Path> {
        Some(self.chat.scanner.as_path()).filter(|path| !path.as_os_str().is_empty())
    }

    /// Tells whether the session cookie is marked `Secure`.
    pub(crate) fn is_cookie_secure(&self) -> bool {
        match self.session.secure {
            Secure::Auto => self.is_https(),
            Secure::Always => true,
            Secure::Never => false,
        }
    }
}
