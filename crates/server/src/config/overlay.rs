//! `HANDOFF__SECTION__KEY` variables over the file.
//!
//! Variables are applied one by one, in order of their names, so that an error can say which of
//! them caused it.

use std::collections::BTreeMap;

use serde::Deserialize as _;
use toml::{Table, Value};

use super::{Config, ConfigError};

/// What the names of all variables begin with. Single underscores (`HANDOFF_CONFIG`) are options of
/// the command line.
const PREFIX: &str = "HANDOFF__";

/// A configuration after its variables.
pub(super) struct Overlaid {
    /// The configuration.
    pub config: Config,
    /// The variable that set a key, by the key as `section.key`.
    pub variables: BTreeMap<String, String>,
}

/// Applies `variables` to a configuration that was read from `table`.
pub(super) fn apply(
    written: Config,
    mut table: Table,
    variables: impl Iterator<Item = (String, String)>,
) -> Result<Overlaid, ConfigError> {
    let ours: BTreeMap<String, String> =
        variables.filter(|(name, _)| name.starts_with(PREFIX)).collect();
    let mut overlaid = Overlaid { config: written, variables: BTreeMap::new() };
    let defaults = Table::try_from(Config::default())
        .map_err(|error| ConfigError::Wrong(format!("the defaults cannot be written: {error}")))?;
    for (name, text) in ours {
        let wrong = |message: String| ConfigError::Wrong(format!("{name}: {message}"));
        let (section, key) =
            split(&name).ok_or_else(|| wrong("expected HANDOFF__SECTION__KEY".to_owned()))?;
        let known = defaults.get(&section).and_then(Value::as_table);
        let known = known.ok_or_else(|| {
            wrong(format!("there is no section {section}; {}", one_of(&defaults)))
        })?;
        let model = known.get(&key);
        let model = model.ok_or_else(|| {
            wrong(format!("there is no option {section}.{key}; {}", one_of(known)))
        })?;
        let value = read_like(model, &text)
            .map_err(|message| wrong(format!("{section}.{key} {message}")))?;
        let into = table.entry(section.clone()).or_insert_with(|| Value::Table(Table::new()));
        if let Value::Table(into) = into {
            into.insert(key.clone(), value);
        }
        overlaid.config = Config::deserialize(table.clone())
            .map_err(|error| wrong(format!("{section}.{key}: {}", error.message())))?;
        overlaid.variables.insert(format!("{section}.{key}"), name);
    }
    Ok(overlaid)
}

fn split(name: &str) -> Option<(String, String)> {
    let (section, key) = name.strip_prefix(PREFIX)?.split_once("__")?;
    Some((section.to_lowercase(), key.to_lowercase()))
}

fn one_of(table: &Table) -> String {
    format!("expected one of {}", table.keys().map(String::as_str).collect::<Vec<_>>().join(", "))
}

/// Reads a variable's text as the type that the option has.
fn read_like(model: &Value, text: &str) -> Result<Value, String> {
    match model {
        Value::Integer(_) => text
            .parse()
            .map(Value::Integer)
            .map_err(|_| format!("is {text:?}, expected a whole number")),
        Value::Array(_) => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Ok(Value::Array(items.map(|item| Value::String(item.to_owned())).collect()))
        }
        Value::Boolean(_) => text
            .parse()
            .map(Value::Boolean)
            .map_err(|_| format!("is {text:?}, expected true or false")),
        _ => Ok(Value::String(text.to_owned())),
    }
}
