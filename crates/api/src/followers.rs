//! What follows from a command in a chat for the supervisors who follow its owner: they are offered
//! it.

use handoff_domain::{Interaction, Media};

use crate::shared::Shared;

/// Offers a chat in which something was just done to the supervisors who follow its owner. Whatever
/// becomes of it, what was done is done, and the next command in the chat tries again.
pub(crate) async fn offer_to_followers(shared: &Shared, interaction: &Interaction) {
    if interaction.media() != Media::Chat {
        return;
    }
    let about_to = |supervisor, nickname: Option<&String>| {
        shared.supervisor_names().remember(interaction.id, supervisor, nickname);
    };
    if let Err(error) = shared.engine().desks().offer_to_followers(interaction, about_to).await {
        tracing::warn!(
            interaction.id = %interaction.id,
            error = &error as &dyn std::error::Error,
            "a supervisor could not be offered a chat now; the next command in it tries again"
        );
    }
}
