//! Tokens: what a message must bring to prove that it answers an interaction.
//!
//! A subject, an `In-Reply-To` of somebody else's or a sender's address prove nothing: everybody
//! can write them (CVE-2026-47123 was an `In-Reply-To` that was believed). A token can only come
//! from somebody who got a message of that interaction, because it carries a MAC.
//!
//! It does not expire and cannot be taken back; who forwards our message gives away the right to
//! answer it. That is what people expect of e-mail, and all that it gives is that a message is
//! added to an interaction, never the rights of an agent.

use handoff_domain::InteractionId;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

/// What is signed when the token is a `Message-ID`. Each purpose has its own, so that one cannot be
/// used as the other.
const MESSAGE_ID: &[u8] = b"handoff e-mail token 1: message id\0";
/// What is signed when the token extends the address that answers go to.
const REPLY_ADDRESS: &[u8] = b"handoff e-mail token 1: reply address\0";

/// Bytes of the interaction's id: its sixteen characters of base 62 have less than 96 bits.
const ID_BYTES: usize = 12;
/// Bytes that make `Message-ID`s of one interaction differ.
const NONCE_BYTES: usize = 8;
/// Bytes of the MAC that are kept: 128 bits, which RFC 2104, section 5, allows and nobody guesses
/// through a mailbox.
const MAC_BYTES: usize = 16;
/// The longest local part of an address, in bytes (RFC 5321, section 4.5.3.1.1).
const LOCAL_PART_MAX: usize = 64;
/// The longest text in which a token is looked for, in bytes. Ours are below 330, with the longest
/// domain.
const TEXT_MAX: usize = 512;

/// Digits of base 32 (RFC 4648, section 6), in lower case: relays may fold the case of an address,
/// so case must not matter.
const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Makes tokens and checks them.
#[derive(Clone)]
pub struct Signer {
    key: [u8; 32],
}

impl core::fmt::Debug for Signer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Signer(…)")
    }
}

impl Signer {
    /// Makes a signer with a key of the installation. Whoever knows the key can make tokens;
    /// another key makes all tokens that are out worthless.
    #[must_use]
    pub const fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    /// Returns a `Message-ID`, without angle brackets, for a message of this interaction; `nonce`
    /// makes it unique within the interaction. The same arguments give the same text, so a message
    /// that is sent again has the same `Message-ID`.
    #[must_use]
    pub fn message_id(&self, interaction: InteractionId, nonce: u64, domain: &str) -> String {
        let mut content = [0; ID_BYTES + NONCE_BYTES];
        content[..ID_BYTES].copy_from_slice(&id_bytes(interaction));
        content[ID_BYTES..].copy_from_slice(&nonce.to_be_bytes());
        format!("{}@{domain}", self.token(MESSAGE_ID, &content))
    }

    /// Returns the address to which answers to this interaction should go: `support@example.org`
    /// becomes `support+<token>@example.org`. The mailbox must take such addresses (sub-addressing,
    /// RFC 5233).
    ///
    /// `None` when the local part would be longer than the 64 bytes that relays have to carry, or
    /// the mailbox is no address.
    #[must_use]
    pub fn reply_address(&self, mailbox: &str, interaction: InteractionId) -> Option<String> {
        let (local, domain) = mailbox.rsplit_once('@')?;
        let token = self.token(REPLY_ADDRESS, &id_bytes(interaction));
        let local = format!("{local}+{token}");
        (local.len() <= LOCAL_PART_MAX).then(|| format!("{local}@{domain}"))
    }

    /// Returns the interaction for which this `Message-ID` was made; angle brackets may stand
    /// around it.
    #[must_use]
    pub fn proven_by_message_id(&self, text: &str) -> Option<InteractionId> {
        let (local, _) = bare(text)?.rsplit_once('@')?;
        self.open::<{ ID_BYTES + NONCE_BYTES }>(MESSAGE_ID, local)
    }

    /// Returns the interaction for which this reply address was made; angle brackets may stand
    /// around it.
    #[must_use]
    pub fn proven_by_address(&self, text: &str) -> Option<InteractionId> {
        let (local, _) = bare(text)?.rsplit_once('@')?;
        let (_, token) = local.rsplit_once('+')?;
        self.open::<ID_BYTES>(REPLY_ADDRESS, token)
    }

    /// Returns the interaction that this `Message-ID` or reply address proves.
    #[must_use]
    pub fn proven_by(&self, text: &str) -> Option<InteractionId> {
        self.proven_by_message_id(text).or_else(|| self.proven_by_address(text))
    }

    fn token(&self, purpose: &[u8], content: &[u8]) -> String {
        let mut bytes = content.to_vec();
        bytes.extend_from_slice(&self.mac(purpose, content));
        encode(&bytes)
    }

    fn open<const CONTENT: usize>(&self, purpose: &[u8], token: &str) -> Option<InteractionId> {
        let bytes = decode(token, CONTENT + MAC_BYTES)?;
        let (content, mac) = bytes.split_at(CONTENT);
        let is_ours: bool = self.mac(purpose, content).ct_eq(mac).into();
        let mut id = [0; 16];
        id[16 - ID_BYTES..].copy_from_slice(&content[..ID_BYTES]);
        is_ours.then(|| InteractionId(u128::from_be_bytes(id)))
    }

    fn mac(&self, purpose: &[u8], content: &[u8]) -> [u8; MAC_BYTES] {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes keys of any length");
        mac.update(purpose);
        mac.update(content);
        let mut kept = [0; MAC_BYTES];
        kept.copy_from_slice(&mac.finalize().into_bytes()[..MAC_BYTES]);
        kept
    }
}

fn id_bytes(interaction: InteractionId) -> [u8; ID_BYTES] {
    let mut bytes = [0; ID_BYTES];
    bytes.copy_from_slice(&interaction.0.to_be_bytes()[16 - ID_BYTES..]);
    bytes
}

/// Takes the angle brackets and blanks away; nothing when it is too long to be looked at.
fn bare(text: &str) -> Option<&str> {
    (text.len() <= TEXT_MAX).then(|| text.trim().trim_start_matches('<').trim_end_matches('>'))
}

fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 8 / 5 + 1);
    let (mut bits, mut held) = (0_u32, 0);
    for byte in bytes {
        bits = (bits << 8) | u32::from(*byte);
        held += 8;
        while held >= 5 {
            held -= 5;
            text.push(char::from(DIGITS[(bits >> held) as usize & 31]));
        }
        bits &= (1 << held) - 1;
    }
    if held > 0 {
        text.push(char::from(DIGITS[(bits << (5 - held)) as usize & 31]));
    }
    text
}

/// Reads exactly `len` bytes; the bits that are left over must be zero, so that every token has one
/// spelling (but for its case).
fn decode(text: &str, len: usize) -> Option<Vec<u8>> {
    if text.len() != (len * 8).div_ceil(5) {
        return None;
    }
    let mut bytes = Vec::with_capacity(len);
    let (mut bits, mut held) = (0_u32, 0);
    for character in text.bytes() {
        let digit = match character.to_ascii_lowercase() {
            letter @ b'a'..=b'z' => letter - b'a',
            digit @ b'2'..=b'7' => digit - b'2' + 26,
            _ => return None,
        };
        bits = (bits << 5) | u32::from(digit);
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    (bits == 0 && bytes.len() == len).then_some(bytes)
}
