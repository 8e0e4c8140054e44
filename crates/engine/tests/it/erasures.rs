//! The erasure of a contact: what goes, what stays, and that it ends whatever is killed when.

use std::collections::BTreeSet;

use handoff_domain::{
    Action, Attachment, Content, CustomerAction, DraftVersion, Email, FileId, Interaction,
    InteractionId, LeaveReason, Medium, Time, TreatAs, UserData, Utterance, Value, Visibility,
};
use handoff_engine::{NotErased, RawMessage, WishToErase, contact_id};
use handoff_store::{
    AuditAction, AuditEntry, AuditSource, AuditTool, ChangeSet, DraftVersions, Erasure,
    ErasureReceipt, FileRecord, FileSender, Key, Kind, Put, Receipt, Record, Removal, Store,
    SubjectKey,
};

use crate::post_office::letter;
use crate::rig::{CENTER, Fault, KATE, Rig};

const EVE: &str = "eve-canary@customer.example";
/// What nobody may find afterwards, wherever it was.
const WORDS: &str = "canary";
const DAY_MS: u32 = 24 * 60 * 60 * 1_000;

fn contact() -> String {
    contact_id(CENTER, EVE).to_string()
}

fn wish() -> WishToErase {
    WishToErase {
        center: CENTER,
        contact: contact(),
        source: AuditSource::operator(AuditTool::Request),
        receipt: None,
    }
}

fn file(id: u128) -> Attachment {
    Attachment {
        file: FileId(id),
        name: "canary.png".to_owned(),
        bytes: 3,
        content_type: "image/png".to_owned(),
        content_id: None,
        inline: false,
    }
}

fn canary_said() -> CustomerAction {
    let text = "canary in a chat".to_owned();
    let content = Content::Text { text, message_type: None, treat_as: TreatAs::Normal };
    CustomerAction::Say(Utterance { content, visibility: Visibility::All, message_id: None })
}

/// Two letters with a file each and a chat, all of one contact and all over; and what another
/// wrote, which stays. Returns the interactions.
async fn exchanged(rig: &Rig) -> Vec<InteractionId> {
    rig.bring_in_a_writer(KATE).await;
    let mut all = Vec::new();
    for (name, id) in [("canary-1", 7), ("canary-2", 9)] {
        let mut written = letter(EVE, name);
        written.text = "canary in a letter".to_owned();
        let mut new = rig.new_letter(written);
        new.attachments = vec![file(id)];
        new.raw = Some(RawMessage { file: FileId(id + 1), bytes: 900 });
        all.push(rig.engine.letters().take_in_letter(&new).await.unwrap().id);
        rig.settle().await;
        let id = *all.last().unwrap();
        rig.accept(KATE, id).await.unwrap();
        rig.act(KATE, id, Action::Complete { queue: None }).await.unwrap();
    }
    let mut chat = rig.new_chat(None);
    chat.nickname = "canary".to_owned();
    chat.user_data = UserData([("EmailAddress".to_owned(), Value::Text(EVE.to_owned()))].into());
    let conversations = rig.engine.conversations();
    let chat = conversations.request_chat(chat).await.unwrap().interaction.id;
    conversations.customer_does(chat, canary_said(), None, Vec::new()).await.unwrap();
    let leave = CustomerAction::Leave { reason: LeaveReason::Itself };
    conversations.customer_does(chat, leave, None, Vec::new()).await.unwrap();
    all.push(chat);
    let email = Email { body: "canary in a draft".to_owned(), ..Email::default() };
    let mut texts = DraftVersions::of(all[0]);
    texts.add(DraftVersion { number: 0, by: KATE, at: Time(0), subject: None, email });
    let puts = vec![Put { record: Record::DraftVersions(texts), expected: 0 }];
    rig.store.commit(ChangeSet { puts, ..ChangeSet::default() }).await.unwrap();
    rig.takes_in(letter("ben@customer.example", "other")).await;
    all
}

/// Returns whatever the store has, as text.
async fn everything(rig: &Rig, all: &[InteractionId]) -> String {
    let mut text = String::new();
    for kind in Kind::ALL {
        text += &format!("{:?}", rig.store.list(*kind, None, 1_000).await.unwrap().items);
    }
    for id in all {
        let subject = SubjectKey::Interaction(*id);
        text += &format!("{:?}", rig.store.history(subject, 0, 1_000).await.unwrap().items);
    }
    let owner = handoff_domain::Owner::User(KATE);
    text += &format!("{:?}", rig.store.stream(owner, 0, 1_000).await.unwrap().items);
    let floor = rig.store.log_end().await.unwrap().floor;
    text += &format!("{:?}", rig.store.log_after(floor, 10_000).await.unwrap().items);
    for scope in [format!("mail/{CENTER}"), format!("message-id/{CENTER}")] {
        text += &format!("{:?}", rig.store.receipts_beginning(&scope, "", 99).await.unwrap());
    }
    text
}

async fn receipts(rig: &Rig) -> Vec<ErasureReceipt> {
    let all = rig.store.list(Kind::AuditEntry, None, 99).await.unwrap().items;
    let receipt = |record| match record {
        Record::AuditEntry(AuditEntry { action: AuditAction::Erased, receipt, .. }) => receipt,
        _ => None,
    };
    all.into_iter().filter_map(|found| receipt(found.value)).collect()
}

fn counts(receipt: &ErasureReceipt) -> serde_json::Value {
    serde_json::from_str::<serde_json::Value>(&receipt.text).unwrap()["counts"].take()
}

#[tokio::test]
async fn every_word_of_a_contact_goes_and_skeletons_stay() {
    let rig = Rig::with_mailbox(false).await;
    let all = exchanged(&rig).await;
    let erasures = rig.engine.erasures();
    assert!(everything(&rig, &all).await.contains(WORDS), "the control");
    let weighed = erasures.weigh(CENTER, &contact()).await.unwrap().unwrap();
    let before = everything(&rig, &all).await;
    let census = rig.store.census(CENTER).await.unwrap();

    erasures.ask(&wish()).await.unwrap();
    assert_eq!(erasures.go_on().await.unwrap(), 1);
    let after = everything(&rig, &all).await;
    let at = after.find(WORDS).map(|at| &after[at.saturating_sub(300)..at + 60]);
    assert_eq!(at, None);
    assert!(before.contains("ben@customer.example") && after.contains("ben@customer.example"));
    assert_eq!(rig.store.census(CENTER).await.unwrap(), census, "nothing is lost");
    for id in &all {
        let stored = rig.stored(*id).await;
        assert!(stored.is_ended() && stored.contact.is_none() && stored.subject.is_none());
    }

    let [receipt] = &receipts(&rig).await[..] else { panic!("there is one receipt") };
    let told = counts(receipt);
    for (name, count) in weighed.counts.named() {
        assert_eq!(told[&name], count, "{name}");
    }
    assert_eq!((&told["interactions"], &told["files"]), (&3.into(), &4.into()));
    assert!(told["messages"].as_u64() > Some(0) && told["receipts"].as_u64() > Some(3), "{told}");
    assert!(rig.engine.core().is_genuine(receipt).await.unwrap());
    let text = receipt.text.replace("\"files\":4", "\"files\":5");
    let forged = ErasureReceipt { text, ..receipt.clone() };
    assert!(!rig.engine.core().is_genuine(&forged).await.unwrap());

    // What comes afterwards is of a new contact, who can be erased as well.
    let new = rig.takes_in(letter(EVE, "later")).await.interaction;
    assert_eq!(new.contact, Some(contact()));
    let refused = erasures.ask(&wish()).await.unwrap_err();
    assert!(matches!(refused, NotErased::Open(open) if open == [new.id]));
}

#[tokio::test]
async fn nobody_is_erased_who_is_not_known_or_waits_for_an_answer() {
    let rig = Rig::with_mailbox(false).await;
    let erasures = rig.engine.erasures();
    assert!(erasures.weigh(CENTER, &contact()).await.unwrap().is_none());
    assert!(matches!(erasures.ask(&wish()).await.unwrap_err(), NotErased::Unknown));
    let open = rig.takes_in(letter(EVE, "first")).await.interaction.id;
    assert_eq!(erasures.weigh(CENTER, &contact()).await.unwrap().unwrap().open, [open]);
    let refused = erasures.ask(&wish()).await.unwrap_err();
    assert!(matches!(refused, NotErased::Open(named) if named == [open]));
    assert!(rig.store.list(Kind::Erasure, None, 9).await.unwrap().items.is_empty());
    assert!(rig.stored(open).await.subject.is_some());
}

#[tokio::test]
async fn each_spelling_of_an_id_is_the_same_contact() {
    let rig = Rig::with_mailbox(false).await;
    let open = rig.takes_in(letter(EVE, "first")).await.interaction.id;
    let erasures = rig.engine.erasures();
    let plain = contact();
    let hyphenated = handoff_domain::UserId(contact_id(CENTER, EVE).0).to_string();
    for contact in [plain.to_uppercase(), hyphenated.to_uppercase(), hyphenated, plain] {
        let weighed = erasures.weigh(CENTER, &contact).await.unwrap().unwrap();
        assert_eq!((weighed.open, weighed.counts.interactions), (vec![open], 1), "{contact}");
        let refused = erasures.ask(&WishToErase { contact, ..wish() }).await.unwrap_err();
        assert!(matches!(refused, NotErased::Open(named) if named == [open]));
    }
    let rig = Rig::with_mailbox(false).await;
    let all = exchanged(&rig).await;
    let contact = contact().to_uppercase();
    let erasures = rig.engine.erasures();
    erasures.ask(&WishToErase { contact: contact.clone(), ..wish() }).await.unwrap();
    assert!(erasures.running(CENTER, &contact).await.unwrap().is_some());
    assert_eq!(erasures.go_on().await.unwrap(), 1);
    assert!(!everything(&rig, &all).await.contains(WORDS));
}

/// Changes an interaction as somebody may who was late.
async fn changed(rig: &Rig, id: InteractionId, change: impl FnOnce(&mut Interaction)) {
    let found = rig.store.load_one(&Key::Interaction(id)).await.unwrap().unwrap();
    let Record::Interaction(mut interaction) = found.value else { unreachable!() };
    change(&mut interaction);
    let put = Put { record: Record::Interaction(interaction), expected: found.version };
    rig.store.commit(ChangeSet { puts: vec![put], ..ChangeSet::default() }).await.unwrap();
}

#[tokio::test]
async fn an_erasure_ends_when_nothing_of_theirs_is_left() {
    let rig = Rig::with_mailbox(false).await;
    let late = rig.takes_in(letter("ben@customer.example", "early")).await.interaction.id;
    let all = exchanged(&rig).await;
    rig.engine.erasures().ask(&wish()).await.unwrap();
    changed(&rig, late, |late| late.contact = Some(contact())).await;
    assert_eq!(rig.engine.erasures().go_on().await.unwrap(), 0, "it is not over");
    assert!(receipts(&rig).await.is_empty());
    let over = rig.stored(all[0]).await.state;
    changed(&rig, late, |late| late.state = over).await;
    assert_eq!(rig.engine.erasures().go_on().await.unwrap(), 1);
    assert_eq!(counts(&receipts(&rig).await[0])["interactions"], 4);
}

#[tokio::test]
async fn nothing_is_said_to_be_erased_that_cannot_be_read() {
    let rig = Rig::with_mailbox(false).await;
    let all = exchanged(&rig).await;
    let erasures = rig.engine.erasures();
    erasures.ask(&wish()).await.unwrap();
    rig.store.make_unreadable(Key::Interaction(all[1]));
    assert_eq!(erasures.go_on().await.unwrap(), 0);
    assert!(receipts(&rig).await.is_empty());
    assert!(erasures.running(CENTER, &contact()).await.unwrap().is_some(), "it goes on later");

    let rig = Rig::with_mailbox(false).await;
    let all = exchanged(&rig).await;
    rig.store.make_unreadable(Key::Interaction(all[1]));
    let refused = rig.engine.erasures().ask(&wish()).await.unwrap_err();
    assert!(matches!(refused, NotErased::Store(error) if error.is_unreadable()));
}

/// What was deleted before lies in the trash, and what many have may be others' as well: nothing
/// of either stays.
#[tokio::test]
async fn files_in_the_trash_and_those_of_many_are_erased() {
    let rig = Rig::with_mailbox(false).await;
    let all = exchanged(&rig).await;
    let record = |id: u128, deleted| FileRecord {
        id: FileId(id),
        interaction: all[0],
        name: format!("canary-{id}.png"),
        bytes: 3,
        content_type: "image/png".to_owned(),
        by: FileSender::Customer,
        at: rig.engine.core().now(),
        deleted,
        also: BTreeSet::new(),
        erased: false,
    };
    let also = (0..).map(|n| InteractionId::compose(1, n)).take(FileRecord::ALSO_MAX).collect();
    let deleted = Some(rig.engine.core().now());
    let files = [record(71, deleted), FileRecord { also, ..record(72, None) }];
    changed(&rig, all[0], |letter| {
        let Medium::Email(email) = &mut letter.medium else { unreachable!() };
        email.attachments.extend([file(71), file(72)]);
    })
    .await;
    for file in files {
        let found = rig.store.load_one(&Key::File(file.id)).await.unwrap();
        assert!(found.is_none());
        let put = Put { record: Record::File(file), expected: 0 };
        rig.store.commit(ChangeSet { puts: vec![put], ..ChangeSet::default() }).await.unwrap();
    }
    rig.engine.erasures().ask(&wish()).await.unwrap();
    assert_eq!(rig.engine.erasures().go_on().await.unwrap(), 1);
    for id in [71, 72] {
        let found = rig.store.load_one(&Key::File(FileId(id))).await.unwrap().unwrap().value;
        let Record::File(file) = found else { unreachable!() };
        assert!(file.erased && file.deleted.is_some() && file.name.is_empty(), "{file:?}");
    }
}

/// Each letter with a Message-ID leaves a receipt, and there may be many of one.
#[tokio::test]
async fn more_receipts_than_are_read_at_once_are_forgotten() {
    let rig = Rig::with_mailbox(false).await;
    let all = exchanged(&rig).await;
    let message_id = rig.stored(all[0]).await.email().unwrap().message_id.clone().unwrap();
    let scope = format!("mail/{CENTER}");
    let before = rig.store.receipts_beginning(&scope, "", 999).await.unwrap().len();
    let receipts = (0..250).map(|n| Receipt {
        scope: scope.clone(),
        key: format!("{message_id} {n:04}"),
        fingerprint: String::new(),
        answer: all[0].to_string(),
        expires: None,
    });
    let change = ChangeSet { receipts: receipts.collect(), ..ChangeSet::default() };
    rig.store.commit(change).await.unwrap();
    rig.engine.erasures().ask(&wish()).await.unwrap();
    assert_eq!(rig.engine.erasures().go_on().await.unwrap(), 1);
    let left = rig.store.receipts_beginning(&scope, "", 999).await.unwrap();
    assert_eq!(left.len(), before - 2, "what is left is of others: {left:?}");
}

/// The control: the first commit of the round is the one that fails.
#[tokio::test]
async fn an_erasure_that_fails_keeps_no_other_from_its_end() {
    let rig = Rig::with_mailbox(false).await;
    let all = exchanged(&rig).await;
    changed(&rig, all[2], |other| other.contact = Some("another".to_owned())).await;
    let erasures = rig.engine.erasures();
    erasures.ask(&wish()).await.unwrap();
    erasures.ask(&WishToErase { contact: "another".to_owned(), ..wish() }).await.unwrap();
    rig.store.fail_after(0, Fault::BeforeCommit);
    assert!(erasures.go_on().await.is_err());
    assert_eq!(receipts(&rig).await.len(), 1, "the other is over");
    assert_eq!(erasures.go_on().await.unwrap(), 1);
    assert!(!everything(&rig, &all).await.contains(WORDS));
}

/// What a kill is followed by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Afterwards {
    GoesOn,
    /// The control: the note of what is to be done is lost.
    Forgets,
}

/// Erases everything, with a kill at one commit; returns whether that came, and what is told and
/// found afterwards.
async fn killed(commit: usize, fault: Fault, afterwards: Afterwards) -> (bool, String, bool) {
    let rig = Rig::with_mailbox(false).await;
    let all = exchanged(&rig).await;
    rig.engine.erasures().ask(&wish()).await.unwrap();
    let fired = rig.store.fired();
    rig.store.fail_after(commit, fault);
    let _ = rig.engine.erasures().go_on().await;
    let is_killed = rig.store.fired() > fired;
    let rig = if is_killed { rig.restarted().await } else { rig };
    let key = Erasure::key_of(CENTER, &contact());
    let version = rig.store.versions(std::slice::from_ref(&key)).await.unwrap()[0];
    if afterwards == Afterwards::Forgets && version > 0 {
        let removals = vec![Removal { key, version }];
        rig.store.commit(ChangeSet { removals, ..ChangeSet::default() }).await.unwrap();
    }
    while rig.engine.erasures().go_on().await.unwrap() > 0 {}
    let told = receipts(&rig).await.iter().map(|it| counts(it).to_string()).collect();
    (is_killed, told, everything(&rig, &all).await.contains(WORDS))
}

#[tokio::test]
async fn an_erasure_that_is_killed_at_any_step_goes_on_and_counts_nothing_twice() {
    let (_, expected, is_left) = killed(1_000, Fault::BeforeCommit, Afterwards::GoesOn).await;
    assert!(!expected.is_empty() && !is_left);
    for fault in [Fault::BeforeCommit, Fault::AfterCommit] {
        let mut steps = 0;
        loop {
            let (is_killed, told, is_left) = killed(steps, fault, Afterwards::GoesOn).await;
            assert_eq!((&told, is_left), (&expected, false), "after {steps} commits, {fault:?}");
            if !is_killed {
                break;
            }
            steps += 1;
        }
        assert!(steps >= 4, "three interactions and the end: {steps}");
    }
    let (is_killed, told, is_left) = killed(1, Fault::BeforeCommit, Afterwards::Forgets).await;
    assert!(is_killed && told.is_empty() && is_left, "the control");
}

#[tokio::test]
async fn of_two_nodes_that_erase_at_once_one_counts_each_interaction() {
    let rig = Rig::with_mailbox(false).await;
    exchanged(&rig).await;
    let other = rig.beside().await;
    rig.engine.erasures().ask(&wish()).await.unwrap();
    let (here, there) =
        tokio::join!(rig.engine.erasures().go_on(), other.engine.erasures().go_on());
    let mut over = here.unwrap() + there.unwrap();
    over += rig.engine.erasures().go_on().await.unwrap();
    assert_eq!(over, 1);
    let [receipt] = &receipts(&rig).await[..] else { panic!("there is one receipt") };
    assert_eq!(counts(receipt)["interactions"], 3);
}

/// What the log has no more is erased as well, and the skeleton goes when it is old enough.
#[tokio::test]
async fn what_is_older_than_the_log_is_erased() {
    let rig = Rig::with_mailbox(false).await;
    let all = exchanged(&rig).await;
    rig.clock.advance_ms(2 * DAY_MS);
    rig.engine.workers().sweeper().sweep().await.unwrap();
    rig.engine.erasures().ask(&wish()).await.unwrap();
    assert_eq!(rig.engine.erasures().go_on().await.unwrap(), 1);
    assert!(!everything(&rig, &all).await.contains(WORDS));
    let [receipt] = &receipts(&rig).await[..] else { panic!("there is one receipt") };
    assert_eq!(counts(receipt)["logEntries"], 0);
    assert_eq!(rig.store.load_one(&Key::Contact(contact_id(CENTER, EVE))).await.unwrap(), None);
}
