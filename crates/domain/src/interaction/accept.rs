//! Accept: an offer becomes ownership, or a part in a conversation.

use alloc::string::{String, ToString};

use crate::event::{Fact, NotificationType};
use crate::id::UserId;
use crate::interaction::attempt::Attempt;
use crate::interaction::change::{Addressees, Change, Heard, take_offer};
use crate::interaction::decision::Decision;
use crate::interaction::{Offer, Participant, ParticipantRole, State, Status, say};
use crate::rejection::Rejection;

/// Takes the offered interaction.
pub(super) fn accept(attempt: &Attempt<'_>, nickname: Option<&str>) -> Result<Decision, Rejection> {
    let offer = attempt.offer()?;
    nickname.map_or(Ok(()), say::check_nickname)?;
    let mut change = attempt.change();
    let Offer { to: by, kind, .. } = *offer;
    change.facts.push(Fact::Accepted { by, kind });
    change.heard = (!kind.is_supervision()).then_some((by, Heard::Answered));
    let nickname = nickname.map(ToString::to_string).or_else(|| offer.nickname.clone());
    match (kind.role(), &attempt.before.state) {
        (Some(role), _) => come_in(&mut change, by, role, nickname),
        (None, State::Invited(wait, _)) => change.hand_to(by, wait.mode, nickname),
        (None, State::Handling(handling)) => {
            change.last_sees(handling.by, Status::Completed);
            take_over(&mut change, by, nickname);
        }
        (None, _) => {}
    }
    Ok(change.finish())
}

/// Somebody becomes the owner in place of another, who goes; whoever else takes part stays.
pub(super) fn take_over(change: &mut Change<'_>, by: UserId, nickname: Option<String>) {
    let since = change.context.now;
    let Some(handling) = change.handling_mut() else { return };
    let former = handling.by;
    handling.by = by;
    handling.since = since;
    handling.offer = None;
    handling.others.retain(|other| other.user != by);
    handling.nickname = nickname;
    change.kind = NotificationType::ParticipantsUpdated;
    change.handed_over = Some(former);
}

fn come_in(change: &mut Change<'_>, user: UserId, role: ParticipantRole, nickname: Option<String>) {
    let since = change.context.now;
    if role == ParticipantRole::Monitor {
        change.addressees = Addressees::Only(user);
    }
    if let Some(handling) = change.handling_mut() {
        take_offer(handling, user);
        // A supervisor who looks on and is then asked openly takes that part.
        handling.others.retain(|other| other.user != user);
        handling.others.push(Participant { user, role, since, nickname });
    }
    change.kind = NotificationType::ParticipantsUpdated;
}
