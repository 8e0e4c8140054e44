//! Lines of TOML.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use handoff_domain::Hours;
use toml::{Table, Value};

use crate::opening_hours::{exceptions_as_texts, hours_as_texts};
use crate::time_span::TimeSpan;

/// Lines, one key each, below the headers of their tables.
#[derive(Default)]
pub(super) struct Lines {
    text: String,
    /// The header that was last, without keys of its own.
    header: &'static str,
}

impl Lines {
    /// Begins a table.
    pub(super) fn table(&mut self, header: &'static str) {
        // Skills and groups are a line each; everything else is set off.
        let is_list_of_names = matches!(header, "[[skill]]" | "[[group]]");
        let goes_on = is_list_of_names && self.header == header;
        if !self.text.is_empty() && !goes_on {
            self.text.push('\n');
        }
        self.sub_table(header);
    }

    /// Begins a table that is a part of the one before.
    pub(super) fn sub_table(&mut self, header: &'static str) {
        self.header = header;
        self.text.push_str(header);
        self.text.push('\n');
    }

    /// Writes when somebody is there.
    pub(super) fn set_hours(&mut self, hours: &Hours) {
        self.set("timeZone", &*hours.zone);
        self.set_list("open", hours_as_texts(hours));
        self.set_list("exceptions", exceptions_as_texts(hours));
    }

    pub(super) fn set(&mut self, key: &str, value: impl Into<Value>) {
        let value = value.into();
        writeln!(self.text, "{key} = {value}").expect("a text takes all");
    }

    pub(super) fn set_given(&mut self, key: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.set(key, value);
        }
    }

    /// Says it unless it is what counts when nothing is said.
    pub(super) fn set_unless<T: PartialEq + Into<Value>>(
        &mut self,
        key: &str,
        value: T,
        otherwise: T,
    ) {
        if value != otherwise {
            self.set(key, value);
        }
    }

    pub(super) fn set_unless_empty(&mut self, key: &str, text: &str) {
        self.set_unless(key, text, "");
    }

    pub(super) fn set_time(&mut self, key: &str, ms: u64) {
        self.set(key, TimeSpan::from_ms(ms).to_string());
    }

    pub(super) fn set_time_unless(&mut self, key: &str, ms: u64, otherwise_ms: u64) {
        if ms != otherwise_ms {
            self.set_time(key, ms);
        }
    }

    /// A size that TOML has no number for is bounded by what it has.
    pub(super) fn set_bytes_unless(&mut self, key: &str, bytes: u64, otherwise: u64) {
        if bytes != otherwise {
            self.set(key, i64::try_from(bytes).unwrap_or(i64::MAX));
        }
    }

    pub(super) fn set_list(&mut self, key: &str, texts: impl IntoIterator<Item = impl AsRef<str>>) {
        let texts: Vec<Value> = texts.into_iter().map(|text| text.as_ref().into()).collect();
        if !texts.is_empty() {
            self.set(key, texts);
        }
    }

    /// Sets what stands in one line between braces.
    pub(super) fn set_map<V: Into<Value>>(
        &mut self,
        key: &str,
        values: impl IntoIterator<Item = (impl Into<String>, V)>,
    ) {
        let pairs = values.into_iter().map(|(name, value)| (name.into(), value.into()));
        let table: Table = pairs.collect();
        if !table.is_empty() {
            self.set(key, table);
        }
    }

    /// Sets keys that may be any text.
    pub(super) fn set_all(&mut self, texts: &BTreeMap<String, String>) {
        self.text.push_str(&toml::to_string(texts).expect("texts can be written"));
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }
}
