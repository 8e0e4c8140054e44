//! Interactions in every state of the state table, made by the commands that lead there.

use handoff_domain::chat::{ChatRequest, ChatTimes, CustomerKey};
use handoff_domain::command::{
    Action, Actor, Command, Dispatch, Draft, DraftKind, Named, SupervisorMode, SystemAction, Target,
};
use handoff_domain::event::{Notice, Subject, View};
use handoff_domain::id::{InteractionId, UserId};
use handoff_domain::interaction::Medium;
use handoff_domain::interaction::decide::{Decision, decide};
use handoff_domain::interaction::{Email, Status};
use handoff_domain::media::Media;
use handoff_domain::rejection::Rejection;
use handoff_domain::user_data::UserData;
use handoff_domain::{
    Arrival, NewAcknowledgement, NewInteraction, Threading, invariants, open_letter,
};
use proptest::prelude::ProptestConfig;

use crate::floor::{AGENTS, Floor, MEDIA, SUPERVISOR};

/// Returns how a property is tried: on so many sequences, or on as many as the environment says.
pub(crate) fn sequences(cases: u32) -> ProptestConfig {
    let given = std::env::var("HANDOFF_MODEL_SEQUENCES");
    let cases = given.map_or(cases, |text| text.parse().expect("a number of sequences"));
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// The owner.
pub(crate) const ANN: UserId = AGENTS[0];
/// The target of an offer.
pub(crate) const BOB: UserId = AGENTS[1];
/// The participant of a conversation.
pub(crate) const CID: UserId = AGENTS[2];
/// An agent who has nothing to do with it.
pub(crate) const DEE: UserId = AGENTS[3];

/// How long what is reminded of lies in a workbin, in ms.
pub(crate) const LATER_MS: u64 = 60_000;

/// Every state of the table by name, with the words that the table uses for it.
pub(crate) const STATES: &[(&str, &str)] = &[
    ("queued", "waiting email"),
    ("queued chat", "waiting live"),
    ("queued left chat", "waiting left"),
    ("queued draft", "waiting draft"),
    ("invited", "offered routed email"),
    ("invited chat", "offered routed live"),
    ("invited left chat", "offered routed left"),
    ("invited draft", "offered routed draft"),
    ("processing", "owned email answerable"),
    ("processing with draft", "owned email answerable answered"),
    ("processing with transfer", "owned offered email answerable"),
    ("processing work", "owned work"),
    ("chatting", "owned live"),
    ("chatting with transfer", "owned live offered"),
    ("chatting with invite", "owned live offered"),
    ("chatting with consult", "owned live offered"),
    ("chatting in company", "owned live company"),
    ("left chat", "owned left"),
    ("left chat with transfer", "owned left offered"),
    ("composing", "owned draft queueless"),
    ("composing with transfer", "owned draft queueless offered"),
    ("queued talk", "waiting live talk"),
    ("invited talk", "offered routed live talk"),
    ("talking", "owned live talk"),
    ("talking with transfer", "owned live offered talk"),
    ("talking with intrusion", "owned live intruded talk"),
    ("talking with intrusion beside transfer", "owned live offered intruded talk"),
    ("talking in company", "owned live company talk"),
    ("talking in consultation", "owned live company consulted talk"),
    ("talking while monitored", "owned live watched talk"),
    ("talking is over", "owned left hung-up"),
    ("parked", "workbin email"),
    ("parked for the team", "workbin team email"),
    ("parked left chat", "workbin left"),
    ("parked draft", "workbin draft queueless"),
    ("parked until later", "workbin reminded email"),
    ("parked draft until later", "workbin reminded draft queueless"),
    ("sending", "sending queueless"),
    ("sending later", "sending held queueless"),
    ("confirming", "sending unasked"),
    ("completed", "ended"),
    ("canceled", "ended"),
    ("sent", "ended"),
];

impl Floor {
    /// Carries a user's command out, which must succeed.
    pub(crate) fn does(&mut self, user: UserId, id: InteractionId, action: Action) -> Decision {
        let command = self.by(user, action);
        self.apply(decide, id, command).expect("the command succeeds")
    }

    /// Tries a user's command.
    pub(crate) fn tries(
        &mut self,
        user: UserId,
        id: InteractionId,
        action: Action,
    ) -> Result<Decision, Rejection> {
        let command = self.by(user, action);
        self.apply(decide, id, command)
    }

    /// Carries out a command of somebody who is no user, which must succeed.
    pub(crate) fn machine(&mut self, id: InteractionId, action: impl Into<Command>) -> Decision {
        self.apply(decide, id, action).expect("the command succeeds")
    }

    /// Opens a chat with a customer who is there.
    pub(crate) fn converse(&mut self) -> InteractionId {
        let make = |floor: &Self| NewInteraction {
            medium: Medium::Chat(Some(chat_request())),
            ..floor.new_interaction(&Media::Chat)
        };
        self.begin(make, &Actor::Customer)
    }

    /// Opens an interaction and gives it to the owner.
    pub(crate) fn owned(&mut self, media: &Media) -> InteractionId {
        let id = self.open(media);
        self.give(id, ANN);
        id
    }

    /// Offers a waiting interaction to an agent, who accepts.
    pub(crate) fn give(&mut self, id: InteractionId, to: UserId) {
        self.machine(id, SystemAction::Offer { to, of: 1 });
        self.does(to, id, Action::Accept { nickname: None });
    }

    /// Lets the owner bring an agent into a chat, who accepts.
    pub(crate) fn brings_in(&mut self, id: InteractionId, action: Action, agent: UserId) {
        let owner = self.interactions[&id].owner().expect("it is owned");
        self.does(owner, id, action);
        self.does(agent, id, Action::Accept { nickname: None });
    }

    /// Lets the supervisor ask for a part in a chat.
    pub(crate) fn intrudes(&mut self, id: InteractionId, mode: SupervisorMode) -> Decision {
        self.does(SUPERVISOR, id, Action::Intrude { mode, nickname: None })
    }

    /// Lets the supervisor come into a chat.
    pub(crate) fn watches(&mut self, id: InteractionId, mode: SupervisorMode) {
        self.intrudes(id, mode);
        self.does(SUPERVISOR, id, Action::Accept { nickname: None });
    }

    /// Opens an inbound e-mail and makes a draft of it; returns the original and the draft.
    pub(crate) fn answered(&mut self) -> (InteractionId, InteractionId) {
        let original = self.owned(&MEDIA[0]);
        let decision = self.does(ANN, original, reply());
        (original, decision.related[0].id)
    }
}

impl Floor {
    /// Takes in a letter that its sender is told of; returns both.
    pub(crate) fn confirmed(&mut self) -> (InteractionId, InteractionId) {
        let decision = self.arrives(self.letter(), confirming(InteractionId::compose(3, 1)));
        (decision.after.id, decision.related[0].id)
    }

    /// Returns a letter of a contact.
    pub(crate) fn letter(&self) -> NewInteraction {
        let email = Email { from: "eve@customer.example".to_string(), ..Email::default() };
        NewInteraction {
            id: InteractionId::compose(2, self.interactions.len() as u64),
            medium: Medium::Email(email),
            contact: Some("c1".to_string()),
            ..self.new_interaction(&Media::Email)
        }
    }

    /// Decides what comes of a letter, and changes nothing.
    pub(crate) fn try_letter(
        &self,
        new: NewInteraction,
        arrival: Arrival,
    ) -> Result<Decision, Rejection> {
        self.beginning(new.parent, new.id, |context| open_letter(new, arrival, context))
    }

    /// Takes a letter in.
    pub(crate) fn arrives(&mut self, new: NewInteraction, arrival: Arrival) -> Decision {
        let decision = self.try_letter(new, arrival).expect("it is taken in");
        self.commit(&decision);
        invariants::check(&self.snapshot()).expect("the invariants hold");
        decision
    }
}

/// Returns how a letter arrives of which nothing is to be said.
pub(crate) fn plain(threading: Threading) -> Arrival {
    Arrival { threading, remarks: Vec::new(), acknowledgement: None }
}

/// Returns how one arrives whose sender is told of it.
pub(crate) fn confirming(id: InteractionId) -> Arrival {
    let email = Email {
        from: "support@ours.example".to_string(),
        to: vec!["eve@customer.example".to_string()],
        message_id: Some("ack@ours.example".to_string()),
        ..Email::default()
    };
    let acknowledgement = NewAcknowledgement { id, subject: "We have it".to_string(), email };
    Arrival { acknowledgement: Some(Ok(acknowledgement)), ..plain(Threading::NothingNamed) }
}

/// Returns what a customer's wish to chat brings along: gone after 45 s without a request, alerted
/// after 255 s without a word, closed 45 s later.
pub(crate) fn chat_request() -> ChatRequest {
    ChatRequest {
        service: "customer-support".to_string(),
        nickname: "Joan".to_string(),
        customer: CustomerKey {
            user_id: "007555677B20000A".to_string(),
            key_hash: "00".repeat(32),
        },
        times: ChatTimes {
            customer_silence_ms: 45_000,
            idle_alert_ms: 255_000,
            idle_close_ms: 45_000,
            wait_max_ms: 600_000,
        },
    }
}

/// Makes the interaction of a state by the commands that lead there.
pub(crate) fn state(name: &str) -> (Floor, InteractionId) {
    let mut floor = Floor::new();
    let floor_ref = &mut floor;
    let id = match name.split(' ').next().expect("a state has a name") {
        "queued" | "invited" => waiting(floor_ref, name),
        "processing" | "chatting" | "left" | "composing" => owned(floor_ref, name),
        "talking" => talking(floor_ref, name),
        "parked" => parked(floor_ref, name),
        "confirming" => floor_ref.confirmed().1,
        "sending" | "sent" | "canceled" => outbound(floor_ref, name),
        "completed" => {
            let id = floor_ref.owned(&Media::Email);
            floor_ref.does(ANN, id, Action::Complete { queue: None });
            id
        }
        other => panic!("unknown state {other}"),
    };
    (floor, id)
}

fn waiting(floor: &mut Floor, name: &str) -> InteractionId {
    let id = match name.split_once(' ').map_or("", |(_, what)| what) {
        "" => floor.open(&Media::Email),
        "chat" => floor.open(&Media::Chat),
        "talk" => floor.converse(),
        "left chat" => {
            let id = owned(floor, "left chat");
            let queue = in_queue(floor, &Media::Chat);
            floor.does(ANN, id, Action::PlaceInQueue(queue));
            id
        }
        "draft" => {
            let (_, id) = floor.answered();
            let queue = in_queue(floor, &Media::Email);
            floor.does(ANN, id, Action::PlaceInQueue(queue));
            id
        }
        other => panic!("unknown kind {other}"),
    };
    if name.starts_with("invited") {
        floor.machine(id, SystemAction::Offer { to: BOB, of: 1 });
    }
    id
}

fn owned(floor: &mut Floor, name: &str) -> InteractionId {
    let id = match name {
        "processing with draft" => floor.answered().0,
        "processing work" => floor.owned(&Media::Workitem),
        name if name.starts_with("processing") => floor.owned(&Media::Email),
        name if name.starts_with("composing") => floor.answered().1,
        _ => floor.owned(&Media::Chat),
    };
    if name.starts_with("left chat") {
        floor.does(ANN, id, Action::EndChatSession);
    }
    if name.ends_with("transfer") {
        floor.does(ANN, id, Action::Transfer(Target::Agent(Named::Known(BOB))));
    } else if name.ends_with("invite") {
        floor.does(ANN, id, Action::Invite(Named::Known(BOB)));
    } else if name.ends_with("consult") {
        floor.does(ANN, id, Action::Consult(Named::Known(BOB)));
    } else if name.ends_with("company") {
        floor.does(ANN, id, Action::Invite(Named::Known(CID)));
        floor.does(CID, id, Action::Accept { nickname: None });
    }
    id
}

fn talking(floor: &mut Floor, name: &str) -> InteractionId {
    let id = floor.converse();
    floor.give(id, ANN);
    let colleague = || Named::Known(CID);
    match name.split_once(' ').map_or("", |(_, what)| what) {
        "" => {}
        "with transfer" => {
            drop(floor.does(ANN, id, Action::Transfer(Target::Agent(Named::Known(BOB)))))
        }
        "with intrusion" => drop(floor.intrudes(id, SupervisorMode::Monitor)),
        "with intrusion beside transfer" => {
            floor.intrudes(id, SupervisorMode::Monitor);
            floor.does(ANN, id, Action::Transfer(Target::Agent(Named::Known(BOB))));
        }
        "while monitored" => floor.watches(id, SupervisorMode::Monitor),
        "in company" => floor.brings_in(id, Action::Invite(colleague()), CID),
        "in consultation" => floor.brings_in(id, Action::Consult(colleague()), CID),
        "is over" => drop(floor.does(ANN, id, Action::EndChatSession)),
        other => panic!("unknown kind {other}"),
    }
    id
}

fn parked(floor: &mut Floor, name: &str) -> InteractionId {
    let (name, until) = match name.strip_suffix(" until later") {
        Some(name) => (name, Some(floor.now.plus_ms(LATER_MS))),
        None => (name, None),
    };
    let (id, workbin) = match name {
        "parked" => (floor.owned(&Media::Email), "In Progress"),
        "parked for the team" => (floor.owned(&Media::Email), "Team"),
        "parked left chat" => (owned(floor, "left chat"), "In Progress"),
        "parked draft" => (floor.answered().1, "Drafts"),
        other => panic!("unknown state {other}"),
    };
    let workbin = floor.workbins.values().find(|it| it.name == workbin).expect("it exists").clone();
    floor.does(ANN, id, Action::PlaceInWorkbin(Named::Known(workbin), until));
    id
}

fn outbound(floor: &mut Floor, name: &str) -> InteractionId {
    let (_, id) = floor.answered();
    match name {
        "canceled" => {
            floor.does(ANN, id, Action::Cancel);
        }
        "sending" => {
            floor.does(ANN, id, Action::Send(Box::default()));
        }
        "sending later" => {
            let delay_ms = Dispatch::DELAY_MS_MAX;
            floor.does(
                ANN,
                id,
                Action::Send(Box::new(Dispatch { delay_ms, ..Dispatch::default() })),
            );
        }
        _ => {
            floor.does(ANN, id, Action::Send(Box::default()));
            floor.machine(id, SystemAction::Delivered);
        }
    }
    id
}

/// Returns the queue of a medium, as a command names it.
pub(crate) fn in_queue(floor: &Floor, media: &Media) -> Named<handoff_domain::Queue> {
    Named::Known(floor.queues[&crate::floor::queue_id(media)].clone())
}

/// Returns a command that answers an e-mail.
pub(crate) fn reply() -> Action {
    Action::CreateDraft(Box::new(Draft {
        kind: DraftKind::Reply,
        subject: Some("Re: order".to_string()),
        email: written(),
        user_data: UserData::default(),
        queue: None,
        base: None,
    }))
}

/// Returns an e-mail as its writer writes it.
pub(crate) fn written() -> Email {
    Email { to: vec!["eve@customer.example".to_string()], ..Email::default() }
}

/// Returns what a user is shown of the interaction by the first event that is about it, and not
/// about what was said.
pub(crate) fn shown(decision: &Decision, user: UserId) -> Option<Notice> {
    let about_it = |notice: &&Notice| {
        notice.user() == Some(user) && !matches!(notice.view, View::Workbin { .. })
    };
    let mut events = decision.events.iter();
    let event = events.find(|event| !matches!(event.subject, Subject::Transcript { .. }));
    event.and_then(|event| event.notices.iter().find(about_it)).cloned()
}

/// Returns the state that a user is shown, and whether it concerns them still.
pub(crate) fn seen(decision: &Decision, user: UserId) -> Option<(Status, bool)> {
    shown(decision, user).and_then(|notice| match notice.view {
        View::Concerned(status) => Some((status, true)),
        View::Gone(status) => Some((status, false)),
        View::Workbin { .. } | View::Channels | View::Messages { .. } => None,
    })
}
