//! What a single file may not contain.

use std::path::Path;

use super::Violation;
use super::text::{code_only, functions};

/// Longest source file, in lines (style, "size").
const FILE_LINES_MAX: usize = 600;
/// Longest function, in lines (style, "size").
const FUNCTION_LINES_MAX: usize = 70;

/// Longest line, in columns (style, "size"): two files beside each other fit a screen.
const LINE_COLUMNS_MAX: usize = 100;
/// Words that make a man of everybody. Put together so that this file does not contain them.
const GENDERED: &[&str] = &[concat!("h", "e"), concat!("h", "is"), concat!("h", "im")];

/// Functions that may be longer: path and name, and why. Empty is the aim.
const LONG_FUNCTIONS: &[(&str, &str, &str)] = &[(
    "crates/api/src/routes.rs",
    "table",
    "one line a route; what counts is to see them together",
)];

/// The words that mark unfinished work. Put together so that this file does not contain them.
const UNFINISHED: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("X", "XX")];
/// The attribute that silences a lint for ever; `expect` with a reason tells when it is no longer
/// needed.
const SILENCED: &str = concat!("[all", "ow(");
/// Where the files of one machine begin.
const MACHINE_PATHS: &[&str] = &[
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/Use", "rs/"),
    concat!("/wo", "rk/"),
    concat!("/tm", "p/"),
    concat!("C:", "\\\\"),
];

/// Checks a Rust source file. `place` is its path in the project.
pub(super) fn check_rust(place: &str, source: &str) -> Vec<Violation> {
    let mut found = check_text(place, source);
    if Path::new(place).file_name().is_some_and(|name| name == "mod.rs") {
        found.push(Violation::new(place, "mod.rs", "name the file after its module instead"));
    }
    let lines = source.lines().count();
    if lines > FILE_LINES_MAX {
        let message = format!("has {lines} lines, {FILE_LINES_MAX} are the most");
        found.push(Violation::new(place, "file size", &message));
    }
    let code = code_only(source);
    found.extend(check_functions(place, &code));
    for (number, (line, whole)) in code.lines().zip(source.lines()).enumerate() {
        found.extend(check_width(&format!("{place}:{}", number + 1), line, whole));
        if line.contains(SILENCED) {
            let message = "use expect with a reason";
            found.push(Violation::new(
                &format!("{place}:{}", number + 1),
                "silenced lint",
                message,
            ));
        }
    }
    found
}

/// Checks the width of a line. What a string literal says may be longer, because breaking it would
/// hide it from a search; so may the row of a table.
fn check_width(place: &str, code: &str, whole: &str) -> Option<Violation> {
    let columns = whole.chars().count();
    let comment =
        whole.trim_start().strip_prefix("//").map(|rest| rest.trim_start_matches(['/', '!']));
    let is_wide = match comment {
        Some(text) => !text.trim_start().starts_with('|'),
        None => !whole.contains('"') && !code.trim().is_empty(),
    };
    if columns <= LINE_COLUMNS_MAX || !is_wide {
        return None;
    }
    let message = format!("has {columns} columns, {LINE_COLUMNS_MAX} are the most");
    Some(Violation::new(place, "line width", &message))
}

fn check_functions(place: &str, code: &str) -> Vec<Violation> {
    let excepted = |name: &str| {
        LONG_FUNCTIONS.iter().any(|(file, function, _)| *file == place && *function == name)
    };
    functions(code)
        .into_iter()
        .filter(|function| function.lines > FUNCTION_LINES_MAX && !excepted(&function.name))
        .map(|function| {
            let message = format!(
                "{} has {} lines, {FUNCTION_LINES_MAX} are the most",
                function.name, function.lines
            );
            Violation::new(&format!("{place}:{}", function.line), "function size", &message)
        })
        .collect()
}

/// Checks any text file.
pub(super) fn check_text(place: &str, text: &str) -> Vec<Violation> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let place = format!("{place}:{}", number + 1);
        if let Some(word) =
            UNFINISHED.iter().find(|word| has_word(line, word) && !names_an_issue(line, word))
        {
            let message = format!("{word} without the number of an issue, as {word}(#12)");
            found.push(Violation::new(&place, "unfinished work", &message));
        }
        if let Some(word) = GENDERED.iter().find(|word| has_word(&line.to_lowercase(), word)) {
            let message = format!("says {word} of people; say they, their, them");
            found.push(Violation::new(&place, "people", &message));
        }
        if let Some(path) = MACHINE_PATHS.iter().find(|path| starts_a_path(line, path)) {
            let message = format!("names a path of one machine ({path}…)");
            found.push(Violation::new(&place, "absolute path", &message));
        }
    }
    found
}

/// Tells whether the word stands alone in the line.
fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

fn names_an_issue(line: &str, word: &str) -> bool {
    let issue = |rest: &str| {
        rest.starts_with("(#")
            && rest[2..].starts_with(|character: char| character.is_ascii_digit())
    };
    line.match_indices(word).all(|(at, _)| issue(&line[at + word.len()..]))
}

/// Tells whether a path starts with these characters: a URL or a longer path may contain them.
fn starts_a_path(line: &str, start: &str) -> bool {
    line.match_indices(start).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|character| {
            is_word(character) || matches!(character, '/' | '.' | '}' | ')' | '-' | '*')
        })
    })
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(place: &str, source: &str) -> Vec<&'static str> {
        check_rust(place, source).into_iter().map(|violation| violation.rule).collect()
    }

    #[test]
    fn an_ordinary_file_passes() {
        let source = "//! Docs. #[all\u{6f}w( in words\nfn f() {\n    let a = \"x\";\n}\n";
        assert_eq!(rules("src/a.rs", source), [""; 0]);
    }

    #[test]
    fn long_files_are_reported() {
        assert_eq!(rules("src/a.rs", &"// x\n".repeat(FILE_LINES_MAX)), [""; 0]);
        assert_eq!(rules("src/a.rs", &"// x\n".repeat(FILE_LINES_MAX + 1)), ["file size"]);
    }

    #[test]
    fn long_functions_are_reported() {
        let function = |lines: usize| format!("fn f() {{\n{}}}\n", "    x();\n".repeat(lines - 2));
        assert_eq!(rules("src/a.rs", &function(FUNCTION_LINES_MAX)), [""; 0]);
        assert_eq!(rules("src/a.rs", &function(FUNCTION_LINES_MAX + 1)), ["function size"]);
    }

    #[test]
    fn wide_lines_are_reported() {
        let comment = |columns: usize| format!("//{}\n", "x".repeat(columns - 2));
        assert_eq!(rules("src/a.rs", &comment(LINE_COLUMNS_MAX)), [""; 0]);
        assert_eq!(rules("src/a.rs", &comment(LINE_COLUMNS_MAX + 1)), ["line width"]);
        let literal = format!("const A: &str = \"{}\";\n", "x".repeat(LINE_COLUMNS_MAX));
        assert_eq!(rules("src/a.rs", &literal), [""; 0]);
        let code = format!("const {}: u8 = 1;\n", "X".repeat(LINE_COLUMNS_MAX));
        assert_eq!(rules("src/a.rs", &code), ["line width"]);
    }

    #[test]
    fn people_are_they() {
        for word in GENDERED {
            assert_eq!(rules("src/a.rs", &format!("// what {word} does\n")), ["people"]);
        }
        assert_eq!(rules("src/a.rs", "// what they do in the chosen history\n"), [""; 0]);
    }

    #[test]
    fn mod_files_are_reported() {
        assert_eq!(rules("src/a/mod.rs", "//! x\n"), ["mod.rs"]);
    }

    #[test]
    fn silenced_lints_are_reported() {
        assert_eq!(
            rules("src/a.rs", &format!("#{SILENCED}unused)]\nfn f() {{}}\n")),
            ["silenced lint"]
        );
        assert_eq!(rules("src/a.rs", &format!("#!{SILENCED}unused)]\n")), ["silenced lint"]);
    }

    #[test]
    fn unfinished_work_needs_an_issue() {
        for word in UNFINISHED {
            assert_eq!(rules("src/a.rs", &format!("// {word}: later\n")), ["unfinished work"]);
            assert_eq!(rules("src/a.rs", &format!("// {word}(#12): later\n")), [""; 0]);
            assert_eq!(rules("src/a.rs", &format!("// {word}S\n")), [""; 0]);
        }
    }

    #[test]
    fn paths_of_one_machine_are_reported() {
        for path in MACHINE_PATHS {
            assert_eq!(
                rules("src/a.rs", &format!("const A: &str = \"{path}x\";\n")),
                ["absolute path"]
            );
        }
        let inside = format!("// https://host.example/a{}x\n", MACHINE_PATHS[0]);
        assert_eq!(rules("src/a.rs", &inside), [""; 0]);
    }
}
