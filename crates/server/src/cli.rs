//! The command line. Every option may also come as a `HANDOFF_…` variable.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use handoff_provision::TimeSpan;
use jiff::Timestamp;

/// A contact-center server.
#[derive(Debug, Parser)]
#[command(
    name = "handoff",
    version,
    about = "A contact-center server: interactions, agents, queues."
)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program does.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs the server.
    Serve(Serve),
    /// Runs a complete server with a demo contact center, reachable from this machine only.
    Demo(Demo),
    /// Applies a center file, by the server when one serves the store, else to the store itself;
    /// prints the difference first.
    Apply(Apply),
    /// Writes a contact center as a center file by which nothing would change, also while a server
    /// serves it.
    Export(Export),
    /// Brings the store's schema up to date, as a starting server would do, and ends.
    Migrate(Configured),
    /// Says that the store of a server that is not running was restored from a backup, or copied,
    /// where it may not notice by itself: sessions then look at everything again.
    Restored(Configured),
    /// Copies all that one store has into another, from SQLite to PostgreSQL or back, also while a
    /// server serves it; one that was broken off is gone on with by the same command.
    Copy(Copy),
    /// Copies all files of chats and letters from one place to another, also while a server uses
    /// the first; one that was broken off is gone on with by the same command.
    CopyFiles(CopyFiles),
    /// Backs up the store and its files into a directory, also while a server has them open. Each
    /// backup is whole by itself, and takes the room of what changed since the one before.
    Backup(Backup),
    /// Restores a backup to where neither a store nor files are yet; or shows or checks what can
    /// be restored.
    Restore(Restore),
    /// Makes another password for somebody who is locked out, and prints it: they choose one of
    /// their own when they sign in with it.
    Password(Password),
    /// Erases a contact: all that they wrote, that was written to them and about them. A server
    /// that serves the store does it.
    EraseContact(EraseContact),
    /// Says what this program would do to a store that an older one serves, and who works with it
    /// afterwards; without --check brings its schema up to date if all is in order.
    Upgrade(Upgrade),
    /// Reads a configuration file and says whether it is right, and whether a server would start
    /// with it on the store as it is.
    CheckConfig(CheckConfig),
    /// Looks for what would keep the server from running, and says what to do about it.
    Doctor(Doctor),
    /// Prints what is counted by queue and by agent, also while a server runs.
    Counters(Counters),
    /// Rebuilds what a reader of the log keeps, from records and history; where a server runs, that
    /// does it.
    Rebuild(Rebuild),
    /// Prints what the API is, as an OpenAPI document, without a store or a configuration.
    Openapi(Openapi),
}

/// Where the configuration is.
#[derive(Debug, Args)]
pub(crate) struct Configured {
    /// The configuration file; without one the defaults apply, and `HANDOFF__SECTION__KEY`
    /// variables.
    #[arg(long, env = "HANDOFF_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Options of `serve`.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Where the configuration is.
    #[command(flatten)]
    pub configured: Configured,
    /// Uses the place of files (`chat.files`) with this store although it was not its own until
    /// now. Files that the store has no record of stay where they are.
    #[arg(long, env = "HANDOFF_ADOPT_FILES")]
    pub adopt_files: bool,
}

/// Options of `demo`.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// The loopback address and port to listen on; port 0 picks a free one.
    #[arg(
        long,
        env = "HANDOFF_LISTEN",
        value_name = "ADDRESS:PORT",
        default_value = "127.0.0.1:8090"
    )]
    pub listen: SocketAddr,
    /// The data directory; without one a temporary one is used and removed at the end.
    #[arg(long, env = "HANDOFF_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Lets made-up customers come, by chat, e-mail and work item: one every 5 s, 600 at most.
    #[arg(long, env = "HANDOFF_CUSTOMERS")]
    pub customers: bool,
}

/// Options of `apply`.
#[derive(Debug, Args)]
pub(crate) struct Apply {
    /// The center file.
    #[arg(env = "HANDOFF_CENTER", value_name = "FILE")]
    pub file: PathBuf,
    /// Where the store is.
    #[command(flatten)]
    pub configured: Configured,
    /// Removes what the file does not name. Interactions that are with it go back to their queues.
    #[arg(long, env = "HANDOFF_PRUNE")]
    pub prune: bool,
    /// A queue that takes what has no queue to go back to, as what waits in one that is removed;
    /// one for each channel.
    #[arg(long, env = "HANDOFF_WORK_TO", value_name = "QUEUE", requires = "prune")]
    pub work_to: Vec<String>,
    /// Where the server is, when it is elsewhere.
    #[command(flatten)]
    pub elsewhere: Elsewhere,
    /// Prints the difference and changes nothing.
    #[arg(long, env = "HANDOFF_DRY_RUN")]
    pub dry_run: bool,
}

/// Options of `export`.
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// The file to write, which nobody else on the machine may read; without one it is printed.
    #[arg(env = "HANDOFF_FILE", value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Where the store is.
    #[command(flatten)]
    pub configured: Configured,
    /// The contact center's name; not needed where there is one.
    #[arg(long, env = "HANDOFF_CENTER_NAME", value_name = "NAME", conflicts_with = "url")]
    pub center: Option<String>,
    /// Writes the hashes of users' passwords as well, for a contact center that is to be made from
    /// nothing; whoever has one can guess at the password.
    #[arg(long, env = "HANDOFF_PASSWORD_HASHES", conflicts_with = "url")]
    pub password_hashes: bool,
    /// Where the server is, when it is elsewhere.
    #[command(flatten)]
    pub elsewhere: Elsewhere,
}

/// Options of `erase-contact`.
#[derive(Debug, Args)]
pub(crate) struct EraseContact {
    /// The contact's id, as interactions name it.
    #[arg(value_name = "CONTACT")]
    pub contact: String,
    /// Where the store is.
    #[command(flatten)]
    pub configured: Configured,
    /// The contact center's name; not needed where there is one.
    #[arg(long, env = "HANDOFF_CENTER_NAME", value_name = "NAME", conflicts_with = "url")]
    pub center: Option<String>,
    /// Where the server is, when it is elsewhere.
    #[command(flatten)]
    pub elsewhere: Elsewhere,
    /// Counts what there is and erases nothing.
    #[arg(long, env = "HANDOFF_DRY_RUN")]
    pub dry_run: bool,
}

/// A server elsewhere.
#[derive(Debug, Args)]
pub(crate) struct Elsewhere {
    /// The address of a server elsewhere, with its scheme; its admin is named by --user, and
    /// has to do with their own contact center alone.
    #[arg(long, env = "HANDOFF_URL", value_name = "URL")]
    pub url: Option<String>,
    /// The admin's name; their password is in the variable HANDOFF_PASSWORD or in a file.
    #[arg(long, env = "HANDOFF_USER", value_name = "NAME", requires = "url")]
    pub user: Option<String>,
    /// A file with nothing but the admin's password, such as /dev/stdin.
    #[arg(long, env = "HANDOFF_PASSWORD_FILE", value_name = "FILE", requires = "url")]
    pub password_file: Option<PathBuf>,
    /// In place of a name and a password: a file with nothing but a token of an admin's with the
    /// scope admin. It may be in the variable HANDOFF_TOKEN as well.
    #[arg(
        long,
        env = "HANDOFF_TOKEN_FILE",
        value_name = "FILE",
        requires = "url",
        conflicts_with = "user"
    )]
    pub token_file: Option<PathBuf>,
}

/// Options of `doctor`.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Where the configuration is.
    #[command(flatten)]
    pub configured: Configured,
    /// Reads every record of the store, and says on standard error how far it is. It takes about a
    /// minute for a million.
    #[arg(long, env = "HANDOFF_DEEP")]
    pub deep: bool,
}

/// Options of `counters`.
#[derive(Debug, Args)]
pub(crate) struct Counters {
    /// Where the configuration is.
    #[command(flatten)]
    pub configured: Configured,
    /// How many hours are shown, the present one included.
    #[arg(long, env = "HANDOFF_HOURS", value_name = "N", default_value_t = 8)]
    pub hours: u16,
    /// Shows each quarter of an hour by itself instead of their sum. Times are UTC.
    #[arg(long, env = "HANDOFF_BY_QUARTER")]
    pub by_quarter: bool,
}

/// Options of `rebuild`.
#[derive(Debug, Args)]
pub(crate) struct Rebuild {
    /// What is rebuilt.
    #[arg(value_name = "NAME", value_enum, default_value_t)]
    pub name: Rebuildable,
    /// Where the configuration is.
    #[command(flatten)]
    pub configured: Configured,
}

/// What a reader of the log keeps.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum Rebuildable {
    /// The counters by queue and by agent.
    #[default]
    Counters,
    /// The index of search.
    Search,
}

/// Options of `openapi`.
#[derive(Debug, Args)]
pub(crate) struct Openapi {
    /// Prints what CometD tells instead, as an AsyncAPI document.
    #[arg(long = "async")]
    pub told: bool,
}

/// Options of `copy`.
#[derive(Debug, Args)]
pub(crate) struct Copy {
    /// The store that is copied: `sqlite:DIRECTORY`, the data directory, or
    /// `postgres://USER@HOST/DATABASE`.
    #[arg(long, env = "HANDOFF_FROM", value_name = "STORE", hide_env_values = true)]
    pub from: String,
    /// Where it is copied to, in the same way; it must be empty.
    #[arg(long, env = "HANDOFF_TO", value_name = "STORE", hide_env_values = true)]
    pub to: String,
}

/// Options of `copy-files`.
#[derive(Debug, Args)]
pub(crate) struct CopyFiles {
    /// Where the files are: a directory, `postgres://USER@HOST/DATABASE`, or `s3://BUCKET/PREFIX`.
    /// No server may use a bucket meanwhile.
    #[arg(long, env = "HANDOFF_FROM", value_name = "PLACE", hide_env_values = true)]
    pub from: String,
    /// Where they are copied to, in the same way.
    #[arg(long, env = "HANDOFF_TO", value_name = "PLACE", hide_env_values = true)]
    pub to: String,
    /// Where the configuration is whose section `s3` says how a bucket is used.
    #[command(flatten)]
    pub configured: Configured,
}

/// Options of `backup`.
#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// The directory of backups, which is made if there is none.
    #[arg(env = "HANDOFF_BACKUPS", value_name = "DIRECTORY")]
    pub directory: PathBuf,
    /// Where the store is.
    #[command(flatten)]
    pub configured: Configured,
    /// Removes backups that are older, such as "30d"; the newest one stays.
    #[arg(long, env = "HANDOFF_KEEP", value_name = "TIME")]
    pub keep: Option<TimeSpan>,
}

/// Options of `restore`.
#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The directory of backups.
    #[arg(env = "HANDOFF_BACKUPS", value_name = "DIRECTORY")]
    pub directory: PathBuf,
    /// Where the store is to be.
    #[command(flatten)]
    pub configured: Configured,
    /// Chooses the last backup of a point in time or before, such as 2026-11-30T15:04:05Z; without
    /// it the newest.
    #[arg(long, env = "HANDOFF_TO", value_name = "TIME")]
    pub to: Option<Timestamp>,
    /// Shows which backups there are.
    #[arg(long, conflicts_with_all = ["to", "check"])]
    pub list: bool,
    /// Reads all of a backup, and says whether it is what it was.
    #[arg(long)]
    pub check: bool,
}

/// Options of `password`.
#[derive(Debug, Args)]
pub(crate) struct Password {
    /// Their user name, in whichever contact center.
    #[arg(value_name = "NAME")]
    pub user: String,
    /// Where the store is.
    #[command(flatten)]
    pub configured: Configured,
}

/// Options of `upgrade`.
#[derive(Debug, Args)]
pub(crate) struct Upgrade {
    /// Where the store is.
    #[command(flatten)]
    pub configured: Configured,
    /// Looks and changes nothing, also while a server serves the store.
    #[arg(long, env = "HANDOFF_CHECK")]
    pub check: bool,
    /// The directory of backups: the newest has to be at most a day old.
    #[arg(long, env = "HANDOFF_BACKUPS", value_name = "DIRECTORY")]
    pub backups: Option<PathBuf>,
}

/// Options of `check-config`.
#[derive(Debug, Args)]
pub(crate) struct CheckConfig {
    /// The configuration file.
    #[arg(env = "HANDOFF_CONFIG", value_name = "FILE")]
    pub file: PathBuf,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_documented_commands_are_understood() {
        let lines: [&[&str]; 27] = [
            &["openapi"],
            &["openapi", "--async"],
            &["upgrade", "--check", "--backups", "backups", "--config", "handoff.toml"],
            &["apply", "c.toml", "--url", "https://h.example", "--user", "ada", "--dry-run"],
            &["apply", "c.toml", "--url", "https://h.example", "--token-file", "token"],
            &["serve", "--config", "handoff.toml"],
            &["serve", "--config", "handoff.toml", "--adopt-files"],
            &["doctor", "--config", "handoff.toml", "--deep"],
            &["demo"],
            &["demo", "--listen", "127.0.0.1:0", "--data", "dir"],
            &["demo", "--customers"],
            &["apply", "center.toml", "--config", "handoff.toml", "--prune", "--dry-run"],
            &["apply", "center.toml", "--prune", "--work-to", "chats", "--work-to", "mails"],
            &["migrate", "--config", "handoff.toml"],
            &["restored", "--config", "handoff.toml"],
            &["check-config", "handoff.toml"],
            &["doctor", "--config", "handoff.toml"],
            &["counters", "--config", "handoff.toml"],
            &["counters", "--hours", "2", "--by-quarter"],
            &["rebuild", "--config", "handoff.toml"],
            &["rebuild", "counters"],
            &["copy-files", "--from", "files", "--to", "postgres://handoff@db/handoff"],
            &["backup", "backups", "--config", "handoff.toml", "--keep", "30d"],
            &["restore", "backups", "--to", "2026-11-30T15:04:05Z", "--config", "handoff.toml"],
            &["restore", "backups", "--list"],
            &["restore", "backups", "--check"],
            &["copy", "--from", "sqlite:handoff-data", "--to", "postgres://handoff@db/handoff"],
        ];
        for line in lines {
            let words = std::iter::once("handoff").chain(line.iter().copied());
            assert!(Cli::try_parse_from(words).is_ok(), "{line:?}");
        }
    }

    #[test]
    fn times_are_read_with_their_unit_or_zone() {
        let line = |option, text| ["handoff", "restore", "backups", option, text];
        let refused = Cli::try_parse_from(line("--to", "yesterday")).unwrap_err().to_string();
        assert!(refused.contains("'yesterday' for '--to <TIME>'"), "{refused}");
        let backup = |text| Cli::try_parse_from(["handoff", "backup", "b", "--keep", text]);
        let refused = backup("30").unwrap_err().to_string();
        assert!(refused.contains("'30' for '--keep <TIME>'"), "{refused}");
        assert!(backup("30d").is_ok());
    }

    #[test]
    fn a_listen_address_needs_address_and_port() {
        let error = Cli::try_parse_from(["handoff", "demo", "--listen", "8090"]).unwrap_err();
        assert!(error.to_string().contains("--listen <ADDRESS:PORT>"), "{error}");
    }
}
