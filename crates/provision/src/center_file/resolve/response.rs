//! Standard responses of the contact center. Those of groups and of people are no part of a file:
//! they are written by others than whoever writes it.

use handoff_domain::ResponseId;
use handoff_store::{Record, ResponseOwner, StandardResponse};

use super::resolver::Resolver;
use crate::center_file::form::response::ResponseForm;
use crate::edit::no_response;
use crate::response_description::{ResponseDescription, expect_room};
use crate::thing::Thing;

impl Resolver<'_> {
    pub(super) fn responses(&mut self, forms: &[ResponseForm]) {
        let names =
            self.unique_names(&Thing::Response.to_string(), forms.iter().map(|form| &form.name));
        let of_others = self.directory.responses.values().filter(|it| it.center == self.center);
        let of_others = of_others.filter(|it| it.owner != ResponseOwner::Center);
        let of_others: Vec<&StandardResponse> = of_others.map(|response| &**response).collect();
        let mut all: Vec<StandardResponse> = Vec::new();
        for (form, name) in forms.iter().zip(names) {
            let response = self.response(form, &name);
            let shared = all.iter().chain(of_others.iter().copied());
            // That a name is there twice was told.
            let others = all.iter().filter(|other| other.name != name);
            match expect_room(&response, others, shared) {
                Ok(()) => all.push(response),
                Err(refused) => self.wrong(form.name.span().start, refused),
            }
        }
        self.records.extend(all.into_iter().map(Record::StandardResponse));
    }

    fn response(&self, form: &ResponseForm, name: &str) -> StandardResponse {
        let mut of_center = self.directory.responses.values().filter(|it| it.center == self.center);
        let known = of_center.find(|it| it.owner == ResponseOwner::Center && it.name == *name);
        let id = known.map_or_else(|| ResponseId(self.ids.uuid()), |response| response.id);
        let said = ResponseDescription {
            name: Some(name.to_owned()),
            shortcut: form.shortcut.clone(),
            category: form.category.clone(),
            language: form.language.clone(),
            channels: Some(form.channels.iter().map(|it| it.get_ref().clone()).collect()),
            subject: form.subject.clone(),
            text: form.text.clone(),
            html: form.html.clone(),
        };
        // That it has no name was told.
        if let Some(fault) = said.fault().filter(|_| !name.is_empty()) {
            self.wrong(form.name.span().start, fault);
        }
        let mut response = no_response(id, self.center, ResponseOwner::Center);
        said.apply(&mut response);
        response
    }
}
