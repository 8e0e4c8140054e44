//! Finished work that is no longer kept: what goes, what stays, and what comes to it afterwards.

use handoff_domain::{
    Action, Attachment, Center, FileId, InteractionId, Letter, Media, Medium, State,
};
use handoff_engine::{RawMessage, Worker as _, contact_id};
use handoff_store::{
    ChangeSet, DraftVersions, FileRecord, Key, Kind, Put, Record, Store, SubjectKey, Versioned,
};

use crate::post_office::letter;
use crate::rig::{CENTER, KATE, Rig};

const EVE: &str = "eve@customer.example";
const DAY_MS: u32 = 24 * 60 * 60 * 1_000;
/// How long work is kept here, in days.
const KEPT: u32 = 5;

/// Has the center keep finished work of some media for [`KEPT`] days.
async fn keep(rig: &Rig, media: &[Media]) {
    let key = Key::Center(CENTER);
    let Some(Versioned { value: Record::Center(mut center), version: expected }) =
        rig.store.load_one(&key).await.unwrap()
    else {
        panic!("there is a center")
    };
    let kept = u64::from(KEPT * DAY_MS / 1_000) * 1_000;
    center.retention_ms = media.iter().map(|media| (media.clone(), kept)).collect();
    let puts = vec![Put { record: Record::Center(center), expected }];
    rig.store.commit(ChangeSet { puts, ..ChangeSet::default() }).await.unwrap();
}

fn chart() -> Attachment {
    Attachment {
        file: FileId(7),
        name: "chart.png".to_owned(),
        bytes: 3,
        content_type: "image/png".to_owned(),
        content_id: None,
        inline: false,
    }
}

async fn file(rig: &Rig, id: u128) -> FileRecord {
    match rig.store.load_one(&Key::File(FileId(id))).await.unwrap() {
        Some(Versioned { value: Record::File(file), .. }) => file,
        other => panic!("it has a record: {other:?}"),
    }
}

/// Writes a record over the present one, or a first one.
async fn write(rig: &Rig, record: Record) {
    let expected = rig.store.versions(&[record.key()]).await.unwrap()[0];
    let puts = vec![Put { record, expected }];
    rig.store.commit(ChangeSet { puts, ..ChangeSet::default() }).await.unwrap();
}

async fn completed(rig: &Rig) -> InteractionId {
    let id = rig.submit().await;
    rig.settle().await;
    rig.accept(KATE, id).await.unwrap();
    rig.act(KATE, id, Action::Complete { queue: None }).await.unwrap();
    id
}

async fn pass_days(rig: &Rig, days: u32) {
    rig.clock.advance_ms(days * DAY_MS);
    rig.engine.workers().sweeper().sweep().await.unwrap();
}

async fn removed(rig: &Rig) -> u64 {
    rig.engine.workers().retention().remove_old().await.unwrap()
}

async fn events(rig: &Rig, id: InteractionId) -> usize {
    rig.store.history(SubjectKey::Interaction(id), 0, 99).await.unwrap().items.len()
}

#[tokio::test]
async fn finished_work_goes_when_it_is_old_enough_and_nothing_else_does() {
    let rig = Rig::new().await;
    rig.bring_in(KATE).await;
    keep(&rig, &[Media::Workitem]).await;
    rig.engine.core().reload_directory().await.unwrap();
    let old = completed(&rig).await;
    pass_days(&rig, KEPT - 1).await;
    assert_eq!(removed(&rig).await, 0, "it is kept for {KEPT} days");
    rig.bring_in(KATE).await;
    let (younger, waiting) = (completed(&rig).await, rig.submit().await);
    pass_days(&rig, 2).await;
    assert_eq!(removed(&rig).await, 1);
    assert_eq!(rig.store.load_one(&Key::Interaction(old)).await.unwrap(), None);
    assert_eq!(rig.engine.core().interaction(old).await.unwrap(), None);
    assert_eq!(events(&rig, old).await, 0);
    assert!(events(&rig, younger).await > 0);
    pass_days(&rig, KEPT).await;
    assert_eq!(removed(&rig).await, 1, "the younger one, and not what waits");
    assert!(matches!(rig.stored(waiting).await.state, State::Queued(_)));
}

#[tokio::test]
async fn what_is_not_named_is_kept_and_a_changed_mind_counts_at_once() {
    let rig = Rig::new().await;
    rig.bring_in(KATE).await;
    keep(&rig, &[Media::Chat]).await;
    rig.engine.core().reload_directory().await.unwrap();
    let id = completed(&rig).await;
    pass_days(&rig, KEPT + 1).await;
    assert_eq!(removed(&rig).await, 0, "work items are not named");
    keep(&rig, &[Media::Workitem]).await;
    rig.engine.core().reload_directory().await.unwrap();
    // This node has not heard of it yet.
    keep(&rig, &[]).await;
    assert_eq!(removed(&rig).await, 0);
    assert!(events(&rig, id).await > 0);
    keep(&rig, &[Media::Workitem]).await;
    rig.engine.core().reload_directory().await.unwrap();
    assert_eq!(removed(&rig).await, 1, "the control");
}

#[tokio::test]
async fn what_the_log_still_has_stays() {
    let rig = Rig::new().await;
    rig.bring_in(KATE).await;
    keep(&rig, &[Media::Workitem]).await;
    rig.engine.core().reload_directory().await.unwrap();
    completed(&rig).await;
    rig.clock.advance_ms((KEPT + 1) * DAY_MS);
    assert_eq!(removed(&rig).await, 0, "nothing was swept");
    rig.engine.workers().sweeper().sweep().await.unwrap();
    assert_eq!(removed(&rig).await, 1, "the control");
}

#[tokio::test]
async fn a_letter_goes_with_its_files_and_neither_a_copy_nor_an_answer_is_lost() {
    let rig = Rig::with_mailbox(false).await;
    rig.bring_in_a_writer(KATE).await;
    keep(&rig, &[Media::Email]).await;
    rig.engine.core().reload_directory().await.unwrap();
    let mut new = rig.new_letter(letter(EVE, "first"));
    new.attachments = vec![chart()];
    new.raw = Some(RawMessage { file: FileId(8), bytes: 900 });
    let id = rig.engine.letters().take_in_letter(&new).await.unwrap().id;
    rig.settle().await;
    rig.accept(KATE, id).await.unwrap();
    rig.act(KATE, id, Action::Complete { queue: None }).await.unwrap();
    write(&rig, Record::DraftVersions(DraftVersions::of(id))).await;
    pass_days(&rig, KEPT + 1).await;
    assert_eq!(removed(&rig).await, 1);
    assert!(rig.store.list(Kind::DraftVersions, None, 9).await.unwrap().items.is_empty());
    for id in [7, 8] {
        let file = file(&rig, id).await;
        assert!(file.deleted.is_some() && file.name.is_empty(), "{file:?}");
    }

    let again = rig.engine.letters().take_in_letter(&new).await.unwrap();
    assert_eq!((again.id, again.is_new), (id, false));
    assert!(again.interaction.is_none());
    let answer = Letter { proven: vec![id], ..letter(EVE, "second") };
    let answer = rig.takes_in(answer).await.interaction;
    assert_eq!((answer.parent, answer.thread), (None, None));
    assert_eq!(answer.email().unwrap().attachments, []);
}

/// A letter with a file, which ended and is old enough.
async fn old_letter(rig: &Rig) -> InteractionId {
    rig.bring_in_a_writer(KATE).await;
    keep(rig, &[Media::Email]).await;
    rig.engine.core().reload_directory().await.unwrap();
    let mut new = rig.new_letter(letter(EVE, "first"));
    new.attachments = vec![chart()];
    let id = rig.engine.letters().take_in_letter(&new).await.unwrap().id;
    rig.settle().await;
    rig.accept(KATE, id).await.unwrap();
    rig.act(KATE, id, Action::Complete { queue: None }).await.unwrap();
    pass_days(rig, KEPT + 1).await;
    id
}

#[tokio::test]
async fn a_file_that_an_answer_has_as_well_goes_to_that() {
    let rig = Rig::with_mailbox(false).await;
    let old = old_letter(&rig).await;
    let answer = Letter { proven: vec![old], ..letter(EVE, "second") };
    let mut answer = (*rig.takes_in(answer).await.interaction).clone();
    if let Medium::Email(email) = &mut answer.medium {
        email.attachments = vec![chart()];
    }
    let heir = answer.id;
    write(&rig, Record::Interaction(answer)).await;
    assert_eq!(removed(&rig).await, 1);
    let kept = file(&rig, 7).await;
    assert_eq!((kept.interaction, kept.deleted, kept.name.as_str()), (heir, None, "chart.png"));
}

#[tokio::test]
async fn a_file_that_was_attached_to_another_thread_goes_to_that() {
    let rig = Rig::with_mailbox(false).await;
    old_letter(&rig).await;
    let mut elsewhere = (*rig.takes_in(letter(EVE, "elsewhere")).await.interaction).clone();
    if let Medium::Email(email) = &mut elsewhere.medium {
        email.attachments = vec![chart()];
    }
    let borrower = elsewhere.id;
    write(&rig, Record::Interaction(elsewhere)).await;
    let lent = FileRecord { also: [borrower].into(), ..file(&rig, 7).await };
    write(&rig, Record::File(lent)).await;
    assert_eq!(removed(&rig).await, 1);
    assert_eq!((file(&rig, 7).await.interaction, file(&rig, 7).await.deleted), (borrower, None));
}

#[tokio::test]
async fn what_belongs_to_another_is_left_alone() {
    let rig = Rig::with_mailbox(false).await;
    old_letter(&rig).await;
    let others = FileRecord { interaction: InteractionId(5), ..file(&rig, 7).await };
    write(&rig, Record::File(others.clone())).await;
    assert_eq!(removed(&rig).await, 1);
    assert_eq!(file(&rig, 7).await, others);
}

#[tokio::test]
async fn a_contact_goes_when_nothing_of_theirs_is_left_and_nobody_has_heard_of_them() {
    let rig = Rig::with_mailbox(false).await;
    let contacts = Media::from_name(Center::CONTACTS);
    let contact = Key::Contact(contact_id(CENTER, EVE));
    old_letter(&rig).await;
    let removed_contacts =
        async || rig.engine.workers().retention().remove_old_contacts().await.unwrap();
    assert_eq!(removed_contacts().await, 0, "they are kept for good");
    keep(&rig, &[Media::Email, contacts]).await;
    rig.engine.core().reload_directory().await.unwrap();
    assert_eq!(removed_contacts().await, 0, "there is a letter of theirs");
    assert_eq!(removed(&rig).await, 1);
    rig.takes_in(letter("ben@customer.example", "young")).await;
    assert_eq!(removed_contacts().await, 1);
    assert_eq!(rig.store.load_one(&contact).await.unwrap(), None);
    let left = rig.store.list(Kind::Contact, None, 9).await.unwrap().items;
    assert_eq!(left.len(), 1, "the other wrote just now");
}

#[tokio::test]
async fn nothing_is_removed_in_the_first_hour_and_everything_is_looked_at_once_a_day() {
    let rig = Rig::new().await;
    rig.bring_in(KATE).await;
    keep(&rig, &[Media::Workitem]).await;
    rig.engine.core().reload_directory().await.unwrap();
    let old = completed(&rig).await;
    pass_days(&rig, KEPT + 1).await;
    let rig = rig.restarted().await;
    let retention = rig.engine.workers().retention();
    retention.round().await.unwrap();
    assert!(events(&rig, old).await > 0, "the node was just started");
    rig.clock.advance_ms(60 * 60 * 1_000);
    retention.round().await.unwrap();
    assert_eq!(events(&rig, old).await, 0);
}
