//! Letters that come in, agents who answer them, and somebody who posts what they send.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use handoff_api::Setup;
use handoff_domain::service::{EmailTerms, Service, ServiceTerms};
use handoff_domain::{
    Address, Attachment, CenterId, FileId, GroupId, Interaction, InteractionId, Letter, Queue,
    QueueId, ServiceId, UserData,
};
use handoff_engine::{Mailboxes, NewLetter, Post, Posted, RawMessage};
use handoff_store::files::Files;
use handoff_store::{ChangeSet, NewFile, Put, Record, Store};
use handoff_testkit::{Call, Received};
use serde_json::{Value, json};

use crate::api::{Api, PASSWORD, ROOT, Reply, store};

pub(crate) const MAILBOX: &str = "support@demo.example";
pub(crate) const CUSTOMER: &str = "eve@example.com";
pub(crate) const DEMO: CenterId = CenterId(1);
pub(crate) const SUPPORT: QueueId = QueueId(0x31);
/// Where a supervisor looks at drafts.
pub(crate) const REVIEW: QueueId = QueueId(0x3a);
pub(crate) const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
pub(crate) const FORM: &str = "/genesys/2/email/contact-us";

struct OneMailbox;

impl Mailboxes for OneMailbox {
    fn is_ours(&self, center: CenterId, address: &str) -> bool {
        center == DEMO && address.eq_ignore_ascii_case(MAILBOX)
    }

    fn default_sender(&self, center: CenterId) -> Option<String> {
        (center == DEMO).then(|| MAILBOX.to_owned())
    }

    fn message_id(&self, interaction: InteractionId, sends: u32, _sender: &str) -> String {
        format!("{interaction}.{sends}@demo.example")
    }
}

/// Takes every mail, and remembers it.
#[derive(Default)]
pub(crate) struct Postbox {
    mails: Mutex<Vec<Interaction>>,
    /// Why the relay refuses mails for good, while it does.
    pub(crate) refusal: Mutex<Option<String>>,
}

impl Postbox {
    pub(crate) fn mails(&self) -> Vec<Interaction> {
        self.mails.lock().unwrap().clone()
    }
}

#[async_trait]
impl Post for Postbox {
    async fn post(&self, mail: &Interaction) -> Posted {
        if let Some(reply) = self.refusal.lock().unwrap().clone() {
            return Posted::Never { reply };
        }
        self.mails.lock().unwrap().push(mail.clone());
        Posted::Sent { reply: "250 ok".to_owned() }
    }
}

/// The api with a mailbox, a postbox and a web form.
pub(crate) struct MailApi {
    pub(crate) api: Api,
    pub(crate) postbox: Arc<Postbox>,
}

impl MailApi {
    pub(crate) async fn start() -> Self {
        Self::start_with(terms(), |_| {}).await
    }

    /// Starts with these terms of the web form, and the e-mail queue changed.
    pub(crate) async fn start_with(terms: EmailTerms, change: impl FnOnce(&mut Queue)) -> Self {
        let store = store().await;
        let service = |id, center, name: &str, queue, terms| {
            let terms = ServiceTerms::Email(terms);
            Record::Service(Service {
                id: ServiceId(id),
                center,
                name: name.to_owned(),
                queue,
                enabled: true,
                terms,
            })
        };
        let elsewhere = EmailTerms { mailbox: "other@other.example".to_owned(), ..terms.clone() };
        let mut puts = vec![
            Put { record: service(0x51, DEMO, "contact-us", SUPPORT, terms), expected: 0 },
            Put {
                record: service(0x5f, CenterId(2), "elsewhere", QueueId(0x3f), elsewhere),
                expected: 0,
            },
        ];
        let known =
            store.load(&[handoff_store::Key::Queue(SUPPORT)]).await.unwrap().remove(0).unwrap();
        let Record::Queue(mut queue) = known.value else { panic!("no queue") };
        let review = Queue {
            id: REVIEW,
            name: "review".to_owned(),
            groups: [GroupId(0x11)].into(),
            ..queue.clone()
        };
        puts.push(Put { record: Record::Queue(review), expected: 0 });
        change(&mut queue);
        puts.push(Put { record: Record::Queue(queue), expected: known.version });
        store.commit(ChangeSet { puts, ..ChangeSet::default() }).await.unwrap();
        let postbox = Arc::new(Postbox::default());
        let with_mail = |setup: &mut Setup| {
            setup.mailboxes = Some(Arc::new(OneMailbox));
            setup.post = Some(postbox.clone());
        };
        let api = Api::start_on(store, with_mail).await;
        Self { api, postbox }
    }

    /// A letter of the customer's comes in.
    pub(crate) async fn receives(&self, letter: Letter) -> Received {
        self.receives_with(letter, Vec::new(), None).await
    }

    pub(crate) async fn receives_with(
        &self,
        letter: Letter,
        attachments: Vec<Attachment>,
        raw: Option<RawMessage>,
    ) -> Received {
        let directory = self.api.engine.core().directory();
        let new = NewLetter {
            center: DEMO,
            mailbox: MAILBOX.to_owned(),
            queue: directory.queue(DEMO, SUPPORT).unwrap().clone(),
            letter,
            attachments,
            raw,
            raw_hash: String::new(),
            user_data: UserData::default(),
        };
        self.api.clock.advance_s(1);
        self.api.engine.letters().take_in_letter(&new).await.unwrap().into()
    }

    /// Keeps a file that a letter brought.
    pub(crate) async fn keeps(&self, id: FileId, content: &[u8]) {
        let new = NewFile { id, at: self.api.engine.core().now(), bytes_max: content.len() as u64 };
        let mut incoming = self.api.files.begin(new).await.unwrap();
        incoming.write(content).await.unwrap();
        incoming.keep().await.unwrap();
    }

    /// A letter comes in and is kate's.
    pub(crate) async fn owned(&self, letter: Letter) -> String {
        self.owned_with(letter, Vec::new(), None).await
    }

    pub(crate) async fn owned_with(
        &self,
        letter: Letter,
        attachments: Vec<Attachment>,
        raw: Option<RawMessage>,
    ) -> String {
        let taken_in = self.receives_with(letter, attachments, raw).await;
        self.api.engine.workers().router().route().await.unwrap();
        let id = taken_in.interaction.id.to_string();
        self.api.by("kate").does(&id, json!({"operationName": "Accept"})).await.ok();
        id
    }

    /// Kate answers; returns the draft.
    pub(crate) async fn drafts(&self, id: &str, body: Value) -> Value {
        let kate = self.api.by("kate");
        self.api.clock.advance_s(1);
        kate.does(id, body).await.ok();
        let list = kate.get("/me/interactions?fields=*&state=Composing").await.ok();
        list["interactions"].as_array().unwrap().last().unwrap().clone()
    }

    /// Somebody sends a file to one of their interactions.
    pub(crate) async fn attaches(&self, upload: Upload<'_>) -> Reply {
        let path = format!("{ROOT}/me/interactions/{}/attachments", upload.id);
        let file = (upload.part, upload.name);
        let mut call = Call::upload(&path, upload.fields, file, upload.bytes);
        for (name, value) in upload.headers {
            call = call.header(name, value);
        }
        self.api.calls(call.by(upload.user, PASSWORD)).await
    }

    /// A customer sends the web form.
    pub(crate) async fn writes(&self, fields: &[(&str, &str)]) -> Reply {
        self.api.calls(Call::form(FORM, fields)).await
    }

    pub(crate) async fn kept(&self) -> usize {
        self.api.files.list(None, 100).await.unwrap().items.len()
    }
}

/// A file that somebody sends.
#[derive(Clone, Copy)]
pub(crate) struct Upload<'a> {
    pub(crate) user: &'a str,
    pub(crate) id: &'a str,
    pub(crate) part: &'a str,
    pub(crate) name: &'a str,
    pub(crate) bytes: &'a [u8],
    pub(crate) fields: &'a [(&'a str, &'a str)],
    pub(crate) headers: &'a [(&'a str, &'a str)],
}

impl<'a> Upload<'a> {
    pub(crate) const fn of(id: &'a str) -> Self {
        Self {
            user: "kate",
            id,
            part: "attachment",
            name: "offer.png",
            bytes: PNG,
            fields: &[],
            headers: &[],
        }
    }
}

pub(crate) fn terms() -> EmailTerms {
    EmailTerms {
        mailbox: MAILBOX.to_owned(),
        files_max: 2,
        bytes_max: 1_000,
        types: ["png", "txt"].map(str::to_owned).into(),
    }
}

pub(crate) fn letter(number: u32) -> Letter {
    Letter {
        message_id: Some(format!("m{number}@example.com")),
        from: Some(Address { address: CUSTOMER.to_owned(), name: Some("Eve".to_owned()) }),
        to: vec![Address { address: MAILBOX.to_owned(), name: None }],
        subject: Some(format!("Letter {number}")),
        text: format!("Text {number}"),
        html: Some(format!("<p>Text {number}</p>")),
        body_hash: number.to_string(),
        ..Letter::default()
    }
}

/// A picture that a letter shows.
pub(crate) fn picture(id: FileId) -> Attachment {
    Attachment {
        file: id,
        name: "cat.png".to_owned(),
        bytes: PNG.len() as u64,
        content_type: "image/png".to_owned(),
        content_id: Some("cat@example.com".to_owned()),
        inline: true,
    }
}
