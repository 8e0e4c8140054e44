//! Business hours: whether a service is open now, and when it opens next, in its own time zone.

use handoff_domain::Time;
use handoff_domain::service::{Hours, Weekday};
use jiff::{Timestamp, ToSpan as _};

/// How many days ahead the next opening is looked for: hours are weekly, so it is within a week or
/// there is none.
const DAYS_AHEAD: i64 = 7;

/// Tells whether it is open. A zone that this machine does not know counts as open: a customer who
/// is let in wrongly is answered, one who is kept out wrongly is lost. The configuration is checked
/// when it is applied, so that this is a zone that has vanished since.
pub(crate) fn is_open(hours: &Hours, now: Time) -> bool {
    let local = Timestamp::from_millisecond(now.0).and_then(|at| at.in_tz(&hours.zone));
    match local {
        Ok(local) => {
            let day =
                Weekday::ALL[usize::from(local.weekday().to_monday_zero_offset().unsigned_abs())];
            let minute = u16::from(local.hour().unsigned_abs()) * 60
                + u16::from(local.minute().unsigned_abs());
            hours.is_open(day, minute)
        }
        Err(error) => {
            tracing::warn!(zone = %hours.zone, error = %error, "business hours cannot be told in this time zone");
            true
        }
    }
}

/// Returns when it opens next, after `now`; `None` when it never does or the time zone is not known
/// here.
pub(crate) fn opens_at(hours: &Hours, now: Time) -> Option<Time> {
    let today =
        Timestamp::from_millisecond(now.0).and_then(|at| at.in_tz(&hours.zone)).ok()?.date();
    let openings =
        (0..=DAYS_AHEAD).filter_map(|days| today.checked_add(days.days()).ok()).flat_map(|date| {
            let day =
                Weekday::ALL[usize::from(date.weekday().to_monday_zero_offset().unsigned_abs())];
            let times = hours.open.iter().filter(move |time| time.day == day);
            times.filter_map(move |time| {
                let (hour, minute) = (time.from_minute / 60, time.from_minute % 60);
                let begin = date.at(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, 0, 0);
                Some(Time(begin.in_tz(&hours.zone).ok()?.timestamp().as_millisecond()))
            })
        });
    openings.filter(|opening| *opening > now).min()
}

#[cfg(test)]
mod tests {
    use handoff_domain::service::OpenTime;

    use super::*;

    #[test]
    fn the_zone_of_the_service_counts_also_in_summer() {
        let open = vec![OpenTime { day: Weekday::Monday, from_minute: 8 * 60, to_minute: 16 * 60 }];
        let hours = Hours { zone: "Europe/Copenhagen".to_owned(), open };
        let at = |text: &str| Time(text.parse::<Timestamp>().unwrap().as_millisecond());
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
}
