//! When somebody is there, of queues and services.

use handoff_domain::Hours;
use handoff_provision::{exceptions_as_texts, hours_as_texts};
use serde::Serialize;

/// When somebody is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HoursResource {
    time_zone: String,
    open: Vec<String>,
    /// Dates with times of their own.
    exceptions: Vec<String>,
}

impl From<&Hours> for HoursResource {
    fn from(hours: &Hours) -> Self {
        let exceptions = exceptions_as_texts(hours).collect();
        Self { time_zone: hours.zone.clone(), open: hours_as_texts(hours), exceptions }
    }
}
