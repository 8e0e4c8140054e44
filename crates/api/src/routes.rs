//! Every route, on one screen. What a request passes before it is there is in `sequence`.

use axum::handler::Handler;
use axum::http::Method;

use crate::handle::Handle;
use crate::media::{chats, emails, openmedia, workitems};
use crate::shared::Shared;
pub use crate::wire::resource::API_ROOT as ROOT;
use crate::{
    agent_states, attachments, audit, center, center_states, channels, chat_messages, contacts,
    desk_settings, diagnostics, dispositions, draft_versions, erasures, hand_over, interactions,
    known_contacts, letter_page, mailboxes, me, me_interactions, nodes, notes, openapi, providers,
    queues, related, responses, retention, second_factor, services, session, sessions, settings,
    skills, statistics, supervision, targets, tokens, users, webhooks, what_if, workbins,
};

const BUSINESS_ATTRIBUTES: &str = "/internal-api/business-attributes";

/// One route below [`ROOT`].
pub struct Route {
    pub method: Method,
    /// The path, with its variables in braces.
    pub path: &'static str,
    pub(crate) takes: Takes,
    pub(crate) handle: Handle<Shared>,
}

/// What a route takes of a request's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    Nothing,
    /// A JSON object. It is read before anybody asks who is calling.
    Json,
    /// The same, which names an operation whose answers have an envelope of their own.
    Operation,
    /// A file, which the handler bounds while it arrives.
    File,
}

/// Returns every route of the API; CometD and the two health paths beside it are added by
/// `sequence`.
#[rustfmt::skip]
#[must_use]
pub fn table() -> Vec<Route> {
    vec![
        read("/diagnostics/version",         diagnostics::version),
        read("/system/nodes",                nodes::list),
        write("/system/routing/what-if",     what_if::ask),
        read("/openapi.json",                openapi::get_rest),
        read("/asyncapi.json",               openapi::get_told),
        read("/docs",                        openapi::page::get),
        read("/audit",                       audit::list),

        read("/session",                     session::sign_in),
        read("/session/providers/{name}",    providers::begin),
        read("/session/providers/{name}/return", providers::finish),

        read("/me",                          me::get),
        write("/me",                         me::operate),
        remove("/me/session",                me::log_out),
        read("/me/second-factor",            second_factor::get),
        write("/me/second-factor",           second_factor::operate),
        read("/me/sessions",                 sessions::list),
        remove("/me/sessions/{id}",          sessions::end),
        read("/me/tokens",                   tokens::list),
        write("/me/tokens",                  tokens::make),
        remove("/me/tokens/{id}",            tokens::remove),
        read("/me/settings/desk",            desk_settings::get),
        change("/me/settings/desk",          desk_settings::put),
        read("/me/channels",                 channels::list),
        read("/me/channels/{channel}",       channels::get),
        write("/me/channels/{channel}",      channels::set),

        read("/me/interactions",             me_interactions::list),
        write("/me/interactions",            me_interactions::create),
        operation("/me/interactions/{id}",   me_interactions::operate),
        read("/me/interactions/{id}/attachments", attachments::list),
        upload("/me/interactions/{id}/attachments", attachments::add),
        read("/me/interactions/{id}/attachments/{attachment}", attachments::download),
        remove("/me/interactions/{id}/attachments/{attachment}", attachments::delete),

        read("/me/interactions/{id}/raw",    attachments::raw),
        read("/me/interactions/{id}/letter", letter_page::get),

        read("/me/emails",                   emails::list),
        write("/me/emails",                  emails::create),
        read("/me/emails/{id}",              emails::get),
        write("/me/emails/{id}",             emails::operate),
        read("/me/emails/{id}/attachments",  attachments::list_of),
        read("/me/emails/{id}/attachments/{attachment}", attachments::download_of),
        read("/me/chats",                    chats::list),
        write("/me/chats",                   chats::create),
        read("/me/chats/{id}",               chats::get),
        write("/me/chats/{id}",              chats::operate),
        read("/me/chats/{id}/messages",      chat_messages::list),
        read("/me/workitems",                workitems::list),
        write("/me/workitems",               workitems::create),
        read("/me/workitems/{id}",           workitems::get),
        write("/me/workitems/{id}",          workitems::operate),
        read("/me/openmedia/{type}",         openmedia::list),
        write("/me/openmedia/{type}",        openmedia::create),
        read("/me/openmedia/{type}/{id}",    openmedia::get),
        write("/me/openmedia/{type}/{id}",   openmedia::operate),

        read("/me/workbins",                 workbins::list_own),
        write("/me/workbins",                workbins::watch_many),
        read("/me/workbins/{id}",            workbins::get),
        write("/me/workbins/{id}",           workbins::operate),
        read("/me/workbins/{id}/{content}",  workbins::content),

        read("/interactions",                interactions::list),
        write("/interactions",               interactions::create),
        read("/interactions/{id}",           interactions::get),
        write("/interactions/{id}",          me_interactions::operate_on_behalf),
        change("/interactions/{id}",         interactions::put),
        read("/interactions/{id}/routing",   interactions::routing),
        read("/interactions/{id}/operations", interactions::operations),
        read("/interactions/{id}/targets",   hand_over::targets),
        read("/interactions/{id}/draft-versions", draft_versions::list),
        read("/interactions/{id}/draft-versions/{number}", draft_versions::get),
        read("/interactions/{id}/notes",     notes::list),
        write("/interactions/{id}/notes",    notes::add),
        read("/interactions/{id}/events",    interactions::events),
        read("/interactions/{id}/thread",    related::thread),

        read("/emails/{id}",                 emails::get),
        read("/emails/{id}/attachments",     attachments::list_of),
        read("/emails/{id}/attachments/{attachment}", attachments::download_of),
        read("/chats/{id}",                  chats::get),
        read("/chats/{id}/messages",         chat_messages::list),
        // Samples print the addresses in the singular.
        read("/email/{id}",                  emails::get),
        read("/email/{id}/attachments",      attachments::list_of),
        read("/email/{id}/attachments/{attachment}", attachments::download_of),
        read("/chat/{id}",                   chats::get),
        read("/chat/{id}/messages",          chat_messages::list),
        read("/workitem/{id}",               workitems::get),
        read("/workitems/{id}",              workitems::get),
        read("/openmedia/{type}/{id}",       openmedia::get),

        read("/contacts",                    targets::list),
        read("/contacts/{id}",               targets::get),
        read("/contacts/{id}/interactions",  related::of_contact),
        write("/contacts/ucs",               contacts::identify),
        read("/ucs/contacts",                known_contacts::search),
        read("/ucs/contacts/{id}",           known_contacts::get),
        change("/ucs/contacts/{id}",         known_contacts::put),
        write("/ucs/contacts/{id}",          erasures::operate),
        read("/ucs/contacts/{id}/erasure",   erasures::get),
        read("/ucs/contacts/{id}/export",    known_contacts::export),
        write("/ucs/contacts/{id}/interactions", contacts::history),
        write("/ucs/interactions/{id}",      contacts::content),

        read("/workbins",                    workbins::list),
        write("/workbins",                   workbins::post),
        read("/workbins/{id}",               workbins::get),
        write("/workbins/{id}",              workbins::post_one),
        change("/workbins/{id}",             workbins::put),
        remove("/workbins/{id}",             workbins::delete),
        read("/workbins/{id}/{content}",     workbins::content),

        read("/users",                       users::list),
        write("/users",                      users::post),
        read("/users/{id}",                  users::get),
        write("/users/{id}",                 users::post_one),
        change("/users/{id}",                users::put),
        remove("/users/{id}",                users::delete),
        read("/users/{id}/skills",           users::skills),
        write("/users/{id}/skills",          users::add_skill),
        change("/users/{id}/skills",         users::put_skills),
        change("/users/{id}/skills/{skill}", users::set_skill),
        write("/users/{id}/skills/{skill}",  users::set_skill),
        remove("/users/{id}/skills/{skill}", users::take_skill),
        write("/users/{id}/channels/{channel}", channels::set_of),
        write("/users/{id}/chats/{chat}",    supervision::operate),
        read("/users/{id}/second-factor",    second_factor::get_of),
        remove("/users/{id}/second-factor",  second_factor::reset),
        read("/users/{id}/sessions",         sessions::list_of),
        remove("/users/{id}/sessions/{session}", sessions::end_of),
        read("/users/{id}/tokens",           tokens::list_of),
        write("/users/{id}/tokens",          tokens::make_of),
        remove("/users/{id}/tokens/{token}", tokens::remove_of),
        read("/users/{id}/workbins",         workbins::list_of_user),
        read("/users/{id}/workbins/{workbin}", workbins::get_of),
        read("/users/{id}/workbins/{workbin}/{content}", workbins::content_of),
        write("/users/{id}/workbins/{workbin}", workbins::operate_of),
        read("/{user}/workbins",             workbins::list_of_user),
        read("/{user}/workbins/{workbin}",   workbins::get_of),
        read("/{user}/workbins/{workbin}/{content}", workbins::content_of),
        write("/{user}/workbins/{workbin}",  workbins::operate_of),

        read("/queues",                      queues::list),
        read("/queues/{id}",                 queues::get),
        write("/queues",                     queues::post),
        change("/queues/{id}",               queues::put),
        write("/queues/{id}",                queues::put),
        remove("/queues/{id}",               queues::delete),
        read("/services",                    services::list),
        read("/services/{id}",               services::get),
        write("/services",                   services::post),
        change("/services/{id}",             services::put),
        write("/services/{id}",              services::put),
        remove("/services/{id}",             services::delete),
        read("/webhooks",                    webhooks::list),
        write("/webhooks",                   webhooks::post),
        read("/webhooks/{id}",               webhooks::get),
        change("/webhooks/{id}",             webhooks::put),
        write("/webhooks/{id}",              webhooks::post_one),
        remove("/webhooks/{id}",             webhooks::delete),
        read("/webhooks/{id}/deliveries",    webhooks::deliveries),
        read("/webhook-events",              webhooks::events),
        read("/responses",                   responses::list),
        write("/responses",                  responses::post),
        read("/responses/{id}",              responses::get),
        change("/responses/{id}",            responses::put),
        write("/responses/{id}",             responses::post_one),
        remove("/responses/{id}",            responses::delete),
        write("/platform/contactserver/RequestGetRootCategories", responses::categories::roots),
        write("/platform/contactserver/GetApprovedRootCategories", responses::categories::approved_roots),
        write("/platform/contactserver/GetStandardResponseCategory", responses::categories::category),
        write("/platform/contactserver/GetStandardResponse", responses::categories::response),
        read("/mailboxes",                   mailboxes::list),
        read("/mailboxes/{id}",              mailboxes::get),
        write("/mailboxes",                  mailboxes::refuse),
        change("/mailboxes/{id}",            mailboxes::refuse),
        write("/mailboxes/{id}",             mailboxes::refuse),
        remove("/mailboxes/{id}",            mailboxes::refuse),
        read("/center/agents",               center_states::agents),
        read("/center/queues",               center_states::queues),
        read("/center",                      center::written_for_admin),
        upload("/center",                    center::of_admin),
        read("/center/statistics",           statistics::get),
        read("/skills",                      skills::list),
        write("/skills",                     skills::post),
        read("/skills/{id}",                 skills::get),
        change("/skills/{id}",               skills::put),
        write("/skills/{id}",                skills::put),
        remove("/skills/{id}",               skills::delete),
        read("/groups",                      skills::list_groups),
        write("/groups",                     skills::post_group),
        read("/groups/{id}",                 skills::get_group),
        change("/groups/{id}",               skills::put_group),
        write("/groups/{id}",                skills::put_group),
        remove("/groups/{id}",               skills::delete_group),
        read("/settings",                    settings::list),
        read("/settings/{section}",          settings::section),
        read(BUSINESS_ATTRIBUTES,             settings::business_attributes),
        read("/settings/agent-states",       agent_states::list),
        write("/settings/agent-states",      agent_states::post),
        read("/settings/agent-states/{id}",  agent_states::get),
        change("/settings/agent-states/{id}", agent_states::put),
        write("/settings/agent-states/{id}", agent_states::put),
        remove("/settings/agent-states/{id}", agent_states::delete),
        read("/settings/dispositions",       dispositions::list),
        write("/settings/dispositions",      dispositions::post),
        read("/settings/dispositions/{id}",  dispositions::get),
        change("/settings/dispositions/{id}", dispositions::put),
        write("/settings/dispositions/{id}", dispositions::put),
        remove("/settings/dispositions/{id}", dispositions::delete),
        read("/settings/retention",          retention::get),
        change("/settings/retention",        retention::put),
    ]
}

/// Returns what clients of the platform whose API this is ask for beside [`ROOT`] as well as below.
pub(crate) fn beside_root() -> Route {
    read(BUSINESS_ATTRIBUTES, settings::business_attributes)
}

fn read<T: 'static>(path: &'static str, handler: impl Handler<T, Shared>) -> Route {
    route(Method::GET, path, Takes::Nothing, handler)
}

fn write<T: 'static>(path: &'static str, handler: impl Handler<T, Shared>) -> Route {
    route(Method::POST, path, Takes::Json, handler)
}

fn operation<T: 'static>(path: &'static str, handler: impl Handler<T, Shared>) -> Route {
    route(Method::POST, path, Takes::Operation, handler)
}

fn upload<T: 'static>(path: &'static str, handler: impl Handler<T, Shared>) -> Route {
    route(Method::POST, path, Takes::File, handler)
}

fn change<T: 'static>(path: &'static str, handler: impl Handler<T, Shared>) -> Route {
    route(Method::PUT, path, Takes::Json, handler)
}

fn remove<T: 'static>(path: &'static str, handler: impl Handler<T, Shared>) -> Route {
    route(Method::DELETE, path, Takes::Nothing, handler)
}

fn route<T: 'static>(
    method: Method,
    path: &'static str,
    takes: Takes,
    handler: impl Handler<T, Shared>,
) -> Route {
    Route { method, path, takes, handle: Handle::of(handler) }
}
