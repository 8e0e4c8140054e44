//! Telling what is kept nowhere on every node: everybody in a chat that somebody is typing, and
//! those who look at an interaction who else does.

use std::sync::Arc;

use handoff_bus::NoteListener;
use handoff_domain::{Interaction, InteractionId, PartyKind, Speaker, Time, UserId, Visibility};
use serde::{Deserialize, Serialize};

use super::Engine;
use crate::core::{Note, NoteKind};
use crate::delivery::Look;

/// What is on its way between nodes.
#[derive(Deserialize)]
#[serde(untagged)]
enum Received {
    Note(Carried),
    Look(Look),
}

/// A note on its way to other nodes. Who it is from they find among the parties of the chat.
#[derive(Serialize, Deserialize)]
struct Carried {
    chat: String,
    at: i64,
    party: u64,
    sees: Audience,
    kind: NoteKind,
    /// The agent whose request it comes from, and the request's number.
    caller: Option<(String, i32)>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
enum Audience {
    All,
    Agents,
    Supervisors,
}

impl From<Visibility> for Audience {
    fn from(visibility: Visibility) -> Self {
        match visibility {
            Visibility::All => Self::All,
            Visibility::Agents => Self::Agents,
            Visibility::Supervisors => Self::Supervisors,
        }
    }
}

impl From<Audience> for Visibility {
    fn from(audience: Audience) -> Self {
        match audience {
            Audience::All => Self::All,
            Audience::Agents => Self::Agents,
            Audience::Supervisors => Self::Supervisors,
        }
    }
}

impl Carried {
    fn of(chat: InteractionId, note: &Note, caller: Option<(UserId, i32)>) -> Self {
        Self {
            chat: chat.to_string(),
            at: note.at.0,
            party: note.from.id.0.into(),
            sees: note.visibility.into(),
            kind: note.kind.clone(),
            caller: caller.map(|(user, reference)| (user.to_string(), reference)),
        }
    }

    /// Returns the note; `None` when it is of nobody in the chat.
    fn note(&self, interaction: &Interaction) -> Option<Note> {
        let mut parties = interaction.chat()?.parties.iter();
        let from = Speaker::from(parties.find(|party| u64::from(party.id.0) == self.party)?);
        let visibility = self.sees.into();
        Some(Note { at: Time(self.at), from, visibility, kind: self.kind.clone() })
    }

    fn caller(&self) -> Option<(UserId, i32)> {
        let (user, reference) = self.caller.as_ref()?;
        Some((user.parse().ok()?, *reference))
    }
}

impl Engine {
    /// Tells everybody in a chat what is kept nowhere: its customer, and its agents but whom the
    /// note is from. `caller` is the agent whose request it comes from, with the number of that,
    /// which they are told. Those on this node are told when it returns, those on others may be.
    pub async fn note(&self, chat: &Interaction, note: Note, caller: Option<(UserId, i32)>) {
        self.pass_note_on(chat, &note, caller).await;
        if let Ok(content) = serde_json::to_vec(&Carried::of(chat.id, &note, caller)) {
            let from = self.core.incarnation().0;
            self.core.bus.send_note(handoff_bus::Note { from, content: content.into() });
        }
    }

    async fn pass_note_on(
        &self,
        interaction: &Interaction,
        note: &Note,
        caller: Option<(UserId, i32)>,
    ) {
        let is_handled = interaction.handling().is_some();
        if let Some(chat) = interaction.chat().filter(|_| is_handled) {
            let others = chat.parties.iter().filter(|party| party.id != note.from.id);
            for party in others.filter(|party| party.present && note.visibility <= party.sees) {
                if let PartyKind::Agent(user) | PartyKind::Supervisor(user) = party.kind {
                    self.delivery.note(user, interaction, note, None).await;
                }
            }
            self.conversations.note(interaction, note.clone());
        }
        if let Some((user, reference)) = caller {
            self.delivery.note(user, interaction, note, Some(reference)).await;
        }
    }

    /// Passes on what other nodes tell, in its order. What cannot be read is lost.
    pub(super) async fn pass_notes_on(self: Arc<Self>, mut notes: NoteListener) {
        loop {
            let received = tokio::select! {
                () = self.core.stopping.cancelled() => return,
                received = notes.receive() => received,
            };
            let Some(received) = received else { return };
            if received.from == self.core.incarnation().0 {
                continue;
            }
            match serde_json::from_slice(&received.content) {
                Ok(Received::Note(carried)) => self.pass_carried_on(&carried).await,
                Ok(Received::Look(look)) => self.delivery.hear_look(&look).await,
                Err(_) => {}
            }
        }
    }

    async fn pass_carried_on(&self, carried: &Carried) {
        let Ok(chat) = carried.chat.parse() else { return };
        let Ok(Some(chat)) = self.core.interaction(chat).await else { return };
        if let Some(note) = carried.note(&chat) {
            self.pass_note_on(&chat, &note, carried.caller()).await;
        }
    }
}
