//! How a chat service stands, as customers are told.

use handoff_domain::{Hours, OpenTime, Weekday};
use serde::Serialize;

/// Whether anybody can answer now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum ServiceState {
    /// Somebody who could answer is logged in.
    Open,
    /// Nobody who could answer is.
    NobodyThere,
    /// It is outside the service's hours.
    Closed,
    /// As many wait as may.
    Full,
}

/// How a service stands, and what else its customer can do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Availability {
    pub(crate) state: ServiceState,
    /// When a closed service opens next, in ms since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) opens_at: Option<i64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) hours: Vec<OpenDays>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) time_zone: Option<String>,
    /// The e-mail service by which a message can be left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) leave_message: Option<String>,
}

/// Days on which a service is open at the same time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct OpenDays {
    days: Vec<&'static str>,
    from: String,
    to: String,
}

impl Availability {
    /// Says nothing but the state.
    pub(crate) const fn bare(state: ServiceState) -> Self {
        Self { state, opens_at: None, hours: Vec::new(), time_zone: None, leave_message: None }
    }

    /// Tells whether a wait can be promised.
    pub(crate) fn is_open(&self) -> bool {
        self.state == ServiceState::Open
    }
}

/// Returns the hours with the days together that have the same.
pub(crate) fn open_days(hours: &Hours) -> Vec<OpenDays> {
    let mut found: Vec<((u16, u16), Vec<Weekday>)> = Vec::new();
    for OpenTime { day, from_minute, to_minute } in &hours.open {
        let times = (*from_minute, *to_minute);
        match found.iter_mut().find(|(known, _)| *known == times) {
            Some((_, days)) if days.contains(day) => {}
            Some((_, days)) => days.push(*day),
            None => found.push((times, vec![*day])),
        }
    }
    let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    let shown = found.into_iter().map(|((from, to), days)| OpenDays {
        days: days.into_iter().map(Weekday::short_name).collect(),
        from: clock(from),
        to: clock(to),
    });
    shown.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn days_with_the_same_hours_are_told_together() {
        let time = |day, from_minute, to_minute| OpenTime { day, from_minute, to_minute };
        let open = vec![
            time(Weekday::Monday, 540, 1_020),
            time(Weekday::Tuesday, 540, 1_020),
            time(Weekday::Saturday, 600, OpenTime::MINUTES_OF_DAY),
        ];
        let shown =
            open_days(&Hours { zone: "Europe/Berlin".to_owned(), open, exceptions: [].into() });
        let expected = json!([
            {"days": ["Mon", "Tue"], "from": "09:00", "to": "17:00"},
            {"days": ["Sat"], "from": "10:00", "to": "24:00"},
        ]);
        assert_eq!(serde_json::to_value(shown).unwrap(), expected);
    }
}
