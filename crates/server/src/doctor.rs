//! `handoff doctor`: what would keep the server from running, and what to do about it. One line for
//! each thing looked at.
//!
//! It starts nothing, but it opens the store, which brings its schema up to date as a start would.

mod certificate;
mod files;
mod finding;
mod others;
mod providers;

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use handoff_engine::{CLOCKS_APART_MAX_MS, Clock as _, Directory, SystemClock, clocks_apart_ms};
use handoff_store::sqlite::{Checked, Progress};
use handoff_store::{Kind, Mailbox, Part, SchemaReport, SetAside, SqliteStore, Store};

use self::files::Trial;
pub(crate) use self::finding::Finding;
use crate::bus::{NodeBus, Reach};
use crate::cli::Doctor;
use crate::config::Config;
use crate::runtime::block_on;
use crate::stored::{self, Stored, clocks};
use crate::{accept, mail, output, sign_in};

/// What others than the owner may do, as bits of a file's mode.
const OTHERS: u32 = 0o077;

/// Records read at once.
const PAGE: usize = 1_000;
/// After how many records of a table it is told how far it is.
const TOLD_EVERY: u64 = 10_000;
/// Most unreadable records that are named.
const UNREADABLE_SHOWN_MAX: usize = 20;

/// Looks at everything and prints what it finds; fails when something is not in order.
///
/// # Errors
///
/// When the program itself cannot work.
pub(crate) fn doctor(options: &Doctor) -> anyhow::Result<ExitCode> {
    let findings = match Config::load(options.configured.config.as_deref()) {
        Err(error) => vec![Finding::Bad {
            what: "configuration",
            problem: format!("{:#}", anyhow::Error::from(error)),
            advice: "correct it; the rest was not looked at",
        }],
        Ok(config) => block_on(async { Ok(examine(&config, Depth::of(options.deep)).await) })?,
    };
    findings.iter().for_each(output::say);
    let is_fine = findings.iter().all(|finding| matches!(finding, Finding::Fine { .. }));
    Ok(if is_fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// How many records are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Depth {
    /// Those that a start reads.
    Start,
    Everything,
}

impl Depth {
    const fn of(deep: bool) -> Self {
        if deep { Self::Everything } else { Self::Start }
    }
}

async fn examine(config: &Config, depth: Depth) -> Vec<Finding> {
    let configuration = Finding::Fine { what: "configuration", detail: "understood".to_owned() };
    let data = directory("data directory", "store.path", &config.store.path);
    let scanner = scanner(config.scanner());
    let mut findings = vec![configuration, data];
    findings.extend(files::directory(config));
    findings.extend(stored(config, depth).await);
    findings.push(bus(config).await);
    findings.extend([scanner, listen_address(config.server.listen)]);
    findings.extend(certificate::look(config, SystemClock::default().now()));
    findings.extend(config.metrics.place().ok().flatten().map(metrics_address));
    findings.extend(others::reach(config));
    findings.extend(alerts(config));
    findings.extend(providers::look(config, SystemClock::default().now()).await);
    findings
}

/// Looks whether operators could be told of trouble.
fn alerts(config: &Config) -> Option<Finding> {
    let what = "alerts";
    let relay = config.alerts.place().ok().flatten()?;
    Some(match mail::connections(config).relay_of(&relay) {
        Ok(_) => Finding::Fine {
            what,
            detail: format!("mailed to {} by {}", config.alerts.to.join(", "), config.alerts.relay),
        },
        Err(problem) => Finding::Bad { what, problem, advice: "correct [alerts]" },
    })
}

/// Returns what a start would refuse of a configuration that is right in itself, a line each: a
/// certificate that cannot be used, files of another store. A store that cannot be looked at now,
/// as while a server has it open, is left out with a remark, and so is a certificate's end.
pub(crate) async fn refused_by_serve(config: &Config) -> Vec<String> {
    let mut refused = match certificate::refused(config, SystemClock::default().now()) {
        Ok(fault) => {
            fault.iter().for_each(output::warn);
            Vec::new()
        }
        Err(problem) => vec![problem],
    };
    let url = sign_in::url(config, config.server.listen);
    refused.extend(sign_in::providers(config, &url).err().map(|error| format!("{error:#}")));
    refused.extend(files_refused(config).await);
    refused
}

async fn files_refused(config: &Config) -> Option<String> {
    if !Stored::exists(&config.store) {
        return None;
    }
    // Whoever only looks at a configuration does not upgrade the store with it.
    match stored::schema(&config.store).await {
        Ok(SchemaReport { missing, newest, .. }) if !missing.is_empty() => {
            output::warn(format_args!(
                "the store was not looked at: this program would bring it to schema {newest} \
                 first, see `handoff upgrade --check`"
            ));
            return None;
        }
        Ok(_) => {}
        Err(error) => {
            output::warn(format_args!("the store was not looked at: {error:#}"));
            return None;
        }
    }
    let found = match Stored::open(&config.store).await {
        Ok(stored) => {
            let found = files::are_its_own(&*stored.store(), config, Trial::No).await;
            stored.close().await;
            found
        }
        Err(error) => {
            output::warn(format_args!("the store was not looked at: {error:#}"));
            return None;
        }
    };
    match found {
        Finding::Fine { .. } => None,
        Finding::Bad { .. } => Some(found.to_string()),
    }
}

/// Looks at the store, and at what else a start needs of it.
async fn stored(config: &Config, depth: Depth) -> Vec<Finding> {
    let what = "store";
    if !Stored::exists(&config.store) {
        return vec![Finding::Fine { what, detail: "is made at the first start".to_owned() }];
    }
    let stored = match Stored::open(&config.store).await {
        Ok(stored) => stored,
        Err(error) => {
            return vec![Finding::Bad {
                what,
                problem: format!("{error:#}"),
                advice: match config.store.url.is_empty() {
                    true => "if a server is running, stop it to have this looked at",
                    false => "the rest of the store was not looked at",
                },
            }];
        }
    };
    let store = stored.store();
    let mut findings = vec![takes_changes(&stored, config).await];
    findings.extend(clock(&*store).await);
    findings.push(records(&stored, depth).await);
    findings.push(files::are_its_own(&*store, config, Trial::Yes).await);
    findings.extend(mailboxes(config, &*store).await);
    stored.close().await;
    findings
}

async fn takes_changes(stored: &Stored, config: &Config) -> Finding {
    let name = stored.name(&config.store);
    match stored.store().ready().await {
        Ok(()) => Finding::Fine {
            what: "store",
            detail: format!("{name} opens, is up to date and takes changes"),
        },
        Err(error) => Finding::Bad {
            what: "store",
            problem: format!("{name}: {:#}", anyhow::Error::from(error)),
            advice: "look for a full or failing disk",
        },
    }
}

/// Compares this machine's clock with the database's, where that is another.
async fn clock(store: &dyn Store) -> Option<Finding> {
    let what = "clock";
    let advice = "a server does not start until it is";
    match clocks_apart_ms(store, &SystemClock::default()).await {
        Ok(None) => None,
        Ok(Some(apart)) if apart.unsigned_abs() > CLOCKS_APART_MAX_MS => {
            Some(Finding::Bad { what, problem: clocks(apart), advice })
        }
        Ok(Some(_)) => {
            Some(Finding::Fine { what, detail: "shows what the database's does".to_owned() })
        }
        Err(error) => {
            let problem = format!("{:#}", anyhow::Error::from(error));
            Some(Finding::Bad { what, problem, advice: "let the database answer" })
        }
    }
}

/// Reads as many records as is asked for. One row that cannot be read keeps nobody
/// from starting, but is missed by somebody.
async fn records(stored: &Stored, depth: Depth) -> Finding {
    let what = "records";
    let read = match (depth, stored) {
        (Depth::Start, _) => started_with(&*stored.store()).await,
        (Depth::Everything, Stored::Embedded(store)) => every_record(store).await,
        // Damage of the database's own pages is for its own tools to find.
        (Depth::Everything, Stored::Shared(store)) => listed(&**store, |_| true).await,
    };
    let (rows, unreadable) = match read {
        Ok(read) => read,
        Err(error) => {
            return Finding::Bad {
                what,
                problem: format!("{error:#}"),
                advice: "look for a failing disk, and put back a backup",
            };
        }
    };
    if unreadable.is_empty() {
        let which = match depth {
            Depth::Start => "what a start reads (--deep reads every record)",
            Depth::Everything => "every record",
        };
        return Finding::Fine { what, detail: format!("{which} can be read, {rows} in all") };
    }
    let named: Vec<String> = unreadable
        .iter()
        .take(UNREADABLE_SHOWN_MAX)
        .map(|one| format!("{} ({})", one.row, one.why))
        .collect();
    let more = unreadable.len().saturating_sub(named.len());
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    Finding::Bad {
        what,
        problem: format!(
            "{} of {rows} cannot be read and are set aside: {}{more}",
            unreadable.len(),
            named.join(", ")
        ),
        advice: "start the newer program that wrote them, or put them back from a backup",
    }
}

async fn every_record(store: &SqliteStore) -> anyhow::Result<(u64, Vec<SetAside>)> {
    let tell = |progress: Progress| {
        if progress.rows < TOLD_EVERY || progress.rows.is_multiple_of(TOLD_EVERY) {
            output::progress(format_args!("{}: {} read", progress.table, progress.rows));
        }
    };
    let Checked { rows, unreadable } = store.check(tell).await?;
    Ok((rows, unreadable))
}

async fn started_with(store: &dyn Store) -> anyhow::Result<(u64, Vec<SetAside>)> {
    listed(store, |kind| kind.part() == Part::Directory || kind == Kind::Desk).await
}

/// Reads all records of some kinds.
async fn listed(
    store: &dyn Store,
    is_read: impl Fn(Kind) -> bool + Send,
) -> anyhow::Result<(u64, Vec<SetAside>)> {
    let mut rows = 0;
    for kind in Kind::ALL.iter().copied().filter(|kind| is_read(*kind)) {
        let mut after = None;
        loop {
            let page = store.list(kind, after.take(), PAGE).await?;
            rows += page.items.len() as u64;
            after = page.items.last().map(|last| last.value.key());
            if !page.more {
                break;
            }
        }
    }
    let unreadable = store.set_aside();
    Ok((rows + unreadable.len() as u64, unreadable))
}

/// What a mailbox needs and is not there keeps nobody from being served, and its mail from coming
/// or going. Whether the mail servers take the secrets is not asked: many lock whoever tries too
/// often.
async fn mailboxes(config: &Config, store: &dyn Store) -> Vec<Finding> {
    let what = "mailbox";
    let directory = match Directory::load(store).await {
        Ok(directory) => directory,
        Err(error) => {
            let problem = format!("{:#}", anyhow::Error::from(error));
            return vec![Finding::Bad { what, problem, advice: "look for a failing disk" }];
        }
    };
    let connections = mail::connections(config);
    let look = |mailbox: &Arc<Mailbox>| match connections.problem(mailbox) {
        None => Finding::Fine { what, detail: format!("{} has what it needs", mailbox.address) },
        Some(problem) => Finding::Bad {
            what,
            problem: format!("{}: {problem}", mailbox.address),
            advice: "let the server have it, or apply a center file that names another",
        },
    };
    directory.mailboxes.values().map(look).collect()
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
        Err(error) => {
            return bad(error.to_string(), "let the server's user read it, or name another");
        }
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

/// Says something over the bus. Without one nodes work by looking, so none is no problem.
async fn bus(config: &Config) -> Finding {
    let what = "bus";
    let tried = match NodeBus::new(config) {
        Ok(bus) => bus.try_out().await.map_err(|error| handoff_store::with_causes(&*error)),
        Err(error) => Err(format!("{error:#}")),
    };
    match tried {
        Ok(Reach::ThisNode) => {
            Finding::Fine { what, detail: "other nodes, if there are any, are not told".to_owned() }
        }
        Ok(Reach::Others) => {
            Finding::Fine { what, detail: "what is said to other nodes comes back".to_owned() }
        }
        Err(problem) => {
            Finding::Bad { what, problem, advice: "correct [bus], or let what it names run" }
        }
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

fn listen_address(address: SocketAddr) -> Finding {
    free("listen address", address, "stop what listens there, or change server.listen")
}

fn metrics_address(address: SocketAddr) -> Finding {
    free("address of metrics", address, "stop what listens there, or change metrics.listen")
}

fn free(what: &'static str, address: SocketAddr, advice: &'static str) -> Finding {
    match accept::listen(address) {
        Ok(_) => Finding::Fine { what, detail: format!("{address} is free") },
        Err(error) => Finding::Bad { what, problem: format!("{address}: {error}"), advice },
    }
}

#[cfg(test)]
mod tests {
    use handoff_api::password::FilePasswords;
    use handoff_provision::{By, CenterFile, QUIETLY, Unnamed, Way};

    use super::*;
    use crate::stored::DATABASE;

    fn is_bad(finding: &Finding, containing: &str) -> bool {
        matches!(finding, Finding::Bad { .. }) && finding.to_string().contains(containing)
    }

    #[tokio::test]
    async fn an_address_that_is_taken_is_told() {
        let taken = accept::listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let finding = listen_address(taken.local_addr().unwrap());
        assert!(is_bad(&finding, "server.listen"), "{finding}");
        let finding = metrics_address(taken.local_addr().unwrap());
        assert!(is_bad(&finding, "metrics.listen"), "{finding}");
    }

    #[test]
    fn a_directory_that_others_may_use_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let mode = |mode| {
            std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(mode))
                .unwrap()
        };
        mode(0o755);
        let looked_at = |path: &Path| super::directory("files directory", "chat.files", path);
        assert!(is_bad(&looked_at(directory.path()), "chmod 700"));
        mode(0o700);
        assert!(matches!(looked_at(directory.path()), Finding::Fine { .. }));
        assert!(matches!(looked_at(&directory.path().join("none")), Finding::Fine { .. }));
        std::fs::write(directory.path().join("file"), "").unwrap();
        assert!(is_bad(
            &looked_at(&directory.path().join("file")),
            "is not a directory (chat.files)"
        ));
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

    fn config(directory: &Path, more: &str) -> Config {
        let text = format!("[store]\npath = {:?}\n{more}", directory.display().to_string());
        Config::parse("handoff.toml", &text, std::iter::empty()).unwrap()
    }

    fn bad(findings: &[Finding]) -> Vec<String> {
        let bad = findings.iter().filter(|finding| matches!(finding, Finding::Bad { .. }));
        bad.map(ToString::to_string).collect()
    }

    #[tokio::test]
    async fn a_store_that_is_no_store_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let config = config(directory.path(), "");
        assert_eq!(bad(&stored(&config, Depth::Start).await), Vec::<String>::new());
        std::fs::write(
            directory.path().join(DATABASE),
            "no database at all, but long enough to be one",
        )
        .unwrap();
        let told = bad(&stored(&config, Depth::Start).await);
        assert!(told[0].contains("cannot be opened"), "{told:?}");
    }

    async fn filled(directory: &Path) {
        let text = "[center]\nname = \"Demo\"\n[[queue]]\nname = \"letters\"\nchannel = \"email\"\n\
                    [[skill]]\nname = \"a\"\n";
        apply(directory, text).await;
    }

    async fn apply(directory: &Path, text: &str) {
        let stored = Stored::open(&config(directory, "").store).await.unwrap();
        let store = stored.store();
        let file = CenterFile::new("center.toml", text);
        let ids = handoff_engine::SystemIds::default();
        let plan =
            file.plan(&*store, &ids, &FilePasswords::default(), Unnamed::Keep).await.unwrap();
        plan.carry_out(
            Way::Write(&*store),
            By::operator(handoff_domain::Time(0), handoff_store::AuditTool::Apply),
            QUIETLY,
        )
        .await
        .unwrap();
        store.close().await;
    }

    #[tokio::test]
    async fn a_mailbox_without_its_secret_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let secret = directory.path().join("secret");
        let text = format!(
            "[center]\nname = \"Demo\"\n[[queue]]\nname = \"letters\"\nchannel = \"email\"\n\
             [[mailbox]]\naddress = \"a@b.example\"\nqueue = \"letters\"\n[mailbox.imap]\nhost = \"h\"\n\
             security = \"none\"\nuser = \"u\"\npassword = {{ file = {secret:?} }}\n"
        );
        apply(directory.path(), &text).await;
        let config = config(directory.path(), "");
        let told = bad(&stored(&config, Depth::Start).await);
        let is_told = |told: &String| told.contains("a@b.example: imap: the file ");
        assert!(told.len() == 1 && is_told(&told[0]), "{told:?}");
        assert_eq!(refused_by_serve(&config).await, Vec::<String>::new(), "it serves the others");
        std::fs::write(secret, "secret").unwrap();
        assert_eq!(bad(&stored(&config, Depth::Start).await), Vec::<String>::new());
    }

    #[tokio::test]
    async fn a_record_that_cannot_be_read_is_told_and_with_deep_every_one() {
        let directory = tempfile::tempdir().unwrap();
        filled(directory.path()).await;
        let config = config(directory.path(), "");
        for depth in [Depth::Start, Depth::Everything] {
            assert_eq!(bad(&stored(&config, depth).await), Vec::<String>::new(), "the control");
        }
        let damage =
            |sql| handoff_store::sqlite::faults::damage(&directory.path().join(DATABASE), sql);
        damage("UPDATE skills SET form = 99");
        damage("INSERT INTO contacts (id, version, form, body) VALUES ('x', 1, 1, '{\"secret\":')");
        let told = bad(&stored(&config, Depth::Start).await);
        assert!(
            told.len() == 1 && told[0].contains("skills ") && !told[0].contains("contacts"),
            "{told:?}"
        );
        let told = bad(&stored(&config, Depth::Everything).await);
        assert!(
            told.len() == 1 && told[0].contains("skills ") && told[0].contains("contacts x"),
            "{told:?}"
        );
        assert!(!told[0].contains("secret"), "{told:?}");
    }

    #[tokio::test]
    async fn files_of_another_store_are_told() {
        let directory = tempfile::tempdir().unwrap();
        filled(directory.path()).await;
        let config = config(directory.path(), "");
        assert_eq!(bad(&stored(&config, Depth::Start).await), Vec::<String>::new());
        let name = "ab0123456789abcdef0123456789abcd";
        let shelf = directory.path().join("files").join("ab");
        std::fs::create_dir_all(&shelf).unwrap();
        std::fs::write(shelf.join(name), "x").unwrap();
        let told = bad(&stored(&config, Depth::Start).await);
        assert!(told.len() == 1 && told[0].contains("--adopt-files"), "{told:?}");
    }
}
