//! Conversations: what is said, who hears it, who comes and goes.

use handoff_domain::NewInteraction;
use handoff_domain::chat::{
    Chat, Content, Entry, LeaveReason, PartyId, PartyKind, Utterance, Visibility,
};
use handoff_domain::command::{
    Action, Actor, Command, CustomerAction, Named, SystemAction, Target, UserCommand,
};
use handoff_domain::event::{Notice, NotificationType, Subject, View};
use handoff_domain::id::{FileId, InteractionId, UserId};
use handoff_domain::interaction::Medium;
use handoff_domain::interaction::decide::{Decision, TimerChange, TimerKind, decide};
use handoff_domain::interaction::{Mode, Status};
use handoff_domain::media::Media;
use handoff_domain::rejection::{FileLimit, Rejection};
use handoff_domain::service::FileLimits;

use crate::floor::{Floor, SUPERVISOR};
use crate::support::{ANN, BOB, CID, chat_request, in_queue, seen, state};
use crate::table::talk::text;

/// What the customer says.
pub(crate) fn tells(content: Content, visibility: Visibility) -> CustomerAction {
    CustomerAction::Say(Utterance::new(content, visibility))
}

/// What an agent says.
pub(crate) fn says(content: Content, visibility: Visibility) -> Action {
    Action::Say(Utterance::new(content, visibility))
}

/// Returns the entries that a reader sees, as `number speaker content`; a number is that of the
/// reader's own sequence.
pub(crate) fn lines<'a>(entries: impl Iterator<Item = &'a Entry>, sees: Visibility) -> Vec<String> {
    let line = |entry: &Entry| {
        let content = match &entry.content {
            Content::Text { text, .. } => format!("said {text}"),
            Content::Left { reason } => format!("Left {reason:?}"),
            other => other.name().to_string(),
        };
        let id = entry.from.id_for(sees).expect("the reader knows the speaker").0;
        Some(format!("{} {id} {content}", entry.index_for(sees)?))
    };
    entries.filter_map(line).collect()
}

pub(crate) fn transcript(floor: &Floor, id: InteractionId, sees: Visibility) -> Vec<String> {
    lines(floor.transcripts[&id].iter().filter(|entry| entry.index_for(sees).is_some()), sees)
}

/// Returns who is told what was said, and how much of it.
pub(crate) fn told(decision: &Decision) -> Vec<(UserId, Visibility)> {
    let events = decision.events.iter().filter(|event| event.entries().next().is_some());
    let notices = events.flat_map(|event| &event.notices);
    notices
        .map(|notice| match notice.view {
            View::Messages { sees } if notice.kind == NotificationType::NewMessages => {
                (notice.user().expect("their own stream"), sees)
            }
            _ => panic!("{notice:?} is beside what was said"),
        })
        .collect()
}

pub(crate) fn chat(decision: &Decision) -> &Chat {
    decision.after.chat().expect("it is a conversation")
}

#[test]
fn a_chat_begins_with_its_customer_and_its_timers() {
    let floor = Floor::new();
    let new = NewInteraction {
        medium: Medium::Chat(Some(chat_request())),
        ..floor.new_interaction(&Media::Chat)
    };
    let decision = floor.try_open(new, &Actor::Customer).expect("it may be opened");
    assert_eq!(lines(decision.said(), Visibility::All), ["1 1 Joined"]);
    assert!(told(&decision).is_empty());
    let at = |ms| floor.now.plus_ms(ms);
    let silence = TimerChange::Set(TimerKind::CustomerSilence, at(45_000));
    assert_eq!(decision.timers, [silence, TimerChange::Set(TimerKind::LongestWait, at(600_000))]);
    assert_eq!(chat(&decision).parties[0].kind, PartyKind::Customer);
    let mut nameless = chat_request();
    nameless.nickname.clear();
    let nameless = NewInteraction {
        medium: Medium::Chat(Some(nameless)),
        ..floor.new_interaction(&Media::Chat)
    };
    assert!(matches!(
        floor.try_open(nameless, &Actor::Customer),
        Err(Rejection::TextBounds { .. })
    ));
}

#[test]
fn what_the_customer_said_while_he_waited_is_shown_to_who_accepts_before_anything_else() {
    let mut floor = Floor::new();
    let id = floor.converse();
    let waiting = floor.machine(id, tells(text("anybody?"), Visibility::All));
    assert!(told(&waiting).is_empty());
    floor.machine(id, SystemAction::Offer { to: ANN, of: 1 });
    let offered = floor.machine(id, tells(text("hello?"), Visibility::All));
    assert!(told(&offered).is_empty(), "an offer alone lets nobody read");
    let accepted = floor.does(ANN, id, Action::Accept { nickname: Some("Annie".to_string()) });
    let [usual, history, news] = accepted.events.as_slice() else {
        panic!("{:?}", accepted.events)
    };
    assert_eq!(usual.entries().count(), 0);
    let Subject::Transcript { entries, .. } = &history.subject else {
        panic!("{:?}", history.subject)
    };
    let expected = ["1 1 Joined", "2 1 said anybody?", "3 1 said hello?"];
    assert_eq!(lines(entries.iter(), Visibility::Agents), expected);
    assert_eq!(history.notices.iter().filter_map(Notice::user).collect::<Vec<_>>(), [ANN]);
    assert!(history.facts.is_empty());
    assert_eq!(lines(news.entries(), Visibility::Agents), ["4 2 Joined"]);
    assert_eq!(news.entries().next().expect("one").from.nickname, "Annie");
    assert_eq!(told(&accepted), [(ANN, Visibility::Agents)]);
}

#[test]
fn nobody_goes_by_no_name_or_by_an_endless_one() {
    let (floor, id) = state("invited talk");
    for name in [String::new(), "x".repeat(Chat::NAME_CHARS_MAX + 1)] {
        let refusal = floor.clone().tries(BOB, id, Action::Accept { nickname: Some(name) });
        assert!(
            matches!(refusal, Err(Rejection::TextBounds { part: "nickname", .. })),
            "{refusal:?}"
        );
    }
}

#[test]
fn an_owner_and_his_customer_talk() {
    let (mut floor, id) = state("talking");
    let said = floor.does(ANN, id, says(text("hi"), Visibility::All));
    assert_eq!(said.events.len(), 1, "nothing but the message happened");
    assert_eq!(told(&said), [(ANN, Visibility::Agents)]);
    assert_eq!(said.after.epoch, floor.interactions[&id].epoch);
    assert!(said.timers.is_empty(), "an entry puts no timer off");
    let internal = floor.does(ANN, id, says(text("hm"), Visibility::Agents));
    assert_eq!(internal.said().next().expect("one").customer, None);
    floor.machine(id, tells(text("ah"), Visibility::All));
    let customers = ["1 1 Joined", "2 2 Joined", "3 2 said hi", "4 1 said ah"];
    assert_eq!(transcript(&floor, id, Visibility::All), customers);
    assert_eq!(transcript(&floor, id, Visibility::Agents).len(), 5);
}

#[test]
fn a_consultation_is_hidden_until_it_becomes_a_conference() {
    let (mut floor, id) = state("talking in consultation");
    let said = floor.does(CID, id, says(text("no refund"), Visibility::All));
    assert_eq!(said.said().next().expect("one").visibility, Visibility::Agents);
    assert_eq!(told(&said), [(ANN, Visibility::Agents), (CID, Visibility::Agents)]);
    floor.machine(id, tells(text("still there?"), Visibility::All));
    assert_eq!(
        transcript(&floor, id, Visibility::All),
        ["1 1 Joined", "2 2 Joined", "3 1 said still there?"]
    );
    let shown = floor.does(ANN, id, Action::CompleteConference { agent: None });
    assert_eq!(lines(shown.said(), Visibility::All), ["4 3 Joined"]);
    assert_eq!(lines(shown.said(), Visibility::Agents), ["6 3 Joined"]);
}

#[test]
fn the_customer_cannot_count_who_is_hidden() {
    let (mut floor, id) = state("talking in consultation");
    floor.brings_in(id, Action::Invite(Named::Known(BOB)), BOB);
    let entry = floor.transcripts[&id].last().expect("they joined");
    assert_eq!(entry.from.id_for(Visibility::Agents), Some(PartyId(4)));
    assert_eq!(entry.from.id_for(Visibility::All), Some(PartyId(3)));
}

#[test]
fn agents_cannot_count_who_looks_on() {
    let (mut floor, id) = state("talking while monitored");
    floor.brings_in(id, Action::Invite(Named::Known(BOB)), BOB);
    let entry = floor.transcripts[&id].last().expect("they joined").clone();
    let numbers = [Visibility::All, Visibility::Agents, Visibility::Supervisors];
    assert_eq!(
        numbers.map(|sees| entry.from.id_for(sees)),
        [3, 3, 4].map(|number| Some(PartyId(number)))
    );
    // A chat that began before agents had numbers of their own goes on with those that it has.
    let (mut floor, id) = state("talking while monitored");
    let chat = floor.interactions.get_mut(&id).and_then(|it| it.chat_mut()).expect("a chat");
    chat.parties.iter_mut().for_each(|party| party.colleague = None);
    floor.brings_in(id, Action::Invite(Named::Known(BOB)), BOB);
    let entry = floor.transcripts[&id].last().expect("they joined");
    assert_eq!(entry.from.id_for(Visibility::Agents), Some(PartyId(4)));
}

#[test]
fn a_consultation_ends_as_a_transfer() {
    let (mut floor, id) = state("talking in consultation");
    let decision = floor.does(ANN, id, Action::CompleteTransfer { to: None });
    assert_eq!((decision.after.owner(), decision.after.others().len()), (Some(CID), 0));
    assert_eq!(seen(&decision, ANN), Some((Status::Completed, false)));
    assert_eq!(lines(decision.said(), Visibility::All), ["3 3 Joined", "4 2 Left HandedOver"]);
    assert_eq!(told(&decision), [(CID, Visibility::Agents)]);
    assert!(floor.desks[&ANN].slots.is_empty());
}

#[test]
fn a_transfer_that_is_accepted_tells_the_customer_who_came_and_who_went() {
    let (mut floor, id) = state("talking with transfer");
    let decision = floor.does(BOB, id, Action::Accept { nickname: None });
    assert_eq!(lines(decision.said(), Visibility::All), ["3 3 Joined", "4 2 Left HandedOver"]);
    assert_eq!(told(&decision), [(BOB, Visibility::Agents)]);
}

#[test]
fn a_farewell_is_said_first_or_nothing_happens() {
    let queue = |floor: &Floor| in_queue(floor, &Media::Chat);
    let floor = Floor::new();
    for (action, after) in [
        (
            Action::Transfer(Target::Queue(queue(&floor))),
            ["3 2 said bye", "4 2 Left Requeued"].as_slice(),
        ),
        (Action::Transfer(Target::Agent(Named::Known(BOB))), &["3 2 said bye"]),
        (
            Action::Complete { queue: None },
            &["3 2 said bye", "4 2 Left Itself", "5 1 Left Removed"],
        ),
        (Action::Complete { queue: Some(queue(&floor)) }, &["3 2 said bye", "4 2 Left Requeued"]),
        (Action::Leave, &["3 2 said bye", "4 1 Left Removed"]),
        (Action::EndChatSession, &["3 1 Left Removed"]),
    ] {
        let (floor, id) = state("talking");
        let command = |words: &str| {
            let farewell = Some(Utterance::new(text(words), Visibility::All));
            Command::User(UserCommand {
                farewell,
                ..UserCommand::new(floor.caller(ANN), action.clone())
            })
        };
        let decision = floor.decide(decide, id, &command("bye")).expect("it is carried out");
        assert_eq!(lines(decision.said(), Visibility::All), after, "{action:?}");
        if after[0].contains("bye") {
            let refusal = floor.decide(decide, id, &command(""));
            assert!(matches!(refusal, Err(Rejection::TextBounds { .. })), "{action:?}");
        }
    }
}

/// Returns what somebody is told, in order: `heard` for what was said, otherwise the state that
/// they see.
pub(crate) fn story(decision: &Decision, user: UserId) -> Vec<String> {
    let notices = decision.events.iter().flat_map(|event| &event.notices);
    let told =
        notices.filter(|notice| notice.user() == Some(user)).map(|notice| match notice.view {
            View::Messages { .. } => "heard".to_string(),
            View::Concerned(status) | View::Gone(status) => format!("{status:?}"),
            View::Workbin { .. } | View::Channels => panic!("{notice:?}"),
        });
    told.collect()
}

#[test]
fn last_words_are_heard_by_those_who_go_with_them() {
    let queue = |floor: &Floor| Some(in_queue(floor, &Media::Chat));
    let floor = Floor::new();
    // Whom the end takes out hears of it, too.
    let completed: &[&str] = &["heard", "heard", "Completed"];
    let ended: &[&str] = &["heard", "heard", "Revoked"];
    let revoked: &[&str] = &["heard", "Revoked"];
    for (from, action, other, theirs) in [
        ("talking in company", Action::Complete { queue: None }, CID, completed),
        ("talking in company", Action::Complete { queue: queue(&floor) }, CID, revoked),
        ("talking in consultation", Action::Complete { queue: None }, CID, completed),
        ("talking while monitored", Action::Leave, SUPERVISOR, ended),
        ("talking in company", Action::Leave, CID, &["heard", "Chatting", "heard"]),
        ("talking with transfer", Action::Complete { queue: None }, BOB, &["Revoked"]),
    ] {
        let (floor, id) = state(from);
        let farewell = Some(Utterance::new(text("bye"), Visibility::All));
        let command = UserCommand::new(floor.caller(ANN), action.clone());
        let command = UserCommand { farewell, ..command }.into();
        let decision = floor.decide(decide, id, &command).expect("it is carried out");
        assert_eq!(story(&decision, other), theirs, "{action:?} {from}");
        assert_eq!(story(&decision, ANN)[0], "heard", "{action:?} {from}");
        let Subject::Interaction(then) = &decision.events[0].subject else { panic!("a chat") };
        assert_eq!(
            (then.owner(), then.status()),
            (Some(ANN), Status::Chatting),
            "{action:?} {from}"
        );
    }
}

#[test]
fn whoever_goes_because_the_customer_is_gone_is_told_so_first() {
    let heard: &[&str] = &["heard", "Completed"];
    let watched: &[&str] = &["heard", "Revoked"];
    let floor = Floor::new();
    let left = || Command::from(CustomerAction::Leave { reason: LeaveReason::Itself });
    let end = || floor.by(ANN, Action::EndChatSession);
    let complete = floor.by(ANN, Action::Complete { queue: None });
    for (from, action, other, theirs) in [
        ("talking in company", left(), CID, heard),
        ("talking in company", end(), CID, heard),
        ("talking in company", complete, CID, heard),
        ("talking in consultation", left(), CID, heard),
        ("talking while monitored", end(), SUPERVISOR, watched),
    ] {
        let (floor, id) = state(from);
        let decision = floor.decide(decide, id, &action).expect("it is carried out");
        assert_eq!(story(&decision, other), theirs, "{action:?} {from}");
        let of_customer = |entry: &Entry| {
            entry.from.kind == PartyKind::Customer && matches!(entry.content, Content::Left { .. })
        };
        let tells = |event: &&handoff_domain::Event| {
            event.notices.iter().any(|notice| notice.user() == Some(other))
        };
        let first = decision.events.iter().find(tells).expect("they are told");
        let Subject::Transcript { entries, .. } = &first.subject else {
            panic!("{first:?} tells something else")
        };
        assert!(entries.last().is_some_and(of_customer), "{action:?} {from}: {entries:?}");
    }
    // Whoever ends it alone learns nothing by being told so.
    let (mut floor, id) = state("talking");
    let completed = floor.does(ANN, id, Action::Complete { queue: None });
    assert_eq!(story(&completed, ANN), ["Completed"]);
}

#[test]
fn after_the_session_the_customer_hears_of_nobody() {
    let (mut floor, id) = state("talking in company");
    let left = floor.machine(id, CustomerAction::Leave { reason: LeaveReason::Itself });
    assert_eq!(lines(left.said(), Visibility::Agents), ["4 1 Left Itself", "5 3 Left ByServer"]);
    assert_eq!(left.said().filter(|entry| entry.customer.is_some()).count(), 1);
    assert_eq!(chat(&left).ended, Some(LeaveReason::Itself));
    let cleared = [TimerKind::CustomerSilence, TimerKind::ChatIdle].map(TimerChange::Clear);
    assert_eq!(left.timers, cleared);
    floor.does(ANN, id, Action::Transfer(Target::Agent(Named::Known(BOB))));
    let accepted = floor.does(BOB, id, Action::Accept { nickname: None });
    assert_eq!(accepted.after.mode(), Some(Mode::LeftChat));
    assert_eq!(lines(accepted.said(), Visibility::Agents), ["6 4 Joined", "7 2 Left HandedOver"]);
    assert!(accepted.said().all(|entry| entry.customer.is_none()));
    assert!(
        accepted.events.iter().any(|event| matches!(event.subject, Subject::Transcript { .. }))
    );
}

#[test]
fn a_chat_that_is_queued_goes_on_with_its_transcript() {
    let (mut floor, id) = state("talking in company");
    let gone = floor.machine(id, SystemAction::AgentGone { user: ANN });
    assert_eq!(lines(gone.said(), Visibility::All), ["4 2 Left ByServer"]);
    let queue = in_queue(&floor, &Media::Chat);
    let queued = floor.does(CID, id, Action::PlaceInQueue(queue));
    assert_eq!(lines(queued.said(), Visibility::All), ["5 3 Left Requeued"]);
    assert!(
        chat(&queued)
            .parties
            .iter()
            .all(|party| party.present == (party.kind == PartyKind::Customer))
    );
    floor.give(id, ANN);
    let back = floor.transcripts[&id].last().expect("she joined again");
    assert_eq!(
        (back.from.id, back.content.name()),
        (PartyId(2), "Joined"),
        "she has the number she had"
    );
}

#[test]
fn names_and_files_are_counted() {
    let (mut floor, id) = state("talking");
    let nickname = "Joanna".to_string();
    let named = floor.machine(id, tells(Content::NicknameUpdated { nickname }, Visibility::All));
    assert_eq!(chat(&named).parties[0].nickname, "Joanna");
    assert_eq!(
        named.said().next().expect("one").from.nickname,
        "Joan",
        "as they were when they said it"
    );
    let file = || Content::FileUploaded {
        file: FileId(1),
        name: "a.png".to_string(),
        bytes: 10,
        content_type: "image/png".to_string(),
        description: None,
    };
    floor.machine(id, tells(file(), Visibility::All));
    floor.does(ANN, id, says(file(), Visibility::All));
    let fetched = floor.machine(id, CustomerAction::CountDownload { file: FileId(1) });
    let files = chat(&fetched).files;
    assert_eq!((files.uploads, files.bytes, files.downloads), (1, 10, 1), "agents are not limited");
    assert!(fetched.events[0].notices.is_empty());
}

#[test]
fn a_customers_files_have_bounds_and_an_agents_have_none() {
    let (mut floor, id) = state("queued talk");
    floor.file_limits = FileLimits {
        uploads_max: 2,
        total_bytes_max: 25,
        downloads_max: 1,
        need_agent: true,
        ..FileLimits::default()
    };
    let file = |bytes| {
        let (name, content_type) = ("a.png".to_string(), "image/png".to_string());
        let content =
            Content::FileUploaded { file: FileId(1), name, bytes, content_type, description: None };
        Utterance::new(content, Visibility::All)
    };
    let refused = |limit| Err(Rejection::FileLimit(limit));
    let tries =
        |floor: &mut Floor, action: CustomerAction| floor.apply(decide, id, action).map(drop);
    let sends = |floor: &mut Floor, bytes| tries(floor, CustomerAction::Say(file(bytes)));
    assert_eq!(sends(&mut floor, 10), refused(FileLimit::NeedsAgent));
    floor.machine(id, SystemAction::Offer { to: ANN, of: 1 });
    floor.does(ANN, id, Action::Accept { nickname: None });
    assert_eq!(sends(&mut floor, 26), refused(FileLimit::Bytes { most: 25 }));
    assert_eq!(sends(&mut floor, 10), Ok(()));
    assert_eq!(sends(&mut floor, 16), refused(FileLimit::Bytes { most: 25 }));
    assert_eq!(sends(&mut floor, 15), Ok(()));
    assert_eq!(sends(&mut floor, 0), refused(FileLimit::Uploads { most: 2 }));
    floor.does(ANN, id, Action::Say(file(1_000)));
    let fetch = || CustomerAction::CountDownload { file: FileId(1) };
    assert_eq!(tries(&mut floor, fetch()), Ok(()));
    assert_eq!(tries(&mut floor, fetch()), refused(FileLimit::Downloads { most: 1 }));
}

#[test]
fn the_history_that_is_shown_has_bounds() {
    let (mut floor, id) = state("queued talk");
    let long = "x".repeat(Chat::TEXT_CHARS_MAX);
    for _ in 0..100 {
        floor.machine(id, tells(text(&long), Visibility::All));
    }
    let shown = |floor: &mut Floor| {
        floor.machine(id, SystemAction::Offer { to: ANN, of: 1 });
        let decision = floor.does(ANN, id, Action::Accept { nickname: None });
        let queue = in_queue(floor, &Media::Chat);
        floor.does(ANN, id, Action::PlaceInQueue(queue));
        let found = decision.events.iter().find_map(|event| match &event.subject {
            Subject::Transcript { entries, .. } => Some((entries.len(), entries[0].number)),
            Subject::Interaction(_) | Subject::Desk(_) | Subject::Center(_) => None,
        });
        found.expect("she is shown the history")
    };
    assert_eq!(shown(&mut floor), (64, 38), "64 texts of 4 KiB are 256 KiB");
    for _ in 0..600 {
        floor.machine(id, tells(text("x"), Visibility::All));
    }
    assert_eq!(shown(&mut floor), (500, 204));
}

#[test]
fn a_full_transcript_takes_what_the_server_records_alone() {
    let (mut floor, id) = state("talking");
    floor.interactions.get_mut(&id).and_then(|it| it.chat_mut()).expect("a chat").total =
        Chat::ENTRIES_MAX;
    let words = says(text("more"), Visibility::All);
    assert_eq!(floor.tries(ANN, id, words), Err(Rejection::TranscriptFull));
    let words = tells(text("more"), Visibility::All);
    assert_eq!(floor.apply(decide, id, words), Err(Rejection::TranscriptFull));
    let left = floor.machine(id, CustomerAction::Leave { reason: LeaveReason::Itself });
    assert_eq!(left.said().count(), 1);
}
