//! The words of the reference, translated into the rules' own, and what the rules answer translated
//! back.

use std::collections::BTreeMap;

use handoff_domain::chat::{Content, LeaveReason, TreatAs, Utterance, Visibility};
use handoff_domain::command::{
    Action, Actor, Dispatch, Draft, DraftKind, Named, Patch, Removal, SupervisorMode, Target,
};
use handoff_domain::event::{Subject, View};
use handoff_domain::id::{FileId, InteractionId, UserId};
use handoff_domain::interaction::decide::Decision;
use handoff_domain::interaction::{Attachment, Email, OfferKind, ParticipantRole, State};
use handoff_domain::media::Media;
use handoff_domain::rejection::Rejection;
use handoff_domain::user_data::{UserData, Value};
use handoff_domain::{Interaction, Queue, Workbin};

use crate::floor::{AGENTS, Floor, SKILL, SUPERVISOR, queue_id};
use crate::reference::{Bin, Person, Shown, Spot, Thing, What, Who, Why};

/// Returns the user of a person's number.
pub(crate) fn user(person: Person) -> UserId {
    AGENTS.get(person).copied().unwrap_or(SUPERVISOR)
}

fn person(user: UserId) -> Person {
    AGENTS.iter().position(|agent| *agent == user).unwrap_or(AGENTS.len())
}

/// Returns the actor that somebody is.
pub(crate) fn actor(floor: &Floor, who: Who) -> Actor {
    match who {
        Who::Person(person) => floor.caller(user(person)),
        Who::Customer => Actor::Customer,
        Who::Router => Actor::Router,
        Who::Server => Actor::Server,
        Who::Mailer => Actor::Mailer,
    }
}

/// Returns the rules' command for a wish.
pub(crate) fn action(
    floor: &Floor,
    id: InteractionId,
    what: What,
    ids: &[InteractionId],
) -> Action {
    let agent = |person| Named::Known(user(person));
    match what {
        What::Offer(to) => Action::Offer { to: user(to) },
        What::Accept => Action::Accept { nickname: None },
        What::Reject => Action::Reject,
        What::Expire(number) => Action::ExpireOffer { number },
        What::ToQueue => Action::PlaceInQueue(own_queue(floor, id)),
        What::ToNowhere => Action::PlaceInQueue(Named::Unknown("nowhere".to_string())),
        What::ToBin(bin) => Action::PlaceInWorkbin(Named::Known(workbin(floor, bin))),
        What::Pull => Action::Pull { from: None },
        What::TransferTo(to) => Action::Transfer(Target::Agent(agent(to))),
        What::TransferToQueue => Action::Transfer(Target::Queue(own_queue(floor, id))),
        What::TransferToSkill => Action::Transfer(Target::Skill(Named::Known((SKILL.id, 5)))),
        What::Invite(to) => Action::Invite(agent(to)),
        What::Consult(to) => Action::Consult(agent(to)),
        What::Remove(guest) => Action::RemoveParticipant(agent(guest)),
        What::Leave => Action::Leave,
        What::EndChat => Action::EndChatSession,
        What::CustomerLeft => Action::CustomerLeft { reason: LeaveReason::Itself },
        What::Say => {
            let (text, message_type, treat_as) = ("hello".to_string(), None, TreatAs::Normal);
            let content = Content::Text { text, message_type, treat_as };
            Action::Say(Utterance::new(content, Visibility::All))
        }
        What::CompleteTransfer(to) => Action::CompleteTransfer { to: Some(agent(to)) },
        What::CompleteConference(guest) => Action::CompleteConference { agent: Some(agent(guest)) },
        What::Intrude => Action::Intrude { mode: SupervisorMode::Monitor },
        What::Complete => Action::Complete { queue: None },
        What::CompleteTo => Action::Complete { queue: Some(own_queue(floor, id)) },
        What::Save => Action::SaveDraft { email: written(), subject: None },
        What::Send => Action::Send(Dispatch { force: true, ..Dispatch::default() }),
        What::Cancel => Action::Cancel,
        What::Delivered => Action::Delivered,
        What::Defer => {
            Action::DeliveryDeferred { reply: "busy".to_string(), next: floor.now.plus_ms(1) }
        }
        What::AddFile => Action::AddAttachment(file()),
        What::RemoveFile => Action::RemoveAttachment(file().file),
        What::Split => Action::Split,
        What::Join(parent) => Action::Join { parent: Named::Known(ids[parent]) },
        What::Failed => Action::DeliveryFailed { reason: "no such mailbox".to_string() },
        What::Silent => Action::ExpireHandling,
        What::Gone(person) => Action::AgentGone { user: user(person) },
        What::MakeDraft => Action::CreateDraft(Draft {
            kind: DraftKind::Reply,
            subject: None,
            email: written(),
            user_data: UserData::default(),
            queue: None,
            base: None,
        }),
        _ => data(what),
    }
}

fn data(what: What) -> Action {
    let one = UserData(BTreeMap::from([("key".to_string(), Value::Integer(1))]));
    match what {
        What::Update => Action::UpdateUserData(one),
        What::Attach => Action::AttachUserData(one),
        What::Delete => Action::DeleteUserData(Removal::Keys(vec!["key".to_string()])),
        What::Disposition => {
            Action::SetDisposition { key: "key".to_string(), disposition: Value::Integer(1) }
        }
        What::Comment => Action::AddComment("called back".to_string()),
        What::Focus => Action::SetInFocus,
        What::ChangePriority => Action::Change(Patch { priority: Some(3), ..Patch::default() }),
        What::ChangeEmail => Action::Change(Patch { email: Some(written()), ..Patch::default() }),
        _ => Action::Change(Patch { comment: Some("see below".to_string()), ..Patch::default() }),
    }
}

fn written() -> Email {
    Email { to: vec!["eve@customer.example".to_string()], ..Email::default() }
}

fn file() -> Attachment {
    let (name, content_type) = ("order.pdf".to_string(), "application/pdf".to_string());
    Attachment { file: FileId(1), name, bytes: 1, content_type, content_id: None, inline: false }
}

fn own_queue(floor: &Floor, id: InteractionId) -> Named<Queue> {
    Named::Known(floor.queues[&queue_id(&floor.interactions[&id].media)].clone())
}

fn workbin(floor: &Floor, bin: Bin) -> Workbin {
    let named = |name: &str| {
        floor.workbins.values().find(|workbin| workbin.name == name).expect("it exists")
    };
    match bin {
        Bin::Progress(owner) => named(Workbin::IN_PROGRESS).of(user(owner)),
        Bin::Drafts(owner) => named(Workbin::DRAFTS).of(user(owner)),
        Bin::Team => named("Team").clone(),
    }
}

/// Returns the name of a refusal.
pub(crate) fn refusal(rejection: &Rejection) -> String {
    let text = format!("{rejection:?}");
    text.split([' ', '(', '{']).next().expect("a name").to_string()
}

/// Returns what everybody is shown of the interaction that the command was about: by the first
/// event that is no transcript.
pub(crate) fn shown(decision: &Decision) -> Vec<(Person, String, bool)> {
    let mut events = decision.events.iter();
    let event = events.find(|event| !matches!(event.subject, Subject::Transcript { .. }));
    let notices = event.map(|event| event.notices.as_slice()).unwrap_or_default();
    let mut shown: Vec<(Person, String, bool)> = notices
        .iter()
        .filter_map(|notice| match notice.view {
            View::Concerned(status) => Some((person(notice.user), format!("{status:?}"), true)),
            View::Gone(status) => Some((person(notice.user), format!("{status:?}"), false)),
            View::Workbin { .. } | View::Channels | View::Messages { .. } => None,
        })
        .collect();
    shown.sort();
    shown
}

/// Tells whether what the reference says is shown is what is shown.
pub(crate) fn is_shown(expected: &[Shown], shown: &[(Person, String, bool)]) -> bool {
    let same = |(ours, theirs): (&Shown, &(Person, String, bool))| {
        ours.0 == theirs.0 && ours.1 == theirs.1 && ours.2 == theirs.2
    };
    expected.len() == shown.len() && expected.iter().zip(shown).all(same)
}

/// Lists how an interaction differs from what the reference has.
pub(crate) fn differences(
    floor: &Floor,
    interaction: &Interaction,
    thing: &Thing,
    ids: &[InteractionId],
) -> Vec<String> {
    let mut found = Vec::new();
    let mut compare = |what: &str, theirs: String, ours: String| {
        if theirs != ours {
            found.push(format!("{what} is {theirs}, expected {ours}"));
        }
    };
    compare(
        "the state",
        format!("{:?}", interaction.status()),
        crate::reference::word(thing, None).to_string(),
    );
    compare("the epoch", interaction.epoch.to_string(), thing.epoch.to_string());
    compare("the number of offers", interaction.offers.to_string(), thing.offers.to_string());
    compare("the place", spot(floor, interaction), format!("{:?}", thing.spot));
    let seats: Vec<u64> = interaction.supervision_offers().iter().map(|seat| seat.number).collect();
    compare("the list of seats", format!("{seats:?}"), format!("{:?}", Vec::from_iter(thing.seat)));
    let parent = thing.parent.map(|parent| ids[parent]);
    compare("the parent", format!("{:?}", interaction.parent), format!("{parent:?}"));
    let mut drafts: Vec<InteractionId> =
        thing.open_drafts.iter().map(|draft| ids[*draft]).collect();
    drafts.sort();
    compare(
        "the list of drafts",
        format!("{:?}", interaction.drafts),
        format!("{:?}", Set(&drafts)),
    );
    if let Some(wait) = interaction.wait() {
        let passes: Vec<(Person, i64)> =
            wait.passes.iter().map(|pass| (person(pass.user), pass.at.0)).collect();
        compare("who passed it", format!("{passes:?}"), format!("{:?}", thing.passes));
        compare(
            "whether it asks for a skill",
            format!("{}", !wait.skills.is_empty()),
            format!("{}", thing.needs_skill),
        );
    }
    found
}

/// Prints a list as a set prints.
struct Set<'a>(&'a [InteractionId]);

impl std::fmt::Debug for Set<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0).finish()
    }
}

/// Says where an interaction is in the reference's words.
fn spot(floor: &Floor, interaction: &Interaction) -> String {
    let role = |role: ParticipantRole| match role {
        ParticipantRole::Invited => Why::Invite,
        ParticipantRole::Consulted => Why::Consult,
        ParticipantRole::Monitor | ParticipantRole::Coach | ParticipantRole::BargeIn => Why::Watch,
    };
    let why = |kind: OfferKind| match kind {
        OfferKind::Routed | OfferKind::Transfer => Why::Transfer,
        OfferKind::Invite => Why::Invite,
        OfferKind::Consult => Why::Consult,
        OfferKind::Monitor | OfferKind::Coach | OfferKind::BargeIn => Why::Watch,
    };
    let spot = match &interaction.state {
        State::Queued(_) => Spot::Waiting,
        State::Invited(_, offer) => Spot::Offered(person(offer.to)),
        State::Handling(handling) => Spot::Held {
            by: person(handling.by),
            asked: handling.offer.as_ref().map(|offer| (person(offer.to), why(offer.kind))),
            guests: handling
                .others
                .iter()
                .map(|other| (person(other.user), role(other.role)))
                .collect(),
        },
        State::Parked { workbin: id, .. } => {
            let bins =
                (0..5).flat_map(|owner| [Bin::Progress(owner), Bin::Drafts(owner), Bin::Team]);
            let bin = bins.into_iter().find(|bin| workbin(floor, *bin).id == *id);
            bin.map_or(Spot::Over("lost"), Spot::Binned)
        }
        State::Sending { by, .. } => Spot::Leaving(person(by.expect("an agent sent it"))),
        State::Ended { outcome, .. } => {
            return format!("Over({:?})", format!("{outcome:?}"));
        }
    };
    format!("{spot:?}")
}

/// The media by the reference's words.
pub(crate) fn media(medium: &str) -> Media {
    Media::from_name(medium)
}
