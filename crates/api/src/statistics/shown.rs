//! Counts as they are shown.

use handoff_domain::Time;
use handoff_engine::{Tally, Times};
use serde::Serialize;
use serde_json::Number;

use crate::wire::date;
use crate::wire::resource::seconds;

/// What a row is of. The order is that of the names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Whose {
    pub(super) name: String,
    /// `null` of everything that has no id any more.
    pub(super) id: Option<String>,
}

/// Counts of somebody or something, within a time.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row {
    #[serde(skip_serializing_if = "Option::is_none")]
    begins: Option<String>,
    #[serde(flatten)]
    whose: Option<Whose>,
    arrived: u64,
    entered: u64,
    offered: u64,
    accepted: u64,
    rejected: u64,
    timed_out: u64,
    withdrawn: u64,
    abandoned: u64,
    completed: u64,
    transferred_in: u64,
    transferred_out: u64,
    wait: Took,
    first_answer: Took,
    handling: Took,
    service_level: ServiceLevel,
}

/// How long things took, in s; `null` where there were none.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Took {
    count: u64,
    sum_seconds: Number,
    average_seconds: Option<Number>,
    max_seconds: Option<Number>,
    median_seconds: Option<Number>,
    p90_seconds: Option<Number>,
    p95_seconds: Option<Number>,
}

#[derive(Debug, Serialize)]
struct ServiceLevel {
    counted: u64,
    within: u64,
    share: Option<Number>,
}

impl Row {
    pub(super) fn new(begins: Option<Time>, whose: Option<Whose>, tally: &Tally) -> Self {
        Self {
            begins: begins.map(date::print_iso),
            whose,
            arrived: tally.arrived,
            entered: tally.entered,
            offered: tally.offered,
            accepted: tally.accepted,
            rejected: tally.rejected,
            timed_out: tally.timed_out,
            withdrawn: tally.withdrawn,
            abandoned: tally.abandoned,
            completed: tally.completed,
            transferred_in: tally.transferred_in,
            transferred_out: tally.transferred_out,
            wait: Took::of(&tally.wait),
            first_answer: Took::of(&tally.first_answer),
            handling: Took::of(&tally.handling),
            service_level: ServiceLevel {
                counted: tally.promised,
                within: tally.kept,
                share: share(tally.kept, tally.promised),
            },
        }
    }
}

impl Took {
    fn of(times: &Times) -> Self {
        let longest = (times.count > 0).then_some(times.longest_ms);
        let percentile = |percent| times.percentile_ms(percent).map(seconds);
        Self {
            count: times.count,
            sum_seconds: seconds(times.sum_ms),
            average_seconds: times.sum_ms.checked_div(times.count).map(seconds),
            max_seconds: longest.map(seconds),
            median_seconds: percentile(50),
            p90_seconds: percentile(90),
            p95_seconds: percentile(95),
        }
    }
}

/// Returns a part of a whole, with four digits behind the point.
fn share(part: u64, whole: u64) -> Option<Number> {
    let parts = part.saturating_mul(10_000).checked_add(whole / 2)?.checked_div(whole)?;
    Number::from_f64(parts as f64 / 10_000.0)
}
