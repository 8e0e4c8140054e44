//! What the tests of e-mail share: a contact center with a mailbox, letters, and a post that does
//! as it is told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use handoff_domain::command::{Draft, DraftKind};
use handoff_domain::{
    Acknowledgement, Action, Address, CenterId, Email, Interaction, InteractionId, Letter, Media,
    Named, Queue, QueueId, UserData, UserId,
};
use handoff_engine::{Done, Mailboxes, NewLetter, Post, Posted};
use handoff_store::{ChangeSet, InteractionQuery, InteractionScope, Put, Record, Store};

use handoff_testkit::Received;

use crate::rig::{CENTER, KATE, Rig, center, noon, queue};

pub(crate) const MAILBOX: &str = "support@demo.example";
const LETTERS: QueueId = QueueId(0x52);

/// The contact center's one address.
pub(crate) struct OneMailbox;

impl Mailboxes for OneMailbox {
    fn is_ours(&self, center: CenterId, address: &str) -> bool {
        center == CENTER && address.to_lowercase().contains(MAILBOX)
    }

    fn default_sender(&self, center: CenterId) -> Option<String> {
        (center == CENTER).then(|| MAILBOX.to_owned())
    }

    fn message_id(&self, interaction: InteractionId, sends: u32, _sender: &str) -> String {
        format!("{interaction}.{sends}@demo.example")
    }
}

/// What a post is told to do with the next mail.
#[derive(Clone, Debug)]
pub(crate) enum Instruction {
    Say(Posted),
    /// To panic.
    Die,
    /// To take the mail and then not to come back.
    Hang,
}

/// A post that does as it is told, and says that it sent everything when nothing is left of that.
#[derive(Default)]
pub(crate) struct Script {
    told: Mutex<VecDeque<Instruction>>,
    given: Mutex<Vec<Interaction>>,
}

impl Script {
    pub(crate) fn new(told: impl IntoIterator<Item = Instruction>) -> Arc<Self> {
        Arc::new(Self { told: Mutex::new(told.into_iter().collect()), given: Mutex::default() })
    }

    /// Returns the `Message-ID`s of the mails that it was given, in order.
    pub(crate) fn given(&self) -> Vec<String> {
        let given = self.given.lock().unwrap();
        given.iter().map(|mail| mail.email().cloned().unwrap().message_id.unwrap()).collect()
    }

    /// Returns the subjects of the mails that it was given, in order.
    pub(crate) fn subjects(&self) -> Vec<String> {
        let given = self.given.lock().unwrap();
        given.iter().map(|mail| mail.subject.clone().unwrap()).collect()
    }
}

#[async_trait]
impl Post for Script {
    async fn post(&self, mail: &Interaction) -> Posted {
        self.given.lock().unwrap().push(mail.clone());
        // Others get their turn while this one is under way.
        tokio::task::yield_now().await;
        let told = self.told.lock().unwrap().pop_front();
        match told {
            Some(Instruction::Say(posted)) => posted,
            Some(Instruction::Die) => panic!("the post dies, as it was told"),
            Some(Instruction::Hang) => std::future::pending().await,
            None => Posted::Sent { reply: "250 taken".to_owned() },
        }
    }
}

pub(crate) fn letter_queue(acknowledge: bool) -> Queue {
    let words = Acknowledgement {
        subject: "We have it".to_owned(),
        text: "You will hear from us.".to_owned(),
    };
    Queue {
        id: LETTERS,
        name: "letters".into(),
        media: Media::Email,
        acknowledge: acknowledge.then_some(words),
        ..queue()
    }
}

/// Returns a letter of somebody, whose `Message-ID` is `name`.
pub(crate) fn letter(from: &str, name: &str) -> Letter {
    Letter {
        message_id: Some(format!("{name}@customer.example")),
        from: Some(Address { address: from.to_owned(), name: Some("Eve".to_owned()) }),
        to: vec![Address { address: MAILBOX.to_owned(), name: None }],
        subject: Some("An order".to_owned()),
        text: "Where is it?".to_owned(),
        body_hash: format!("hash of {name}"),
        ..Letter::default()
    }
}

impl Rig {
    /// A contact center whose letters are confirmed or not.
    pub(crate) async fn with_mailbox(acknowledge: bool) -> Self {
        Self::with_post(acknowledge, None).await
    }

    /// A contact center with letters, and with somebody who sends them.
    pub(crate) async fn with_post(acknowledge: bool, post: Option<Arc<dyn Post>>) -> Self {
        let store = center().await;
        let puts = vec![Put { record: Record::Queue(letter_queue(acknowledge)), expected: 0 }];
        store.commit(ChangeSet { puts, ..ChangeSet::default() }).await.unwrap();
        Self::with_mail(store, noon(), Some(Arc::new(OneMailbox)), post).await
    }

    pub(crate) fn new_letter(&self, letter: Letter) -> NewLetter {
        let queue = self.engine.core().directory().queues[&LETTERS].clone();
        let raw_hash = format!("raw {}", letter.text);
        NewLetter {
            center: CENTER,
            mailbox: MAILBOX.to_owned(),
            queue,
            letter,
            attachments: Vec::new(),
            raw: None,
            raw_hash,
            user_data: UserData::default(),
        }
    }

    /// Returns a letter to another contact center.
    pub(crate) async fn foreign_letter(&self, letter: Letter) -> NewLetter {
        let mut new = self.new_letter(letter);
        new.center = CenterId(2);
        let queue = Queue { id: QueueId(0x99), center: new.center, ..Queue::clone(&new.queue) };
        let put = Put { record: Record::Queue(queue.clone()), expected: 0 };
        self.store.commit(ChangeSet { puts: vec![put], ..ChangeSet::default() }).await.unwrap();
        self.engine.core().reload_directory().await.unwrap();
        new.queue = Arc::new(queue);
        new
    }

    pub(crate) async fn takes_in(&self, letter: Letter) -> Received {
        self.clock.advance_ms(1);
        self.engine.letters().take_in_letter(&self.new_letter(letter)).await.unwrap().into()
    }

    /// Returns everything that is on its way out.
    pub(crate) async fn outgoing(&self) -> Vec<Interaction> {
        let page = self
            .store
            .interactions(&InteractionQuery::of(InteractionScope::Sending, 999))
            .await
            .unwrap();
        page.items.into_iter().map(|found| found.value).collect()
    }

    /// Brings an agent in who works on e-mails.
    pub(crate) async fn bring_in_a_writer(&self, user: UserId) {
        self.listen(user, &format!("{user}-1"), handoff_engine::Replay::Live).await;
        self.engine
            .desks()
            .start_contact_session(user, CENTER, &[Media::Email], None)
            .await
            .unwrap();
        self.ready(user).await;
    }

    /// Lets the agent answer a letter; returns the draft.
    pub(crate) async fn answers(&self, letter: InteractionId) -> InteractionId {
        self.settle().await;
        self.accept(KATE, letter).await.unwrap();
        self.clock.advance_ms(1);
        let email = Email { to: vec!["eve@customer.example".to_owned()], ..Email::default() };
        let draft = Draft {
            kind: DraftKind::Reply,
            subject: Some("Re: An order".to_owned()),
            email,
            user_data: UserData::default(),
            queue: None,
            base: None,
        };
        match self.act(KATE, letter, Action::CreateDraft(Box::new(draft))).await.unwrap() {
            Done::Now { related, .. } => related[0].id,
            Done::Before(_) => panic!("it was never made before"),
        }
    }

    pub(crate) async fn sends(&self, draft: InteractionId) {
        self.act(KATE, draft, Action::Send(Box::default())).await.unwrap();
    }

    /// Lets the agent answer a new letter and send the answer.
    pub(crate) async fn sends_an_answer(&self) -> InteractionId {
        let letter = self.takes_in(letter("eve@customer.example", "first")).await.interaction.id;
        let draft = self.answers(letter).await;
        self.sends(draft).await;
        draft
    }

    /// Joins one e-mail to another.
    pub(crate) async fn joins(&self, letter: InteractionId, parent: InteractionId) -> bool {
        self.act(KATE, letter, Action::Join { parent: Named::Known(parent) }).await.is_ok()
    }
}
