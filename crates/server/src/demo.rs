//! The demo: a complete server with two small contact centers, for trying things out
//! (docs/compat/center.md#demo).
//!
//! The centers are ordinary center files that are part of the program. They are applied once: what
//! somebody changed in a kept data directory stays changed. Everybody's password is printed, so
//! nothing listens beyond this machine.
//!
//! Beside the server it plays a second agent and, on request, customers: clients of the public
//! doors, so that nothing of the server knows of them.

mod ben;
mod client;
mod customers;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use handoff_api::DemoAccounts;
use handoff_api::password::FilePasswords;
use handoff_content::directory::Adopt;
use handoff_engine::{Clock as _, Directory, SystemClock, SystemIds};
use handoff_provision::{By, CenterFile, QUIETLY, Unnamed, Way};
use handoff_store::{AuditTool, Store};
use handoff_web::Pages;
use tempfile::TempDir;

use crate::cli::Demo;
use crate::config::Config;
use crate::run::{Demonstration, Server};
use crate::runtime::block_on;
use crate::stored::Stored;
use crate::{output, pages, telemetry};

/// The name of each center and its file.
const CENTERS: [(&str, &str, &str); 2] = [
    ("Demo", "demo.toml", include_str!("demo/demo.toml")),
    ("Other", "other.toml", include_str!("demo/other.toml")),
];

/// The directory below the data to which mail goes out, as the center file says.
const SENT: &str = "sent";

/// The accounts as they are printed. A test compares them with the files.
const ACCOUNTS: [(&str, &str); 8] = [
    ("kate", "agent; Support; billing 5, english 5"),
    ("ben", "agent; Support; billing 2, english 5"),
    ("mia", "agent; Sales; sales 5, english 3"),
    ("sam", "agent, supervisor; Support, Sales"),
    ("ada", "admin"),
    ("intake", "apiuser"),
    (ben::USER, "a program that plays an agent: accepts transfers, answers after 3 s"),
    ("zoe", "agent, supervisor, admin of a second contact center, Other"),
];

/// The password of all of them, as the files have it.
const PASSWORD: &str = "handoff-demo";
/// Those that the sign-in page offers: one who answers, one who watches too, one who administers.
const OFFERED: [&str; 3] = ["kate", "sam", "ada"];

/// Runs the demo until it is asked to stop.
///
/// # Errors
///
/// When it is to listen beyond loopback, or the server cannot start.
pub(crate) fn demo(options: &Demo) -> anyhow::Result<ExitCode> {
    refuse_beyond_loopback(options.listen)?;
    let mut config = Config::load(None)?;
    let is_plain = !config.tls.is_on();
    anyhow::ensure!(is_plain, "the demo speaks plain HTTP on this machine; leave [tls] out");
    telemetry::start(&config.log)?;
    let data = Data::at(options.data.as_deref())?;
    config.server.listen = options.listen;
    config.store.path = data.path();
    block_on(async {
        let (stored, kept) = Stored::open_to_serve(&config.store).await?;
        let store = stored.store();
        set_up(&*store).await?;
        let accounts = accounts_of(&Directory::load(&*store).await?);
        let start = Server::start(&config, (stored, kept), Adopt::No, Some(demonstration()));
        let server = start.await?;
        let address = server.address();
        output::say(greeting(address, &config, &accounts));
        let players = Players {
            has_ben: accounts.iter().any(|(name, _)| *name == ben::USER),
            has_customers: options.customers,
        };
        tokio::select! {
            ended = server.run() => ended,
            // They never end by themselves; the server's end is theirs.
            () = players.play(address) => Ok(()),
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Everybody who is no visitor.
struct Players {
    has_ben: bool,
    has_customers: bool,
}

impl Players {
    /// Plays them for as long as it is awaited.
    async fn play(&self, address: SocketAddr) {
        let ben = async {
            if self.has_ben {
                ben::play(address).await;
            }
        };
        let customers = async {
            if self.has_customers {
                customers::come(address).await;
            }
        };
        tokio::join!(ben, customers, std::future::pending::<()>());
    }
}

/// Returns which of the accounts there are: a kept data directory may be older than some of them.
fn accounts_of(directory: &Directory) -> Vec<(&'static str, &'static str)> {
    let is_there = |(name, _): &(&str, &str)| directory.user_by_name(name).is_some();
    ACCOUNTS.into_iter().filter(is_there).collect()
}

/// Returns what only the demo has.
fn demonstration() -> Demonstration {
    Demonstration {
        pages: pages::demo(&Pages::of_this_build()),
        accounts: DemoAccounts {
            user_names: OFFERED.map(str::to_owned).to_vec(),
            password: PASSWORD.to_owned(),
        },
    }
}

fn refuse_beyond_loopback(listen: SocketAddr) -> anyhow::Result<()> {
    anyhow::ensure!(
        listen.ip().is_loopback(),
        "the demo has passwords that everybody knows, so it listens on this machine only: {listen} is not a loopback address; use serve \
         with a center of your own instead"
    );
    Ok(())
}

/// The demo's data directory.
enum Data {
    Kept(PathBuf),
    /// Removed when it is dropped.
    Temporary(TempDir),
}

impl Data {
    fn at(directory: Option<&Path>) -> anyhow::Result<Self> {
        match directory {
            Some(directory) => Ok(Self::Kept(directory.to_owned())),
            None => {
                let made = tempfile::Builder::new().prefix("handoff-demo-").tempdir();
                Ok(Self::Temporary(
                    made.context("no temporary directory can be made; name one with --data")?,
                ))
            }
        }
    }

    fn path(&self) -> PathBuf {
        match self {
            Self::Kept(path) => path.clone(),
            Self::Temporary(directory) => directory.path().to_owned(),
        }
    }
}

/// Makes the contact centers that the store does not have yet. Each is one commit, so a crash
/// leaves it made or not made.
async fn set_up(store: &dyn Store) -> anyhow::Result<()> {
    let directory = Directory::load(store).await?;
    for (name, file, text) in CENTERS {
        if directory.centers.values().any(|center| center.name == name) {
            continue;
        }
        let file = CenterFile::new(file, text);
        let plan = file
            .plan(store, &SystemIds::default(), &FilePasswords::default(), Unnamed::Keep)
            .await?;
        let by = By::operator(SystemClock::default().now(), AuditTool::Demo);
        plan.carry_out(Way::Write(store), by, QUIETLY).await?;
    }
    store.ready().await.context("the store takes no changes")
}

fn greeting(address: SocketAddr, config: &Config, accounts: &[(&str, &str)]) -> String {
    let sent = config.store.path.join(SENT);
    let sent = sent.display();
    let lines = accounts.iter().map(|(name, roles)| format!("  {name:<9}{roles}"));
    let accounts = lines.collect::<Vec<_>>().join("\n");
    let page = pages::DEMO_PATH;
    format!(
        "listening on http://{address}\nopen that address and press Kate: it is the desk, where agents work\naccounts, all with the password {PASSWORD}:\n{accounts}\n\
         the page with a chat window, where you are the customer, is at {page}; the desk opens it\n\
         e-mails that are sent become files in {sent}"
    )
}

#[cfg(test)]
mod tests {
    use handoff_domain::{Role, ServiceKind, Time};
    use handoff_store::MemoryStore;

    use super::*;
    use handoff_provision::Passwords;

    /// Hashing is not what is tested here.
    struct Unhashed;

    impl Passwords for Unhashed {
        fn variable(&self, _: &str) -> Option<String> {
            None
        }

        fn hash(&self, password: &str) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
            Ok(password.to_owned())
        }

        fn check_usable(&self, _: &str) -> Result<(), String> {
            Ok(())
        }

        fn is_of(&self, hash: &str, password: &str) -> bool {
            hash == password
        }
    }

    async fn centers() -> Directory {
        let store = MemoryStore::new();
        for (_, file, text) in CENTERS {
            let file = CenterFile::new(file, text);
            let plan =
                file.plan(&store, &SystemIds::default(), &Unhashed, Unnamed::Keep).await.unwrap();
            plan.carry_out(Way::Write(&store), By::operator(Time(0), AuditTool::Demo), QUIETLY)
                .await
                .unwrap();
            let again =
                file.plan(&store, &SystemIds::default(), &Unhashed, Unnamed::Prune).await.unwrap();
            assert!(again.difference.is_empty(), "{}", again.difference);
        }
        Directory::load(&store).await.unwrap()
    }

    #[tokio::test]
    async fn only_accounts_that_there_are_are_printed_and_played() {
        assert_eq!(accounts_of(&centers().await), ACCOUNTS);
        assert_eq!(accounts_of(&Directory::default()), [], "a directory of before");
    }

    fn levels(directory: &Directory, user: &str) -> Vec<(String, u32)> {
        let user = directory.user_by_name(user).unwrap();
        user.skills.iter().map(|(id, level)| (directory.skills[id].name.clone(), *level)).collect()
    }

    #[tokio::test]
    async fn the_centers_are_those_of_the_contract() {
        let directory = centers().await;
        assert_eq!(directory.centers.len(), 2);
        let names: Vec<&str> = ACCOUNTS.iter().map(|(name, _)| *name).collect();
        assert_eq!(directory.users.len(), names.len());
        for name in names {
            let user =
                directory.user_by_name(name).expect("an account for each line that is printed");
            assert_eq!(user.password_hash.as_deref(), Some(PASSWORD), "{name}");
            assert!(user.enabled);
        }
        let mut kates = levels(&directory, "kate");
        kates.sort();
        assert_eq!(kates, [("billing".to_owned(), 5), ("english".to_owned(), 5)]);
        let mut queues: Vec<(&str, &str)> = directory
            .queues
            .values()
            .map(|queue| (queue.name.as_str(), queue.media.name()))
            .collect();
        queues.sort_unstable();
        let expected = [
            ("billing", "workitem"),
            ("outbound", "email"),
            ("parking", "workitem"),
            ("sales", "workitem"),
            ("support-chat", "chat"),
            ("support-email", "email"),
            ("tasks", "workitem"),
        ];
        assert_eq!(queues, expected);
    }

    #[tokio::test]
    async fn what_is_sent_becomes_files_where_it_is_printed() {
        let directory = centers().await;
        let mailbox = directory.mailbox_of("support@demo.example").unwrap();
        assert_eq!(mailbox.exit, Some(handoff_store::WayOut::Directory(SENT.to_owned())));
        assert_eq!(directory.queues[&mailbox.queue].name, "support-email");
    }

    #[tokio::test]
    async fn services_lead_where_the_contract_says() {
        let directory = centers().await;
        assert_eq!(directory.services.len(), 3);
        for (kind, name, queue) in [
            (ServiceKind::Chat, "customer-support", "support-chat"),
            (ServiceKind::OpenMedia, "workitems", "tasks"),
            (ServiceKind::Email, "contact-us", "support-email"),
        ] {
            let service = directory.service(kind, name).expect(name);
            assert_eq!(directory.queues[&service.queue].name, queue, "{name}");
            assert!(service.enabled);
        }
    }

    #[tokio::test]
    async fn queues_are_served_by_whom_the_contract_says() {
        let directory = centers().await;
        let served = |user: &str| {
            let ids = directory.queues_served_by(directory.user_by_name(user).unwrap());
            let mut names: Vec<&str> =
                ids.iter().map(|id| directory.queues[id].name.as_str()).collect();
            names.sort_unstable();
            names.join(" ")
        };
        assert_eq!(served("kate"), "billing support-chat support-email tasks");
        assert_eq!(served("ben"), "support-chat support-email tasks");
        assert_eq!(served("mia"), "sales");
        assert_eq!(served("sam"), "sales support-chat support-email tasks");
        assert_eq!(served("zoe"), "");
        assert_eq!(served(ben::USER), "");
    }

    #[tokio::test]
    async fn zoe_is_in_a_center_of_her_own() {
        let directory = centers().await;
        let (zoe, kate) =
            (directory.user_by_name("zoe").unwrap(), directory.user_by_name("kate").unwrap());
        assert_eq!(directory.centers[&zoe.center].name, "Other");
        assert_eq!(directory.centers[&kate.center].name, "Demo");
        assert_eq!(zoe.roles, [Role::Agent, Role::Supervisor, Role::Admin].into());
    }

    #[tokio::test]
    async fn agents_have_their_workbins() {
        let directory = centers().await;
        let bins = |user: &str| {
            let bins = directory.workbins_of(directory.user_by_name(user).unwrap());
            let mut names: Vec<String> = bins.into_iter().map(|bin| bin.name).collect();
            names.sort();
            names.join(", ")
        };
        assert_eq!(bins("kate"), "Drafts, In Progress, Team");
        assert_eq!(bins("mia"), "Drafts, In Progress");
        assert_eq!(bins("zoe"), "Drafts, In Progress");
    }

    #[test]
    fn nothing_but_loopback_is_listened_on() {
        for address in ["0.0.0.0:8090", "192.0.2.1:8090", "[::]:0"] {
            assert!(refuse_beyond_loopback(address.parse().unwrap()).is_err(), "{address}");
        }
        for address in ["127.0.0.1:0", "127.0.0.2:8090", "[::1]:8090"] {
            assert!(refuse_beyond_loopback(address.parse().unwrap()).is_ok(), "{address}");
        }
    }
}
