//! Whether people can sign in by the configured providers.

use handoff_domain::Time;

use super::finding::Finding;
use crate::config::Config;
use crate::sign_in;

const WHAT: &str = "provider";

/// Asks each provider what it says of itself.
pub(super) async fn look(config: &Config, now: Time) -> Vec<Finding> {
    let url = sign_in::url(config, config.server.listen);
    let mut findings = Vec::new();
    for it in &config.sign_in.provider {
        let advice = "nobody signs in by it until it is corrected";
        let bad = |problem: String| Finding::Bad { what: WHAT, problem, advice };
        let provider = match sign_in::provider(it, &url) {
            Ok(made) => made.provider,
            Err(error) => {
                findings.push(bad(format!("{error:#}")));
                continue;
            }
        };
        findings.push(match provider.look(now).await {
            Ok(keys) => Finding::Fine {
                what: WHAT,
                detail: format!(
                    "{} answers and has {keys} keys; it sends browsers back to {}",
                    it.name,
                    url.way_back(&it.name)
                ),
            },
            Err(error) => bad(format!("{}: {:#}", it.name, anyhow::Error::from(error))),
        });
    }
    findings
}

#[cfg(test)]
mod tests {
    use handoff_testkit::{Issuer, Wrongs};
    use serde_json::json;

    use super::*;

    const NOW: Time = Time(1_767_960_000_000);

    async fn said(issuer: &str, more: &str) -> String {
        let text = format!(
            "[[sign_in.provider]]\nname = \"corp\"\nissuer = \"{issuer}\"\nclient_id = \"x\"\n{more}"
        );
        let config = Config::parse("test", &text, std::iter::empty()).unwrap();
        let findings = look(&config, NOW).await;
        findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    #[tokio::test]
    async fn what_keeps_people_from_signing_in_is_told() {
        let issuer = Issuer::start(|| NOW.0 / 1_000).await.unwrap();
        let here = "allow_private = [\"127.0.0.1\"]\n";
        let check =
            |said: &str, part: &str| assert!(said.contains(part), "{said:?} lacks {part:?}");
        let fine = said(issuer.url(), here).await;
        check(&fine, "ok      provider: corp answers and has 4 keys; it sends browsers back to");
        check(&fine, "http://127.0.0.1:8090/api/v2/session/providers/corp/return");
        check(&said(issuer.url(), "").await, "private address");
        check(&said("http://127.0.0.1:1", here).await, "cannot be connected to");
        check(&said(&format!("{}/other", issuer.url()), here).await, "answers HTTP 404");
        let wrong = json!({"issuer": "https://id.example.com"});
        let document = wrong.as_object().unwrap().clone();
        issuer.wrongs(Wrongs { document, ..Wrongs::default() });
        check(&said(issuer.url(), here).await, "its issuer is \"https://id.example.com\"");
        let no_file = format!("{here}client_secret_file = \"/nowhere/secret\"\n");
        check(&said(issuer.url(), &no_file).await, "client_secret_file /nowhere/secret");
        let none = format!("{here}client_secret_variable = \"NOBODY_SETS_THIS\"\n");
        check(&said(issuer.url(), &none).await, "client_secret_variable NOBODY_SETS_THIS");
    }
}
