//! `handoff doctor`: what would keep the server from running, and what to do about it. One line for each thing looked at.
//!
//! It starts nothing, but it opens the store, which brings its schema up to date as a start would.

use std::fmt;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::ExitCode;

use handoff_store::Store as _;

use crate::cli::Configured;
use crate::command::block_on;
use crate::config::{Config, Mailbox};
use crate::run::{self, DATABASE};
use crate::{accept, output};

/// What others than the owner may do, as bits of a file's mode.
const OTHERS: u32 = 0o077;

/// What was found about one thing.
enum Finding {
    /// It is in order.
    Fine { what: &'static str, detail: String },
    /// It is not.
    Bad { what: &'static str, problem: String, advice: &'static str },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fine { what, detail } => write!(f, "ok      {what}: {detail}"),
            Self::Bad { what, problem, advice } => write!(f, "problem {what}: {problem}; {advice}"),
        }
    }
}

/// Looks at everything and prints what it finds; fails when something is not in order.
///
/// # Errors
///
/// When the program itself cannot work.
pub(crate) fn doctor(configured: &Configured) -> anyhow::Result<ExitCode> {
    let findings = match Config::load(configured.config.as_deref()) {
        Err(error) => vec![Finding::Bad {
            what: "configuration",
            problem: format!("{:#}", anyhow::Error::from(error)),
            advice: "correct it; the rest was not looked at",
        }],
        Ok(config) => block_on(async { Ok(examine(&config).await) })?,
    };
    findings.iter().for_each(output::say);
    let is_fine = findings.iter().all(|finding| matches!(finding, Finding::Fine { .. }));
    Ok(if is_fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn examine(config: &Config) -> Vec<Finding> {
    let configuration = Finding::Fine { what: "configuration", detail: "understood".to_owned() };
    let data = directory("data directory", "store.path", &config.store.path);
    let files = directory("files directory", "chat.files", &config.files());
    let store = store(&config.store.path).await;
    let scanner = scanner(config.scanner());
    let mut findings = vec![configuration, data, files, store, scanner, listen_address(config.server.listen)];
    findings.extend(config.mailbox.iter().map(mailbox));
    findings
}

fn directory(what: &'static str, option: &str, path: &Path) -> Finding {
    let bad = |problem: String, advice| Finding::Bad {
        what,
        problem: format!("{}: {problem} ({option})", path.display()),
        advice,
    };
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let detail = format!("{} is made at the first start", path.display());
            return Finding::Fine { what, detail };
        }
        Err(error) => return bad(error.to_string(), "let the server's user read it, or name another"),
    };
    if !metadata.is_dir() {
        return bad("is not a directory".to_owned(), "name another");
    }
    if let Err(error) = tempfile::tempfile_in(path) {
        return bad(error.to_string(), "let the server's user write there, or name another");
    }
    let mode = metadata.permissions().mode() & 0o777;
    if mode & OTHERS != 0 {
        return bad(format!("others may use it (mode {mode:03o})"), "chmod 700 it");
    }
    Finding::Fine { what, detail: format!("{} can be written", path.display()) }
}

async fn store(directory: &Path) -> Finding {
    let what = "store";
    if !directory.join(DATABASE).exists() {
        return Finding::Fine { what, detail: "is made at the first start".to_owned() };
    }
    match run::open_store(directory).await {
        Ok(store) => {
            let ready = store.ready().await;
            store.close().await;
            match ready {
                Ok(()) => Finding::Fine { what, detail: "opens, is up to date and takes changes".to_owned() },
                Err(error) => Finding::Bad {
                    what,
                    problem: format!("{:#}", anyhow::Error::from(error)),
                    advice: "look for a full or failing disk",
                },
            }
        }
        Err(error) => Finding::Bad {
            what,
            problem: format!("{error:#}"),
            advice: "if a server is running, stop it to have this looked at",
        },
    }
}

/// Without a scanner files are taken as they come; with one that does not answer none is taken.
fn scanner(socket: Option<&Path>) -> Finding {
    let what = "virus scanner";
    let Some(path) = socket else {
        return Finding::Fine { what, detail: "none is configured".to_owned() };
    };
    match UnixStream::connect(path) {
        Ok(_) => Finding::Fine { what, detail: format!("{} can be connected to", path.display()) },
        Err(error) => Finding::Bad {
            what,
            problem: format!("{}: {error}", path.display()),
            advice: "start it and let the server's user connect to it, or leave chat.scanner empty",
        },
    }
}

/// Secrets that are not there would be noticed at the start only. Whether the mail servers take them is not asked: many lock whoever tries
/// too often.
fn mailbox(mailbox: &Mailbox) -> Finding {
    let what = "mailbox";
    let missing = mailbox.secrets().find_map(|secret| secret.read().err());
    match missing {
        None => Finding::Fine { what, detail: format!("{} has its secrets", mailbox.address) },
        Some(error) => Finding::Bad {
            what,
            problem: format!("{}: {error:#}", mailbox.address),
            advice: "set the variable or make the file readable for the server's user",
        },
    }
}

fn listen_address(address: SocketAddr) -> Finding {
    let what = "listen address";
    match accept::listen(address) {
        Ok(_) => Finding::Fine { what, detail: format!("{address} is free") },
        Err(error) => Finding::Bad {
            what,
            problem: format!("{address}: {error}"),
            advice: "stop what listens there, or change server.listen",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_bad(finding: &Finding, containing: &str) -> bool {
        matches!(finding, Finding::Bad { .. }) && finding.to_string().contains(containing)
    }

    #[tokio::test]
    async fn an_address_that_is_taken_is_told() {
        let taken = accept::listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let finding = listen_address(taken.local_addr().unwrap());
        assert!(is_bad(&finding, "server.listen"), "{finding}");
    }

    #[test]
    fn a_directory_that_others_may_use_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let mode =
            |mode| std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(mode)).unwrap();
        mode(0o755);
        let looked_at = |path: &Path| super::directory("files directory", "chat.files", path);
        assert!(is_bad(&looked_at(directory.path()), "chmod 700"));
        mode(0o700);
        assert!(matches!(looked_at(directory.path()), Finding::Fine { .. }));
        assert!(matches!(looked_at(&directory.path().join("none")), Finding::Fine { .. }));
        std::fs::write(directory.path().join("file"), "").unwrap();
        assert!(is_bad(&looked_at(&directory.path().join("file")), "is not a directory (chat.files)"));
    }

    #[test]
    fn a_scanner_that_does_not_listen_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("clamd.ctl");
        assert!(matches!(scanner(None), Finding::Fine { .. }));
        assert!(is_bad(&scanner(Some(&socket)), "chat.scanner"));
        let _listening = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        assert!(matches!(scanner(Some(&socket)), Finding::Fine { .. }));
    }

    #[test]
    fn a_mailbox_without_its_secret_is_told() {
        let text = "[[mailbox]]\naddress = \"a@b.example\"\ncenter = \"c\"\nqueue = \"q\"\n[mailbox.imap]\nhost = \"h\"\nuser = \"u\"\n\
                    password = { file = \"/nonexistent/secret\" }\n";
        let config = Config::parse("handoff.toml", text, std::iter::empty()).unwrap();
        assert!(is_bad(&mailbox(&config.mailbox[0]), "/nonexistent/secret"));
    }

    #[tokio::test]
    async fn a_store_that_is_no_store_is_told() {
        let directory = tempfile::tempdir().unwrap();
        assert!(matches!(store(directory.path()).await, Finding::Fine { .. }));
        std::fs::write(directory.path().join(DATABASE), "no database at all, but long enough to be one")
            .unwrap();
        let finding = store(directory.path()).await;
        assert!(is_bad(&finding, "cannot be opened"), "{finding}");
    }
}
