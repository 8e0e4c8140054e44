//! The address of a database: read, and never shown with its password.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, LoadBalanceHosts, SslMode, TargetSessionAttrs};

use crate::postgres::explain::Sentence;
use crate::postgres::tls::Tls;

/// What addresses begin with.
const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];
/// Whether a connection is encrypted.
const SSL_MODE: &str = "sslmode";
/// A file with the certificates of whoever may have issued the server's.
const SSL_ROOT: &str = "sslrootcert";
/// Where a server listens when its address does not say.
const PORT: u16 = 5432;

/// A text that nobody is shown.
#[derive(Clone, Default)]
pub struct Hidden(String);

impl Hidden {
    /// Returns the text, for whoever needs it and shows it to nobody.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl<T: Into<String>> From<T> for Hidden {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

/// Where a database is, and how its connections are protected.
#[derive(Clone, Debug)]
pub(super) struct Address {
    pub(super) config: Config,
    pub(super) tls: Tls,
    /// Hosts and database, as messages name them.
    pub(super) name: String,
}

impl Address {
    /// Reads an address; a password beside it wins over one within.
    pub(super) fn read(url: &Hidden, password: Option<&Hidden>) -> Result<Self, Sentence> {
        let (plain, mode, root) = without_tls(url.reveal())?;
        let mut config: Config = plain.parse().map_err(|error| unreadable(&error))?;
        if let Some(password) = password {
            config.password(password.reveal());
        }
        if config.get_hosts().is_empty() {
            return Err(Sentence::new("the address names no host"));
        }
        let is_protected = match mode.as_deref() {
            Some("disable") => false,
            Some("require" | "verify-full") => true,
            None => root.is_some() || config.get_hosts().iter().any(is_elsewhere),
            Some(_) => {
                return Err(Sentence::new(
                    "sslmode is none of disable, require and verify-full; the last two are the same here: a connection that \
                     is encrypted is always to the server that its certificate names",
                ));
            }
        };
        let tls = if is_protected { Tls::trusting(root.as_deref())? } else { Tls::none() };
        config.ssl_mode(if is_protected { SslMode::Require } else { SslMode::Disable });
        // A standby cannot be written to.
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        let name = name_of(&config);
        Ok(Self { config, tls, name })
    }
}

/// Returns the configuration of each host, in the order in which they are tried: the library has
/// no bound for one that accepts a connection and says nothing, and would ask no other one.
pub(super) fn each_host(config: &Config) -> Vec<Config> {
    if config.get_load_balance_hosts() == LoadBalanceHosts::Random {
        return vec![config.clone()];
    }
    (0..config.get_hosts().len()).map(|at| host_at(config, at)).collect()
}

fn host_at(all: &Config, at: usize) -> Config {
    let mut one = Config::new();
    match &all.get_hosts()[at] {
        Host::Tcp(name) => one.host(name),
        Host::Unix(path) => one.host_path(path),
    };
    let ports = all.get_ports();
    ports.get(at).or_else(|| ports.first()).map(|port| one.port(*port));
    all.get_hostaddrs().get(at).map(|address| one.hostaddr(*address));
    all.get_user().map(|user| one.user(user));
    all.get_password().map(|password| one.password(password));
    all.get_dbname().map(|name| one.dbname(name));
    all.get_options().map(|options| one.options(options));
    all.get_application_name().map(|name| one.application_name(name));
    all.get_connect_timeout().map(|timeout| one.connect_timeout(*timeout));
    all.get_tcp_user_timeout().map(|timeout| one.tcp_user_timeout(*timeout));
    all.get_keepalives_interval().map(|interval| one.keepalives_interval(interval));
    all.get_keepalives_retries().map(|retries| one.keepalives_retries(retries));
    one.keepalives(all.get_keepalives())
        .keepalives_idle(all.get_keepalives_idle())
        .ssl_mode(all.get_ssl_mode())
        .ssl_negotiation(all.get_ssl_negotiation())
        .channel_binding(all.get_channel_binding())
        .target_session_attrs(all.get_target_session_attrs());
    one
}

/// Takes out of an address what says how connections are protected: the library knows only part
/// of it.
fn without_tls(url: &str) -> Result<(String, Option<String>, Option<PathBuf>), Sentence> {
    if !SCHEMES.iter().any(|scheme| url.starts_with(scheme)) {
        return Err(Sentence::new("the address does not begin with postgres://"));
    }
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let (mut mode, mut root, mut rest) = (None, None, Vec::new());
    for option in query.split('&').filter(|option| !option.is_empty()) {
        match option.split_once('=') {
            Some((SSL_MODE, value)) => mode = Some(value.to_owned()),
            Some((SSL_ROOT, value)) => root = Some(PathBuf::from(value.replace("%2F", "/"))),
            _ => rest.push(option),
        }
    }
    let query = rest.join("&");
    let plain = if query.is_empty() { base.to_owned() } else { format!("{base}?{query}") };
    Ok((plain, mode, root))
}

/// Says what is wrong with an address. What the library says names an option and never a value,
/// but of a password with an `&` in it a part would be taken for an option.
fn unreadable(error: &tokio_postgres::Error) -> Sentence {
    const OPTIONS: [&str; 10] = [
        "port",
        "hostaddr",
        "connect_timeout",
        "tcp_user_timeout",
        "keepalives",
        "keepalives_idle",
        "target_session_attrs",
        "channel_binding",
        "load_balance_hosts",
        "sslnegotiation",
    ];
    let text = crate::error::with_causes(error);
    let named = OPTIONS.iter().find(|option| text.contains(&format!("`{option}`")));
    let what = named.map_or_else(String::new, |option| format!(": {option} has no such value"));
    Sentence::new(format!(
        "the address cannot be read{what}; expected postgres://user@host:5432/database?option=value, in which other characters \
         than letters and digits may have to be written as % and two digits"
    ))
}

/// Tells whether others may listen on the way to a host.
fn is_elsewhere(host: &Host) -> bool {
    match host {
        Host::Unix(_) => false,
        Host::Tcp(name) => {
            let is_loopback = name.parse().is_ok_and(|address: IpAddr| address.is_loopback());
            !is_loopback && name != "localhost"
        }
    }
}

fn name_of(config: &Config) -> String {
    let ports = config.get_ports();
    let port = |at: usize| ports.get(at).or_else(|| ports.first()).copied().unwrap_or(PORT);
    let host = |(at, host): (usize, &Host)| match host {
        Host::Tcp(name) => format!("{name}:{}", port(at)),
        Host::Unix(path) => path.display().to_string(),
    };
    let hosts: Vec<String> = config.get_hosts().iter().enumerate().map(host).collect();
    format!("{}/{}", hosts.join(","), config.get_dbname().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Result<Address, String> {
        Address::read(&url.into(), None).map_err(|sentence| sentence.to_string())
    }

    fn mode(url: &str) -> SslMode {
        read(url).unwrap().config.get_ssl_mode()
    }

    #[test]
    fn what_leaves_this_machine_is_encrypted_unless_told_otherwise() {
        assert_eq!(mode("postgres://a@db.example/b"), SslMode::Require);
        assert_eq!(mode("postgres://a@db.example/b?sslmode=disable"), SslMode::Disable);
        assert_eq!(mode("postgres://a@localhost,db.example/b"), SslMode::Require);
        for here in ["localhost", "127.0.0.1", "%2Frun%2Fpostgresql"] {
            assert_eq!(mode(&format!("postgres://a@{here}/b")), SslMode::Disable, "{here}");
            assert_eq!(mode(&format!("postgres://a@{here}/b?sslmode=require")), SslMode::Require);
        }
        assert!(read("postgres://a@h/b?sslmode=prefer").unwrap_err().contains("disable, require"));
    }

    #[test]
    fn hosts_and_database_are_named_and_nothing_else() {
        let address = read("postgres://kate:s3cret@one,two:5433/desk?sslmode=disable").unwrap();
        assert_eq!(address.name, "one:5432,two:5433/desk");
        assert!(!format!("{address:?}").contains("s3cret"), "{address:?}");
        let options = crate::PostgresOptions::new("postgres://kate:s3cret@one/desk");
        assert!(!format!("{options:?}").contains("s3cret"), "{options:?}");
    }

    #[test]
    fn no_part_of_a_password_is_in_a_complaint() {
        for url in [
            "postgres://kate:s3cret&word@host:port/desk",
            "postgres://kate:s3cret?s3cret=s3cret@host:port/desk",
            "postgres://kate:%s3cret@host:x/desk",
            "host=h password=s3cret",
            "postgres://host/desk?password=s3cret&s3cret=1",
        ] {
            let complaint = read(url).unwrap_err();
            assert!(!complaint.contains("s3cret"), "{url}: {complaint}");
        }
    }

    #[test]
    fn a_password_beside_the_address_wins() {
        let address =
            Address::read(&"postgres://a:b@h/d?sslmode=disable".into(), Some(&"c".into()));
        assert_eq!(address.unwrap().config.get_password(), Some(b"c".as_slice()));
    }
}
