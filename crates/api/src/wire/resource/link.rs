//! Addresses of resources, and what rendering looks up.

use std::sync::Arc;

use handoff_domain::{
    ContactId, GroupId, InteractionId, MailboxId, Media, QueueId, ResponseId, ServiceId, SkillId,
    UserId, WebhookId, WorkbinId,
};
use handoff_engine::Directory;
use serde::Serialize;

use crate::wire::letters::Cleaner;
use crate::wire::operation_lists::OperationLists;

/// Where the API is mounted: what stands between the public address and a path.
pub const API_ROOT: &str = "/api/v2";

/// Returns a text as one segment of a path, whatever characters it has.
#[must_use]
pub fn segment(text: &str) -> String {
    let encoded: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
    // A form's space; a plus of the text's own is encoded.
    encoded.replace('+', "%20")
}

/// The address under which clients reach the server, with `/api/v2`: the prefix of every `uri`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(Arc<str>);

impl PublicUrl {
    /// Takes the configured prefix, such as `http://127.0.0.1:8090`; a slash at its end does not
    /// matter.
    #[must_use]
    pub fn new(prefix: &str) -> Self {
        Self(format!("{}{API_ROOT}", prefix.trim_end_matches('/')).into())
    }

    /// Returns the absolute address of a path that begins with a slash.
    #[must_use]
    pub fn uri(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// Returns the address of a page of the desk; its path begins with a slash.
    #[must_use]
    pub fn page(&self, path: &str) -> String {
        format!("{}{path}", self.0.strip_suffix(API_ROOT).unwrap_or(&self.0))
    }

    /// Returns where a browser begins to sign in by a provider.
    #[must_use]
    pub fn provider(&self, name: &str) -> String {
        self.uri(&format!("/session/providers/{name}"))
    }

    /// Returns where a provider sends a browser back to.
    #[must_use]
    pub fn way_back(&self, name: &str) -> String {
        self.uri(&format!("/session/providers/{name}/return"))
    }

    /// Returns the link to a path that begins with a slash.
    #[must_use]
    pub fn link(&self, path: String) -> Link {
        Link { uri: self.uri(&path), path }
    }

    #[must_use]
    pub fn user(&self, id: UserId) -> Link {
        self.link(format!("/users/{id}"))
    }

    #[must_use]
    pub fn skill(&self, id: SkillId) -> Link {
        self.link(format!("/skills/{id}"))
    }

    #[must_use]
    pub fn group(&self, id: GroupId) -> Link {
        self.link(format!("/groups/{id}"))
    }

    #[must_use]
    pub fn queue(&self, id: QueueId) -> Link {
        self.link(format!("/queues/{id}"))
    }

    #[must_use]
    pub fn service(&self, id: ServiceId) -> Link {
        self.link(format!("/services/{id}"))
    }

    #[must_use]
    pub fn mailbox(&self, id: MailboxId) -> Link {
        self.link(format!("/mailboxes/{id}"))
    }

    #[must_use]
    pub fn webhook(&self, id: WebhookId) -> Link {
        self.link(format!("/webhooks/{id}"))
    }

    #[must_use]
    pub fn response(&self, id: ResponseId) -> Link {
        self.link(format!("/responses/{id}"))
    }

    #[must_use]
    pub fn workbin(&self, id: WorkbinId) -> Link {
        self.link(format!("/workbins/{id}"))
    }

    /// Returns the link to somebody outside. `/contacts/{id}` is somebody to hand work to.
    #[must_use]
    pub fn contact(&self, id: ContactId) -> Link {
        self.link(format!("/ucs/contacts/{id}"))
    }

    #[must_use]
    pub fn interaction(&self, id: InteractionId) -> Link {
        self.link(format!("/interactions/{id}"))
    }

    /// Returns the link to an interaction as its medium's resource, such as `/chats/{id}`
    /// (docs/compat/conventions.md#lists: addresses have no `/me`).
    ///
    /// Open media are `/openmedia/{mediaType}/{id}`, as the pages' calls have it; their samples
    /// print `{mediaType}s` in the address, which no documented call answers to.
    #[must_use]
    pub fn medium(&self, media: &Media, id: InteractionId) -> Link {
        self.link(match media {
            Media::Email => format!("/emails/{id}"),
            Media::Chat => format!("/chats/{id}"),
            Media::Workitem => format!("/workitems/{id}"),
            Media::Open(name) => format!("/openmedia/{name}/{id}"),
        })
    }
}

/// The two addresses of a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Link {
    /// The absolute address.
    pub uri: String,
    /// The address without prefix and `/api/v2`.
    pub path: String,
}

/// What rendering needs beside what it renders: names of configured things, the public address, and
/// what shows letters.
#[derive(Clone, Copy, Debug)]
pub struct Lookup<'a> {
    /// Everything configured.
    pub directory: &'a Directory,
    /// The prefix of addresses.
    pub url: &'a PublicUrl,
    /// What makes the HTML of strangers safe to show.
    pub letters: &'a Cleaner,
    /// What readers were found to be allowed.
    pub operations: &'a OperationLists,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_the_prefix_and_paths_have_not() {
        let url = PublicUrl::new("https://desk.example/");
        let id = InteractionId::compose(1_767_960_000_000, 1);
        let table = [
            (url.user(UserId(1)), "/users/00000000-0000-0000-0000-000000000001".to_owned()),
            (url.queue(QueueId(1)), "/queues/00000000-0000-0000-0000-000000000001".to_owned()),
            (url.interaction(id), format!("/interactions/{id}")),
            (url.medium(&Media::Email, id), format!("/emails/{id}")),
            (url.medium(&Media::Chat, id), format!("/chats/{id}")),
            (url.medium(&Media::Workitem, id), format!("/workitems/{id}")),
            (url.medium(&Media::Open("sms".to_owned()), id), format!("/openmedia/sms/{id}")),
        ];
        for (link, path) in table {
            assert_eq!(link.uri, format!("https://desk.example/api/v2{path}"));
            assert_eq!(link.path, path);
        }
    }
}
