//! What operators were told, and what there is to tell them.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use handoff_domain::Time;
use serde::{Deserialize, Serialize};

/// How long news is gathered, in ms: what has one cause comes within seconds.
const GATHERED_MS: u64 = 10_000;
/// The shortest time between two mails, in ms: what comes and goes is told with what follows.
const BETWEEN_MS: u64 = 5 * 60_000;
/// How long it rests after a mail that was not taken, in ms.
const AGAIN_MS: u64 = 60_000;
/// How long after a start nothing is over that was told before it, in ms: by then whatever is still
/// wrong has been found again, however long it may be wrong before it is trouble.
const FOUND_AGAIN_MS: u64 = 15 * 60_000;

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Wrong {
    /// What is said of it.
    pub(crate) sentence: String,
    /// Of what.
    pub(crate) what: String,
}

/// What there is to tell, each with since when it is wrong, in ms since 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct News {
    pub(super) begun: BTreeMap<Wrong, i64>,
    pub(super) over: BTreeMap<Wrong, i64>,
    pub(super) still: BTreeMap<Wrong, i64>,
}

/// What operators were told, in a file of the data directory, so that a restart neither tells it
/// again nor keeps back that it is over.
pub(super) struct Ledger {
    path: PathBuf,
    told: BTreeMap<Wrong, i64>,
    started: Time,
    /// Since when there is something to tell.
    differs: Option<Time>,
    /// Before when nothing is told.
    rests_until: Option<Time>,
}

impl Ledger {
    /// Reads what was told before a start. What cannot be read was not told.
    pub(super) fn open(path: &Path, started: Time) -> Self {
        let read = std::fs::read(path).ok();
        let told: Option<Vec<(Wrong, i64)>> =
            read.and_then(|text| serde_json::from_slice(&text).ok());
        let told = told.unwrap_or_default().into_iter().collect();
        Self { path: path.to_owned(), told, started, differs: None, rests_until: None }
    }

    /// Returns what is to be told now, if anything.
    pub(super) fn news(&mut self, present: &BTreeMap<Wrong, i64>, now: Time) -> Option<News> {
        let is_settled = now.ms_since(self.started) >= FOUND_AGAIN_MS;
        let is_over = |wrong: &Wrong| is_settled && !present.contains_key(wrong);
        let (over, still) = self.told.clone().into_iter().partition(|(wrong, _)| is_over(wrong));
        let begun = present.clone().into_iter();
        let begun = begun.filter(|(wrong, _)| !self.told.contains_key(wrong)).collect();
        let news = News { begun, over, still };
        if news.begun.is_empty() && news.over.is_empty() {
            self.differs = None;
            return None;
        }
        let since = *self.differs.get_or_insert(now);
        let rests = self.rests_until.is_some_and(|until| now < until);
        (!rests && now.ms_since(since) >= GATHERED_MS).then_some(news)
    }

    /// Notes that news was told.
    ///
    /// # Errors
    ///
    /// When that could not be written down; it counts until the next start.
    pub(super) fn tell(&mut self, news: &News, now: Time) -> io::Result<()> {
        self.told.retain(|wrong, _| !news.over.contains_key(wrong));
        self.told.extend(news.begun.clone());
        self.differs = None;
        self.rests_until = Some(now.plus_ms(BETWEEN_MS));
        let told: Vec<_> = self.told.iter().collect();
        let mut text = serde_json::to_vec(&told).map_err(io::Error::other)?;
        text.push(b'\n');
        let beside = self.path.with_extension("new");
        std::fs::write(&beside, text)?;
        std::fs::rename(beside, &self.path)
    }

    /// Notes that news could not be told.
    pub(super) const fn rest(&mut self, now: Time) {
        self.rests_until = Some(now.plus_ms(AGAIN_MS));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(what: &str) -> Wrong {
        Wrong { sentence: "it fails".to_owned(), what: what.to_owned() }
    }

    fn present(names: &[&str]) -> BTreeMap<Wrong, i64> {
        names.iter().map(|name| (wrong(name), 7)).collect()
    }

    fn begun_and_over(news: &News) -> (Vec<&str>, Vec<&str>) {
        let names = |all: &'_ BTreeMap<Wrong, i64>| all.keys().map(|it| it.what.clone()).collect();
        let (begun, over): (Vec<String>, Vec<String>) = (names(&news.begun), names(&news.over));
        (
            begun.leak().iter().map(|it| &**it).collect(),
            over.leak().iter().map(|it| &**it).collect(),
        )
    }

    fn ledger(directory: &tempfile::TempDir, started: i64) -> Ledger {
        Ledger::open(&directory.path().join("alerts.json"), Time(started))
    }

    #[test]
    fn what_comes_together_is_told_together_once_and_when_it_is_over() {
        let directory = tempfile::tempdir().unwrap();
        let mut ledger = ledger(&directory, -1_000_000);
        assert_eq!(ledger.news(&present(&["a"]), Time(0)), None);
        assert_eq!(ledger.news(&present(&["a", "b"]), Time(9_999)), None);
        let news = ledger.news(&present(&["a", "b"]), Time(10_000)).unwrap();
        assert_eq!(begun_and_over(&news), (vec!["a", "b"], vec![]));
        ledger.tell(&news, Time(10_000)).unwrap();
        assert_eq!(ledger.news(&present(&["a", "b"]), Time(20_000)), None);
        assert_eq!(ledger.news(&present(&["b"]), Time(40_000)), None, "five minutes lie between");
        let news = ledger.news(&present(&["b", "c"]), Time(310_000)).unwrap();
        assert_eq!(begun_and_over(&news), (vec!["c"], vec!["a"]));
        assert_eq!(news.still, present(&["b"]));
    }

    #[test]
    fn what_was_over_before_it_was_told_is_not_told() {
        let directory = tempfile::tempdir().unwrap();
        let mut ledger = ledger(&directory, -1_000_000);
        assert_eq!(ledger.news(&present(&["a"]), Time(0)), None);
        assert_eq!(ledger.news(&present(&[]), Time(5_000)), None);
        assert_eq!(ledger.news(&present(&["a"]), Time(12_000)), None, "it begins anew");
    }

    #[test]
    fn what_was_not_taken_is_told_a_minute_later() {
        let directory = tempfile::tempdir().unwrap();
        let mut ledger = ledger(&directory, -1_000_000);
        ledger.news(&present(&["a"]), Time(0));
        assert!(ledger.news(&present(&["a"]), Time(10_000)).is_some());
        ledger.rest(Time(10_000));
        assert_eq!(ledger.news(&present(&["a"]), Time(69_999)), None);
        assert!(ledger.news(&present(&["a"]), Time(70_000)).is_some());
    }

    #[test]
    fn a_restart_tells_nothing_again_and_keeps_nothing_back() {
        let directory = tempfile::tempdir().unwrap();
        let mut before = ledger(&directory, -1_000_000);
        before.news(&present(&["a"]), Time(0));
        let news = before.news(&present(&["a"]), Time(10_000)).unwrap();
        before.tell(&news, Time(10_000)).unwrap();
        let mut after = ledger(&directory, 20_000);
        // Nothing has been found again yet.
        assert_eq!(after.news(&present(&[]), Time(800_000)), None);
        assert_eq!(after.news(&present(&["a"]), Time(910_000)), None);
        assert_eq!(after.news(&present(&[]), Time(920_000)), None);
        let news = after.news(&present(&[]), Time(930_000)).unwrap();
        assert_eq!(begun_and_over(&news), (vec![], vec!["a"]));
    }
}
