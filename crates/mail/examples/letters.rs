//! Reads every letter below some directories and prints what a reader would miss: how many were
//! refused, lack a text, a subject or a sender although they have one, or hold replacement
//! characters. With `--show` it prints each of them as it was read.
//!
//! `cargo run --release -p handoff-mail --example letters -- [--show] DIRECTORY…`
//!
//! A file may be a letter or a mailbox of many (`From ` lines).

#![expect(clippy::print_stdout, reason = "it is a program for a terminal")]
#![expect(clippy::disallowed_methods, reason = "it measures")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use handoff_domain::Letter;
use handoff_mail::letter::{Reading, read};
use handoff_mail::token::Signer;

/// Ends of names of files that hold letters; files without an end may, too.
const ENDINGS: &[&str] =
    &["eml", "msg", "mbox", "mime", "txt", "email", "mail", "rfc822", "out", "in", "raw"];

#[derive(Default)]
struct Figures {
    letters: usize,
    refused: usize,
    without_text: usize,
    without_subject: usize,
    without_sender: usize,
    replaced: usize,
    slowest_ms: u128,
}

fn main() -> std::io::Result<()> {
    let (options, directories): (Vec<_>, Vec<_>) =
        std::env::args().skip(1).partition(|text| text.starts_with("--"));
    let is_shown = options.iter().any(|option| option == "--show");
    let mut figures = Figures::default();
    for directory in directories {
        let mut files = Vec::new();
        collect(Path::new(&directory), &mut files)?;
        files.sort();
        for file in files {
            let content = fs::read(&file)?;
            for (number, raw) in letters(&content).into_iter().enumerate() {
                figures.add(&format!("{}#{number}", file.display()), raw, is_shown);
            }
        }
    }
    println!(
        "{} letters, {} refused, without text {}, without subject {}, without sender {}, with U+FFFD {}, the slowest took {} ms",
        figures.letters,
        figures.refused,
        figures.without_text,
        figures.without_subject,
        figures.without_sender,
        figures.replaced,
        figures.slowest_ms
    );
    Ok(())
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if path.is_file() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path
            .extension()
            .is_none_or(|end| ENDINGS.iter().any(|known| end.eq_ignore_ascii_case(known)))
        {
            files.push(path);
        }
    }
    Ok(())
}

/// Splits a mailbox; a file that is none is one letter when it looks like one.
fn letters(content: &[u8]) -> Vec<&[u8]> {
    let starts_mailbox = content.starts_with(b"From ");
    let mut starts: Vec<usize> = content
        .windows(7)
        .enumerate()
        .filter(|(_, window)| starts_mailbox && *window == b"\n\nFrom ")
        .map(|(at, _)| at + 2)
        .collect();
    starts.insert(0, 0);
    starts.push(content.len());
    let all = starts.windows(2).map(|pair| &content[pair[0]..pair[1]]);
    all.filter(|raw| has_field(raw)).collect()
}

/// Tells whether something begins as a letter does.
fn has_field(raw: &[u8]) -> bool {
    let mut lines = raw.split(|byte| *byte == b'\n').skip_while(|line| line.starts_with(b"From "));
    lines
        .next()
        .and_then(|line| line.iter().position(|byte| *byte == b':').map(|at| &line[..at]))
        .is_some_and(|name| {
            !name.is_empty()
                && name.len() < 60
                && name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte))
        })
}

impl Figures {
    fn add(&mut self, name: &str, raw: &[u8], is_shown: bool) {
        self.letters += 1;
        let signer = Signer::new([0; 32]);
        let before = Instant::now();
        let read = read(raw, &Reading::new(&signer));
        self.slowest_ms = self.slowest_ms.max(before.elapsed().as_millis());
        let letter = match read {
            Ok(letter) => letter,
            Err(error) => {
                self.refused += 1;
                println!("{name}: refused: {error}");
                return;
            }
        };
        let mut faults = Vec::new();
        let has = |field: &str| {
            let head = raw
                .windows(2)
                .position(|pair| pair == b"\n\n" || pair == b"\n\r")
                .unwrap_or(raw.len());
            let head = String::from_utf8_lossy(&raw[..head]).to_ascii_lowercase();
            head.lines().any(|line| line.strip_prefix(field).is_some_and(|value| value.len() > 1))
        };
        if letter.text.trim().is_empty()
            && letter.html.as_deref().unwrap_or_default().trim().is_empty()
        {
            self.without_text += 1;
            faults.push("no text");
        }
        if letter.subject.as_deref().unwrap_or_default().is_empty() && has("subject:") {
            self.without_subject += 1;
            faults.push("no subject");
        }
        if letter.from.is_none() && has("from:") {
            self.without_sender += 1;
            faults.push("no sender");
        }
        if holds_replacement(&letter) {
            self.replaced += 1;
            faults.push("U+FFFD");
        }
        if !faults.is_empty() || is_shown {
            println!("{name}: {}", faults.join(", "));
        }
        if is_shown {
            show(&letter);
        }
    }
}

fn holds_replacement(letter: &Letter) -> bool {
    let names = letter.parts.iter().filter_map(|part| part.name.as_deref());
    let people = letter.from.iter().chain(&letter.to).chain(&letter.cc).chain(&letter.reply_to);
    let people = people.flat_map(|one| [Some(one.address.as_str()), one.name.as_deref()]).flatten();
    let texts = [Some(letter.text.as_str()), letter.subject.as_deref(), letter.html.as_deref()];
    texts.into_iter().flatten().chain(names).chain(people).any(|text| text.contains('\u{fffd}'))
}

fn show(letter: &Letter) {
    const SHOWN_LEN_MAX: usize = 600;
    println!(
        "  from {:?} to {:?} cc {:?} reply to {:?}",
        letter.from, letter.to, letter.cc, letter.reply_to
    );
    println!("  subject {:?} at {:?}", letter.subject, letter.date);
    let text = &letter.text[..letter.text.floor_char_boundary(SHOWN_LEN_MAX)];
    println!("  text {text:?}, html {}", letter.html.as_ref().map_or(0, String::len));
    for part in &letter.parts {
        let id = part.content_id.as_deref().unwrap_or("-");
        println!(
            "  part {:?} {} {} bytes, id {id}, inline {}",
            part.name,
            part.content_type,
            part.content.len(),
            part.inline
        );
    }
    for remark in &letter.remarks {
        println!("  remark {remark}");
    }
}
