//! Durability: what it means to store something, and the stores that do.
//!
//! A commit is data. A [`ChangeSet`] of version-guarded writes, checks, timers, events with their
//! notices, and receipts is applied in one transaction or not at all; correctness rests on the
//! guards and not on an isolation level, so every store means the same. The suite in `conformance`
//! (a feature) is the definition of a store: the memory model, SQLite
//! and PostgreSQL pass the same tests.
//!
//! No transaction object leaves a store, and no SQL leaves this crate. It deliberately knows
//! nothing of HTTP, CometD or rules.

mod aside;
pub mod backup;
pub mod change_set;
pub mod codec;
mod committed;
#[cfg(feature = "conformance")]
pub mod conformance;
mod contact_words;
pub mod copy;
pub mod directory;
mod distribution;
mod erased;
pub mod error;
pub mod files;
mod hash;
mod leases;
pub mod log;
pub mod memory;
mod missed;
mod nodes;
mod places;
pub mod postgres;
pub mod promised;
pub mod query;
pub mod record;
mod schema;
mod sql;
pub mod sqlite;
pub mod store;
pub mod tls;

pub use backup::{Backup, BackupError, BackupProgress, BackupSource, Backups, Forgotten, Taken};
pub use change_set::{
    ChangeSet, Check, DirectoryGuard, Extent, Guard, Put, Receipt, Removal, Timer, TimerKey,
};
pub use committed::{AddedRow, Committed};
pub use contact_words::{FoundWord, WordQuery, words_in, words_of};
pub use copy::{Bulk, Carried, Copy, CopyError, CopyProgress, Settled};
pub use directory::{DirectoryEntry, DirectoryPage};
pub use distribution::{BatchCounts, DURATIONS_US, Distributed, Distribution};
pub use erased::{Deed, ErasedWords};
pub use error::{CommitError, NotReady, StoreError, with_causes};
pub use files::{
    BucketFiles, BucketOptions, CarryError, DiskFiles, Files, FilesCarried, FilesError,
    FilesOptions, FilesPage, FilesSwept, FilesTerms, Incoming, KeptFile, ListedUntil, MemoryFiles,
    NewFile, Sharing, SweepFilesError, TrashSwept, Trashed, carry_files, sweep_files, sweep_trash,
};
pub use log::{GENERATION_JUMP, LogEnd, LogEntry, SubjectKey, Told};
pub use memory::MemoryStore;
pub use missed::Missed;
pub use nodes::{AboutNode, LivingNode};
#[cfg(feature = "conformance")]
pub use postgres::PostgresFaults;
pub use postgres::{
    Hidden, PostgresBulk, PostgresFiles, PostgresLine, PostgresLines, PostgresOptions,
    PostgresStore,
};
pub use promised::{PROMISED_BYTES_MAX, PROMISED_MAX, PromisedAnswer, PromisedEnd, PromisedRow};
pub use query::{
    Head, HistoryEntry, InteractionQuery, InteractionScope, Numbering, PAGE_BYTES_MAX, Page,
    StreamRow, contact_called, contact_spellings,
};
pub use record::{
    AfterFetch, ApiToken, Attended, AuditAction, AuditEntry, AuditKind, AuditSource, AuditTarget,
    AuditTool, AuditUser, ChatDraft, ChatMarks, Claim, Contact, ContactProfile, DeliveryOutcome,
    DeskSettings, DraftVersions, ErasedCounts, Erasure, ErasureReceipt, FileRecord, FileSender,
    FilesDirectory, HeldBack, ImapSource, Key, Kind, LoginSession, Look, MailLogin, MailSecurity,
    Mailbox, MailboxMark, OAuthLogin, Only, OwnResponse, OwnResponses, Part, ReaderCursor, Record,
    RequestNumbers, ResponseOwner, ResponseUses, SecondFactor, SecretKey, SecretPlace,
    SharedSecret, SmtpRelay, StandardResponse, TokenScope, UserTokens, Uses, Version, Versioned,
    WayOut, Webhook, WebhookDelivery, WebhookSecret, WebhookStart, WebhookState, changed_fields,
};
pub use schema::SchemaReport;
pub use sqlite::{SqliteBulk, SqliteOptions, SqliteStore};
pub use store::{Lease, LookedUp, SetAside, Store, SweepReport};
