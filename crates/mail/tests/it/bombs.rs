//! Messages made to cost more than they weigh. Each is read in a process of its own, with bounded
//! memory and processor time, and tells how much memory it took at most: no more than four times
//! the message and a constant (docs/testing.md#sizes-of-mail).

use std::fs;
use std::io::Write as _;
use std::process::Command;

use handoff_mail::html::{clean, to_text};
use handoff_mail::letter::{Bounds, Reading, read};
use handoff_mail::quote::split;

use crate::letters::signer;

/// Names the bomb to the process that reads it.
const BOMB: &str = "HANDOFF_TEST_MAIL_BOMB";
/// What memory reading may take beside four times the message, in KiB: the largest tree of HTML
/// that is built, and its copies.
const CONSTANT_KIB: u64 = 32 * 1024;
/// The processor time of the process, in s: twenty times what the slowest takes without
/// optimization, so that only more than linear work is stopped. The 2 s of the requirement hold for
/// the optimized program, by a wide margin.
const PROCESSOR_SECONDS: u64 = 60;
/// The size of most bombs, in MiB, when nobody names another.
const MEBIBYTES: usize = 4;
/// Names the size of most bombs, in MiB. With 24, the largest messages that are read, and
/// `--release --nocapture` it prints what the requirement is about: memory, and processor time.
const SIZE: &str = "HANDOFF_TEST_MAIL_BOMB_MIB";

fn size() -> usize {
    std::env::var(SIZE).map_or(MEBIBYTES, |text| text.parse().unwrap()) << 20
}

fn with_headers(fields: &str, unit: &str) -> Vec<u8> {
    let (mut raw, size) = (format!("From: a@b.example\n{fields}").into_bytes(), size());
    if unit.is_empty() {
        return raw;
    }
    while raw.len() < size {
        raw.extend_from_slice(unit.as_bytes());
    }
    raw
}

/// Adds numbered pieces.
fn grown(mut raw: String, piece: impl Fn(usize) -> String) -> Vec<u8> {
    let (mut number, size) = (0, size());
    while raw.len() < size {
        raw.push_str(&piece(number));
        number += 1;
    }
    raw.into_bytes()
}

fn bomb(name: &str) -> Vec<u8> {
    let size = size();
    let html = "Content-Type: text/html\n\n";
    match name {
        "nested multiparts" => {
            let mut raw = b"From: a@b.example\n".to_vec();
            for level in 0..size / 60 {
                raw.extend_from_slice(
                    format!("Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n")
                        .as_bytes(),
                );
            }
            raw
        }
        "nested messages" => with_headers("", "Content-Type: message/rfc822\n\n"),
        "many parts" => with_headers("Content-Type: multipart/mixed; boundary=b\n\n", "--b\n\nx\n"),
        "many headers" => with_headers("", "X: y\n"),
        "one long header" => with_headers("Subject: ", "a "),
        "encoded words without end" => with_headers("Subject: ", "=?utf-8?q?"),
        "encoded words that expand" => with_headers("Subject: ", "=?big5?q?=80=80=80?=\n "),
        "comments in addresses" => with_headers("To: ", "((((((((a@b,"),
        "continued names" => {
            grown("From: a@b.example\nContent-Disposition: attachment".into(), |number| {
                format!("; filename*{number}=x")
            })
        }
        "parameters of parts" => {
            let parameters: String =
                (0..1_500).map(|number| format!(";\n name*{number}=x")).collect();
            let part = format!("--b\nContent-Type: text/plain{parameters}\n\nx\n");
            with_headers("Content-Type: multipart/mixed; boundary=b\n\n", &part)
        }
        "boundaries that are nearly the same" => {
            let dashes = "-".repeat(190);
            let open = |level| {
                format!(
                    "Content-Type: multipart/mixed; boundary=\"{dashes}{level}\"\n\n--{dashes}{level}\n"
                )
            };
            let head: String = (10..30).map(open).collect();
            grown(format!("From: a@b.example\n{head}"), |_| format!("--{dashes}\n"))
        }
        "base 64" => with_headers(
            "Content-Type: application/zip\nContent-Transfer-Encoding: base64\n\n",
            "QUFBQUFBQUFBQUFB\n",
        ),
        "expanding charset" => {
            with_headers("Content-Type: text/plain; charset=windows-1252\n\n", "\u{80}")
        }
        "delimiter lines" => {
            with_headers("Content-Type: multipart/mixed; boundary=\"--------\"\n\n", "--\n")
        }
        "open elements" => with_headers(html, "<b><p>"),
        "many elements" => with_headers(html, "<i>x</i>"),
        "formatting that is opened again" => {
            let fonts: String =
                (0..1_000).map(|number| format!("<p><font size={number}>")).collect();
            with_headers(&format!("{html}{fonts}"), "</p>x<p>")
        }
        "nested tables" => with_headers(html, "<table><tr><td>"),
        "comments without end" => with_headers(html, "<!--x--"),
        "attributes" => with_headers(&format!("{html}<p "), "a=b "),
        "nested quotes" => with_headers("\n", ">"),
        "introductions" => with_headers("\n", "wrote:\n"),
        "lines without text" => with_headers("Content-Type: text/plain; format=flowed\n\n", "> \n"),
        _ => of_one_step(name),
    }
}

/// Makes a bomb for one step of reading: fields, addresses, charsets, pictures.
fn of_one_step(name: &str) -> Vec<u8> {
    let size = size();
    let html = "Content-Type: text/html\n\n";
    match name {
        "comments and quotes that never end" => {
            let field = format!(
                "Content-Type: text/plain; {}{}\n",
                "(".repeat(4_000),
                "a=\"x;".repeat(800)
            );
            let part = format!("--b\n{field}Content-Disposition: {field}\nx\n");
            with_headers("Content-Type: multipart/mixed; boundary=b\n\n", &part)
        }
        "raw letters between words" => {
            let field = "\u{fc}\u{e4}\u{f6}\u{df}=?a?q?\u{fc}\u{e4}\u{f6}\u{df}?=".repeat(400);
            let bytes: Vec<u8> = field.chars().map(|character| character as u8).collect();
            let mut raw = with_headers("Content-Type: multipart/mixed; boundary=b\n\n", "");
            while raw.len() < size {
                raw.extend_from_slice(b"--b\nContent-Disposition: attachment; filename=\"");
                raw.extend_from_slice(&bytes);
                raw.extend_from_slice(b"\"\n\nx\n");
            }
            raw
        }
        "angles and quotes in addresses" => with_headers("To: ", "<\"a@(b,:;"),
        "quotes that never end in an address" => with_headers("To: <", "\"\\\"("),
        "pictures in the text" => with_headers(html, "<img src=data:image/png,x>"),
        "pages of pictures" => {
            let pictures = |number: usize| -> String {
                (0..100).map(|at| format!("<img src=data:image/gif,{number}-{at}>")).collect()
            };
            let head =
                "From: a@b.example\nContent-Type: multipart/mixed; boundary=b\n\n".to_owned();
            grown(head, |number| format!("--b\nContent-Type: text/html\n\n{}\n", pictures(number)))
        }
        "a picture that never ends" => {
            with_headers(&format!("{html}<img src=\""), "data:image/png;base64,QUJD src=")
        }
        "wrong labels" => {
            let mut raw = with_headers("Content-Type: text/plain; charset=utf-8\n\n", "");
            while raw.len() < size {
                raw.extend_from_slice(b"\xfc\xe4\n\xc3\xbc\n");
            }
            raw
        }
        "escape sequences" => with_headers(
            "Content-Type: text/plain; charset=iso-2022-jp\n\n",
            "\u{1b}$B\u{1b}(B\u{1b}$(D!\u{e}",
        ),
        "lines that are no fields" => with_headers("", "no field\nX: y\n"),
        "enriched commands" => with_headers("Content-Type: text/enriched\n\n", "<param><a<<b>\n"),
        _ => unreachable!("no such bomb"),
    }
}

const NAMES: &[&str] = &[
    "nested multiparts",
    "nested messages",
    "many parts",
    "many headers",
    "one long header",
    "encoded words without end",
    "encoded words that expand",
    "comments in addresses",
    "continued names",
    "parameters of parts",
    "comments and quotes that never end",
    "raw letters between words",
    "angles and quotes in addresses",
    "quotes that never end in an address",
    "pictures in the text",
    "pages of pictures",
    "a picture that never ends",
    "wrong labels",
    "escape sequences",
    "lines that are no fields",
    "enriched commands",
    "boundaries that are nearly the same",
    "base 64",
    "expanding charset",
    "delimiter lines",
    "open elements",
    "many elements",
    "formatting that is opened again",
    "nested tables",
    "comments without end",
    "attributes",
    "nested quotes",
    "introductions",
    "lines without text",
];

/// Returns a figure of this process in KiB.
fn status(name: &str) -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim_matches([':', ' ', '\t', 'k', 'B']).parse().unwrap()
}

/// Returns the processor time of this process in ms. The kernel counts the calling thread's in ns
/// (proc, "schedstat").
fn processor_ms() -> u64 {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse::<u64>().unwrap() / 1_000_000
}

/// Reads the bomb that the environment names; does nothing in an ordinary run.
#[test]
fn in_a_process_of_its_own() {
    let Ok(name) = std::env::var(BOMB) else { return };
    let raw = bomb(&name);
    let before = status("VmRSS");
    let used = processor_ms();
    let signer = signer();
    if let Ok(letter) = read(&raw, &Reading::new(&signer)) {
        let shown = letter.html.as_deref().map(|html| clean(html, &|_| None)).unwrap_or_default();
        let text = to_text(&shown);
        let parts: usize = letter.parts.iter().map(|part| part.content.len()).sum();
        let bounds = Bounds::default();
        assert!(letter.parts.len() <= bounds.parts_max);
        assert!(
            letter.text.len() <= 3 * bounds.text_len_max && text.len() <= 3 * bounds.html_len_max
        );
        assert!(parts + letter.text.len() + shown.len() <= 4 * raw.len());
        let quoted = split(&letter.text);
        assert_eq!(quoted.own.len() + quoted.quoted.len(), letter.text.len());
    }
    let grown = status("VmHWM").saturating_sub(before);
    assert!(
        grown <= 4 * raw.len() as u64 / 1_024 + CONSTANT_KIB,
        "{name}: {grown} KiB for {} bytes",
        raw.len()
    );
    let told = format!("{grown} KiB for {} KiB, {} ms", raw.len() / 1_024, processor_ms() - used);
    assert!(fs::write(std::env::var("HANDOFF_TEST_MAIL_OUT").unwrap(), told).is_ok());
}

#[test]
fn bombs_cost_what_they_weigh() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("kib");
    for name in NAMES {
        let mut shell = Command::new("/bin/sh");
        // The bound on addresses is far above the one on memory, which the process checks itself;
        // it only stops what runs away.
        shell.args([
            "-c",
            &format!("ulimit -t {PROCESSOR_SECONDS}; ulimit -v 2000000; exec \"$0\" \"$@\""),
        ]);
        shell.arg(std::env::current_exe().unwrap());
        shell.args(["bombs::in_a_process_of_its_own", "--exact", "--test-threads=1"]);
        let output = shell.env(BOMB, name).env("HANDOFF_TEST_MAIL_OUT", &out).output().unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stdout));
        let told = fs::read_to_string(&out).unwrap();
        fs::remove_file(&out).unwrap();
        assert!(told.contains("KiB"), "{name} told nothing");
        writeln!(std::io::stderr(), "{name}: {told}").unwrap();
    }
}
