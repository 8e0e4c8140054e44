//! Dates as IMAP writes them (RFC 3501, section 9, `date-time` and `date`).

use handoff_domain::Time;
use mail_parser::parsers::MessageStream;
use mail_parser::{DateTime, HeaderValue};

/// The names of months.
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/// A day, in seconds.
const DAY_S: i64 = 24 * 60 * 60;

/// Reads when a message arrived, such as `17-Jul-1996 02:44:25 -0700`.
pub(super) fn arrived(text: &[u8]) -> Option<Time> {
    let text = std::str::from_utf8(text).ok()?.trim();
    // But for the dashes it is what letters have.
    let date = format!("{}\n", text.replacen('-', " ", 2));
    match MessageStream::new(date.as_bytes()).parse_date() {
        HeaderValue::DateTime(date) if date.is_valid() => {
            date.to_timestamp().checked_mul(1_000).map(Time)
        }
        _ => None,
    }
}

/// Returns the day before a moment, as a search names it: servers compare days without their time
/// zones.
pub(super) fn day_before(time: Time) -> String {
    let date = DateTime::from_timestamp(time.0.div_euclid(1_000) - DAY_S);
    let month = MONTHS[usize::from(date.month.clamp(1, 12)) - 1];
    format!("{}-{month}-{:04}", date.day, date.year)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_and_said_as_the_rfc_shows() {
        assert_eq!(arrived(b"17-Jul-1996 02:44:25 -0700"), Some(Time(837_596_665_000)));
        assert_eq!(arrived(b" 1-Jan-2027 00:00:00 +0000"), Some(Time(1_798_761_600_000)));
        for nonsense in [&b""[..], b"yesterday", b"\xff", b"99-Jul-1996 02:44:25 -0700"] {
            assert_eq!(arrived(nonsense), None, "{nonsense:?}");
        }
        assert_eq!(day_before(Time(1_798_761_600_000)), "31-Dec-2026");
        assert_eq!(day_before(Time(837_596_665_000)), "16-Jul-1996");
    }
}
