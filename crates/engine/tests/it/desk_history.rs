//! What the history keeps of desks: who changed what, and the way back.

use handoff_domain::event::Cause;
use handoff_domain::{Fact, Media, Readiness, UserId};
use handoff_engine::ChannelChange;
use handoff_store::{Store, SubjectKey};

use crate::rig::{BEN, CENTER, KATE, Rig};

async fn story(rig: &Rig, user: UserId) -> Vec<(Cause, String)> {
    let page = rig.store.history(SubjectKey::Desk(user), 0, 99).await.unwrap();
    let tell = |fact: &Fact| match fact {
        Fact::SessionBegan { place } => format!("began at {}", place.as_deref().unwrap_or("-")),
        Fact::SessionEnded => "ended".to_owned(),
        Fact::ChannelChanged { media, from, to } => {
            let state = |readiness: &Readiness| match readiness {
                Readiness::Ready => "ready".to_owned(),
                Readiness::NotReady { reason } => reason.clone().unwrap_or("not ready".to_owned()),
                Readiness::LoggedOut => "out".to_owned(),
            };
            format!("{}: {} → {}", media.name(), state(&from.readiness), state(&to.readiness))
        }
        other => panic!("{other:?} is no fact of a desk"),
    };
    let facts = page.items.iter().flat_map(|entry| {
        entry.facts.iter().map(|fact| (entry.cause, tell(fact))).collect::<Vec<_>>()
    });
    facts.collect()
}

#[tokio::test]
async fn sessions_and_channels_are_kept_with_who_changed_them() {
    let rig = Rig::new().await;
    rig.bring_in(KATE).await;
    let lunch = ChannelChange::NotReady { reason: Some("lunch".to_owned()) };
    let by_ben = Cause::User(BEN);
    rig.engine.desks().change_channels(KATE, CENTER, by_ben, None, &lunch).await.unwrap();
    rig.engine.delivery().forget_session(KATE, &format!("{KATE}-1")).await.unwrap();
    rig.pass_ms(60_000).await;
    let (own, server) = (Cause::User(KATE), Cause::Server);
    let expected = [
        (own, "began at -"),
        (own, "workitem: out → not ready"),
        (own, "workitem: not ready → ready"),
        (by_ben, "workitem: ready → lunch"),
        (server, "ended"),
        (server, "workitem: lunch → out"),
    ];
    assert_eq!(story(&rig, KATE).await, expected.map(|(cause, what)| (cause, what.to_owned())));
}

/// Whatever changes a desk has a place in the log, which other nodes go by.
#[tokio::test]
async fn every_change_of_a_desk_is_in_the_log() {
    let rig = Rig::new().await;
    let before = rig.store.log_end().await.unwrap().position;
    rig.bring_in(KATE).await;
    rig.engine.delivery().forget_session(KATE, &format!("{KATE}-1")).await.unwrap();
    let told = rig.store.told_after(before, 99).await.unwrap().items;
    let desks = told.iter().filter(|told| told.subject == SubjectKey::Desk(KATE)).count();
    assert_eq!(desks, 4, "reach, session, Ready, reach: {told:?}");
    let desk = rig.engine.core().desk(KATE).unwrap();
    assert!(!desk.is_reachable(&Media::Workitem));
}
