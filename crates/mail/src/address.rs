//! Addresses that people or programs wrote, checked before a message goes to them.
//!
//! What comes out of here can stand in a header and in an SMTP command: it has no control
//! character, its local part is quoted where it has to be, and its domain is in its ASCII form.
//! Only a local part outside ASCII needs `SMTPUTF8` (RFC 6531) on the whole way.

use handoff_domain::Address;
use handoff_domain::mail::{bare_address, breaks_line, mailbox_key, unescaped, wire_address};
use thiserror::Error;

/// The longest address, in bytes: the path of RFC 5321, section 4.5.3.1.3, without its angle
/// brackets.
const ADDRESS_LEN_MAX: usize = 254;
/// The longest name before an address, in bytes. Longer ones are no names, and each header has to
/// hold some of them.
const NAME_LEN_MAX: usize = 512;
/// The most addresses in a list. RFC 5321, section 4.5.3.1.8, lets a server refuse more recipients
/// than 100; most take a few hundred.
pub const ADDRESSES_MAX: usize = 500;

/// Why a text is no address to which a message can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NotAddress {
    /// There is nothing.
    #[error("the address is empty")]
    Empty,
    /// It has a line end, a NUL or another control character: somebody tries to write headers.
    #[error("the address has a control character")]
    ControlCharacter,
    /// It is longer than an address may be.
    #[error("the address is too long")]
    TooLong,
    /// It is not of the form `local@domain` or `name <local@domain>`.
    #[error("not of the form local@domain")]
    Malformed,
    /// There are more than [`ADDRESSES_MAX`].
    #[error("more than {ADDRESSES_MAX} addresses")]
    TooMany,
}

/// Reads one address: `local@domain`, `<local@domain>` or `name <local@domain>`. It comes out as it
/// stands on the wire.
///
/// # Errors
///
/// When a message cannot be sent to it.
pub fn parse(text: &str) -> Result<Address, NotAddress> {
    let text = text.trim_matches([' ', '\t']);
    if text.is_empty() {
        return Err(NotAddress::Empty);
    }
    let bare = bare_address(text);
    let before = text.strip_suffix('>').and_then(|rest| rest.trim_end().strip_suffix(bare));
    let name = before.and_then(|rest| rest.trim_end().strip_suffix('<')).and_then(name_of);
    let as_written = Address { address: bare.to_owned(), name };
    bounds(&as_written)?;
    let parsed =
        Address { address: wire_address(bare).ok_or(NotAddress::Malformed)?, ..as_written };
    check(&parsed)?;
    Ok(parsed)
}

/// Reads a list of addresses with commas between them, or semicolons as some programs write them.
/// Commas in quotes separate nothing. An empty list is fine.
///
/// # Errors
///
/// When one of them is none, or there are too many.
pub fn parse_list(text: &str) -> Result<Vec<Address>, NotAddress> {
    let mut addresses = Vec::new();
    for item in split(text) {
        if item.trim_matches([' ', '\t']).is_empty() {
            continue;
        }
        if addresses.len() == ADDRESSES_MAX {
            return Err(NotAddress::TooMany);
        }
        addresses.push(parse(item)?);
    }
    Ok(addresses)
}

/// Checks that a message can be sent to an address as it is.
///
/// # Errors
///
/// When it cannot.
pub fn check(address: &Address) -> Result<(), NotAddress> {
    bounds(address)?;
    let text = &address.address;
    let is_on_wire = wire_address(text).as_ref() == Some(text);
    // The library knows the rules of domains and address literals; we only forbid more.
    let is_literal_of_six = text.rsplit_once('@').is_some_and(|(_, domain)| domain.contains(':'));
    if is_on_wire && !is_literal_of_six && text.parse::<lettre::Address>().is_ok() {
        Ok(())
    } else {
        Err(NotAddress::Malformed)
    }
}

fn bounds(address: &Address) -> Result<(), NotAddress> {
    let name = address.name.as_deref().unwrap_or_default();
    if address.address.is_empty() {
        return Err(NotAddress::Empty);
    }
    if address.address.chars().chain(name.chars()).any(breaks_line) {
        return Err(NotAddress::ControlCharacter);
    }
    if address.address.len() > ADDRESS_LEN_MAX || name.len() > NAME_LEN_MAX {
        return Err(NotAddress::TooLong);
    }
    Ok(())
}

/// Tells whether two addresses mean the same mailbox.
#[must_use]
pub fn is_same(one: &str, other: &str) -> bool {
    mailbox_key(one) == mailbox_key(other)
}

/// Takes the quotes off a name.
fn name_of(text: &str) -> Option<String> {
    let text = text.trim_matches([' ', '\t']);
    let name = match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(quoted) => unescaped(quoted),
        None => text.to_owned(),
    };
    (!name.is_empty()).then_some(name)
}

/// Splits at commas and semicolons outside quotes and angle brackets.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let (mut is_quoted, mut is_escaped, mut is_angled) = (false, false, false);
    text.split(move |character| {
        let is_plain = !is_quoted && !is_angled;
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            '<' if !is_quoted => is_angled = true,
            '>' if !is_quoted => is_angled = false,
            _ => {}
        }
        is_plain && matches!(character, ',' | ';')
    })
}
