//! What keeps a database from being used, in a sentence that says what to do.

use std::fmt;

use tokio_postgres::Error;
use tokio_postgres::error::{DbError, SqlState};

use crate::error::{StoreError, with_causes};
use crate::postgres::address::Address;
use crate::postgres::failure::{failed, is_read_only};
use crate::postgres::generation::UNFINISHED;

/// What is wrong, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Sentence(String);

impl Sentence {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(super) fn into_error(self) -> StoreError {
        failed("connecting to the database", self)
    }
}

impl Address {
    /// Says what an error means that came while a node started.
    pub(super) fn explain(&self, error: &Error) -> Sentence {
        let name = &self.name;
        Sentence(match error.as_db_error() {
            Some(told) => self.refused(told),
            None if is_read_only(error) => self.read_only(),
            None => {
                let why = with_causes(error);
                if why.contains("TLS") {
                    format!(
                        "the connection to {name} cannot be encrypted ({why}); let the server have a certificate for the host that \
                         the address names and name its issuer's in sslrootcert, or write sslmode=disable where nobody listens"
                    )
                } else if why.contains("password missing") {
                    format!("the database {name} asks for a password, and none is configured")
                } else {
                    return self.unanswered(&why);
                }
            }
        })
    }

    /// Says that no server answers.
    pub(super) fn unanswered(&self, why: &impl fmt::Display) -> Sentence {
        let name = &self.name;
        Sentence(format!("no server answers at {name} ({why}); start it, or correct the address"))
    }

    fn refused(&self, told: &DbError) -> String {
        let (name, user, why) = (&self.name, self.user(), told.message());
        match *told.code() {
            SqlState::INVALID_PASSWORD | SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
                format!(
                    "the database {name} refuses the user {user} ({why}); correct the user or the password"
                )
            }
            SqlState::INVALID_CATALOG_NAME => format!(
                "there is no database {name} ({why}); make it (CREATE DATABASE … OWNER {user}), or correct the address"
            ),
            SqlState::INSUFFICIENT_PRIVILEGE => self.lacking(why),
            SqlState::INVALID_SCHEMA_NAME => format!(
                "the database {name} has no schema for the tables ({why}); make it, or correct search_path in the address"
            ),
            SqlState::TOO_MANY_CONNECTIONS => format!(
                "the database {name} has no connection left ({why}); raise its max_connections"
            ),
            SqlState::READ_ONLY_SQL_TRANSACTION => self.read_only(),
            ref code if code.code() == UNFINISHED => format!(
                "a dump is being put back into the database {name}, or was in part; let it be put back whole, then start the node again"
            ),
            _ => format!("the database {name} cannot be used now ({why})"),
        }
    }

    /// Says that the user lacks a privilege.
    pub(super) fn lacking(&self, what: &str) -> String {
        let (name, user) = (&self.name, self.user());
        format!(
            "the user {user} lacks a privilege on the database {name} ({what}); make them the owner of the schema and its tables"
        )
    }

    pub(super) fn user(&self) -> &str {
        self.config.get_user().unwrap_or("that this program runs as")
    }

    fn read_only(&self) -> String {
        format!(
            "the database {} allows no writes: it is a standby, or default_transaction_read_only is on; name the primary, or several \
             hosts with commas of which one is the primary",
            self.name
        )
    }
}
