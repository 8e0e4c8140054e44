//! What lies in a workbin until a time comes back when it is over, once, whoever is there then.

use handoff_domain::{
    Action, Fact, InteractionId, Named, Status, Workbin, WorkbinId, WorkbinOwner,
};
use handoff_store::{Store, SubjectKey};

use crate::rig::{BEN, CENTER, Fault, KATE, Rig};

const HOUR_MS: u32 = 60 * 60 * 1_000;

fn in_progress() -> Workbin {
    Workbin {
        id: WorkbinId(0xe1),
        center: CENTER,
        name: Workbin::IN_PROGRESS.to_owned(),
        owner: WorkbinOwner::EachAgent,
    }
}

/// Lets Kate put something aside for an hour.
async fn put_aside(rig: &Rig) -> InteractionId {
    rig.bring_in(KATE).await;
    let id = rig.submit().await;
    rig.settle().await;
    rig.accept(KATE, id).await.unwrap();
    let until = rig.engine.core().now().plus_ms(HOUR_MS.into());
    let place = Action::PlaceInWorkbin(Named::Known(in_progress()), Some(until));
    rig.act(KATE, id, place).await.unwrap();
    id
}

/// Lets an hour pass in which the agent asks now and then.
async fn fire(rig: &Rig) -> usize {
    rig.engine.workers().timers().fire_due().await.unwrap()
}

async fn reminded(rig: &Rig, id: InteractionId) -> usize {
    let history = rig.store.history(SubjectKey::Interaction(id), 0, 99).await.unwrap().items;
    let facts = history.iter().flat_map(|entry| &entry.facts);
    facts.filter(|fact| matches!(fact, Fact::Reminded { of: KATE })).count()
}

#[tokio::test]
async fn it_comes_back_once_to_whoever_put_it_aside() {
    let rig = Rig::new().await;
    let id = put_aside(&rig).await;
    rig.bring_in(BEN).await;
    rig.clock.advance_ms(HOUR_MS - 1);
    fire(&rig).await;
    assert_eq!(rig.stored(id).await.status(), Status::InWorkbin);
    rig.clock.advance_ms(1);
    let there = rig.beside().await;
    let (one, two) = tokio::join!(
        rig.engine.workers().timers().fire_due(),
        there.engine.workers().timers().fire_due()
    );
    assert!(one.unwrap() + two.unwrap() > 0);
    let back = rig.stored(id).await;
    assert_eq!(back.offer().map(|offer| offer.to), Some(KATE));
    assert_eq!((fire(&rig).await, fire(&there).await, reminded(&rig, id).await), (0, 0, 1));
}

/// Whatever becomes of the commit, it comes back, and once.
#[tokio::test]
async fn it_comes_back_after_kills() {
    for fault in [Fault::BeforeCommit, Fault::AfterCommit, Fault::Lost] {
        let rig = Rig::new().await;
        let id = put_aside(&rig).await;
        rig.clock.advance_ms(HOUR_MS);
        rig.store.fail_next(fault);
        let _ = rig.engine.workers().timers().fire_due().await;
        assert_eq!(rig.store.fired(), 1, "{fault:?}");
        let rig = rig.restarted().await;
        fire(&rig).await;
        // Nobody has said to the new process yet that they are there.
        let back = rig.stored(id).await;
        assert!(matches!(back.status(), Status::Queued | Status::Invited), "{fault:?} {back:?}");
        assert_eq!((fire(&rig).await, reminded(&rig, id).await), (0, 1), "{fault:?}");
    }
}

#[tokio::test]
async fn what_was_taken_out_before_stays_where_it_is() {
    let rig = Rig::new().await;
    let id = put_aside(&rig).await;
    rig.act(KATE, id, Action::Pull { from: None }).await.unwrap();
    rig.clock.advance_ms(HOUR_MS);
    assert_eq!((fire(&rig).await, reminded(&rig, id).await), (0, 0));
    assert_eq!(rig.stored(id).await.owner(), Some(KATE));
}
