//! Threads: splitting and joining, and what drafts know of them.

use handoff_domain::command::{Action, DraftKind, Named};
use handoff_domain::event::{Fact, NotificationType};
use handoff_domain::id::{FileId, InteractionId};
use handoff_domain::media::Media;
use handoff_domain::rejection::Rejection;
use handoff_domain::{Threading, invariants};

use crate::floor::{Floor, SUPERVISOR};
use crate::support::{ANN, reply};
use crate::table::post::file;

/// Opens two letters, the second later and owned.
fn two_letters() -> (Floor, InteractionId, InteractionId) {
    let mut floor = Floor::new();
    let earlier = floor.open(&Media::Email);
    floor.now = floor.now.plus_ms(1_000);
    let later = floor.owned(&Media::Email);
    (floor, earlier, later)
}

fn join(parent: InteractionId) -> Action {
    Action::Join { parent: Named::Known(parent) }
}

fn drafts(kind: DraftKind) -> Action {
    let Action::CreateDraft(draft) = reply() else { panic!("a reply makes a draft") };
    Action::CreateDraft(Box::new(handoff_domain::command::Draft { kind, ..*draft }))
}

#[test]
fn an_owner_joins_a_letter_to_an_earlier_one_and_splits_it_off_again() {
    let (mut floor, earlier, later) = two_letters();
    let joined = floor.does(ANN, later, join(earlier));
    assert_eq!((joined.after.parent, joined.after.thread), (Some(earlier), Some(earlier)));
    let expected = Fact::Threaded { parent: Some(earlier), how: Threading::Joined };
    assert_eq!(joined.events[0].facts, [expected]);
    assert_eq!(joined.events[0].notices[0].kind, NotificationType::PropertiesUpdated);
    let split = floor.does(ANN, later, Action::Split);
    assert_eq!((split.after.parent, split.after.thread), (None, None));
    assert_eq!(split.events[0].facts, [Fact::Threaded { parent: None, how: Threading::Split }]);
    assert_eq!(split.after.epoch, joined.after.epoch, "it moved in its thread and nowhere else");
}

#[test]
fn a_supervisor_joins_what_waits() {
    let (mut floor, earlier, _) = two_letters();
    let waiting = floor.open(&Media::Email);
    assert_eq!(floor.tries(ANN, waiting, join(earlier)), Err(Rejection::NotOwner));
    assert_eq!(floor.does(SUPERVISOR, waiting, join(earlier)).after.parent, Some(earlier));
}

#[test]
fn no_circle_can_be_made() {
    let (mut floor, earlier, later) = two_letters();
    floor.does(ANN, later, join(earlier));
    for (child, parent) in [(earlier, later), (later, later), (earlier, earlier)] {
        assert_eq!(floor.tries(SUPERVISOR, child, join(parent)), Err(Rejection::NotEarlier));
    }
}

#[test]
fn a_reply_names_what_it_answers_and_a_forwarded_letter_has_its_files() {
    let (mut floor, earlier, later) = two_letters();
    floor.does(ANN, later, join(earlier));
    let email =
        floor.interactions.get_mut(&later).and_then(|it| it.email_mut()).expect("an e-mail");
    email.message_id = Some("2@customer.example".to_string());
    email.answers = vec!["1@customer.example".to_string()];
    email.mailbox = Some("sales@ours.example".to_string());
    email.attachments = vec![file(9)];
    for (kind, answers, files) in [
        (DraftKind::Reply, &["2@customer.example", "1@customer.example"][..], 0),
        (DraftKind::ReplyAll, &["2@customer.example", "1@customer.example"][..], 0),
        (DraftKind::Forward, &[][..], 1),
    ] {
        let decision = floor.does(ANN, later, drafts(kind));
        let draft = &decision.related[0];
        let email = draft.email().expect("an e-mail");
        assert_eq!((draft.thread, draft.parent), (Some(earlier), Some(later)), "{kind:?}");
        assert_eq!(email.answers, answers, "{kind:?}");
        assert_eq!(email.attachments.len(), files, "{kind:?}");
        assert_eq!(
            (email.base, email.mailbox.as_deref()),
            (Some(later), Some("sales@ours.example"))
        );
        assert_eq!((email.message_id.as_ref(), email.raw), (None, None));
    }
    invariants::check(&floor.snapshot()).expect("the invariants hold");
}

#[test]
fn files_are_attached_once_and_bounded() {
    let mut floor = Floor::new();
    let (_, draft) = floor.answered();
    let added = floor.does(ANN, draft, Action::AddAttachment(file(3)));
    assert_eq!(added.events[0].notices[0].kind, NotificationType::AttachmentAdded);
    let again = floor.does(ANN, draft, Action::AddAttachment(file(5)));
    let attachments = again.after.email().cloned().expect("an e-mail").attachments;
    assert_eq!(attachments.iter().map(|one| one.bytes).collect::<Vec<_>>(), [5]);
    let most = handoff_domain::Attachment::FILES_MAX;
    for number in 1..most {
        let one = handoff_domain::Attachment { file: FileId(100 + number as u128), ..file(1) };
        floor.does(ANN, draft, Action::AddAttachment(one));
    }
    let one_more = handoff_domain::Attachment { file: FileId(1), ..file(1) };
    let refusal = floor.tries(ANN, draft, Action::AddAttachment(one_more));
    assert_eq!(refusal, Err(Rejection::AttachmentBounds { part: "files", most: 100 }));
    let removed = floor.does(ANN, draft, Action::RemoveAttachment(file(1).file));
    assert_eq!(removed.events[0].notices[0].kind, NotificationType::AttachmentRemoved);
    assert_eq!(removed.after.email().cloned().expect("an e-mail").attachments.len(), most - 1);
}
