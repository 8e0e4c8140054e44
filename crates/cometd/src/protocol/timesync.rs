//! The `timesync` extension: tells clients how far their clock is from the server's (bayeux.md
//! 1.11).

use serde_json::{Value, json};

use super::Moment;

/// Below this distance, in ms, a client that knows its lag is not answered; the reference's
/// accuracy target.
const ACCURATE_MS: i64 = 25;

/// A client's question, with the moment when it arrived.
#[derive(Clone, Copy, Debug)]
pub struct Timesync {
    sent: i64,
    lag: i64,
    offset: i64,
    received: Moment,
}

impl Timesync {
    /// Reads the question from a message's `ext`, if there is one.
    pub fn read(ext: Option<&Value>, now: Moment) -> Option<Self> {
        let question = ext?.get("timesync")?;
        #[expect(clippy::cast_possible_truncation, reason = "the cast of a float saturates")]
        let number = |name: &str| {
            let value = question.get(name)?;
            value.as_i64().or_else(|| value.as_f64().map(|float| float as i64))
        };
        Some(Self {
            sent: number("tc")?,
            lag: number("l").unwrap_or(0),
            offset: number("o").unwrap_or(0),
            received: now,
        })
    }

    /// Answers the question when its reply leaves; `None` when the client is accurate enough.
    pub fn answer(&self, now: Moment) -> Option<Value> {
        let received = i64::try_from(self.received.unix_ms).unwrap_or(i64::MAX);
        let error =
            self.sent.saturating_add(self.offset).saturating_add(self.lag).saturating_sub(received);
        if self.lag != 0 && error.saturating_abs() < ACCURATE_MS {
            return None;
        }
        let held = now.at_ms.saturating_sub(self.received.at_ms);
        Some(json!({"tc": self.sent, "ts": received, "p": held, "a": error}))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECEIVED: Moment = Moment { at_ms: 100, unix_ms: 1_000_000 };
    const ANSWERED: Moment = Moment { at_ms: 140, unix_ms: 1_000_040 };

    #[test]
    fn the_answer_tells_error_and_processing_time() {
        let ext = json!({"timesync": {"tc": 999_900, "l": 10, "o": 50}});
        let answer =
            Timesync::read(Some(&ext), RECEIVED).expect("it is well formed").answer(ANSWERED);
        assert_eq!(answer, Some(json!({"tc": 999_900, "ts": 1_000_000, "p": 40, "a": -40})));
    }

    #[test]
    fn an_accurate_client_is_not_answered() {
        let ext = json!({"timesync": {"tc": 999_900, "l": 10, "o": 80}});
        assert_eq!(
            Timesync::read(Some(&ext), RECEIVED).expect("it is well formed").answer(ANSWERED),
            None
        );
        let first = json!({"timesync": {"tc": 1_000_000, "l": 0, "o": 0}});
        assert!(
            Timesync::read(Some(&first), RECEIVED)
                .expect("it is well formed")
                .answer(ANSWERED)
                .is_some()
        );
    }

    #[test]
    fn extreme_numbers_are_borne() {
        let ext = json!({"timesync": {"tc": 1e300, "l": i64::MAX, "o": i64::MAX}});
        assert!(
            Timesync::read(Some(&ext), RECEIVED)
                .expect("it is well formed")
                .answer(ANSWERED)
                .is_some()
        );
        assert!(Timesync::read(Some(&json!({"timesync": "x"})), RECEIVED).is_none());
    }
}
