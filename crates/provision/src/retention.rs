//! How long finished work is kept.

use std::collections::BTreeMap;

use handoff_domain::{Center, Media};

use crate::queue_description::{CHANNEL_LEN_MAX, is_channel_name};
use crate::time_span::TimeSpan;

/// The longest time that can be said, in ms: a hundred years. Whoever wants more does not say it.
const MS_MAX: u64 = 36_500 * 24 * 60 * 60 * 1_000;
/// Most channels that can be said.
const CHANNELS_MAX: usize = 100;

/// How long finished work is kept by channel, as it is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RetentionDescription(pub BTreeMap<String, TimeSpan>);

/// What is wrong with one channel's time, and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetentionFault {
    pub channel: String,
    pub fault: String,
}

impl RetentionDescription {
    /// Returns what is wrong with it.
    #[must_use]
    pub fn fault(&self) -> Option<RetentionFault> {
        let fault_of = |(place, (channel, kept)): (usize, (&String, &TimeSpan))| {
            let fault = if place >= CHANNELS_MAX {
                format!("at most {CHANNELS_MAX} channels can be named")
            } else if channel.is_empty() || !is_channel_name(channel) {
                format!(
                    "a channel's name has up to {CHANNEL_LEN_MAX} letters, digits, hyphens, underscores and dots"
                )
            } else if !(Center::RETENTION_MS_MIN..=MS_MAX).contains(&kept.ms()) {
                let [least, most] = [Center::RETENTION_MS_MIN, MS_MAX].map(TimeSpan::from_ms);
                format!("finished work is kept for {least} to {most}, and {kept} is not in between")
            } else {
                return None;
            };
            Some(RetentionFault { channel: channel.clone(), fault })
        };
        self.0.iter().enumerate().find_map(fault_of)
    }

    /// Returns it as a contact center has it.
    #[must_use]
    pub fn by_media(&self) -> BTreeMap<Media, u64> {
        self.0.iter().map(|(channel, kept)| (Media::from_name(channel), kept.ms())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(channel: &str, days: u64) -> bool {
        let kept = TimeSpan::from_ms(days * 24 * 60 * 60 * 1_000);
        RetentionDescription([(channel.to_owned(), kept)].into()).fault().is_some()
    }

    #[test]
    fn finished_work_is_kept_for_days_at_least_and_a_century_at_most() {
        assert!(!fault("chat", 3) && !fault("sms", 36_500));
        assert!(fault("chat", 2) && fault("chat", 36_501) && fault("", 30) && fault("a b", 30));
    }

    #[test]
    fn not_more_is_said_than_anybody_has() {
        let kept = TimeSpan::from_ms(Center::RETENTION_MS_MIN);
        let said = |count: usize| (0..count).map(|number| (format!("c{number}"), kept)).collect();
        assert_eq!(RetentionDescription(said(CHANNELS_MAX)).fault(), None);
        assert!(RetentionDescription(said(CHANNELS_MAX + 1)).fault().is_some());
    }
}
