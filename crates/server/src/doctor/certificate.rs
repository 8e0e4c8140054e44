//! Whether the server's certificate can be used, and for how long.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use handoff_api::wire::date;
use handoff_domain::Time;

use super::finding::Finding;
use crate::config::Config;
use crate::tls::Pair;

/// What all users of the machine may do, as bits of a file's mode: a key may have a group of its
/// own.
const EVERYBODY: u32 = 0o007;

/// Looks at the certificate and its key; nothing where plain HTTP is spoken.
pub(super) fn look(config: &Config, now: Time) -> Option<Finding> {
    let what = "certificate";
    let tls = &config.tls;
    if !tls.is_on() {
        return None;
    }
    let bad = |problem, advice| Some(Finding::Bad { what, problem, advice });
    let pair = match Pair::read(tls) {
        Ok(pair) => pair,
        Err(error) => {
            return bad(
                format!("{error:#}"),
                "name a certificate and its key; no server starts so",
            );
        }
    };
    let (certificate, key) = (tls.certificate.display(), tls.certificate_key.display());
    if let Some(fault) = pair.fault(now) {
        let advice = "put another pair in its place, which a server takes up while it runs";
        return bad(format!("{certificate} {fault}"), advice);
    }
    if is_everybodys(&tls.certificate_key) {
        return bad(format!("everybody on this machine may use the key {key}"), "chmod o= it");
    }
    let ends = date::print_iso(pair.ends);
    Some(Finding::Fine { what, detail: format!("{certificate} goes with its key until {ends}") })
}

fn is_everybodys(key: &Path) -> bool {
    std::fs::metadata(key).is_ok_and(|about| about.permissions().mode() & EVERYBODY != 0)
}

/// Returns what a start refuses of the certificate and its key, and what it takes and says is
/// wrong.
pub(super) fn refused(config: &Config, now: Time) -> Result<Option<String>, String> {
    if !config.tls.is_on() {
        return Ok(None);
    }
    let pair = Pair::read(&config.tls).map_err(|error| format!("{error:#}"))?;
    let certificate = config.tls.certificate.display();
    Ok(pair.fault(now).map(|fault| format!("tls.certificate: {certificate} {fault}")))
}

#[cfg(test)]
mod tests {
    use std::fs::{Permissions, set_permissions};

    use handoff_testkit::tls::Authority;

    use super::*;

    #[test]
    fn what_is_wrong_with_a_pair_is_told() {
        let authority = Authority::make().unwrap();
        let files = authority.certify("server", 30).unwrap();
        let mut config = Config::default();
        assert!(look(&config, Time(0)).is_none(), "plain HTTP");
        config.tls.certificate = files.certificate.clone();
        config.tls.certificate_key = files.key.clone();
        set_permissions(&files.key, Permissions::from_mode(0o640)).unwrap();
        let begins = Pair::read(&config.tls).unwrap().begins;
        let told = |config: &Config, days: i64| {
            let now = Time(begins.0 + days * 24 * 60 * 60 * 1_000);
            (look(config, now).unwrap().to_string(), refused(config, now))
        };
        let (said, refused) = told(&config, 0);
        assert!(said.starts_with("ok      certificate: ") && refused == Ok(None), "{said}");
        for (days, part) in [(17, " expires on "), (40, " expired on ")] {
            let (said, refused) = told(&config, days);
            assert!(said.starts_with("problem certificate: ") && said.contains(part), "{said}");
            assert!(refused.unwrap().unwrap().contains(part), "it starts all the same");
        }
        set_permissions(&files.key, Permissions::from_mode(0o644)).unwrap();
        assert!(told(&config, 0).0.contains("everybody on this machine may use the key"));
        config.tls.certificate_key = authority.certify("other", 30).unwrap().key;
        let (said, refused) = told(&config, 0);
        assert!(said.contains("other.key is not the key of"), "{said}");
        assert!(refused.unwrap_err().contains("other.key is not the key of"));
    }
}
