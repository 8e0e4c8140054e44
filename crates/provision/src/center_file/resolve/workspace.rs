//! What agents' desktops are told: the outbound queue, From addresses, dispositions and other
//! settings.

use std::collections::BTreeMap;

use handoff_domain::{Center, Disposition, Media, QueueId, Workspace};
use toml::Spanned;

use super::resolver::{Resolver, unknown};
use crate::center_file::error::CenterFileError;
use crate::center_file::form::Text;
use crate::center_file::form::workspace::{DispositionForm, WorkspaceForm};
use crate::disposition::{DispositionDescription, media_of};
use crate::name::name_fault;
use crate::opening_hours::zone_fault;
use crate::reason::reason_fault;
use crate::retention::{RetentionDescription, RetentionFault};
use crate::thing::{ENTRIES_MAX, Thing};
use crate::time_span::TimeSpan;

/// Settings that the other keys are for: the same must not be said twice.
const OWN_KEYS: [&str; 4] = [
    "email.outbound-queue",
    "email.from-addresses",
    "interaction.disposition.key-name",
    "interaction.disposition.value-business-attribute",
];
/// Most offers that may pass by before somebody is set to NotReady; whoever wants more wants never.
const MISSED_OFFERS_MAX: u32 = 100;

impl Resolver<'_> {
    /// Looks up what desktops are told.
    pub(super) fn workspace(&self, form: &WorkspaceForm) -> Workspace {
        let outbound_queue =
            form.outbound_queue.as_ref().map(|name| self.outbound(name)).transpose();
        let mut settings = BTreeMap::new();
        for (name, value) in &form.settings {
            if OWN_KEYS.contains(&name.as_str()) {
                let message = format!(
                    "{name} is not set here; use outboundQueue, fromAddresses or [[disposition]]"
                );
                self.wrong(value.span().start, message);
            }
            settings.insert(name.clone(), value.get_ref().clone());
        }
        Workspace {
            outbound_queue: self.checked(outbound_queue),
            from_addresses: self.senders(&form.from_addresses),
            dispositions: self.dispositions.clone(),
            not_ready_reasons: self.reasons(&form.not_ready_reasons),
            reason_names: self.reason_names(form),
            settings,
        }
    }

    fn outbound(&self, name: &Text) -> Result<QueueId, CenterFileError> {
        let (id, media) =
            self.queues.get(name.get_ref()).ok_or_else(|| unknown(self.file, "queue", name))?;
        if *media == Media::Email {
            return Ok(*id);
        }
        let message = format!("e-mails cannot go out by a queue of channel {media}");
        Err(self.file.wrong_at(name.span().start, message))
    }

    fn senders(&self, given: &[Text]) -> Vec<String> {
        for address in given.iter().take(ENTRIES_MAX) {
            let is_address =
                address.get_ref().contains('@') && !address.get_ref().contains(char::is_control);
            if !is_address {
                let message = format!("{:?} is no e-mail address", address.get_ref());
                self.wrong(address.span().start, message);
            }
        }
        self.expect_few("fromAddresses", given.get(ENTRIES_MAX));
        self.unique_names("address", given.iter())
    }

    fn reasons(&self, given: &[Text]) -> Vec<String> {
        for reason in given.iter().take(ENTRIES_MAX) {
            if let Some(fault) = reason_fault(reason.get_ref()) {
                self.wrong(reason.span().start, fault);
            }
        }
        self.expect_few("notReadyReasons", given.get(ENTRIES_MAX));
        self.unique_names("reason", given.iter())
    }

    /// Returns what is shown of reasons where that is something else.
    fn reason_names(&self, form: &WorkspaceForm) -> BTreeMap<String, String> {
        for (reason, name) in &form.reason_names {
            if !form.not_ready_reasons.iter().any(|one| one.get_ref() == reason) {
                let message = format!("notReadyReasons has no {reason:?} that this could name");
                self.wrong(name.span().start, message);
            } else if let Some(fault) = name_fault(Thing::AgentState, name.get_ref()) {
                self.wrong(name.span().start, fault);
            }
        }
        let names =
            form.reason_names.iter().map(|(one, name)| (one.clone(), name.get_ref().clone()));
        names.filter(|(reason, name)| reason != name).collect()
    }

    /// Returns after how many missed offers in a row agents are set to NotReady.
    pub(super) fn missed_offers(&self, given: Option<&Spanned<u32>>) -> Option<u32> {
        let most = given?;
        if *most.get_ref() > MISSED_OFFERS_MAX {
            let message = format!("missedOffersToNotReady is 0 to {MISSED_OFFERS_MAX}");
            self.wrong(most.span().start, message);
        }
        Some(*most.get_ref())
    }

    /// Returns the zone whose days are the contact center's.
    pub(super) fn time_zone(&self, given: Option<&Text>) -> Option<String> {
        let name = given?;
        if let Some(fault) = zone_fault(name.get_ref()) {
            self.wrong(name.span().start, fault);
        }
        Some(name.get_ref().clone())
    }

    /// Returns how long finished work is kept, by channel.
    pub(super) fn retention(
        &mut self,
        given: &BTreeMap<Text, Spanned<TimeSpan>>,
    ) -> BTreeMap<Media, u64> {
        let said = given.iter().map(|(channel, kept)| (channel.get_ref().clone(), *kept.get_ref()));
        let said = RetentionDescription(said.collect());
        if let Some(RetentionFault { channel, fault }) = said.fault() {
            let place = given.keys().find(|name| *name.get_ref() == channel);
            self.wrong(place.map_or(0, |name| name.span().start), fault);
        }
        let by_media = said.by_media();
        for media in by_media.keys() {
            let is_channel = media.name() != Center::CONTACTS;
            if is_channel && !self.queues.values().any(|(_, of)| of == media) {
                self.warnings.push(format!(
                    "retention names the channel {media}, which no queue of {} has",
                    self.file.name()
                ));
            }
        }
        by_media
    }

    /// Returns how work can end.
    pub(super) fn dispositions(&self, forms: &[DispositionForm]) -> Vec<Disposition> {
        self.expect_few("[[disposition]]", forms.get(ENTRIES_MAX).map(|form| &form.key));
        let keys = self.unique_names("disposition", forms.iter().map(|form| &form.key));
        let one = |(form, key): (&DispositionForm, String)| {
            let channels: Vec<String> =
                form.channels.iter().map(|channel| channel.get_ref().clone()).collect();
            let mut made = Disposition {
                display_name: key.clone(),
                channels: media_of(&channels),
                note_required: form.note_required,
                key,
            };
            let said = DispositionDescription {
                display_name: form.display_name.clone(),
                channels: Some(channels),
                ..DispositionDescription::default()
            };
            if let Some(fault) = said.fault() {
                self.wrong(form.key.span().start, fault);
            }
            said.apply(&mut made);
            made
        };
        forms.iter().zip(keys).map(one).collect()
    }

    fn expect_few(&self, what: &str, first_beyond: Option<&Text>) {
        if let Some(text) = first_beyond {
            let message = format!("{what} has more than {ENTRIES_MAX} entries");
            self.wrong(text.span().start, message);
        }
    }
}
