//! Quotes: the new text of an answer, and how answers quote.

use handoff_mail::quote::{Quoting, quote_html, quote_text, split, subject};

/// Checks what is new of a text; what is quoted is the rest.
fn own(text: &str, expect: &str) {
    let split = split(text);
    assert_eq!(split.own.trim_end(), expect, "{text}");
    assert_eq!(format!("{}{}", split.own, split.quoted), text);
}

#[test]
fn introduced_quotes() {
    own("Thanks!\n\nOn Tue, Ada <a@b> wrote:\n> hello\n> there\n", "Thanks!");
    own("Thanks!\n\nOn Tue, 24 Nov 2026 at 10:00,\nAda <a@b> wrote:\n\n> hello\n", "Thanks!");
    own("Danke!\n\nAm 24.11.26 um 10:00 schrieb Ada:\n> hallo\n", "Danke!");
    own("Danke!\n\nAm 24.11.26 schrieb:\n> hallo\n", "Danke!");
    own("Merci\n\nLe 24 nov., Ada a écrit :\n> salut\n", "Merci");
    own("Thanks\n> hello", "Thanks");
}

#[test]
fn unmarked_quotes() {
    own("Thanks\n\n-----Original Message-----\nFrom: Ada\nhello", "Thanks");
    own("Danke\n________________________________\nVon: Ada\nGesendet: heute\nhallo", "Danke");
    own("Hi\n\nFrom: Ada\nSent: today\nTo: us\nhello", "Hi");
    own("Hi\n\n---------- Forwarded message ---------\nhello", "Hi");
}

#[test]
fn nothing_that_may_be_new_is_taken_for_a_quote() {
    for text in [
        "",
        "plain",
        "She wrote:\nhello\nthere",
        "> question?\nanswer\n> another?\nanother answer",
        "> only a quote\n",
        "On Tue Ada wrote:\n> hello\nmy answer below",
        "From: the heart\nwe thank you",
        "-----Original Message-----\nFrom: Ada",
    ] {
        own(text, text.trim_end());
    }
}

#[test]
fn answers_quote() {
    let quoting = Quoting { start_line: Some("Ada wrote:"), indent: "> " };
    assert_eq!(
        quote_text("one\n> two\n\nthree\n", &quoting),
        "\nAda wrote:\n> one\n>> two\n>\n> three\n"
    );
    assert_eq!(quote_text("one", &Quoting { start_line: None, indent: "| " }), "\n| one\n");
    let html = quote_html("<p>one</p>", &Quoting { start_line: Some("<Ada>"), indent: "" });
    assert_eq!(html, "<p><br></p><p>&lt;Ada&gt;</p><blockquote><p>one</p></blockquote>");
    assert_eq!(subject("Re: ", "help"), "Re: help");
    assert_eq!(subject("Re: ", "RE: help"), "RE: help");
    assert_eq!(subject("", "help"), "help");
}

#[test]
fn what_was_quoted_is_found_again() {
    let quoted = quote_text("one\ntwo", &Quoting { start_line: Some("Ada wrote:"), indent: "> " });
    own(&format!("New.\n{quoted}"), "New.");
}
