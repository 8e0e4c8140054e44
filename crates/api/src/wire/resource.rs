//! Resources beside interactions: their addresses, and users, skills, groups, queues, workbins,
//! services, mailboxes, webhooks, responses and channels as JSON.
//!
//! Every resource has `id`, `uri` (absolute, with the configured prefix) and `path` (without
//! `/api/v2`), as the public pages show them (docs/compat/conventions.md#envelopes). Nothing here
//! decides who may see a resource, and no secret has a field.

mod center;
mod channel;
mod contact;
mod fields;
mod hours;
mod link;
mod mailbox;
mod response;
mod service;
mod user;
mod versioned;
mod webhook;

pub(in crate::wire) use center::owning_group;
pub(crate) use center::seconds;
pub use center::{GroupResource, QueueResource, SkillResource, StepResource, WorkbinResource};
pub use channel::{
    ChannelResource, LOGGED_OUT_ID, NOT_READY_ID, READY_ID, Room, UserState, channels, channels_of,
};
pub use contact::ContactResource;
pub use fields::Fields;
pub use link::{API_ROOT, Link, Lookup, PublicUrl, segment};
pub use mailbox::MailboxResource;
pub use response::ResponseResource;
pub use service::ServiceResource;
pub use user::{UserPart, UserResource, groups_of, role_name, role_named, skills_of};
pub use versioned::Versioned;
pub use webhook::{DeliveryResource, WebhookResource};
