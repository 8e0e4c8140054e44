//! Records and events to store, made from small numbers.

pub mod chats;
pub mod mail;
pub mod responses;
pub mod webhooks;

use handoff_domain::center::Capacity;
use handoff_domain::desk::ContactSession;
use handoff_domain::event::{Cause, Subject};
use handoff_domain::interaction::{Email, Pass};
use handoff_domain::{
    Center, CenterId, ChannelState, Desk, Direction, DirectoryChange, DirectoryItem, Event, Fact,
    Group, GroupId, Handling, Incarnation, Interaction, InteractionId, Media, Medium, Mode, Notice,
    NotificationType, Offer, OfferKind, Outcome, Owner, Queue, QueueId, Reach, Readiness, Role,
    ServiceId, Skill, SkillId, State, Status, Step, Time, TokenId, Topic, User, UserData, UserId,
    Value, View, Wait, Workbin, WorkbinId, WorkbinOwner,
};

use crate::change_set::{ChangeSet, Put, Receipt};
use crate::log::SubjectKey;
use crate::record::{
    ApiToken, Attended, AuditAction, AuditEntry, AuditKind, AuditSource, AuditTarget, AuditTool,
    AuditUser, Claim, DeskSettings, ErasedCounts, Erasure, FilesDirectory, LoginSession,
    ReaderCursor, Record, RequestNumbers, SecondFactor, SecretKey, SharedSecret, TokenScope,
    UserTokens, Version,
};

/// The contact center that everything belongs to unless said otherwise.
pub const CENTER: CenterId = CenterId(0xcc);

/// When everything was made.
pub const BEGIN: Time = Time(1_767_960_000_000);

/// Returns the n-th user.
#[must_use]
pub const fn user_id(n: u64) -> UserId {
    UserId(0xa000 + n as u128)
}

/// Returns whose the n-th user's stream is.
#[must_use]
pub const fn owner(n: u64) -> Owner {
    Owner::User(user_id(n))
}

/// Returns what names the n-th interaction in the log.
#[must_use]
pub const fn subject(n: u64) -> SubjectKey {
    SubjectKey::Interaction(interaction_id(n))
}

/// Returns the n-th queue.
#[must_use]
pub const fn queue_id(n: u64) -> QueueId {
    QueueId(0xb000 + n as u128)
}

/// Returns the n-th workbin.
#[must_use]
pub const fn workbin_id(n: u64) -> WorkbinId {
    WorkbinId(0xd000 + n as u128)
}

/// Returns the n-th interaction's id; ids grow with n.
#[must_use]
pub const fn interaction_id(n: u64) -> InteractionId {
    InteractionId::compose(BEGIN.0.unsigned_abs() + n, n)
}

/// Returns a wait in the n-th queue.
#[must_use]
pub fn wait(queue: u64) -> Wait {
    Wait {
        queue: queue_id(queue),
        since: BEGIN,
        front: false,
        mode: Mode::Processing,
        widened: 0,
        skills: [(SkillId(0xe001), 3)].into(),
        passes: vec![Pass { user: user_id(9), at: BEGIN }],
    }
}

/// Returns an offer to the n-th user.
#[must_use]
pub const fn offer(to: u64, kind: OfferKind) -> Offer {
    Offer {
        number: 1,
        to: user_id(to),
        kind,
        since: BEGIN,
        expires: BEGIN.plus_ms(30_000),
        note: None,
        nickname: None,
    }
}

/// Returns what the n-th user handles.
#[must_use]
pub const fn handling(by: u64) -> Handling {
    Handling {
        by: user_id(by),
        since: BEGIN,
        mode: Mode::Processing,
        nickname: None,
        offer: None,
        others: Vec::new(),
        supervision_offers: Vec::new(),
    }
}

/// Returns the n-th interaction: an e-mail that waits in the first queue.
#[must_use]
pub fn interaction(n: u64) -> Interaction {
    Interaction {
        id: interaction_id(n),
        center: CENTER,
        medium: Medium::Email(Email::default()),
        direction: Direction::Inbound,
        sub_type: "InboundNew".to_owned(),
        external_id: None,
        parent: None,
        thread: None,
        contact: None,
        subject: Some(format!("a question, the {n}th")),
        comment: None,
        notes: Vec::new(),
        priority: 0,
        received: BEGIN,
        user_data: UserData([("order".to_owned(), Value::Integer(n.into()))].into()),
        state: State::Queued(wait(1)),
        epoch: 1,
        queue: Some(queue_id(1)),
        queued_at: Some(BEGIN),
        offers: 0,
        drafts: [].into(),
        concerned: [].into(),
        submitter: None,
        disposition: None,
    }
}

/// Returns the n-th interaction in another state.
#[must_use]
pub fn interaction_in(n: u64, state: State) -> Interaction {
    Interaction { state, ..interaction(n) }
}

/// Returns the state of what is over.
#[must_use]
pub const fn ended() -> State {
    State::Ended { outcome: Outcome::Completed, at: BEGIN }
}

/// Returns an interaction with every optional part.
#[must_use]
pub fn rich_interaction() -> Interaction {
    let nested =
        [("deep".to_owned(), Value::List(vec![Value::Null, Value::Bool(true), Value::Float(0.1)]))]
            .into();
    let user_data = [
        ("nested".to_owned(), Value::Map(nested)),
        ("large".to_owned(), Value::Integer(u64::MAX.into())),
        ("small".to_owned(), Value::Integer(i64::MIN.into())),
        ("text".to_owned(), Value::Text("\u{fc} \" \\ \u{0} \u{1f600}".to_owned())),
    ];
    Interaction {
        medium: Medium::Open("sms".to_owned()),
        external_id: Some("order-17".to_owned()),
        parent: Some(interaction_id(1)),
        contact: Some("contact-3".to_owned()),
        comment: Some("calls back on Monday".to_owned()),
        notes: Vec::new(),
        priority: -3,
        user_data: UserData(user_data.into()),
        state: State::Invited(wait(2), offer(4, OfferKind::Routed)),
        epoch: 7,
        offers: 2,
        drafts: [interaction_id(8)].into(),
        concerned: [user_id(4), user_id(5)].into(),
        submitter: None,
        disposition: None,
        ..interaction(2)
    }
}

/// Returns the n-th user's desk, at work on e-mails and chats.
#[must_use]
pub fn desk(n: u64) -> Desk {
    let ready = ChannelState { readiness: Readiness::Ready, do_not_disturb: false };
    let away = ChannelState {
        readiness: Readiness::NotReady { reason: Some("lunch".into()) },
        do_not_disturb: true,
    };
    Desk {
        session: Some(ContactSession { since: BEGIN, place: Some("place 4".to_owned()) }),
        channels: [(Media::Email, ready), (Media::Chat, away)].into(),
        reach: Reach([(Incarnation(0xd), [Topic::Interactions, Topic::Chats].into())].into()),
        unreachable_since: None,
        slots: [(interaction_id(2), Media::Email)].into(),
        last_offer: Some(BEGIN),
        watched: [workbin_id(1)].into(),
        ..Desk::new(user_id(n), CENTER, BEGIN)
    }
}

/// Returns the n-th user.
#[must_use]
pub fn user(n: u64) -> User {
    User {
        id: user_id(n),
        center: CENTER,
        user_name: format!("agent{n}"),
        first_name: "Ada".to_owned(),
        last_name: "Example".to_owned(),
        nickname: None,
        email_address: "ada@example.com".to_owned(),
        roles: [Role::Agent, Role::Supervisor].into(),
        groups: [GroupId(0xf001)].into(),
        skills: [(SkillId(0xe001), 5)].into(),
        capacity: Capacity { by_media: [(Media::Chat, 2)].into(), overall: Some(6) },
        enabled: true,
        password_hash: Some("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA".to_owned()),
        file_password_hash: None,
        logins_ended: 0,
        must_change_password: false,
        second_factor: false,
    }
}

/// Returns the n-th queue.
#[must_use]
pub fn queue(n: u64) -> Queue {
    Queue {
        id: queue_id(n),
        center: CENTER,
        name: format!("queue {n}"),
        media: Media::Email,
        groups: [GroupId(0xf001)].into(),
        skills: [(SkillId(0xe001), 3)].into(),
        priority: 1,
        invite_timeout_ms: Queue::DEFAULT_INVITE_TIMEOUT_MS,
        reoffer_after_ms: Queue::DEFAULT_REOFFER_AFTER_MS,
        steps: vec![Step { after_ms: 60_000, groups: [GroupId(0xf002)].into(), skills: [].into() }],
        review: None,
        acknowledge: None,
        hours: None,
        closed: None,
        answer_target_ms: None,
        dispositions: std::collections::BTreeSet::new(),
        disposition_required: false,
    }
}

/// Returns a contact center.
#[must_use]
pub fn center(id: CenterId) -> Center {
    Center {
        id,
        name: "Demo".to_owned(),
        workspace: handoff_domain::Workspace::default(),
        missed_offers_to_not_ready: None,
        retention_ms: std::collections::BTreeMap::new(),
        time_zone: None,
    }
}

/// Returns the n-th skill.
#[must_use]
pub fn skill(n: u64) -> Skill {
    Skill { id: SkillId(0xe000 + u128::from(n)), center: CENTER, name: format!("skill {n}") }
}

/// Returns the n-th group.
#[must_use]
pub fn group(n: u64) -> Group {
    Group { id: GroupId(0xf000 + u128::from(n)), center: CENTER, name: format!("group {n}") }
}

/// Returns the n-th workbin.
#[must_use]
pub fn workbin(n: u64) -> Workbin {
    Workbin {
        id: workbin_id(n),
        center: CENTER,
        name: "In Progress".to_owned(),
        owner: WorkbinOwner::EachAgent,
    }
}

/// Returns a login session of the first user.
#[must_use]
pub fn login(id: &str, last_used: Time) -> LoginSession {
    LoginSession {
        id: id.to_owned(),
        user: user_id(1),
        csrf_token: "token".to_owned(),
        created: BEGIN,
        last_used,
        footing: "f007".to_owned(),
        address: Some("192.0.2.7".to_owned()),
        user_agent: Some("Mozilla/5.0".to_owned()),
    }
}

/// Returns the tokens of the n-th user: one, which was used.
#[must_use]
pub fn tokens(user: u64) -> UserTokens {
    let token = ApiToken {
        id: TokenId(0xb0),
        name: "crm".to_owned(),
        hash: "ha5h".to_owned(),
        scopes: vec![TokenScope::Read, TokenScope::Work],
        made: BEGIN,
        expires: BEGIN.plus_ms(60_000),
        last_used: Some(BEGIN.plus_ms(1)),
    };
    UserTokens { user: user_id(user), tokens: vec![token] }
}

/// Returns the second factor of the n-th user.
#[must_use]
pub fn second_factor(user: u64) -> SecondFactor {
    SecondFactor {
        user: user_id(user),
        secret: vec![1, 2, 3],
        last_step: 58_932_000,
        recovery: vec!["c0de".to_owned()],
        wrong: vec![BEGIN],
    }
}

/// Returns an entry of the audit that is kept until a time.
#[must_use]
pub fn audit_entry(at: Time, until: Time) -> AuditEntry {
    let by = AuditUser { id: user_id(2), user_name: "ada".to_owned() };
    let target =
        AuditTarget { kind: AuditKind::User, id: user_id(1).to_string(), name: "kate".to_owned() };
    AuditEntry {
        id: AuditEntry::id_of(CENTER, at, 1),
        center: CENTER,
        at,
        until,
        action: AuditAction::Changed,
        by: Some(by),
        tool: AuditTool::Request,
        address: Some("192.0.2.7".to_owned()),
        token: Some(TokenId(0xb0)),
        target: Some(target),
        fields: vec!["roles".to_owned()],
        count: 1,
        receipt: None,
        provider: None,
    }
}

/// Returns an erasure that has come as far as its first interaction.
#[must_use]
pub fn erasure(contact: &str, newest: Option<InteractionId>) -> Erasure {
    let by = AuditUser { id: user_id(2), user_name: "ada".to_owned() };
    let source = AuditSource {
        by: Some(by),
        tool: AuditTool::Request,
        address: Some("192.0.2.7".to_owned()),
        token: None,
    };
    let counts = ErasedCounts { contacts: 1, interactions: 1, messages: 2, ..<_>::default() };
    Erasure { center: CENTER, contact: contact.to_owned(), asked: BEGIN, source, newest, counts }
}

/// Returns the directory of files of a store that was in service for a minute.
#[must_use]
pub fn files_directory() -> FilesDirectory {
    let attended = vec![Attended { from: BEGIN, until: BEGIN.plus_ms(60_000) }];
    let mark = "00000000000000000000000000000f17".to_owned();
    FilesDirectory { mark, attended, ..FilesDirectory::default() }
}

/// Returns a reader's cursor.
#[must_use]
pub fn reader_cursor() -> ReaderCursor {
    ReaderCursor { reader: "followers".to_owned(), generation: 2, position: 1_417 }
}

/// Returns a claim that lasts until a time.
#[must_use]
pub fn claim(key: &str, until: Time) -> Claim {
    Claim { key: key.to_owned(), by: Incarnation(0x1f), until }
}

/// Returns a secret that was renewed once.
#[must_use]
pub fn shared_secret(name: &str) -> SharedSecret {
    let key = |n: u8| SecretKey { made: BEGIN.plus_ms(n.into()), bytes: [n; 32] };
    SharedSecret { name: name.to_owned(), keys: vec![key(2), key(1)] }
}

/// Returns what the n-th user has set at the desk.
#[must_use]
pub fn desk_settings(user: u64) -> DeskSettings {
    DeskSettings { user: user_id(user), text: r#"{"sound":false}"#.to_owned() }
}

/// Returns one record of every kind.
#[must_use]
pub fn one_of_each() -> Vec<Record> {
    vec![
        Record::Center(center(CENTER)),
        Record::User(user(1)),
        Record::Skill(skill(1)),
        Record::Group(group(1)),
        Record::Queue(queue(1)),
        Record::Workbin(workbin(1)),
        Record::Service(chats::service(1, chats::chat_terms())),
        Record::Mailbox(mail::mailbox(1)),
        Record::Webhook(webhooks::webhook(1)),
        Record::StandardResponse(responses::response(1)),
        Record::Desk(desk(1)),
        Record::Interaction(rich_interaction()),
        Record::File(chats::file(1)),
        Record::Contact(mail::contact(1)),
        Record::MailboxMark(mail::mark(1)),
        Record::LoginSession(login("5e55", BEGIN)),
        Record::FilesDirectory(files_directory()),
        Record::ReaderCursor(reader_cursor()),
        Record::RequestNumbers(RequestNumbers { user: user_id(1), last: 1_700 }),
        Record::Claim(claim("mail 1", BEGIN)),
        Record::DeskSettings(desk_settings(1)),
        Record::ChatMarks(chats::marks(1, BEGIN)),
        Record::SharedSecret(shared_secret("tickets")),
        Record::UserTokens(tokens(1)),
        Record::SecondFactor(second_factor(1)),
        Record::AuditEntry(audit_entry(BEGIN, BEGIN.plus_ms(1_000))),
        Record::WebhookState(webhooks::state(1)),
        Record::Erasure(erasure("c1", Some(interaction_id(1)))),
        Record::OwnResponses(responses::own(1)),
        Record::ResponseUses(responses::uses(1)),
        Record::DraftVersions(mail::versions(1)),
    ]
}

#[must_use]
pub const fn put(record: Record, expected: Version) -> Put {
    Put { record, expected }
}

/// Returns a change set that does nothing but write one interaction.
#[must_use]
pub fn put_interaction(interaction: Interaction, expected: Version) -> ChangeSet {
    ChangeSet {
        puts: vec![put(Record::Interaction(interaction), expected)],
        ..ChangeSet::default()
    }
}

/// Returns a notice of the interaction's state to the n-th user.
#[must_use]
pub const fn notice(to: u64) -> Notice {
    Notice {
        to: owner(to),
        view: View::Concerned(Status::Invited),
        kind: NotificationType::StatusChange,
        error: None,
        reference: None,
    }
}

#[must_use]
pub fn event(interaction: Interaction, at: Time, notices: Vec<Notice>) -> Event {
    let facts = vec![Fact::Offered {
        to: user_id(1),
        kind: OfferKind::Routed,
        expires: at.plus_ms(30_000),
        of: None,
    }];
    Event { at, cause: Cause::Router, facts, subject: Subject::Interaction(interaction), notices }
}

#[must_use]
pub fn desk_event(desk: Desk, at: Time, notices: Vec<Notice>) -> Event {
    Event {
        at,
        cause: Cause::User(desk.user),
        facts: Vec::new(),
        subject: Subject::Desk(desk),
        notices,
    }
}

/// Returns every fact of a desk.
#[must_use]
pub fn desk_facts() -> Vec<Fact> {
    let from = ChannelState { readiness: Readiness::LoggedOut, do_not_disturb: false };
    let readiness = Readiness::NotReady { reason: Some("lunch".into()) };
    let to = ChannelState { readiness, do_not_disturb: true };
    vec![
        Fact::SessionEnded,
        Fact::SessionBegan { place: Some("place 4".to_owned()) },
        Fact::ChannelChanged { media: Media::Chat, from, to },
    ]
}

/// Returns an event of a center in which something of every kind changed.
#[must_use]
pub fn center_event(at: Time) -> Event {
    let changed = |what, how| Fact::DirectoryChanged { what, how };
    let facts = vec![
        changed(DirectoryItem::Center(CENTER), DirectoryChange::Changed),
        changed(DirectoryItem::User(user_id(1)), DirectoryChange::Added),
        changed(DirectoryItem::Skill(SkillId(0xe001)), DirectoryChange::Removed),
        changed(DirectoryItem::Group(GroupId(0xf001)), DirectoryChange::Added),
        changed(DirectoryItem::Queue(queue_id(1)), DirectoryChange::Changed),
        changed(DirectoryItem::Workbin(workbin_id(1)), DirectoryChange::Added),
        changed(DirectoryItem::Service(ServiceId(0xab01)), DirectoryChange::Removed),
    ];
    let subject = Subject::Center(CENTER);
    Event { at, cause: Cause::Operator, facts, subject, notices: Vec::new() }
}

#[must_use]
pub fn receipt(key: &str, expires: Option<Time>) -> Receipt {
    Receipt {
        scope: "agent1 POST /me/interactions".to_owned(),
        key: key.to_owned(),
        fingerprint: "00ff".to_owned(),
        answer: "{\"statusCode\":0}".to_owned(),
        expires,
    }
}
