//! Services: the doors of a contact center, each of which leads to one of the file's queues.

use std::collections::BTreeSet;
use std::ops::Range;

use handoff_domain::{Direction, Service, ServiceId, ServiceKind};
use handoff_store::Record;
use toml::Spanned;

use super::resolver::{Resolver, twice, unknown};
use crate::center_file::error::CenterFileError;
use crate::center_file::form::Text;
use crate::center_file::form::service::{
    DirectionForm, FilesForm, HoursForm, KindForm, ServiceForm,
};
use crate::opening_hours::HoursDescription;
use crate::queue_description::Perhaps;
use crate::service_description::{FilesDescription, ServiceDescription, ServiceFault, terms_of};

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
            let described = description(form);
            for fault in described.faults(form.kind.into()) {
                self.wrong(place_of(form, &fault), fault.message);
            }
            if let Some(name) = &form.leave_message {
                self.checked(self.expect_email_service(name, forms));
            }
            let service = self.service(form, &described);
            self.records.extend(self.checked(service.map(Some)).map(Record::Service));
        }
    }

    fn service(
        &self,
        form: &ServiceForm,
        described: &ServiceDescription,
    ) -> Result<Service, CenterFileError> {
        let (kind, name) = (form.kind.into(), form.name.get_ref());
        let wrong = |message: String| Err(self.file.wrong_at(form.name.span().start, message));
        let known = self.directory.service(kind, name);
        if known.is_some_and(|service| service.center != self.center) {
            // Requests of customers name no contact center. Whose the other one is, is nobody
            // else's business.
            return wrong(format!(
                "the {} service {name:?} is taken by another contact center",
                kind.name()
            ));
        }
        if kind == ServiceKind::Email && form.mailbox.is_none() {
            return wrong(
                "a service of type email needs a mailbox, the address that its e-mails are to"
                    .to_owned(),
            );
        }
        let queue = form.queue.get_ref();
        let (id, media) =
            self.queues.get(queue).ok_or_else(|| unknown(self.file, "queue", &form.queue))?;
        let mut service = Service {
            id: known.map_or_else(|| ServiceId(self.ids.uuid()), |service| service.id),
            center: self.center,
            name: name.clone(),
            queue: *id,
            enabled: true,
            terms: terms_of(kind),
        };
        match described.apply(&mut service, (queue, media)) {
            Ok(()) => Ok(service),
            Err(fault) => Err(self.file.wrong_at(place_of(form, &fault), fault.message)),
        }
    }

    /// Expects an e-mail service of the file, by which customers leave a message.
    fn expect_email_service(
        &self,
        name: &Text,
        services: &[ServiceForm],
    ) -> Result<(), CenterFileError> {
        let is_it = |form: &ServiceForm| {
            form.kind == KindForm::Email && form.name.get_ref() == name.get_ref()
        };
        if services.iter().any(is_it) {
            return Ok(());
        }
        let message = format!(
            "leaveMessage is {:?}, expected the name of a service of type email of this file",
            name.get_ref()
        );
        Err(self.file.wrong_at(name.span().start, message))
    }
}

fn description(form: &ServiceForm) -> ServiceDescription {
    ServiceDescription {
        name: Some(form.name.get_ref().clone()),
        kind: Some(form.kind.into()),
        queue: Some(form.queue.get_ref().clone()),
        enabled: Some(form.enabled),
        customer_silence_ms: form.customer_silence.as_ref().map(|span| span.get_ref().ms()),
        idle_alert_ms: form.idle_alert.as_ref().map(|span| span.get_ref().ms()),
        idle_close_ms: form.idle_close.as_ref().map(|span| span.get_ref().ms()),
        wait_max_ms: form.wait_max.as_ref().map(|span| span.get_ref().ms()),
        max_waiting: value(&form.max_waiting).map(Perhaps::With),
        leave_message: value(&form.leave_message).map(Perhaps::With),
        without_key: value(&form.without_key),
        origins: form.origins.as_ref().map(|origins| texts(origins.get_ref())),
        hours: form.hours.as_ref().map(|hours| Perhaps::With(opening(hours.get_ref()))),
        files: form.files.as_ref().map(|files| limits(files.get_ref())),
        mailbox: value(&form.mailbox),
        media_type: value(&form.media_type),
        direction: form.interaction_type.as_ref().map(|wanted| (*wanted.get_ref()).into()),
        sub_type: value(&form.interaction_sub_type),
        allow_overwrite: value(&form.allow_overwrite),
    }
}

pub(super) fn opening(form: &HoursForm) -> HoursDescription {
    let exceptions = form.exceptions.as_ref().map(|written| texts(written.get_ref()));
    HoursDescription {
        time_zone: form.time_zone.get_ref().clone(),
        open: texts(form.open.get_ref()),
        exceptions: Some(exceptions.unwrap_or_default()),
    }
}

/// Returns where an option of hours is written, or one of its list.
pub(super) fn place_in_hours(
    hours: &Spanned<HoursForm>,
    option: &str,
    item: Option<usize>,
) -> Range<usize> {
    let form = hours.get_ref();
    let list = match option {
        "hours.open" => Some(&form.open),
        "hours.exceptions" => form.exceptions.as_ref(),
        _ => None,
    };
    let found = list.and_then(|list| list.get_ref().get(item?)).map(Spanned::span);
    let whole = || list.map(Spanned::span);
    let zone = || (option == "hours.timeZone").then(|| form.time_zone.span());
    found.or_else(whole).or_else(zone).unwrap_or_else(|| hours.span())
}

fn limits(form: &FilesForm) -> FilesDescription {
    FilesDescription {
        uploads: value(&form.uploads),
        file_bytes: value(&form.file_bytes),
        total_bytes: value(&form.total_bytes),
        downloads: value(&form.downloads),
        types: form.types.as_ref().map(|types| texts(types.get_ref())),
        need_agent: value(&form.need_agent),
    }
}

fn value<T: Clone>(written: &Option<Spanned<T>>) -> Option<T> {
    written.as_ref().map(|written| written.get_ref().clone())
}

fn texts(written: &[Text]) -> Vec<String> {
    written.iter().map(|text| text.get_ref().clone()).collect()
}

/// Returns where the file says something of a service.
fn place_of(form: &ServiceForm, fault: &ServiceFault) -> usize {
    if let Some(hours) = form.hours.as_ref().filter(|_| fault.option.starts_with("hours.")) {
        return place_in_hours(hours, fault.option, fault.item).start;
    }
    let files = form.files.as_ref().map(Spanned::get_ref);
    let list = match fault.option {
        "origins" => form.origins.as_ref().map(Spanned::get_ref),
        "files.types" => files.and_then(|files| files.types.as_ref()).map(Spanned::get_ref),
        _ => None,
    };
    let item = list.and_then(|list| list.get(fault.item?)).map(Spanned::span);
    let place = item.or_else(|| option_place(form, fault.option));
    place.unwrap_or_else(|| form.name.span()).start
}

/// Returns where an option is written, when it is.
fn option_place(form: &ServiceForm, option: &str) -> Option<Range<usize>> {
    fn span<T>(written: &Option<Spanned<T>>) -> Option<Range<usize>> {
        written.as_ref().map(Spanned::span)
    }
    let files = form.files.as_ref().map(Spanned::get_ref);
    match option {
        "queue" => Some(form.queue.span()),
        "customerSilence" => span(&form.customer_silence),
        "idleAlert" => span(&form.idle_alert),
        "idleClose" => span(&form.idle_close),
        "waitMax" => span(&form.wait_max),
        "maxWaiting" => span(&form.max_waiting),
        "leaveMessage" => span(&form.leave_message),
        "withoutKey" => span(&form.without_key),
        "origins" => span(&form.origins),
        "hours" => span(&form.hours),
        "files" => span(&form.files),
        "files.uploads" => span(&files?.uploads),
        "files.fileBytes" => span(&files?.file_bytes),
        "files.totalBytes" => span(&files?.total_bytes),
        "files.downloads" => span(&files?.downloads),
        "files.types" => span(&files?.types),
        "files.needAgent" => span(&files?.need_agent),
        "mailbox" => span(&form.mailbox),
        "mediaType" => span(&form.media_type),
        "interactionType" => span(&form.interaction_type),
        "interactionSubType" => span(&form.interaction_sub_type),
        "allowOverwrite" => span(&form.allow_overwrite),
        _ => None,
    }
}
