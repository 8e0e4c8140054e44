//! Identifiers. Each kind is its own type, so that a queue can never be passed where a user is
//! meant.
//!
//! Interaction ids are 16 characters of `[0-9A-Za-z]`. Users, groups, queues, workbins and skills
//! have UUIDs, which are printed with hyphens; the samples of the public pages have both forms, so
//! both are read everywhere (docs/api/README.md, "Ids").

use core::fmt;
use core::str::FromStr;

use alloc::string::String;

/// The text is not an identifier of the wanted kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidId;

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a valid identifier")
    }
}

impl core::error::Error for InvalidId {}

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const HEX: &[u8; 16] = b"0123456789abcdef";
const INTERACTION_ID_LEN: usize = 16;
/// Random bits below the 48 time bits: 95 bits in all, the most that 16 characters of base 62 hold.
const ENTROPY_BITS: u32 = 47;
/// Bits of a time in ms since 1970, which last for 8,900 years.
const TIME_BITS: u32 = 48;
const TIME_MASK: u64 = (1 << TIME_BITS) - 1;

/// Identifies an interaction across the installation: 16 characters of `[0-9A-Za-z]`, ordered by
/// creation time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InteractionId(pub u128);

impl InteractionId {
    /// Makes an id from its creation time (ms since 1970, 48 bits) and random bits (the lowest 47
    /// are used).
    #[must_use]
    pub const fn compose(created_ms: u64, entropy: u64) -> Self {
        let time = (created_ms & ((1 << 48) - 1)) as u128;
        let random = (entropy & ((1 << ENTROPY_BITS) - 1)) as u128;
        Self((time << ENTROPY_BITS) | random)
    }

    /// Returns when it was made, in whole milliseconds.
    #[must_use]
    pub const fn created(self) -> crate::Time {
        // 49 bits at most, so none is lost.
        crate::Time((self.0 >> ENTROPY_BITS) as i64)
    }

    /// Returns it as it is stored, which is as it is printed.
    #[must_use]
    pub fn stored(self) -> String {
        base_62(self.0).as_str().into()
    }
}

impl fmt::Display for InteractionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(base_62(self.0).as_str())
    }
}

impl fmt::Debug for InteractionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for InteractionId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        if text.len() != INTERACTION_ID_LEN {
            return Err(InvalidId);
        }
        text.bytes()
            .try_fold(0_u128, |value, byte| {
                let digit = match byte {
                    b'0'..=b'9' => byte - b'0',
                    b'A'..=b'Z' => byte - b'A' + 10,
                    b'a'..=b'z' => byte - b'a' + 36,
                    _ => return None,
                };
                Some(value * 62 + u128::from(digit))
            })
            .map(Self)
            .ok_or(InvalidId)
    }
}

/// An id as text. A busy server writes some dozens for each command, so they are put together
/// without an allocation.
struct Text<const LEN: usize>([u8; LEN]);

impl<const LEN: usize> Text<LEN> {
    fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).expect("digits and hyphens are ASCII")
    }
}

fn base_62(v: u128) -> Text<INTERACTION_ID_LEN> {
    // Two halves of 64 bits: dividing 128 bits sixteen times is what a profile of a busy server
    // showed.
    const HALF: u128 = 62_u128.pow(8);
    let mut text = [b'0'; INTERACTION_ID_LEN];
    let halves = [(v / HALF) as u64, (v % HALF) as u64];
    for (mut rest, slots) in halves.into_iter().zip(text.chunks_mut(INTERACTION_ID_LEN / 2)) {
        for slot in slots.iter_mut().rev() {
            *slot = ALPHABET[(rest % 62) as usize];
            rest /= 62;
        }
    }
    Text(text)
}

fn plain(v: u128) -> Text<32> {
    let mut text = [0; 32];
    for (digits, byte) in text.chunks_exact_mut(2).zip(v.to_be_bytes()) {
        digits[0] = HEX[usize::from(byte >> 4)];
        digits[1] = HEX[usize::from(byte & 0xf)];
    }
    Text(text)
}

fn hyphenated(v: u128) -> Text<36> {
    let (Text(digits), mut text) = (plain(v), [b'-'; 36]);
    for (from, to) in [(0..8, 0), (8..12, 9), (12..16, 14), (16..20, 19), (20..32, 24)] {
        text[to..to + from.len()].copy_from_slice(&digits[from]);
    }
    Text(text)
}

fn parse_uuid(text: &str) -> Result<u128, InvalidId> {
    let hyphenated = text.len() == 36;
    if !hyphenated && text.len() != 32 {
        return Err(InvalidId);
    }
    let mut value = 0_u128;
    for (at, byte) in text.bytes().enumerate() {
        if hyphenated && matches!(at, 8 | 13 | 18 | 23) {
            if byte != b'-' {
                return Err(InvalidId);
            }
            continue;
        }
        let digit = char::from(byte).to_digit(16).ok_or(InvalidId)?;
        value = (value << 4) | u128::from(digit);
    }
    Ok(value)
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident, $text:ident) => {
        uuid_id!($(#[$doc])* $name, $text, stored with $text);
    };
    ($(#[$doc:meta])* $name:ident, $text:ident, stored with $stored_text:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u128);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($text(self.0).as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                parse_uuid(text).map(Self)
            }
        }

        impl $name {
            /// Returns it as it is stored. That need not be how it is printed: what is stored is
            /// found again by it.
            #[must_use]
            pub fn stored(self) -> String {
                $stored_text(self.0).as_str().into()
            }
        }

        text_form!($name, $stored_text);
    };
}

macro_rules! text_form {
    ($name:ident, $stored_text:ident) => {
        #[cfg(feature = "stored")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str($stored_text(self.0).as_str())
            }
        }

        #[cfg(feature = "stored")]
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <alloc::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(
                    deserializer,
                )?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

text_form!(InteractionId, base_62);
uuid_id!(
    /// Identifies a contact center (tenant).
    CenterId, hyphenated);
uuid_id!(
    /// Identifies a user.
    UserId, hyphenated, stored with plain);
uuid_id!(
    /// Identifies a queue.
    QueueId, hyphenated);
uuid_id!(
    /// Identifies a skill.
    SkillId, hyphenated);
uuid_id!(
    /// Identifies an agent group.
    GroupId, hyphenated);
uuid_id!(
    /// Identifies a workbin: a definition, or one owner's copy of it (see [`WorkbinId::of_owner`]).
    WorkbinId, hyphenated);
uuid_id!(
    /// Identifies a service: a door by which customers come in.
    ServiceId, hyphenated);
uuid_id!(
    /// Identifies a mailbox of a contact center.
    MailboxId, hyphenated);
uuid_id!(
    /// Identifies a webhook of a contact center.
    WebhookId, hyphenated);
uuid_id!(
    /// Identifies a text that is kept ready, a standard response.
    ResponseId, hyphenated);
uuid_id!(
    /// Identifies a stored file: random bits above the time when it was made, 32 hex characters
    /// outside. Whoever knows it has not thereby a right to the file.
    FileId, plain);

impl FileId {
    /// Returns an id from when it is made (48 bits of its ms since 1970) and random bits (the
    /// lowest 80 are used).
    #[must_use]
    pub const fn compose(made: crate::Time, random: u128) -> Self {
        Self((random << TIME_BITS) | (made.0.cast_unsigned() & TIME_MASK) as u128)
    }

    /// Returns the ms since 1970 when it was made. Files that are looked for by it lie together;
    /// of an id that was made otherwise it says nothing.
    #[must_use]
    pub const fn made_ms(self) -> u64 {
        self.0 as u64 & TIME_MASK
    }
}

uuid_id!(
    /// Identifies a contact: somebody outside, known by an address. Made from the contact center
    /// and the address, so that the same person is the same contact without anybody looking them
    /// up.
    ContactId, plain);

uuid_id!(
    /// Identifies one life of a node: from its start, or from the loss of the one before, to its
    /// stop or to the end of its lease. What a node says of itself in the store stands under it, so
    /// that others can tell what is left of a node that is gone.
    Incarnation, plain);

uuid_id!(
    /// Identifies a token that a user made for a program. Whoever knows it has not thereby the
    /// token.
    TokenId, hyphenated);

impl WorkbinId {
    /// Returns the id of one owner's copy of a personal workbin: the same two ids always give the
    /// same third.
    ///
    /// The mix is a bijection in either argument, so two owners never share a workbin of one
    /// definition.
    #[must_use]
    pub const fn of_owner(self, owner: UserId) -> Self {
        // An odd multiplier is invertible modulo 2^128; this one is the 128-bit golden ratio.
        const ODD: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;
        Self(self.0 ^ owner.0.wrapping_mul(ODD).rotate_left(29))
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;

    use super::*;

    #[test]
    fn interaction_ids_are_sixteen_characters_in_time_order() {
        let early = InteractionId::compose(1_767_960_000_000, u64::MAX);
        let late = InteractionId::compose(1_767_960_000_001, 0);
        assert_eq!(early.to_string().len(), 16);
        assert!(early.to_string() < late.to_string());
        assert_eq!(early.to_string().parse(), Ok(early));
    }

    #[test]
    fn ids_are_printed_with_hyphens_and_read_in_both_forms() {
        let (plain, shown) =
            ("0123456789abcdef0123456789abcdef", "01234567-89ab-cdef-0123-456789abcdef");
        for text in [plain, shown, "01234567-89AB-CDEF-0123-456789ABCDEF"] {
            assert_eq!(text.parse::<UserId>().unwrap().to_string(), shown, "{text}");
            assert_eq!(text.parse::<QueueId>().unwrap().to_string(), shown, "{text}");
        }
    }

    #[test]
    fn what_is_stored_of_a_user_id_has_no_hyphens_as_ever() {
        let (plain, shown) =
            ("0123456789abcdef0123456789abcdef", "01234567-89ab-cdef-0123-456789abcdef");
        assert_eq!(shown.parse::<UserId>().unwrap().stored(), plain);
        assert_eq!(shown.parse::<QueueId>().unwrap().stored(), shown);
    }

    #[test]
    fn malformed_ids_are_refused() {
        for text in ["", "0000Ha8S2A7X000", "0000Ha8S2A7X000-", "0000Ha8S2A7X000NN"] {
            assert_eq!(text.parse::<InteractionId>(), Err(InvalidId), "{text}");
        }
        for text in
            ["", "0123456789abcdef0123456789abcdeg", "0123456789-abcdef-0123456789abcdef-xx"]
        {
            assert_eq!(text.parse::<QueueId>(), Err(InvalidId), "{text}");
        }
    }
}
