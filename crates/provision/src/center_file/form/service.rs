//! `[[service]]`: one form for all types, because an option that belongs to another type is to be
//! told by its own line.

use serde::Deserialize;
use toml::Spanned;

use super::text::Text;
use crate::time_span::TimeSpan;

/// `[[service]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(in crate::center_file) struct ServiceForm {
    pub name: Text,
    #[serde(rename = "type")]
    pub kind: KindForm,
    pub queue: Text,
    #[serde(default = "super::yes")]
    pub enabled: bool,
    pub customer_silence: Option<Spanned<TimeSpan>>,
    pub idle_alert: Option<Spanned<TimeSpan>>,
    pub idle_close: Option<Spanned<TimeSpan>>,
    pub wait_max: Option<Spanned<TimeSpan>>,
    pub max_waiting: Option<Spanned<u32>>,
    pub leave_message: Option<Text>,
    pub without_key: Option<Spanned<bool>>,
    pub origins: Option<Spanned<Vec<Text>>>,
    pub hours: Option<Spanned<HoursForm>>,
    pub files: Option<Spanned<FilesForm>>,
    pub mailbox: Option<Text>,
    pub media_type: Option<Text>,
    pub interaction_type: Option<Spanned<DirectionForm>>,
    pub interaction_sub_type: Option<Text>,
    pub allow_overwrite: Option<Spanned<bool>>,
}

/// What comes in by a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::center_file) enum KindForm {
    Chat,
    Email,
    OpenMedia,
}

/// Who started what comes in.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(in crate::center_file) enum DirectionForm {
    Inbound,
    Outbound,
    Internal,
}

/// `[service.hours]` and `[queue.hours]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(in crate::center_file) struct HoursForm {
    pub time_zone: Text,
    /// Such as `Mon-Fri 08:00-18:00`.
    pub open: Spanned<Vec<Text>>,
    /// Such as `2026-12-24 08:00-12:00` and `2026-12-25 closed`.
    pub exceptions: Option<Spanned<Vec<Text>>>,
}

/// `[service.files]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(in crate::center_file) struct FilesForm {
    pub uploads: Option<Spanned<u32>>,
    pub file_bytes: Option<Spanned<u64>>,
    pub total_bytes: Option<Spanned<u64>>,
    pub downloads: Option<Spanned<u32>>,
    pub types: Option<Spanned<Vec<Text>>>,
    pub need_agent: Option<Spanned<bool>>,
}
