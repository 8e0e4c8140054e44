//! Times of opening as people write them, a text for some days: `Mon-Fri 08:00-18:00`, and of dates
//! with times of their own: `2026-12-24 08:00-12:00`, `2026-12-25 closed`.

use std::collections::BTreeMap;
use std::fmt;

use handoff_domain::{Date, ExceptionalDate, Hours, MinuteSpan, OpenTime, Weekday};
use jiff::civil;
use jiff::tz::TimeZone;

/// What is written for a date on which it is closed all day.
const CLOSED: &str = "closed";
/// The most dates with times of their own: the holidays of some years.
const EXCEPTIONS_MAX: usize = 366;

/// What is said of when somebody is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoursDescription {
    pub time_zone: String,
    /// Such as `Mon-Fri 08:00-18:00`.
    pub open: Vec<String>,
    /// Such as `2026-12-24 08:00-12:00` and `2026-12-25 closed`; as they are, where nothing is said
    /// of them.
    pub exceptions: Option<Vec<String>>,
}

/// Something of hours that is not allowed.
pub(crate) struct HoursFault {
    /// The option, as files and requests call it.
    pub option: &'static str,
    /// Which one of a list, by its place.
    pub item: Option<usize>,
    /// What is wrong, and what is allowed.
    pub message: String,
}

impl HoursDescription {
    /// Returns what cannot be so.
    pub(crate) fn faults(&self) -> Vec<HoursFault> {
        let fault = |option, item, message| HoursFault { option, item, message };
        let mut faults = Vec::new();
        if let Some(message) = zone_fault(&self.time_zone) {
            faults.push(fault("hours.timeZone", None, message));
        }
        if self.open.is_empty() {
            let message = "open has no time, so that it would never be open but on dates of exceptions; name the days of a week";
            faults.push(fault("hours.open", None, message.to_owned()));
        }
        for (item, text) in self.open.iter().enumerate() {
            if open_times(text).is_none() {
                let message = format!(
                    "open has {text:?}, expected days and times such as \"Mon-Fri 08:00-18:00\" or \"Sat 10:00-24:00\""
                );
                faults.push(fault("hours.open", Some(item), message));
            }
        }
        let exceptions = self.exceptions.as_deref().unwrap_or_default();
        if exceptions.len() > EXCEPTIONS_MAX {
            let message = format!("exceptions has {EXCEPTIONS_MAX} dates at most");
            faults.push(fault("hours.exceptions", Some(EXCEPTIONS_MAX), message));
            return faults;
        }
        let mut known: BTreeMap<Date, bool> = BTreeMap::new();
        for (item, text) in exceptions.iter().enumerate() {
            let message = match exceptional_date(text) {
                None => format!(
                    "exceptions has {text:?}, expected a date and its times such as \"2026-12-24 08:00-12:00\" or \"2026-12-25 closed\""
                ),
                Some(ExceptionalDate { date, open }) => {
                    let is_open = open.is_some();
                    if known.insert(date, is_open).is_none_or(|before| before == is_open) {
                        continue;
                    }
                    format!("exceptions has {text:?}, and that the date is open as well as closed")
                }
            };
            faults.push(fault("hours.exceptions", Some(item), message));
        }
        faults
    }

    /// Returns the hours in place of what there are. What has a fault must not get here.
    pub(crate) fn in_place_of(&self, before: Option<&Hours>) -> Hours {
        let mut open: Vec<_> =
            self.open.iter().filter_map(|text| open_times(text)).flatten().collect();
        open.sort_unstable();
        open.dedup();
        let exceptions = match &self.exceptions {
            Some(texts) => texts.iter().filter_map(|text| exceptional_date(text)).collect(),
            None => before.map(|hours| hours.exceptions.clone()).unwrap_or_default(),
        };
        Hours { zone: self.time_zone.clone(), open, exceptions }
    }
}

/// Says what is wrong with the name of a time zone.
pub(crate) fn zone_fault(name: &str) -> Option<String> {
    let is_known = TimeZone::get(name).is_ok();
    (!is_known).then(|| {
        format!("timeZone is {name:?}, expected an IANA name such as \"Europe/Copenhagen\"")
    })
}

/// Reads `Mon-Fri 08:00-18:00`; `None` when it is none.
pub(crate) fn open_times(text: &str) -> Option<Vec<OpenTime>> {
    let (days, times) = text.split_once(' ')?;
    let (first, last) = days.split_once('-').unwrap_or((days, days));
    let MinuteSpan { from_minute, to_minute } = span(times)?;
    let (first, last) = (weekday(first)?, weekday(last)?);
    let days = Weekday::ALL.into_iter().filter(|day| (first..=last).contains(day));
    let open_on = |day| OpenTime { day, from_minute, to_minute };
    (first <= last).then(|| days.map(open_on).collect())
}

/// Reads `2026-12-24 08:00-12:00` or `2026-12-25 closed`; `None` when it is neither.
fn exceptional_date(text: &str) -> Option<ExceptionalDate> {
    let (date, times) = text.split_once(' ')?;
    let read: civil::Date = date.parse().ok()?;
    let (month, day) = (read.month().unsigned_abs(), read.day().unsigned_abs());
    let is_date = read.to_string() == date && read.year() > 0;
    let date = is_date.then_some(Date { year: read.year(), month, day })?;
    let open = if times == CLOSED { None } else { Some(span(times)?) };
    Some(ExceptionalDate { date, open })
}

/// Reads `08:00-12:00`.
fn span(text: &str) -> Option<MinuteSpan> {
    let (from, to) = text.split_once('-')?;
    let (from_minute, to_minute) = (minute(from)?, minute(to)?);
    (from_minute < to_minute).then_some(MinuteSpan { from_minute, to_minute })
}

fn weekday(name: &str) -> Option<Weekday> {
    Weekday::ALL.into_iter().find(|day| day.short_name() == name)
}

fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let number = |text: &str, below: u16| {
        let is_two_digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|number: &u16| is_two_digits && *number < below)
    };
    let minutes = number(hour, 25)? * 60 + number(minute, 60)?;
    (minutes <= OpenTime::MINUTES_OF_DAY).then_some(minutes)
}

/// Writes times of opening in as few texts as there are runs of days with the same times.
#[must_use]
pub fn hours_as_texts(hours: &Hours) -> Vec<String> {
    let mut runs: BTreeMap<(Weekday, u16, u16), Weekday> = BTreeMap::new();
    for time in &hours.open {
        let OpenTime { day, from_minute, to_minute } = *time;
        let goes_on = runs.iter_mut().find(|((_, from, to), last)| {
            (*from, *to) == (from_minute, to_minute) && is_next(**last, day)
        });
        match goes_on {
            Some((_, last)) => *last = day,
            None => drop(runs.insert((day, from_minute, to_minute), day)),
        }
    }
    let text = |((first, from, to), last): ((Weekday, u16, u16), Weekday)| {
        let (from, to) = (Clock(from), Clock(to));
        match (first.short_name(), last.short_name()) {
            (first, last) if first == last => format!("{first} {from}-{to}"),
            (first, last) => format!("{first}-{last} {from}-{to}"),
        }
    };
    runs.into_iter().map(text).collect()
}

/// Writes the dates with times of their own, as they are read.
pub fn exceptions_as_texts(hours: &Hours) -> impl Iterator<Item = String> {
    hours.exceptions.iter().map(|ExceptionalDate { date, open }| {
        let Date { year, month, day } = date;
        match open {
            None => format!("{year:04}-{month:02}-{day:02} {CLOSED}"),
            Some(MinuteSpan { from_minute, to_minute }) => {
                let (from, to) = (Clock(*from_minute), Clock(*to_minute));
                format!("{year:04}-{month:02}-{day:02} {from}-{to}")
            }
        }
    })
}

fn is_next(day: Weekday, other: Weekday) -> bool {
    Weekday::ALL.windows(2).any(|pair| pair == [day, other])
}

/// A minute of a day.
struct Clock(u16);

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(texts: &[&str]) -> Hours {
        described(texts, &[]).in_place_of(None)
    }

    fn described(open: &[&str], exceptions: &[&str]) -> HoursDescription {
        let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        HoursDescription {
            time_zone: "Europe/Copenhagen".to_owned(),
            open: texts(open),
            exceptions: Some(texts(exceptions)),
        }
    }

    #[test]
    fn runs_of_days_are_written_in_one_and_read_back() {
        for (given, expected) in [
            (
                &["Mon-Fri 08:00-18:00", "Sat 22:30-24:00"][..],
                &["Mon-Fri 08:00-18:00", "Sat 22:30-24:00"][..],
            ),
            (
                &["Mon 08:00-12:00", "Tue 08:00-12:00", "Thu 08:00-12:00"],
                &["Mon-Tue 08:00-12:00", "Thu 08:00-12:00"],
            ),
            (
                &["Mon-Tue 13:00-18:00", "Mon-Sun 08:00-12:00"],
                &["Mon-Sun 08:00-12:00", "Mon-Tue 13:00-18:00"],
            ),
            (&["Mon 00:00-24:00", "Sun 00:00-24:00"], &["Mon 00:00-24:00", "Sun 00:00-24:00"]),
        ] {
            let texts = hours_as_texts(&hours(given));
            assert_eq!(texts, expected);
            let again: Vec<&str> = texts.iter().map(String::as_str).collect();
            assert_eq!(hours(&again), hours(given));
        }
    }

    #[test]
    fn dates_are_written_as_they_are_read_and_stay_where_nothing_is_said_of_them() {
        let given = ["2026-12-24 08:00-10:00", "2026-12-24 11:00-24:00", "2026-12-25 closed"];
        let hours = described(&["Mon 08:00-12:00"], &given).in_place_of(None);
        assert_eq!(exceptions_as_texts(&hours).collect::<Vec<_>>(), given);
        let silent = HoursDescription { exceptions: None, ..described(&["Tue 08:00-09:00"], &[]) };
        assert_eq!(silent.in_place_of(Some(&hours)).exceptions, hours.exceptions);
        let without = described(&["Tue 08:00-09:00"], &[]).in_place_of(Some(&hours));
        assert!(without.exceptions.is_empty());
    }

    #[test]
    fn what_is_no_date_is_told_by_its_place() {
        let places = |exceptions: &[&str]| {
            let faults = described(&["Mon 08:00-12:00"], exceptions).faults();
            faults.into_iter().map(|fault| (fault.option, fault.item)).collect::<Vec<_>>()
        };
        for wrong in [
            "2026-02-29 closed",
            "2026-2-9 closed",
            "20261224 closed",
            "2026-12-24",
            "2026-12-24 shut",
            "2026-12-24 12:00-08:00",
            "2026-12-24T00:00 closed",
            "-000001-01-01 closed",
        ] {
            let given = ["2028-02-29 closed", wrong];
            assert_eq!(places(&given), [("hours.exceptions", Some(1))], "{wrong}");
        }
        let both = ["2026-12-24 08:00-10:00", "2026-12-24 closed"];
        assert_eq!(places(&both), [("hours.exceptions", Some(1))]);
        let many: Vec<String> = (0..367).map(|_| "2026-12-24 closed".to_owned()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(places(&many), [("hours.exceptions", Some(EXCEPTIONS_MAX))]);
        assert_eq!(places(&many[1..]), []);
    }
}
