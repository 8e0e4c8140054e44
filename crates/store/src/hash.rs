//! A hash that notices what nobody meant to hide.

/// The FNV-1a hash of nothing.
pub(crate) const FNV_BEGIN: u64 = 0xcbf2_9ce4_8422_2325;

/// Returns the FNV-1a hash of a text.
pub(crate) fn fnv1a(text: &str) -> u64 {
    fnv1a_on(FNV_BEGIN, text)
}

/// Goes on with a hash.
pub(crate) fn fnv1a_on(hash: u64, text: &str) -> u64 {
    text.bytes().fold(hash, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
