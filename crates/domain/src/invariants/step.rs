//! What is true of one interaction from one moment to the next, when one command was carried out
//! between them.

use super::{Snapshot, Violation, demand};
use crate::id::{QueueId, UserId, WorkbinId};
use crate::interaction::{Interaction, State};

pub use super::conversation::{conversation_grows, no_succession_of_supervisors, said_in_order};

/// Where an interaction is, by kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Queued,
    Invited,
    Handling,
    Parked,
    Sending,
    Ended,
}

const fn kind(interaction: &Interaction) -> Kind {
    match interaction.state {
        State::Queued(_) => Kind::Queued,
        State::Invited(..) => Kind::Invited,
        State::Handling(_) => Kind::Handling,
        State::Parked { .. } => Kind::Parked,
        State::Sending { .. } => Kind::Sending,
        State::Ended { .. } => Kind::Ended,
    }
}

/// The ways of the state table between kinds of state; staying is always one.
const WAYS: &[(Kind, Kind)] = &[
    (Kind::Queued, Kind::Invited),
    (Kind::Queued, Kind::Ended),
    // Supervisors put what waits into somebody's hands or a workbin.
    (Kind::Queued, Kind::Handling),
    (Kind::Queued, Kind::Parked),
    (Kind::Invited, Kind::Parked),
    (Kind::Invited, Kind::Queued),
    (Kind::Invited, Kind::Handling),
    (Kind::Invited, Kind::Ended),
    (Kind::Handling, Kind::Queued),
    (Kind::Handling, Kind::Parked),
    (Kind::Handling, Kind::Sending),
    (Kind::Handling, Kind::Ended),
    (Kind::Parked, Kind::Handling),
    // A workbin that ceases to be is emptied into queues, and what was to come back then does.
    (Kind::Parked, Kind::Queued),
    (Kind::Parked, Kind::Invited),
    (Kind::Sending, Kind::Ended),
    (Kind::Sending, Kind::Handling),
    (Kind::Sending, Kind::Parked),
    // What cannot be delivered and whose sender is no more goes to a queue.
    (Kind::Sending, Kind::Queued),
];

/// What is on its way out is put off at most once at a time, and never less often than before.
///
/// # Errors
///
/// When it is not so.
pub fn attempts_counted(before: &Interaction, after: &Interaction) -> Result<(), Violation> {
    let is_so = match (&before.state, &after.state) {
        (State::Sending { attempt: earlier, .. }, State::Sending { attempt: later, .. }) => {
            later.checked_sub(*earlier).is_some_and(|more| more <= 1)
        }
        _ => true,
    };
    demand(
        is_so,
        "attempts_counted",
        before.id,
        "an attempt to deliver it was skipped or forgotten",
    )
}

/// S7: the state goes only where the state table has a way.
///
/// # Errors
///
/// When it went another.
pub fn legal_move(before: &Interaction, after: &Interaction) -> Result<(), Violation> {
    let way = (kind(before), kind(after));
    let is_way = way.0 == way.1 || WAYS.contains(&way);
    demand(is_way, "legal_move", before.id, &alloc::format!("went from {:?} to {:?}", way.0, way.1))
}

/// S3: the epoch never falls, and rises whenever owner or place change.
///
/// # Errors
///
/// When it did not.
pub fn epoch_rises(before: &Interaction, after: &Interaction) -> Result<(), Violation> {
    const NAME: &str = "epoch_rises";
    demand(after.epoch >= before.epoch, NAME, before.id, "the epoch fell")?;
    let is_moved = place(before) != place(after);
    demand(
        !is_moved || after.epoch > before.epoch,
        NAME,
        before.id,
        "it moved and the epoch did not rise",
    )
}

type Place = (Kind, Option<UserId>, Option<QueueId>, Option<WorkbinId>);

fn place(interaction: &Interaction) -> Place {
    let queue = interaction.wait().map(|wait| wait.queue);
    (kind(interaction), interaction.owner(), queue, interaction.state.workbin())
}

/// S4: what is over stays over, as it ended.
///
/// # Errors
///
/// When it did not.
pub fn end_is_final(before: &Interaction, after: &Interaction) -> Result<(), Violation> {
    let is_so = !before.is_ended() || before.state == after.state;
    demand(is_so, "end_is_final", before.id, "it was over and is not, or not as it ended")
}

/// S10: offers are numbered one by one, and an offer that is open still is the same one.
///
/// # Errors
///
/// When they are not.
pub fn offers_counted(before: &Interaction, after: &Interaction) -> Result<(), Violation> {
    const NAME: &str = "offers_counted";
    let made = after.offers.checked_sub(before.offers);
    demand(
        made.is_some_and(|made| made <= 1),
        NAME,
        before.id,
        "an offer's number was skipped or used again",
    )?;
    let mut open = after.acceptable();
    let is_same = open.all(|later| {
        let earlier = before.acceptable().find(|earlier| earlier.number == later.number);
        earlier.map_or(later.number > before.offers, |earlier| earlier == later)
    });
    demand(is_same, NAME, before.id, "an open offer was changed")
}

/// S22: what lies in a workbin is never offered before somebody pulled it, but for what comes back
/// by itself, to whoever put it there.
///
/// # Errors
///
/// When it was.
pub fn workbin_not_routed(before: &Interaction, after: &Interaction) -> Result<(), Violation> {
    let comes_back_to = before.state.reminder().map(|reminder| reminder.of);
    let is_so = kind(before) != Kind::Parked
        || after.acceptable().all(|offer| comes_back_to == Some(offer.to));
    demand(is_so, "workbin_not_routed", before.id, "it was offered out of a workbin")
}

/// S9: an offer that was not open before goes to an agent who was reachable and Ready, and who had
/// room or their slot already. `earlier` is everything before the step.
///
/// # Errors
///
/// When it went to somebody else.
pub fn offered_to_able(
    earlier: &Snapshot<'_>,
    before: Option<&Interaction>,
    after: &Interaction,
) -> Result<(), Violation> {
    let known = before.map_or(0, |before| before.offers);
    let Some(offer) = after.acceptable().find(|offer| offer.number > known) else { return Ok(()) };
    let desk = earlier.desks.get(&offer.to);
    let is_able = desk.zip(earlier.users.get(&offer.to)).is_some_and(|(desk, user)| {
        let has_room = desk.slots.contains_key(&after.id) || desk.has_room(user, &after.media());
        let is_free = desk.is_ready(&after.media()) && has_room;
        // A supervisor offers themselves what they ask for, and it costs them nothing.
        user.enabled
            && desk.is_reachable(&after.media())
            && (is_free || offer.kind.is_supervision())
    });
    demand(is_able, "offered_to_able", after.id, "it was offered to somebody who cannot take it")
}
