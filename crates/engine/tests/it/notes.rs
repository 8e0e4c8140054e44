//! Notes with two nodes on one store and one bus: who types at one is seen to at the other.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use handoff_bus::{Bus as _, NOTE_BYTES_MAX, NoteListener};
use handoff_domain::{Interaction, Media, Speaker, Visibility};
use handoff_engine::{Note, NoteKind, Replay};

use crate::rig::{KATE, Rig, center, noon};

/// Two nodes, between whom a task of the test carries notes, and a chat of Kate's, whose session is
/// on the second.
struct Pair {
    here: Rig,
    there: Rig,
    chat: Arc<Interaction>,
    notes_here: NoteListener,
}

async fn pair() -> Pair {
    let (store, clock) = (center().await, noon());
    let here = Rig::over(store.clone(), clock.clone()).await;
    let there = Rig::over(store, clock).await;
    there.listen(KATE, "kate", Replay::Live).await;
    let desks = there.engine.desks();
    desks.start_contact_session(KATE, crate::rig::CENTER, &[Media::Chat], None).await.unwrap();
    there.ready(KATE).await;
    let id = there.begin_chat().await.interaction.id;
    there.settle().await;
    there.accept(KATE, id).await.unwrap();
    there.settle().await;
    there.engine.start();
    let notes_here = here.bus.listen_to_notes();
    let chat = here.engine.core().interaction(id).await.unwrap().unwrap();
    Pair { here, there, chat, notes_here }
}

impl Pair {
    fn note(&self, kind: NoteKind) -> Note {
        let customer = self.chat.chat().unwrap().customer_party().unwrap();
        let at = self.here.engine.core().now();
        Note { at, from: Speaker::from(customer), visibility: Visibility::All, kind }
    }

    /// Carries the next note of the first node to the second.
    async fn carry(&mut self) {
        let note = self.notes_here.receive().await.unwrap();
        self.there.bus.send_note(note);
    }

    async fn seen(&self, count: usize) -> Vec<String> {
        let seen = || {
            let given = self.there.recorder.of("kate");
            let notes = given.into_iter().filter(|(_, number, _)| *number == 0);
            notes.map(|(_, _, text)| text).collect::<Vec<_>>()
        };
        for _ in 0..10_000 {
            if seen().len() >= count {
                break;
            }
            tokio::task::yield_now().await;
        }
        seen()
    }
}

#[tokio::test]
async fn an_agent_sees_at_one_node_who_types_at_the_other() {
    let mut pair = pair().await;
    let kinds = [NoteKind::TypingStarted { text: Some("Hel".into()) }, NoteKind::TypingStopped];
    for (before, kind) in kinds.into_iter().enumerate() {
        pair.here.engine.note(&pair.chat, pair.note(kind), None).await;
        assert_eq!(pair.seen(before).await.len(), before, "the control: it is not carried yet");
        pair.carry().await;
    }
    assert_eq!(
        pair.seen(2).await,
        ["TypingStarted { text: Some(\"Hel\") } None", "TypingStopped None"]
    );
    pair.there.engine.stop().await;
}

/// Who asked is told with the number of their request, wherever they listen.
#[tokio::test]
async fn who_types_is_told_at_the_other_node() {
    let mut pair = pair().await;
    let kate =
        pair.chat.chat().unwrap().parties.iter().find(|party| party.kind.user() == Some(KATE));
    let from = Speaker::from(kate.unwrap());
    let note = Note { from, ..pair.note(NoteKind::TypingStopped) };
    pair.here.engine.note(&pair.chat, note, Some((KATE, 7))).await;
    pair.carry().await;
    assert_eq!(pair.seen(1).await, ["TypingStopped Some(7)"]);
    // The customer who polls there hears of it.
    assert_eq!(pair.there.engine.conversations().take_notes(pair.chat.id, &[]).len(), 1);
    pair.there.engine.stop().await;
}

/// A note comes once where it was said, and what cannot be carried is lost and nothing else.
#[tokio::test]
async fn a_node_passes_its_own_notes_on_once_and_too_long_ones_are_lost() {
    let pair = pair().await;
    let long = NoteKind::TypingStarted { text: Some("x".repeat(NOTE_BYTES_MAX)) };
    pair.there.engine.note(&pair.chat, pair.note(long), None).await;
    pair.there.engine.note(&pair.chat, pair.note(NoteKind::TypingStopped), None).await;
    assert_eq!(pair.seen(3).await.len(), 2, "its own sessions have both, once");
    pair.there.bus.is_silent.store(true, Ordering::SeqCst);
    pair.there.engine.note(&pair.chat, pair.note(NoteKind::TypingStopped), None).await;
    assert_eq!((pair.seen(3).await.len(), pair.there.bus.lost.load(Ordering::SeqCst)), (3, 1));
    pair.there.engine.stop().await;
}
