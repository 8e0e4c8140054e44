//! Services, with the fields that they are made from (docs/api/provisioning.md#services).

use handoff_domain::{ChatTerms, EmailTerms, FileLimits, OpenMediaTerms, Service, ServiceTerms};
use serde::Serialize;
use serde_json::Number;

use super::center::seconds;
use super::hours::HoursResource;
use super::{Link, Lookup};
use crate::wire::names::direction_name;

/// A service. Its queue is told by name, times are in seconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ServiceResource {
    pub id: String,
    /// Its name, which is a part of its address.
    pub name: String,
    /// What comes in by it: `chat`, `email` or `openmedia`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub queue: String,
    pub enabled: bool,
    #[serde(flatten)]
    options: Options,
    /// Its addresses.
    #[serde(flatten)]
    pub link: Link,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
enum Options {
    Chat(ChatOptions),
    Email(EmailOptions),
    OpenMedia(OpenMediaOptions),
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct ChatOptions {
    customer_silence: Number,
    idle_alert: Number,
    idle_close: Number,
    wait_max: Number,
    /// `null` is any number.
    max_waiting: Option<u32>,
    /// `null` is none.
    leave_message: Option<String>,
    without_key: bool,
    origins: Vec<String>,
    /// `null` is always.
    hours: Option<HoursResource>,
    files: FilesResource,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct FilesResource {
    uploads: u32,
    file_bytes: u64,
    total_bytes: u64,
    downloads: u32,
    types: Vec<String>,
    need_agent: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct EmailOptions {
    mailbox: String,
    files: EmailFilesResource,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct EmailFilesResource {
    uploads: u32,
    total_bytes: u64,
    types: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct OpenMediaOptions {
    media_type: String,
    interaction_type: &'static str,
    interaction_sub_type: String,
    allow_overwrite: bool,
}

impl ServiceResource {
    /// Shows a service.
    #[must_use]
    pub fn new(service: &Service, lookup: Lookup<'_>) -> Self {
        let queue = lookup.directory.queues.get(&service.queue);
        Self {
            id: service.id.to_string(),
            name: service.name.clone(),
            kind: service.kind().name(),
            queue: queue.map(|queue| queue.name.clone()).unwrap_or_default(),
            enabled: service.enabled,
            options: match &service.terms {
                ServiceTerms::Chat(terms) => Options::Chat(terms.into()),
                ServiceTerms::Email(terms) => Options::Email(terms.into()),
                ServiceTerms::OpenMedia(terms) => Options::OpenMedia(terms.into()),
            },
            link: lookup.url.service(service.id),
        }
    }
}

impl From<&ChatTerms> for ChatOptions {
    fn from(terms: &ChatTerms) -> Self {
        let ChatTerms { times, hours, max_waiting, files, origins, leave_message, without_key } =
            terms;
        Self {
            customer_silence: seconds(times.customer_silence_ms),
            idle_alert: seconds(times.idle_alert_ms),
            idle_close: seconds(times.idle_close_ms),
            wait_max: seconds(times.wait_max_ms),
            max_waiting: *max_waiting,
            leave_message: leave_message.clone(),
            without_key: *without_key,
            origins: origins.clone(),
            hours: hours.as_ref().map(Into::into),
            files: files.into(),
        }
    }
}

impl From<&FileLimits> for FilesResource {
    fn from(limits: &FileLimits) -> Self {
        Self {
            uploads: limits.uploads_max,
            file_bytes: limits.file_bytes_max,
            total_bytes: limits.total_bytes_max,
            downloads: limits.downloads_max,
            types: limits.types.clone(),
            need_agent: limits.need_agent,
        }
    }
}

impl From<&EmailTerms> for EmailOptions {
    fn from(terms: &EmailTerms) -> Self {
        let EmailTerms { mailbox, files_max, bytes_max, types } = terms;
        let (uploads, total_bytes, types) = (*files_max, *bytes_max, types.clone());
        let files = EmailFilesResource { uploads, total_bytes, types };
        Self { mailbox: mailbox.clone(), files }
    }
}

impl From<&OpenMediaTerms> for OpenMediaOptions {
    fn from(terms: &OpenMediaTerms) -> Self {
        Self {
            media_type: terms.media.name().to_owned(),
            interaction_type: direction_name(terms.direction),
            interaction_sub_type: terms.sub_type.clone(),
            allow_overwrite: terms.allow_overwrite,
        }
    }
}
