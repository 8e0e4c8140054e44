//! Texts that know where they are written, so that an error can name the line.

use std::collections::BTreeMap;

use toml::Spanned;

/// A text with its place.
pub(in crate::center_file) type Text = Spanned<String>;
/// Levels by the names of skills.
pub(in crate::center_file) type Levels = BTreeMap<Text, u32>;
