//! What happens in the contact center by chance, and whose doing it is.

use std::collections::BTreeSet;

use handoff_domain::command::{CustomerAction, Dispatch, Draft, DraftKind, SupervisorMode};
use handoff_domain::{
    Action, Caller, Command, Email, Interaction, LeaveReason, Named, Role, SystemAction, Target,
    UserCommand, UserData, UserId,
};
use proptest::prelude::*;

use super::rig::{AGENTS, CHATS, CHECKED, GROUP, QUEUES, SUPERVISOR, queue, workbin};

#[derive(Clone, Debug)]
pub(super) enum Deed {
    /// Something comes into a queue, as its medium has it.
    Submit { queue: usize },
    /// Something happens to the first, from a place on, of what is not over and to which it can;
    /// where it can to none, something else does.
    Act { place: usize, what: What },
    /// Time passes, and what is due happens.
    Pass { ms: u32 },
    /// An agent's session ends; they come back with the next deed of this kind.
    ComeOrGo { agent: usize },
    /// So much time passes that the log is swept.
    Sweep,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum What {
    Accept,
    Reject,
    Complete,
    Transfer,
    Park,
    Pull,
    Take,
    Assign,
    Requeue,
    // Of a chat.
    Invite,
    Consult,
    Intrude,
    CompleteTransfer,
    CompleteConference,
    Remove,
    Leave,
    EndSession,
    CustomerLeaves,
    // Of an e-mail.
    Answer,
    Send,
    SendForReview,
    Cancel,
    Deliver,
    PutOff,
    Bounce,
}

pub(super) fn deed() -> impl Strategy<Value = Deed> {
    // What else has to happen before much can.
    let what = prop_oneof![
        6 => Just(What::Accept),
        4 => Just(What::Complete),
        1 => Just(What::Assign),
        3 => Just(What::Invite),
        3 => Just(What::Consult),
        2 => Just(What::Intrude),
        2 => Just(What::CompleteTransfer),
        2 => Just(What::Leave),
        1 => Just(What::Answer),
        1 => Just(What::SendForReview),
        1 => Just(What::Bounce),
        6 => (0..What::ALL.len()).prop_map(|which| What::ALL[which]),
    ];
    prop_oneof![
        10 => (0..QUEUES.len()).prop_map(|queue| Deed::Submit { queue }),
        10 => Just(Deed::Submit { queue: CHATS }),
        80 => (0..8_usize, what).prop_map(|(place, what)| Deed::Act { place, what }),
        6 => (0..100_000_u32).prop_map(|ms| Deed::Pass { ms }),
        3 => (0..AGENTS.len()).prop_map(|agent| Deed::ComeOrGo { agent }),
        1 => Just(Deed::Sweep),
    ]
}

impl What {
    /// All of them. Behind what seldom can happen stands what leads to it, because whatever cannot
    /// happen gives its turn to the next.
    const ALL: [Self; 25] = [
        Self::CompleteConference,
        Self::CompleteTransfer,
        Self::Remove,
        Self::Leave,
        Self::Invite,
        Self::Consult,
        Self::Intrude,
        Self::Accept,
        Self::Answer,
        Self::SendForReview,
        Self::Send,
        Self::Deliver,
        Self::Bounce,
        Self::PutOff,
        Self::Cancel,
        Self::Transfer,
        Self::Pull,
        Self::Take,
        Self::Assign,
        Self::Complete,
        Self::Requeue,
        Self::Park,
        Self::Reject,
        Self::EndSession,
        Self::CustomerLeaves,
    ];

    /// Returns it, and what happens instead where it cannot.
    pub(super) fn and_others(self) -> impl Iterator<Item = Self> {
        let first = Self::ALL.into_iter().position(|what| what == self).unwrap_or(0);
        Self::ALL.into_iter().cycle().skip(first).take(Self::ALL.len())
    }

    /// Returns the command by which it happens to an interaction; `None` when there is nobody who
    /// could give it. Whether it goes is for the rules to say.
    pub(super) fn command(self, to: &Interaction, place: usize) -> Option<Command> {
        let system = |action: SystemAction| Some(action.into());
        match self {
            Self::Deliver => system(SystemAction::Delivered),
            Self::PutOff => {
                let (reply, next) = ("451 busy".to_owned(), to.received);
                system(SystemAction::DeliveryDeferred { reply, next })
            }
            Self::Bounce => system(SystemAction::DeliveryFailed { reason: "550 none".to_owned() }),
            Self::CustomerLeaves => {
                let reason = LeaveReason::Itself;
                Some(Command::Customer(CustomerAction::Leave { reason }))
            }
            _ => {
                let user = self.whose(to, place)?;
                let action = self.action(to, place)?;
                Some(UserCommand::new(caller(user), action).into())
            }
        }
    }

    /// Returns which agent does it.
    fn whose(self, to: &Interaction, place: usize) -> Option<UserId> {
        match self {
            Self::Accept | Self::Reject => {
                AGENTS.into_iter().find(|user| to.offer_to(*user).is_some())
            }
            Self::Pull => Some(AGENTS[place % AGENTS.len()]),
            Self::Intrude | Self::Take | Self::Assign => Some(SUPERVISOR),
            Self::Leave => {
                let others = to.others().iter().map(|other| other.user);
                let all: Vec<UserId> = to.owner().into_iter().chain(others).collect();
                all.get(place % all.len().max(1)).copied()
            }
            _ => to.owner(),
        }
    }

    fn action(self, to: &Interaction, place: usize) -> Option<Action> {
        let colleague = || {
            let others = AGENTS.into_iter().filter(|user| Some(*user) != to.owner());
            Named::Known(others.cycle().nth(place).expect("there is more than one agent"))
        };
        Some(match self {
            Self::Accept => Action::Accept { nickname: None },
            Self::Reject => Action::Reject,
            Self::Complete => Action::Complete { queue: None },
            Self::Transfer => Action::Transfer(Target::Agent(colleague())),
            Self::Park => Action::PlaceInWorkbin(workbin(), None),
            Self::Pull => Action::Pull { from: None },
            Self::Take => Action::Take { to: Some(colleague()) },
            Self::Assign => Action::Transfer(Target::Agent(colleague())),
            Self::Requeue => Action::PlaceInQueue(queue(place % QUEUES.len())),
            Self::Invite => Action::Invite(colleague()),
            Self::Consult => Action::Consult(colleague()),
            Self::Intrude => Action::Intrude { mode: SupervisorMode::Monitor, nickname: None },
            Self::CompleteTransfer => Action::CompleteTransfer { to: None },
            Self::CompleteConference => Action::CompleteConference { agent: None },
            Self::Remove => Action::RemoveParticipant(colleague()),
            Self::Leave => Action::Leave,
            Self::EndSession => Action::EndChatSession,
            Self::Answer => Action::CreateDraft(Box::new(answer())),
            Self::Send => Action::Send(Box::new(Dispatch { force: true, ..Dispatch::default() })),
            Self::SendForReview => {
                let queue = Some(queue(CHECKED));
                Action::Send(Box::new(Dispatch { queue, force: true, ..Dispatch::default() }))
            }
            Self::Cancel => Action::Cancel,
            Self::CustomerLeaves | Self::Deliver | Self::PutOff | Self::Bounce => return None,
        })
    }
}

fn answer() -> Draft {
    Draft {
        kind: DraftKind::Reply,
        subject: None,
        email: Email { to: vec!["eve@customer.example".to_owned()], ..Email::default() },
        user_data: UserData::default(),
        queue: None,
        base: None,
    }
}

pub(super) fn caller(user: UserId) -> Caller {
    let mut roles = BTreeSet::from([Role::Agent]);
    roles.extend((user == SUPERVISOR).then_some(Role::Supervisor));
    Caller::new(user, roles, BTreeSet::from([GROUP]))
}
