use alloc::vec;

use super::*;
use crate::event::{Fact, Topic};
use crate::id::Incarnation;

const START: Time = Time(1_000);
const NODE: Incarnation = Incarnation(1);

fn desk() -> Desk {
    Desk::new(UserId(1), CenterId(1), START)
}

fn working() -> Desk {
    let mut desk = desk();
    let _ = desk.start_session(&[Media::Chat, Media::Email], Some("desk 7".to_string()), START);
    desk
}

#[test]
fn a_desks_history_tells_of_sessions_and_channels_and_of_nothing_else() {
    let out = ChannelState { readiness: Readiness::LoggedOut, do_not_disturb: false };
    let not_ready = |reason| {
        let readiness = Readiness::NotReady { reason };
        ChannelState { readiness, do_not_disturb: false }
    };
    let changed = |media, from: &ChannelState, to: &ChannelState| Fact::ChannelChanged {
        media,
        from: from.clone(),
        to: to.clone(),
    };
    let before = working();
    let facts = before.facts_since(Some(&desk()));
    assert_eq!(
        facts,
        [
            Fact::SessionBegan { place: Some("desk 7".to_string()) },
            changed(Media::Email, &out, &not_ready(None)),
            changed(Media::Chat, &out, &not_ready(None)),
        ]
    );
    assert_eq!(before.facts_since(None), facts);
    let mut after = before.clone();
    after.set_not_ready(Channels::One(&Media::Chat), Some("Lunch")).unwrap();
    let lunch = not_ready(Some("Lunch".to_string()));
    assert_eq!(after.facts_since(Some(&before)), [changed(Media::Chat, &not_ready(None), &lunch)]);
    let before = after.clone();
    after.end_session().unwrap();
    assert_eq!(
        after.facts_since(Some(&before)),
        [
            Fact::SessionEnded,
            changed(Media::Email, &not_ready(None), &out),
            changed(Media::Chat, &lunch, &out),
        ]
    );
    let mut after = before.clone();
    after.take_slot(InteractionId::compose(1, 1), Media::Chat);
    after.set_reach(NODE, [Topic::Chats].into(), START);
    after.watch(WorkbinId(1));
    assert_eq!(after.facts_since(Some(&before)), []);
}

#[test]
fn a_session_brings_its_channels_up_not_ready() {
    let mut desk = desk();
    let changed = desk.start_session(&[Media::Chat, Media::Email], None, START);
    assert_eq!(changed, [Media::Email, Media::Chat]);
    assert!(desk.channels.values().all(|it| it.readiness == Readiness::NotReady { reason: None }));
    assert!(!desk.is_ready(&Media::Chat));
}

#[test]
fn starting_again_joins_and_leaves_work_in_hand() {
    let mut desk = working();
    desk.set_ready(Channels::All).unwrap();
    desk.set_do_not_disturb(Channels::One(&Media::Email), DoNotDisturb::On).unwrap();
    desk.take_slot(InteractionId::compose(1, 1), Media::Chat);
    let changed = desk.start_session(&[Media::Chat, Media::Workitem], None, START.plus_ms(5));
    assert_eq!(changed, [Media::Workitem]);
    let session = desk.session.as_ref().unwrap();
    assert_eq!((session.since, session.place.as_deref()), (START, Some("desk 7")));
    assert_eq!(desk.slots.len(), 1);
    assert!(desk.is_ready(&Media::Chat) && !desk.is_ready(&Media::Workitem));
    assert!(desk.channels[&Media::Email].do_not_disturb);
}

#[test]
fn ending_logs_the_channels_out_and_a_new_session_has_its_own() {
    let mut desk = working();
    desk.set_do_not_disturb(Channels::All, DoNotDisturb::On).unwrap();
    assert_eq!(desk.end_session(), Ok(vec![Media::Email, Media::Chat]));
    assert!(
        desk.channels.values().all(|it| it.readiness == Readiness::LoggedOut && !it.do_not_disturb)
    );
    assert_eq!(desk.end_session(), Err(Rejection::NoSession));
    let changed = desk.start_session(&[Media::Chat], None, START);
    assert_eq!(changed, [Media::Chat, Media::Email], "the one that is gone changed as well");
    assert_eq!(desk.channels.len(), 1);
}

#[test]
fn only_what_changes_is_given_back() {
    let mut desk = working();
    assert_eq!(desk.set_ready(Channels::One(&Media::Chat)), Ok(vec![Media::Chat]));
    assert_eq!(desk.set_ready(Channels::All), Ok(vec![Media::Email]));
    assert_eq!(desk.set_ready(Channels::All), Ok(vec![]));
    let lunch = desk.set_not_ready(Channels::One(&Media::Chat), Some("Lunch")).unwrap();
    assert_eq!(lunch, [Media::Chat]);
    assert_eq!(
        desk.set_not_ready(Channels::One(&Media::Chat), Some("Training")),
        Ok(vec![Media::Chat])
    );
}

#[test]
fn do_not_disturb_overrides_ready() {
    let mut desk = working();
    desk.set_ready(Channels::All).unwrap();
    assert!(desk.is_ready(&Media::Chat));
    desk.set_do_not_disturb(Channels::One(&Media::Chat), DoNotDisturb::On).unwrap();
    assert!(!desk.is_ready(&Media::Chat));
    assert!(desk.is_ready(&Media::Email));
    desk.set_do_not_disturb(Channels::All, DoNotDisturb::Off).unwrap();
    assert!(desk.is_ready(&Media::Chat));
}

#[test]
fn a_channel_that_is_not_open_is_refused_by_name() {
    let mut desk = working();
    let refusal = Rejection::ChannelNotOpen { channel: "workitem".to_string() };
    assert_eq!(desk.set_ready(Channels::One(&Media::Workitem)), Err(refusal));
    let mut away = self::desk();
    assert_eq!(away.set_ready(Channels::All), Err(Rejection::NoSession));
}

#[test]
fn unreachable_since_the_last_topic_went_and_not_later() {
    let mut desk = working();
    assert_eq!(desk.unreachable_since, Some(START));
    assert!(desk.set_reach(NODE, [Topic::Chats].into(), START.plus_ms(10)));
    assert_eq!(desk.unreachable_since, None);
    assert!(desk.is_reachable(&Media::Chat) && !desk.is_reachable(&Media::Email));
    assert!(!desk.set_reach(NODE, [Topic::Chats].into(), START.plus_ms(15)));
    assert!(desk.set_reach(NODE, [Topic::Channels].into(), START.plus_ms(20)));
    assert!(desk.set_reach(NODE, [].into(), START.plus_ms(30)));
    assert_eq!(desk.unreachable_since, Some(START.plus_ms(20)), "channel states show no offers");
}

#[test]
fn who_listens_on_several_nodes_is_reachable_until_the_last_one_is_left() {
    let (here, there) = (Incarnation(1), Incarnation(2));
    let mut desk = working();
    desk.set_reach(here, [Topic::Chats].into(), START);
    desk.set_reach(there, [Topic::Emails].into(), START);
    assert!(desk.is_reachable(&Media::Chat) && desk.is_reachable(&Media::Email));
    desk.set_reach(here, [].into(), START.plus_ms(10));
    assert!(!desk.is_reachable(&Media::Chat) && desk.is_reachable(&Media::Email));
    desk.forget_reach(&[here].into(), START.plus_ms(20));
    assert_eq!(desk.unreachable_since, None, "the other node lives");
    desk.forget_reach(&[here, there].into(), START.plus_ms(30));
    assert_eq!((desk.unreachable_since, desk.reach.0.len()), (Some(START.plus_ms(30)), 0));
}

#[test]
fn slots_and_watched_workbins() {
    let mut desk = working();
    let id = InteractionId::compose(1, 1);
    desk.take_slot(id, Media::Chat);
    desk.take_slot(id, Media::Chat);
    assert_eq!((desk.occupied(&Media::Chat), desk.occupied(&Media::Email)), (1, 0));
    assert!(desk.free_slot(id));
    assert!(!desk.free_slot(id));
    assert!(desk.watch(WorkbinId(1)) && !desk.watch(WorkbinId(1)));
    assert!(desk.unwatch(WorkbinId(1)) && !desk.unwatch(WorkbinId(1)));
}

#[test]
fn too_many_missed_offers_in_a_row_set_what_was_ready() {
    let mut desk = working();
    desk.set_reach(NODE, [Topic::Interactions].into(), START);
    desk.set_ready(Channels::One(&Media::Chat)).unwrap();
    let none: [Media; 0] = [];
    assert_eq!(desk.miss_offer(START, 2, START), none);
    desk.set_ready(Channels::One(&Media::Chat)).unwrap();
    assert_eq!(desk.miss_offer(START, 2, START), none, "to go Ready begins the count anew");
    assert_eq!(
        desk.miss_offer(START, 2, START),
        [Media::Chat],
        "what was not Ready stays as it was"
    );
    let reason = Some(Desk::MISSED_OFFERS.to_string());
    assert_eq!(desk.channels[&Media::Chat].readiness, Readiness::NotReady { reason });
    assert_eq!(desk.missed_offers, 0);
    desk.set_ready(Channels::All).unwrap();
    for _ in 0..9 {
        assert_eq!(desk.miss_offer(START, 0, START), none);
    }
}
