//! Webhooks put together: what they send is the wire's, whom they connect to is configured.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use handoff_api::wire::webhook_event;
use handoff_domain::{Fact, Time};
use handoff_engine::Core;
use handoff_outgoing::{Client, Limits, Policy};
use handoff_store::{Webhook, tls};
use handoff_webhooks::{Happened, Terms, Webhooks, Wire};

use crate::config::Config;

/// What is named when certificates cannot be used.
const AUTHORITIES: &str = "webhooks.authorities";

/// Makes what sends the events of all contact centers.
pub(crate) fn sender(config: &Config, core: &Arc<Core>) -> Arc<Webhooks> {
    let allowed = config.webhooks.allow_private.clone();
    let policy = Policy::new(move |address| allowed.iter().any(|network| network.has(address)));
    let authorities = config.webhooks.authorities.clone();
    let trust = move || {
        let named = Some(authorities.as_path()).filter(|path| *path != Path::new(""));
        tls::trusting(named, AUTHORITIES)
    };
    let client = Client::new(policy, Limits::default(), Box::new(trust));
    Arc::new(Webhooks::new(core.clone(), client, Arc::new(Messages), Terms::default()))
}

/// What messages look like.
struct Messages;

impl Wire for Messages {
    fn event(&self, fact: &Fact) -> Option<&'static str> {
        webhook_event::event(fact)
    }

    fn body(&self, happened: Happened<'_>) -> Bytes {
        let Happened { fact, entry, interaction, directory } = happened;
        webhook_event::body(fact, entry, interaction, directory)
    }

    fn test(&self, webhook: &Webhook, at: Time) -> (&'static str, Bytes) {
        webhook_event::test(webhook, at)
    }
}
