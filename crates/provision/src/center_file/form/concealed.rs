//! Secrets in the wrong form: what was found must not be repeated, as errors usually do, because it
//! is the secret.

/// Refuses in a visitor what is neither a text nor a table, always by the same message.
macro_rules! refuse_unrepeated {
    ($message:expr) => {
        refuse_unrepeated! {
            $message,
            visit_bool: bool,
            visit_i64: i64,
            visit_u64: u64,
            visit_i128: i128,
            visit_u128: u128,
            visit_f64: f64
        }
    };
    ($message:expr, $($visit:ident: $found:ty),+) => {
        $(
            fn $visit<E: serde::de::Error>(self, _: $found) -> Result<Self::Value, E> {
                Err(E::custom($message))
            }
        )+
    };
}

pub(super) use refuse_unrepeated;
