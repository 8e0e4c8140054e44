//! A letter that came in.

use std::sync::Arc;

use handoff_domain::Interaction;
use handoff_engine::TakenIn;

/// What became of a letter, of one that is still kept.
#[derive(Clone, Debug)]
pub struct Received {
    pub interaction: Arc<Interaction>,
    pub is_new: bool,
}

impl From<TakenIn> for Received {
    fn from(taken: TakenIn) -> Self {
        let interaction = taken.interaction.expect("it is still kept");
        Self { interaction, is_new: taken.is_new }
    }
}
