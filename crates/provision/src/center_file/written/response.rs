//! Standard responses of the contact center.

use std::collections::BTreeSet;

use handoff_domain::Media;
use handoff_store::{ResponseOwner, StandardResponse};

use super::Writing;

impl Writing<'_> {
    pub(super) fn responses(&mut self) {
        let own = self.directory.responses.values().filter(|it| it.center == self.center);
        let own = own.filter(|response| response.owner == ResponseOwner::Center);
        let mut own: Vec<&StandardResponse> = own.map(|response| &**response).collect();
        own.sort_by(|one, other| one.name.cmp(&other.name));
        let lines = &mut self.lines;
        for response in own {
            lines.table("[[response]]");
            lines.set("name", &*response.name);
            lines.set_unless_empty("shortcut", &response.shortcut);
            lines.set_unless_empty("category", &response.category);
            lines.set_unless_empty("language", &response.language);
            let channels: BTreeSet<&str> = response.channels.iter().map(Media::name).collect();
            lines.set_list("channels", channels);
            lines.set_unless_empty("subject", &response.subject);
            lines.set_unless_empty("text", &response.text);
            lines.set_unless_empty("html", &response.html);
        }
    }
}
