//! The fetching machine against servers that die, refuse, lie and overflow.

mod faults;
mod folders;
mod hostile;

use std::sync::Arc;

use handoff_mail::imap::{
    After, Aside, ImapLimits, ImapMailbox, ImapPorts, MailboxStatus, Start, run,
};
use handoff_mail::login::{Login, Secret};
use handoff_mail::tls::Security;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::peers::endpoint;
use crate::peers::ledger::Ledger;

/// Returns a mailbox on this machine whose machine does not wait long for anything.
fn mailbox(port: u16, security: Security, after: After) -> ImapMailbox {
    ImapMailbox {
        name: "support".into(),
        endpoint: endpoint(port, security),
        login: Login::Password { user: "kate".into(), password: Secret::new("secret") },
        folder: "INBOX".into(),
        start: Start::Everything,
        after,
        aside: Aside::Flag,
        limits: ImapLimits {
            poll_ms: 10,
            idle_ms: 200,
            retry_ms_min: 1,
            retry_ms_max: 5,
            login_retry_ms_min: 5,
            ..ImapLimits::default()
        },
    }
}

fn flag() -> After {
    After::Flag { keyword: Some("$Handoff".into()) }
}

/// A machine that runs.
struct Machine {
    stop: CancellationToken,
    status: watch::Receiver<MailboxStatus>,
    task: tokio::task::JoinHandle<()>,
}

impl Machine {
    fn start(mailbox: ImapMailbox, ledger: &Arc<Ledger>) -> Self {
        let (sender, status) = watch::channel(MailboxStatus::default());
        let ports = ImapPorts {
            intake: ledger.clone(),
            checkpoints: ledger.clone(),
            status: sender,
            spread: 1,
        };
        let stop = CancellationToken::new();
        let task = tokio::spawn(run(mailbox, ports, stop.clone()));
        Self { stop, status, task }
    }

    fn status(&self) -> MailboxStatus {
        self.status.borrow().clone()
    }

    /// Stops it and gives its last status.
    async fn stop(self) -> MailboxStatus {
        self.stop.cancel();
        self.task.await.unwrap();
        self.status.borrow().clone()
    }
}

/// Returns a letter of a few lines.
fn letter(name: &str) -> Vec<u8> {
    format!("Message-ID: <{name}@customer.example>\r\nSubject: {name}\r\n\r\nHello {name}.\r\n")
        .into_bytes()
}
