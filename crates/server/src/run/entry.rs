//! How connections begin, from the configuration.

use std::sync::Arc;

use handoff_engine::Clock;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::accept::{Entry, Proxies};
use crate::config::{self, Config};
use crate::tls::{Serving, Tls};

/// Returns how connections begin, and the certificate in use where TLS is spoken; another one is
/// taken up until the server stops. Must be called within the runtime.
///
/// # Errors
///
/// When the certificate cannot be used.
pub(super) fn open(
    config: &Config,
    clock: Arc<dyn Clock>,
    (tasks, stopping): (&TaskTracker, &CancellationToken),
) -> anyhow::Result<(Entry, Option<Arc<Serving>>)> {
    let server = &config.server;
    let proxies = Proxies::of(server.trusted_proxies.iter().copied());
    let entry = Entry { proxies, proxy_protocol: server.proxy_protocol, tls: None };
    let Some(tls) = Tls::new(&config.tls, &*clock)? else {
        if is_open(server) {
            tracing::warn!(
                listen = %server.listen,
                "passwords go over the network as they are: name a certificate ([tls]), or the \
                 proxy that has one (server.trusted_proxies)"
            );
        }
        return Ok((entry, None));
    };
    let (acceptor, serving) = (tls.acceptor(), tls.serving());
    tasks.spawn(stopping.clone().run_until_cancelled_owned(tls.follow(clock)));
    Ok((Entry { tls: Some(acceptor), ..entry }, Some(serving)))
}

/// Tells whether a server that speaks plain HTTP is reached from elsewhere without anybody between
/// who encrypts, as far as it is told.
fn is_open(server: &config::Server) -> bool {
    !server.listen.ip().is_loopback() && server.trusted_proxies.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_listens_beyond_this_machine_for_whoever_comes_is_open() {
        let open = |listen: &str, proxies: &str| {
            let text = format!("[server]\nlisten = {listen:?}\ntrusted_proxies = [{proxies}]\n");
            is_open(&Config::parse("test", &text, std::iter::empty()).unwrap().server)
        };
        assert!(open("0.0.0.0:8090", "") && open("[::]:8090", "") && open("10.0.0.2:8090", ""));
        assert!(!open("127.0.0.1:8090", "") && !open("[::1]:8090", ""));
        assert!(!open("0.0.0.0:8090", "\"10.0.0.1\""));
    }
}
