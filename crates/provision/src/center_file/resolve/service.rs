//! Services: the doors of a contact center, each of which leads to one of the file's queues.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::ops::{Range, RangeInclusive};

use handoff_domain::{
    ChatTerms, ChatTimes, Direction, EmailTerms, FileLimits, Hours, Media, OpenMediaTerms, Service,
    ServiceId, ServiceKind, ServiceTerms,
};
use handoff_store::Record;
use jiff::tz::TimeZone;
use toml::Spanned;

use super::resolver::{Resolver, not_empty, twice, unknown};
use crate::center_file::error::CenterFileError;
use crate::center_file::form::Text;
use crate::center_file::form::service::{
    DirectionForm, FilesForm, HoursForm, KindForm, ServiceForm,
};
use crate::opening_hours::open_times;
use crate::origins::is_origin_pattern;
use crate::time_span::TimeSpan;

/// The shortest time of a chat that is not off, in ms; like the longest, the reference server's
/// (docs/compat/customers.md#times-and-ends).
const TIME_MIN_MS: u64 = 1_000;
/// The longest time of a chat, in ms: 20 days.
const TIME_MAX_MS: u64 = 1_728_000_000;
/// Most files of one chat or e-mail, and most downloads of one chat.
const FILES_MAX: u32 = 1_000;
/// The largest file or e-mail, in bytes.
const BYTES_MAX: u64 = 1_024 * 1_024 * 1_024;
/// The longest end of a file's name, in characters.
const TYPE_LEN_MAX: usize = 16;
/// The longest name of a service, in characters.
const NAME_LEN_MAX: usize = 100;

/// Where an option is written, when it is.
type Place = Option<Range<usize>>;

impl From<KindForm> for ServiceKind {
    fn from(form: KindForm) -> Self {
        match form {
            KindForm::Chat => Self::Chat,
            KindForm::Email => Self::Email,
            KindForm::OpenMedia => Self::OpenMedia,
        }
    }
}

impl From<DirectionForm> for Direction {
    fn from(form: DirectionForm) -> Self {
        match form {
            DirectionForm::Inbound => Self::Inbound,
            DirectionForm::Outbound => Self::Outbound,
            DirectionForm::Internal => Self::Internal,
        }
    }
}

impl Resolver<'_> {
    pub(super) fn services(&mut self, forms: &[ServiceForm]) {
        let mut seen = BTreeSet::new();
        for form in forms {
            if !seen.insert((ServiceKind::from(form.kind), form.name.get_ref().clone())) {
                self.problems.borrow_mut().push(twice(self.file, "service", &form.name));
            }
            self.refuse_options_of_others(form);
            let service = self.service(form, forms);
            self.records.extend(self.checked(service.map(Some)).map(Record::Service));
        }
    }

    fn service(
        &self,
        form: &ServiceForm,
        forms: &[ServiceForm],
    ) -> Result<Service, CenterFileError> {
        let kind = form.kind.into();
        let name = self.service_name(&form.name)?;
        let known = self.directory.service(kind, &name);
        if known.is_some_and(|service| service.center != self.center) {
            // Requests of customers name no contact center. Whose the other one is, is nobody
            // else's business.
            let message =
                format!("the {} service {name:?} is taken by another contact center", kind.name());
            return Err(self.file.wrong_at(form.name.span().start, message));
        }
        let (queue, media) = self
            .queues
            .get(form.queue.get_ref())
            .ok_or_else(|| unknown(self.file, "queue", &form.queue))?;
        Ok(Service {
            id: known.map_or_else(|| ServiceId(self.ids.uuid()), |service| service.id),
            center: self.center,
            name,
            queue: *queue,
            enabled: form.enabled,
            terms: self.terms(form, media, forms)?,
        })
    }

    /// The name becomes a part of addresses and of channels, so it has no characters that mean
    /// something there.
    fn service_name(&self, name: &Text) -> Result<String, CenterFileError> {
        let text = not_empty(self.file, name)?;
        let may_stand = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if text.len() > NAME_LEN_MAX || !text.chars().all(may_stand) {
            let message = format!(
                "the service name {text:?} becomes a part of addresses: allowed are up to {NAME_LEN_MAX} letters, digits, \
                 hyphens, underscores and dots"
            );
            return Err(self.file.wrong_at(name.span().start, message));
        }
        Ok(text)
    }

    /// An option that has no effect was meant to have one.
    fn refuse_options_of_others(&self, form: &ServiceForm) {
        fn place<T>(option: &Option<Spanned<T>>) -> Place {
            option.as_ref().map(Spanned::span)
        }
        let files = form.files.as_ref().map(Spanned::get_ref);
        let of_files = |option: fn(&FilesForm) -> Place| files.and_then(option);
        let (chat, open_media) = (&[KindForm::Chat][..], &[KindForm::OpenMedia][..]);
        let rows: [(&str, Place, &[KindForm]); 18] = [
            ("customerSilence", place(&form.customer_silence), chat),
            ("idleAlert", place(&form.idle_alert), chat),
            ("idleClose", place(&form.idle_close), chat),
            ("waitMax", place(&form.wait_max), chat),
            ("maxWaiting", place(&form.max_waiting), chat),
            ("leaveMessage", form.leave_message.as_ref().map(Spanned::span), chat),
            ("withoutKey", place(&form.without_key), chat),
            ("origins", place(&form.origins), chat),
            ("hours", place(&form.hours), chat),
            ("files", place(&form.files), &[KindForm::Chat, KindForm::Email]),
            ("files.fileBytes", of_files(|files| place(&files.file_bytes)), chat),
            ("files.downloads", of_files(|files| place(&files.downloads)), chat),
            ("files.needAgent", of_files(|files| place(&files.need_agent)), chat),
            ("mailbox", place(&form.mailbox), &[KindForm::Email]),
            ("mediaType", place(&form.media_type), open_media),
            ("interactionType", place(&form.interaction_type), open_media),
            ("interactionSubType", place(&form.interaction_sub_type), open_media),
            ("allowOverwrite", place(&form.allow_overwrite), open_media),
        ];
        for (option, place, kinds) in rows {
            if let Some(place) = place
                && !kinds.contains(&form.kind)
            {
                let kind = ServiceKind::from(form.kind).name();
                let message = format!("{option} is no option of a service of type {kind}");
                self.wrong(place.start, message);
            }
        }
    }

    fn terms(
        &self,
        form: &ServiceForm,
        media: &Media,
        services: &[ServiceForm],
    ) -> Result<ServiceTerms, CenterFileError> {
        let (fits, expected) = match form.kind {
            KindForm::Chat => (*media == Media::Chat, "chat"),
            KindForm::Email => (*media == Media::Email, "email"),
            KindForm::OpenMedia => {
                (!matches!(media, Media::Chat | Media::Email), "workitem or an open-media type")
            }
        };
        if !fits {
            let (queue, kind) = (form.queue.get_ref(), ServiceKind::from(form.kind).name());
            let message = format!(
                "the queue {queue:?} is of channel {media}, and a service of type {kind} leads to one of channel {expected}"
            );
            return Err(self.file.wrong_at(form.queue.span().start, message));
        }
        Ok(match form.kind {
            KindForm::Chat => ServiceTerms::Chat(self.chat_terms(form, services)?),
            KindForm::Email => ServiceTerms::Email(self.email_terms(form)?),
            KindForm::OpenMedia => ServiceTerms::OpenMedia(self.open_media_terms(form, media)?),
        })
    }

    /// Returns the name of an e-mail service of the file, by which customers leave a message.
    fn email_service(
        &self,
        name: &Text,
        services: &[ServiceForm],
    ) -> Result<String, CenterFileError> {
        let is_it = |form: &ServiceForm| {
            form.kind == KindForm::Email && form.name.get_ref() == name.get_ref()
        };
        if services.iter().any(is_it) {
            return Ok(name.get_ref().clone());
        }
        let message = format!(
            "leaveMessage is {:?}, expected the name of a service of type email of this file",
            name.get_ref()
        );
        Err(self.file.wrong_at(name.span().start, message))
    }

    fn chat_terms(
        &self,
        form: &ServiceForm,
        services: &[ServiceForm],
    ) -> Result<ChatTerms, CenterFileError> {
        let times = ChatTimes {
            customer_silence_ms: self.time(
                "customerSilence",
                &form.customer_silence,
                ChatTerms::DEFAULT_CUSTOMER_SILENCE_MS,
            )?,
            idle_alert_ms: self.time(
                "idleAlert",
                &form.idle_alert,
                ChatTerms::DEFAULT_IDLE_ALERT_MS,
            )?,
            idle_close_ms: self.time(
                "idleClose",
                &form.idle_close,
                ChatTerms::DEFAULT_IDLE_CLOSE_MS,
            )?,
            wait_max_ms: self.time("waitMax", &form.wait_max, 0)?,
        };
        let waiting = form.max_waiting.as_ref();
        let max_waiting =
            waiting.map(|wanted| self.within("maxWaiting", wanted, 1..=1_000_000)).transpose()?;
        let hours = form.hours.as_ref().map(|hours| self.hours(hours.get_ref())).transpose()?;
        let files =
            form.files.as_ref().map(|files| self.file_limits(files.get_ref())).transpose()?;
        let origins = form.origins.as_ref().map_or(&[][..], |origins| origins.get_ref());
        let origins = origins.iter().map(|origin| self.origin(origin)).collect::<Result<_, _>>()?;
        let leave_message = form.leave_message.as_ref();
        let leave_message =
            leave_message.map(|name| self.email_service(name, services)).transpose()?;
        let without_key = form.without_key.as_ref().is_some_and(|wanted| *wanted.get_ref());
        let files = files.unwrap_or_default();
        Ok(ChatTerms { times, hours, max_waiting, files, origins, leave_message, without_key })
    }

    fn time(
        &self,
        key: &str,
        written: &Option<Spanned<TimeSpan>>,
        default_ms: u64,
    ) -> Result<u64, CenterFileError> {
        let Some(span) = written else { return Ok(default_ms) };
        let ms = span.get_ref().ms();
        if ms == 0 || (TIME_MIN_MS..=TIME_MAX_MS).contains(&ms) {
            return Ok(ms);
        }
        let message = format!("{key} is {}, allowed is 1s to 20d, or 0s for off", span.get_ref());
        Err(self.file.wrong_at(span.span().start, message))
    }

    fn within<T: Copy + PartialOrd + Display>(
        &self,
        key: &str,
        written: &Spanned<T>,
        allowed: RangeInclusive<T>,
    ) -> Result<T, CenterFileError> {
        let value = *written.get_ref();
        if allowed.contains(&value) {
            return Ok(value);
        }
        let message =
            format!("{key} is {value}, allowed is {} to {}", allowed.start(), allowed.end());
        Err(self.file.wrong_at(written.span().start, message))
    }

    fn origin(&self, origin: &Text) -> Result<String, CenterFileError> {
        if is_origin_pattern(origin.get_ref()) {
            return Ok(origin.get_ref().clone());
        }
        let message = format!(
            "origins has {:?}, expected origins such as \"https://www.example.com\", without a path",
            origin.get_ref()
        );
        Err(self.file.wrong_at(origin.span().start, message))
    }

    fn file_limits(&self, form: &FilesForm) -> Result<FileLimits, CenterFileError> {
        let default = FileLimits::default();
        let count = |key, written: &Option<Spanned<u32>>, default| {
            written.as_ref().map_or(Ok(default), |written| self.within(key, written, 0..=FILES_MAX))
        };
        Ok(FileLimits {
            uploads_max: count("uploads", &form.uploads, default.uploads_max)?,
            file_bytes_max: self.bytes("fileBytes", &form.file_bytes, default.file_bytes_max)?,
            total_bytes_max: self.bytes(
                "totalBytes",
                &form.total_bytes,
                default.total_bytes_max,
            )?,
            downloads_max: count("downloads", &form.downloads, default.downloads_max)?,
            types: self.types(&form.types)?.unwrap_or(default.types),
            need_agent: form
                .need_agent
                .as_ref()
                .map_or(default.need_agent, |wanted| *wanted.get_ref()),
        })
    }

    fn bytes(
        &self,
        key: &str,
        written: &Option<Spanned<u64>>,
        default: u64,
    ) -> Result<u64, CenterFileError> {
        written.as_ref().map_or(Ok(default), |written| self.within(key, written, 1..=BYTES_MAX))
    }

    fn types(
        &self,
        written: &Option<Spanned<Vec<Text>>>,
    ) -> Result<Option<Vec<String>>, CenterFileError> {
        let Some(written) = written else { return Ok(None) };
        if written.get_ref().is_empty() {
            let message = "types has no type, so that no file could be sent; uploads = 0 says the same plainly";
            return Err(self.file.wrong_at(written.span().start, message));
        }
        let types = written.get_ref().iter().map(|text| {
            let name = text.get_ref().to_ascii_lowercase();
            let is_usable = (1..=TYPE_LEN_MAX).contains(&name.len())
                && name.chars().all(|c| c.is_ascii_alphanumeric());
            is_usable.then_some(name).ok_or_else(|| {
                let message = format!(
                    "types has {:?}, expected the end of a file's name without the dot, such as \"pdf\"",
                    text.get_ref()
                );
                self.file.wrong_at(text.span().start, message)
            })
        });
        types.collect::<Result<_, _>>().map(Some)
    }

    fn email_terms(&self, form: &ServiceForm) -> Result<EmailTerms, CenterFileError> {
        let Some(mailbox) = &form.mailbox else {
            let message =
                "a service of type email needs a mailbox, the address that its e-mails are to";
            return Err(self.file.wrong_at(form.name.span().start, message));
        };
        let is_address = mailbox.get_ref().split_once('@').is_some_and(|(name, domain)| {
            !name.is_empty()
                && !domain.is_empty()
                && !mailbox.get_ref().contains(char::is_whitespace)
        });
        if !is_address {
            let message = format!("mailbox is {:?}, expected an e-mail address", mailbox.get_ref());
            return Err(self.file.wrong_at(mailbox.span().start, message));
        }
        let files = form.files.as_ref().map(Spanned::get_ref);
        let uploads = files.and_then(|files| files.uploads.as_ref());
        let uploads =
            uploads.map(|written| self.within("uploads", written, 0..=FILES_MAX)).transpose()?;
        let total = files.and_then(|files| files.total_bytes.as_ref());
        let total =
            total.map(|written| self.within("totalBytes", written, 1..=BYTES_MAX)).transpose()?;
        let types = files.map(|files| self.types(&files.types)).transpose()?.flatten();
        Ok(EmailTerms {
            mailbox: mailbox.get_ref().clone(),
            files_max: uploads.unwrap_or(EmailTerms::DEFAULT_FILES_MAX),
            bytes_max: total.unwrap_or(EmailTerms::DEFAULT_BYTES_MAX),
            types: types.unwrap_or_else(|| EmailTerms::DEFAULT_TYPES.map(str::to_owned).into()),
        })
    }

    fn open_media_terms(
        &self,
        form: &ServiceForm,
        media: &Media,
    ) -> Result<OpenMediaTerms, CenterFileError> {
        if let Some(wanted) = &form.media_type
            && wanted.get_ref() != media.name()
        {
            let message =
                format!("mediaType is {:?}, and the queue is of channel {media}", wanted.get_ref());
            return Err(self.file.wrong_at(wanted.span().start, message));
        }
        let sub_type = form.interaction_sub_type.as_ref();
        let sub_type = sub_type.map(|text| not_empty(self.file, text)).transpose()?;
        let direction =
            form.interaction_type.as_ref().map(|wanted| Direction::from(*wanted.get_ref()));
        Ok(OpenMediaTerms {
            media: media.clone(),
            direction: direction.unwrap_or(Direction::Inbound),
            sub_type: sub_type.unwrap_or_else(|| OpenMediaTerms::DEFAULT_SUB_TYPE.to_owned()),
            allow_overwrite: form.allow_overwrite.as_ref().is_some_and(|wanted| *wanted.get_ref()),
        })
    }

    fn hours(&self, form: &HoursForm) -> Result<Hours, CenterFileError> {
        let zone = form.time_zone.get_ref();
        if TimeZone::get(zone).is_err() {
            let message = format!(
                "timeZone is {zone:?}, expected an IANA name such as \"Europe/Copenhagen\""
            );
            return Err(self.file.wrong_at(form.time_zone.span().start, message));
        }
        let mut open = Vec::new();
        for text in form.open.get_ref() {
            let times = open_times(text.get_ref()).ok_or_else(|| {
                let message = format!(
                    "open has {:?}, expected days and times such as \"Mon-Fri 08:00-18:00\" or \"Sat 10:00-24:00\"",
                    text.get_ref()
                );
                self.file.wrong_at(text.span().start, message)
            })?;
            open.extend(times);
        }
        if open.is_empty() {
            let message = "open has no time, so that the service would never be open; enabled = false says the same plainly";
            return Err(self.file.wrong_at(form.open.span().start, message));
        }
        open.sort_unstable();
        open.dedup();
        Ok(Hours { zone: zone.clone(), open })
    }
}
