//! What agents know of contacts, written down. What letters say of their senders is beside it and
//! goes on changing.

use handoff_domain::event::{Cause, ContactField, Subject};
use handoff_domain::{CenterId, ContactId, Event, Fact, Time, UserId};
use handoff_store::{
    ChangeSet, Check, CommitError, Contact, ContactProfile, Extent, Key, Put, Receipt, Record,
    StoreError, Version, Versioned,
};

use super::contacts::Contacts;

/// How often it is tried to write while others write the same contact: letters do, too.
const ATTEMPTS_MAX: usize = 8;

/// What is to become of what is known of a contact. What is `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileChange {
    pub first_name: Option<Option<String>>,
    pub last_name: Option<Option<String>>,
    pub phone_numbers: Option<Vec<String>>,
    pub language: Option<Option<String>>,
    pub time_zone: Option<Option<String>>,
}

impl ProfileChange {
    /// Changes a profile; returns what of it is not as it was.
    fn apply(&self, profile: &mut ContactProfile) -> Vec<ContactField> {
        fn set<T: Clone + PartialEq>(
            field: ContactField,
            value: &mut T,
            new: Option<&T>,
        ) -> Option<ContactField> {
            let new = new.filter(|new| *new != value)?.clone();
            *value = new;
            Some(field)
        }
        let ContactProfile { first_name, last_name, phone_numbers, language, time_zone, .. } =
            profile;
        let all = [
            set(ContactField::FirstName, first_name, self.first_name.as_ref()),
            set(ContactField::LastName, last_name, self.last_name.as_ref()),
            set(ContactField::PhoneNumbers, phone_numbers, self.phone_numbers.as_ref()),
            set(ContactField::Language, language, self.language.as_ref()),
            set(ContactField::TimeZone, time_zone, self.time_zone.as_ref()),
        ];
        all.into_iter().flatten().collect()
    }
}

/// Who writes down what, of whom.
#[derive(Clone, Debug)]
pub struct WriteDown {
    pub by: UserId,
    /// Their contact center.
    pub center: CenterId,
    pub contact: ContactId,
    /// How often something was written down of the contact when they read it.
    pub version: Version,
    pub change: ProfileChange,
}

/// Why nothing was written down.
#[derive(Debug, thiserror::Error)]
pub enum NotWritten {
    #[error("there is no such contact")]
    Unknown,
    /// Whoever writes would write over what they have not read.
    #[error("something was written down of the contact since")]
    Stale(Box<Contact>),
    #[error("whoever writes is no enabled user any more")]
    WriterGone,
    /// The request was carried out before.
    #[error("the request was carried out before")]
    Before(Box<Receipt>),
    #[error("the contact is being written by many at once")]
    Contended,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Contacts {
    /// Writes down what somebody knows of a contact, unless somebody else has since they read it;
    /// returns the contact as it is then. `receipt` makes a retry safe, by that answer. When it
    /// returns `Ok`, it is durable.
    ///
    /// Who may is not asked here. Whoever saw an interaction of the contact's a moment ago may
    /// still write.
    ///
    /// # Errors
    ///
    /// [`NotWritten`] says why not.
    pub async fn write_down(
        &self,
        wish: &WriteDown,
        receipt: impl Fn(&Contact) -> Option<Receipt> + Send,
    ) -> Result<Contact, NotWritten> {
        for _ in 0..ATTEMPTS_MAX {
            let found = self.core.load_contact(wish.contact).await?;
            let found = found.filter(|found| found.value.center == wish.center);
            let found = found.ok_or(NotWritten::Unknown)?;
            if found.value.profile_version() != wish.version {
                return Err(NotWritten::Stale(Box::new(found.value)));
            }
            let (contact, change) = self.written(wish, &found, &receipt)?;
            match self.commands.commits().make(change).await {
                Ok(_) => return Ok(contact),
                Err(CommitError::Receipt(receipt)) => return Err(NotWritten::Before(receipt)),
                Err(CommitError::Store(error)) => return Err(error.into()),
                // A letter of theirs, or a change of the center.
                Err(CommitError::Conflict { .. }) => self.core.reload_directory().await?,
                Err(CommitError::Timer(_)) => unreachable!("it checks no timers"),
            }
        }
        Err(NotWritten::Contended)
    }

    /// Returns a contact as it is to become, with the change that makes it so. When it is so
    /// already, nothing is written but that the request was carried out.
    fn written(
        &self,
        wish: &WriteDown,
        found: &Versioned<Contact>,
        receipt: impl Fn(&Contact) -> Option<Receipt>,
    ) -> Result<(Contact, ChangeSet), NotWritten> {
        let (mut contact, now) = (found.value.clone(), self.core.now());
        let directory = self.core.directory();
        if directory.user(wish.center, wish.by).is_none_or(|user| !user.enabled) {
            return Err(NotWritten::WriterGone);
        }
        let user = directory.check(Key::User(wish.by));
        let guard = Some(directory.guard(wish.center, Extent::Checked));
        let mut profile = contact.profile.take().unwrap_or_else(|| blank(wish.by, now));
        let fields = wish.change.apply(&mut profile);
        if fields.is_empty() {
            let as_read = Check { key: Key::Contact(found.value.id), version: found.version };
            let change = ChangeSet {
                checks: vec![as_read, user],
                directory: guard,
                receipts: receipt(&found.value).into_iter().collect(),
                ..ChangeSet::default()
            };
            return Ok((found.value.clone(), change));
        }
        (profile.version, profile.by, profile.at) = (wish.version + 1, wish.by, now);
        contact.profile = Some(profile);
        let event = Event {
            at: now,
            cause: Cause::User(wish.by),
            facts: vec![Fact::ContactChanged { contact: contact.id, fields }],
            subject: Subject::Center(wish.center),
            notices: Vec::new(),
        };
        let put = Put { record: Record::Contact(contact.clone()), expected: found.version };
        let change = ChangeSet {
            puts: vec![put],
            checks: vec![user],
            directory: guard,
            events: vec![event],
            receipts: receipt(&contact).into_iter().collect(),
            ..ChangeSet::default()
        };
        Ok((contact, change))
    }
}

const fn blank(by: UserId, at: Time) -> ContactProfile {
    ContactProfile {
        first_name: None,
        last_name: None,
        phone_numbers: Vec::new(),
        language: None,
        time_zone: None,
        version: 0,
        by,
        at,
    }
}
