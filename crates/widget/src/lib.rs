//! The customer's chat widget, its demo page, and how to serve them.
//!
//! The files are built from `web/chat-widget` when this crate is compiled and are part of the binary: nothing is read from disk or fetched
//! from elsewhere at run time. This crate knows no HTTP; it says what the bytes are, the caller decides where they are served.

mod assets;

pub use assets::{Asset, asset};
