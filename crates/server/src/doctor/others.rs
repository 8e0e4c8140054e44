//! Whether the other nodes over one database reach this one.

use super::finding::Finding;
use crate::config::{Config, NOWHERE};

/// Looks at what they are told; nothing where a server is alone.
pub(super) fn reach(config: &Config) -> Option<Finding> {
    let what = "other nodes";
    if config.store.url.is_empty() {
        return None;
    }
    let listening = config.server.listen;
    let named = config.server.advertise.as_str();
    Some(match config.advertised(listening) {
        Some(address) if named.is_empty() && listening.ip().is_loopback() => Finding::Fine {
            what,
            detail: format!(
                "those on this machine reach this one at {address}, and no others \
                 (server.advertise)"
            ),
        },
        Some(address) => Finding::Fine { what, detail: format!("reach this one at {address}") },
        None if named == NOWHERE => Finding::Fine {
            what,
            detail: "do not reach this one, as server.advertise says: the load balancer has to \
                     keep each browser at one node"
                .to_owned(),
        },
        None => Finding::Bad {
            what,
            problem: format!("are not told where to reach this one, which listens at {listening}"),
            advice: "set server.advertise to its address in their network, or to \"none\" where \
                     the load balancer keeps each browser at one node",
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_others_cannot_reach_is_told() {
        let said = |url: &str, listen: &str, advertise: &str| {
            let pairs = [
                ("HANDOFF__STORE__URL", url),
                ("HANDOFF__SERVER__LISTEN", listen),
                ("HANDOFF__SERVER__ADVERTISE", advertise),
            ];
            let variables = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
            let config = Config::parse("test", "", variables.into_iter()).unwrap();
            reach(&config).map(|finding| finding.to_string())
        };
        let url = "postgres://db/handoff";
        assert_eq!(said("", "0.0.0.0:8090", ""), None, "it is alone");
        let check = |listen, advertise, part: &str| {
            let said = said(url, listen, advertise).unwrap();
            assert!(said.contains(part), "{said:?} lacks {part:?}");
        };
        check("0.0.0.0:8090", "", "problem other nodes: are not told where");
        check("[::]:8090", "", "problem other nodes");
        check(
            "0.0.0.0:8090",
            "http://10.0.0.2:8090",
            "ok      other nodes: reach this one at http://10.0.0.2:8090",
        );
        check("10.0.0.2:8090", "", "ok      other nodes: reach this one at http://10.0.0.2:8090");
        check("127.0.0.1:8090", "", "those on this machine");
        check("10.0.0.2:8090", "none", "has to keep each browser at one node");
    }
}
