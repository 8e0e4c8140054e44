//! How work can end, by whichever door it comes.

use std::collections::BTreeSet;

use handoff_domain::{Disposition, Media};

use crate::name::name_fault;
use crate::queue_description::{CHANNEL_LEN_MAX, is_channel_name};
use crate::thing::Thing;

/// Most channels that one can be for.
const CHANNELS_MAX: usize = 100;

/// What is said of a disposition, as far as it is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DispositionDescription {
    /// What is stored; of a new one what is shown, when it is not said.
    pub key: Option<String>,
    pub display_name: Option<String>,
    /// The channels whose work can end so; none is all.
    pub channels: Option<Vec<String>>,
    pub note_required: Option<bool>,
}

impl DispositionDescription {
    /// Returns what is wrong with it, and what is allowed.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        let mut names = [&self.display_name, &self.key].into_iter().flatten();
        let fault = names.find_map(|name| name_fault(Thing::Disposition, name));
        let channels = self.channels.as_deref().unwrap_or_default();
        fault.or_else(|| channels_fault(channels))
    }

    /// Changes a disposition as far as anything is said. What has a fault must not get here.
    pub(crate) fn apply(&self, disposition: &mut Disposition) {
        if let Some(name) = &self.display_name {
            disposition.display_name.clone_from(name);
        }
        if let Some(channels) = &self.channels {
            disposition.channels = media_of(channels);
        }
        disposition.note_required = self.note_required.unwrap_or(disposition.note_required);
    }
}

pub(crate) fn media_of(channels: &[String]) -> BTreeSet<Media> {
    channels.iter().map(|channel| Media::from_name(channel)).collect()
}

pub(crate) fn channels_fault(channels: &[String]) -> Option<String> {
    if channels.len() > CHANNELS_MAX {
        return Some(format!("at most {CHANNELS_MAX} channels can be named"));
    }
    let is_wrong = |channel: &&String| channel.is_empty() || !is_channel_name(channel);
    channels.iter().find(is_wrong).map(|channel| {
        format!(
            "{channel:?} is no channel's name, which has up to {CHANNEL_LEN_MAX} letters, digits, \
             hyphens, underscores and dots"
        )
    })
}
