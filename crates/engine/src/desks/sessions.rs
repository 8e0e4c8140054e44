//! What agents do at their own desks.

use handoff_domain::desk::{Channels, DoNotDisturb};
use handoff_domain::event::Cause;
use handoff_domain::rejection::Noun;
use handoff_domain::{CenterId, Media, Rejection, Role, Time, UserId, WorkbinId};
use handoff_store::{Check, Key, Timer, TimerKey};

use super::{AgentError, Desks};

/// A change of channel states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChannelChange {
    /// Take work.
    Ready,
    /// Take none, for a reason.
    NotReady {
        /// The reason, when given.
        reason: Option<String>,
    },
    /// Take none, whatever else is set.
    DoNotDisturbOn,
    /// Take what Ready allows.
    DoNotDisturbOff,
}

/// Whether a user is told of a workbin from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watch {
    Begin,
    End,
}

impl Desks {
    /// Notes that a user made an authenticated request; their handling timeout runs from here.
    pub fn touch(&self, user: UserId) {
        let silence_ms = self.core.options.rules.handling_timeout_ms;
        self.core.activity.note(TimerKey::Handling(user), silence_ms, self.core.now());
    }

    /// Starts an agent's contact-center session with these channels, all NotReady, or joins the one
    /// that is open. Durable on return.
    ///
    /// # Errors
    ///
    /// [`AgentError`].
    pub async fn start_contact_session(
        &self,
        user: UserId,
        center: CenterId,
        channels: &[Media],
        place: Option<String>,
    ) -> Result<(), AgentError> {
        let grace_ms = self.core.options.disconnect_grace_ms;
        self.change_desk((user, center), Cause::User(user), |desk, change| {
            change.checks.push(self.may_work(user, center)?);
            let now = self.core.now();
            let changed = desk.start_session(channels, place.clone(), now);
            if let Some(since) = desk.unreachable_since {
                // Nobody listens yet; the grace runs from the start of the session at the earliest.
                let due = Time(since.0.max(now.0)).plus_ms(grace_ms);
                desk.unreachable_since = Some(now);
                change.timers_set.push(Timer { key: TimerKey::Grace(user), due });
            }
            Ok(changed)
        })
        .await
    }

    /// Returns the check that a user may still work when a change of their desk is committed:
    /// nobody would end what begins after they were disabled.
    fn may_work(&self, user: UserId, center: CenterId) -> Result<Check, Rejection> {
        let directory = self.core.directory();
        match directory.user(center, user) {
            Some(user) if user.may_work() => Ok(directory.check(Key::User(user.id))),
            _ => Err(Rejection::Unknown { noun: Noun::User, name: user.to_string() }),
        }
    }

    /// Ends an agent's contact-center session and takes all their work from them. On return all of
    /// it is done and durable; a crash in between is finished by the grace timer.
    ///
    /// # Errors
    ///
    /// [`AgentError`]; [`Rejection::NoSession`](handoff_domain::Rejection::NoSession) when there is
    /// none.
    pub async fn end_contact_session(
        &self,
        user: UserId,
        center: CenterId,
    ) -> Result<(), AgentError> {
        self.end_contact_session_by(Cause::User(user), user, center).await
    }

    /// The same on behalf of somebody else, whom the history names.
    ///
    /// # Errors
    ///
    /// As [`Desks::end_contact_session`].
    pub async fn end_contact_session_by(
        &self,
        by: Cause,
        user: UserId,
        center: CenterId,
    ) -> Result<(), AgentError> {
        let clearing = Timer { key: TimerKey::Grace(user), due: self.core.now() };
        self.change_desk((user, center), by, |desk, change| {
            let changed = desk.end_session()?;
            change.timers_set.push(clearing);
            Ok(changed)
        })
        .await?;
        self.clear_desk(user, clearing).await
    }

    /// Changes the state of one channel, or of all. `by` is who wants it: the agent
    /// themselves or a supervisor.
    /// Durable on return.
    ///
    /// # Errors
    ///
    /// [`AgentError`]; refused without a session, or on a channel that is not part of it.
    pub async fn change_channels(
        &self,
        user: UserId,
        center: CenterId,
        by: Cause,
        channel: Option<&Media>,
        to: &ChannelChange,
    ) -> Result<(), AgentError> {
        self.change_desk((user, center), by, |desk, _| {
            let channels = channel.map_or(Channels::All, Channels::One);
            match to {
                ChannelChange::Ready => desk.set_ready(channels),
                ChannelChange::NotReady { reason } => {
                    desk.set_not_ready(channels, reason.as_deref())
                }
                ChannelChange::DoNotDisturbOn => {
                    desk.set_do_not_disturb(channels, DoNotDisturb::On)
                }
                ChannelChange::DoNotDisturbOff => {
                    desk.set_do_not_disturb(channels, DoNotDisturb::Off)
                }
            }
        })
        .await
    }

    /// Starts or ends a user's watch of a workbin. Durable on return.
    ///
    /// # Errors
    ///
    /// [`AgentError`].
    pub async fn watch_workbin(
        &self,
        user: UserId,
        center: CenterId,
        workbin: WorkbinId,
        watch: Watch,
    ) -> Result<(), AgentError> {
        self.change_desk((user, center), Cause::User(user), |desk, change| {
            match watch {
                Watch::Begin => {
                    change.checks.extend(self.may_watch(user, center, workbin)?);
                    desk.watch(workbin)
                }
                Watch::End => desk.unwatch(workbin),
            };
            Ok(Vec::new())
        })
        .await
    }

    /// Returns the checks that a user may still be told of a workbin when their watch is committed:
    /// it is theirs or their group's, or anybody's for a supervisor.
    fn may_watch(
        &self,
        user: UserId,
        center: CenterId,
        workbin: WorkbinId,
    ) -> Result<Vec<Check>, Rejection> {
        let directory = self.core.directory();
        let found = directory.workbin(center, workbin);
        let watcher = directory.user(center, user).filter(|user| user.enabled);
        let is_usable = found.is_some()
            && watcher.is_some_and(|user| {
                user.roles.contains(&Role::Supervisor)
                    || directory.workbins_of(user).iter().any(|usable| usable.id == workbin)
            });
        if !is_usable {
            let name = workbin.to_string();
            return Err(Rejection::Unknown { noun: Noun::Workbin, name });
        }
        let keys = directory.records_of_workbin(workbin).into_iter().chain([Key::User(user)]);
        Ok(keys.map(|key| directory.check(key)).collect())
    }
}
