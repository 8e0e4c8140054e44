//! The built pages, and how to serve them.
//!
//! `cargo xtask web` builds them from `web` into `web/dist`. With the feature `pages` they are part
//! of the binary, and nothing is read from disk at run time; without it they are read from that
//! directory at each request, so that `cargo check` needs no Node and a change of a page no
//! compiler. This crate knows no HTTP: it says what the bytes are, the caller decides where they
//! are served.
//!
//! What must stay true: an `ETag` is another one whenever the bytes are, so that a browser that
//! asks never keeps an old page after an upgrade; and no path leads out of the directory.

mod pages;

pub use pages::{NOT_BUILT, Packing, Page, Pages};
