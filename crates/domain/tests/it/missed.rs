//! Which of the offers that pass by are held against an agent.

use std::collections::BTreeSet;
use std::sync::Arc;

use handoff_domain::command::{Action, SystemAction};
use handoff_domain::desk::Readiness;
use handoff_domain::id::InteractionId;
use handoff_domain::media::Media;
use handoff_domain::{Capacity, Time};

use crate::floor::{Floor, NODE};
use crate::support::ANN;

const OFFER_MS: u64 = 30_000;

/// Opens a floor where the third offer in a row is one too many, and Ann is offered as many at
/// once.
fn offered(count: usize) -> (Floor, Vec<InteractionId>) {
    let mut floor = Floor::new();
    floor.missed_offers_max = 3;
    let ann = Arc::make_mut(&mut floor.users).get_mut(&ANN).expect("an agent");
    ann.capacity = Capacity { by_media: [(Media::Workitem, 9)].into(), overall: None };
    let ids: Vec<_> = (0..count).map(|_| offer(&mut floor)).collect();
    (floor, ids)
}

fn offer(floor: &mut Floor) -> InteractionId {
    let id = floor.open(&Media::Workitem);
    floor.machine(id, SystemAction::Offer { to: ANN, of: 1 });
    id
}

fn expire(floor: &mut Floor, id: InteractionId, running_since: Time) {
    let number = floor.interactions[&id].offers;
    floor.machine(id, SystemAction::ExpireOffer { number, running_since });
}

fn misses_one(floor: &mut Floor) {
    let id = offer(floor);
    floor.now = floor.now.plus_ms(OFFER_MS);
    expire(floor, id, Time(0));
}

fn missed(floor: &Floor) -> u32 {
    floor.desks[&ANN].missed_offers
}

fn is_ready(floor: &Floor) -> bool {
    floor.desks[&ANN].channels[&Media::Workitem].readiness == Readiness::Ready
}

#[test]
fn offers_made_together_are_one_silence() {
    let (mut floor, ids) = offered(8);
    floor.now = floor.now.plus_ms(5_000);
    floor.does(ANN, ids[0], Action::Accept { nickname: None });
    floor.now = floor.now.plus_ms(25_000);
    for id in &ids[1..] {
        expire(&mut floor, *id, Time(0));
    }
    assert!(is_ready(&floor), "they are at work");
    assert_eq!(missed(&floor), 1);
    // The control: one after the other.
    misses_one(&mut floor);
    assert!(is_ready(&floor));
    misses_one(&mut floor);
    assert!(!is_ready(&floor));
}

#[test]
fn what_was_offered_before_an_answer_is_not_counted_after_it() {
    for most in [1, 3] {
        let (mut floor, _) = offered(0);
        if most > 1 {
            misses_one(&mut floor);
        }
        floor.missed_offers_max = most;
        let ids = [offer(&mut floor), offer(&mut floor)];
        floor.now = floor.now.plus_ms(5_000);
        floor.does(ANN, ids[0], Action::Accept { nickname: None });
        floor.now = floor.now.plus_ms(25_000);
        expire(&mut floor, ids[1], Time(0));
        assert_eq!((missed(&floor), is_ready(&floor)), (0, true), "{most}");
    }
}

#[test]
fn an_offer_that_ends_where_its_target_cannot_see_it_is_not_counted() {
    let (mut floor, ids) = offered(1);
    let now = floor.now.plus_ms(OFFER_MS);
    floor.now = now;
    let desk = floor.desks.get_mut(&ANN).expect("a desk");
    desk.set_reach(NODE, BTreeSet::new(), now);
    expire(&mut floor, ids[0], Time(0));
    assert_eq!(missed(&floor), 0);
}

#[test]
fn an_offer_of_before_the_program_ran_is_not_counted() {
    let (mut floor, ids) = offered(2);
    let made = floor.now;
    floor.now = made.plus_ms(OFFER_MS);
    expire(&mut floor, ids[0], made.plus_ms(1));
    assert_eq!(missed(&floor), 0);
    expire(&mut floor, ids[1], made);
    assert_eq!(missed(&floor), 1, "the control: it ran already");
}
