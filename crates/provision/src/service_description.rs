//! What a service may be, by whichever door it comes, as of queues
//! ([`QueueDescription`](crate::QueueDescription)).

use std::fmt::Display;
use std::ops::RangeInclusive;

use handoff_domain::{
    ChatTerms, Direction, EmailTerms, FileLimits, Media, OpenMediaTerms, Service, ServiceKind,
    ServiceTerms,
};

use crate::opening_hours::{HoursDescription, HoursFault};
use crate::origins::is_origin_pattern;
use crate::queue_description::Perhaps;
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
/// Most that may wait for another chat to begin.
const WAITING_MAX: u32 = 1_000_000;

const CHAT: &[ServiceKind] = &[ServiceKind::Chat];
const EMAIL: &[ServiceKind] = &[ServiceKind::Email];
const OPEN_MEDIA: &[ServiceKind] = &[ServiceKind::OpenMedia];

/// What is said of a service, as far as it is said, beside its queue, which whoever reads it looks
/// up.
#[derive(Clone, Debug, Default)]
pub struct ServiceDescription {
    pub name: Option<String>,
    pub kind: Option<ServiceKind>,
    /// The queue's name.
    pub queue: Option<String>,
    pub enabled: Option<bool>,
    pub customer_silence_ms: Option<u64>,
    pub idle_alert_ms: Option<u64>,
    pub idle_close_ms: Option<u64>,
    pub wait_max_ms: Option<u64>,
    pub max_waiting: Option<Perhaps<u32>>,
    /// The name of an e-mail service, which whoever reads it looks up.
    pub leave_message: Option<Perhaps<String>>,
    pub without_key: Option<bool>,
    pub origins: Option<Vec<String>>,
    pub hours: Option<Perhaps<HoursDescription>>,
    pub files: Option<FilesDescription>,
    pub mailbox: Option<String>,
    pub media_type: Option<String>,
    pub direction: Option<Direction>,
    pub sub_type: Option<String>,
    pub allow_overwrite: Option<bool>,
}

/// What is said of what customers may do with files, as far as it is said.
#[derive(Clone, Debug, Default)]
pub struct FilesDescription {
    pub uploads: Option<u32>,
    pub file_bytes: Option<u64>,
    pub total_bytes: Option<u64>,
    pub downloads: Option<u32>,
    pub types: Option<Vec<String>>,
    pub need_agent: Option<bool>,
}

/// Something of a service that is not allowed.
#[derive(Debug, PartialEq, Eq)]
pub struct ServiceFault {
    /// The option, as files and requests call it, such as `files.uploads`.
    pub option: &'static str,
    /// Which one of a list, by its place.
    pub item: Option<usize>,
    /// What is wrong, and what is allowed.
    pub message: String,
}

impl ServiceFault {
    fn new(option: &'static str, message: impl Into<String>) -> Self {
        Self { option, item: None, message: message.into() }
    }

    fn of_item(option: &'static str, item: usize, message: String) -> Self {
        Self { option, item: Some(item), message }
    }
}

/// Returns a service of that kind of which nothing was said.
#[must_use]
pub(crate) fn terms_of(kind: ServiceKind) -> ServiceTerms {
    match kind {
        ServiceKind::Chat => ServiceTerms::Chat(ChatTerms::default()),
        ServiceKind::Email => ServiceTerms::Email(EmailTerms {
            mailbox: String::new(),
            files_max: EmailTerms::DEFAULT_FILES_MAX,
            bytes_max: EmailTerms::DEFAULT_BYTES_MAX,
            types: EmailTerms::DEFAULT_TYPES.map(str::to_owned).into(),
        }),
        ServiceKind::OpenMedia => ServiceTerms::OpenMedia(OpenMediaTerms {
            media: Media::Workitem,
            direction: Direction::Inbound,
            sub_type: OpenMediaTerms::DEFAULT_SUB_TYPE.to_owned(),
            allow_overwrite: false,
        }),
    }
}

/// Says what is wrong with a service of that kind that leads to a queue of that medium; `None` when
/// nothing is.
pub(crate) fn queue_fault(
    kind: ServiceKind,
    (queue, media): (&str, &Media),
) -> Option<ServiceFault> {
    let (fits, expected) = match kind {
        ServiceKind::Chat => (*media == Media::Chat, "chat"),
        ServiceKind::Email => (*media == Media::Email, "email"),
        ServiceKind::OpenMedia => {
            (!matches!(media, Media::Chat | Media::Email), "workitem or an open-media type")
        }
    };
    let message = || {
        format!(
            "the queue {queue:?} is of channel {media}, and a service of type {} leads to one of channel {expected}",
            kind.name()
        )
    };
    (!fits).then(|| ServiceFault::new("queue", message()))
}

impl ServiceDescription {
    /// Returns what a service of that kind cannot be, as far as that needs no other record.
    #[must_use]
    pub fn faults(&self, kind: ServiceKind) -> Vec<ServiceFault> {
        let mut faults: Vec<ServiceFault> = self.options_of_others(kind).collect();
        faults.extend(self.name.as_deref().and_then(name_fault));
        faults.extend(self.time_faults());
        if let Some(Perhaps::With(most)) = self.max_waiting {
            faults.extend(beyond("maxWaiting", "maxWaiting", most, 1..=WAITING_MAX));
        }
        let origins = self.origins.iter().flatten().enumerate();
        faults.extend(origins.filter_map(|(item, origin)| origin_fault(item, origin)));
        if let Some(Perhaps::With(hours)) = &self.hours {
            faults.extend(hours.faults().into_iter().map(|fault| {
                let HoursFault { option, item, message } = fault;
                ServiceFault { option, item, message }
            }));
        }
        faults.extend(self.files.iter().flat_map(FilesDescription::faults));
        faults.extend(self.mailbox.as_deref().and_then(mailbox_fault));
        if self.sub_type.as_ref().is_some_and(|text| text.trim().is_empty()) {
            let message = "expected a name, found an empty text";
            faults.push(ServiceFault::new("interactionSubType", message));
        }
        faults
    }

    /// An option that has no effect was meant to have one.
    fn options_of_others(&self, kind: ServiceKind) -> impl Iterator<Item = ServiceFault> {
        fn said<T>(option: &Option<T>) -> bool {
            option.is_some()
        }
        let files = self.files.clone().unwrap_or_default();
        let rows: [(&'static str, bool, &[ServiceKind]); 18] = [
            ("customerSilence", said(&self.customer_silence_ms), CHAT),
            ("idleAlert", said(&self.idle_alert_ms), CHAT),
            ("idleClose", said(&self.idle_close_ms), CHAT),
            ("waitMax", said(&self.wait_max_ms), CHAT),
            ("maxWaiting", said(&self.max_waiting), CHAT),
            ("leaveMessage", said(&self.leave_message), CHAT),
            ("withoutKey", said(&self.without_key), CHAT),
            ("origins", said(&self.origins), CHAT),
            ("hours", said(&self.hours), CHAT),
            ("files", said(&self.files), &[ServiceKind::Chat, ServiceKind::Email]),
            ("files.fileBytes", said(&files.file_bytes), CHAT),
            ("files.downloads", said(&files.downloads), CHAT),
            ("files.needAgent", said(&files.need_agent), CHAT),
            ("mailbox", said(&self.mailbox), EMAIL),
            ("mediaType", said(&self.media_type), OPEN_MEDIA),
            ("interactionType", said(&self.direction), OPEN_MEDIA),
            ("interactionSubType", said(&self.sub_type), OPEN_MEDIA),
            ("allowOverwrite", said(&self.allow_overwrite), OPEN_MEDIA),
        ];
        rows.into_iter().filter_map(move |(option, is_said, kinds)| {
            let is_anothers = is_said && !kinds.contains(&kind);
            let message = || format!("{option} is no option of a service of type {}", kind.name());
            is_anothers.then(|| ServiceFault::new(option, message()))
        })
    }

    fn time_faults(&self) -> impl Iterator<Item = ServiceFault> {
        let times = [
            ("customerSilence", self.customer_silence_ms),
            ("idleAlert", self.idle_alert_ms),
            ("idleClose", self.idle_close_ms),
            ("waitMax", self.wait_max_ms),
        ];
        times.into_iter().filter_map(|(option, ms)| {
            let ms = ms.filter(|ms| *ms != 0 && !(TIME_MIN_MS..=TIME_MAX_MS).contains(ms))?;
            let given = TimeSpan::from_ms(ms);
            let message = format!("{option} is {given}, allowed is 1s to 20d, or 0s for off");
            Some(ServiceFault::new(option, message))
        })
    }

    /// Changes a service as far as anything is said, but for its name and kind. What has a fault
    /// must not get here.
    ///
    /// # Errors
    ///
    /// When it does not fit what it leads to: `queue` is that, by its name.
    pub(crate) fn apply(
        &self,
        service: &mut Service,
        queue: (&str, &Media),
    ) -> Result<(), ServiceFault> {
        service.enabled = self.enabled.unwrap_or(service.enabled);
        queue_fault(service.kind(), queue).map_or(Ok(()), Err)?;
        match &mut service.terms {
            ServiceTerms::Chat(terms) => self.apply_to_chat(terms),
            ServiceTerms::Email(terms) => self.apply_to_email(terms),
            ServiceTerms::OpenMedia(terms) => return self.apply_to_open_media(terms, queue.1),
        }
        Ok(())
    }

    fn apply_to_chat(&self, terms: &mut ChatTerms) {
        let times = &mut terms.times;
        for (said, ms) in [
            (self.customer_silence_ms, &mut times.customer_silence_ms),
            (self.idle_alert_ms, &mut times.idle_alert_ms),
            (self.idle_close_ms, &mut times.idle_close_ms),
            (self.wait_max_ms, &mut times.wait_max_ms),
        ] {
            *ms = said.unwrap_or(*ms);
        }
        Perhaps::set(&self.max_waiting, &mut terms.max_waiting);
        Perhaps::set(&self.leave_message, &mut terms.leave_message);
        terms.without_key = self.without_key.unwrap_or(terms.without_key);
        if let Some(origins) = &self.origins {
            terms.origins.clone_from(origins);
        }
        match &self.hours {
            None => {}
            Some(Perhaps::Without) => terms.hours = None,
            Some(Perhaps::With(hours)) => {
                terms.hours = Some(hours.in_place_of(terms.hours.as_ref()));
            }
        }
        if let Some(files) = &self.files {
            files.apply(&mut terms.files);
        }
    }

    fn apply_to_email(&self, terms: &mut EmailTerms) {
        if let Some(mailbox) = &self.mailbox {
            terms.mailbox.clone_from(mailbox);
        }
        let Some(files) = &self.files else { return };
        terms.files_max = files.uploads.unwrap_or(terms.files_max);
        terms.bytes_max = files.total_bytes.unwrap_or(terms.bytes_max);
        if let Some(types) = files.lower_case_types() {
            terms.types = types;
        }
    }

    fn apply_to_open_media(
        &self,
        terms: &mut OpenMediaTerms,
        media: &Media,
    ) -> Result<(), ServiceFault> {
        if let Some(wanted) = self.media_type.as_ref().filter(|wanted| *wanted != media.name()) {
            let message = format!("mediaType is {wanted:?}, and the queue is of channel {media}");
            return Err(ServiceFault::new("mediaType", message));
        }
        terms.media.clone_from(media);
        terms.direction = self.direction.unwrap_or(terms.direction);
        if let Some(sub_type) = &self.sub_type {
            terms.sub_type.clone_from(sub_type);
        }
        terms.allow_overwrite = self.allow_overwrite.unwrap_or(terms.allow_overwrite);
        Ok(())
    }
}

impl FilesDescription {
    fn faults(&self) -> Vec<ServiceFault> {
        let count = |option, key, count: Option<u32>| beyond(option, key, count?, 0..=FILES_MAX);
        let bytes = |option, key, bytes: Option<u64>| beyond(option, key, bytes?, 1..=BYTES_MAX);
        let numbers = [
            count("files.uploads", "uploads", self.uploads),
            bytes("files.fileBytes", "fileBytes", self.file_bytes),
            bytes("files.totalBytes", "totalBytes", self.total_bytes),
            count("files.downloads", "downloads", self.downloads),
        ];
        let mut faults: Vec<ServiceFault> = numbers.into_iter().flatten().collect();
        if self.types.as_ref().is_some_and(Vec::is_empty) {
            let message = "types has no type, so that no file could be sent; uploads = 0 says the same plainly";
            faults.push(ServiceFault::new("files.types", message));
        }
        let types = self.types.iter().flatten().enumerate();
        faults.extend(types.filter_map(|(item, text)| {
            let is_usable = (1..=TYPE_LEN_MAX).contains(&text.len())
                && text.chars().all(|c| c.is_ascii_alphanumeric());
            let message = || {
                format!(
                    "types has {text:?}, expected the end of a file's name without the dot, such as \"pdf\""
                )
            };
            (!is_usable).then(|| ServiceFault::of_item("files.types", item, message()))
        }));
        faults
    }

    fn apply(&self, limits: &mut FileLimits) {
        limits.uploads_max = self.uploads.unwrap_or(limits.uploads_max);
        limits.file_bytes_max = self.file_bytes.unwrap_or(limits.file_bytes_max);
        limits.total_bytes_max = self.total_bytes.unwrap_or(limits.total_bytes_max);
        limits.downloads_max = self.downloads.unwrap_or(limits.downloads_max);
        limits.need_agent = self.need_agent.unwrap_or(limits.need_agent);
        if let Some(types) = self.lower_case_types() {
            limits.types = types;
        }
    }

    fn lower_case_types(&self) -> Option<Vec<String>> {
        let types = self.types.as_ref()?;
        Some(types.iter().map(|name| name.to_ascii_lowercase()).collect())
    }
}

/// The name becomes a part of addresses and of channels, so it has no characters that mean
/// something there.
fn name_fault(name: &str) -> Option<ServiceFault> {
    let may_stand = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let message = if name.trim().is_empty() {
        "expected a name, found an empty text".to_owned()
    } else if name.len() > NAME_LEN_MAX || !name.chars().all(may_stand) {
        format!(
            "the service name {name:?} becomes a part of addresses: allowed are up to {NAME_LEN_MAX} letters, digits, \
             hyphens, underscores and dots"
        )
    } else {
        return None;
    };
    Some(ServiceFault::new("name", message))
}

fn mailbox_fault(mailbox: &str) -> Option<ServiceFault> {
    let is_address = mailbox.split_once('@').is_some_and(|(name, domain)| {
        !name.is_empty() && !domain.is_empty() && !mailbox.contains(char::is_whitespace)
    });
    let message = || format!("mailbox is {mailbox:?}, expected an e-mail address");
    (!is_address).then(|| ServiceFault::new("mailbox", message()))
}

fn origin_fault(item: usize, origin: &str) -> Option<ServiceFault> {
    let message = || {
        format!(
            "origins has {origin:?}, expected origins such as \"https://www.example.com\", without a path"
        )
    };
    let is_right = is_origin_pattern(origin);
    (!is_right).then(|| ServiceFault::of_item("origins", item, message()))
}

fn beyond<T: Copy + PartialOrd + Display>(
    option: &'static str,
    key: &str,
    value: T,
    allowed: RangeInclusive<T>,
) -> Option<ServiceFault> {
    let (least, most) = (allowed.start(), allowed.end());
    let message = || format!("{key} is {value}, allowed is {least} to {most}");
    (!allowed.contains(&value)).then(|| ServiceFault::new(option, message()))
}
