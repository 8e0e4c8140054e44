//! What is done on a stage, by the door through which it comes.

use handoff_domain::{Command, InteractionId, Operation};
use handoff_engine::{
    AgentError, ChatRefused, CommandRequest, Engine, ExecuteError, NewChat, NewLetter, Opening,
};
use handoff_store::Timer;

use crate::desks::AtDesk;

/// Something that is done.
#[derive(Clone)]
pub(crate) enum Deed {
    Command(InteractionId, Box<Command>),
    /// Something comes into being, by whoever has an account or by an open-media service.
    Opening(Box<Opening>),
    /// A customer begins a chat.
    Chat(Box<NewChat>),
    /// A letter comes in.
    Letter(Box<NewLetter>),
    AtDesk(Box<AtDesk>),
    /// A timer is carried out that was due when it was read.
    Timer(Timer),
}

impl Deed {
    /// Returns what kind of command it is, when it is one.
    pub(crate) const fn operation(&self) -> Option<Operation> {
        match self {
            Self::Command(_, command) => Some(command.operation()),
            _ => None,
        }
    }

    /// Returns the timer that is carried out, when it is one.
    pub(crate) const fn timer(&self) -> Option<Timer> {
        match self {
            Self::Timer(timer) => Some(*timer),
            _ => None,
        }
    }

    /// Carries it out; `None` when it is refused.
    pub(crate) async fn carry_out(&self, engine: &Engine) -> Option<()> {
        let outcome = match self {
            Self::Command(id, command) => {
                let request = CommandRequest::new(*id, Command::clone(command));
                engine.commands().execute(&request).await.map(drop)
            }
            Self::Opening(opening) => engine.commands().open(opening).await.map(drop),
            Self::Chat(new) => {
                let opened = engine.conversations().request_chat(NewChat::clone(new)).await;
                opened.map(drop).map_err(|refused| match refused {
                    ChatRefused::Failed(error) => error,
                    other => panic!("{other}"),
                })
            }
            Self::Letter(new) => engine.letters().take_in_letter(new).await.map(drop),
            Self::AtDesk(deed) => match deed.carry_out(engine).await {
                Err(AgentError::Rejected(rejection)) => Err(ExecuteError::Rejected(rejection)),
                Err(error) => panic!("{error}"),
                Ok(()) => Ok(()),
            },
            Self::Timer(timer) => {
                engine.workers().timers().carry_out(*timer).await.map(drop).map_err(Into::into)
            }
        };
        match outcome {
            Ok(()) => Some(()),
            Err(ExecuteError::Rejected(_) | ExecuteError::NotFound(_)) => None,
            Err(error) => panic!("{error}"),
        }
    }
}
