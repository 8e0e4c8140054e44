//! What follows from the table of the kinds of records.

use std::str::FromStr;

/// The id of a kind of which a store has one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Only;

impl Only {
    /// Returns it as it is stored.
    #[must_use]
    pub fn stored(self) -> String {
        "1".to_owned()
    }
}

impl FromStr for Only {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        (text == Self.stored()).then_some(Self).ok_or(())
    }
}

/// What a kind of record is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What a contact center is: changed by its administrators, read by every command.
    Directory,
    /// What becomes of its work, and what the server remembers for itself.
    Work,
}

/// Makes [`Kind`](super::Kind), [`Key`](super::Key) and [`Record`](super::Record) of the table.
macro_rules! records {
    ($(
        $(#[$doc:meta])*
        $kind:ident($id:ty, $written:ident) $body:ty, $named:literal, $table:literal, $form:literal,
        $part:ident, $key:expr;
    )+) => {
        /// The kinds of records.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $($kind,)+
        }

        /// Names one record. The order is the canonical order in which a commit locks and writes.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Key {
            $($(#[$doc])* $kind($id),)+
        }

        /// One record.
        #[derive(Clone, Debug, PartialEq)]
        #[expect(
            clippy::large_enum_variant,
            reason = "nearly all records that are moved about are interactions, the largest kind"
        )]
        pub enum Record {
            $($(#[$doc])* $kind($body),)+
        }

        impl Kind {
            /// Every kind, in canonical order: each is at the place that `kind as usize` gives.
            pub const ALL: &'static [Self] = &[$(Self::$kind),+];

            /// Returns what one record of the kind is called in messages.
            #[must_use]
            pub const fn named(self) -> &'static str {
                match self { $(Self::$kind => $named,)+ }
            }

            /// Returns the table's name.
            #[must_use]
            pub const fn table(self) -> &'static str {
                match self { $(Self::$kind => $table,)+ }
            }

            /// Returns the newest form that records of the kind are stored in.
            #[must_use]
            pub const fn newest_form(self) -> i64 {
                match self { $(Self::$kind => $form,)+ }
            }

            /// Returns what the kind is for.
            #[must_use]
            pub const fn part(self) -> Part {
                match self { $(Self::$kind => Part::$part,)+ }
            }
        }

        impl Key {
            /// Returns the kind of record that the key names.
            #[must_use]
            pub const fn kind(&self) -> Kind {
                match self { $(Self::$kind(_) => Kind::$kind,)+ }
            }

            /// Returns the key's text, whose byte order is the order of the keys of one kind.
            #[must_use]
            pub fn id_text(&self) -> String {
                match self { $(Self::$kind(id) => id.$written(),)+ }
            }

            /// Reads the key of a kind from its text; `None` when it is none.
            pub(crate) fn of_text(kind: Kind, text: &str) -> Option<Self> {
                match kind { $(Kind::$kind => text.parse().ok().map(Self::$kind),)+ }
            }
        }

        impl Record {
            /// Returns the key of the record.
            #[must_use]
            pub fn key(&self) -> Key {
                match self {
                    $(Self::$kind(body) => {
                        let key: fn(&$body) -> $id = $key;
                        Key::$kind(key(body))
                    })+
                }
            }

            /// Writes what is in the record in its newest form.
            pub(crate) fn encode<Text: for<'a> From<&'a str>>(&self) -> Result<Text, CodecError> {
                match self { $(Self::$kind(body) => codec::encode($named, body),)+ }
            }

            /// Reads a record of any form.
            pub(crate) fn decode(kind: Kind, form: i64, body: &str) -> Result<Self, CodecError> {
                match kind {
                    $(Kind::$kind => {
                        codec::decode_up_to($form, $named, form, body).map(Self::$kind)
                    })+
                }
            }
        }
    };
}

pub(super) use records;
