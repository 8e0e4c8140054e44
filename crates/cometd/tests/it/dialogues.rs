//! Dialogues over long-polling on a virtual clock: tokio's, paused, which jumps whenever everybody
//! waits.

mod acknowledged;
mod lifetime;
mod messages;
mod polls;
mod reference;
