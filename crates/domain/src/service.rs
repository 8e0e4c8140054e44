//! Services: the doors by which customers and their programs come in, each of which leads to one
//! queue.
//!
//! A service is configured, like a queue. Its name is part of an address that has no contact center
//! in it, so it is unique for its kind across the installation and not only in its center. What a
//! service says counts when something comes in by it: a chat copies its times when it opens, and a
//! change of the service leaves it as it is.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use crate::chat::ChatTimes;
use crate::hours::Hours;
use crate::id::{CenterId, QueueId, ServiceId};
use crate::media::{Direction, Media};

/// What comes in by a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServiceKind {
    /// Chats with customers.
    Chat,
    /// E-mails that customers write in a form on a web page.
    Email,
    /// Work items and other open media that a program submits.
    OpenMedia,
}

impl ServiceKind {
    /// Returns the name under which it is configured, which is also the part of the address before
    /// the service's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Email => "email",
            Self::OpenMedia => "openmedia",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct Service {
    pub id: ServiceId,
    /// Its contact center.
    pub center: CenterId,
    /// Its name, unique for its kind across the installation.
    pub name: String,
    /// The queue that it leads to, of the same contact center and of a medium that fits.
    pub queue: QueueId,
    /// By a disabled service nothing comes in.
    pub enabled: bool,
    /// What comes in by it, and on what terms.
    pub terms: ServiceTerms,
}

impl Service {
    /// Returns what comes in by it.
    #[must_use]
    pub const fn kind(&self) -> ServiceKind {
        match self.terms {
            ServiceTerms::Chat(_) => ServiceKind::Chat,
            ServiceTerms::Email(_) => ServiceKind::Email,
            ServiceTerms::OpenMedia(_) => ServiceKind::OpenMedia,
        }
    }

    /// Returns the terms of a chat service.
    #[must_use]
    pub const fn chat(&self) -> Option<&ChatTerms> {
        match &self.terms {
            ServiceTerms::Chat(terms) => Some(terms),
            ServiceTerms::Email(_) | ServiceTerms::OpenMedia(_) => None,
        }
    }

    /// Returns the terms of an e-mail service.
    #[must_use]
    pub const fn email(&self) -> Option<&EmailTerms> {
        match &self.terms {
            ServiceTerms::Email(terms) => Some(terms),
            ServiceTerms::Chat(_) | ServiceTerms::OpenMedia(_) => None,
        }
    }

    /// Returns the terms of an open-media service.
    #[must_use]
    pub const fn open_media(&self) -> Option<&OpenMediaTerms> {
        match &self.terms {
            ServiceTerms::OpenMedia(terms) => Some(terms),
            ServiceTerms::Chat(_) | ServiceTerms::Email(_) => None,
        }
    }
}

/// What comes in by a service, and on what terms.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub enum ServiceTerms {
    Chat(ChatTerms),
    /// E-mails from a web form.
    Email(EmailTerms),
    OpenMedia(OpenMediaTerms),
}

/// The terms of a chat service.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct ChatTerms {
    pub times: ChatTimes,
    /// When chats may begin; `None` is always.
    pub hours: Option<Hours>,
    /// How many interactions may wait in the queue at most for another chat to begin; `None` is any
    /// number.
    pub max_waiting: Option<u32>,
    /// What customers may do with files.
    pub files: FileLimits,
    /// The origins whose pages may use the service in a browser; none is every origin, because a
    /// customer has nothing but their secure key, which a foreign page does not know.
    pub origins: Vec<String>,
    /// The e-mail service by which customers can leave a message when nobody can take their chat;
    /// of the same contact center.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Option::is_none"))]
    pub leave_message: Option<String>,
    /// Whether the simple customer API takes whoever names a chat's id for its customer, as the
    /// platform's does: for clients that keep no cookies and know of no key. Ids cannot be guessed,
    /// but everybody of the contact center sees them.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "core::ops::Not::not"))]
    pub without_key: bool,
}

impl ChatTerms {
    /// How long a customer may go without a request when nothing else is configured, in ms (Chat
    /// Server's `flex-disconnect-timeout`).
    pub const DEFAULT_CUSTOMER_SILENCE_MS: u64 = 45_000;
    /// How long nobody may say anything before the alert when nothing else is configured, in ms
    /// (`timeout-alert`).
    pub const DEFAULT_IDLE_ALERT_MS: u64 = 255_000;
    /// How long after the alert the session ends when nothing else is configured, in ms
    /// (`timeout-close`).
    pub const DEFAULT_IDLE_CLOSE_MS: u64 = 45_000;
}

impl Default for ChatTerms {
    fn default() -> Self {
        let times = ChatTimes {
            customer_silence_ms: Self::DEFAULT_CUSTOMER_SILENCE_MS,
            idle_alert_ms: Self::DEFAULT_IDLE_ALERT_MS,
            idle_close_ms: Self::DEFAULT_IDLE_CLOSE_MS,
            wait_max_ms: 0,
        };
        Self {
            times,
            hours: None,
            max_waiting: None,
            files: FileLimits::default(),
            origins: Vec::new(),
            leave_message: None,
            without_key: false,
        }
    }
}

/// What the customer of a chat may do with files. Agents are not limited by it
/// (docs/compat/customers.md#files).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct FileLimits {
    /// How many files they may send in one chat; 0 is none at all. Default 3 (Chat Server's
    /// `upload-max-files`, docs/compat/customers.md#files).
    pub uploads_max: u32,
    /// How large one file may be, in bytes. Default 12,582,912: a photo of a phone has 5 to 10 MB.
    /// The reference's 2 MiB (`upload-max-file-size`) refuse most of them.
    pub file_bytes_max: u64,
    /// How large all of them may be together, in bytes. Default 37,748,736: as many as may be sent,
    /// each as large as may be (`upload-max-total-size`).
    pub total_bytes_max: u64,
    /// How often they may fetch a file in one chat (`download-attempts`). Default 10, ours: the
    /// notes know no default.
    pub downloads_max: u32,
    /// The types of files by the ends of their names, in lower case and without the dot
    /// (`upload-file-types`).
    pub types: Vec<String>,
    /// Whether they may send files only once an agent has come in (`upload-need-agent`). Default
    /// no.
    pub need_agent: bool,
}

impl FileLimits {
    /// The types when nothing else is configured: pictures and documents that need no program of
    /// the receiver's to be looked at.
    pub const DEFAULT_TYPES: [&'static str; 6] = ["jpg", "jpeg", "png", "gif", "pdf", "txt"];
}

impl Default for FileLimits {
    fn default() -> Self {
        Self {
            uploads_max: 3,
            file_bytes_max: 12_582_912,
            total_bytes_max: 37_748_736,
            downloads_max: 10,
            types: Self::DEFAULT_TYPES.map(ToOwned::to_owned).into(),
            need_agent: false,
        }
    }
}

/// The terms of an e-mail service.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct EmailTerms {
    /// The address that the e-mails are to.
    pub mailbox: String,
    /// How many files may be attached to one. Default 10 (docs/compat/customers.md#web-form).
    pub files_max: u32,
    /// How large an e-mail may be with its files, in bytes. Default 10 MiB
    /// (docs/compat/customers.md#web-form).
    pub bytes_max: u64,
    /// The types of files by the ends of their names, in lower case and without the dot. Default
    /// [`EmailTerms::DEFAULT_TYPES`].
    pub types: Vec<String>,
}

impl EmailTerms {
    /// How many files may be attached when nothing else is configured.
    pub const DEFAULT_FILES_MAX: u32 = 10;
    /// How large an e-mail may be when nothing else is configured, in bytes.
    pub const DEFAULT_BYTES_MAX: u64 = 10 * 1_024 * 1_024;
    /// The types when nothing else is configured (docs/compat/customers.md#web-form).
    pub const DEFAULT_TYPES: [&'static str; 8] =
        ["pdf", "doc", "txt", "jpg", "png", "gif", "bmp", "zip"];
}

/// The terms of an open-media service (the `media_type`, `interaction_type`, `interaction_subtype`
/// and `allow_overwrite` of docs/compat/customers.md 3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct OpenMediaTerms {
    /// The medium of what comes in; its queue's.
    pub media: Media,
    /// Who started what comes in. Default the customer.
    pub direction: Direction,
    /// The `interactionSubType` of what comes in. Default `InboundNew`.
    pub sub_type: String,
    /// Whether a request may name a medium, type or sub-type of its own. Default no.
    pub allow_overwrite: bool,
}

impl OpenMediaTerms {
    /// The sub-type when nothing else is configured.
    pub const DEFAULT_SUB_TYPE: &'static str = "InboundNew";
}
