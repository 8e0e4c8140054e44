//! Services: the doors by which customers and their programs come in.

use handoff_domain::{Service, ServiceId, ServiceKind, ServiceTerms};
use handoff_store::{Key, Record};

use super::{Edit, Editor, Refused, called, expect_free, expect_unused};
use crate::queue_description::Perhaps;
use crate::service_description::{ServiceDescription, ServiceFault, terms_of};
use crate::thing::Thing;

impl Editor<'_> {
    /// Makes a service of a kind.
    ///
    /// # Errors
    ///
    /// [`Refused::Taken`], [`Refused::Unknown`], [`Refused::Unfit`].
    pub fn add_service(
        &self,
        id: ServiceId,
        kind: ServiceKind,
        said: &ServiceDescription,
    ) -> Result<Edit, Refused> {
        let name = said.name.clone().unwrap_or_default();
        // Requests of customers name no contact center.
        expect_free(Thing::Service, &name, self.directory.service(kind, &name).is_some())?;
        let queue = self.queue_named(said.queue.as_deref().unwrap_or_default())?.id;
        let terms = terms_of(kind);
        let service = Service { id, center: self.center, name, queue, enabled: true, terms };
        self.write_service(None, service, said)
    }

    /// Changes a service. Its name and kind are its address, and never change.
    ///
    /// # Errors
    ///
    /// [`Refused::Absent`], [`Refused::Fixed`], [`Refused::Unknown`], [`Refused::Unfit`].
    pub fn change_service(
        &self,
        id: ServiceId,
        said: &ServiceDescription,
    ) -> Result<Edit, Refused> {
        let before = self.service(id)?;
        let fixed = |property| Err(Refused::Fixed { thing: Thing::Service, property });
        if said.kind.is_some_and(|kind| kind != before.kind()) {
            return fixed("type");
        }
        if said.name.as_ref().is_some_and(|name| *name != before.name) {
            return fixed("name");
        }
        let mut service = before.clone();
        if let Some(name) = &said.queue {
            service.queue = self.queue_named(name)?.id;
        }
        self.write_service(Some(before), service, said)
    }

    fn write_service(
        &self,
        before: Option<&Service>,
        mut service: Service,
        said: &ServiceDescription,
    ) -> Result<Edit, Refused> {
        if let Some(fault) = said.faults(service.kind()).into_iter().next() {
            return Err(unfit(fault));
        }
        if let Some(Perhaps::With(name)) = &said.leave_message {
            self.expect_email_service(name)?;
        }
        let queue = self.queue(service.queue)?;
        said.apply(&mut service, (&queue.name, &queue.media)).map_err(unfit)?;
        Ok(self.write(before, service, Record::Service))
    }

    fn expect_email_service(&self, name: &str) -> Result<(), Refused> {
        let found = self.directory.service(ServiceKind::Email, name);
        let own = found.filter(|service| service.center == self.center);
        let unknown = || Refused::Unknown { thing: Thing::Service, name: name.to_owned() };
        own.map(drop).ok_or_else(unknown)
    }

    /// Removes a service, as a file does that does not name it: nothing comes in by it any more,
    /// and what came in by it goes on.
    ///
    /// # Errors
    ///
    /// [`Refused::Absent`], [`Refused::InUse`].
    pub fn remove_service(&self, id: ServiceId) -> Result<Edit, Refused> {
        let service = self.service(id)?;
        let leads_here = |other: &&Service| match &other.terms {
            ServiceTerms::Chat(terms) => {
                service.kind() == ServiceKind::Email
                    && terms.leave_message.as_ref() == Some(&service.name)
            }
            ServiceTerms::Email(_) | ServiceTerms::OpenMedia(_) => false,
        };
        let by = self.services().find(leads_here);
        expect_unused(Thing::Service, by.map(|other| called(Thing::Service, &other.name)))?;
        Ok(self.remove(Key::Service(id)))
    }
}

fn unfit(fault: ServiceFault) -> Refused {
    Refused::Unfit { thing: Thing::Service, fault: fault.message }
}
