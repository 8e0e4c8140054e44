//! What happened, counted: who keeps the counts is a port ([`Statistics`](crate::Statistics)).

use std::time::Duration;

use handoff_store::StoreError;

use super::Views;
use crate::outward::{Counts, StatisticsError, WantedCounts};

/// How long an answer waits for counts that are behind the log: somebody who has done something
/// sees it counted.
const AWAITED: Duration = Duration::from_secs(1);

/// Counts, and whether they are of all that happened.
#[derive(Clone, Debug)]
pub struct CountsFound {
    pub counts: Counts,
    /// Whether something that had happened when the question came is not counted yet.
    pub is_behind: bool,
}

impl Views {
    /// Returns counts of a contact center. Who may see them is for the caller to say.
    ///
    /// # Errors
    ///
    /// When they are too many or there are none, and the store's own.
    pub async fn counts(
        &self,
        wanted: WantedCounts,
    ) -> Result<Result<CountsFound, StatisticsError>, StoreError> {
        let Some(statistics) = &self.statistics else { return Ok(Err(StatisticsError::NoCounts)) };
        let is_behind = !statistics.reaches(self.core.store.log_end().await?, AWAITED).await;
        let counts = statistics.counts(wanted).await;
        Ok(counts.map(|counts| CountsFound { counts, is_behind }))
    }
}
