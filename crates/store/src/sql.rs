//! What is stored in which table, said once for every SQL store.
//!
//! The SQL is the part that SQLite and PostgreSQL share: `$1` parameters, text, integers and no
//! other types, times as milliseconds, encoded bodies as text, and `ON CONFLICT`. In SQLite a `$1`
//! is a name, and names get their places in the order in which they first occur; so every statement
//! here uses them in ascending order, and a test checks that.
//!
//! Rows are made in [`encode`], outside any transaction and on the caller's thread: a writer only
//! binds what is ready.

pub(crate) mod columns;
pub(crate) mod decode;
pub(crate) mod directories;
pub(crate) mod encode;
pub(crate) mod erase;
pub(crate) mod keys;
pub(crate) mod lists;
pub(crate) mod log;
pub(crate) mod migration;
pub(crate) mod promised;
pub(crate) mod statements;
pub(crate) mod timers;
