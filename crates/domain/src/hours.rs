//! When somebody is there.
//!
//! Hours are data here. Which date, weekday and minute it is in a time zone is found out by whoever
//! asks, because that needs a table of the world's zones.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

/// When somebody is there, week by week, with dates that are unlike others.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct Hours {
    /// The time zone of the times, by its IANA name, such as `Europe/Copenhagen`.
    pub zone: String,
    /// When it is open. Times may overlap.
    pub open: Vec<OpenTime>,
    /// Dates on which other times count than those of their weekday, such as holidays.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "BTreeSet::is_empty"))]
    pub exceptions: BTreeSet<ExceptionalDate>,
}

impl Hours {
    /// Returns the parts of a date, which is that weekday, in which it is open.
    pub fn times_on(&self, date: Date, day: Weekday) -> impl Iterator<Item = MinuteSpan> {
        let is_unlike_others = self.exceptions.iter().any(|it| it.date == date);
        let of_date = self.exceptions.iter().filter(move |it| it.date == date);
        let weekly = self.open.iter().filter(move |time| !is_unlike_others && time.day == day);
        of_date.filter_map(|it| it.open).chain(weekly.map(OpenTime::span))
    }

    /// Tells whether it is open in a minute of a date, which is that weekday, of its time zone.
    #[must_use]
    pub fn is_open(&self, date: Date, day: Weekday, minute: u16) -> bool {
        self.times_on(date, day).any(|span| (span.from_minute..span.to_minute).contains(&minute))
    }
}

/// A date with times of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct ExceptionalDate {
    pub date: Date,
    /// When it is open; `None` where it is closed all day.
    pub open: Option<MinuteSpan>,
}

/// A date of the Gregorian calendar, as it is where it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct Date {
    pub year: i16,
    /// 1…12.
    pub month: u8,
    /// 1…31.
    pub day: u8,
}

/// A part of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct MinuteSpan {
    /// The first minute, counted from midnight.
    pub from_minute: u16,
    /// The first minute after it, up to [`OpenTime::MINUTES_OF_DAY`].
    pub to_minute: u16,
}

/// A part of one weekday.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct OpenTime {
    pub day: Weekday,
    /// The first minute, counted from midnight.
    pub from_minute: u16,
    /// The first minute after it, up to [`OpenTime::MINUTES_OF_DAY`].
    pub to_minute: u16,
}

impl OpenTime {
    pub const MINUTES_OF_DAY: u16 = 1_440;

    /// Returns it without its weekday.
    #[must_use]
    pub const fn span(&self) -> MinuteSpan {
        MinuteSpan { from_minute: self.from_minute, to_minute: self.to_minute }
    }
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl Weekday {
    /// All of them, from Monday on.
    pub const ALL: [Self; 7] = [
        Self::Monday,
        Self::Tuesday,
        Self::Wednesday,
        Self::Thursday,
        Self::Friday,
        Self::Saturday,
        Self::Sunday,
    ];

    /// Returns its English name in three letters, as in `Mon`.
    #[must_use]
    pub const fn short_name(self) -> &'static str {
        match self {
            Self::Monday => "Mon",
            Self::Tuesday => "Tue",
            Self::Wednesday => "Wed",
            Self::Thursday => "Thu",
            Self::Friday => "Fri",
            Self::Saturday => "Sat",
            Self::Sunday => "Sun",
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    #[test]
    fn a_service_is_open_from_the_first_minute_until_before_the_last() {
        let time = |day, from_minute, to_minute| OpenTime { day, from_minute, to_minute };
        let open = vec![
            time(Weekday::Monday, 480, 720),
            time(Weekday::Monday, 780, OpenTime::MINUTES_OF_DAY),
        ];
        let hours = Hours { zone: "Europe/Copenhagen".into(), open, exceptions: BTreeSet::new() };
        let date = Date { year: 2026, month: 7, day: 3 };
        for (day, minute, expected) in [
            (Weekday::Monday, 479, false),
            (Weekday::Monday, 480, true),
            (Weekday::Monday, 719, true),
            (Weekday::Monday, 720, false),
            (Weekday::Monday, 1_439, true),
            (Weekday::Tuesday, 480, false),
        ] {
            assert_eq!(hours.is_open(date, day, minute), expected, "{day:?} {minute}");
        }
    }
}
