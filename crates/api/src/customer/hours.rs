//! Business hours: whether a service is open now, in its own time zone.

use handoff_domain::Time;
use handoff_domain::service::{Hours, Weekday};
use jiff::Timestamp;

/// Tells whether it is open. A zone that this machine does not know counts as open: a customer who is let in wrongly is answered, one who
/// is kept out wrongly is lost. The configuration is checked when it is applied, so that this is a zone that has vanished since.
pub(crate) fn is_open(hours: &Hours, now: Time) -> bool {
    let local = Timestamp::from_millisecond(now.0).and_then(|at| at.in_tz(&hours.zone));
    match local {
        Ok(local) => {
            let day = Weekday::ALL[usize::from(local.weekday().to_monday_zero_offset().unsigned_abs())];
            let minute =
                u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs());
            hours.is_open(day, minute)
        }
        Err(error) => {
            tracing::warn!(zone = %hours.zone, error = %error, "business hours cannot be told in this time zone");
            true
        }
    }
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
        let nowhere = Hours { zone: "Nowhere/Nowhere".to_owned(), ..hours };
        assert!(is_open(&nowhere, at("2026-01-06T03:00:00Z")));
    }
}
