//! Lengths of time as people write them in files: `"500ms"`, `"30s"`, `"5m"`, `"24h"`, `"7d"`.
//!
//! A bare number is refused on purpose: nobody reading a file should have to guess its unit.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The units, largest first, with their length in ms.
const UNITS: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// A length of time, in ms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeSpan(u64);

/// The text is not a length of time.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a length of time: write a whole number and a unit (ms, s, m, h or d), such as \"30s\""
)]
pub struct InvalidTimeSpan(String);

impl TimeSpan {
    /// Makes a length of so many ms.
    pub const fn from_ms(ms: u64) -> Self {
        Self(ms)
    }

    /// Returns the length in ms.
    pub const fn ms(self) -> u64 {
        self.0
    }

    /// Returns the length for timers.
    pub const fn duration(self) -> Duration {
        Duration::from_millis(self.0)
    }
}

impl FromStr for TimeSpan {
    type Err = InvalidTimeSpan;

    fn from_str(text: &str) -> Result<Self, InvalidTimeSpan> {
        let invalid = || InvalidTimeSpan(text.to_owned());
        let unit_at = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(invalid)?;
        let (number, unit) = text.split_at(unit_at);
        let (_, unit_ms) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(invalid)?;
        let number: u64 = number.parse().map_err(|_| invalid())?;
        number.checked_mul(*unit_ms).map(Self).ok_or_else(invalid)
    }
}

impl fmt::Display for TimeSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        // One of a unit is written in the next smaller one: the documents say "60s" and "24h", not
        // "1m" and "1d".
        let is_readable = |unit_ms: u64| self.0 / unit_ms >= 2 || unit_ms <= 1_000;
        let fits = |unit_ms: u64| self.0.is_multiple_of(unit_ms) && is_readable(unit_ms);
        let (unit, unit_ms) =
            UNITS.into_iter().find(|(_, unit_ms)| fits(*unit_ms)).unwrap_or(("ms", 1));
        write!(f, "{}{unit}", self.0 / unit_ms)
    }
}

impl Serialize for TimeSpan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TimeSpan {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_with_their_unit() {
        let cases =
            [("0s", 0), ("500ms", 500), ("30s", 30_000), ("5m", 300_000), ("24h", 86_400_000)];
        for (text, ms) in cases {
            assert_eq!(text.parse(), Ok(TimeSpan::from_ms(ms)), "{text}");
        }
        assert_eq!("7d".parse(), Ok(TimeSpan::from_ms(604_800_000)));
    }

    #[test]
    fn what_has_no_unit_or_does_not_fit_is_refused() {
        for text in [
            "",
            "30",
            "s",
            "-1s",
            "1.5s",
            "30 s",
            "3w",
            "99999999999999999999s",
            "18446744073709551615d",
        ] {
            let refused = text.parse::<TimeSpan>().unwrap_err();
            assert!(refused.to_string().contains("such as \"30s\""), "{text}");
        }
    }

    #[test]
    fn a_length_is_printed_as_it_can_be_read_again() {
        for ms in [
            0,
            1,
            999,
            1_000,
            30_000,
            60_000,
            90_000,
            120_000,
            1_800_000,
            3_600_000,
            86_400_000,
            172_800_000,
        ] {
            let span = TimeSpan::from_ms(ms);
            assert_eq!(span.to_string().parse(), Ok(span));
        }
        assert_eq!(TimeSpan::from_ms(1_000).to_string(), "1s");
        assert_eq!(TimeSpan::from_ms(90_000).to_string(), "90s");
        assert_eq!(TimeSpan::from_ms(172_800_000).to_string(), "2d");
    }
}
