//! What an interaction has beside its record: its history and its files.

use std::collections::BTreeSet;

use handoff_domain::chat::Content;
use handoff_domain::{Fact, FileId, Interaction, InteractionId, Media, Time};
use handoff_store::{
    ChangeSet, Check, FileRecord, InteractionQuery, InteractionScope, Key, Put, Record, Removal,
    StoreError, SubjectKey, Versioned,
};

use crate::core::Core;

/// Events read at once.
const HISTORY_PAGE: usize = 500;
/// Interactions read at once: a letter may be large.
const PAGE: usize = 50;

/// What goes with an interaction.
pub(crate) struct Belongings {
    pub(crate) files: BTreeSet<FileId>,
    /// When the last thing happened to it, and where in the log that is.
    pub(crate) last: (Time, u64),
    /// How many entries its history has, and how often something was said.
    pub(crate) entries: u64,
    pub(crate) messages: u64,
}

/// How files are parted with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parting {
    /// They are deleted, and lie in the trash for a while.
    Deleted,
    /// They are removed as soon as files are swept.
    Erased,
}

impl Parting {
    /// Tells whether there is anything to be done about a file: one that was deleted lies in the
    /// trash, with its name.
    const fn concerns(self, file: &FileRecord) -> bool {
        match self {
            Self::Deleted => file.deleted.is_none(),
            Self::Erased => !file.erased,
        }
    }
}

impl Core {
    /// Reads what happened to an interaction, for what it has; `None` when some of that cannot be
    /// read, as where a newer program wrote it.
    pub(crate) async fn belongings(
        &self,
        interaction: &Interaction,
    ) -> Result<Option<Belongings>, StoreError> {
        let mut files = files_of(interaction);
        let (mut entries, mut messages) = (0, 0);
        let (subject, mut last) = (SubjectKey::Interaction(interaction.id), (Time(i64::MIN), 0));
        loop {
            let page = self.store.history(subject, last.1, HISTORY_PAGE).await?;
            for entry in &page.items {
                last = (entry.at, entry.position);
                entries += 1;
                messages +=
                    entry.facts.iter().filter(|fact| matches!(fact, Fact::Said(_))).count() as u64;
                files.extend(entry.facts.iter().filter_map(file_of));
            }
            if !page.more {
                break;
            }
        }
        let name = interaction.id.to_string();
        let is_aside = self.store.set_aside().iter().any(|one| one.row.contains(&name));
        Ok((!is_aside).then_some(Belongings { files, last, entries, messages }))
    }

    /// Deletes the files that an interaction alone has, and leaves the others to whoever has them
    /// as well.
    pub(crate) async fn part_with(
        &self,
        interaction: &Interaction,
        files: BTreeSet<FileId>,
        parting: Parting,
        change: &mut ChangeSet,
    ) -> Result<(), StoreError> {
        // Whatever is written to it meanwhile is written to a draft, which does not end.
        let texts = Key::DraftVersions(interaction.id);
        let version = self.store.versions(std::slice::from_ref(&texts)).await?;
        let kept = version.into_iter().filter(|version| *version > 0);
        change.removals.extend(kept.map(|version| Removal { key: texts.clone(), version }));
        let keys: Vec<Key> = files.into_iter().map(Key::File).collect();
        let records = self.store.load(&keys).await?;
        let own = records.into_iter().flatten().filter_map(|found| match found.value {
            Record::File(value)
                if value.interaction == interaction.id && parting.concerns(&value) =>
            {
                Some(Versioned { value, version: found.version })
            }
            _ => None,
        });
        let mut mates = None;
        for Versioned { value: mut file, version: expected } in own.collect::<Vec<_>>() {
            if mates.is_none() {
                mates = Some(self.mates_of(interaction).await?);
            }
            let heir = match file.deleted {
                None => self.heir_of(&file, mates.as_deref().unwrap_or_default()).await?,
                Some(_) => None,
            };
            match heir {
                Some(heir) => {
                    file.interaction = heir.value.id;
                    let (key, version) = (Key::Interaction(heir.value.id), heir.version);
                    let check = Check { key, version };
                    if !change.checks.contains(&check) {
                        change.checks.push(check);
                    }
                }
                // Others may have it that it does not name. An erasure has no such doubt: words
                // that stay would be the worse.
                None if parting == Parting::Deleted && file.also.len() >= FileRecord::ALSO_MAX => {
                    continue;
                }
                // Its name goes at once; what is in it goes with the sweep of files.
                None => {
                    file.deleted = file.deleted.or_else(|| Some(self.now()));
                    file.name.clear();
                    file.erased = parting == Parting::Erased;
                }
            }
            change.puts.push(Put { record: Record::File(file), expected });
        }
        Ok(())
    }

    /// Returns an interaction that has a file as well, and keeps it from now on.
    async fn heir_of(
        &self,
        file: &FileRecord,
        mates: &[Versioned<Interaction>],
    ) -> Result<Option<Versioned<Interaction>>, StoreError> {
        let has = |one: &&Versioned<Interaction>| files_of(&one.value).contains(&file.id);
        if let Some(mate) = mates.iter().find(has) {
            return Ok(Some(mate.clone()));
        }
        let keys: Vec<Key> = file.also.iter().copied().map(Key::Interaction).collect();
        let found = self.store.load(&keys).await?.into_iter().flatten();
        let others = found.filter_map(|found| match found.value {
            Record::Interaction(value) => Some(Versioned { value, version: found.version }),
            _ => None,
        });
        Ok(others.into_iter().find(|one| files_of(&one.value).contains(&file.id)))
    }

    /// Returns the other e-mails of an e-mail's thread: what it was forwarded as, its answers.
    async fn mates_of(
        &self,
        interaction: &Interaction,
    ) -> Result<Vec<Versioned<Interaction>>, StoreError> {
        if interaction.media() != Media::Email {
            return Ok(Vec::new());
        }
        let (center, root) = (interaction.center, interaction.thread_root());
        let mut mates: Vec<Versioned<Interaction>> = Vec::new();
        let mut after: Option<InteractionId> = None;
        loop {
            let scope = InteractionScope::InThread { center, root };
            let query = InteractionQuery { after, ..InteractionQuery::of(scope, PAGE) };
            let page = self.store.interactions(&query).await?;
            after = page.items.last().map(|last| last.value.id);
            mates.extend(page.items.into_iter().filter(|one| one.value.id != interaction.id));
            if !page.more {
                return Ok(mates);
            }
        }
    }
}

/// Returns the files that an interaction says itself that it has.
fn files_of(interaction: &Interaction) -> BTreeSet<FileId> {
    let email = interaction.email().into_iter();
    let all = email.flat_map(|email| {
        email.attachments.iter().map(|attachment| attachment.file).chain(email.raw)
    });
    all.collect()
}

/// Returns the file that a fact speaks of.
fn file_of(fact: &Fact) -> Option<FileId> {
    match fact {
        Fact::Said(entry) => match &entry.content {
            Content::FileUploaded { file, .. } => Some(*file),
            _ => None,
        },
        Fact::AttachmentAdded { file, .. } => Some(*file),
        _ => None,
    }
}
