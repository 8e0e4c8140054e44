//! Services, each with the options of its type.

use handoff_domain::{
    ChatTerms, Direction, EmailTerms, FileLimits, OpenMediaTerms, Service, ServiceTerms,
};

use super::Writing;
use super::lines::Lines;

impl Writing<'_> {
    pub(super) fn services(&mut self) {
        let services = self.directory.services.values().filter(|it| it.center == self.center);
        let mut services: Vec<&Service> = services.map(|service| &**service).collect();
        services.sort_by(|one, other| {
            one.kind().cmp(&other.kind()).then_with(|| one.name.cmp(&other.name))
        });
        for service in services {
            let queue = self.queue_name(service.queue);
            let lines = &mut self.lines;
            lines.table("[[service]]");
            lines.set("name", &*service.name);
            lines.set("type", service.kind().name());
            lines.set("queue", queue);
            lines.set_unless("enabled", service.enabled, true);
            match &service.terms {
                ServiceTerms::Chat(terms) => chat(lines, terms),
                ServiceTerms::Email(terms) => email(lines, terms),
                ServiceTerms::OpenMedia(terms) => open_media(lines, terms),
            }
        }
    }
}

fn chat(lines: &mut Lines, terms: &ChatTerms) {
    let ChatTerms { times, hours, max_waiting, files, origins, leave_message, without_key } = terms;
    let default = ChatTerms::default().times;
    for (key, ms, default_ms) in [
        ("customerSilence", times.customer_silence_ms, default.customer_silence_ms),
        ("idleAlert", times.idle_alert_ms, default.idle_alert_ms),
        ("idleClose", times.idle_close_ms, default.idle_close_ms),
        ("waitMax", times.wait_max_ms, default.wait_max_ms),
    ] {
        lines.set_time_unless(key, ms, default_ms);
    }
    lines.set_unless("withoutKey", *without_key, false);
    lines.set_given("leaveMessage", leave_message.as_deref());
    lines.set_given("maxWaiting", *max_waiting);
    lines.set_list("origins", origins);
    if let Some(hours) = hours {
        lines.sub_table("[service.hours]");
        lines.set_hours(hours);
    }
    let default = FileLimits::default();
    if *files == default {
        return;
    }
    lines.sub_table("[service.files]");
    lines.set_unless("uploads", files.uploads_max, default.uploads_max);
    lines.set_bytes_unless("fileBytes", files.file_bytes_max, default.file_bytes_max);
    lines.set_bytes_unless("totalBytes", files.total_bytes_max, default.total_bytes_max);
    lines.set_unless("downloads", files.downloads_max, default.downloads_max);
    if files.types != default.types {
        lines.set_list("types", &files.types);
    }
    lines.set_unless("needAgent", files.need_agent, default.need_agent);
}

fn email(lines: &mut Lines, terms: &EmailTerms) {
    let EmailTerms { mailbox, files_max, bytes_max, types } = terms;
    lines.set("mailbox", &**mailbox);
    let are_default_types = *types == EmailTerms::DEFAULT_TYPES;
    let (uploads, total) = (EmailTerms::DEFAULT_FILES_MAX, EmailTerms::DEFAULT_BYTES_MAX);
    if are_default_types && (*files_max, *bytes_max) == (uploads, total) {
        return;
    }
    lines.sub_table("[service.files]");
    lines.set_unless("uploads", *files_max, uploads);
    lines.set_bytes_unless("totalBytes", *bytes_max, total);
    if !are_default_types {
        lines.set_list("types", types);
    }
}

/// The medium is its queue's.
fn open_media(lines: &mut Lines, terms: &OpenMediaTerms) {
    let OpenMediaTerms { media: _, direction, sub_type, allow_overwrite } = terms;
    let direction = match direction {
        Direction::Inbound => None,
        Direction::Outbound => Some("Outbound"),
        Direction::Internal => Some("Internal"),
    };
    lines.set_given("interactionType", direction);
    lines.set_unless("interactionSubType", &**sub_type, OpenMediaTerms::DEFAULT_SUB_TYPE);
    lines.set_unless("allowOverwrite", *allow_overwrite, false);
}
