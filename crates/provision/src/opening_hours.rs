//! Times of opening as people write them, a text for some days: `Mon-Fri 08:00-18:00`.

use std::collections::BTreeMap;
use std::fmt;

use handoff_domain::{Hours, OpenTime, Weekday};

/// Reads `Mon-Fri 08:00-18:00`; `None` when it is none.
pub(crate) fn open_times(text: &str) -> Option<Vec<OpenTime>> {
    let (days, times) = text.split_once(' ')?;
    let (first, last) = days.split_once('-').unwrap_or((days, days));
    let (from, to) = times.split_once('-')?;
    let (from_minute, to_minute) = (minute(from)?, minute(to)?);
    let (first, last) = (weekday(first)?, weekday(last)?);
    let is_right = first <= last && from_minute < to_minute;
    let days = Weekday::ALL.into_iter().filter(|day| (first..=last).contains(day));
    is_right.then(|| days.map(|day| OpenTime { day, from_minute, to_minute }).collect())
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
        let mut open: Vec<OpenTime> =
            texts.iter().flat_map(|text| open_times(text).expect(text)).collect();
        open.sort_unstable();
        Hours { zone: "Europe/Copenhagen".to_owned(), open }
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
}
