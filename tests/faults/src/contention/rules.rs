//! What a single interaction may do, as the checker's model: place, owner, epoch and one value of
//! its user data.
//!
//! The model is written from the contract (sections 4, 5 and 9) and shares no code with the
//! program. It knows nothing of time, so the router and the timers may act whenever they could:
//! while nobody owns an interaction it may be offered, and the offer taken back, any number of
//! times, and the epoch rises with each; an offer beside an owner may vanish.

use super::checker::Model;

/// A number for an agent.
pub(crate) type Agent = u8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// Take the offer.
    Accept,
    /// Pass the offer by.
    Reject,
    /// Offer it to another agent.
    Transfer { to: Agent },
    /// Put it back into the queue.
    PlaceInQueue,
    /// Put it into the group's workbin.
    Park,
    /// Take it out of the group's workbin.
    Pull,
    Update {
        /// To what; no two calls use the same.
        value: u64,
    },
    /// Finish it.
    Complete,
    /// Look at it.
    Read,
}

/// Where an interaction is, as far as everybody sees the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    /// In the queue, offered to somebody or not.
    Waiting,
    /// In somebody's hands.
    Owned(Agent),
    /// In the workbin.
    Parked,
    /// Finished.
    Done,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Code 0.
    Done,
    /// Another code; nothing changed.
    Refused,
    Seen {
        place: Place,
        epoch: u64,
        /// The value; 0 when never set.
        value: u64,
    },
    /// None came.
    None,
}

/// One call on one interaction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub(crate) by: Agent,
    pub(crate) request: Request,
    /// The epoch that the caller named.
    pub(crate) epoch: Option<u64>,
    pub(crate) answer: Answer,
}

/// What is known of the epoch: at least `low`, and exactly `low` when `is_exact`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Epoch {
    low: u64,
    is_exact: bool,
}

impl Epoch {
    /// Returns what is known once it turned out to be `epoch`, or `None` if it cannot be.
    const fn found(self, epoch: u64) -> Option<Self> {
        if epoch < self.low || (self.is_exact && epoch != self.low) {
            None
        } else {
            Some(Self { low: epoch, is_exact: true })
        }
    }

    /// Returns what is known after a change of owner or place.
    const fn risen(self) -> Self {
        Self { low: self.low + 1, is_exact: self.is_exact }
    }

    /// Forgets the exact number: others may raise it unseen.
    const fn open(self) -> Self {
        Self { low: self.low, is_exact: false }
    }
}

/// An interaction as the model sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    place: Place,
    /// To whom the owner offered it, unless that has ended unseen.
    offer: Option<Agent>,
    epoch: Epoch,
    value: u64,
}

/// One interaction from its creation.
pub(crate) struct Rules;

impl Model for Rules {
    type Call = Call;
    type State = State;

    fn initial(&self) -> State {
        State {
            place: Place::Waiting,
            offer: None,
            epoch: Epoch { low: 0, is_exact: false },
            value: 0,
        }
    }

    fn is_look(&self, call: &Call) -> bool {
        matches!(call.answer, Answer::Seen { .. } | Answer::Refused)
    }

    fn apply(&self, state: &State, call: &Call) -> Option<State> {
        match call.answer {
            Answer::Seen { place, epoch, value } => seen(state, place, epoch, value),
            Answer::Done | Answer::None => done(state, call),
            Answer::Refused => refused(state, call),
        }
    }
}

/// A read fits when it shows the place, the value and a possible epoch.
fn seen(state: &State, place: Place, epoch: u64, value: u64) -> Option<State> {
    if place != state.place || value != state.value {
        return None;
    }
    let epoch = state.epoch.found(epoch)?;
    Some(State { epoch: if place == Place::Waiting { epoch.open() } else { epoch }, ..*state })
}

/// A command that was carried out fits when the caller named the present epoch, or none, and was
/// allowed to give it.
fn done(state: &State, call: &Call) -> Option<State> {
    let epoch = match call.epoch {
        Some(epoch) => state.epoch.found(epoch)?,
        None => state.epoch,
    };
    let is_owner = state.place == Place::Owned(call.by);
    let moved = |place| State { place, offer: None, epoch: epoch.risen(), value: state.value };
    match call.request {
        Request::Accept => {
            let is_offered = match state.place {
                Place::Waiting => true,
                Place::Owned(_) => state.offer == Some(call.by),
                Place::Parked | Place::Done => false,
            };
            is_offered.then(|| moved(Place::Owned(call.by)))
        }
        Request::Reject => match state.place {
            Place::Waiting => Some(State { epoch: epoch.risen().open(), ..*state }),
            Place::Owned(_) if state.offer == Some(call.by) => {
                Some(State { offer: None, epoch, ..*state })
            }
            Place::Owned(_) | Place::Parked | Place::Done => None,
        },
        Request::Transfer { to } => {
            (is_owner && to != call.by).then_some(State { offer: Some(to), epoch, ..*state })
        }
        Request::PlaceInQueue => {
            is_owner.then(|| State { epoch: epoch.risen().open(), ..moved(Place::Waiting) })
        }
        Request::Park => is_owner.then(|| moved(Place::Parked)),
        Request::Pull => (state.place == Place::Parked).then(|| moved(Place::Owned(call.by))),
        Request::Update { value } => is_owner.then_some(State { epoch, value, ..*state }),
        Request::Complete => is_owner.then(|| moved(Place::Done)),
        Request::Read => Some(*state),
    }
}

/// A refusal fits unless the command had to be carried out: an owner with the present epoch, or
/// none, is never refused what needs nobody else, and neither is whoever pulls what lies in their
/// group's workbin.
fn refused(state: &State, call: &Call) -> Option<State> {
    let is_current =
        call.epoch.is_none_or(|epoch| state.epoch.is_exact && state.epoch.low == epoch);
    let is_owner = state.place == Place::Owned(call.by);
    let had_to = match call.request {
        Request::Update { .. } | Request::Complete | Request::PlaceInQueue | Request::Park => {
            is_owner
        }
        Request::Pull => state.place == Place::Parked,
        Request::Accept | Request::Reject | Request::Transfer { .. } => false,
        // Whoever never had it loses sight of it at its end (docs/compat/interactions.md#seen), and
        // everybody serves the queue until then.
        Request::Read => state.place != Place::Done,
    };
    (!(had_to && is_current)).then_some(*state)
}

#[cfg(test)]
mod tests {
    use super::super::checker::{Entry, Verdict, check};
    use super::*;

    const OK: Answer = Answer::Done;
    const NO: Answer = Answer::Refused;

    fn call(by: Agent, request: Request, epoch: Option<u64>, answer: Answer) -> Call {
        Call { by, request, epoch, answer }
    }

    fn read(place: Place, epoch: u64, value: u64) -> Call {
        call(9, Request::Read, None, Answer::Seen { place, epoch, value })
    }

    /// Checks calls made one after another.
    fn verdict(calls: &[Call]) -> bool {
        let history = calls.iter().zip(1_u64..).map(|(call, number)| Entry {
            called: number * 2,
            answered: (call.answer != Answer::None).then_some(number * 2 + 1),
            call: *call,
        });
        check(&Rules, history.collect()) == Verdict::Linearizable
    }

    #[test]
    fn a_life_of_an_interaction_fits() {
        assert!(verdict(&[
            read(Place::Waiting, 1, 0),
            read(Place::Waiting, 2, 0),
            call(1, Request::Reject, Some(2), OK),
            call(2, Request::Accept, Some(4), OK),
            read(Place::Owned(2), 5, 0),
            call(2, Request::Update { value: 7 }, Some(5), OK),
            call(2, Request::Transfer { to: 3 }, None, OK),
            call(3, Request::Accept, Some(5), OK),
            call(2, Request::Complete, None, NO),
            call(3, Request::Park, Some(6), OK),
            read(Place::Parked, 7, 7),
            call(1, Request::Pull, Some(7), OK),
            call(1, Request::PlaceInQueue, Some(8), OK),
            call(1, Request::Accept, None, OK),
            call(1, Request::Complete, None, OK),
            call(1, Request::Complete, None, NO),
        ]));
    }

    #[test]
    fn a_stale_epoch_must_be_refused() {
        let taken = [call(1, Request::Accept, Some(2), OK), read(Place::Owned(1), 3, 0)];
        let with = |last: Call| verdict(&[taken[0], taken[1], last]);
        assert!(with(call(1, Request::Update { value: 7 }, Some(2), NO)));
        assert!(!with(call(1, Request::Update { value: 7 }, Some(2), OK)));
        assert!(!with(call(1, Request::Update { value: 7 }, Some(3), NO)));
    }

    #[test]
    fn one_offer_has_one_taker_and_one_interaction_one_owner() {
        assert!(!verdict(&[
            call(1, Request::Accept, Some(2), OK),
            call(2, Request::Accept, Some(2), OK)
        ]));
        assert!(!verdict(&[
            call(1, Request::Accept, None, OK),
            call(2, Request::Update { value: 7 }, None, OK)
        ]));
        assert!(!verdict(&[
            call(1, Request::Accept, None, OK),
            call(1, Request::Park, None, OK),
            call(2, Request::Pull, None, OK),
            call(3, Request::Pull, None, OK),
        ]));
    }

    #[test]
    fn acknowledged_data_stays_and_finished_work_does_not_come_back() {
        let taken = call(1, Request::Accept, None, OK);
        assert!(!verdict(&[
            taken,
            call(1, Request::Update { value: 7 }, None, OK),
            read(Place::Owned(1), 3, 0)
        ]));
        assert!(!verdict(&[
            taken,
            call(1, Request::Complete, None, OK),
            read(Place::Owned(1), 3, 0)
        ]));
    }

    #[test]
    fn who_serves_the_queue_sees_it_until_its_end() {
        let taken = call(1, Request::Accept, None, OK);
        let unseen = call(2, Request::Read, None, NO);
        assert!(verdict(&[taken, call(1, Request::Complete, None, OK), unseen]));
        assert!(!verdict(&[taken, unseen]));
    }

    #[test]
    fn an_unanswered_command_happens_once_or_never() {
        let taken = call(1, Request::Accept, None, OK);
        let open = call(1, Request::PlaceInQueue, None, Answer::None);
        assert!(verdict(&[taken, open, read(Place::Owned(1), 3, 0), read(Place::Waiting, 4, 0)]));
        assert!(verdict(&[taken, open, read(Place::Owned(1), 3, 0)]));
        let again = [
            read(Place::Waiting, 4, 0),
            call(1, Request::Accept, None, OK),
            read(Place::Waiting, 8, 0),
        ];
        assert!(!verdict(&[taken, open, again[0], again[1], again[2]]));
    }

    #[test]
    fn the_epoch_never_falls() {
        assert!(!verdict(&[read(Place::Waiting, 5, 0), read(Place::Waiting, 4, 0)]));
        assert!(!verdict(&[call(1, Request::Accept, Some(4), OK), read(Place::Owned(1), 4, 0)]));
    }
}
