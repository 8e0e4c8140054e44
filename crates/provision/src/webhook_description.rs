//! What a webhook may be.

use std::collections::BTreeSet;

use handoff_store::Webhook;
use url::Url;

use crate::name::name_fault;
use crate::thing::Thing;

/// Most bytes of an address; more than any receiver has.
const URL_BYTES_MAX: usize = 2_048;

/// What is said of a webhook, as far as it is said. Queues stand there by their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebhookDescription {
    pub name: Option<String>,
    pub url: Option<String>,
    /// The types of the events that are sent; empty is all.
    pub events: Option<BTreeSet<String>>,
    /// The queues whose events are sent; empty is all.
    pub queues: Option<Vec<String>>,
    pub enabled: Option<bool>,
}

impl WebhookDescription {
    /// Returns what is wrong with it, and what is allowed; `None` when nothing is. Whether an
    /// address may be connected to is known when its name is looked up, each time that is done.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        let name = self.name.as_deref().and_then(|name| name_fault(Thing::Webhook, name));
        name.or_else(|| self.url.as_deref().and_then(url_fault).map(str::to_owned))
    }

    /// Changes a webhook as far as anything is said, but for its queues. What has a fault must not
    /// get here.
    pub(crate) fn apply(&self, webhook: &mut Webhook) {
        if let Some(name) = &self.name {
            webhook.name.clone_from(name);
        }
        if let Some(url) = &self.url {
            webhook.url.clone_from(url);
        }
        if let Some(events) = &self.events {
            webhook.events.clone_from(events);
        }
        webhook.enabled = self.enabled.unwrap_or(webhook.enabled);
    }
}

fn url_fault(text: &str) -> Option<&'static str> {
    if text.len() > URL_BYTES_MAX {
        return Some("its url has 2048 bytes at most");
    }
    let Ok(url) = Url::parse(text) else {
        return Some("its url is no address, expected such as https://crm.example.com/handoff");
    };
    if !matches!(url.scheme(), "https" | "http") {
        Some("its url begins with https://, or with http:// in a network that the operator allows")
    } else if url.host_str().is_none_or(str::is_empty) {
        Some("its url names no server")
    } else if !url.username().is_empty() || url.password().is_some() {
        Some(
            "its url has no user name and no password; the receiver knows the sender by the signature",
        )
    } else if url.fragment().is_some() {
        Some("its url has no fragment (#), which is never sent")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_that_can_be_posted_to() {
        let long = format!("https://crm.example/{}", "x".repeat(URL_BYTES_MAX));
        for bad in [
            "",
            "crm.example",
            "/handoff",
            "ftp://crm.example/",
            "file:///etc/passwd",
            "gopher://crm.example/",
            "https://",
            "https://kate@crm.example/",
            "https://kate:word@crm.example/",
            "https://crm.example/#x",
            "javascript:alert(1)",
            &long,
        ] {
            assert!(url_fault(bad).is_some(), "{bad}");
        }
        for good in ["https://crm.example", "http://10.0.0.1:8080/x?y=z", "https://[2001:db8::1]/"]
        {
            assert_eq!(url_fault(good), None, "{good}");
        }
    }
}
