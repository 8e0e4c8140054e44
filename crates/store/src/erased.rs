//! What is looked at for an erasure beside records.

/// Whether words are taken out, or it is only counted how much may have some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    Count,
    Erase,
}

/// A part of what the log says of an interaction, of which the words were taken out or counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ErasedWords {
    /// After which position to go on; `None` when all is done.
    pub next: Option<u64>,
    /// Entries of the interaction that the log still has, among them what agents were shown who
    /// came in.
    pub log_entries: u64,
    /// Rows of streams that tell of them.
    pub stream_rows: u64,
}
