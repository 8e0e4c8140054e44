//! Supervisors who follow an agent's chats: keeping who they are, and offering them the chats.
//!
//! The offers follow from the log (`workers/followers.rs`), whatever made the agent the owner. What
//! one look could not do, because the supervisor is out of reach or is just being asked something
//! else, the next entry of the chat does.

use handoff_domain::desk::Supervision;
use handoff_domain::event::Cause;
use handoff_domain::{
    Action, Caller, CenterId, Desk, Interaction, Mode, Rejection, Role, Time, UserCommand, UserId,
};
use handoff_store::{Check, Key, Put, Record};

use super::error::ATTEMPTS_MAX;
use super::{AgentError, Desks};
use crate::commands::{CommandRequest, Done, ExecuteError};

/// What became of the offer to one supervisor.
enum FollowerOffer {
    /// It is made, and noted.
    Made,
    /// Not now; a later call tries again if they are still to be asked.
    Later,
    /// The chat is not with the agent any more.
    Nobody,
    /// They are in, or the rules will never let them in.
    Settled,
    /// They follow nobody any more.
    Ended,
}

impl Desks {
    /// Lets a supervisor follow an agent's chats, or with `None` no more. Durable on return.
    ///
    /// # Errors
    ///
    /// [`AgentError`]; [`Rejection::NoSession`] when the supervisor has no contact-center session,
    /// [`Rejection::TargetIsSelf`] when they are the agent.
    pub async fn supervise(
        &self,
        agent: UserId,
        center: CenterId,
        supervisor: UserId,
        supervision: Option<Supervision>,
    ) -> Result<(), AgentError> {
        if supervision.is_some() {
            if agent == supervisor {
                return Err(Rejection::TargetIsSelf.into());
            }
            // A refusal must not rest on an older desk.
            self.core.current_desk(supervisor).await?;
        } else if self.core.current_desk(agent).await?.is_none() {
            return Ok(());
        }
        self.change_desk((agent, center), Cause::User(supervisor), |desk, change| {
            match &supervision {
                Some(supervision) => {
                    change.checks.extend(self.may_follow(supervisor, center)?);
                    desk.supervise(supervisor, supervision.clone());
                }
                None => {
                    desk.end_supervision(supervisor);
                }
            }
            Ok(Vec::new())
        })
        .await
    }

    /// Returns the checks that somebody is still a supervisor at their desk when it is committed
    /// that they follow an agent.
    fn may_follow(&self, supervisor: UserId, center: CenterId) -> Result<[Check; 2], Rejection> {
        let desk = self.core.board.desk(supervisor);
        let desk = desk.filter(|desk| desk.value.session.is_some()).ok_or(Rejection::NoSession)?;
        let directory = self.core.directory();
        let user = directory.user(center, supervisor).filter(|user| user.enabled);
        if user.is_none_or(|user| !user.roles.contains(&Role::Supervisor)) {
            return Err(Rejection::NotSupervisor);
        }
        let user = directory.check(Key::User(supervisor));
        Ok([user, Check { key: Key::Desk(supervisor), version: desk.version }])
    }

    /// Offers a chat to the supervisors who follow its owner. It may be asked for again and again,
    /// by several nodes: nobody is offered the same chat twice.
    ///
    /// # Errors
    ///
    /// [`AgentError`]; some offers may be made all the same.
    pub(crate) async fn offer_to_followers(&self, chat: &Interaction) -> Result<(), AgentError> {
        let Some(handling) = chat.handling() else { return Ok(()) };
        if handling.mode != Mode::Chatting {
            return Ok(());
        }
        let (agent, taken) = (handling.by, handling.since);
        let Some(desk) = self.core.desk(agent) else { return Ok(()) };
        for (supervisor, _) in desk.followers_to_ask(chat.id, taken) {
            let became = self.offer_to(chat, (agent, taken), supervisor).await?;
            if matches!(became, FollowerOffer::Nobody) {
                return Ok(());
            }
            if !matches!(became, FollowerOffer::Settled | FollowerOffer::Ended) {
                continue;
            }
            self.change_desk((agent, chat.center), Cause::Server, |desk, _| {
                if matches!(became, FollowerOffer::Ended) {
                    desk.end_supervision(supervisor);
                } else {
                    desk.note_asked(supervisor, chat.id);
                }
                Ok(Vec::new())
            })
            .await?;
        }
        Ok(())
    }

    /// Offers it to one of them, until the agent's desk is as it was thought to be. That they were
    /// offered it is noted there in the same commit.
    async fn offer_to(
        &self,
        chat: &Interaction,
        (agent, taken): (UserId, Time),
        supervisor: UserId,
    ) -> Result<FollowerOffer, AgentError> {
        for _ in 0..ATTEMPTS_MAX {
            let Some(desk) = self.core.board().desk(agent) else { return Ok(FollowerOffer::Later) };
            let asked = desk.value.followers_to_ask(chat.id, taken);
            let asked = asked.into_iter().find(|(who, _)| *who == supervisor);
            // Somebody else has offered it to them meanwhile, or they follow no more.
            let Some((_, supervision)) = asked else { return Ok(FollowerOffer::Later) };
            let Some(caller) = self.caller_who_follows(chat.center, supervisor, supervision) else {
                return Ok(FollowerOffer::Ended);
            };
            let (mode, nickname) = (supervision.mode, supervision.nickname.clone());
            let command = UserCommand::new(caller, Action::Intrude { mode, nickname });
            let mut noted = Desk::clone(&desk.value);
            noted.note_asked(supervisor, chat.id);
            let now = self.core.now();
            let event = noted.event(&[], Vec::new(), Cause::Server, now);
            let request = CommandRequest {
                also_events: vec![event],
                also: vec![Put { record: Record::Desk(noted), expected: desk.version }],
                ..CommandRequest::new(chat.id, command)
            };
            match self.commands.execute(&request).await {
                Err(ExecuteError::Overtaken(_)) => {}
                done => return became(done),
            }
        }
        Err(AgentError::Contended(agent))
    }

    /// Returns a supervisor as who they may offer themselves; `None` when they follow nobody any
    /// more, which ends with the session in which it was asked for.
    fn caller_who_follows(
        &self,
        center: CenterId,
        supervisor: UserId,
        supervision: &Supervision,
    ) -> Option<Caller> {
        let directory = self.core.directory();
        let user = directory.user(center, supervisor).filter(|user| user.enabled)?;
        let desk = self.core.desk(supervisor)?;
        let is_theirs = desk.session.as_ref()?.since <= supervision.since;
        (is_theirs && user.roles.contains(&Role::Supervisor)).then(|| Caller::of(user))
    }
}

/// Says what became of an offer.
fn became(done: Result<Done, ExecuteError>) -> Result<FollowerOffer, AgentError> {
    match done {
        Ok(_) => Ok(FollowerOffer::Made),
        Err(ExecuteError::Rejected(rejection)) => Ok(match *rejection {
            // The owner has just asked them, or they have asked for it themselves.
            Rejection::OfferOpen | Rejection::TargetUnreachable => FollowerOffer::Later,
            Rejection::TargetAlreadyIn => FollowerOffer::Settled,
            Rejection::NoSession
            | Rejection::NotSupervisor
            | Rejection::TextBlank { .. }
            | Rejection::TextBounds { .. }
            | Rejection::TextControl { .. } => FollowerOffer::Ended,
            _ => FollowerOffer::Nobody,
        }),
        Err(ExecuteError::NotFound(_)) => Ok(FollowerOffer::Nobody),
        Err(ExecuteError::Store(error)) => Err(error.into()),
        Err(
            error @ (ExecuteError::Contended(_)
            | ExecuteError::Overtaken(_)
            | ExecuteError::KeyReused
            | ExecuteError::NotDue),
        ) => Err(AgentError::Interaction(Box::new(error))),
    }
}
