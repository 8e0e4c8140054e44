//! How work can end: what queues offer.

use std::collections::BTreeSet;

use handoff_domain::{Disposition, Media, Queue, Workspace};

use super::center::expect_room;
use super::{Edit, Editor, Refused, called, expect_free, expect_unused};
use crate::disposition::DispositionDescription;
use crate::thing::Thing;

const THING: Thing = Thing::Disposition;

impl Editor<'_> {
    /// Adds a disposition behind the others.
    ///
    /// # Errors
    ///
    /// [`Refused::Taken`], [`Refused::TooMany`].
    pub fn add_disposition(
        &self,
        key: &str,
        said: &DispositionDescription,
    ) -> Result<Edit, Refused> {
        self.edit_workspace(|workspace| {
            let all = &mut workspace.dispositions;
            expect_free(THING, key, all.iter().any(|one| one.key == key))?;
            expect_room(THING, all.len())?;
            let (key, display_name) = (key.to_owned(), key.to_owned());
            let channels = BTreeSet::new();
            let mut made = Disposition { key, display_name, channels, note_required: false };
            said.apply(&mut made);
            all.push(made);
            Ok(())
        })
    }

    /// Changes a disposition.
    ///
    /// # Errors
    ///
    /// [`Refused::Absent`], [`Refused::Fixed`], [`Refused::InUse`] by a queue of a channel that it
    /// would not be for.
    pub fn change_disposition(
        &self,
        key: &str,
        said: &DispositionDescription,
    ) -> Result<Edit, Refused> {
        self.edit_workspace(|workspace| {
            let place = place_of(workspace, key)?;
            if said.key.as_ref().is_some_and(|other| other != key) {
                return Err(Refused::Fixed { thing: THING, property: "key" });
            }
            let disposition = &mut workspace.dispositions[place];
            said.apply(disposition);
            let unfit = self.queues().find(|it| offers(it, key) && !disposition.is_for(&it.media));
            expect_unused(THING, unfit.map(|queue| called(Thing::Queue, &queue.name)))
        })
    }

    /// Removes a disposition. What has it keeps it.
    ///
    /// # Errors
    ///
    /// [`Refused::Absent`], [`Refused::InUse`].
    pub fn remove_disposition(&self, key: &str) -> Result<Edit, Refused> {
        self.edit_workspace(|workspace| {
            let place = place_of(workspace, key)?;
            let queue = self.queues().find(|queue| offers(queue, key));
            expect_unused(THING, queue.map(|queue| called(Thing::Queue, &queue.name)))?;
            workspace.dispositions.remove(place);
            Ok(())
        })
    }

    /// Returns those of a queue, which are there and for its channel.
    pub(super) fn offered(
        &self,
        keys: &[String],
        media: &Media,
    ) -> Result<BTreeSet<String>, Refused> {
        let center = self.directory.centers.get(&self.center);
        let known = center.map(|center| &*center.workspace.dispositions).unwrap_or_default();
        let one = |key: &String| {
            let unknown = || Refused::Unknown { thing: THING, name: key.clone() };
            let found = known.iter().find(|one| one.key == *key).ok_or_else(unknown)?;
            match not_for(found, media) {
                None => Ok(key.clone()),
                Some(fault) => Err(Refused::Unfit { thing: Thing::Queue, fault }),
            }
        };
        keys.iter().map(one).collect()
    }
}

/// Says that a disposition is not for a channel; `None` when it is.
pub(crate) fn not_for(disposition: &Disposition, media: &Media) -> Option<String> {
    let key = &disposition.key;
    (!disposition.is_for(media)).then(|| format!("the disposition {key:?} is not for {media}"))
}

fn offers(queue: &Queue, key: &str) -> bool {
    queue.dispositions.contains(key)
}

fn place_of(workspace: &Workspace, key: &str) -> Result<usize, Refused> {
    let place = workspace.dispositions.iter().position(|one| one.key == key);
    place.ok_or(Refused::Absent(THING))
}
