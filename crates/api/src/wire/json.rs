//! A strict JSON reader: what it gives is what was written, or nothing.
//!
//! Two readers of one text must not understand two things by it, so duplicate keys, trailing text
//! and numbers out of range are refused instead of being resolved somehow. Depth is bounded while
//! reading, before anything that recurses over the result could be harmed.

use std::collections::BTreeMap;
use std::fmt;

use handoff_domain::Value;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use crate::error::Refusal;

/// Most levels of objects and lists (docs/compat/conventions.md#bodies).
const DEPTH_MAX: usize = 64;

/// Reads a JSON text.
///
/// # Errors
///
/// Code 10, saying what is wrong and where, when the text is not exactly one JSON value, has a
/// duplicate key, a number beyond an IEEE double, or more than 64 levels.
pub fn read(text: &[u8]) -> Result<Value, Refusal> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = Node { depth: 0 }.deserialize(&mut deserializer);
    value.and_then(|value| deserializer.end().map(|()| value)).map_err(|error| {
        Refusal::invalid(format!("The body is not the JSON that is wanted: {error}; correct it."))
    })
}

/// One value at some depth.
#[derive(Clone, Copy)]
struct Node {
    /// Objects and lists around it.
    depth: usize,
}

impl Node {
    fn inside<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth == DEPTH_MAX {
            return Err(E::custom(format_args!("nested deeper than {DEPTH_MAX} levels")));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Node {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
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

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut values = Vec::new();
        while let Some(value) = access.next_element_seed(inside)? {
            values.push(value);
        }
        Ok(Value::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut values = BTreeMap::new();
        while let Some(key) = access.next_key::<String>()? {
            if values.contains_key(&key) {
                let key = crate::error::quoted(&key);
                return Err(A::Error::custom(format_args!("duplicate key {key}")));
            }
            values.insert(key, access.next_value_seed(inside)?);
        }
        Ok(Value::Map(values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixty_four_bit_integers_are_exact_and_other_numbers_are_doubles() {
        let table = [
            ("9223372036854775807", Value::Integer(9_223_372_036_854_775_807)),
            ("-9223372036854775808", Value::Integer(-9_223_372_036_854_775_808)),
            ("18446744073709551615", Value::Integer(18_446_744_073_709_551_615)),
            ("18446744073709551616", Value::Float(18_446_744_073_709_551_616.0)),
            ("0.1", Value::Float(0.1)),
            ("2.2250738585072014e-308", Value::Float(2.225_073_858_507_201_4e-308)),
        ];
        for (text, value) in table {
            assert_eq!(read(text.as_bytes()), Ok(value), "{text}");
        }
    }

    #[test]
    fn what_is_not_exactly_one_value_is_refused_and_the_place_is_named() {
        let deepest = format!("{}{}", "[".repeat(64), "]".repeat(64));
        assert!(read(deepest.as_bytes()).is_ok());
        let too_deep = format!("{}{}", "[".repeat(65), "]".repeat(65));
        let far_too_deep = "[".repeat(100_000);
        let table: [(&str, &str); 12] = [
            ("", "EOF"),
            ("{", "EOF"),
            (r#"{"a":1}x"#, "trailing"),
            (r#"{"a":1} {"a":1}"#, "trailing"),
            (r#"{"a":1,"a":2}"#, "duplicate key \"a\" at line 1 column"),
            (r#"{"u":{"b":1,"b":1}}"#, "duplicate key \"b\""),
            ("1e400", "out of range"),
            ("{'a':1}", "line 1 column 2"),
            (r#"{"a":NaN}"#, "line 1 column 6"),
            ("\"\\ud800\"", "line 1"),
            (&too_deep, "deeper than 64"),
            (&far_too_deep, "deeper than 64"),
        ];
        for (text, wanted) in table {
            let refusal = read(text.as_bytes()).expect_err(text);
            assert_eq!(refusal.code.number(), 10);
            assert!(refusal.sentence.contains(wanted), "{}", refusal.sentence);
        }
        assert!(read(b"\"\xff\"").is_err(), "bytes that are not UTF-8");
    }
}
