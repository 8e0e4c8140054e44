//! Every number that the loops depend on.

/// Every number the loops depend on.
#[derive(Clone, Debug)]
pub struct Options {
    /// The rules' own.
    pub rules: handoff_domain::Options,
    /// What people call this node; by default nothing.
    pub node_name: String,
    /// What the ids of CometD sessions on this node begin with; by default nothing.
    pub session_prefix: String,
    /// Where other nodes reach this one, as `host:port`; by default nowhere.
    pub node_address: String,
    /// How long an agent may be out of reach before they count as gone, in ms; default 60,000
    /// (docs/compat/agents.md#reach, `agent.disconnect_grace`).
    pub disconnect_grace_ms: u64,
    /// How long a node counts as living without saying so again, in ms; default 10,000: a store
    /// that stands still for some seconds kills nobody, and the grace of the agents of a node that
    /// died begins soon enough. A node says so five times as often.
    pub lease_ms: u64,
    /// How long notifications are kept for replay, in ms; default 86,400,000
    /// (docs/compat/notifications.md#replay).
    pub stream_retention_ms: u64,
    /// How long a login session may go unused, in ms; default 1,800,000
    /// (docs/compat/conventions.md#logins).
    pub login_idle_ms: u64,
    /// How often a worker looks without a hint, in ms; default 1,000. It bounds the delay of a lost
    /// hint.
    pub period_ms: u64,
    /// How often the board is read anew from the store, in ms; default 60,000. It bounds the life
    /// of a wrong entry; what other nodes commit is followed by the log.
    pub reload_ms: u64,
    /// How often it is asked whether the directory was changed, in ms; default 500. When a hint
    /// was lost, a change takes effect within a second with it.
    pub directory_ms: u64,
    /// How often the login sessions by which something is open are looked at without a hint, in ms;
    /// default 30,000. It bounds how long that goes on when a logout on another node was not heard
    /// of.
    pub logins_ms: u64,
    /// How often old rows are swept, in ms; default 60,000.
    pub sweep_ms: u64,
    /// How often the outbox is looked through without a reason, in ms; default 30,000. It bounds
    /// the delay of a wake-up that was lost.
    pub outbox_ms: u64,
    /// How long a mail is tried before it goes back to who sent it, in ms; default 172,800,000: two
    /// days, less than the four or five of RFC 5321, section 4.5.4.1, because a customer waits for
    /// it.
    pub mail_give_up_ms: u64,
    /// How long a mail rests after each attempt that failed, in ms; the last counts from then on.
    /// At least one; by default 1, 2, 5, 15, 30 and 60 minutes: most mail servers begin as fast and
    /// end slower, but here somebody waits for an answer.
    pub mail_rests_ms: Vec<u64>,
    /// How long an event is sent again that a webhook's receiver does not take, in ms; default
    /// 259,200,000: three days, for a receiver that breaks down before a weekend.
    pub webhook_give_up_ms: u64,
    /// How many acknowledgements go out.
    pub acknowledgements: AcknowledgementLimits,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            rules: handoff_domain::Options::default(),
            node_name: String::new(),
            session_prefix: String::new(),
            node_address: String::new(),
            disconnect_grace_ms: 60_000,
            lease_ms: 10_000,
            stream_retention_ms: 24 * 60 * 60 * 1_000,
            login_idle_ms: 30 * 60 * 1_000,
            period_ms: 1_000,
            reload_ms: 60_000,
            directory_ms: 500,
            logins_ms: 30_000,
            sweep_ms: 60_000,
            outbox_ms: 30_000,
            mail_give_up_ms: 48 * 60 * 60 * 1_000,
            mail_rests_ms: [1, 2, 5, 15, 30, 60].map(|minutes| minutes * 60_000).to_vec(),
            webhook_give_up_ms: 3 * 24 * 60 * 60 * 1_000,
            acknowledgements: AcknowledgementLimits::default(),
        }
    }
}

/// How many acknowledgements a contact center sends in an hour at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AcknowledgementLimits {
    /// To one domain. Default 100: more than write for the first time in an hour even from a large
    /// provider to most contact centers.
    pub per_domain: u32,
    /// In all. Default 1,000.
    pub in_all: u32,
}

impl Default for AcknowledgementLimits {
    fn default() -> Self {
        Self { per_domain: 100, in_all: 1_000 }
    }
}
