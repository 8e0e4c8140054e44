//! Search: what somebody finds among all that they may see, finished work included.
//!
//! Who keeps the index is a port ([`Finder`](crate::Finder)); it narrows a question down by what it
//! knows of everybody's sight. Whether somebody sees what was found is decided here, by the record
//! as it is now, like everywhere else.

use std::time::Duration;

use handoff_domain::{Interaction, Time, User, UserId};
use handoff_store::{Key, PAGE_BYTES_MAX, Record, StoreError};

use super::Views;
use super::interactions::SIGHT_AFTER_END_MS;
use super::sight::sees_all;
use crate::outward::{Highlight, Hit, Hits, Narrowed, SearchError, SearchPlace, Wanted};

/// How long an answer waits for an index that has not read the log to its end.
const AWAITED: Duration = Duration::from_secs(1);
/// How often the index is asked for one page: what it finds may have left somebody's sight since.
const ASKED_MAX: usize = 4;
/// Interactions that are read at once: a page of letters ends by its bytes.
const READ_AT_ONCE: usize = 10;

/// An interaction that was found.
#[derive(Clone, Debug)]
pub struct FoundOne {
    pub interaction: Interaction,
    /// Who has it, or had it when it ended.
    pub owner: Option<UserId>,
    pub highlights: Vec<Highlight>,
}

/// A page of what was found.
#[derive(Clone, Debug, Default)]
pub struct SearchFound {
    pub found: Vec<FoundOne>,
    /// Where to go on.
    pub next: Option<SearchPlace>,
    /// Whether the index has not read the log to the end that it had when the question came.
    pub is_behind: bool,
}

impl Views {
    /// Returns how a user's sight narrows a search.
    #[must_use]
    pub fn narrowed_for(&self, user: &User) -> Narrowed {
        if sees_all(user) {
            return Narrowed::All;
        }
        let directory = self.core.directory();
        let workbins = directory.workbins_of(user).into_iter().map(|workbin| workbin.id).collect();
        Narrowed::To {
            user: user.id,
            queues: directory.queues_served_by(user),
            workbins,
            ended_after: Time(self.core.now().0.saturating_sub_unsigned(SIGHT_AFTER_END_MS)),
        }
    }

    /// Finds what a user may see that is as they want it; how their sight narrows it down is set
    /// here. It waits for an index that is behind the log for up to a second, so that who has done
    /// something finds it.
    ///
    /// # Errors
    ///
    /// What is wrong with the words, or with index and store.
    pub async fn search(
        &self,
        user: &User,
        mut wanted: Wanted,
    ) -> Result<SearchFound, SearchError> {
        let finder = self.finder.as_ref().ok_or(SearchError::NoIndex)?;
        let is_behind = !finder.reaches(self.core.store.log_end().await?, AWAITED).await;
        wanted.narrowed = self.narrowed_for(user);
        let (limit, mut seen, mut bytes) = (wanted.limit, Vec::new(), 0);
        'asking: for _ in 0..ASKED_MAX {
            wanted.limit = limit - seen.len();
            let Hits { hits, next } = finder.find(wanted.clone()).await?;
            let end = hits.last().copied();
            for some in hits.chunks(READ_AT_ONCE) {
                let in_sight = self.in_sight_of(user, some).await?;
                bytes += in_sight.iter().map(|(_, one)| one.weight()).sum::<usize>();
                seen.extend(in_sight);
                let last = some.last().copied();
                if bytes >= PAGE_BYTES_MAX && last != end {
                    wanted.after = last.map(|last| last.place);
                    break 'asking;
                }
            }
            wanted.after = next;
            if seen.len() >= limit || bytes >= PAGE_BYTES_MAX || next.is_none() {
                break;
            }
        }
        let (hits, interactions): (Vec<Hit>, Vec<Interaction>) = seen.into_iter().unzip();
        let owners: Vec<_> = hits.iter().map(|hit| hit.owner).collect();
        let highlights = match wanted.words {
            Some(words) => finder.highlights(words, hits, sees_all(user)).await?,
            None => vec![Vec::new(); hits.len()],
        };
        let all = interactions.into_iter().zip(owners).zip(highlights);
        let found = all
            .map(|((interaction, owner), highlights)| FoundOne { interaction, owner, highlights })
            .collect();
        Ok(SearchFound { found, next: wanted.after, is_behind })
    }

    /// Reads what was found, and leaves out what the user does not see and what is no more.
    async fn in_sight_of(
        &self,
        user: &User,
        hits: &[Hit],
    ) -> Result<Vec<(Hit, Interaction)>, StoreError> {
        let keys: Vec<Key> = hits.iter().map(|hit| Key::Interaction(hit.id)).collect();
        let records = match self.core.store.load(&keys).await {
            Err(error) if error.is_unreadable() => self.one_by_one(&keys).await?,
            loaded => loaded?,
        };
        let seen =
            hits.iter().copied().zip(records).filter_map(|(hit, record)| match record?.value {
                Record::Interaction(interaction) if self.has_in_sight(user.id, &interaction) => {
                    Some((hit, interaction))
                }
                _ => None,
            });
        Ok(seen.collect())
    }
}
