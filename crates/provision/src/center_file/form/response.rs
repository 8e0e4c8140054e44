//! `[[response]]`: texts that are kept ready for everybody in the contact center.

use serde::Deserialize;

use super::text::Text;

/// `[[response]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::center_file) struct ResponseForm {
    pub name: Text,
    pub shortcut: Option<String>,
    pub category: Option<String>,
    pub language: Option<String>,
    #[serde(default)]
    pub channels: Vec<Text>,
    pub subject: Option<String>,
    pub text: Option<String>,
    pub html: Option<String>,
}
