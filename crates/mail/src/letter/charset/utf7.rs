//! UTF-7 (RFC 2152), which old programs of Microsoft write. The library's decoder takes whatever
//! ends a run of base 64 away with it, and loses a run at the end of the text.

/// Reads bytes as UTF-7: what is in a run of base 64 is UTF-16; what is no UTF-7 at all is taken as
/// it is, letter by letter.
pub(super) fn text(content: &[u8]) -> String {
    let mut out = String::with_capacity(content.len());
    let mut rest = content;
    while let Some(plus) = rest.iter().position(|byte| *byte == b'+') {
        out.extend(rest[..plus].iter().copied().map(char::from));
        rest = &rest[plus + 1..];
        let len = rest.iter().position(|byte| value(*byte).is_none()).unwrap_or(rest.len());
        let (run, after) = rest.split_at(len);
        // Only the hyphen belongs to the run; every other byte that ends it is text.
        rest = after.strip_prefix(b"-").unwrap_or(after);
        if run.is_empty() {
            out.push('+');
        } else {
            out.extend(char::decode_utf16(units(run)).map(|letter| letter.unwrap_or('\u{fffd}')));
        }
    }
    out.extend(rest.iter().copied().map(char::from));
    out
}

/// Takes whole units of 16 bits out of base 64 without padding; the bits that are left fill the
/// last digit up.
fn units(run: &[u8]) -> impl Iterator<Item = u16> {
    let (mut bits, mut count) = (0_u32, 0_u32);
    run.iter().filter_map(|byte| value(*byte)).filter_map(move |digit| {
        bits = (bits << 6) | u32::from(digit);
        count += 6;
        (count >= 16).then(|| {
            count -= 16;
            let unit = bits >> count;
            bits &= (1 << count) - 1;
            u16::try_from(unit).unwrap_or(0xfffd)
        })
    })
}

const fn value(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}
