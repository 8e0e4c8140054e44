//! What a contact center says of itself.

use std::collections::BTreeMap;

use handoff_domain::{Center, Media, Workspace};
use handoff_store::Record;

use super::{Edit, Editor, Refused, expect_free};
use crate::reason::{ReasonDescription, reason_fault};
use crate::retention::RetentionDescription;
use crate::thing::{ENTRIES_MAX, Thing};

impl Editor<'_> {
    /// Returns a channel of a description that no queue has, and of which nothing was said before.
    #[must_use]
    pub fn channel_without_queue(&self, said: &RetentionDescription) -> Option<String> {
        let before = self.directory.centers.get(&self.center);
        let is_known = |media: &Media| {
            media.name() == Center::CONTACTS
                || self.queues().any(|queue| queue.media == *media)
                || before.is_some_and(|center| center.retention_ms.contains_key(media))
        };
        let mut all = said.by_media().into_keys();
        all.find(|media| !is_known(media)).map(|media| media.to_string())
    }

    /// Changes how long finished work is kept.
    #[must_use]
    pub fn change_retention(&self, retention_ms: BTreeMap<Media, u64>) -> Edit {
        let before = self.directory.centers.get(&self.center);
        let Some(center) = before else { return Edit::default() };
        self.write(before, Center { retention_ms, ..center.clone() }, Record::Center)
    }

    /// Adds a reason for being NotReady behind the others.
    ///
    /// # Errors
    ///
    /// [`Refused::Taken`], [`Refused::TooMany`], [`Refused::Unfit`].
    pub fn add_reason(&self, reason: &str, said: &ReasonDescription) -> Result<Edit, Refused> {
        // What is shown of a new one is the reason where that is not said, and may be no reason.
        if let Some(fault) = reason_fault(reason) {
            return Err(Refused::Unfit { thing: Thing::AgentState, fault });
        }
        self.edit_workspace(|workspace| {
            let all = &mut workspace.not_ready_reasons;
            expect_free(Thing::AgentState, reason, all.iter().any(|one| one == reason))?;
            expect_room(Thing::AgentState, all.len())?;
            all.push(reason.to_owned());
            name_reason(workspace, reason, said);
            Ok(())
        })
    }

    /// Changes what is shown of a reason for being NotReady.
    ///
    /// # Errors
    ///
    /// [`Refused::Absent`], [`Refused::Fixed`].
    pub fn change_reason(&self, reason: &str, said: &ReasonDescription) -> Result<Edit, Refused> {
        self.edit_workspace(|workspace| {
            place_of_reason(workspace, reason)?;
            if said.reason.as_ref().is_some_and(|other| other != reason) {
                return Err(Refused::Fixed { thing: Thing::AgentState, property: "reason" });
            }
            name_reason(workspace, reason, said);
            Ok(())
        })
    }

    /// Removes a reason for being NotReady. Whoever is NotReady for it stays so.
    ///
    /// # Errors
    ///
    /// [`Refused::Absent`].
    pub fn remove_reason(&self, reason: &str) -> Result<Edit, Refused> {
        self.edit_workspace(|workspace| {
            let place = place_of_reason(workspace, reason)?;
            workspace.not_ready_reasons.remove(place);
            workspace.reason_names.remove(reason);
            Ok(())
        })
    }

    /// Changes what desktops are told.
    pub(super) fn edit_workspace(
        &self,
        edit: impl FnOnce(&mut Workspace) -> Result<(), Refused>,
    ) -> Result<Edit, Refused> {
        let before = self.directory.centers.get(&self.center);
        let Some(center) = before else { return Ok(Edit::default()) };
        let mut after = center.clone();
        edit(&mut after.workspace)?;
        Ok(self.write(before, after, Record::Center))
    }
}

/// Refuses one more of what there may be only so many of.
pub(super) fn expect_room(thing: Thing, count: usize) -> Result<(), Refused> {
    let most = ENTRIES_MAX;
    if count < most { Ok(()) } else { Err(Refused::TooMany { thing, most }) }
}

fn place_of_reason(workspace: &Workspace, reason: &str) -> Result<usize, Refused> {
    let place = workspace.not_ready_reasons.iter().position(|one| one == reason);
    place.ok_or(Refused::Absent(Thing::AgentState))
}

fn name_reason(workspace: &mut Workspace, reason: &str, said: &ReasonDescription) {
    match &said.display_name {
        None => {}
        Some(name) if name == reason => drop(workspace.reason_names.remove(reason)),
        Some(name) => drop(workspace.reason_names.insert(reason.to_owned(), name.clone())),
    }
}
