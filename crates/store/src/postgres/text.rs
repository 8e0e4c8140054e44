//! Texts as PostgreSQL takes them.

use std::borrow::Cow;

/// What stands for a zero byte, which no text of PostgreSQL may hold, and what tells it from
/// itself.
const ESCAPE: char = '\u{1}';

/// Returns a text of a stranger's so that it can be bound. Different texts stay different, and are
/// in the same order. Encoded bodies need none of it.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    if !text.contains(['\0', ESCAPE]) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len() + 8);
    for one in text.chars() {
        match one {
            '\0' => clean.extend([ESCAPE, ESCAPE]),
            ESCAPE => clean.extend([ESCAPE, '\u{2}']),
            other => clean.push(other),
        }
    }
    Cow::Owned(clean)
}

/// Returns a text that was bound so as it was before.
pub(super) fn soiled(text: &str) -> Cow<'_, str> {
    if !text.contains(ESCAPE) {
        return Cow::Borrowed(text);
    }
    let mut soiled = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(one) = rest.next() {
        soiled.push(match one {
            ESCAPE if rest.next() == Some(ESCAPE) => '\0',
            other => other,
        });
    }
    Cow::Owned(soiled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stay_apart_and_in_order() {
        let texts =
            ["", "\0", "\0\0", "\0a", "\u{1}", "\u{1}\u{1}", "\u{1}\u{2}", "\u{2}", "a\0", "ab"];
        assert!(texts.is_sorted_by(|a, b| a < b));
        assert_eq!(texts.map(|text| soiled(&clean(text)).into_owned()), texts);
        let clean = texts.map(clean);
        assert!(clean.is_sorted_by(|a, b| a < b), "{clean:?}");
        assert!(clean.iter().all(|text| !text.contains('\0')));
    }
}
