//! Standard responses: those of a contact center and of its groups, and each person's own.

use std::collections::BTreeSet;

use handoff_domain::{CenterId, GroupId, ResponseId};
use handoff_store::{
    Key, OwnResponse, OwnResponses, Record, ResponseOwner, StandardResponse, Uses, Version,
};

use super::{Edit, Editor, Refused};
use crate::response_description::{ResponseDescription, expect_room};
use crate::thing::Thing;

impl<'a> Editor<'a> {
    /// Makes a response of the contact center or of a group.
    ///
    /// # Errors
    ///
    /// [`Refused::Taken`], [`Refused::TooMany`], [`Refused::Unfit`].
    pub fn add_response(
        &self,
        id: ResponseId,
        owner: ResponseOwner,
        said: &ResponseDescription,
    ) -> Result<Edit, Refused> {
        self.write_response(None, nothing(id, self.center, owner), said)
    }

    /// Changes one. What was put into messages before stays as it is.
    ///
    /// # Errors
    ///
    /// As [`Editor::add_response`]; [`Refused::Absent`].
    pub fn change_response(
        &self,
        id: ResponseId,
        said: &ResponseDescription,
    ) -> Result<Edit, Refused> {
        let before = self.response(id)?;
        self.write_response(Some(before), before.clone(), said)
    }

    fn write_response(
        &self,
        before: Option<&StandardResponse>,
        mut response: StandardResponse,
        said: &ResponseDescription,
    ) -> Result<Edit, Refused> {
        said.apply(&mut response);
        let (id, owner) = (response.id, response.owner);
        let others = self.responses().filter(|other| other.owner == owner && other.id != id);
        expect_room(&response, others, self.responses())?;
        Ok(self.write(before, response, Record::StandardResponse))
    }

    /// Removes one.
    ///
    /// # Errors
    ///
    /// [`Refused::Absent`].
    pub fn remove_response(&self, id: ResponseId) -> Result<Edit, Refused> {
        self.response(id)?;
        Ok(self.remove(Key::StandardResponse(id)))
    }

    /// Returns one as it is.
    ///
    /// # Errors
    ///
    /// [`Refused::Absent`].
    pub fn response(&self, id: ResponseId) -> Result<&'a StandardResponse, Refused> {
        let known = self.directory.responses.get(&id).filter(|it| it.center == self.center);
        known.map(|response| &**response).ok_or(Refused::Absent(Thing::Response))
    }

    fn responses(&self) -> impl Iterator<Item = &'a StandardResponse> {
        let center = self.center;
        let all = self.directory.responses.values().map(|response| &**response);
        all.filter(move |response| response.center == center)
    }

    /// Returns a response of a group.
    pub(super) fn response_of_group(&self, group: GroupId) -> Option<&'a StandardResponse> {
        self.responses().find(|response| response.owner == ResponseOwner::Group(group))
    }
}

/// Puts a response behind those that somebody has for themselves.
///
/// # Errors
///
/// As [`Editor::add_response`].
pub fn add_own_response(
    own: &mut OwnResponses,
    center: CenterId,
    id: ResponseId,
    said: &ResponseDescription,
) -> Result<(), Refused> {
    let mut response = nothing(id, center, ResponseOwner::User(own.user));
    said.apply(&mut response);
    expect_own_room(own, &response)?;
    own.responses.push(OwnResponse { version: 1, uses: Uses::default(), response });
    Ok(())
}

/// Changes one of them; one that is so already keeps its version.
///
/// # Errors
///
/// As [`Editor::change_response`].
pub fn change_own_response(
    own: &mut OwnResponses,
    id: ResponseId,
    said: &ResponseDescription,
) -> Result<(), Refused> {
    let at = place_of(own, id)?;
    let mut response = own.responses[at].response.clone();
    said.apply(&mut response);
    if response != own.responses[at].response {
        expect_own_room(own, &response)?;
        let version = own.responses[at].version + 1;
        own.responses[at] = OwnResponse { version, response, ..own.responses[at] };
    }
    Ok(())
}

/// Takes one of them away.
///
/// # Errors
///
/// [`Refused::Absent`].
pub fn remove_own_response(own: &mut OwnResponses, id: ResponseId) -> Result<(), Refused> {
    own.responses.remove(place_of(own, id)?);
    Ok(())
}

/// Returns how often one of them was written.
///
/// # Errors
///
/// [`Refused::Absent`].
pub fn own_response_version(own: &OwnResponses, id: ResponseId) -> Result<Version, Refused> {
    Ok(own.responses[place_of(own, id)?].version)
}

fn place_of(own: &OwnResponses, id: ResponseId) -> Result<usize, Refused> {
    let place = own.responses.iter().position(|one| one.response.id == id);
    place.ok_or(Refused::Absent(Thing::Response))
}

fn expect_own_room(own: &OwnResponses, response: &StandardResponse) -> Result<(), Refused> {
    let others = own.responses.iter().map(|one| &one.response);
    expect_room(response, others.filter(|other| other.id != response.id), std::iter::empty())
}

pub(crate) fn nothing(id: ResponseId, center: CenterId, owner: ResponseOwner) -> StandardResponse {
    StandardResponse {
        id,
        center,
        owner,
        name: String::new(),
        shortcut: String::new(),
        category: String::new(),
        language: String::new(),
        channels: BTreeSet::new(),
        subject: String::new(),
        text: String::new(),
        html: String::new(),
    }
}
