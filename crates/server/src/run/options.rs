//! From the configuration to the options of each crate.

use std::sync::Arc;

use handoff_api::customer;
use handoff_api::wire::resource::PublicUrl;
use handoff_content::space::{DiskSpace, Space};
use handoff_domain::interaction::decide::GonePolicy;

use handoff_engine::AcknowledgementLimits;

use crate::accept;
use crate::config::{Config, Gone, SameSite};

/// The largest body of a customer's CometD request, in bytes: some messages of the longest text.
const CUSTOMERS_BODY_BYTES: usize = 256 << 10;

/// Returns the engine's options.
pub(super) fn engine(config: &Config) -> handoff_engine::Options {
    let gone = match config.agent.gone {
        Gone::Workbin => GonePolicy::Workbin,
        Gone::Requeue => GonePolicy::Requeue,
    };
    let rules = handoff_domain::interaction::decide::Options {
        handling_timeout_ms: config.agent.handling_timeout.ms(),
        gone,
        ..Default::default()
    };
    handoff_engine::Options {
        rules,
        node_name: node_name(config),
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
fn node_name(config: &Config) -> String {
    if !config.server.node.is_empty() {
        return config.server.node.clone();
    }
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim().to_owned()
}

/// Returns the limits of agents' notifications.
pub(super) fn cometd(config: &Config) -> handoff_cometd::Limits {
    comet_limits(config, "/")
}

/// Returns the limits of customers' notifications. Their cookie is another than that of an agent
/// who uses the same browser.
pub(super) fn customers_cometd(config: &Config) -> handoff_cometd::Limits {
    let limits = comet_limits(config, customer::ROOT);
    // Hundreds of strangers may send as much as this at the same time.
    handoff_cometd::Limits {
        http_body_bytes: limits.http_body_bytes.min(CUSTOMERS_BODY_BYTES),
        ..limits
    }
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
    let directories = vec![config.store.path.clone(), config.files()];
    DiskSpace::new(directories, log, config.store.reserve_bytes)
}

/// Returns the options of files.
pub(super) fn content(config: &Config, space: Arc<dyn Space>) -> handoff_content::Options {
    handoff_content::Options { space, scanner: config.scanner().map(Into::into) }
}

fn comet_limits(config: &Config, cookie_path: &str) -> handoff_cometd::Limits {
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
        ..defaults
    }
}

/// Returns the API's options.
pub(super) fn api(config: &Config, url: PublicUrl) -> handoff_api::Options {
    handoff_api::Options {
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
        disposition_key: config.agent.disposition_key.clone(),
        ..handoff_api::Options::new(url)
    }
}

/// Returns the limits of connections.
pub(super) fn accept(config: &Config) -> accept::Limits {
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
