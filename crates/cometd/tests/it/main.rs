//! What the crate promises, through its public doors: dialogues on a virtual clock, properties,
//! hostile input, and both transports over real connections.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod bounds;
mod compressed;
mod connection;
mod decoding;
mod dialogues;
mod http;
mod properties;
mod sequences;
mod support;
mod websocket;
