//! What the office is told of its mailboxes.

use std::path::PathBuf;

use handoff_mail::imap::ImapMailbox;
use handoff_mail::lmtp::LmtpListener;
use handoff_mail::smtp::RelayConfig;
use handoff_mail::token::Signer;

/// All that is configured of e-mail.
pub struct Settings {
    /// The mailboxes of all contact centers.
    pub mailboxes: Vec<MailboxSettings>,
    /// Where mail servers of this machine deliver straight; `None` is nowhere.
    pub lmtp: Option<LmtpListener>,
    /// The name by which this server greets others.
    pub host_name: String,
    /// Signs the tokens in what goes out.
    pub signer: Signer,
}

/// What is configured of one mailbox.
pub struct MailboxSettings {
    /// Mail goes out under it.
    pub address: String,
    /// Other addresses whose mail is for it, and under which it may go out.
    pub aliases: Vec<String>,
    /// The name before the address in what goes out; none when empty.
    pub name: String,
    /// The name of the contact center that it belongs to.
    pub center: String,
    /// The name of the e-mail queue that its mail waits in.
    pub queue: String,
    /// Whether mail without a sender's address goes out by it.
    pub is_default: bool,
    /// Whether mail that LMTP brings for it is taken.
    pub takes_lmtp: bool,
    /// Whether answers come back to an address with a token.
    pub has_reply_tokens: bool,
    /// Where its mail is fetched.
    pub source: Option<ImapMailbox>,
    /// How its mail goes out; without it none does.
    pub exit: Option<Exit>,
}

/// How mail leaves.
pub enum Exit {
    Relay(RelayConfig),
    /// Into a directory, as files: for trying things out.
    Directory(PathBuf),
}
