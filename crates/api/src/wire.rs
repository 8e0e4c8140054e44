//! What the wire looks like: JSON in and out, nothing else.

pub(crate) mod address;
pub(crate) mod availability;
pub mod center;
pub mod contact;
pub mod date;
pub mod email;
pub mod envelope;
pub mod fields;
pub mod history;
pub mod interaction;
pub mod json;
pub mod letters;
pub mod listing;
pub mod marks;
pub mod names;
pub mod node;
pub mod notification;
pub mod operation;
pub mod operation_lists;
pub mod resource;
pub mod routing;
pub mod target;
pub mod transcript;
pub mod value;
pub mod webhook_event;
pub mod what_if;
