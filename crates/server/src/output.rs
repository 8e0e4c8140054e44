//! What a command says to the person or script that called it.
//!
//! A closed standard output is not an error: the reader has seen what they wanted.

use std::fmt::Display;
use std::io::Write as _;

/// Writes a text to standard output, at once, also into a pipe.
pub(crate) fn say(text: impl Display) {
    let mut output = std::io::stdout().lock();
    let _ = writeln!(output, "{text}").and_then(|()| output.flush());
}

/// Writes how far something is to standard error.
pub(crate) fn progress(text: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "handoff: {text}");
}

/// Writes a remark to standard error.
pub(crate) fn warn(text: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "handoff: warning: {text}");
}

/// Writes an error with its causes to standard error, on one line.
pub(crate) fn complain(error: &anyhow::Error) {
    let _ = writeln!(std::io::stderr().lock(), "handoff: {error:#}");
}
