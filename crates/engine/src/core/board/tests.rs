//! What the board keeps and forgets.

use handoff_domain::{
    CenterId, Direction, Handling, Media, Medium, Mode, Note, Offer, OfferKind, State, Time, Wait,
};

use super::*;

fn interaction(id: InteractionId) -> Interaction {
    Interaction {
        id,
        center: CenterId(1),
        medium: Medium::Workitem,
        direction: Direction::Inbound,
        sub_type: String::new(),
        external_id: None,
        submitter: None,
        disposition: None,
        parent: None,
        thread: None,
        contact: None,
        subject: None,
        comment: None,
        notes: Vec::new(),
        priority: 0,
        received: Time(0),
        user_data: handoff_domain::UserData::default(),
        state: State::Ended { outcome: handoff_domain::Outcome::Completed, at: Time(0) },
        epoch: 0,
        queue: None,
        queued_at: None,
        offers: 0,
        drafts: BTreeSet::new(),
        concerned: BTreeSet::new(),
    }
}

fn enter(board: &Board, id: u128, bytes: usize) {
    let mut interaction = interaction(InteractionId(id));
    interaction.subject = Some("x".repeat(bytes));
    board.enter_interaction(Arc::new(interaction), 1);
}

fn has(board: &Board, id: u128) -> bool {
    board.recent(InteractionId(id)).is_some()
}

#[test]
fn what_is_kept_readable_is_bounded_by_number_and_by_bytes() {
    let board = Board::default();
    for id in 0..3_000 {
        enter(&board, id, 12 << 10);
    }
    assert!(board.lock().recent_bytes <= RECENT_BYTES_MAX);
    assert!(has(&board, 2_999) && !has(&board, 0), "the oldest went");
    for id in 3_000..3_000 + 2 * RECENT_MAX as u128 {
        enter(&board, id, 1);
    }
    assert!(board.lock().recent.len() <= RECENT_MAX);
    let inner = board.lock();
    let all: usize = inner.recent.values().map(|recent| recent.weight).sum();
    assert_eq!(inner.recent_bytes, all, "what goes is counted off");
}

fn waits(id: u128) -> Interaction {
    let wait = Wait {
        queue: QueueId(1),
        since: Time(0),
        front: false,
        mode: handoff_domain::Mode::Processing,
        widened: 0,
        skills: BTreeMap::new(),
        passes: Vec::new(),
    };
    Interaction { state: State::Queued(wait), ..interaction(InteractionId(id)) }
}

/// A read that began before an interaction left its line, and is entered late.
#[test]
fn what_left_its_line_is_not_put_back_by_an_older_version() {
    let board = Board::default();
    board.enter_interaction(Arc::new(waits(1)), 1);
    assert_eq!(board.waiting_count(), 1);
    board.enter_interaction(Arc::new(interaction(InteractionId(1))), 2);
    board.log_passed();
    board.enter_interaction(Arc::new(waits(1)), 1);
    assert_eq!(board.waiting_count(), 0);
    board.log_passed();
    assert!(board.lines().places.is_empty(), "its version is forgotten in the end");
    // The control: a newer version is.
    board.enter_interaction(Arc::new(waits(1)), 3);
    assert_eq!(board.waiting_count(), 1);
    board.log_passed();
    board.log_passed();
    assert_eq!(board.waiting_count(), 1);
}

fn offered(id: u128) -> Interaction {
    let State::Queued(wait) = waits(id).state else { unreachable!("it waits") };
    let offer = Offer {
        number: 1,
        to: UserId(1),
        kind: OfferKind::Routed,
        since: Time(0),
        expires: Time(1),
        note: None,
        nickname: None,
    };
    Interaction { state: State::Invited(wait, offer), ..waits(id) }
}

fn in_hands(id: u128, mode: Mode) -> Interaction {
    let handling = Handling {
        by: UserId(1),
        since: Time(0),
        mode,
        nickname: None,
        offer: None,
        others: Vec::new(),
        supervision_offers: Vec::new(),
    };
    let state = State::Handling(handling);
    Interaction { state, queue: Some(QueueId(1)), ..interaction(InteractionId(id)) }
}

#[test]
fn what_somebody_has_is_counted_with_the_queue_that_it_came_from() {
    let board = Board::default();
    let enter = |it: Interaction, version| board.enter_interaction(Arc::new(it), version);
    let held = || {
        let held = board.look_at_lines(|lines| lines.held_from(QueueId(1)));
        (held.offered, held.in_work)
    };
    enter(waits(1), 1);
    assert_eq!(held(), (0, 0));
    enter(offered(1), 2);
    assert_eq!((held(), board.waiting_count()), ((1, 0), 0));
    enter(in_hands(1, Mode::Processing), 3);
    enter(in_hands(2, Mode::Composing), 1);
    assert_eq!(held(), (0, 1), "a draft is no work of a queue's");
    enter(offered(1), 2);
    assert_eq!(held(), (0, 1), "that was before");
    enter(interaction(InteractionId(1)), 4);
    assert_eq!(held(), (0, 0));
    board.forget(InteractionId(1));
    enter(in_hands(1, Mode::LeftChat), 5);
    board.forget(InteractionId(1));
    assert_eq!(held(), (0, 0), "what is forgotten is counted no more");
}

#[test]
fn what_slots_say_and_the_board_does_not_is_in_doubt() {
    let board = Board::default();
    let mut desk = Desk::new(UserId(1), CenterId(1), Time(0));
    desk.take_slot(InteractionId(1), Media::Workitem);
    desk.take_slot(InteractionId(2), Media::Workitem);
    board.enter_desk(Arc::new(desk), 1, 0);
    board.enter_interaction(Arc::new(in_hands(2, Mode::Processing)), 1);
    board.enter_interaction(Arc::new(in_hands(3, Mode::Processing)), 1);
    assert_eq!(board.in_doubt(), [InteractionId(1), InteractionId(3)]);
}

/// A read that began before a desk was removed, and is entered late.
#[test]
fn a_removed_desk_is_not_put_back_by_an_older_read() {
    let board = Board::default();
    let user = UserId(1);
    let workbin = WorkbinId(2);
    let mut desk = Desk::new(user, CenterId(1), Time(0));
    desk.watch(workbin);
    let enter = |version, as_of| board.enter_desk(Arc::new(desk.clone()), version, as_of);
    enter(5, 0);
    let before = board.desk_changes();
    board.remove_desk(user, 0);
    assert!(board.desk(user).is_some(), "the control: it was entered after that read began");
    board.remove_desk(user, before);
    assert!(board.desk(user).is_none() && board.watchers(workbin).is_empty());
    enter(5, before);
    board.log_passed();
    enter(6, before);
    assert!(board.desk(user).is_none());
    enter(1, board.desk_changes());
    assert_eq!(board.desk(user).map(|desk| desk.version), Some(1), "it was begun anew");
    board.log_passed();
    assert!(board.lock().removed.iter().all(HashMap::is_empty), "it is forgotten in the end");
}

#[test]
fn a_desk_that_was_begun_anew_takes_the_place_of_one_whose_removal_nobody_noticed() {
    let board = Board::default();
    let desk = Arc::new(Desk::new(UserId(1), CenterId(1), Time(0)));
    let known = || board.desk(UserId(1)).map(|desk| desk.version);
    board.enter_desk(desk.clone(), 5, 0);
    board.enter_desk(desk.clone(), 1, 0);
    assert_eq!(known(), Some(5), "that read began before");
    board.enter_desk(desk, 1, board.desk_changes());
    assert_eq!(known(), Some(1));
}

#[test]
fn notes_count_as_well() {
    let board = Board::default();
    let text = "x".repeat(RECENT_WEIGHT_MAX / 10);
    let mut noted = interaction(InteractionId(1));
    noted.notes = (0..10).map(|_| Note { by: None, at: Time(0), text: text.clone() }).collect();
    board.enter_interaction(Arc::new(noted), 1);
    assert!(!has(&board, 1), "it is larger than what is kept");
}

#[test]
fn a_large_one_is_not_kept_and_pushes_nothing_out() {
    let board = Board::default();
    enter(&board, 1, 1);
    for id in 2..1_000 {
        enter(&board, id, 1 << 20);
    }
    assert!(has(&board, 1) && !has(&board, 2));
    let mut grown = interaction(InteractionId(1));
    grown.subject = Some("x".repeat(1 << 20));
    board.enter_interaction(Arc::new(grown), 2);
    assert!(!has(&board, 1), "an old version is not shown for the new one");
}
