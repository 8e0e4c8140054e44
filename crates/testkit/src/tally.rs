//! How the commits of a run went, as a program says that is stopped in order.

use std::fmt;

use handoff_engine::CommitTally;

/// What of the log is kept beside warnings: how commits went.
pub const FILTER: &str = "warn,handoff::commits=info";

/// What the line says that has the figures.
const SAYING: &str = "how commits went";

/// How the commits of a run went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    pub commits: u64,
    /// Attempts that were refused because somebody else had written the same record.
    pub put_conflicts: u64,
    /// Attempts that were refused because a record had changed that they only relied on.
    pub check_conflicts: u64,
    /// The line itself, with the kinds of records.
    line: String,
}

impl Tally {
    /// Returns the last that a log holds.
    pub(crate) fn last_in(log: &str) -> Option<Self> {
        let (_, line) = log.lines().rev().find_map(|line| line.split_once(SAYING))?;
        let (rest, checks) = line.split_once(" check_conflicts=")?;
        let (commits, puts) = rest.split_once(" put_conflicts=")?;
        let (_, commits) = commits.split_once("commits=")?;
        Some(Self {
            commits: commits.parse().ok()?,
            put_conflicts: sum(puts),
            check_conflicts: sum(checks),
            line: line.trim().to_owned(),
        })
    }

    /// Returns how many of a hundred attempts were refused over a record that they write, and over
    /// one that they only relied on.
    #[must_use]
    pub fn percent(&self) -> [f64; 2] {
        let conflicts = [self.put_conflicts, self.check_conflicts];
        let attempts = self.commits + conflicts.iter().sum::<u64>();
        conflicts.map(|count| count as f64 * 100.0 / attempts.max(1) as f64)
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [puts, checks] = self.percent();
        let line = &self.line;
        write!(f, "{line}; {puts:.2} % refused over what they write, ")?;
        write!(f, "{checks:.2} % over what they only rely on")
    }
}

/// Returns the sum of counts by kind.
fn sum(by_kind: &str) -> u64 {
    let words = by_kind.split(|character: char| !character.is_ascii_digit());
    words.filter_map(|word| word.parse::<u64>().ok()).sum()
}

/// Returns the line that the program logs, for one that stands in for it.
#[must_use]
pub fn told(tally: &CommitTally) -> String {
    let CommitTally { commits, put_conflicts, check_conflicts } = tally;
    format!(
        "{SAYING} commits={commits} put_conflicts={put_conflicts:?} \
         check_conflicts={check_conflicts:?}"
    )
}

#[cfg(test)]
mod tests {
    use handoff_store::Kind;

    use super::*;

    #[test]
    fn the_last_run_that_was_stopped_counts() {
        let first = CommitTally { commits: 3, put_conflicts: vec![], check_conflicts: vec![] };
        let last = CommitTally {
            commits: 95,
            put_conflicts: vec![(Kind::Interaction, 1), (Kind::Desk, 2)],
            check_conflicts: vec![(Kind::User, 2)],
        };
        let line =
            |tally| format!("2026-01-01T00:00:00Z  INFO handoff::commits: {}\n", told(tally));
        let log = format!("{}{}something else commits=7\n", line(&first), line(&last));
        let tally = Tally::last_in(&log).unwrap();
        assert_eq!((tally.commits, tally.put_conflicts, tally.check_conflicts), (95, 3, 2));
        assert_eq!(tally.percent(), [3.0, 2.0]);
        assert_eq!(Tally::last_in("nothing of the kind"), None);
    }
}
