//! From the configuration to the options of each crate.

use std::net::SocketAddr;
use std::sync::Arc;

use handoff_api::customer;
use handoff_api::wire::resource::PublicUrl;
use handoff_content::space::{DiskSpace, Space};
use handoff_domain::interaction::decide::GonePolicy;

use handoff_engine::{AcknowledgementLimits, Core, IdSource};

use crate::accept::{self, Observer};
use crate::config::{Config, FilesIn, Gone, HTTP, SameSite};
use crate::sign_in;

/// The largest body of a customer's CometD request, in bytes: some messages of the longest text.
const CUSTOMERS_BODY_BYTES: usize = 256 << 10;

/// Characters of a node's prefix: 36^8 of them, so that two nodes of a cluster have the same one
/// once in many millions of years.
const PREFIX_CHARS: usize = 8;

/// Returns the engine's options; a server that listens at an address is reached by other nodes.
pub(super) fn engine(
    config: &Config,
    ids: &dyn IdSource,
    listening: Option<SocketAddr>,
) -> handoff_engine::Options {
    let gone = match config.agent.gone {
        Gone::Workbin => GonePolicy::Workbin,
        Gone::Requeue => GonePolicy::Requeue,
    };
    let rules = handoff_domain::interaction::decide::Options {
        handling_timeout_ms: config.agent.handling_timeout.ms(),
        gone,
        disposition_key: config.agent.disposition_key.clone(),
        ..Default::default()
    };
    handoff_engine::Options {
        rules,
        node_name: node_name(config),
        session_prefix: if config.store.url.is_empty() { String::new() } else { prefix(ids) },
        node_address: listening.map(|address| node_address(config, address)).unwrap_or_default(),
        disconnect_grace_ms: config.agent.disconnect_grace.ms(),
        stream_retention_ms: config.store.notifications_kept.ms(),
        login_idle_ms: config.session.idle.ms(),
        mail_give_up_ms: config.mail.give_up_after.ms(),
        mail_rests_ms: config.mail.retries.iter().map(|rest| rest.ms()).collect(),
        acknowledgements: AcknowledgementLimits {
            per_domain: config.mail.acknowledgements_per_domain,
            in_all: config.mail.acknowledgements_per_hour,
        },
        ..Default::default()
    }
}

/// Returns what operators are shown this node as.
pub(crate) fn node_name(config: &Config) -> String {
    if !config.server.node.is_empty() {
        return config.server.node.clone();
    }
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim().to_owned()
}

/// Returns where other nodes reach this one. A plain address has no scheme: older programs know no
/// other.
fn node_address(config: &Config, listening: SocketAddr) -> String {
    let url = config.advertised(listening).unwrap_or_default();
    url.strip_prefix(HTTP).map(str::to_owned).unwrap_or(url)
}

/// Makes what the ids of a node's CometD sessions begin with: one that is started again has
/// another, so that nobody asks it for the sessions of before.
fn prefix(ids: &dyn IdSource) -> String {
    const ALPHABET: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut rest = ids.random();
    let letter = |_| {
        let place = usize::try_from(rest % 36).unwrap_or_default();
        rest /= 36;
        char::from(ALPHABET[place])
    };
    (0..PREFIX_CHARS).map(letter).collect()
}

/// Returns the limits of agents' and of customers' notifications. Customers have another cookie
/// than an agent who uses the same browser.
pub(super) fn sessions(
    config: &Config,
    core: &Core,
) -> (handoff_cometd::Limits, handoff_cometd::Limits) {
    let prefix = &core.options().session_prefix;
    let agents = comet_limits(config, "/", prefix);
    let customers = comet_limits(config, customer::ROOT, prefix);
    // Hundreds of strangers may send as much as this at the same time.
    let http_body_bytes = customers.http_body_bytes.min(CUSTOMERS_BODY_BYTES);
    (agents, handoff_cometd::Limits { http_body_bytes, ..customers })
}

/// Returns the options of the customers' side.
pub(super) fn customers(config: &Config) -> customer::Options {
    customer::Options {
        requests_per_s: config.chat.requests_per_second,
        chats_per_address: config.chat.chats_per_address,
        messages_per_s: config.chat.messages_per_second,
        sessions_per_address: config.chat.sessions_per_address,
        bytes_per_address: config.chat.bytes_per_address,
        bytes_per_service: config.chat.bytes_per_service,
    }
}

/// Returns the room on the disks that the server writes to.
pub(super) fn space(config: &Config) -> Arc<DiskSpace> {
    let log = config.store.path.join(format!("{}-wal", crate::stored::DATABASE));
    let mut directories = vec![config.store.path.clone()];
    if let FilesIn::Directory(files) = config.files() {
        directories.push(files);
    }
    DiskSpace::new(directories, log, config.store.reserve_bytes)
}

/// Returns the options of files.
pub(super) fn content(config: &Config, space: Arc<dyn Space>) -> handoff_content::Options {
    handoff_content::Options { space, scanner: config.scanner().map(Into::into) }
}

fn comet_limits(config: &Config, cookie_path: &str, prefix: &str) -> handoff_cometd::Limits {
    let (wanted, defaults) = (&config.cometd, handoff_cometd::Limits::default());
    let secure = if config.is_cookie_secure() { "; Secure" } else { "" };
    let same_site = config.session.same_site;
    handoff_cometd::Limits {
        timeout_ms: wanted.timeout.ms(),
        interval_ms: wanted.interval.ms(),
        max_interval_ms: wanted.max_interval.ms(),
        sessions: wanted.sessions,
        sessions_per_identity: wanted.sessions_per_user,
        held_polls_per_browser: wanted.polls_per_browser,
        queued_messages: wanted.queued_messages,
        queued_bytes: wanted.queued_bytes,
        http_body_bytes: wanted.http_body_bytes,
        websocket_message_bytes: wanted.websocket_message_bytes,
        // Behind a load balancer another node takes them.
        shutdown_interval_ms: match config.server.drain.ms() {
            0 => defaults.shutdown_interval_ms,
            _ => 0,
        },
        // A socket that only waits speaks once in each timeout, so it must be allowed to be silent
        // for longer.
        websocket_idle_ms: defaults.websocket_idle_ms.max(wanted.timeout.ms().saturating_mul(2)),
        cookie_attributes: format!("Path={cookie_path}; HttpOnly; SameSite={same_site:?}{secure}")
            .into(),
        session_prefix: prefix.to_owned().into(),
        ..defaults
    }
}

/// Returns the API's options for a server that listens at an address.
///
/// # Errors
///
/// When a provider cannot be used as it is configured.
pub(super) fn api(config: &Config, listening: SocketAddr) -> anyhow::Result<handoff_api::Options> {
    let url = PublicUrl::new(&config.public_url(listening));
    let sign_in_url = sign_in::url(config, listening);
    Ok(handoff_api::Options {
        providers: sign_in::providers(config, &sign_in_url)?,
        sign_in_url,
        same_site: match config.session.same_site {
            SameSite::Lax => handoff_api::SameSite::Lax,
            SameSite::Strict => handoff_api::SameSite::Strict,
            SameSite::None => handoff_api::SameSite::None,
        },
        secure_cookie: config.is_cookie_secure(),
        session_keys: match config.store.url.is_empty() {
            true => handoff_api::SessionKeys::OfThisNode,
            false => handoff_api::SessionKeys::OfAllNodes,
        },
        cors_origins: config.cors.origins.clone(),
        requests_per_s: config.limits.requests_per_second,
        ..handoff_api::Options::new(url)
    })
}

/// Returns what looks at every request.
pub(super) fn observer(config: &Config, core: &Core) -> Arc<Observer> {
    let prefix = u32::try_from(core.ids().random() >> 96).unwrap_or_default();
    Arc::new(if config.log.access { Observer::writing(prefix) } else { Observer::default() })
}

/// Returns the limits of connections.
pub(crate) fn accept(config: &Config) -> accept::Limits {
    let limits = &config.limits;
    accept::Limits {
        connections: limits.connections,
        connections_per_address: limits.connections_per_address,
        connections_per_user: limits.connections_per_user,
        header_timeout: limits.header_timeout.duration(),
        body_timeout: limits.body_timeout.duration(),
        body_bytes_per_second: limits.body_bytes_per_second,
        idle_timeout: limits.idle_timeout.duration(),
        write_timeout: limits.write_timeout.duration(),
    }
}
