//! Every bound of the server, with unit and reason.
//!
//! The timers are those of the reference server (bayeux.md 1.13), so that existing clients see the
//! rhythm they know. What happens at each bound is told with it, and tested for each in
//! `tests/it/bounds.rs`.

use std::borrow::Cow;

/// The bounds and timers of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long a connect is held, in ms. 0…600 000. Default 30 000, as the reference; keep it
    /// below the idle timeout of every proxy on the way.
    pub timeout_ms: u64,
    /// How long a client waits before its next connect, in ms. Default 0, as the reference.
    pub interval_ms: u64,
    /// How long a session outlives its last connect reply beyond the interval, in ms. Default 10
    /// 000, as the reference: enough for a page reload or a client's first reconnection attempts.
    pub max_interval_ms: u64,
    /// How long a session without its first connect lives after the handshake, in ms. Default 10
    /// 000: anybody may be able to handshake, so what costs memory must be short-lived.
    pub first_connect_ms: u64,
    /// The advised interval for a browser with too many held polls, and for a client whose connects
    /// overlap, in ms. Default 2 000, as the reference's `multiSessionInterval`; 0 refuses the
    /// further poll for good, as there.
    pub multi_session_interval_ms: u64,
    /// Whether advice tells `max_interval_ms` too, as with the reference's `handshakeReconnect`: a
    /// client that was cut off for longer then shakes hands at once instead of asking for a session
    /// that is gone. Default `false`, as there.
    pub tells_max_interval: bool,
    /// How long a lazy message may wait for company, in ms. Default 5 000, as the reference.
    pub max_lazy_ms: u64,
    /// Deadlines that lie closer together than this share one wake-up, in ms. Default 25:
    /// unnoticeable next to the other timers, and bounds the wake-ups of ten thousand sessions to
    /// forty a second.
    pub timer_step_ms: u64,
    /// The advised interval when the server shuts down, in ms. Default 1 000: spreads the return of
    /// the clients.
    pub shutdown_interval_ms: u64,
    /// How long shutdown waits for held polls and sockets to be answered, in ms. Default 5 000:
    /// half of the ten seconds that a whole program usually has.
    pub shutdown_wait_ms: u64,

    /// The largest HTTP body, in bytes. Default 1 MiB: 64 messages of the largest chat text fit
    /// many times. A larger one is answered by HTTP 413.
    pub http_body_bytes: usize,
    /// The longest time for a body to arrive, in ms. Default 10 000: a slow sender holds a
    /// connection, not a session. A slower one is answered by HTTP 408.
    pub http_body_ms: u64,
    /// The largest WebSocket message, in bytes. Default 64 KiB, what the reference's container
    /// allows. A larger one closes the socket with 1009; the session lives on.
    pub websocket_message_bytes: usize,
    /// The WebSocket read buffer, in bytes. Default 1 024: it is allocated per socket at once, and
    /// the library's own default of 128 KiB makes up 95 % of an idle socket's memory. What clients
    /// say all the time has some 200 bytes; a larger message is read in pieces.
    pub websocket_read_buffer_bytes: usize,
    /// How long a write to a socket may take, in ms. Default 8 000: a reader that takes nothing
    /// for so long is cut; its messages stay in the session.
    pub websocket_write_ms: u64,
    /// How long a socket may be open without a session, in ms. Default 8 000: anybody may open one,
    /// and every client shakes hands at once.
    pub websocket_session_ms: u64,
    /// How long a socket is not read after a message was refused because there were too many, in
    /// ms. Default 500: whoever sends without pause is held up by its own messages, and costs no
    /// more than a request or two a second.
    pub websocket_refused_ms: u64,
    /// How long a socket may be silent, in ms. Default 60 000: it must exceed `timeout_ms`, after
    /// which every client that is alive speaks. Half of it after the last frame the server pings;
    /// who stays silent is closed with 1000.
    pub websocket_idle_ms: u64,

    /// Messages in one request. Default 64: clients batch a handful. More are refused as what is no
    /// batch at all: HTTP 400, close code 1011.
    pub batch_messages: usize,
    /// Nesting of objects and arrays in a request. Default 64, far below what would exhaust a
    /// stack. More is refused as too many messages are.
    pub json_depth: usize,
    /// Characters of a channel name. Default 512: ids in paths are some tens of characters. A
    /// longer one is invalid: `403::subscription_invalid`, `405::channel_invalid`.
    pub channel_bytes: usize,
    /// Subscriptions of one session. Default 256: some for every topic and workbin. One more is
    /// refused with `403::subscribe_failed`; those that stand stay.
    pub subscriptions_per_session: usize,
    /// Messages queued for one session. Default 10 000: what a busy agent gets in a long
    /// reconnection. One more cuts the session off: its next connect is told to handshake, the
    /// application learns of an overflow.
    pub queued_messages: usize,
    /// Bytes queued for one session. Default 4 MiB; overflow as for `queued_messages`.
    pub queued_bytes: usize,
    /// Messages queued for one session up to which more may be offered. Default 1 000: one full
    /// reply. Beyond it an offer waits until half of them are gone; nobody is cut off.
    pub offered_messages: usize,
    /// Messages in one reply. Default 1 000; the rest goes with the next one.
    pub reply_messages: usize,
    /// Bytes of messages in one reply. Default 1 MiB, below the 4 MiB frame limit of Python's
    /// aiohttp; one message may exceed it.
    pub reply_bytes: usize,
    /// A long-polling reply from this size on is compressed for clients that accept gzip, in bytes.
    /// Default 1 280: with its headers a smaller one fits into one TCP segment, and packing it
    /// would cost 20 µs for nothing. `usize::MAX` compresses nothing.
    pub gzip_from_bytes: usize,
    /// Sessions of one identity. Default 64: several desktops and tabs, and the ghosts of reloads.
    /// Further handshakes are refused for the time being.
    pub sessions_per_identity: usize,
    /// Sessions of one source ([`crate::Source`]). Default 200 000, which is no bound of its own:
    /// what a source is, whoever names it knows. Further handshakes are refused for the time being.
    pub sessions_per_source: usize,
    /// Held polls of one browser, by its cookie. Default 1, as the reference's
    /// `maxSessionsPerBrowser`: a browser has six connections for everything, and two held polls of
    /// each page soon use them up.
    pub held_polls_per_browser: usize,
    /// The attributes of the `BAYEUX_BROWSER` cookie. Default
    /// `Path=/; HttpOnly; SameSite=Lax`; add `Secure` under TLS.
    pub cookie_attributes: Cow<'static, str>,
    /// What every session id begins with, in letters and digits that the id is unpredictable
    /// without. Default nothing: where several servers stand behind one address it tells which of
    /// them has the session.
    pub session_prefix: Cow<'static, str>,
    /// Sessions altogether. Default 200 000: about what the memory of one machine bears. Further
    /// handshakes are refused for the time being.
    pub sessions: usize,
}

impl Limits {
    /// Bytes queued for one session up to which more may be offered: a quarter of
    /// [`Limits::queued_bytes`]. The rest is for what cannot wait.
    #[must_use]
    pub const fn offered_bytes(&self) -> usize {
        self.queued_bytes / 4
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            timeout_ms: 30_000,
            interval_ms: 0,
            max_interval_ms: 10_000,
            first_connect_ms: 10_000,
            multi_session_interval_ms: 2_000,
            tells_max_interval: false,
            max_lazy_ms: 5_000,
            timer_step_ms: 25,
            shutdown_interval_ms: 1_000,
            shutdown_wait_ms: 5_000,
            http_body_bytes: 1 << 20,
            http_body_ms: 10_000,
            websocket_message_bytes: 64 << 10,
            websocket_read_buffer_bytes: 1_024,
            websocket_write_ms: 8_000,
            websocket_session_ms: 8_000,
            websocket_refused_ms: 500,
            websocket_idle_ms: 60_000,
            batch_messages: 64,
            json_depth: 64,
            channel_bytes: 512,
            subscriptions_per_session: 256,
            queued_messages: 10_000,
            queued_bytes: 4 << 20,
            offered_messages: 1_000,
            reply_messages: 1_000,
            reply_bytes: 1 << 20,
            gzip_from_bytes: 1_280,
            sessions_per_identity: 64,
            sessions_per_source: 200_000,
            held_polls_per_browser: 1,
            cookie_attributes: Cow::Borrowed("Path=/; HttpOnly; SameSite=Lax"),
            session_prefix: Cow::Borrowed(""),
            sessions: 200_000,
        }
    }
}
