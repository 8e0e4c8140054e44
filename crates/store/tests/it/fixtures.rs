//! Texts of every form that was ever stored. They are never changed and never removed: old
//! databases hold such texts. Those of a whole kind of record have the name of its table. What is
//! written differently now, though in the same form, lies in `written` beside what was first.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use handoff_domain::OfferKind;
use handoff_domain::event::Subject;
use handoff_domain::exchange::{Exchange, Said, Side};
use handoff_domain::{
    Acknowledgement, Center, CenterId, ChatTerms, Desk, Disposition, Event, Fact, Incarnation,
    Interaction, InteractionId, Mode, Note, Notice, Offer, Queue, QueueId, Reach, Reminder,
    Service, ServiceTerms, SkillId, State, Time, Topic, User, WorkbinId, Workspace,
};
use handoff_store::codec;
use handoff_store::codec::SubjectKind;
use handoff_store::conformance::samples::chats::{
    chat, every_content, file_limits, heard, hours, live_chat, named_entry, said, shown,
    supervised_desk, waiting_service,
};
use handoff_store::conformance::samples::mail::{
    confirming_queue, contact_event, known_contact, letter, mark, outgoing, taken_in,
};
use handoff_store::conformance::samples::{
    BEGIN, CENTER, audit_entry, center, center_event, desk, desk_event, desk_facts, event,
    files_directory, interaction_id, notice, offer, one_of_each, owner, queue_id, rich_interaction,
    user, user_id,
};
use handoff_store::{
    AuditAction, AuditEntry, ChatMarks, FilesDirectory, Kind, Look, MailboxMark, Record,
};

fn path(directory: &str, name: &str, form: i64) -> PathBuf {
    let file = format!("{name}.{form}.json");
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(directory).join(file)
}

fn text(path: &Path) -> String {
    let text = std::fs::read_to_string(path);
    let text = text.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.trim_end().to_owned()
}

/// Returns what was written first.
fn fixture(name: &str, form: i64) -> String {
    text(&path("fixtures", name, form))
}

/// Returns what is written now.
fn written(name: &str, form: i64) -> String {
    let path = path("fixtures/written", name, form);
    if path.exists() { text(&path) } else { fixture(name, form) }
}

/// Returns every text of a form that there ever was.
fn all(name: &str, form: i64) -> [String; 2] {
    [fixture(name, form), written(name, form)]
}

fn check_interaction(name: &str, expected: &Interaction) {
    for text in all(name, 1) {
        assert_eq!(codec::decode_interaction(1, &text).unwrap(), *expected, "{name}");
    }
    assert_eq!(codec::encode_interaction(expected).unwrap(), written(name, 1), "{name}");
}

fn check_record(name: &str, form: i64, expected: &Record) {
    let kind = expected.key().kind();
    for text in all(name, form) {
        assert_eq!(codec::decode_record(kind, form, &text).unwrap(), *expected, "{name}");
    }
    assert_eq!(codec::encode_record(expected).unwrap(), written(name, form), "{name}");
}

fn check_notice(name: &str, expected: &Notice) {
    for text in all(name, 1) {
        assert_eq!(codec::decode_notice(owner(1), 1, &text).unwrap(), *expected, "{name}");
    }
    assert_eq!(codec::encode_notice(expected).unwrap(), written(name, 1), "{name}");
}

#[test]
fn every_form_of_every_record_is_read() {
    for kind in Kind::ALL.iter().copied() {
        let name = kind.table();
        for form in 1..=kind.newest_form() {
            for text in all(name, form) {
                let record = codec::decode_record(kind, form, &text).unwrap();
                assert_eq!(record.key().kind(), kind, "{name}.{form}");
            }
        }
    }
}

#[test]
fn the_newest_form_of_every_record_is_written_as_it_is_read() {
    let samples = one_of_each();
    let kinds: Vec<Kind> = samples.iter().map(|sample| sample.key().kind()).collect();
    assert_eq!(kinds, Kind::ALL, "a sample of every kind, in the order of the table");
    for sample in samples {
        let kind = sample.key().kind();
        let (name, newest) = (kind.table(), kind.newest_form());
        let text = written(name, newest);
        let read = codec::decode_record(kind, newest, &text).unwrap();
        assert_eq!(codec::encode_record(&read).unwrap(), text, "{name}");
        assert_eq!(
            codec::encode_record(&sample).unwrap(),
            text,
            "{name}: give the changed kind a new form"
        );
    }
}

/// The first text of an interaction is of open media with an e-mail, which no program ever wrote.
#[test]
fn an_email_of_what_is_none_is_left_out() {
    let old = codec::decode_interaction(1, &fixture("interaction", 1)).unwrap();
    assert_eq!(old, rich_interaction());
}

#[test]
fn events_and_notices_are_read_and_written() {
    for form in 1..=codec::newest::EVENT {
        codec::decode_event(form, &fixture("event", form)).unwrap();
    }
    assert_eq!(codec::newest::NOTICE, 1, "a new form needs a text of its own");
    let body =
        codec::decode_event(codec::newest::EVENT, &fixture("event", codec::newest::EVENT)).unwrap();
    let again = codec::event_of(BEGIN, body, Subject::Interaction(rich_interaction()));
    assert_eq!(codec::encode_event(&again).unwrap(), fixture("event", codec::newest::EVENT));
    assert_eq!(again, event(rich_interaction(), BEGIN, Vec::new()));
    check_notice("notice", &notice(1));
}

/// What came with chats is stored in the forms that there were: nothing old is read in another way,
/// and nothing old is written in another.
#[test]
fn chats_are_read_and_written() {
    check_interaction("chat", &chat(1));
    assert!(!codec::encode_interaction(&rich_interaction()).unwrap().contains("\"chat\":"));
    let text = fixture("said", 1);
    let event = said(chat(1), BEGIN, every_content(), Vec::new());
    let read =
        codec::event_of(BEGIN, codec::decode_event(1, &text).unwrap(), event.subject.clone());
    assert_eq!((codec::encode_event(&event).unwrap(), read), (text, event));
    check_notice("heard", &heard(1));
}

/// Services and chats of before have no longest wait and no place for messages, and those that have
/// one are read as written.
#[test]
fn a_service_with_a_longest_wait_is_read_and_written() {
    let service = Record::Service(waiting_service(1));
    check_record("waiting_service", 1, &service);
}

/// Hours of before have no dates that are unlike others, and no queue had any.
#[test]
fn hours_are_read_and_written() {
    let closed = Acknowledgement { subject: "Closed".to_owned(), text: "Until Monday.".to_owned() };
    let queue =
        Queue { hours: Some(Box::new(hours())), closed: Some(closed), ..confirming_queue(1) };
    check_record("closed_queue", 1, &Record::Queue(queue));
    let terms = ChatTerms { hours: Some(hours()), files: file_limits(), ..ChatTerms::default() };
    let service = Service { terms: ServiceTerms::Chat(terms), ..waiting_service(1) };
    check_record("exceptional_service", 1, &Record::Service(service));
}

/// Entries of before name no provider.
#[test]
fn a_sign_in_by_a_provider_is_read_and_written() {
    let entry = AuditEntry {
        action: AuditAction::ProviderRight,
        provider: Some("corp".to_owned()),
        ..audit_entry(BEGIN, BEGIN.plus_ms(1_000))
    };
    check_record("provided_audit", 1, &Record::AuditEntry(entry));
}

fn sold() -> Disposition {
    let (key, display_name) = ("sold".to_owned(), "Sold".to_owned());
    Disposition { key, display_name, channels: BTreeSet::new(), note_required: false }
}

/// Those of before are for all channels, no queue asked for one, and what came of an interaction
/// was in its user data alone.
#[test]
fn dispositions_are_read_and_written() {
    let channels = [handoff_domain::Media::Chat].into();
    let one = Disposition { channels, note_required: true, ..sold() };
    let workspace = Workspace { dispositions: vec![one], ..Workspace::default() };
    let told = Center { workspace, ..center(CenterId(1)) };
    check_record("ending_center", 1, &Record::Center(told));
    let asking = Queue {
        dispositions: ["sold".to_owned()].into(),
        disposition_required: true,
        ..confirming_queue(1)
    };
    check_record("asking_queue", 1, &Record::Queue(asking));
    let said = Interaction { disposition: Some("sold".to_owned()), ..chat(1) };
    check_interaction("disposed", &said);
}

/// What was stored before has no notes, no words with an offer and nothing for desktops, and is
/// read and written as ever; this is how they are.
#[test]
fn notes_words_with_an_offer_and_workspaces_are_read_and_written() {
    let note = |by, text: &str| Note { by, at: BEGIN, text: text.to_owned() };
    let notes = vec![note(None, "calls back on Monday"), note(Some(user_id(1)), "did")];
    let mut noted = Interaction { notes, comment: Some("did".to_owned()), ..chat(1) };
    let offer = Offer { note: Some("you know her".to_owned()), ..offer(2, OfferKind::Transfer) };
    if let State::Handling(handling) = &mut noted.state {
        handling.offer = Some(offer);
    }
    check_interaction("noted", &noted);
    let workspace = Workspace {
        outbound_queue: Some(QueueId(1)),
        from_addresses: vec!["support@demo.example".to_owned()],
        dispositions: vec![sold()],
        not_ready_reasons: Vec::new(),
        reason_names: BTreeMap::new(),
        settings: [("chat.nickname".to_owned(), "Jo".to_owned())].into(),
    };
    let told = Record::Center(Center { workspace, ..center(CenterId(1)) });
    check_record("workspace", 1, &told);
    let terms = ChatTerms { without_key: true, files: file_limits(), ..ChatTerms::default() };
    let open = Record::Service(Service { terms: ServiceTerms::Chat(terms), ..waiting_service(1) });
    check_record("keyless_service", 1, &open);
}

#[test]
fn a_user_whose_logins_were_ended_is_read_and_written() {
    let ended = Record::User(User { logins_ended: 2, ..user(1) });
    check_record("logged_out_user", 1, &ended);
}

/// Users of before have no password of their own beside the file's.
#[test]
fn a_user_with_a_password_of_their_own_is_read_and_written() {
    let own = Record::User(user(1).with_own_password("$argon2id$own".to_owned()));
    check_record("own_password", 1, &own);
}

/// Centers of before have no time zone of their own.
#[test]
fn a_time_zone_is_read_and_written() {
    let zoned = Center { time_zone: Some("Europe/Copenhagen".to_owned()), ..center(CenterId(1)) };
    check_record("zoned_center", 1, &Record::Center(zoned));
}

/// Desks and centers of before say nothing of missed offers.
#[test]
fn missed_offers_and_reasons_are_read_and_written() {
    let missing = Desk { missed_offers: 2, ..desk(1) };
    check_record("missing_desk", 2, &Record::Desk(missing.clone()));
    // Some of before do not say when their agents were last heard of.
    let heard = Record::Desk(Desk { last_heard: Some(BEGIN), ..missing });
    check_record("heard_desk", 2, &heard);
    let not_ready_reasons = vec!["Lunch".to_owned()];
    let workspace = Workspace { not_ready_reasons, ..Workspace::default() };
    let told = Center { workspace, missed_offers_to_not_ready: Some(0), ..center(CenterId(1)) };
    check_record("reasoned_center", 1, &Record::Center(told.clone()));
    // Those of before show the reasons themselves.
    let mut named = told;
    named.workspace.reason_names.insert("Lunch".to_owned(), "A long lunch".to_owned());
    check_record("named_reasons_center", 1, &Record::Center(named));
}

/// A mailbox's mark of before says nothing of what was skipped.
#[test]
fn a_mark_of_a_folder_whose_old_mail_was_skipped_is_read_and_written() {
    let mark = Record::MailboxMark(MailboxMark { skipped: Some((6, BEGIN)), ..mark(1) });
    check_record("skipping_mark", 1, &mark);
}

/// A mailbox's mark of before does not say of whose folder it is.
#[test]
fn a_mark_that_says_of_whose_folder_it_is_is_read_and_written() {
    let account = Some("support1@imap.example.com".to_owned());
    let mark = Record::MailboxMark(MailboxMark { account, ..mark(1) });
    check_record("mark_of_account", 1, &mark);
}

/// What came with e-mail is stored in the forms that there were, and nothing is written that an
/// e-mail of before does not have.
#[test]
fn letters_are_read_and_written() {
    for (name, sample) in [("letter", letter(1)), ("outgoing", outgoing(1))] {
        check_interaction(name, &sample);
    }
    let text = fixture("taken_in", 1);
    let event = taken_in(letter(1), BEGIN);
    let read =
        codec::event_of(BEGIN, codec::decode_event(1, &text).unwrap(), event.subject.clone());
    assert_eq!((codec::encode_event(&event).unwrap(), read), (text, event));
    let text = codec::encode_record(&Record::Queue(confirming_queue(1))).unwrap();
    assert_eq!(text, fixture("confirming_queue", 1));
    let read = codec::decode_record(Kind::Queue, 1, &text).unwrap();
    assert_eq!(read, Record::Queue(confirming_queue(1)));
}

/// What is stored before says nothing of what is owed.
#[test]
fn what_is_owed_is_read_and_written() {
    let said = |from, text: &str| Said { from, text: text.to_owned(), at: BEGIN.plus_ms(2_000) };
    let mut owed = chat(1);
    if let Some(chat) = owed.chat_mut() {
        let last = Some(said(Side::Customer, "Is it there?"));
        chat.exchange = Exchange { owed_since: Some(BEGIN.plus_ms(1_000)), last };
    }
    check_interaction("owed_chat", &owed);
    let mut answered = letter(1);
    if let Some(letter) = answered.email_mut() {
        letter.answered = Some(said(Side::Agent, "It is."));
    }
    check_interaction("answered_letter", &answered);
    let queue = Queue { answer_target_ms: Some(60_000), ..confirming_queue(1) };
    check_record("promising_queue", 1, &Record::Queue(queue));
}

/// A mail that was on its way out when there were no attempts yet is due since ever.
#[test]
fn what_was_sent_before_there_were_attempts_is_read() {
    let old =
        r#""state":{"Sending":{"by":"0000000000000000000000000000a001","since":1767960000000}}"#;
    let now = codec::encode_interaction(&outgoing(1)).unwrap();
    let (start, rest) = now.split_once("\"state\":").unwrap();
    let (_, end) = rest.split_once("}},").unwrap();
    let read = codec::decode_interaction(1, &format!("{start}{old},{end}")).unwrap();
    let expected =
        State::Sending { by: Some(user_id(1)), since: BEGIN, attempt: 0, due: Time(0), last: None };
    assert_eq!(read.state, expected);
}

#[test]
fn a_chat_with_everything_that_one_can_have_is_read_and_written() {
    check_interaction("live_chat", &live_chat(1));
    let text = fixture("named_entry", 1);
    let event = said(chat(1), BEGIN, vec![named_entry(1)], Vec::new());
    assert_eq!(codec::encode_event(&event).unwrap(), text);
    assert_eq!(
        codec::event_of(BEGIN, codec::decode_event(1, &text).unwrap(), event.subject.clone()),
        event
    );
}

/// What supervisors asked for was once kept where the owner's offers are.
#[test]
fn what_a_supervisor_asked_for_and_was_stored_as_an_offer_is_read_as_one() {
    let old = codec::decode_interaction(1, &fixture("seat_as_offer", 1)).unwrap();
    let kinds: Vec<OfferKind> = old.acceptable().map(|offer| offer.kind).collect();
    assert_eq!((kinds, old.supervision_offers().len()), (vec![OfferKind::Monitor], 0));
    assert!(old.slot_holders().eq([user_id(1)]), "it takes no slot");
}

#[test]
fn the_name_that_a_supervisor_asked_to_go_by_is_read_and_written() {
    let mut chat = live_chat(1);
    if let State::Handling(handling) = &mut chat.state {
        handling.supervision_offers[0].nickname = Some("Chief".to_owned());
    }
    check_interaction("named_offer", &chat);
}

#[test]
fn a_desk_whose_chats_are_followed_is_read_and_written() {
    check_record("supervised_desk", 2, &Record::Desk(supervised_desk(1)));
}

/// Desks of before say what an agent listened to on the one node, whose process has ended.
#[test]
fn what_an_agent_listened_to_before_there_were_nodes_is_read_as_of_one_that_is_dead() {
    let text = fixture("supervised_desk", 1);
    let desk = codec::decode_record(Kind::Desk, 1, &text).unwrap();
    let of_the_dead = (Incarnation(0), [Topic::Interactions, Topic::Chats].into());
    let reach = Reach([of_the_dead].into());
    assert_eq!(desk, Record::Desk(Desk { reach, ..supervised_desk(1) }));
    let nothing = text.replace(r#"["Interactions","Chats"]"#, "[]");
    let Record::Desk(desk) = codec::decode_record(Kind::Desk, 1, &nothing).unwrap() else {
        unreachable!()
    };
    assert_eq!(desk.reach, Reach::default());
}

#[test]
fn a_contact_of_whom_something_was_written_down_is_read_and_written() {
    let swept = FilesDirectory {
        generation: Some(7),
        said: vec!["a".to_owned(), "b".to_owned()],
        others: Some(BEGIN),
        ..files_directory()
    };
    check_record("swept_directory", 1, &Record::FilesDirectory(swept));
    check_record("known_contact", 1, &Record::Contact(known_contact(1)));
}

#[test]
fn transcripts_are_read_and_written() {
    let shown = shown(chat(1), BEGIN, every_content(), Vec::new());
    for form in 1..=codec::newest::TRANSCRIPT {
        for text in all("transcript", form) {
            let read = codec::decode_subject(SubjectKind::Transcript, form, &text).unwrap();
            assert_eq!(read, shown.subject);
        }
    }
    let text = written("transcript", SubjectKind::Transcript.newest());
    let Subject::Transcript { interaction, entries } = shown.subject else { unreachable!() };
    assert_eq!(codec::encode_transcript(&interaction, &entries).unwrap(), text);
}

#[test]
fn what_happened_to_desks_and_centers_is_read_and_written() {
    let of_desk = Event { facts: desk_facts(), ..desk_event(desk(1), BEGIN, Vec::new()) };
    let of_contact = ("contact_facts", contact_event(1, BEGIN));
    let of_center = ("center_facts", center_event(BEGIN));
    for (name, event) in [("desk_facts", of_desk), of_center, of_contact] {
        let text = fixture(name, 1);
        assert_eq!(codec::encode_event(&event).unwrap(), text, "{name}");
        let body = codec::decode_event(1, &text).unwrap();
        assert_eq!(codec::event_of(BEGIN, body, event.subject.clone()), event, "{name}");
    }
    let kept_its_age = Fact::Queued {
        queue: queue_id(1),
        skill: None,
        since: Some(BEGIN),
        front: true,
        skills: [(SkillId(7), 3)].into(),
        target_ms: None,
    };
    let mut promised = kept_its_age.clone();
    if let Fact::Queued { target_ms, .. } = &mut promised {
        *target_ms = Some(20_000);
    }
    let answered = Fact::DraftClosed { draft: interaction_id(1), answers: true };
    let kept = [("queued_facts", vec![kept_its_age]), ("promised_facts", vec![promised, answered])];
    for (name, facts) in kept {
        let event = Event { facts, ..center_event(BEGIN) };
        assert_eq!(codec::encode_event(&event).unwrap(), fixture(name, 1));
        let body = codec::decode_event(1, &fixture(name, 1)).unwrap();
        assert_eq!(body, codec::decode_event(1, &codec::encode_event(&event).unwrap()).unwrap());
    }
    let kind = SubjectKind::Center;
    let text = codec::encode_center_id(CENTER).unwrap();
    assert_eq!(text, fixture("center_id", 1));
    let read = codec::decode_subject(kind, kind.newest(), &text).unwrap();
    assert_eq!(read, Subject::Center(CENTER));
}

/// Who looked at what is no chat, and what they saw.
#[test]
fn marks_of_what_is_no_chat_are_read_and_written() {
    let look = Look { at: BEGIN, notes: 2, letter: Some(InteractionId(7)) };
    let looks = [(user_id(1), look), (user_id(2), Look { letter: None, ..look })].into();
    let seen = ChatMarks { looks, until: BEGIN, ..ChatMarks::of(InteractionId(8)) };
    check_record("looks", 1, &Record::ChatMarks(seen));
}

/// What was put aside before comes back by nobody but whoever takes it.
#[test]
fn what_comes_back_is_read_and_written() {
    let reminder = Some(Reminder { at: BEGIN.plus_ms(60_000), of: user_id(1) });
    let state = State::Parked { workbin: WorkbinId(1), mode: Mode::Processing, reminder };
    check_interaction("reminded", &Interaction { state, ..letter(1) });
}

/// What waits before it goes out, what was taken back, and what comes back by itself.
#[test]
fn what_was_held_is_read_and_written() {
    let facts = vec![
        Fact::SendHeld { until: BEGIN },
        Fact::SendCanceled,
        Fact::Parked { workbin: WorkbinId(1), until: Some(BEGIN) },
        Fact::Reminded { of: user_id(1) },
    ];
    let event = Event { facts, ..center_event(BEGIN) };
    assert_eq!(codec::encode_event(&event).unwrap(), fixture("held_facts", 1));
    let read = codec::decode_event(1, &fixture("held_facts", 1)).unwrap();
    assert_eq!(codec::event_of(BEGIN, read, event.subject.clone()), event);
}

#[test]
fn an_unknown_form_is_refused() {
    for form in [0, 3, i64::MAX] {
        let refused = codec::decode_record(Kind::Desk, form, &fixture("desks", 1)).unwrap_err();
        assert!(matches!(refused, codec::CodecError::UnknownForm { .. }), "{refused:?}");
    }
}

#[test]
fn numbers_of_user_data_survive_exactly() {
    use handoff_domain::Value;
    use proptest::prelude::*;
    proptest!(|(float in any::<f64>().prop_filter("JSON has no others", |f| f.is_finite()), integer in any::<u64>())| {
        let mut interaction = rich_interaction();
        interaction.user_data.0.insert("float".into(), Value::Float(float));
        interaction.user_data.0.insert("integer".into(), Value::Integer(integer.into()));
        let text = codec::encode_interaction(&interaction).unwrap();
        prop_assert_eq!(codec::decode_interaction(1, &text).unwrap(), interaction);
    });
}
