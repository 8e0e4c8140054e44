//! `[workspace]` and `[[disposition]]`: what agents' desktops are told.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::text::Text;

/// `[workspace]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(in crate::center_file) struct WorkspaceForm {
    /// The queue that e-mails go out by when an agent names none.
    pub outbound_queue: Option<Text>,
    /// The addresses that an agent can choose to write as.
    #[serde(default)]
    pub from_addresses: Vec<Text>,
    /// Why an agent may be NotReady.
    #[serde(default)]
    pub not_ready_reasons: Vec<Text>,
    /// What is shown of a reason where that is something else.
    #[serde(default)]
    pub reason_names: BTreeMap<String, Text>,
    /// Other settings of the section `interaction-workspace`, by name.
    #[serde(default)]
    pub settings: BTreeMap<String, Text>,
}

/// `[[disposition]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(in crate::center_file) struct DispositionForm {
    pub key: Text,
    pub display_name: Option<String>,
    #[serde(default)]
    pub channels: Vec<Text>,
    #[serde(default)]
    pub note_required: bool,
}
