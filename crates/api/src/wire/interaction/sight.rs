//! What one reader sees of an interaction, and may do with it.

use handoff_domain::capabilities::capabilities;
use handoff_domain::{Interaction, Operation, Status, UserId, View};

use super::offer::OfferPart;
use super::participant::{self, ParticipantResource};
use crate::wire::resource::Lookup;

/// An interaction's state in the eyes of one reader, and what they may do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sight {
    /// The state that they see.
    pub status: Status,
    /// What they may do next, in the order of the capability table.
    pub capabilities: &'static [Operation],
    /// To whom the parties of a chat are shown; to nobody once it stopped concerning them
    /// (ChatReject shows an empty list).
    reader: Option<UserId>,
}

impl Sight {
    /// Returns what `reader` sees now (docs/compat/interactions.md#seen). Whom it does not concern,
    /// as a supervisor who looks on, sees the state and can do nothing: an offer to somebody else
    /// is not theirs to accept.
    #[must_use]
    pub fn of(interaction: &Interaction, reader: UserId) -> Self {
        let sight = Self::concerned(interaction, interaction.status_for(reader), reader);
        if interaction.concerns(reader) { sight } else { Self { capabilities: &[], ..sight } }
    }

    /// Returns what an agent sees whom it does not concern any more.
    #[must_use]
    pub const fn gone(status: Status) -> Self {
        Self { status, capabilities: &[], reader: None }
    }

    /// Returns what a notice shows to `user`; `interaction` is the event's snapshot.
    #[must_use]
    pub fn told(interaction: &Interaction, view: &View, user: UserId) -> Self {
        match view {
            View::Concerned(status) => Self::concerned(interaction, *status, user),
            View::Gone(status) => Self::gone(*status),
            // What lies in a workbin, or just left it, is nobody's to act on from there
            // (docs/compat/media.md#workbins).
            View::Workbin { .. } => Self::gone(interaction.status()),
            View::Channels | View::Messages { .. } => Self::of(interaction, user),
        }
    }

    fn concerned(interaction: &Interaction, status: Status, reader: UserId) -> Self {
        let (media, direction) = (&interaction.media(), interaction.direction);
        let capabilities = capabilities(media, status, direction, interaction.part_of(reader));
        Self { status, capabilities, reader: Some(reader) }
    }
}

impl Sight {
    pub(super) fn operations(
        self,
        interaction: &Interaction,
        lookup: Lookup<'_>,
    ) -> Vec<&'static str> {
        let reader = self.reader.and_then(|reader| lookup.directory.users.get(&reader));
        reader.map(|reader| lookup.operations.of(interaction, reader).to_vec()).unwrap_or_default()
    }

    pub(super) fn offer(self, interaction: &Interaction, lookup: Lookup<'_>) -> Option<OfferPart> {
        OfferPart::of(interaction, self.reader?, lookup)
    }

    pub(super) fn participants(
        self,
        interaction: &Interaction,
        lookup: Lookup<'_>,
    ) -> Vec<ParticipantResource> {
        self.reader.map(|reader| participant::of(interaction, reader, lookup)).unwrap_or_default()
    }
}
