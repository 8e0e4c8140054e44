//! What happened in a contact center, counted (docs/api/statistics.md): for those who look after
//! the work of others, as JSON or as a table for a spreadsheet.

mod asked;
mod csv;
mod shown;

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Response, Uri};
use axum::response::IntoResponse as _;
use handoff_domain::{CenterId, GroupId, Time};
use handoff_engine::{Counted, CountsFound, Directory, DispositionMark, StatisticsError, Tally};
use serde::Serialize;

use crate::caller::Watcher;
use crate::error::Refusal;
use crate::shared::Shared;
use crate::wire::date;
use crate::wire::envelope::JsonText;
use asked::{Asked, Of};
use shown::{Row, Whose};

/// Most rows of one answer: a day by queue and quarter of an hour for a hundred queues.
const ROWS_MAX: usize = 10_000;
/// Rows of agents or dispositions that are added up for one answer.
const SUMMED_MAX: usize = 10 * ROWS_MAX;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Statistics {
    status_code: i32,
    from: String,
    to: String,
    time_zone: String,
    by: Vec<&'static str>,
    /// Whether something that had happened is not counted yet.
    behind: bool,
    statistics: Vec<Row>,
}

/// `GET /center/statistics`
pub(crate) async fn get(
    State(shared): State<Shared>,
    Watcher(me): Watcher,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response<Body>, Refusal> {
    let directory = shared.engine().core().directory();
    let center = directory.centers.get(&me.center());
    let zone = center.and_then(|center| center.time_zone.as_deref()).unwrap_or("UTC");
    let asked = Asked::read(&uri, zone, shared.engine().core().now())?;
    // Of these several become one row.
    let is_summed = matches!(asked.of, Of::Group | Of::Disposition);
    let most = if is_summed { SUMMED_MAX } else { ROWS_MAX };
    let counts = shared.engine().views().counts(asked.wanted(me.center(), most)).await?;
    let CountsFound { counts, is_behind } = counts.map_err(refusal)?;
    let counts = counts.into_iter().map(|((part, counted), tally)| (part, counted, tally));
    let naming = Naming::new(&directory, me.center());
    let rows = naming.rows(&asked, counts).ok_or_else(|| refusal(StatisticsError::TooMany))?;
    if wants_csv(&headers) {
        return Ok(table(&rows, asked.first()));
    }
    let answer = Statistics {
        status_code: 0,
        from: date::print_iso(asked.first()),
        to: date::print_iso(asked.until),
        time_zone: zone.to_owned(),
        by: asked.by(),
        behind: is_behind,
        statistics: rows,
    };
    Ok(JsonText::of(&answer).into_response())
}

fn refusal(error: StatisticsError) -> Refusal {
    match error {
        StatisticsError::TooMany => Refusal::invalid(format!(
            "These are more than {ROWS_MAX} rows; let from and to be nearer to each other, or ask \
             by something longer."
        )),
        StatisticsError::NoCounts => Refusal::unavailable(),
    }
}

/// Tells whether a table is asked for rather than JSON, which whoever takes anything gets.
fn wants_csv(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted
        .flat_map(|value| value.split(','))
        .filter_map(|range| range.split(';').next())
        .any(|range| range.trim().eq_ignore_ascii_case("text/csv"))
}

fn table(rows: &[Row], from: Time) -> Response<Body> {
    let mut response = Response::new(Body::from(csv::written(rows)));
    let headers = response.headers_mut();
    let content_type = HeaderValue::from_static("text/csv; charset=utf-8; header=present");
    headers.insert(CONTENT_TYPE, content_type);
    let name = format!("attachment; filename=\"statistics-{}.csv\"", &date::print_iso(from)[..10]);
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(CONTENT_DISPOSITION, name);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    response
}

/// Names what counts are of.
struct Naming<'a> {
    directory: &'a Directory,
    center: CenterId,
    dispositions: BTreeMap<DispositionMark, (String, String)>,
}

impl<'a> Naming<'a> {
    fn new(directory: &'a Directory, center: CenterId) -> Self {
        let known = directory.centers.get(&center);
        let dispositions = known.map(|center| &center.workspace.dispositions).into_iter().flatten();
        let dispositions = dispositions.map(|one| {
            (DispositionMark::of(center, &one.key), (one.key.clone(), one.display_name.clone()))
        });
        Self { directory, center, dispositions: dispositions.collect() }
    }

    /// Returns the rows in the order of their times and names; `None` when they are too many.
    fn rows(
        &self,
        asked: &Asked,
        counts: impl Iterator<Item = (usize, Counted, Tally)>,
    ) -> Option<Vec<Row>> {
        let mut sums: BTreeMap<(usize, Option<Whose>), Tally> = BTreeMap::new();
        for (part, counted, tally) in counts {
            for whose in self.whose(&counted, asked.of) {
                sums.entry((part, whose)).or_default().add(tally.clone());
            }
            if sums.len() > ROWS_MAX {
                return None;
            }
        }
        let row = |((part, whose), tally)| Row::new(asked.begins_of(part), whose, &tally);
        Some(sums.into_iter().map(row).collect())
    }

    /// Returns in whose rows something counts; `None` is the contact center's.
    fn whose(&self, counted: &Counted, of: Of) -> Vec<Option<Whose>> {
        let (directory, center) = (self.directory, self.center);
        let named = |id: String, name: Option<&String>| {
            let name = name.cloned().unwrap_or_else(|| id.clone());
            vec![Some(Whose { name, id: Some(id) })]
        };
        match counted {
            Counted::Center => vec![None],
            Counted::Queue(id) => {
                named(id.to_string(), directory.queue(center, *id).map(|queue| &queue.name))
            }
            Counted::Agent(id) if of == Of::Group => {
                let user = directory.user(center, *id);
                let groups = user.map(|user| user.groups.iter()).into_iter().flatten();
                groups.flat_map(|group| self.group(*group)).map(Some).collect()
            }
            Counted::Agent(id) => {
                named(id.to_string(), directory.user(center, *id).map(|user| &user.user_name))
            }
            Counted::Channel(media) => named(media.name().to_owned(), None),
            Counted::Service(name) => named(name.clone(), None),
            Counted::Disposition(mark) => match self.dispositions.get(mark) {
                Some((key, name)) => named(key.clone(), Some(name)),
                None => vec![Some(Whose { name: "others".to_owned(), id: None })],
            },
        }
    }

    fn group(&self, id: GroupId) -> Option<Whose> {
        let group = self.directory.groups.get(&id)?;
        Some(Whose { name: group.name.clone(), id: Some(id.to_string()) })
    }
}
