//! Telling those who look at an interaction, and those whom it concerns, who else does.
//!
//! As typing is, it is kept nowhere and told without a number to those who are there now. Each node
//! hears from the others who looks at what; what was not heard is over when nobody says it again.

use std::collections::BTreeSet;

use handoff_domain::{Interaction, InteractionId, Time, UserId, Visibility};
use serde::{Deserialize, Serialize};

use super::Delivery;
use crate::views::may_see;

/// How long a look lasts that is not said again, in ms.
const LOOK_MS: u64 = 60_000;

/// A look on its way to other nodes.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Look {
    user: String,
    /// The interaction; `None` for whatever they look at.
    interaction: Option<String>,
    /// Until when they look at it; `None` when they do no more.
    until: Option<i64>,
}

impl Delivery {
    /// Notes that a user looks at an interaction, which they may see, and tells who else does:
    /// others only when that is new. Those on this node are told when it returns, those on others
    /// may be.
    pub async fn look_at(&self, user: UserId, id: InteractionId) {
        let until = self.core.now().plus_ms(LOOK_MS);
        let changed = self.viewers.look(user, id, until);
        self.pass_look_on(user, Some(id), Some(until));
        let is_new = changed.contains(&id);
        self.tell_of(changed).await;
        if !is_new {
            self.tell_viewers(id, Some(user)).await;
        }
    }

    /// Notes that a user no longer looks at an interaction, or at anything.
    pub async fn look_away(&self, user: UserId, only: Option<InteractionId>) {
        let left = self.viewers.leave(user, only);
        if left.is_some() {
            self.pass_look_on(user, left, None);
        }
        self.tell_of(left).await;
    }

    fn pass_look_on(&self, user: UserId, id: Option<InteractionId>, until: Option<Time>) {
        let interaction = id.map(|id| id.to_string());
        let look = Look { user: user.to_string(), interaction, until: until.map(|it| it.0) };
        if let Ok(content) = serde_json::to_vec(&look) {
            let from = self.core.incarnation().0;
            self.core.bus.send_note(handoff_bus::Note { from, content: content.into() });
        }
    }

    /// Takes in what another node says. What cannot be read is lost.
    pub(crate) async fn hear_look(&self, look: &Look) {
        let Ok(user) = look.user.parse() else { return };
        let id = look.interaction.as_ref().and_then(|id| id.parse().ok());
        match (id, look.until) {
            (Some(id), Some(until)) => {
                self.tell_of(self.viewers.look(user, id, Time(until))).await;
            }
            (only, _) => self.tell_of(self.viewers.leave(user, only)).await,
        }
    }

    async fn tell_of(&self, changed: impl IntoIterator<Item = InteractionId> + Send) {
        let changed: Vec<InteractionId> = changed.into_iter().collect();
        for id in changed {
            self.tell_viewers(id, None).await;
        }
    }

    /// Tells of those who have not said for long that they still look.
    pub(crate) async fn expire_looks(&self) {
        self.tell_of(self.viewers.expire(self.core.now())).await;
    }

    /// Tells one user who else looks at an interaction, or without one everybody on this node who
    /// does, or whom it concerns.
    async fn tell_viewers(&self, id: InteractionId, only: Option<UserId>) {
        let Ok(Some(interaction)) = self.core.interaction(id).await else { return };
        let readers = match only {
            Some(user) => [user].into(),
            None => &self.viewers.of(id) | &interaction.people(),
        };
        for reader in readers {
            let Some(handle) = self.audience(reader) else { continue };
            let audience = handle.lock().await;
            // Who looks now: whoever waited here longest must not tell last what has passed.
            let viewers = self.viewers.of(id);
            let Some(others) = self.seen_by(reader, &interaction, &viewers) else { continue };
            let (topic, data) = self.publisher.render_viewers(&interaction, &others);
            audience.answer(&*self.publisher, topic, &data);
        }
    }

    /// Returns which of the viewers a reader is shown; `None` when they may not see the interaction
    /// any more, and so neither who looks at it.
    fn seen_by(
        &self,
        reader: UserId,
        interaction: &Interaction,
        viewers: &BTreeSet<UserId>,
    ) -> Option<Vec<UserId>> {
        let directory = self.core.directory();
        if !may_see(interaction, reader, &directory) {
            return None;
        }
        let party = |user| interaction.chat().and_then(|chat| chat.present(user));
        let sees = party(reader).map_or(Visibility::Agents, |party| party.sees);
        // Whoever only looks on is hidden here as in the chat.
        let is_shown = |user: &UserId| {
            *user != reader
                && may_see(interaction, *user, &directory)
                && party(*user).is_none_or(|party| party.shown_to <= sees)
        };
        Some(viewers.iter().copied().filter(is_shown).collect())
    }
}
