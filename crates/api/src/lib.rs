//! The wire: the v2 API as axum routes and JSON, its authentication, and its notifications.
//!
//! This is the only crate that knows the quirks of the public documents (envelopes, three spellings
//! of one field, absolute URIs). A handler is a few lines: parse into a domain command, hand it to
//! the engine, wrap the answer. Who is calling, and what they may do, is the type of an extractor
//! argument ([`caller`]), so that a handler without the argument cannot compile against the data.
//!
//! Refusals are told in a fixed order (docs/compat/conventions.md), and that order is the order of
//! a handler's arguments: first what reads the path and the body, then who is calling. What comes
//! after that (visibility, state, ownership, names) the rules decide.
//!
//! It deliberately decides nothing about interactions, and stores nothing but login sessions and
//! what users set at the desk.

pub mod auth;
pub mod caller;
pub mod center;
pub mod comet;
pub mod commands;
pub mod customer;
pub mod erasures;
pub mod error;
pub mod idempotency;
pub mod lost_password;
pub mod notify;
pub mod openapi;
pub mod password;
pub mod request;
pub mod routes;
pub mod shared;
pub mod wire;

mod administration;
mod agent_states;
mod assembly;
mod attachments;
mod audit;
mod body_memory;
mod cause;
mod center_states;
mod channels;
mod chat_messages;
mod colleagues;
mod contacts;
mod creation;
mod desk_settings;
mod diagnostics;
mod dispositions;
mod downloads;
mod draft_versions;
mod external_id;
mod hand_over;
mod handle;
mod hex;
mod hosts;
mod interactions;
mod known_contacts;
mod letter_page;
mod limit;
mod mailboxes;
mod matched_route;
mod me;
mod me_interactions;
mod media;
mod new_password;
mod nodes;
mod notes;
mod options;
mod origins;
mod pages;
mod peer;
mod providers;
mod queues;
mod related;
mod respond;
mod responses;
mod retention;
mod second_factor;
mod sequence;
mod services;
mod session;
mod sessions;
mod settings;
mod signposts;
mod skills;
mod statistics;
mod supervision;
mod targets;
mod tokens;
mod uploads;
mod users;
mod webhooks;
mod what_if;
mod workbins;

pub use assembly::{Assembly, Setup};
pub use hosts::refused_for_host;
pub use matched_route::MatchedRoute;
pub use options::{DemoAccounts, Options, SameSite, SessionKeys, SignInProvider};
pub use peer::PeerAddress;
pub use shared::Shared;
