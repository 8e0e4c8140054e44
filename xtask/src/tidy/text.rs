//! Rust source with everything that is not code blanked out, and the functions found in it.
//!
//! This is no parser: it knows comments, strings, characters and braces, which is all that the
//! rules need.

/// Replaces comments and the contents of strings and characters by spaces; lines and columns stay
/// where they are.
pub(super) fn code_only(source: &str) -> String {
    let bytes = source.as_bytes();
    let mut code = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = end_of_blank(bytes, at);
        if end > at {
            let blank = code[at..end].iter_mut().filter(|byte| **byte != b'\n');
            blank.for_each(|byte| *byte = b' ');
            at = end;
        } else {
            at += 1;
        }
    }
    String::from_utf8(code).unwrap_or_default()
}

/// Returns where the comment, string or character that starts at `at` ends, or `at` when none
/// starts there.
fn end_of_blank(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    let word_before = at > 0 && is_word(bytes[at - 1]);
    match rest {
        [b'/', b'/', ..] => at + rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len()),
        [b'/', b'*', ..] => at + length_of_block_comment(rest),
        [b'"', ..] => at + length_of_string(rest),
        [b'r', b'"' | b'#', ..] if !word_before => at + length_of_raw_string(rest, 1),
        [b'b', b'r', b'"' | b'#', ..] if !word_before => at + length_of_raw_string(rest, 2),
        [b'\'', ..] => at + length_of_character(rest),
        _ => at,
    }
}

fn length_of_block_comment(rest: &[u8]) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        match &rest[at..] {
            [b'/', b'*', ..] => {
                depth += 1;
                at += 2;
            }
            [b'*', b'/', ..] => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    rest.len()
}

fn length_of_string(rest: &[u8]) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

fn length_of_raw_string(rest: &[u8], prefix: usize) -> usize {
    let hashes = rest[prefix..].iter().take_while(|byte| **byte == b'#').count();
    let open = prefix + hashes;
    if rest.get(open) != Some(&b'"') {
        return 0; // A raw identifier such as `r#type`.
    }
    let mut close = vec![b'"'];
    close.resize(hashes + 1, b'#');
    let body = &rest[open + 1..];
    let length = body.windows(close.len()).position(|window| window == close);
    length.map_or(rest.len(), |length| open + 1 + length + close.len())
}

/// A lifetime starts with the same sign as a character; only what is closed again is a character.
fn length_of_character(rest: &[u8]) -> usize {
    match rest {
        [_, b'\\', ..] => {
            let close = rest.iter().skip(3).position(|byte| *byte == b'\'');
            close.map_or(0, |at| at + 4)
        }
        [_, first, ..] => {
            let width =
                if *first < 0x80 { 1 } else { usize::try_from(first.leading_ones()).unwrap_or(1) };
            if rest.get(1 + width) == Some(&b'\'') { width + 2 } else { 0 }
        }
        _ => 0,
    }
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Function {
    pub(super) name: String,
    /// The line of its `fn`, from 1.
    pub(super) line: usize,
    /// How many lines from there to its closing brace.
    pub(super) lines: usize,
}

/// Finds the functions in code from [`code_only`].
pub(super) fn functions(code: &str) -> Vec<Function> {
    let bytes = code.as_bytes();
    let starts = code
        .match_indices("fn ")
        .map(|(at, _)| at)
        .filter(|at| *at == 0 || !is_word(bytes[at - 1]));
    starts.filter_map(|at| function(code, at)).collect()
}

fn function(code: &str, start: usize) -> Option<Function> {
    let after = code[start + 3..].trim_start();
    let name: String = after
        .chars()
        .take_while(|character| character.is_alphanumeric() || *character == '_')
        .collect();
    if name.is_empty() {
        return None; // A function pointer's type.
    }
    let mut nesting = 0_i32;
    for (offset, byte) in code.bytes().enumerate().skip(start) {
        match byte {
            b'(' | b'[' | b'{' => nesting += 1,
            b')' | b']' => nesting -= 1,
            b'}' => {
                nesting -= 1;
                if nesting == 0 {
                    let line = 1 + lines(&code[..start]);
                    return Some(Function { name, line, lines: 1 + lines(&code[start..offset]) });
                }
            }
            b';' if nesting == 0 => return None,
            _ => {}
        }
    }
    None
}

fn lines(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_is_left() {
        let cases = [
            ("a // b {\nc", "a       \nc"),
            ("a /* b /* c */ { */ d", "a                   d"),
            (r#"a "b\"{" c"#, "a        c"),
            (r##"a r#"b"{"# c"##, "a          c"),
            ("a '{' '\\'' b", "a          b"),
            ("fn f<'a>(x: &'a str) {}", "fn f<'a>(x: &'a str) {}"),
            ("r#type = 1", "r#type = 1"),
            ("b'\\'' + 'é' x", "b     +      x"),
        ];
        for (source, code) in cases {
            assert_eq!(code_only(source).trim_end(), code.trim_end(), "{source}");
        }
    }

    #[test]
    fn functions_are_measured() {
        let source = "trait T {\n fn no_body(&self) -> [u8; 3];\n}\nfn one() {}\npub fn more(\n a: [u8; 2],\n) {\n if a { b } // }\n}\nlet p: fn (u8);";
        let found = functions(&code_only(source));
        assert_eq!(
            found,
            [
                Function { name: "one".to_owned(), line: 4, lines: 1 },
                Function { name: "more".to_owned(), line: 5, lines: 5 }
            ]
        );
    }
}
