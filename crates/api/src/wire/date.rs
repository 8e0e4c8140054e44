//! Dates as the public pages print them: `2014-01-09 11:58:12.035+0200`, that is `yyyy-MM-dd
//! HH:mm:ss.SSSZ` (docs/compat/conventions.md#dates-and-ids).
//!
//! The server always says UTC: clients parse the offset, and one zone for everybody makes messages
//! of several nodes comparable as text.

use handoff_domain::Time;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Milliseconds of one day.
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// Days from 0000-03-01 to 1970-01-01 in the proleptic Gregorian calendar.
const DAYS_TO_EPOCH: i64 = 719_468;
/// Days of the calendar's 400-year cycle.
const DAYS_OF_CYCLE: i64 = 146_097;

/// Prints a point in time.
#[must_use]
pub fn print(time: Time) -> String {
    let (days, ms) = (time.0.div_euclid(DAY_MS), time.0.rem_euclid(DAY_MS));
    let (year, month, day) = civil(days);
    let (seconds, fraction) = (ms / 1_000, ms % 1_000);
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{fraction:03}+0000")
}

/// Prints a point in time in ISO 8601, to the second and in UTC, as the properties of interactions
/// are printed.
#[must_use]
pub fn print_iso(time: Time) -> String {
    let text = print(time);
    format!("{}T{}Z", &text[..10], &text[11..19])
}

/// Reads a moment (ISO 8601, with its offset from UTC).
#[must_use]
pub fn read_moment(text: &str) -> Option<Time> {
    Some(Time(text.parse::<Timestamp>().ok()?.as_millisecond()))
}

/// Reads a day (`yyyy-MM-dd`, in UTC) or a moment (ISO 8601). A day is its beginning, and so much
/// later; `None` when it is neither.
#[must_use]
pub fn read(text: &str, later_ms: i64) -> Option<Time> {
    if let Some(moment) = read_moment(text) {
        return Some(moment);
    }
    let midnight = text.parse::<Date>().ok()?.at(0, 0, 0, 0);
    let begins = TimeZone::UTC.to_timestamp(midnight).ok()?;
    Some(Time(begins.as_millisecond() + later_ms))
}

/// Returns year, month and day of a day counted from 1970-01-01.
///
/// The calendar is taken to begin on 1 March of a 400-year cycle, so that the day a leap year adds
/// is the last of its year. Plain arithmetic, because a calendar library would have to be asked
/// about every instant that it may refuse, and this must not fail.
const fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + DAYS_TO_EPOCH;
    let (cycle, day_of_cycle) =
        (shifted.div_euclid(DAYS_OF_CYCLE), shifted.rem_euclid(DAYS_OF_CYCLE));
    // 1 460, 36 524 and 146 096: the days after which a leap day, a century without one and a
    // cycle's last leap day have passed.
    let year_of_cycle = (day_of_cycle - day_of_cycle / 1_460 + day_of_cycle / 36_524
        - day_of_cycle / 146_096)
        / 365;
    let day_of_year =
        day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    // Five months from March on have 153 days, whichever five they are.
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_cycle + cycle * 400;
    (if month <= 2 { year + 1 } else { year }, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_printed_as_the_public_samples_are() {
        let table = [
            (0, "1970-01-01 00:00:00.000+0000"),
            // docs/compat/conventions.md#dates-and-ids prints this very instant as 2014-01-09
            // 11:58:12.035+0200.
            (1_389_261_492_035, "2014-01-09 09:58:12.035+0000"),
            (951_782_400_000, "2000-02-29 00:00:00.000+0000"),
            (951_868_799_999, "2000-02-29 23:59:59.999+0000"),
            (4_107_542_400_000, "2100-03-01 00:00:00.000+0000"),
            (1_735_689_599_999, "2024-12-31 23:59:59.999+0000"),
            (-1, "1969-12-31 23:59:59.999+0000"),
        ];
        for (ms, text) in table {
            assert_eq!(print(Time(ms)), text);
        }
    }

    #[test]
    fn every_day_of_four_centuries_follows_the_one_before() {
        let mut before = civil(-1);
        assert_eq!(before, (1969, 12, 31));
        for day in 0..DAYS_OF_CYCLE {
            let today = civil(day);
            let next_day = today == (before.0, before.1, before.2 + 1);
            let next_month = today == (before.0, before.1 + 1, 1) && before.2 >= 28;
            let next_year = today == (before.0 + 1, 1, 1) && (before.1, before.2) == (12, 31);
            assert!(next_day || next_month || next_year, "{before:?} is followed by {today:?}");
            before = today;
        }
        assert_eq!(before, (2369, 12, 31));
    }
}
