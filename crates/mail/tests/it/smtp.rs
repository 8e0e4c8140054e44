//! The relay: what is said of a message is what became of it.

mod faults;
mod refusals;
mod safety;

use handoff_mail::login::{Login, Secret};
use handoff_mail::smtp::{Envelope, Outcome, Relay, RelayConfig, RelayLimits};
use handoff_mail::tls::Security;

use crate::peers::endpoint;

/// Returns a sender by a relay on this machine.
fn relay(port: u16, security: Security) -> Relay {
    Relay::new(config(port, security))
}

fn config(port: u16, security: Security) -> RelayConfig {
    RelayConfig {
        endpoint: endpoint(port, security),
        login: Some(Login::Password { user: "kate".into(), password: Secret::new("secret") }),
        hello_name: "desk.example".into(),
        limits: RelayLimits { connections_max: 1, ..RelayLimits::default() },
    }
}

/// Sends a text to two customers.
async fn send(relay: &Relay, raw: &[u8]) -> Outcome {
    let recipients = ["anna@customer.example".to_owned(), "ben@customer.example".to_owned()];
    relay
        .send(Envelope { sender: Some("support@desk.example"), recipients: &recipients, raw })
        .await
}
