//! Notes in a chat, of what is kept nowhere: that somebody is typing, or has read so far.

use handoff_domain::{Interaction, PartyKind};
use handoff_engine::Note;

use crate::notify;
use crate::shared::Shared;

/// Tells everybody else in a chat what is kept nowhere: the customer by their own doors, the agents
/// by their topics.
pub(crate) async fn tell_others(shared: &Shared, interaction: &Interaction, note: &Note) {
    let engine = shared.engine();
    let is_handled = interaction.handling().is_some();
    let Some(chat) = interaction.chat().filter(|_| is_handled) else { return };
    for party in chat.parties.iter().filter(|party| party.present && party.id != note.from.id) {
        let (PartyKind::Agent(user) | PartyKind::Supervisor(user)) = party.kind else { continue };
        if note.visibility <= party.sees {
            let directory = engine.core().directory();
            for (topic, data) in notify::note(interaction, user, note, shared.lookup(&directory)) {
                engine.delivery().note(user, topic, data).await;
            }
        }
    }
    engine.conversations().note(interaction, note.clone());
}
