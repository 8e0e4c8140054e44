//! The erasure of a contact: what goes, what stays, and that it ends whatever is killed when.

use handoff_domain::{
    Action, Attachment, Content, CustomerAction, FileId, InteractionId, LeaveReason, TreatAs,
    UserData, Utterance, Value, Visibility,
};
use handoff_engine::{NotErased, RawMessage, WishToErase, contact_id};
use handoff_store::{
    AuditAction, AuditEntry, AuditSource, AuditTool, ChangeSet, Erasure, ErasureReceipt, Key, Kind,
    Record, Removal, Store, SubjectKey,
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
