//! What lies in a workbin until a time: whom it comes back to, and what ends that.

use handoff_domain::command::{Action, Named, SystemAction};
use handoff_domain::event::Fact;
use handoff_domain::id::InteractionId;
use handoff_domain::{Channels, Media, OfferKind, Status, TimerChange, TimerKind, Workbin};

use crate::floor::{Floor, SUPERVISOR};
use crate::support::{ANN, BOB, LATER_MS, seen};

fn workbin(floor: &Floor, name: &str) -> Named<Workbin> {
    Named::Known(floor.workbins.values().find(|it| it.name == name).expect("it exists").clone())
}

/// Lets Ann put something aside that waits in a queue since long ago.
fn put_aside(floor: &mut Floor) -> InteractionId {
    let id = floor.owned(&Media::Workitem);
    let until = floor.now.plus_ms(LATER_MS);
    let place = Action::PlaceInWorkbin(workbin(floor, "Team"), Some(until));
    let decision = floor.does(ANN, id, place);
    assert_eq!(decision.timers, [TimerChange::Set(TimerKind::Reminder, until)]);
    floor.now = until;
    id
}

#[test]
fn it_is_offered_to_whoever_put_it_aside_though_others_are_there() {
    let mut floor = Floor::new();
    let id = put_aside(&mut floor);
    let entered = floor.interactions[&id].queued_at.expect("it was in a queue");
    let back = floor.machine(id, SystemAction::Remind);
    assert_eq!(
        back.timers[0],
        TimerChange::Set(TimerKind::Offer { number: 2 }, floor.now.plus_ms(30_000))
    );
    assert_eq!(back.timers[1..], [TimerChange::Clear(TimerKind::Reminder)]);
    let facts = &back.events[0].facts;
    let names = (&facts[0], &facts[2]);
    let is_so = matches!(
        names,
        (
            Fact::Reminded { of: ANN },
            Fact::Offered { to: ANN, kind: OfferKind::Routed, of: None, .. }
        )
    );
    assert!(is_so && matches!(facts[1], Fact::Queued { .. }), "{facts:?}");
    assert_eq!(seen(&back, ANN), Some((Status::Invited, true)));
    assert_eq!(back.after.wait().map(|wait| wait.since), Some(entered), "with its age");
    floor.does(ANN, id, Action::Reject);
    floor.machine(id, SystemAction::Offer { to: BOB, of: 1 });
}

#[test]
fn who_is_not_ready_is_not_asked_and_it_waits_for_anybody() {
    let mut floor = Floor::new();
    let id = put_aside(&mut floor);
    let desk = floor.desks.get_mut(&ANN).expect("a desk");
    let _ = desk.set_not_ready(Channels::All, None).expect("a session");
    let back = floor.machine(id, SystemAction::Remind);
    assert_eq!((back.after.status(), seen(&back, ANN)), (Status::Queued, None));
}

#[test]
fn who_takes_it_out_ends_the_reminder() {
    let mut floor = Floor::new();
    let id = put_aside(&mut floor);
    let pulled = floor.does(SUPERVISOR, id, Action::Pull { from: None });
    assert_eq!(pulled.timers, [TimerChange::Clear(TimerKind::Reminder)]);
    let again = Action::PlaceInWorkbin(workbin(&floor, "Team"), None);
    assert_eq!(floor.does(SUPERVISOR, id, again).timers, []);
    assert_eq!(floor.interactions[&id].state.reminder(), None);
}
