//! The commands of the table by name. The first word is the operation, the others say what is
//! special about this one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use handoff_domain::command::{
    Action, Actor, Command, CustomerAction, DraftKind, Named, Patch, Removal, SystemAction, Target,
    UserCommand,
};
use handoff_domain::desk::Channels;
use handoff_domain::id::{InteractionId, QueueId, ResponseId, SkillId, UserId};
use handoff_domain::media::Media;
use handoff_domain::user_data::{UserData, Value};
use handoff_domain::{Queue, Reminder, Step, Time};

use crate::floor::{Floor, MEDIA, NODE, SKILL, SUPERVISOR, queue_id};
use crate::support::{ANN, BOB, CID, DEE, LATER_MS, in_queue, reply, written};
use crate::table::{post, talk};

/// When a queue's step begins by itself, in ms.
const HOUR_MS: u64 = 60 * 60 * 1_000;

/// Every command of the table.
pub(crate) const COMMANDS: &[&str] = &[
    "Offer",
    "Offer unknown",
    "Offer unreachable",
    "Offer not-ready",
    "Offer full",
    "Offer unserving",
    "Accept",
    "Reject",
    "ExpireOffer",
    "ExpireOffer late",
    "Update",
    "Update too-large",
    "Attach",
    "Delete",
    "SetDisposition",
    "AddComment",
    "UseResponse",
    "SetInFocus",
    "Change",
    "Change priority",
    "Change email",
    "Change too-deep",
    "PlaceInQueue",
    "PlaceInQueue unknown",
    "PlaceInQueue ambiguous",
    "PlaceInQueue other-medium",
    "ReplaceQueue",
    "ReplaceQueue own",
    "ReplaceQueue other-medium",
    "PlaceInWorkbin",
    "PlaceInWorkbin until",
    "PlaceInWorkbin past",
    "PlaceInWorkbin far",
    "PlaceInWorkbin unknown",
    "Pull",
    "Pull named",
    "Pull unknown",
    "Pull elsewhere",
    "Pull no-session",
    "Pull full",
    "Take",
    "Take caller",
    "Take self",
    "Take unknown",
    "Take no-session",
    "Take unreachable",
    "Take full",
    "SetPriority",
    "Widen",
    "Widen none",
    "Transfer",
    "Transfer unknown",
    "Transfer self",
    "Transfer unreachable",
    "Transfer not-ready",
    "Transfer full",
    "ToQueue",
    "ToQueue unknown",
    "ToQueue other-medium",
    "ToSkill",
    "ToSkill unknown",
    "Invite",
    "Invite unknown",
    "Invite self",
    "Invite participant",
    "Invite unreachable",
    "Invite full",
    "Consult",
    "Consult participant",
    "Consult not-ready",
    "ConsultQueue",
    "ConsultQueue unknown",
    "ConsultQueue other-medium",
    "ConsultQueue nobody",
    "Remove",
    "Remove unknown",
    "Remove target",
    "Remove stranger",
    "Leave",
    "EndChatSession",
    "CustomerLeft",
    "Say",
    "Say empty",
    "Say long",
    "Say far-url",
    "Say notice",
    "Say nickname",
    "Say joined",
    "Say to-agents",
    "Say to-supervisors",
    "Say too-late",
    "CompleteTransfer",
    "CompleteTransfer named",
    "CompleteTransfer unknown",
    "CompleteTransfer stranger",
    "CompleteTransfer watcher",
    "CompleteConference",
    "CompleteConference named",
    "CompleteConference unknown",
    "CompleteConference stranger",
    "CompleteConference watcher",
    "Remove watcher",
    "Intrude",
    "Intrude no-session",
    "Intrude away",
    "SwitchMode",
    "CountDownload",
    "CheckCustomer",
    "CheckCustomer early",
    "CheckIdle",
    "CheckIdle early",
    "CheckWait",
    "CheckWait early",
    "Remind",
    "Remind early",
    "Remind away",
    "Remind queueless",
    "Remind nowhere",
    "Complete",
    "Complete queue",
    "Complete unknown",
    "Complete other-medium",
    "Reply",
    "ReplyAll",
    "Forward",
    "Reply unknown",
    "Reply too-large",
    "Save",
    "Send",
    "Send unknown",
    "Send other-medium",
    "Send nobody",
    "Send strange",
    "Send stale",
    "Send forced",
    "Send reviewed",
    "Send later",
    "CancelSend",
    "CancelSend too-late",
    "CancelSend claimed",
    "CancelSend sender-gone",
    "AddAttachment",
    "AddAttachment large",
    "RemoveAttachment",
    "RemoveAttachment unknown",
    "Split",
    "Join",
    "Join unknown",
    "Join unseen",
    "Join chat",
    "Join later",
    "Cancel",
    "Delivered",
    "DeliveryDeferred",
    "DeliveryFailed",
    "DeliveryFailed sender-gone",
    "DeliveryFailed without-workbins",
    "ExpireHandling",
    "ExpireHandling early",
    "ExpireHandling without-workbins",
    "GoneOwner",
    "GoneOwner without-workbins",
    "GoneTarget",
    "GoneParticipant",
    "GoneOther",
];

/// Changes the contact center as the command's name says.
pub(crate) fn prepare(floor: &mut Floor, command: &str) {
    let (base, special) = command.split_once(' ').unwrap_or((command, ""));
    talk::prepare(floor, command);
    post::prepare(floor, command);
    match (base, special) {
        ("Pull", "no-session") => {
            [ANN, SUPERVISOR].into_iter().for_each(|user| leave(floor, user));
        }
        ("Pull", "full") => [ANN, SUPERVISOR].into_iter().for_each(|user| fill(floor, user)),
        ("Take", "no-session") => leave(floor, DEE),
        ("Widen", special) => {
            let step = Step { after_ms: HOUR_MS, groups: BTreeSet::new(), skills: BTreeMap::new() };
            for queue in Arc::make_mut(&mut floor.queues).values_mut() {
                queue.steps = if special == "none" { vec![] } else { vec![step.clone()] };
            }
        }
        (_, "full") => fill(floor, DEE),
        (_, "not-ready") => {
            let desk = floor.desks.get_mut(&DEE).expect("a desk");
            let _ = desk.set_not_ready(Channels::All, None).expect("a session");
        }
        (_, "unreachable") => {
            let now = floor.now;
            floor.desks.get_mut(&DEE).expect("a desk").set_reach(NODE, [].into(), now);
        }
        (_, "sender-gone") => leave(floor, ANN),
        ("DeliveryFailed", "without-workbins") => {
            leave(floor, ANN);
            floor.workbins = Arc::default();
        }
        ("GoneOwner", "without-workbins") => floor.workbins = Arc::default(),
        ("ExpireHandling", "without-workbins") => {
            floor.workbins = Arc::default();
            floor.now = floor.now.plus_ms(floor.options.handling_timeout_ms);
        }
        ("ReplaceQueue", "") => {
            let queues = Arc::make_mut(&mut floor.queues);
            let others = MEDIA.each_ref().map(|media| another(&queues[&queue_id(media)]));
            queues.extend(others.map(|queue| (queue.id, queue)));
        }
        ("Remind", special) => {
            let is_early = special == "early";
            floor.now = floor.now.plus_ms(if is_early { LATER_MS - 1 } else { LATER_MS });
            if matches!(special, "away" | "nowhere") {
                leave(floor, ANN);
            }
            if matches!(special, "queueless" | "nowhere") {
                floor.queues = Arc::default();
            }
        }
        ("ExpireHandling", "") => floor.now = floor.now.plus_ms(floor.options.handling_timeout_ms),
        _ => {}
    }
}

fn leave(floor: &mut Floor, user: UserId) {
    let _ = floor.desks.get_mut(&user).expect("a desk").end_session().expect("a session");
}

fn fill(floor: &mut Floor, user: UserId) {
    Arc::make_mut(&mut floor.users).get_mut(&user).expect("a user").capacity.overall = Some(0);
}

fn agent(special: &str) -> Named<UserId> {
    match special {
        "unknown" => Named::Unknown("nobody".to_string()),
        "self" => Named::Known(ANN),
        "target" => Named::Known(BOB),
        "participant" => Named::Known(CID),
        "watcher" => Named::Known(SUPERVISOR),
        _ => Named::Known(DEE),
    }
}

fn queue(special: &str, floor: &Floor, id: InteractionId) -> Named<Queue> {
    let media = floor.interactions[&id].media().clone();
    match special {
        "unknown" => Named::Unknown("nowhere".to_string()),
        "ambiguous" => Named::Ambiguous("double".to_string()),
        "other-medium" if media == Media::Email => in_queue(floor, &Media::Chat),
        "other-medium" => in_queue(floor, &Media::Email),
        _ => in_queue(floor, &media),
    }
}

/// What a command of the table is, for each who could give it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wish {
    pub(crate) user: Option<Action>,
    pub(crate) customer: Option<CustomerAction>,
    /// The server's own.
    pub(crate) system: Option<SystemAction>,
}

impl Wish {
    /// Returns the command as that actor gives it; `None` when they have no such action.
    pub(crate) fn by(&self, actor: &Actor) -> Option<Command> {
        match actor {
            Actor::User(caller) => {
                let action = self.user.clone()?;
                Some(UserCommand::new(caller.clone(), action).into())
            }
            Actor::Customer => self.customer.clone().map(Command::Customer),
            Actor::Router | Actor::Server | Actor::Mailer => {
                let action = self.system.clone().filter(|action| action.actor() == *actor);
                action.map(Command::System)
            }
        }
    }
}

impl From<Action> for Wish {
    fn from(action: Action) -> Self {
        Self { user: Some(action), ..Self::default() }
    }
}

impl From<SystemAction> for Wish {
    fn from(action: SystemAction) -> Self {
        Self { system: Some(action), ..Self::default() }
    }
}

impl From<CustomerAction> for Wish {
    fn from(action: CustomerAction) -> Self {
        Self { customer: Some(action), ..Self::default() }
    }
}

/// Returns the command of that name.
pub(crate) fn wish(command: &str, floor: &Floor, id: InteractionId) -> Wish {
    let (base, special) = command.split_once(' ').unwrap_or((command, ""));
    let named = || system(base, special, floor, id).map(Wish::from);
    let found = talk::wish(base, special).or_else(|| post::wish(base, special, floor));
    let mut wish = found.or_else(named).unwrap_or_else(|| action(base, special, floor, id).into());
    match &wish.user {
        Some(Action::UpdateUserData(changes)) => {
            wish.customer = Some(CustomerAction::UpdateUserData(changes.clone()));
        }
        Some(Action::PlaceInQueue(Named::Known(queue))) => {
            wish.system = Some(SystemAction::Requeue(queue.clone()));
        }
        _ => {}
    }
    wish
}

fn system(base: &str, special: &str, floor: &Floor, id: InteractionId) -> Option<SystemAction> {
    Some(match base {
        "Offer" => SystemAction::Offer { to: offer_to(special), of: 1 },
        "ExpireOffer" => {
            let number = floor.interactions[&id].offers;
            let number = if special == "late" { number + 1 } else { number };
            SystemAction::ExpireOffer { number, running_since: Time(0) }
        }
        "ReplaceQueue" => SystemAction::ReplaceQueue(replacement(special, floor, id)),
        "Remind" => SystemAction::Remind,
        "Delivered" => SystemAction::Delivered,
        "DeliveryFailed" => SystemAction::DeliveryFailed { reason: "no such mailbox".to_string() },
        "ExpireHandling" => SystemAction::ExpireHandling,
        "GoneOwner" => SystemAction::AgentGone { user: ANN },
        "GoneTarget" => SystemAction::AgentGone { user: BOB },
        "GoneParticipant" => SystemAction::AgentGone { user: CID },
        "GoneOther" => SystemAction::AgentGone { user: DEE },
        _ => return None,
    })
}

/// Returns until when something is put into a workbin.
fn until(special: &str, floor: &Floor) -> Option<Time> {
    match special {
        "until" => Some(floor.now.plus_ms(Reminder::AHEAD_MS_MAX)),
        "past" => Some(floor.now),
        "far" => Some(floor.now.plus_ms(Reminder::AHEAD_MS_MAX + 1)),
        _ => None,
    }
}

fn replacement(special: &str, floor: &Floor, id: InteractionId) -> Queue {
    let Named::Known(queue) = queue(special, floor, id) else { panic!("it exists") };
    if special.is_empty() { another(&queue) } else { queue }
}

/// Returns a second queue of the same medium.
fn another(queue: &Queue) -> Queue {
    Queue { id: QueueId(queue.id.0 + 0x100), ..queue.clone() }
}

fn action(base: &str, special: &str, floor: &Floor, id: InteractionId) -> Action {
    match base {
        "Accept" => Action::Accept { nickname: None },
        "Reject" => Action::Reject,
        "PlaceInQueue" => Action::PlaceInQueue(queue(special, floor, id)),
        "PlaceInWorkbin" => Action::PlaceInWorkbin(workbin(special, floor), until(special, floor)),
        "Pull" => Action::Pull { from: from(special, floor, id) },
        "Take" if special == "caller" => Action::Take { to: None },
        "Take" => Action::Take { to: Some(agent(special)) },
        "SetPriority" => Action::SetPriority(7),
        "Widen" => Action::Widen,
        "Transfer" => Action::Transfer(Target::Agent(agent(special))),
        "ToQueue" => Action::Transfer(Target::Queue(queue(special, floor, id))),
        "ToSkill" => Action::Transfer(Target::Skill(skill(special))),
        "Invite" => Action::Invite(agent(special)),
        "Consult" => Action::Consult(agent(special)),
        "ConsultQueue" => Action::ConsultQueue(queue(special, floor, id)),
        "Remove" if special.is_empty() => Action::RemoveParticipant(Named::Known(CID)),
        "Remove" => Action::RemoveParticipant(agent(special)),
        "Leave" => Action::Leave,
        "EndChatSession" => Action::EndChatSession,
        "Complete" if special.is_empty() => Action::Complete { queue: None },
        "Complete" => Action::Complete { queue: Some(queue(special, floor, id)) },
        "Reply" | "ReplyAll" | "Forward" => draft(base, special, floor, id),
        "Save" => Action::SaveDraft { email: written(), subject: None },
        "Cancel" => Action::Cancel,
        _ => data(base, special),
    }
}

fn data(base: &str, special: &str) -> Action {
    let large = || {
        UserData(BTreeMap::from([("k".to_string(), Value::Text("x".repeat(UserData::BYTES_MAX)))]))
    };
    let small = || UserData(BTreeMap::from([("k".to_string(), Value::Integer(1))]));
    match (base, special) {
        ("Update", "too-large") => Action::UpdateUserData(large()),
        ("Update", _) => Action::UpdateUserData(small()),
        ("Attach", _) => Action::AttachUserData(small()),
        ("Delete", _) => Action::DeleteUserData(Removal::Keys(vec!["k".to_string()])),
        ("SetDisposition", _) => Action::SetDisposition {
            key: "disposition".to_string(),
            disposition: Value::Text("sold".to_string()),
        },
        ("AddComment", _) => Action::AddComment("called back".to_string()),
        ("UseResponse", _) => Action::UseResponse(ResponseId(1)),
        ("SetInFocus", _) => Action::SetInFocus,
        ("Change", special) => Action::Change(patch(special)),
        _ => panic!("unknown command {base}"),
    }
}

fn patch(special: &str) -> Patch {
    match special {
        "priority" => Patch { priority: Some(7), ..Patch::default() },
        "email" => Patch { email: Some(written()), ..Patch::default() },
        "too-deep" => {
            let deep = (0..UserData::DEPTH_MAX).fold(Value::Null, |inner, _| {
                Value::Map(BTreeMap::from([("d".to_string(), inner)]))
            });
            Patch { user_data: Some(BTreeMap::from([("d".to_string(), deep)])), ..Patch::default() }
        }
        _ => Patch { subject: Some("order 7".to_string()), ..Patch::default() },
    }
}

fn offer_to(special: &str) -> UserId {
    match special {
        "unknown" => UserId(0xdead),
        "unserving" => SUPERVISOR,
        _ => DEE,
    }
}

fn workbin(special: &str, floor: &Floor) -> Named<handoff_domain::Workbin> {
    let team =
        || floor.workbins.values().find(|workbin| workbin.name == "Team").expect("it exists");
    if special == "unknown" {
        Named::Unknown("nowhere".to_string())
    } else {
        Named::Known(team().clone())
    }
}

fn from(special: &str, floor: &Floor, id: InteractionId) -> Option<Named<handoff_domain::Workbin>> {
    let is_shared = |workbin| floor.workbins.contains_key(&workbin);
    let is_team = floor.interactions[&id].state.workbin().is_some_and(is_shared);
    let named = |name: &str| {
        let workbin =
            floor.workbins.values().find(|workbin| workbin.name == name).expect("it exists");
        Named::Known(if workbin.name == "Team" { workbin.clone() } else { workbin.of(ANN) })
    };
    match special {
        "unknown" => Some(Named::Unknown("nowhere".to_string())),
        "named" if is_team => Some(named("Team")),
        "named" => {
            let is_draft = floor.interactions[&id].mode() == Some(handoff_domain::Mode::Composing);
            Some(named(if is_draft { "Drafts" } else { "In Progress" }))
        }
        "elsewhere" if is_team => Some(named("In Progress")),
        "elsewhere" => Some(named("Team")),
        _ => None,
    }
}

fn skill(special: &str) -> Named<(SkillId, u32)> {
    if special == "unknown" {
        Named::Unknown("magic".to_string())
    } else {
        Named::Known((SKILL.id, 3))
    }
}

fn draft(base: &str, special: &str, floor: &Floor, id: InteractionId) -> Action {
    let Action::CreateDraft(mut draft) = reply() else { panic!("a reply makes a draft") };
    draft.kind = match base {
        "ReplyAll" => DraftKind::ReplyAll,
        "Forward" => DraftKind::Forward,
        _ => DraftKind::Reply,
    };
    match special {
        "unknown" => draft.queue = Some(queue("unknown", floor, id)),
        "too-large" => {
            let large = Value::Text("x".repeat(UserData::BYTES_MAX));
            draft.user_data = UserData(BTreeMap::from([("k".to_string(), large)]));
        }
        _ => {}
    }
    Action::CreateDraft(draft)
}
