//! Business hours: whether they are on, and when they begin next, in their own time zone.

use handoff_domain::{Date, Hours, Time, Weekday};
use jiff::civil;
use jiff::{Timestamp, ToSpan as _};

/// How many days ahead the next opening is looked for beside the dates with times of their own:
/// others are weekly, so it is within a week or there is none.
const DAYS_AHEAD: usize = 7;

/// Tells whether it is open. A zone that this machine does not know counts as open: a customer who
/// is let in wrongly is answered, one who is kept out wrongly is lost. The configuration is checked
/// when it is applied, so that this is a zone that has vanished since.
#[must_use]
pub fn is_open(hours: &Hours, now: Time) -> bool {
    let local = Timestamp::from_millisecond(now.0).and_then(|at| at.in_tz(&hours.zone));
    match local {
        Ok(local) => {
            let minute = u16::from(local.hour().unsigned_abs()) * 60
                + u16::from(local.minute().unsigned_abs());
            let (date, day) = date_of(local.date());
            hours.is_open(date, day, minute)
        }
        Err(error) => {
            tracing::warn!(zone = %hours.zone, error = %error, "business hours cannot be told in this time zone");
            true
        }
    }
}

/// Returns when it opens next, after `now`; `None` when it never does or the time zone is not known
/// here.
#[must_use]
pub fn opens_at(hours: &Hours, now: Time) -> Option<Time> {
    let today =
        Timestamp::from_millisecond(now.0).and_then(|at| at.in_tz(&hours.zone)).ok()?.date();
    let days_ahead = DAYS_AHEAD + hours.exceptions.len();
    let mut dates = today.series(1.day()).take(days_ahead + 1);
    dates.find_map(|day| {
        let (date, weekday) = date_of(day);
        let begins = hours.times_on(date, weekday).filter_map(|times| {
            let (hour, minute) = (times.from_minute / 60, times.from_minute % 60);
            let begin = day.at(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, 0, 0);
            Some(Time(begin.in_tz(&hours.zone).ok()?.timestamp().as_millisecond()))
        });
        begins.filter(|opening| *opening > now).min()
    })
}

/// Returns a date and its weekday in the words of the rules.
fn date_of(date: civil::Date) -> (Date, Weekday) {
    let weekday = date.weekday().to_monday_zero_offset().unsigned_abs();
    let (month, day) = (date.month().unsigned_abs(), date.day().unsigned_abs());
    (Date { year: date.year(), month, day }, Weekday::ALL[usize::from(weekday)])
}

#[cfg(test)]
mod tests {
    use handoff_domain::{ExceptionalDate, MinuteSpan, OpenTime};

    use super::*;

    fn at(text: &str) -> Time {
        Time(text.parse::<Timestamp>().unwrap().as_millisecond())
    }

    fn mondays() -> Hours {
        let open = vec![OpenTime { day: Weekday::Monday, from_minute: 8 * 60, to_minute: 16 * 60 }];
        Hours { zone: "Europe/Copenhagen".to_owned(), open, exceptions: [].into() }
    }

    #[test]
    fn the_zone_of_the_service_counts_also_in_summer() {
        let hours = mondays();
        for (moment, expected) in [
            ("2026-01-05T06:59:59Z", false),
            ("2026-01-05T07:00:00Z", true),
            ("2026-01-05T14:59:59Z", true),
            ("2026-01-05T15:00:00Z", false),
            ("2026-07-06T06:00:00Z", true),
            ("2026-07-06T14:00:00Z", false),
            ("2026-07-07T06:00:00Z", false),
        ] {
            assert_eq!(is_open(&hours, at(moment)), expected, "{moment}");
        }
        let opens = |moment: &str| opens_at(&hours, at(moment)).unwrap();
        assert_eq!(opens("2026-01-05T06:59:59Z"), at("2026-01-05T07:00:00Z"));
        assert_eq!(
            opens("2026-01-05T07:00:00Z"),
            at("2026-01-12T07:00:00Z"),
            "it is open, and opens next in a week"
        );
        assert_eq!(opens("2026-03-24T12:00:00Z"), at("2026-03-30T06:00:00Z"), "summer has begun");
        let nowhere = Hours { zone: "Nowhere/Nowhere".to_owned(), ..hours };
        assert_eq!(opens_at(&nowhere, at("2026-01-06T03:00:00Z")), None);
        assert!(is_open(&nowhere, at("2026-01-06T03:00:00Z")));
    }

    #[test]
    fn a_date_with_times_of_its_own_has_no_others() {
        let date = |day| Date { year: 2026, month: 1, day };
        let times =
            |from: u16, to: u16| Some(MinuteSpan { from_minute: from * 60, to_minute: to * 60 });
        let exceptions = [
            ExceptionalDate { date: date(5), open: None },
            ExceptionalDate { date: date(11), open: times(9, 10) },
            ExceptionalDate { date: date(11), open: times(20, 24) },
            ExceptionalDate { date: date(12), open: times(10, 12) },
        ];
        let hours = Hours { exceptions: exceptions.into(), ..mondays() };
        for (moment, expected) in [
            ("2026-01-05T09:00:00Z", false),
            ("2026-01-11T07:59:00Z", false),
            ("2026-01-11T08:00:00Z", true),
            ("2026-01-11T22:59:59Z", true),
            ("2026-01-11T23:00:00Z", false),
            ("2026-01-12T08:00:00Z", false),
            ("2026-01-12T09:00:00Z", true),
            ("2026-01-19T07:00:00Z", true),
        ] {
            assert_eq!(is_open(&hours, at(moment)), expected, "{moment}");
        }
        let opens = |moment: &str| opens_at(&hours, at(moment)).unwrap();
        assert_eq!(opens("2026-01-05T05:00:00Z"), at("2026-01-11T08:00:00Z"), "a holiday");
        assert_eq!(opens("2026-01-11T09:00:00Z"), at("2026-01-11T19:00:00Z"));
        assert_eq!(opens("2026-01-11T20:00:00Z"), at("2026-01-12T09:00:00Z"));
    }

    #[test]
    fn the_next_opening_is_found_behind_a_closed_month() {
        let date = |day| Date { year: 2026, month: 1, day };
        let exceptions = (1..=31).map(|day| ExceptionalDate { date: date(day), open: None });
        let hours = Hours { exceptions: exceptions.collect(), ..mondays() };
        assert_eq!(opens_at(&hours, at("2026-01-01T00:00:00Z")), Some(at("2026-02-02T07:00:00Z")));
        let never = Hours { open: Vec::new(), ..hours };
        assert_eq!(opens_at(&never, at("2026-01-01T00:00:00Z")), None);
    }
}
