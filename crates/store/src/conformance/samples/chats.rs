//! Services, files, chats and what was said in them.

use std::collections::BTreeMap;

use handoff_domain::command::SupervisorMode;
use handoff_domain::desk::{Supervision, SupervisionExtent};
use handoff_domain::event::{Cause, Subject};
use handoff_domain::exchange::Exchange;
use handoff_domain::interaction::{Participant, ParticipantRole};
use handoff_domain::{
    Chat, ChatTerms, ChatTimes, Content, CustomerKey, Date, Desk, Direction, EmailTerms, Entry,
    Event, ExceptionalDate, Fact, FileId, FileLimits, FileUse, Handling, Hours, Interaction,
    LeaveReason, Media, Medium, MinuteSpan, Mode, Notice, NotificationType, Offer, OfferKind,
    OpenMediaTerms, OpenTime, Party, PartyId, PartyKind, Service, ServiceId, ServiceTerms, Speaker,
    State, Time, TreatAs, View, Visibility, Weekday,
};

use super::{
    BEGIN, CENTER, desk, handling, interaction, interaction_id, notice, offer, queue_id, user_id,
};
use crate::record::{ChatDraft, ChatMarks, FileRecord, FileSender};

/// Returns what was left in the n-th chat, kept until a time.
#[must_use]
pub fn marks(n: u64, until: Time) -> ChatMarks {
    let text = "one\ntwo".to_owned();
    ChatMarks {
        chat: interaction_id(n),
        draft: Some(ChatDraft { text, visibility: Visibility::Agents, saved: BEGIN, after: 3 }),
        read: [(user_id(1), 2), (user_id(2), 3)].into(),
        looks: BTreeMap::new(),
        until,
    }
}

/// Returns the n-th file's id; ids grow with n.
#[must_use]
pub const fn file_id(n: u64) -> FileId {
    FileId(0xfe00 + n as u128)
}

/// Returns the n-th file, sent by the customer in the n-th interaction.
#[must_use]
pub fn file(n: u64) -> FileRecord {
    FileRecord {
        id: file_id(n),
        interaction: interaction_id(n),
        name: "../my \"invoice\".pdf".to_owned(),
        bytes: 81_920,
        content_type: "application/pdf".to_owned(),
        by: FileSender::Customer,
        at: BEGIN,
        deleted: None,
        also: std::collections::BTreeSet::new(),
        erased: false,
    }
}

/// Returns the n-th service, with terms.
#[must_use]
pub fn service(n: u64, terms: ServiceTerms) -> Service {
    Service {
        id: ServiceId(0x5e00 + u128::from(n)),
        center: CENTER,
        name: format!("service {n}"),
        queue: queue_id(n),
        enabled: true,
        terms,
    }
}

/// Returns hours without dates of their own.
fn weekly() -> Hours {
    let time = |day| OpenTime { day, from_minute: 480, to_minute: 1_080 };
    let open = [Weekday::Monday, Weekday::Sunday].map(time).into();
    Hours { zone: "Europe/Copenhagen".to_owned(), open, exceptions: [].into() }
}

/// Returns hours with a date of each kind that has times of its own.
#[must_use]
pub fn hours() -> Hours {
    let date = |day| Date { year: 2026, month: 12, day };
    let morning = MinuteSpan { from_minute: 480, to_minute: 720 };
    let exceptions = [
        ExceptionalDate { date: date(24), open: Some(morning) },
        ExceptionalDate { date: date(25), open: None },
    ];
    Hours { exceptions: exceptions.into(), ..weekly() }
}

/// Returns the terms of a chat service with every optional part.
#[must_use]
pub fn chat_terms() -> ServiceTerms {
    ServiceTerms::Chat(ChatTerms {
        times: times(),
        hours: Some(weekly()),
        max_waiting: Some(20),
        files: FileLimits { need_agent: true, ..file_limits() },
        origins: vec!["https://www.example.com".to_owned()],
        leave_message: None,
        without_key: false,
    })
}

/// Returns a chat service whose customers wait no longer than it says, and can leave a message.
#[must_use]
pub fn waiting_service(n: u64) -> Service {
    let times = ChatTimes { wait_max_ms: 600_000, ..times() };
    let leave_message = Some("contact-us".to_owned());
    let files = file_limits();
    service(
        n,
        ServiceTerms::Chat(ChatTerms { times, files, leave_message, ..ChatTerms::default() }),
    )
}

/// Returns what a text that was once stored says of files, whatever the defaults are by now.
#[must_use]
pub fn file_limits() -> FileLimits {
    FileLimits { file_bytes_max: 2_097_152, total_bytes_max: 5_242_880, ..FileLimits::default() }
}

/// Returns the terms of an e-mail service.
#[must_use]
pub fn email_terms() -> ServiceTerms {
    ServiceTerms::Email(EmailTerms {
        mailbox: "support@example.com".to_owned(),
        files_max: EmailTerms::DEFAULT_FILES_MAX,
        bytes_max: EmailTerms::DEFAULT_BYTES_MAX,
        types: EmailTerms::DEFAULT_TYPES.map(str::to_owned).into(),
    })
}

#[must_use]
pub fn open_media_terms() -> ServiceTerms {
    ServiceTerms::OpenMedia(OpenMediaTerms {
        media: Media::Open("sms".to_owned()),
        direction: Direction::Inbound,
        sub_type: OpenMediaTerms::DEFAULT_SUB_TYPE.to_owned(),
        allow_overwrite: true,
    })
}

const fn times() -> ChatTimes {
    ChatTimes {
        customer_silence_ms: 45_000,
        idle_alert_ms: 255_000,
        idle_close_ms: 0,
        wait_max_ms: 0,
    }
}

fn party(id: u32, kind: PartyKind, sees: Visibility, nickname: &str) -> Party {
    let public = (sees < Visibility::Supervisors).then_some(PartyId(id));
    Party {
        id: PartyId(id),
        colleague: None,
        public,
        kind,
        nickname: nickname.to_owned(),
        sees,
        shown_to: sees,
        present: true,
    }
}

/// Returns the n-th interaction as a chat with its customer, the first user and a supervisor who
/// looks on.
#[must_use]
pub fn chat(n: u64) -> Interaction {
    let parties = vec![
        party(1, PartyKind::Customer, Visibility::All, "Ann"),
        party(2, PartyKind::Agent(user_id(1)), Visibility::Agents, "Kate"),
        party(3, PartyKind::Supervisor(user_id(2)), Visibility::Supervisors, "Sam"),
    ];
    let chat = Chat {
        service: "customer-support".to_owned(),
        customer: CustomerKey {
            user_id: "0123456789ABCDEF".to_owned(),
            key_hash: "00ff".repeat(16),
        },
        parties,
        total: 12,
        for_agents: 11,
        for_customer: 9,
        bytes: 0,
        exchange: Exchange::default(),
        last_activity: BEGIN.plus_ms(5_000),
        alerted: Some(BEGIN.plus_ms(260_000)),
        ended: Some(LeaveReason::Idle),
        files: FileUse { uploads: 1, bytes: 81_920, downloads: 2 },
        times: times(),
    };
    let state = State::Handling(Handling { mode: Mode::LeftChat, ..handling(1) });
    Interaction { medium: Medium::Chat(Some(chat)), state, ..interaction(n) }
}

/// Returns the n-th interaction as a chat that is going on, with everything that one can have: an
/// open transfer, another agent, one who is consulted, a supervisor who looks on, and one who has
/// not come in yet.
#[must_use]
pub fn live_chat(n: u64) -> Interaction {
    let mut interaction = chat(n);
    let participant = |(user, role, nickname): (u64, ParticipantRole, Option<&str>)| Participant {
        user: user_id(user),
        role,
        since: BEGIN,
        nickname: nickname.map(str::to_owned),
    };
    let others = [
        (2, ParticipantRole::Monitor, None),
        (3, ParticipantRole::Invited, Some("Ben of Support")),
        (4, ParticipantRole::Consulted, None),
    ];
    interaction.state = State::Handling(Handling {
        mode: Mode::Chatting,
        nickname: Some("Kate of Support".to_owned()),
        offer: Some(Offer { number: 5, ..offer(5, OfferKind::Transfer) }),
        others: others.into_iter().map(participant).collect(),
        supervision_offers: vec![Offer { number: 6, ..offer(6, OfferKind::BargeIn) }],
        ..handling(1)
    });
    interaction.offers = 6;
    interaction.concerned = (1..=6).map(user_id).collect();
    if let Some(chat) = interaction.chat_mut() {
        chat.ended = None;
        chat.parties.iter_mut().take(2).for_each(|party| party.colleague = party.public);
        chat.parties.extend([
            Party {
                colleague: Some(PartyId(3)),
                public: Some(PartyId(3)),
                ..party(4, PartyKind::Agent(user_id(3)), Visibility::Agents, "Ben of Support")
            },
            Party {
                colleague: Some(PartyId(4)),
                public: None,
                ..party(5, PartyKind::Agent(user_id(4)), Visibility::Agents, "Mia")
            },
        ]);
    }
    interaction
}

/// Returns the n-th user's desk while two supervisors follow their chats.
#[must_use]
pub fn supervised_desk(n: u64) -> Desk {
    let mut desk = desk(n);
    let follow = |mode, nickname: Option<&str>, extent| Supervision {
        mode,
        nickname: nickname.map(str::to_owned),
        extent,
        since: BEGIN,
        offered: [interaction_id(2)].into(),
    };
    desk.supervise(
        user_id(2),
        follow(SupervisorMode::Coach, Some("Chief"), SupervisionExtent::AllChats),
    );
    desk.supervise(user_id(6), follow(SupervisorMode::Monitor, None, SupervisionExtent::NextChat));
    desk
}

/// Returns an entry of the customer's that everybody sees.
#[must_use]
pub fn entry(number: u64, content: Content) -> Entry {
    Entry {
        number,
        agents: Some(number),
        customer: Some(number),
        at: BEGIN,
        from: Speaker::from(&party(1, PartyKind::Customer, Visibility::All, "Ann")),
        visibility: Visibility::All,
        content,
        message_id: None,
    }
}

/// Returns an entry that its sender's client has named.
#[must_use]
pub fn named_entry(number: u64) -> Entry {
    Entry { message_id: Some("client-7".into()), ..entry(number, text("hello")) }
}

#[must_use]
pub fn text(text: &str) -> Content {
    Content::Text {
        text: text.to_owned(),
        message_type: Some("text".to_owned()),
        treat_as: TreatAs::Normal,
    }
}

/// Returns entries of every content, the last of which supervisors alone see.
#[must_use]
pub fn every_content() -> Vec<Entry> {
    let data = [("key".to_owned(), "value".to_owned())].into();
    let uploaded = Content::FileUploaded {
        file: file_id(1),
        name: "invoice.pdf".to_owned(),
        bytes: 81_920,
        content_type: "application/pdf".to_owned(),
        description: Some("the invoice".to_owned()),
    };
    let contents = [
        Content::Joined,
        Content::Left { reason: LeaveReason::HandedOver },
        text("\u{fc} \" \\ \u{0} \u{1f600}"),
        Content::PushUrl { url: "https://www.example.com/".to_owned() },
        Content::CustomNotice { text: None },
        Content::Notice { text: "a notice".to_owned(), data },
        Content::NicknameUpdated { nickname: "Anna".to_owned() },
        uploaded,
        Content::FileDeleted { file: file_id(1), name: "invoice.pdf".to_owned() },
        Content::IdleAlert,
        Content::IdleClose,
    ];
    let mut entries: Vec<Entry> =
        (1..).zip(contents).map(|(number, content)| entry(number, content)).collect();
    let watcher = party(3, PartyKind::Supervisor(user_id(2)), Visibility::Supervisors, "Sam");
    entries.push(Entry {
        agents: None,
        customer: None,
        from: Speaker::from(&watcher),
        visibility: Visibility::Supervisors,
        ..entry(12, Content::Joined)
    });
    entries
}

/// Returns an event of a chat in which entries were said.
#[must_use]
pub fn said(chat: Interaction, at: Time, entries: Vec<Entry>, notices: Vec<Notice>) -> Event {
    let facts = entries.into_iter().map(|entry| Fact::Said(Box::new(entry))).collect();
    Event { at, cause: Cause::Customer, facts, subject: Subject::Interaction(chat), notices }
}

/// Returns an event that shows an agent what was said in a chat.
#[must_use]
pub fn shown(chat: Interaction, at: Time, entries: Vec<Entry>, notices: Vec<Notice>) -> Event {
    let subject = Subject::Transcript { interaction: chat, entries };
    Event { at, cause: Cause::User(user_id(1)), facts: Vec::new(), subject, notices }
}

/// Returns a notice of new entries to the n-th user.
#[must_use]
pub fn heard(by: u64) -> Notice {
    Notice {
        view: View::Messages { sees: Visibility::Agents },
        kind: NotificationType::NewMessages,
        ..notice(by)
    }
}
