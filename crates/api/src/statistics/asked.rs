//! What statistics are asked for.

use axum::http::Uri;
use handoff_domain::{CenterId, Time};
use handoff_engine::{CountedBy, QUARTER_MS, WantedCounts};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::ROWS_MAX;
use crate::error::{Refusal, quoted};
use crate::wire::listing::Listing;

const HOUR_MS: i64 = 4 * QUARTER_MS;
const DAY_MS: i64 = 24 * HOUR_MS;
/// How long quarters of an hour are kept, in ms; what is older is kept by day.
const KEPT_MS: i64 = 92 * DAY_MS;

/// What counts can be by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    Center,
    Queue,
    Agent,
    Group,
    Channel,
    Service,
    Disposition,
}

const THINGS: [(&str, Of); 6] = [
    ("queue", Of::Queue),
    ("agent", Of::Agent),
    ("group", Of::Group),
    ("channel", Of::Channel),
    ("service", Of::Service),
    ("disposition", Of::Disposition),
];

/// How long each row is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Every {
    Quarter,
    Hour,
    Day,
    /// All of the time.
    Whole,
}

const TIMES: [(&str, Every); 3] =
    [("quarterHour", Every::Quarter), ("hour", Every::Hour), ("day", Every::Day)];

/// What is asked for, once it is known to make sense.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) of: Of,
    every: Every,
    /// When each part begins; there is at least one.
    begins: Vec<Time>,
    pub(super) until: Time,
}

impl Asked {
    /// Reads a query, at a moment, for a contact center with days of a zone.
    pub(super) fn read(uri: &Uri, zone: &str, now: Time) -> Result<Self, Refusal> {
        let asked = Listing::read(uri, &["from", "to", "by"])?;
        if let Some(name) = asked.repeated() {
            return Err(Refusal::invalid(format!("Say {name} once.")));
        }
        let days = Days(TimeZone::get(zone).unwrap_or(TimeZone::UTC));
        let (of, every) = by(asked.filter("by").unwrap_or_default())?;
        let time = |name: &str| asked.filter(name).map(|text| days.read(name, text)).transpose();
        let until = time("to")?.unwrap_or(now);
        let from = match time("from")? {
            Some(from) => from,
            None => days.begin(now),
        };
        if from >= until {
            return Err(Refusal::invalid("The time from must be before to; correct one of them."));
        }
        let is_old = from.0 < now.0.saturating_sub(KEPT_MS);
        if is_old && matches!(every, Every::Quarter | Every::Hour) {
            return Err(Refusal::invalid(
                "Hours are kept for 92 days; let from be later, or ask by day.",
            ));
        }
        // Of old times there are days alone.
        let grid = if is_old { Every::Day } else { every };
        let (begins, until) = days.parts(every, grid, from, until)?;
        Ok(Self { of, every, begins, until })
    }

    pub(super) fn first(&self) -> Time {
        self.begins.first().copied().unwrap_or(self.until)
    }

    /// Returns when a part begins; `None` where there is one alone.
    pub(super) fn begins_of(&self, part: usize) -> Option<Time> {
        self.begins.get(part).copied().filter(|_| self.every != Every::Whole)
    }

    pub(super) fn by(&self) -> Vec<&'static str> {
        let of = THINGS.iter().find(|(_, of)| *of == self.of).map(|(name, _)| *name);
        let every = TIMES.iter().find(|(_, every)| *every == self.every).map(|(name, _)| *name);
        of.into_iter().chain(every).collect()
    }

    pub(super) fn wanted(&self, center: CenterId, rows_max: usize) -> WantedCounts {
        let by = match self.of {
            Of::Center => CountedBy::Center,
            Of::Queue => CountedBy::Queue,
            Of::Agent | Of::Group => CountedBy::Agent,
            Of::Channel => CountedBy::Channel,
            Of::Service => CountedBy::Service,
            Of::Disposition => CountedBy::Disposition,
        };
        WantedCounts { center, by, begins: self.begins.clone(), until: self.until, rows_max }
    }
}

fn by(text: &str) -> Result<(Of, Every), Refusal> {
    let (mut of, mut every) = (Of::Center, Every::Whole);
    for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let thing = THINGS.iter().find(|(known, _)| *known == name).map(|(_, of)| *of);
        let time = TIMES.iter().find(|(known, _)| *known == name).map(|(_, every)| *every);
        match (thing, time) {
            (Some(thing), _) if of == Of::Center => of = thing,
            (None, Some(time)) if every == Every::Whole => every = time,
            (None, None) => {
                let known = THINGS.iter().map(|(name, _)| *name);
                let known: Vec<_> = known.chain(TIMES.iter().map(|(name, _)| *name)).collect();
                return Err(Refusal::invalid(format!(
                    "Statistics are not by {}; by is one or two of {}.",
                    quoted(name),
                    known.join(", ")
                )));
            }
            _ => {
                return Err(Refusal::invalid(
                    "The parameter by takes one thing and one time, such as queue,hour; leave one \
                     out.",
                ));
            }
        }
    }
    Ok((of, every))
}

/// The days of a time zone.
struct Days(TimeZone);

impl Days {
    /// Reads a moment (ISO 8601, or milliseconds since 1970) or a day, which is its beginning.
    fn read(&self, name: &str, text: &str) -> Result<Time, Refusal> {
        let moment = text.parse::<Timestamp>().map(Timestamp::as_millisecond).ok();
        let day = |text: &str| {
            let midnight = text.parse::<Date>().ok()?.at(0, 0, 0, 0);
            self.0.to_timestamp(midnight).ok().map(Timestamp::as_millisecond)
        };
        let ms = |text: &str| text.parse::<i64>().ok().filter(|ms| *ms >= 0);
        let read = moment.or_else(|| ms(text)).or_else(|| day(text)).map(Time);
        // Jiff ends with the year 9999, and so does every date that can be printed.
        let read =
            read.filter(|at| Timestamp::from_millisecond(at.0.saturating_add(DAY_MS)).is_ok());
        read.ok_or_else(|| {
            Refusal::invalid(format!(
                "The parameter {name} must be a day like 2026-11-30 or a time like \
                 2026-11-30T08:00:00Z; correct it."
            ))
        })
    }

    /// Returns when the day of a moment begins.
    fn begin(&self, at: Time) -> Time {
        self.midnights(at).map_or(at, |(begins, _)| begins)
    }

    /// Returns when the day of a moment begins, and the next.
    fn midnights(&self, at: Time) -> Option<(Time, Time)> {
        let at = Timestamp::from_millisecond(at.0).ok()?.to_zoned_datetime(self.0.clone());
        let begins = at.start_of_day().ok()?;
        let next = begins.checked_add(1.day()).ok()?.start_of_day().ok()?;
        let time = |at: Timestamp| Time(at.as_millisecond());
        Some((time(begins.timestamp()), time(next.timestamp())))
    }

    /// Returns when the part of a moment begins, and the next.
    fn part(&self, grid: Every, at: Time) -> Option<(Time, Time)> {
        let length = match grid {
            Every::Day => return self.midnights(at),
            Every::Hour => HOUR_MS,
            Every::Quarter | Every::Whole => QUARTER_MS,
        };
        // Hours of the zone, which may be half an hour beside those of UTC.
        let offset = self.0.to_offset(Timestamp::from_millisecond(at.0).ok()?);
        let begins = at.0 - (at.0 + i64::from(offset.seconds()) * 1_000).rem_euclid(length);
        Some((Time(begins), Time(begins + length)))
    }

    /// Returns when each part begins, and when the last one ends.
    fn parts(
        &self,
        every: Every,
        grid: Every,
        from: Time,
        until: Time,
    ) -> Result<(Vec<Time>, Time), Refusal> {
        let wrong = || Refusal::invalid("The times from and to must be before the year 9999.");
        let (first, mut next) = self.part(grid, from).ok_or_else(wrong)?;
        if every == Every::Whole {
            // One part, however long.
            let last = Time(until.0 - 1).max(first);
            return Ok((vec![first], self.part(grid, last).ok_or_else(wrong)?.1));
        }
        let mut begins = vec![first];
        while next < until {
            if begins.len() == ROWS_MAX {
                return Err(super::refusal(handoff_engine::StatisticsError::TooMany));
            }
            begins.push(next);
            next = self.part(grid, next).ok_or_else(wrong)?.1;
        }
        Ok((begins, next))
    }
}
