//! User data: the key-value tree that travels with an interaction, and the ways to change it.
//!
//! Bounds are checked by [`UserData::check`] on the result of a change, not by the change itself.
//! Every walk over a tree goes as deep as the bound allows and no deeper, whatever it is given.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use crate::command::Removal;

mod bounds;

/// One value of the tree: what JSON can say, with 64-bit integers kept exactly
/// (docs/compat/conventions.md#bodies).
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// JSON `null`, a value like any other.
    Null,
    /// A truth value.
    Bool(bool),
    /// An integer of 64 bits, signed or unsigned: −2^63…2^64−1.
    Integer(i128),
    /// Any other number.
    Float(f64),
    Text(String),
    List(Vec<Value>),
    /// A nested object.
    Map(BTreeMap<String, Value>),
}

/// The user data of one interaction.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct UserData(pub BTreeMap<String, Value>);

#[cfg(feature = "stored")]
mod stored {
    use super::{BTreeMap, String, Value, Vec};
    use core::fmt;
    use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
    use serde::ser::{Error as _, Serialize, Serializer};

    impl Serialize for Value {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            match self {
                Self::Null => serializer.serialize_unit(),
                Self::Bool(value) => serializer.serialize_bool(*value),
                Self::Integer(value) => match (i64::try_from(*value), u64::try_from(*value)) {
                    (Ok(value), _) => serializer.serialize_i64(value),
                    (_, Ok(value)) => serializer.serialize_u64(value),
                    _ => Err(S::Error::custom("an integer of user data exceeds 64 bits")),
                },
                Self::Float(value) => serializer.serialize_f64(*value),
                Self::Text(value) => serializer.serialize_str(value),
                Self::List(values) => values.serialize(serializer),
                Self::Map(values) => values.serialize(serializer),
            }
        }
    }

    struct ValueVisitor;

    impl<'de> Visitor<'de> for ValueVisitor {
        type Value = Value;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a value of user data")
        }

        fn visit_unit<E>(self) -> Result<Value, E> {
            Ok(Value::Null)
        }

        fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
            Ok(Value::Bool(value))
        }

        fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
            Ok(Value::Integer(value.into()))
        }

        fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
            Ok(Value::Integer(value.into()))
        }

        fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
            Ok(Value::Float(value))
        }

        fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
            Ok(Value::Text(value.into()))
        }

        fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
            Ok(Value::Text(value))
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
            let mut values = Vec::new();
            while let Some(value) = access.next_element()? {
                values.push(value);
            }
            Ok(Value::List(values))
        }

        fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
            let mut values = BTreeMap::new();
            while let Some((key, value)) = access.next_entry()? {
                values.insert(key, value);
            }
            Ok(Value::Map(values))
        }
    }

    impl<'de> Deserialize<'de> for Value {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_any(ValueVisitor)
        }
    }
}

/// Why user data was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserDataError {
    /// A key is longer than [`UserData::KEY_BYTES_MAX`].
    KeyTooLong {
        /// Its first characters.
        key: String,
    },
    /// The whole map is larger than [`UserData::BYTES_MAX`].
    TooLarge,
    /// Objects or lists are nested deeper than [`UserData::DEPTH_MAX`].
    TooDeep,
}

impl UserData {
    /// Most bytes of one key (docs/compat/interactions.md#user-data).
    pub const KEY_BYTES_MAX: usize = 256;
    /// Most bytes of the whole map, counted as compact JSON
    /// (docs/compat/interactions.md#user-data).
    pub const BYTES_MAX: usize = 64 * 1024;
    /// Most levels of nesting, the map itself being the first
    /// (docs/compat/interactions.md#user-data).
    pub const DEPTH_MAX: usize = 16;

    /// Sets the given keys: missing ones are created, a nested object is replaced as a whole, null
    /// is a value (docs/compat/interactions.md#user-data).
    pub fn update(&mut self, changes: &Self) {
        self.0.extend(changes.0.iter().map(|(key, value)| (key.clone(), value.clone())));
    }

    /// Removes the named keys; a missing one is no error.
    pub fn delete(&mut self, removal: &Removal) {
        match removal {
            Removal::Keys(keys) => {
                for key in keys {
                    self.0.remove(key);
                }
            }
            Removal::Tree(tree) => remove_tree(&mut self.0, tree, Self::DEPTH_MAX),
        }
    }

    /// Applies a merge-patch (RFC 7396): null removes a key, objects merge, everything else
    /// replaces.
    ///
    /// # Errors
    ///
    /// [`UserDataError::TooDeep`] when the patch is nested deeper than user data may be; the map is
    /// then half patched and to be dropped.
    pub fn merge_patch(&mut self, patch: &BTreeMap<String, Value>) -> Result<(), UserDataError> {
        merge(&mut self.0, patch, Self::DEPTH_MAX)
    }

    /// Checks the bounds: length of keys, size as compact JSON, depth.
    ///
    /// # Errors
    ///
    /// The first [`UserDataError`] met.
    pub fn check(&self) -> Result<(), UserDataError> {
        bounds::check(&self.0)
    }
}

fn remove_tree(
    data: &mut BTreeMap<String, Value>,
    tree: &BTreeMap<String, Value>,
    depth_left: usize,
) {
    if depth_left == 0 {
        return;
    }
    for (key, value) in tree {
        match (value, data.get_mut(key)) {
            (Value::Map(nested), Some(Value::Map(inner))) => {
                remove_tree(inner, nested, depth_left - 1)
            }
            // It names keys within something that has none: they are missing.
            (Value::Map(_), _) => {}
            (_, _) => {
                data.remove(key);
            }
        }
    }
}

fn merge(
    data: &mut BTreeMap<String, Value>,
    patch: &BTreeMap<String, Value>,
    depth_left: usize,
) -> Result<(), UserDataError> {
    if depth_left == 0 {
        return Err(UserDataError::TooDeep);
    }
    for (key, change) in patch {
        match change {
            Value::Null => {
                data.remove(key);
            }
            Value::Map(nested) => {
                let slot = data.entry(key.clone()).or_insert(Value::Null);
                if !matches!(slot, Value::Map(_)) {
                    *slot = Value::Map(BTreeMap::new());
                }
                if let Value::Map(inner) = slot {
                    merge(inner, nested, depth_left - 1)?;
                }
            }
            other => {
                data.insert(key.clone(), other.clone());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
