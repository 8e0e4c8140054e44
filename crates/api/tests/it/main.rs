//! What the crate promises, through its public doors: the router in process over the memory store
//! and a real engine.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod api;
mod bad_input;
mod bounds;
mod call_table;
mod center;
mod chat_agents;
mod chat_attachments;
mod chat_customers;
mod chat_edges;
mod chat_files;
mod chat_refusals;
mod chat_supervisors;
mod chat_waiting;
mod comet;
mod comet_delivery;
mod comet_doors;
mod comet_interrupted;
mod customer;
mod customer_doors;
mod desk_settings;
mod diagnostics;
mod doors;
mod drafts;
mod email_attachments;
mod email_contacts;
mod email_form;
mod email_operations;
mod hand_over;
mod ids;
mod interactions;
mod lists;
mod login;
mod login_ends;
mod mailbox;
mod me;
mod nodes;
mod notes;
mod notify_messages;
mod notify_resources;
mod offers;
mod operation_lists;
mod operations;
mod properties;
mod queues;
mod related;
mod retries;
mod roles;
mod samples;
mod settings;
mod sign_in;
mod targets;
mod two_nodes;
mod workbins;
