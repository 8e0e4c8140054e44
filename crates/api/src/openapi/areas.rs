//! The operations, by what they are about. A route of `routes::table` has its row here.

mod administration;
mod agents;
mod contacts;
mod customers;
mod interactions;
mod media;
mod responses;
mod signin;
mod system;
mod webhooks;
mod workbins;

use super::operation::Operation;

/// Operations that belong together.
pub(super) struct Area {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) operations: fn() -> Vec<Operation>,
    /// Where they are, if that is not the root of the API.
    pub(super) server: Option<&'static str>,
}

const fn area(name: &'static str, about: &'static str, operations: fn() -> Vec<Operation>) -> Area {
    Area { name, about, operations, server: None }
}

pub(super) const AREAS: &[Area] = &[
    area("Agents", "The caller, their session and channels.", agents::operations),
    area("Interactions", "What customers want.", interactions::operations),
    area("Media", "The same in the shapes of the 8.5.2 generation.", media::operations),
    area("Workbins", "Where agents put work.", workbins::operations),
    area("Contacts", "To whom work can be handed, and people outside.", contacts::operations),
    area("Administration", "What a contact center consists of.", administration::operations),
    area("Sign-in", "Tokens, login sessions, the audit and the second factor.", signin::operations),
    area("Responses", "Texts that are kept ready.", responses::operations),
    area("Webhooks", "Where events are sent to.", webhooks::operations),
    area("Customers", "The simple API of customers, who have no account.", customers::operations),
    area("System", "The server itself.", system::operations),
    Area { server: Some("/"), ..area("Health", "For whoever looks after it.", system::health) },
];
