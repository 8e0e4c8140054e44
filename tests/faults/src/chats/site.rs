//! A made contact center for chats: owners whom the queue asks, helpers whom owners bring in, and
//! one service.

use handoff_domain::{CenterId, ChatTerms, GroupId, Media, QueueId, Role, ServiceId, ServiceTerms};
use handoff_testkit::Center;

pub const SERVICE: &str = "support";
const OWNERS: GroupId = GroupId(11);
const HELPERS: GroupId = GroupId(12);
const QUEUE: QueueId = QueueId(11);

/// Returns the name of an agent whom the queue asks.
#[must_use]
pub fn owner(number: usize) -> String {
    format!("owner{number:03}")
}

/// Returns the name of an agent who is brought in.
#[must_use]
pub fn helper(number: usize) -> String {
    format!("helper{number:03}")
}

/// Describes the center. An offer stands as long as a run may take, and nobody is alerted because
/// they say nothing: both would be other work than was asked for.
#[must_use]
pub fn center(owners: usize, helpers: usize, chats_each: usize) -> Center {
    add_to(Center::new(CenterId(1), "Made"), owners, helpers, chats_each)
}

/// Adds the same to a center.
pub(crate) fn add_to(center: Center, owners: usize, helpers: usize, chats_each: usize) -> Center {
    let mut terms = ChatTerms::default();
    terms.times.idle_alert_ms = 0;
    let mut center = center
        .group(OWNERS, "Owners")
        .group(HELPERS, "Helpers")
        .queue(QUEUE, "chats", Media::Chat, &[OWNERS], &[])
        .invites_for_s(3_600)
        .service(ServiceId(1), SERVICE, QUEUE, ServiceTerms::Chat(terms));
    let owners = (0..owners).map(|number| (owner(number), OWNERS));
    let helpers = (0..helpers).map(|number| (helper(number), HELPERS));
    for (name, group) in owners.chain(helpers) {
        center = center.person(&name, Role::Agent, &[group]).room(Media::Chat, chats_each);
    }
    center
}
