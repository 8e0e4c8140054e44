//! Supervisors who follow an agent's chats: keeping who they are, and offering them the chats.
//!
//! The offers follow from the log (`workers/followers.rs`), whatever made the agent the owner. What
//! one look could not do, because the supervisor is out of reach or is just being asked something
//! else, the next entry of the chat does.

use handoff_domain::desk::Supervision;
use handoff_domain::event::Cause;
use handoff_domain::{
    Action, Caller, CenterId, Interaction, InteractionId, Mode, Rejection, Role, UserCommand,
    UserId,
};
use handoff_store::{Check, Key, StoreError};

use super::{AgentError, Desks};
use crate::commands::{CommandRequest, ExecuteError};

/// What became of the offer to one supervisor.
enum FollowerOffer {
    Made,
    /// Not now; a later call tries again.
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
        let (directory, key) = (self.core.directory(), Key::User(supervisor));
        let user = directory.user(center, supervisor).filter(|user| user.enabled);
        if user.is_none_or(|user| !user.roles.contains(&Role::Supervisor)) {
            return Err(Rejection::NotSupervisor);
        }
        let user = Check { version: directory.version(&key), key };
        Ok([user, Check { key: Key::Desk(supervisor), version: desk.version }])
    }

    /// Offers a chat to the supervisors who follow its owner. It may be asked for again and again:
    /// nobody is offered the same chat twice.
    ///
    /// # Errors
    ///
    /// [`AgentError`]; some offers may be made all the same.
    pub(crate) async fn offer_to_followers(&self, chat: &Interaction) -> Result<(), AgentError> {
        let Some(handling) = chat.handling() else { return Ok(()) };
        if handling.mode != Mode::Chatting {
            return Ok(());
        }
        let agent = handling.by;
        let Some(desk) = self.core.desk(agent) else { return Ok(()) };
        for (supervisor, supervision) in desk.followers_to_ask(chat.id, handling.since) {
            let offer = self.offer_to(chat, supervisor, supervision).await?;
            match offer {
                FollowerOffer::Later => continue,
                FollowerOffer::Nobody => return Ok(()),
                FollowerOffer::Made | FollowerOffer::Settled | FollowerOffer::Ended => {}
            }
            let is_ended = matches!(offer, FollowerOffer::Ended);
            self.change_desk((agent, chat.center), Cause::Server, |desk, _| {
                if is_ended {
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

    /// Says what an open offer means: one of a part was made before, and may have been made here
    /// and not been noted; or the owner themselves has just asked them.
    async fn while_offered(
        &self,
        chat: InteractionId,
        supervisor: UserId,
    ) -> Result<FollowerOffer, StoreError> {
        let chat = self.core.interaction(chat).await?;
        let offer = chat.as_ref().and_then(|chat| chat.offer_to(supervisor));
        Ok(match offer {
            Some(offer) if offer.kind.is_supervision() => FollowerOffer::Settled,
            _ => FollowerOffer::Later,
        })
    }

    async fn offer_to(
        &self,
        chat: &Interaction,
        supervisor: UserId,
        supervision: &Supervision,
    ) -> Result<FollowerOffer, AgentError> {
        let directory = self.core.directory();
        let user = directory.user(chat.center, supervisor).filter(|user| user.enabled);
        let Some(user) = user.filter(|user| user.roles.contains(&Role::Supervisor)) else {
            return Ok(FollowerOffer::Ended);
        };
        // Following ends with the session in which it was asked for.
        let session = self.core.desk(supervisor).and_then(|desk| desk.session.clone());
        if session.is_none_or(|session| session.since > supervision.since) {
            return Ok(FollowerOffer::Ended);
        }
        let caller =
            Caller { user: user.id, roles: user.roles.clone(), groups: user.groups.clone() };
        let (mode, nickname) = (supervision.mode, supervision.nickname.clone());
        let action = Action::Intrude { mode, nickname };
        let request = CommandRequest::new(chat.id, UserCommand::new(caller, action));
        match self.commands.execute(&request).await {
            Ok(_) => Ok(FollowerOffer::Made),
            Err(ExecuteError::Rejected(rejection)) => Ok(match *rejection {
                Rejection::OfferOpen => self.while_offered(chat.id, supervisor).await?,
                Rejection::TargetUnreachable => FollowerOffer::Later,
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
                | ExecuteError::KeyReused
                | ExecuteError::NotDue),
            ) => Err(AgentError::Interaction(Box::new(error))),
        }
    }
}
