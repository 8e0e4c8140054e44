//! What looking the names of a file up needs, whatever they are of.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use handoff_domain::{CenterId, Disposition, GroupId, Media, QueueId, SkillId, SkillLevels};
use handoff_engine::{Directory, IdSource};
use handoff_store::Record;

use crate::center_file::error::CenterFileError;
use crate::center_file::file::CenterFile;
use crate::center_file::form::{Levels, Text};
use crate::center_file::passwords::Passwords;

/// What is wrong with a file, in the order in which it was found.
pub(super) type Problems = RefCell<Vec<CenterFileError>>;

/// Notes what is wrong, and goes on with nothing in its place: a file with a problem is never
/// applied.
pub(super) fn checked<T: Default>(problems: &Problems, result: Result<T, CenterFileError>) -> T {
    result.unwrap_or_else(|error| {
        problems.borrow_mut().push(error);
        T::default()
    })
}

pub(super) struct Resolver<'a> {
    pub(super) file: &'a CenterFile,
    pub(super) directory: &'a Directory,
    pub(super) ids: &'a dyn IdSource,
    pub(super) passwords: &'a dyn Passwords,
    pub(super) center: CenterId,
    pub(super) skills: BTreeMap<String, SkillId>,
    pub(super) groups: BTreeMap<String, GroupId>,
    pub(super) queues: BTreeMap<String, (QueueId, Media)>,
    pub(super) dispositions: Vec<Disposition>,
    pub(super) records: Vec<Record>,
    pub(super) warnings: Vec<String>,
    pub(super) channels: BTreeMap<QueueId, usize>,
    pub(super) problems: Problems,
}

impl Resolver<'_> {
    /// Notes what is wrong at a byte of the file, and goes on.
    pub(super) fn wrong(&self, at: usize, message: impl Display) {
        self.problems.borrow_mut().push(self.file.wrong_at(at, message));
    }

    pub(super) fn checked<T: Default>(&self, result: Result<T, CenterFileError>) -> T {
        checked(&self.problems, result)
    }

    /// Returns the names of one kind of things, each of which must occur once.
    pub(super) fn unique_names<'a>(
        &self,
        kind: &str,
        names: impl Iterator<Item = &'a Text>,
    ) -> Vec<String> {
        let mut seen = BTreeSet::new();
        names
            .map(|name| {
                let text = self.checked(not_empty(self.file, name));
                if !text.is_empty() && !seen.insert(text.clone()) {
                    self.problems.borrow_mut().push(twice(self.file, kind, name));
                }
                text
            })
            .collect()
    }

    pub(super) fn group(&self, name: &Text) -> Result<GroupId, CenterFileError> {
        self.groups.get(name.get_ref()).copied().ok_or_else(|| unknown(self.file, "group", name))
    }

    pub(super) fn group_set(&self, names: &[Text]) -> BTreeSet<GroupId> {
        names.iter().filter_map(|name| self.checked(self.group(name).map(Some))).collect()
    }

    pub(super) fn skill_levels(&self, levels: &Levels) -> SkillLevels {
        let known = |name: &Text| {
            let id = self.skills.get(name.get_ref()).copied();
            self.checked(id.map(Some).ok_or_else(|| unknown(self.file, "skill", name)))
        };
        levels.iter().filter_map(|(name, level)| Some((known(name)?, *level))).collect()
    }
}

pub(super) fn not_empty(file: &CenterFile, text: &Text) -> Result<String, CenterFileError> {
    if text.get_ref().trim().is_empty() {
        return Err(file.wrong_at(text.span().start, "expected a name, found an empty text"));
    }
    Ok(text.get_ref().clone())
}

pub(super) fn twice(file: &CenterFile, kind: &str, name: &Text) -> CenterFileError {
    file.wrong_at(name.span().start, format!("the {kind} {:?} is there already", name.get_ref()))
}

pub(super) fn unknown(file: &CenterFile, kind: &str, name: &Text) -> CenterFileError {
    let message = format!(
        "there is no {kind} {:?} in this file; add [[{kind}]] name = {0:?}",
        name.get_ref()
    );
    file.wrong_at(name.span().start, message)
}
