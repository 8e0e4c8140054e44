//! A small contact center and some interactions of it, with fixed ids.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use handoff_api::wire::letters::{Cleaner, Letters};
use handoff_api::wire::operation_lists::OperationLists;
use handoff_api::wire::resource::{Lookup, PublicUrl};
use handoff_domain::interaction::{Email, Participant, ParticipantRole};
use handoff_domain::{
    CenterId, Direction, GroupId, Handling, Interaction, InteractionId, Media, Medium, Mode, Offer,
    OfferKind, QueueId, Role, SkillId, State, Step, Time, UserData, UserId, Value, Wait, Workbin,
    WorkbinId, WorkbinOwner,
};
use handoff_engine::Directory;
use handoff_store::MemoryStore;
use handoff_testkit::Center;

pub(crate) const CENTER: CenterId = CenterId(1);
pub(crate) const KATE: UserId = UserId(0xa1);
pub(crate) const BEN: UserId = UserId(0xb2);
pub(crate) const SUPPORT: GroupId = GroupId(0x10);
pub(crate) const BILLING: SkillId = SkillId(0x20);
pub(crate) const QUEUE: QueueId = QueueId(0x30);
pub(crate) const EMAIL_QUEUE: QueueId = QueueId(0x31);
pub(crate) const IN_PROGRESS: WorkbinId = WorkbinId(0x40);
pub(crate) const TEAM: WorkbinId = WorkbinId(0x41);
/// 2026-01-09 12:00:00 UTC.
pub(crate) const NOON: Time = Time(1_767_960_000_000);

/// What rendering looks up, owned.
pub(crate) struct Names {
    directory: Arc<Directory>,
    url: PublicUrl,
    letters: Cleaner,
    operations: OperationLists,
}

impl Names {
    pub(crate) async fn load() -> Self {
        let directory = Arc::new(Directory::load(&*store().await).await.unwrap());
        let letters = Cleaner::new(Arc::new(Trusting));
        let url = PublicUrl::new("http://127.0.0.1:8090");
        Self { directory, url, letters, operations: OperationLists::default() }
    }

    pub(crate) const fn directory(&self) -> &Arc<Directory> {
        &self.directory
    }

    pub(crate) fn lookup(&self) -> Lookup<'_> {
        let Self { directory, url, letters, operations } = self;
        Lookup { directory, url, letters, operations }
    }
}

/// Takes out scripts, for the sake of something that is taken out, and shows images.
#[derive(Debug)]
pub(crate) struct Trusting;

impl Letters for Trusting {
    fn clean(&self, html: &str, images: &dyn Fn(&str) -> Option<String>) -> String {
        let mut clean = String::new();
        for (number, piece) in html.split("<script>").enumerate() {
            clean.push_str(if number == 0 {
                piece
            } else {
                piece.split_once("</script>").map_or("", |(_, rest)| rest)
            });
        }
        let mut pieces = clean.split("\"cid:");
        let mut shown = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let (id, rest) = piece.split_once('"').unwrap_or((piece, ""));
            shown.push_str(&format!("\"{}\"{rest}", images(id).unwrap_or_default()));
        }
        shown
    }

    fn clean_with_remote(&self, html: &str, images: &dyn Fn(&str) -> Option<String>) -> String {
        format!("<!--remote-->{}", self.clean(html, images))
    }

    fn remote_pictures(&self, html: &str) -> usize {
        html.matches("\"https:").count()
    }

    fn text(&self, html: &str) -> String {
        html.to_owned()
    }
}

/// Kate and Ben, who serve two queues.
pub(crate) fn center() -> Center {
    let (roles, skills) = ([Role::Agent, Role::Supervisor], [(BILLING, 5)]);
    let mut center = Center::new(CENTER, "Demo")
        .skill(BILLING, "billing")
        .group(SUPPORT, "Support")
        .user(KATE, "kate", &roles, &[SUPPORT], &skills)
        .user(BEN, "ben", &roles, &[SUPPORT], &skills)
        .queue(QUEUE, "tasks", Media::Workitem, &[SUPPORT], &[(BILLING, 3)])
        .queue(EMAIL_QUEUE, "support-email", Media::Email, &[SUPPORT], &[(BILLING, 3)])
        .workbin(IN_PROGRESS, Workbin::IN_PROGRESS, WorkbinOwner::EachAgent)
        .workbin(TEAM, "Team", WorkbinOwner::Group(SUPPORT));
    "Kate".clone_into(&mut center.users[0].first_name);
    center.users[1].first_name.clear();
    center.users[1].last_name.clear();
    let groups = BTreeSet::from([SUPPORT]);
    let step = Step { after_ms: 60_000, groups, skills: BTreeMap::new() };
    for queue in &mut center.queues {
        (queue.reoffer_after_ms, queue.steps) = (1_500, vec![step.clone()]);
    }
    center
}

/// A store with the contact center in it.
pub(crate) async fn store() -> Arc<MemoryStore> {
    Arc::new(handoff_testkit::center::store(center().records()).await.unwrap())
}

/// An inbound interaction of that medium, waiting in its queue.
pub(crate) fn waiting(media: Media) -> Interaction {
    let is_email = media == Media::Email;
    let queue = if is_email { EMAIL_QUEUE } else { QUEUE };
    Interaction {
        id: InteractionId::compose(1_767_960_000_000, 7),
        center: CENTER,
        direction: Direction::Inbound,
        sub_type: "InboundNew".to_owned(),
        external_id: None,
        parent: None,
        thread: None,
        contact: Some("0000contact".to_owned()),
        subject: Some("Invoice".to_owned()),
        comment: None,
        notes: Vec::new(),
        priority: 2,
        received: NOON,
        user_data: user_data(),
        state: State::Queued(wait(queue, media.inbound_mode())),
        epoch: 1,
        queue: Some(queue),
        queued_at: Some(NOON),
        offers: 0,
        drafts: BTreeSet::new(),
        concerned: BTreeSet::new(),
        submitter: None,
        disposition: None,
        medium: if is_email { Medium::Email(email()) } else { media.into() },
    }
}

fn wait(queue: QueueId, mode: Mode) -> Wait {
    Wait {
        queue,
        since: NOON,
        front: false,
        mode,
        widened: 0,
        skills: BTreeMap::new(),
        passes: Vec::new(),
    }
}

fn user_data() -> UserData {
    let nested = BTreeMap::from([
        ("city".to_owned(), Value::Text("Oslo".to_owned())),
        ("none".to_owned(), Value::Null),
    ]);
    UserData(BTreeMap::from([
        ("account".to_owned(), Value::Integer(9_007_199_254_740_993)),
        ("highest".to_owned(), Value::Integer(u64::MAX.into())),
        ("lowest".to_owned(), Value::Integer(i64::MIN.into())),
        ("score".to_owned(), Value::Float(0.1)),
        ("vip".to_owned(), Value::Bool(true)),
        ("address".to_owned(), Value::Map(nested)),
        ("tags".to_owned(), Value::List(vec![Value::Text("a".to_owned()), Value::Integer(1)])),
    ]))
}

pub(crate) fn email() -> Email {
    Email {
        from: "customer@example.org".to_owned(),
        reply_to: None,
        to: vec!["support@demo.example".to_owned()],
        cc: vec!["copy@example.org".to_owned()],
        bcc: Vec::new(),
        body: "<p>Where is it?</p>".to_owned(),
        body_as_plain_text: "Where is it?".to_owned(),
        ..Email::default()
    }
}

/// The same, offered to an agent by the router.
pub(crate) fn invited(media: Media, to: UserId) -> Interaction {
    let mut interaction = waiting(media);
    if let State::Queued(wait) = &interaction.state {
        interaction.state = State::Invited(wait.clone(), offer(to, OfferKind::Routed));
    }
    interaction
}

pub(crate) fn offer(to: UserId, kind: OfferKind) -> Offer {
    let expires = NOON.plus_ms(30_000);
    Offer { number: 1, to, kind, since: NOON, expires, note: None, nickname: None }
}

/// The same, owned by an agent.
pub(crate) fn owned(media: Media, by: UserId, mode: Mode) -> Interaction {
    let handling = Handling {
        by,
        since: NOON,
        mode,
        nickname: None,
        offer: None,
        others: vec![],
        supervision_offers: vec![],
    };
    Interaction { state: State::Handling(handling), ..waiting(media) }
}

/// A chat of Kate's with Ben in it for advice.
pub(crate) fn conference() -> Interaction {
    let mut chat = owned(Media::Chat, KATE, Mode::Chatting);
    if let State::Handling(handling) = &mut chat.state {
        let ben = Participant {
            user: BEN,
            role: ParticipantRole::Consulted,
            since: NOON,
            nickname: None,
        };
        handling.nickname = Some("Kate of Support".to_owned());
        handling.others.push(ben);
    }
    chat
}
