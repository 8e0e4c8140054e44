//! The `fields` parameter: which attributes of a resource to show.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Map, Value};

/// Which attributes of a resource are wanted (docs/compat/conventions.md#lists).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fields {
    /// `*`: all of them.
    All,
    /// Only these; a name that the resource does not have is ignored, as one resource of a mixed
    /// list may have it and another not.
    Named(BTreeSet<String>),
}

impl Fields {
    /// Reads the parameter's value: `*`, or names with commas between them.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let names: BTreeSet<String> = text
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        if names.contains("*") { Self::All } else { Self::Named(names) }
    }

    /// Returns the wanted part of a resource.
    ///
    /// # Errors
    ///
    /// When the resource cannot be written as JSON, which none of this crate's resources causes.
    pub fn select<T: Serialize>(&self, resource: &T) -> Result<Value, serde_json::Error> {
        let value = serde_json::to_value(resource)?;
        Ok(match (self, value) {
            (Self::Named(names), Value::Object(mut attributes)) => {
                let wanted = names.iter().filter_map(|name| attributes.remove_entry(name));
                Value::Object(wanted.collect::<Map<String, Value>>())
            }
            (Self::All | Self::Named(_), value) => value,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_the_named_attributes_are_shown() {
        let resource = json!({"id": "a", "name": "b", "channel": null});
        let table = [
            ("*", json!({"id": "a", "name": "b", "channel": null})),
            ("id,*", json!({"id": "a", "name": "b", "channel": null})),
            ("id", json!({"id": "a"})),
            (" id , channel,", json!({"id": "a", "channel": null})),
            ("nothing", json!({})),
            ("", json!({})),
        ];
        for (text, expect) in table {
            assert_eq!(Fields::parse(text).select(&resource).ok(), Some(expect), "{text:?}");
        }
    }
}
