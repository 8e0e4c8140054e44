//! Values of user data as JSON, with 64-bit integers kept exactly
//! (docs/compat/conventions.md#bodies).

use handoff_domain::{UserData, Value};
use serde_json::{Map, Number};

/// Returns a value as JSON.
#[must_use]
pub fn to_json(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Integer(value) => match (i64::try_from(*value), u64::try_from(*value)) {
            (Ok(value), _) => value.into(),
            (_, Ok(value)) => value.into(),
            // Nothing beyond 64 bits gets in or out of the store; should it, the nearest double is
            // better than no answer.
            _ => Number::from_f64(*value as f64).into(),
        },
        // Infinities and not-a-number cannot be read from JSON, so they do not occur; they would
        // show as null.
        Value::Float(value) => Number::from_f64(*value).into(),
        Value::Text(value) => value.as_str().into(),
        Value::List(values) => values.iter().map(to_json).collect(),
        Value::Map(values) => {
            values.iter().map(|(key, value)| (key.clone(), to_json(value))).collect()
        }
    }
}

/// Returns user data as JSON.
#[must_use]
pub fn map_to_json(user_data: &UserData) -> Map<String, serde_json::Value> {
    user_data.0.iter().map(|(key, value)| (key.clone(), to_json(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_is_written_again() {
        let text = r#"{"a":9007199254740993,"b":18446744073709551615,"c":-9223372036854775808,"d":0.1,"e":[null,true,{"f":"x"}],"g":1e300}"#;
        let Ok(Value::Map(values)) = crate::wire::json::read(text.as_bytes()) else {
            panic!("an object")
        };
        let written = serde_json::Value::Object(map_to_json(&UserData(values))).to_string();
        assert_eq!(written, text.replace("1e300", "1e+300"));
    }
}
