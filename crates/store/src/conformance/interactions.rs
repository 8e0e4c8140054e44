//! Queries over interactions, the census and histories.

use std::sync::Arc;

use handoff_domain::interaction::{Participant, ParticipantRole};
use handoff_domain::{
    CenterId, Email, Handling, Interaction, InteractionId, Media, Medium, Mode, OfferKind, Owner,
    State, Time, UserId,
};

use super::committed;
use super::samples::chats::chat;
use super::samples::{
    self, BEGIN, CENTER, ended, event, handling, interaction, interaction_id, interaction_in,
    offer, put_interaction, queue_id, subject, user_id, wait, workbin_id,
};
use crate::change_set::{ChangeSet, Guard};
use crate::query::{InteractionQuery, InteractionScope, PAGE_BYTES_MAX};
use crate::record::Key;
use crate::store::Store;

const OTHER_CENTER: CenterId = CenterId(0xcd);

fn parked(workbin: u64) -> State {
    State::Parked { workbin: workbin_id(workbin), mode: Mode::Processing, reminder: None }
}

fn sending(by: u64) -> State {
    State::Sending { by: Some(user_id(by)), since: BEGIN, attempt: 0, due: BEGIN, last: None }
}

fn with_others(by: u64, others: &[u64]) -> State {
    let participant = |n: &u64| Participant {
        user: user_id(*n),
        role: ParticipantRole::Consulted,
        since: BEGIN,
        nickname: None,
    };
    State::Handling(Handling { others: others.iter().map(participant).collect(), ..handling(by) })
}

fn in_queue(n: u64, queue: u64, state: State) -> Interaction {
    Interaction { queue: Some(queue_id(queue)), ..interaction_in(n, state) }
}

/// One interaction for each way of being somewhere.
async fn fill(store: &dyn Store) {
    let transferred =
        State::Handling(Handling { offer: Some(offer(3, OfferKind::Transfer)), ..handling(1) });
    let all = [
        in_queue(1, 1, State::Queued(wait(1))),
        in_queue(2, 2, State::Invited(wait(2), offer(1, OfferKind::Routed))),
        in_queue(3, 1, State::Handling(handling(1))),
        in_queue(4, 2, transferred),
        in_queue(5, 2, parked(1)),
        Interaction { submitter: Some(user_id(8)), ..in_queue(6, 3, sending(1)) },
        Interaction { submitter: Some(user_id(8)), ..in_queue(7, 1, ended()) },
        Interaction { center: OTHER_CENTER, ..in_queue(8, 1, State::Queued(wait(1))) },
        in_queue(9, 3, with_others(2, &[1, 3])),
        Interaction { queue: None, ..interaction_in(10, parked(2)) },
    ];
    for interaction in all {
        committed(store, put_interaction(interaction, 0)).await;
    }
}

async fn found(store: &dyn Store, query: &InteractionQuery) -> (Vec<InteractionId>, bool) {
    let page = store.interactions(query).await.expect("interactions");
    (page.items.into_iter().map(|found| found.value.id).collect(), page.more)
}

async fn expect(store: &dyn Store, query: InteractionQuery, numbers: &[u64]) {
    let expected: Vec<_> = numbers.iter().copied().map(interaction_id).collect();
    assert_eq!(found(store, &query).await, (expected, false), "{query:?}");
}

fn visible(user: u64, queues: &[u64], workbins: &[u64]) -> InteractionScope {
    InteractionScope::VisibleTo {
        user: user_id(user),
        center: CENTER,
        queues: queues.iter().copied().map(queue_id).collect(),
        workbins: workbins.iter().copied().map(workbin_id).collect(),
    }
}

/// What is over is in no scope.
pub async fn each_scope_selects_its_own(store: Arc<dyn Store>) {
    fill(&*store).await;
    let cases = [
        (InteractionScope::Active(CENTER), &[1, 2, 3, 4, 5, 6, 9, 10][..]),
        (InteractionScope::Active(OTHER_CENTER), &[8]),
        (InteractionScope::Waiting, &[1, 2, 8]),
        (InteractionScope::HeldBy(user_id(1)), &[2, 3, 4, 6, 9]),
        (InteractionScope::HeldBy(user_id(3)), &[4, 9]),
        (InteractionScope::HeldBy(user_id(7)), &[]),
        (InteractionScope::InWorkbin(workbin_id(1)), &[5]),
        (InteractionScope::InWorkbin(workbin_id(7)), &[]),
        (visible(8, &[], &[]), &[6]),
        (visible(8, &[1], &[]), &[1, 3, 6]),
    ];
    for (scope, numbers) in cases {
        expect(&*store, InteractionQuery::of(scope, 99), numbers).await;
    }
}

/// A chat is with its owner, with every agent and supervisor in it and with whom it is offered to,
/// and is counted once.
pub async fn chats_are_held_by_everybody_in_them(store: Arc<dyn Store>) {
    let roles = [
        ParticipantRole::Invited,
        ParticipantRole::Consulted,
        ParticipantRole::Coach,
        ParticipantRole::BargeIn,
    ];
    let participant =
        |(user, role)| Participant { user: user_id(user), role, since: BEGIN, nickname: None };
    let conversation = Handling {
        mode: Mode::Chatting,
        others: (2..).zip(roles).map(participant).collect(),
        offer: Some(offer(6, OfferKind::Transfer)),
        supervision_offers: vec![offer(7, OfferKind::Monitor)],
        ..handling(1)
    };
    let chat = Interaction { state: State::Handling(conversation), ..chat(1) };
    committed(&*store, put_interaction(chat, 0)).await;
    for user in 1..=7 {
        let held = InteractionQuery::of(InteractionScope::HeldBy(user_id(user)), 9);
        expect(&*store, held, &[1]).await;
        expect(&*store, InteractionQuery::of(visible(user, &[], &[]), 9), &[1]).await;
    }
    expect(&*store, InteractionQuery::of(InteractionScope::HeldBy(user_id(8)), 9), &[]).await;
    let census = store.census(CENTER).await.expect("census");
    assert_eq!(
        census.into_iter().filter(|(_, count)| *count > 0).collect::<Vec<_>>(),
        [("handling", 1)]
    );
}

/// Filters are combined with the scope and with each other.
pub async fn each_filter_selects_its_own(store: Arc<dyn Store>) {
    fill(&*store).await;
    let marked = Interaction {
        medium: Medium::Open("sms".to_owned()),
        external_id: Some("x 1".to_owned()),
        contact: Some("c".to_owned()),
        ..in_queue(11, 2, State::Handling(handling(1)))
    };
    committed(&*store, put_interaction(marked, 0)).await;
    let all = || InteractionQuery::of(InteractionScope::Active(CENTER), 99);
    let owner = |n| Some(user_id(n));
    expect(&*store, InteractionQuery { media: Some(Media::Open("sms".into())), ..all() }, &[11])
        .await;
    expect(&*store, InteractionQuery { media: Some(Media::Chat), ..all() }, &[]).await;
    expect(&*store, InteractionQuery { queue: Some(queue_id(1)), ..all() }, &[1, 3]).await;
    expect(&*store, InteractionQuery { owner: owner(1), ..all() }, &[3, 4, 11]).await;
    expect(&*store, InteractionQuery { external_id: Some("x 1".into()), ..all() }, &[11]).await;
    expect(&*store, InteractionQuery { external_id: Some("x".into()), ..all() }, &[]).await;
    expect(&*store, InteractionQuery { contact: Some("c".into()), ..all() }, &[11]).await;
    let both = InteractionQuery { owner: owner(1), queue: Some(queue_id(2)), ..all() };
    expect(&*store, both, &[4, 11]).await;
    let held = InteractionQuery::of(InteractionScope::HeldBy(user_id(1)), 99);
    expect(&*store, InteractionQuery { queue: Some(queue_id(3)), ..held }, &[6, 9]).await;
}

/// A page starts after an id and says whether there are more.
pub async fn pages_follow_each_other(store: Arc<dyn Store>) {
    fill(&*store).await;
    for scope in [InteractionScope::Active(CENTER), visible(1, &[1, 2], &[1, 2])] {
        let whole = found(&*store, &InteractionQuery::of(scope.clone(), 99)).await.0;
        for limit in 1..=whole.len() {
            let (mut pieces, mut after) = (Vec::new(), None);
            loop {
                let query =
                    InteractionQuery { after, ..InteractionQuery::of(scope.clone(), limit) };
                let (piece, more) = found(&*store, &query).await;
                assert!(piece.len() <= limit);
                after = piece.last().copied();
                pieces.extend(piece);
                if !more {
                    break;
                }
            }
            assert_eq!(pieces, whole, "{scope:?} by {limit}");
        }
    }
}

/// A page ends early where what is on it is large, and the next goes on behind it.
pub async fn a_page_ends_where_it_becomes_heavy(store: Arc<dyn Store>) {
    let heavy = |n| {
        let email =
            Email { body_as_plain_text: "x".repeat(PAGE_BYTES_MAX / 3), ..Email::default() };
        Interaction { medium: Medium::Email(email), ..in_queue(n, 1, State::Queued(wait(1))) }
    };
    for n in 1..=7 {
        committed(&*store, put_interaction(heavy(n), 0)).await;
    }
    let mut query = InteractionQuery::of(InteractionScope::Waiting, 100);
    let mut pages = Vec::new();
    loop {
        let (ids, more) = found(&*store, &query).await;
        query.after = ids.last().copied();
        pages.push(ids);
        if !more {
            break;
        }
    }
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3, 1]);
    assert_eq!(
        pages.concat(),
        (1..=7).map(interaction_id).collect::<Vec<_>>(),
        "nothing is left out"
    );
}

/// What is in several of an agent's lists comes once, and nothing of another contact center comes.
pub async fn what_is_visible_is_a_union_without_doubles(store: Arc<dyn Store>) {
    fill(&*store).await;
    let cases = [
        (visible(1, &[1, 2], &[1]), &[1, 2, 3, 4, 5, 6, 9][..]),
        (visible(7, &[1, 1], &[]), &[1, 3]),
        (visible(7, &[], &[1, 2]), &[5, 10]),
        (visible(7, &[], &[]), &[]),
        (visible(3, &[], &[]), &[4, 9]),
    ];
    for (scope, numbers) in cases {
        expect(&*store, InteractionQuery::of(scope, 99), numbers).await;
    }
    let filtered = InteractionQuery {
        owner: Some(user_id(1)),
        ..InteractionQuery::of(visible(7, &[1, 2], &[1]), 99)
    };
    expect(&*store, filtered, &[3, 4]).await;
}

/// All places are there, in order, and other contact centers are not counted.
pub async fn the_census_counts_every_place(store: Arc<dyn Store>) {
    fill(&*store).await;
    let census = store.census(CENTER).await.expect("census");
    let expected = [
        ("queued", 1),
        ("invited", 1),
        ("handling", 3),
        ("parked", 2),
        ("sending", 1),
        ("ended", 1),
    ];
    assert_eq!(census, expected);
    let nothing = store.census(CenterId(1)).await.expect("census");
    assert!(nothing.iter().all(|(_, count)| *count == 0) && nothing.len() == 6, "{nothing:?}");
}

/// Moving and removing take an interaction out of the lists that it was in.
pub async fn a_removed_interaction_is_in_no_list(store: Arc<dyn Store>) {
    let everywhere = [
        InteractionScope::Active(CENTER),
        InteractionScope::Waiting,
        InteractionScope::HeldBy(user_id(1)),
        visible(1, &[1], &[1]),
    ];
    committed(&*store, put_interaction(in_queue(1, 1, State::Queued(wait(1))), 0)).await;
    committed(&*store, put_interaction(in_queue(1, 1, State::Handling(handling(1))), 1)).await;
    expect(&*store, InteractionQuery::of(InteractionScope::Waiting, 9), &[]).await;
    expect(&*store, InteractionQuery::of(InteractionScope::HeldBy(user_id(1)), 9), &[1]).await;
    committed(&*store, put_interaction(in_queue(1, 1, ended()), 2)).await;
    for scope in &everywhere {
        expect(&*store, InteractionQuery::of(scope.clone(), 9), &[]).await;
    }
    let again = in_queue(1, 1, State::Invited(wait(1), offer(1, OfferKind::Routed)));
    committed(&*store, put_interaction(again, 3)).await;
    for scope in &everywhere {
        expect(&*store, InteractionQuery::of(scope.clone(), 9), &[1]).await;
    }
    let removals = vec![Guard { key: Key::Interaction(interaction_id(1)), version: 4 }];
    committed(&*store, ChangeSet { removals, ..ChangeSet::default() }).await;
    for scope in everywhere {
        expect(&*store, InteractionQuery::of(scope, 9), &[]).await;
    }
}

fn letter(n: u64, root: u64, contact: &str, state: State) -> Interaction {
    let thread = Some(interaction_id(root)).filter(|_| root != n);
    Interaction { thread, contact: Some(contact.to_owned()), ..interaction_in(n, state) }
}

fn thread(root: u64) -> InteractionScope {
    InteractionScope::InThread { center: CENTER, root: interaction_id(root) }
}

fn of_contact(contact: &str) -> InteractionScope {
    InteractionScope::OfContact { center: CENTER, contact: contact.to_owned() }
}

/// What is over is found as well, page by page, and no other center's.
pub async fn contacts_and_threads_are_found_newest_first(store: Arc<dyn Store>) {
    let work = Interaction { medium: Medium::Workitem, ..letter(5, 5, "a b", ended()) };
    let foreign = Interaction { center: OTHER_CENTER, ..letter(6, 1, "a b", ended()) };
    let all = [
        letter(1, 1, "a b", ended()),
        letter(2, 1, "c", State::Queued(wait(1))),
        letter(3, 1, "a b", sending(1)),
        letter(4, 4, "ab", ended()),
        letter(7, 7, "00000000000000000000000000000abc", ended()),
        letter(8, 8, "00000000-0000-0000-0000-000000000ABC", ended()),
        work,
        foreign,
    ];
    for interaction in all {
        committed(&*store, put_interaction(interaction, 0)).await;
    }
    for (scope, numbers) in [
        (thread(1), &[3, 2, 1][..]),
        (thread(4), &[4]),
        (thread(2), &[]),
        (thread(5), &[]),
        (of_contact("a b"), &[5, 3, 1]),
        (of_contact("ab"), &[4]),
        (of_contact("a"), &[]),
        // An id is the same in each spelling.
        (of_contact("00000000000000000000000000000ABC"), &[8, 7]),
        (of_contact("00000000-0000-0000-0000-000000000abc"), &[8, 7]),
    ] {
        expect(&*store, InteractionQuery::of(scope, 9), numbers).await;
    }
    let first = found(&*store, &InteractionQuery::of(of_contact("a b"), 2)).await;
    assert_eq!(first, ([5, 3].map(interaction_id).to_vec(), true));
    let after = Some(interaction_id(3));
    expect(&*store, InteractionQuery { after, ..InteractionQuery::of(of_contact("a b"), 2) }, &[1])
        .await;
    let emails = InteractionQuery {
        media: Some(Media::Email),
        ..InteractionQuery::of(of_contact("a b"), 9)
    };
    expect(&*store, emails, &[3, 1]).await;
}

/// Splitting off and joining take a letter from one list to another.
pub async fn a_letter_that_moves_is_in_its_new_thread_alone(store: Arc<dyn Store>) {
    committed(&*store, put_interaction(letter(1, 1, "a", ended()), 0)).await;
    for (version, root, left) in [(0, 1, 2), (1, 2, 1), (2, 1, 2)] {
        committed(&*store, put_interaction(letter(2, root, "a", State::Queued(wait(1))), version))
            .await;
        let in_first: &[u64] = if root == 1 { &[2, 1] } else { &[1] };
        expect(&*store, InteractionQuery::of(thread(1), 9), in_first).await;
        expect(&*store, InteractionQuery::of(thread(2), 9), if left == 1 { &[2] } else { &[] })
            .await;
    }
}

/// Also what nobody sent, and nothing that has gone out.
pub async fn what_is_on_its_way_out_is_found(store: Arc<dyn Store>) {
    let unasked = State::Sending {
        by: None,
        since: BEGIN,
        attempt: 3,
        due: BEGIN,
        last: Some("busy".into()),
    };
    for (n, state) in [(1, sending(1)), (2, unasked), (3, ended()), (4, State::Queued(wait(1)))] {
        committed(&*store, put_interaction(interaction_in(n, state), 0)).await;
    }
    let sending = || InteractionQuery::of(InteractionScope::Sending, 9);
    expect(&*store, sending(), &[1, 2]).await;
    committed(&*store, put_interaction(interaction_in(1, ended()), 1)).await;
    expect(&*store, sending(), &[2]).await;
}

/// Each participant holds a conversation as long as they are in it.
pub async fn participants_come_and_go(store: Arc<dyn Store>) {
    let holders = async |expected: &[u64]| {
        for n in 1..=4 {
            let held = InteractionQuery::of(InteractionScope::HeldBy(user_id(n)), 9);
            expect(&*store, held, if expected.contains(&n) { &[1] } else { &[] }).await;
        }
    };
    for (others, version) in [(&[2, 3][..], 0), (&[3, 4], 1), (&[], 2)] {
        committed(&*store, put_interaction(interaction_in(1, with_others(1, others)), version))
            .await;
        holders(&[others, &[1]].concat()).await;
    }
    // The owner leaves and a participant takes over.
    committed(&*store, put_interaction(interaction_in(1, with_others(2, &[])), 3)).await;
    holders(&[2]).await;
}

/// Each event of an interaction is an entry, in order, with the epoch after it.
pub async fn history_pages_by_position(store: Arc<dyn Store>) {
    let mut positions = Vec::new();
    for epoch in 1..=5 {
        let changed = Interaction { epoch, ..interaction(1) };
        let at = Time(BEGIN.0 - i64::try_from(epoch).unwrap_or_default());
        let events = vec![event(changed, at, Vec::new()), event(interaction(2), at, Vec::new())];
        positions.push(
            committed(&*store, ChangeSet { events, ..ChangeSet::default() }).await.position - 1,
        );
    }
    let first = store.history(subject(1), 0, 2).await.expect("history");
    assert!(first.more);
    let rest = store.history(subject(1), first.items[1].position, 3).await.expect("history");
    assert!(!rest.more);
    let all = [first.items, rest.items].concat();
    assert_eq!(all.iter().map(|entry| entry.position).collect::<Vec<_>>(), positions);
    assert_eq!(all.iter().map(|entry| entry.epoch).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    let sample = event(interaction(1), all[2].at, Vec::new());
    assert_eq!((all[2].cause, &all[2].facts), (sample.cause, &sample.facts));
    assert_eq!(all[2].at, Time(BEGIN.0 - 3));
    let nobody: UserId = samples::user_id(1);
    assert_eq!(store.head(Owner::User(nobody)).await.expect("head").position, 0);
}
