//! The bounds of user data, measured as compact JSON without writing any.

use alloc::collections::BTreeMap;
use alloc::string::String;
use core::fmt::{self, Write as _};

use super::{UserData, UserDataError, Value};

/// Characters of a key that a refusal quotes: enough to recognise it.
const QUOTED_CHARS: usize = 32;

/// Checks the bounds of a whole map.
pub(super) fn check(map: &BTreeMap<String, Value>) -> Result<(), UserDataError> {
    let mut measure = Measure { bytes: 0 };
    measure.map(map, UserData::DEPTH_MAX)
}

/// Counts bytes, and stops at the first bound that is broken, so that a hostile map costs no more
/// than an allowed one.
struct Measure {
    bytes: usize,
}

impl Measure {
    fn add(&mut self, bytes: usize) -> Result<(), UserDataError> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > UserData::BYTES_MAX { Err(UserDataError::TooLarge) } else { Ok(()) }
    }

    fn map(
        &mut self,
        map: &BTreeMap<String, Value>,
        depth_left: usize,
    ) -> Result<(), UserDataError> {
        let depth_left = depth_left.checked_sub(1).ok_or(UserDataError::TooDeep)?;
        self.add(brackets_and_commas(map.len()))?;
        for (key, value) in map {
            if key.len() > UserData::KEY_BYTES_MAX {
                return Err(UserDataError::KeyTooLong {
                    key: key.chars().take(QUOTED_CHARS).collect(),
                });
            }
            self.add(text_bytes(key) + ":".len())?;
            self.value(value, depth_left)?;
        }
        Ok(())
    }

    fn value(&mut self, value: &Value, depth_left: usize) -> Result<(), UserDataError> {
        match value {
            Value::Null => self.add("null".len()),
            Value::Bool(true) => self.add("true".len()),
            Value::Bool(false) => self.add("false".len()),
            Value::Integer(number) => self.add(printed_bytes(format_args!("{number}"))),
            // The debug form has an exponent for what is very large or small, as JSON writers have.
            Value::Float(number) => self.add(printed_bytes(format_args!("{number:?}"))),
            Value::Text(text) => self.add(text_bytes(text)),
            Value::List(values) => {
                let depth_left = depth_left.checked_sub(1).ok_or(UserDataError::TooDeep)?;
                self.add(brackets_and_commas(values.len()))?;
                values.iter().try_for_each(|value| self.value(value, depth_left))
            }
            Value::Map(values) => self.map(values, depth_left),
        }
    }
}

const fn brackets_and_commas(len: usize) -> usize {
    2 + len.saturating_sub(1)
}

/// Returns the bytes of a string in JSON, quotation marks included.
fn text_bytes(text: &str) -> usize {
    let escaped = |byte: u8| match byte {
        b'"' | b'\\' | 0x08 | 0x09 | 0x0a | 0x0c | 0x0d => 2,
        0x00..=0x1f => 6,
        _ => 1,
    };
    2 + text.bytes().map(escaped).sum::<usize>()
}

fn printed_bytes(arguments: fmt::Arguments<'_>) -> usize {
    struct Counter(usize);
    impl fmt::Write for Counter {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0 += text.len();
            Ok(())
        }
    }
    let mut counter = Counter(0);
    // Counting never fails.
    let _ = counter.write_fmt(arguments);
    counter.0
}
