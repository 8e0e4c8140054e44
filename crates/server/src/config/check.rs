//! What a configuration must satisfy beyond having the right types.

use std::fmt::Display;
use std::ops::RangeInclusive;

use handoff_bus::nats::ServerAddress;
use handoff_domain::Address;
use handoff_mail::address;
use handoff_provision::{TimeSpan, is_origin, is_origin_pattern};
use tracing_subscriber::EnvFilter;
use url::Url;

use super::{Carrier, Config, FilesIn, NOWHERE, SameSite, Secure};

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const KIB: u64 = 1_024;
const MIB: u64 = 1_024 * KIB;
const MILLION: u64 = 1_000_000;

/// Something that is not as it has to be.
pub(super) struct Fault {
    /// The option as `section.key`.
    pub key: &'static str,
    /// What is wrong and what is allowed; continues a sentence that begins with the key.
    pub message: String,
}

/// Finds the first fault in the order of the file.
pub(super) fn first_fault(config: &Config) -> Option<Fault> {
    public_url(config)
        .or_else(|| node(config))
        .or_else(|| advertise(config))
        .or_else(|| proxies(config))
        .or_else(|| tls(config))
        .or_else(|| database(config))
        .or_else(|| bus(config))
        .or_else(|| files(config))
        .or_else(|| spans(config))
        .or_else(|| cookie(config))
        .or_else(|| sign_in(config))
        .or_else(|| origins(config))
        .or_else(|| scanner(config))
        .or_else(|| counts(config))
        .or_else(|| disposition_key(config))
        .or_else(|| log_filter(config))
        .or_else(|| mail(config))
        .or_else(|| retries(config))
        .or_else(|| metrics(config))
        .or_else(|| alerts(config))
        .or_else(|| traces(config))
}

fn traces(config: &Config) -> Option<Fault> {
    let traces = &config.traces;
    let endpoint = Url::parse(&traces.endpoint).ok();
    let is_place = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    let is_right = traces.endpoint.is_empty() || endpoint.as_ref().is_some_and(is_place);
    // The address itself may have a secret in it.
    let message = "is no address like \"http://127.0.0.1:4318/v1/traces\"".to_owned();
    (!is_right).then_some(Fault { key: "traces.endpoint", message })
}

/// Most characters of a node's name: it is a column of a list.
const NODE_CHARS_MAX: usize = 64;

fn node(config: &Config) -> Option<Fault> {
    let name = &config.server.node;
    let is_name = name.chars().count() <= NODE_CHARS_MAX && !name.chars().any(char::is_control);
    let message = format!(
        "has {} characters or some that cannot be printed, allowed are {NODE_CHARS_MAX}",
        name.chars().count()
    );
    (!is_name).then_some(Fault { key: "server.node", message })
}

/// Nodes speak to each other as everybody does to them.
fn advertise(config: &Config) -> Option<Fault> {
    let (address, scheme) = (config.server.advertise.as_str(), config.scheme());
    let host = address.strip_prefix(scheme).unwrap_or_default();
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let is_usable = address.is_empty() || address == NOWHERE || is_origin(address) && has_port;
    (!is_usable).then(|| Fault {
        key: "server.advertise",
        message: format!(
            "is {address:?}, expected something like \"{scheme}10.0.0.2:8090\", or \"{NOWHERE}\""
        ),
    })
}

fn proxies(config: &Config) -> Option<Fault> {
    let server = &config.server;
    (server.proxy_protocol && server.trusted_proxies.is_empty()).then(|| Fault {
        key: "server.proxy_protocol",
        message: "is true, expected the proxies that speak it in server.trusted_proxies".to_owned(),
    })
}

fn tls(config: &Config) -> Option<Fault> {
    let has_key = !config.tls.certificate_key.as_os_str().is_empty();
    (config.tls.is_on() != has_key).then(|| Fault {
        key: "tls.certificate_key",
        message: "and tls.certificate go together, expected both or none".to_owned(),
    })
}

/// Whoever is to be told is told: what is missing is found before there is trouble.
fn alerts(config: &Config) -> Option<Fault> {
    let alerts = &config.alerts;
    let is_address =
        |text: &String| address::check(&Address { name: None, address: text.clone() }).is_ok();
    if let Some(wrong) = alerts.to.iter().find(|text| !is_address(text)) {
        let message = format!("has {wrong:?}, expected addresses such as \"ops@example.com\"");
        return Some(Fault { key: "alerts.to", message });
    }
    if alerts.place().is_err() {
        let message =
            format!("is {:?}, expected something like \"smtp.example.com:465\"", alerts.relay);
        return Some(Fault { key: "alerts.relay", message });
    }
    if !alerts.to.is_empty() && !is_address(&alerts.from) {
        let message = format!("is {:?}, expected an address that mails are from", alerts.from);
        return Some(Fault { key: "alerts.from", message });
    }
    let has_password = !alerts.password_file.as_os_str().is_empty();
    (alerts.user.is_empty() == has_password).then(|| Fault {
        key: "alerts.password_file",
        message: "and alerts.user go together, expected both or none".to_owned(),
    })
}

/// Whatever can reach an LMTP listener can put mail into queues, so it is for this machine only.
fn mail(config: &Config) -> Option<Fault> {
    if config.mail.lmtp_place().is_err() {
        let message = format!(
            "is {:?}, expected an address on loopback such as \"127.0.0.1:8024\" or the absolute path of a socket",
            config.mail.lmtp
        );
        return Some(Fault { key: "mail.lmtp", message });
    }
    let relative = Some(&config.mail.authorities)
        .filter(|path| path.is_relative() && !path.as_os_str().is_empty())?;
    Some(Fault {
        key: "mail.authorities",
        message: format!("is {relative:?}, expected an absolute path"),
    })
}

/// What is wrong is told without the address, which may have a password in it.
fn database(config: &Config) -> Option<Fault> {
    let store = &config.store;
    let is_address = ["postgres://", "postgresql://"]
        .iter()
        .any(|scheme| store.url.is_empty() || store.url.reveal().starts_with(scheme));
    if !is_address {
        let message =
            "is none, expected something like \"postgres://handoff@db.example.com/handoff\"";
        return Some(Fault { key: "store.url", message: message.to_owned() });
    }
    let is_twice = !store.password.is_empty() && !store.password_file.as_os_str().is_empty();
    is_twice.then(|| Fault {
        key: "store.password_file",
        message: "is given beside store.password, expected one of them".to_owned(),
    })
}

fn files(config: &Config) -> Option<Fault> {
    let s3 = &config.s3;
    let fault = |key, message: &str| Some(Fault { key, message: message.to_owned() });
    let FilesIn::Bucket { name, prefix } = config.files() else {
        return match config.files() {
            FilesIn::Database if config.store.url.is_empty() => fault(
                "chat.files",
                "is \"database\", expected store.url beside it, which names one",
            ),
            _ if !s3.key.is_empty() || !s3.endpoint.is_empty() => {
                fault("s3.key", "is for a bucket, expected chat.files = \"s3://…\" beside it")
            }
            _ => None,
        };
    };
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || "-._/".contains(letter);
    let is_twice = !s3.secret.is_empty() && !s3.secret_file.as_os_str().is_empty();
    let is_nothing = s3.secret.is_empty() && s3.secret_file.as_os_str().is_empty();
    let is_server = ["", "http://", "https://"].iter().any(|scheme| match *scheme {
        "" => s3.endpoint.is_empty(),
        scheme => s3.endpoint.len() > scheme.len() && s3.endpoint.starts_with(scheme),
    });
    if name.is_empty() || !name.chars().chain(prefix.chars()).all(is_name) {
        return fault(
            "chat.files",
            "names no bucket, expected something like \"s3://handoff/files\"",
        );
    }
    if !is_server {
        return fault("s3.endpoint", "is none, expected something like \"https://s3.example.com\"");
    }
    if s3.key.is_empty() {
        return fault("s3.key", "is empty, expected the id of an access key");
    }
    if is_nothing {
        return fault("s3.secret", "is empty, expected the key's secret here or in s3.secret_file");
    }
    is_twice.then(|| Fault {
        key: "s3.secret_file",
        message: "is given beside s3.secret, expected one of them".to_owned(),
    })
}

/// What carries hints has to reach other nodes, and what is said of it to be of what was chosen.
fn bus(config: &Config) -> Option<Fault> {
    let bus = &config.bus;
    let fault = |key, message: &str| Some(Fault { key, message: message.to_owned() });
    match bus.kind {
        Carrier::Notify | Carrier::Nats if config.store.url.is_empty() => {
            fault("bus.kind", "is for nodes that share a database, expected store.url beside it")
        }
        Carrier::Nats if bus.servers().any(|server| ServerAddress::parse(server).is_err()) => {
            fault("bus.url", "is none, expected addresses such as \"tls://a:4222,tls://b:4222\"")
        }
        Carrier::Nats if !is_subject(&bus.subject) => fault(
            "bus.subject",
            "is none, expected letters, digits, - and _ with dots between them",
        ),
        Carrier::Nats
            if bus.certificate.as_os_str().is_empty()
                != bus.certificate_key.as_os_str().is_empty() =>
        {
            fault("bus.certificate_key", "and bus.certificate go together, expected both or none")
        }
        Carrier::Auto | Carrier::Notify | Carrier::None if !bus.url.is_empty() => {
            fault("bus.url", "is for NATS, expected bus.kind = \"nats\" beside it")
        }
        Carrier::Auto | Carrier::Notify | Carrier::Nats | Carrier::None => None,
    }
}

/// Tells whether a text is one subject of NATS, without wildcards.
fn is_subject(text: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
    text.split('.').all(|token| !token.is_empty() && token.chars().all(is_letter))
}

fn sign_in(config: &Config) -> Option<Fault> {
    let sign_in = &config.sign_in;
    let is_usable = sign_in.url.is_empty() || is_address_with_path(&sign_in.url);
    if !is_usable {
        let message = format!(
            "is {:?}, expected something like \"https://example.com/handoff\"",
            sign_in.url
        );
        return Some(Fault { key: "sign_in.url", message });
    }
    let message = sign_in.wrong()?;
    Some(Fault { key: "sign_in.provider", message })
}

/// Tells whether a text is an address that paths can be put behind.
fn is_address_with_path(text: &str) -> bool {
    let rest = ["https://", "http://"].iter().find_map(|scheme| text.strip_prefix(scheme));
    rest.is_some_and(|rest| {
        let is_letter = |letter: char| letter.is_ascii_graphic() && !"?#\"<>\\".contains(letter);
        !rest.starts_with('/') && !rest.is_empty() && rest.chars().all(is_letter)
    })
}

fn retries(config: &Config) -> Option<Fault> {
    let (retries, allowed) = (&config.mail.retries, 100..=DAY);
    let count = retries.len();
    if !(1..=20).contains(&count) {
        return Some(Fault {
            key: "mail.retries",
            message: format!("has {count} times, allowed are 1 to 20"),
        });
    }
    let wrong = retries.iter().find(|rest| !allowed.contains(&rest.ms()))?;
    Some(out_of_range("mail.retries", wrong, allowed, |ms| TimeSpan::from_ms(ms).to_string()))
}

fn metrics(config: &Config) -> Option<Fault> {
    config.metrics.place().is_err().then(|| Fault {
        key: "metrics.listen",
        message: format!(
            "is {:?}, expected an address and a port such as \"127.0.0.1:9464\"",
            config.metrics.listen
        ),
    })
}

fn disposition_key(config: &Config) -> Option<Fault> {
    config.agent.disposition_key.is_empty().then(|| Fault {
        key: "agent.disposition_key",
        message: "is empty, expected the key of an interaction's user data".to_owned(),
    })
}

fn spans(config: &Config) -> Option<Fault> {
    let Config { server, store, session, cometd, agent, mail, limits, .. } = config;
    let rows = [
        ("server.drain", server.drain, 0..=MINUTE),
        ("store.notifications_kept", store.notifications_kept, MINUTE..=30 * DAY),
        ("session.idle", session.idle, MINUTE..=24 * HOUR),
        ("cometd.timeout", cometd.timeout, SECOND..=10 * MINUTE),
        ("cometd.interval", cometd.interval, 0..=MINUTE),
        ("cometd.max_interval", cometd.max_interval, SECOND..=10 * MINUTE),
        ("agent.disconnect_grace", agent.disconnect_grace, SECOND..=24 * HOUR),
        ("agent.handling_timeout", agent.handling_timeout, MINUTE..=7 * DAY),
        ("mail.give_up_after", mail.give_up_after, MINUTE..=7 * DAY),
        ("limits.header_timeout", limits.header_timeout, 100..=10 * SECOND),
        ("limits.body_timeout", limits.body_timeout, 100..=10 * SECOND),
        ("limits.idle_timeout", limits.idle_timeout, SECOND..=MINUTE),
        ("limits.write_timeout", limits.write_timeout, SECOND..=5 * MINUTE),
    ];
    rows.into_iter().find_map(|(key, span, allowed)| {
        let outside = !allowed.contains(&span.ms());
        outside.then(|| out_of_range(key, span, allowed, |ms| TimeSpan::from_ms(ms).to_string()))
    })
}

fn counts(config: &Config) -> Option<Fault> {
    let Config { store, cometd, chat, mail, limits, .. } = config;
    let wide = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let rows = [
        ("cometd.sessions", wide(cometd.sessions), 1..=MILLION),
        ("cometd.sessions_per_user", wide(cometd.sessions_per_user), 1..=10_000),
        ("cometd.polls_per_browser", wide(cometd.polls_per_browser), 1..=64),
        ("cometd.queued_messages", wide(cometd.queued_messages), 100..=MILLION),
        ("cometd.queued_bytes", wide(cometd.queued_bytes), 64 * KIB..=1_024 * MIB),
        ("cometd.http_body_bytes", wide(cometd.http_body_bytes), 64 * KIB..=64 * MIB),
        ("cometd.websocket_message_bytes", wide(cometd.websocket_message_bytes), KIB..=16 * MIB),
        ("chat.requests_per_second", chat.requests_per_second.into(), 1..=MILLION),
        ("chat.chats_per_address", wide(chat.chats_per_address), 1..=MILLION),
        ("chat.sessions_per_address", wide(chat.sessions_per_address), 1..=MILLION),
        ("chat.bytes_per_address", chat.bytes_per_address, 64 * KIB..=MIB * MIB),
        ("chat.bytes_per_service", chat.bytes_per_service, 64 * KIB..=MIB * MIB),
        ("store.reserve_bytes", store.reserve_bytes, 0..=MIB * MIB),
        ("chat.messages_per_second", chat.messages_per_second.into(), 1..=10_000),
        ("mail.acknowledgements_per_domain", mail.acknowledgements_per_domain.into(), 0..=MILLION),
        ("mail.acknowledgements_per_hour", mail.acknowledgements_per_hour.into(), 0..=MILLION),
        ("limits.connections", wide(limits.connections), 1..=MILLION),
        ("limits.connections_per_address", wide(limits.connections_per_address), 1..=MILLION),
        ("limits.connections_per_user", wide(limits.connections_per_user), 1..=MILLION),
        ("limits.requests_per_second", limits.requests_per_second.into(), 1..=MILLION),
        ("limits.body_bytes_per_second", limits.body_bytes_per_second, 1..=MILLION),
    ];
    rows.into_iter().find_map(|(key, count, allowed)| {
        let outside = !allowed.contains(&count);
        outside.then(|| out_of_range(key, count, allowed, |bound| bound.to_string()))
    })
}

fn out_of_range(
    key: &'static str,
    value: impl Display,
    allowed: RangeInclusive<u64>,
    show: fn(u64) -> String,
) -> Fault {
    let (least, most) = (show(*allowed.start()), show(*allowed.end()));
    Fault { key, message: format!("is {value}, allowed is {least} to {most}") }
}

fn public_url(config: &Config) -> Option<Fault> {
    let url = &config.server.public_url;
    let is_usable = url.is_empty() || is_origin(url.strip_suffix('/').unwrap_or(url));
    if config.tls.is_on() && url.starts_with("http://") {
        return Some(Fault {
            key: "server.public_url",
            message: "begins with http://, and TLS alone is spoken with tls.certificate; expected \
                      https://"
                .to_owned(),
        });
    }
    (!is_usable).then(|| Fault {
        key: "server.public_url",
        message: format!(
            "is {url:?}, expected something like \"https://desk.example.com\", without a path"
        ),
    })
}

/// A cookie of foreign sites must be `Secure`, or browsers drop it
/// (docs/compat/conventions.md#logins).
fn cookie(config: &Config) -> Option<Fault> {
    let lacks_tls = !config.is_https() || config.session.secure == Secure::Never;
    (config.session.same_site == SameSite::None && lacks_tls).then(|| Fault {
        key: "session.same_site",
        message:
            "is \"None\", which requires a server.public_url that begins with https://, or tls.certificate, and a secure cookie; \
                  otherwise allowed are \"Lax\" and \"Strict\""
                .to_owned(),
    })
}

fn origins(config: &Config) -> Option<Fault> {
    let strange = config.cors.origins.iter().find(|origin| !is_origin_pattern(origin))?;
    Some(Fault {
        key: "cors.origins",
        message: format!(
            "has {strange:?}, expected origins such as \"https://desk.example.com\", without a path"
        ),
    })
}

/// A relative path would depend on where the server was started, and a scanner that is not found
/// refuses every file.
fn scanner(config: &Config) -> Option<Fault> {
    let path = config.scanner().filter(|path| !path.is_absolute())?;
    Some(Fault {
        key: "chat.scanner",
        message: format!(
            "is {path:?}, expected the absolute path of a socket such as \"/run/clamav/clamd.ctl\""
        ),
    })
}

fn log_filter(config: &Config) -> Option<Fault> {
    let problem = check_filter(&config.log.filter).err()?;
    Some(Fault {
        key: "log.filter",
        message: format!(
            "is {:?} ({problem}), expected error, warn, info, debug, trace or a list of module=level",
            config.log.filter
        ),
    })
}

/// Says why a filter cannot be read, if it cannot.
fn check_filter(filter: &str) -> Result<(), String> {
    // An empty directive would be read as "errors only", which nobody means who leaves the option
    // empty.
    if filter.trim().is_empty() {
        return Err("empty".to_owned());
    }
    EnvFilter::try_new(filter).map(drop).map_err(|error| error.to_string())
}
