//! The times of a conversation: a silent customer, an idle conversation, a long wait.

use handoff_domain::Time;
use handoff_domain::chat::{Content, LeaveReason, Visibility};
use handoff_domain::command::{Action, SystemAction};
use handoff_domain::interaction::decide::{TimerChange, TimerKind};
use handoff_domain::interaction::{Mode, Status};
use handoff_domain::media::Media;

use crate::floor::Floor;
use crate::support::{ANN, in_queue, state};
use crate::table::talk::text;
use crate::talk::{chat, lines, says, story, tells};

#[test]
fn a_silent_customer_is_taken_out_when_somebody_listened_for_as_long() {
    let (mut floor, id) = state("queued talk");
    let start = floor.now;
    let check = SystemAction::CheckCustomer { listening_since: start.plus_ms(30_000) };
    floor.now = start.plus_ms(45_000);
    let early = floor.machine(id, check.clone());
    assert_eq!(early.timers, [TimerChange::Set(TimerKind::CustomerSilence, start.plus_ms(75_000))]);
    assert!(early.events.is_empty());
    floor.now = start.plus_ms(75_000);
    let late = floor.machine(id, check);
    assert_eq!(late.after.status(), Status::Canceled);
    assert_eq!(lines(late.said(), Visibility::All), ["2 1 Left Silence"]);
}

#[test]
fn an_idle_conversation_is_alerted_and_then_closed() {
    let (mut floor, id) = state("talking");
    let start = floor.now;
    let at = |ms| start.plus_ms(ms);
    let check = |floor: &mut Floor, now: Time| {
        floor.now = now;
        floor.machine(id, SystemAction::CheckIdle)
    };
    let set = |time| vec![TimerChange::Set(TimerKind::ChatIdle, time)];
    floor.now = at(100_000);
    floor.machine(id, tells(text("hm"), Visibility::All));
    assert_eq!(check(&mut floor, at(255_000)).timers, set(at(355_000)), "it is put off");
    let alerted = check(&mut floor, at(355_000));
    assert_eq!(alerted.after.idle_end(), Some(at(400_000)));
    assert_eq!(
        (lines(alerted.said(), Visibility::All), alerted.timers),
        (vec!["4 0 IdleAlert".to_string()], set(at(400_000)))
    );
    floor.now = at(390_000);
    let notice = floor.does(ANN, id, says(Content::CustomNotice { text: None }, Visibility::All));
    assert!(notice.timers.is_empty(), "a notice is no sign of life");
    let alive = floor.machine(id, tells(text("here"), Visibility::All));
    assert_eq!(alive.timers, set(at(645_000)), "it starts anew");
    assert_eq!(alive.after.idle_end(), None);
    assert_eq!(check(&mut floor, at(645_000)).timers, set(at(690_000)));
    let closed = check(&mut floor, at(690_000));
    assert_eq!(closed.after.mode(), Some(Mode::LeftChat));
    assert_eq!(story(&closed, ANN), ["heard", "LeftChat", "heard"]);
    let last: Vec<String> = lines(closed.said(), Visibility::All);
    assert_eq!(last, ["8 0 IdleClose", "9 1 Left Idle"]);
    assert_eq!(chat(&closed).ended, Some(LeaveReason::Idle));
}

#[test]
fn who_waits_for_an_agent_is_not_idle() {
    let (mut floor, id) = state("queued talk");
    let start = floor.now;
    let at = |ms| start.plus_ms(ms);
    let idle = |floor: &mut Floor| floor.machine(id, SystemAction::CheckIdle);
    // Chats that waited before this was so have the timer still.
    floor.now = at(300_000);
    let asked = idle(&mut floor);
    assert_eq!(
        (asked.timers.as_slice(), asked.after.status()),
        (&[TimerChange::Clear(TimerKind::ChatIdle)][..], Status::Queued)
    );
    assert!(asked.events.is_empty());
    floor.machine(id, SystemAction::Offer { to: ANN, of: 1 });
    floor.now = at(310_000);
    let accepted = floor.does(ANN, id, Action::Accept { nickname: None });
    assert!(
        accepted.timers.contains(&TimerChange::Set(TimerKind::ChatIdle, at(565_000))),
        "{:?}",
        accepted.timers
    );
    floor.now = at(565_000);
    idle(&mut floor);
    let back = floor.does(ANN, id, Action::PlaceInQueue(in_queue(&floor, &Media::Chat)));
    assert!(back.timers.contains(&TimerChange::Clear(TimerKind::ChatIdle)), "{:?}", back.timers);
    assert_eq!(chat(&back).alerted, None, "the alert was for the conversation that there was");
    floor.now = at(900_000);
    assert!(idle(&mut floor).events.is_empty());
}

#[test]
fn a_wait_ends_when_the_service_says_so_and_not_while_an_agent_is_asked() {
    let (mut floor, id) = state("queued talk");
    let start = floor.now;
    let wait = |floor: &mut Floor, ms| {
        floor.now = start.plus_ms(ms);
        floor.machine(id, SystemAction::CheckWait)
    };
    let set = TimerChange::Set(TimerKind::LongestWait, start.plus_ms(600_000));
    assert_eq!(wait(&mut floor, 599_999).timers, [set], "it is put off");
    let offered = floor.machine(id, SystemAction::Offer { to: ANN, of: 1 });
    assert!(
        offered.timers.contains(&TimerChange::Clear(TimerKind::LongestWait)),
        "{:?}",
        offered.timers
    );
    assert_eq!(wait(&mut floor, 600_000).after.status(), Status::Invited);
    let expired =
        floor.machine(id, SystemAction::ExpireOffer { number: 1, running_since: Time(0) });
    assert!(expired.timers.contains(&set), "it goes on where it was: {:?}", expired.timers);
    let over = wait(&mut floor, 630_000);
    assert_eq!(over.after.status(), Status::Canceled);
    assert_eq!(lines(over.said(), Visibility::All), ["2 1 Left WaitedTooLong"]);
    assert_eq!(chat(&over).ended.map(LeaveReason::code), Some(100));
    assert!(over.timers.contains(&TimerChange::Clear(TimerKind::LongestWait)), "{:?}", over.timers);
}
