//! Which interactions a query selects, said as a predicate.

use handoff_domain::{Interaction, Media, State};

use crate::query::{InteractionQuery, InteractionScope, contact_spellings};

/// Tells whether a query selects an interaction, leaving its limit aside.
pub(super) fn is_selected(interaction: &Interaction, query: &InteractionQuery) -> bool {
    fn admits<T: PartialEq>(filter: Option<&T>, value: Option<&T>) -> bool {
        filter.is_none() || filter == value
    }
    is_in_scope(interaction, &query.scope)
        && admits(query.media.as_ref(), Some(&interaction.media()))
        && admits(query.queue.as_ref(), interaction.queue.as_ref())
        && admits(query.owner.as_ref(), interaction.owner().as_ref())
        && admits(query.external_id.as_ref(), interaction.external_id.as_ref())
        && admits(query.contact.as_ref(), interaction.contact.as_ref())
        && query.after.is_none_or(|after| match query.scope.is_newest_first() {
            true => interaction.id < after,
            false => interaction.id > after,
        })
}

fn is_in_scope(interaction: &Interaction, scope: &InteractionScope) -> bool {
    let workbin = interaction.state.workbin();
    match scope {
        InteractionScope::Active(center) => {
            interaction.center == *center && !interaction.is_ended()
        }
        InteractionScope::Waiting => interaction.wait().is_some(),
        InteractionScope::HeldBy(user) => interaction.concerns(*user),
        InteractionScope::InWorkbin(id) => workbin == Some(*id),
        InteractionScope::OfContact { center, contact } => {
            let is_named = |named: &String| contact_spellings(contact).contains(named);
            interaction.center == *center && interaction.contact.as_ref().is_some_and(is_named)
        }
        InteractionScope::InThread { center, root } => {
            interaction.center == *center
                && interaction.media() == Media::Email
                && interaction.thread_root() == *root
        }
        InteractionScope::Sending => matches!(interaction.state, State::Sending { .. }),
        InteractionScope::VisibleTo { user, center, queues, workbins } => {
            interaction.center == *center
                && !interaction.is_ended()
                && (interaction.concerns(*user)
                    || interaction.submitter == Some(*user)
                    || interaction.queue.is_some_and(|queue| queues.contains(&queue))
                    || workbin.is_some_and(|workbin| workbins.contains(&workbin)))
        }
    }
}
