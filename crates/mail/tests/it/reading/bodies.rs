//! What is the text of a letter.

use super::{letter, message, names, parts, types};

const PICTURE: &str = "Content-Type: image/png; name=\"shot.png\"\nContent-ID: <pic@x.example>\nContent-Transfer-Encoding: base64\n\naGk=";

#[test]
fn a_name_alone_makes_no_file_of_a_text() {
    let pdf = "Content-Type: application/pdf; name=\"a.pdf\"\nContent-Disposition: attachment; filename=\"a.pdf\"\n\nx";
    for fields in [
        "Content-Type: text/plain; charset=utf-8; name=\"message.txt\"\nContent-Disposition: inline",
        "Content-Type: text/plain; name=\"message.txt\"",
        "Content-Type: text/plain\nContent-Disposition: inline; filename=\"message.txt\"",
        "Content-Type: text/html; name=\"message.html\"",
    ] {
        let read = parts("mixed", &[&format!("{fields}\n\nPlease cancel my order."), pdf]);
        assert_eq!(
            (read.text.trim_end(), names(&read)),
            ("Please cancel my order.", vec!["a.pdf"]),
            "{fields}"
        );
    }
    let forms = [
        "Content-Type: text/plain; name=\"text.txt\"\n\nplain",
        "Content-Type: text/html; name=\"text.html\"\nContent-Disposition: inline\n\n<p>rich</p>",
    ];
    let read = parts("alternative", &forms);
    assert_eq!((read.text.trim_end(), read.html.is_some(), read.parts.len()), ("plain", true, 0));
    // What says that it is an attachment is one. A second text with a name is shown, and can be had
    // as a file.
    let read = parts(
        "mixed",
        &["\nHi", "Content-Type: text/plain; name=a.txt\nContent-Disposition: attachment\n\nlog"],
    );
    assert_eq!((read.text.trim_end(), names(&read)), ("Hi", vec!["a.txt"]));
    let read = parts(
        "mixed",
        &["\nHi", "Content-Type: text/plain; name=log.txt\nContent-Disposition: inline\n\nlog"],
    );
    assert_eq!((read.text.trim_end(), names(&read)), ("Hi\nlog", vec!["log.txt"]));
    let read = parts("mixed", &["\nHi", "Content-Type: text/html; name=page.html\n\n<p>page</p>"]);
    assert_eq!((read.text.trim_end(), names(&read)), ("Hi", vec!["page.html"]));
}

#[test]
fn related_parts_name_the_one_that_is_shown() {
    let html = |id: &str| {
        format!("Content-Type: text/html{id}\n\n<p>My question <img src=\"cid:pic@x.example\"></p>")
    };
    let root = html("\nContent-ID: <root@x.example>");
    for kind in [
        "related; start=\"<root@x.example>\"; type=\"text/html\"",
        "related; start=\"root@x.example\"",
        "related; type=\"text/html\"",
        "related; start=\"<nobody@x.example>\"",
        "related",
    ] {
        for order in [[PICTURE, root.as_str()], [root.as_str(), PICTURE]] {
            let read = parts(kind, &order);
            assert_eq!(
                (read.text.trim_end(), read.parts.len(), read.parts[0].inline),
                ("My question", 1, true),
                "{kind}"
            );
        }
    }
    let forms = "Content-Type: multipart/alternative; boundary=c\n\n--c\n\nplain\n--c\nContent-Type: text/html\n\n<p>rich</p>\n--c--";
    let read = parts("related", &[PICTURE, forms]);
    assert_eq!(
        (read.text.trim_end(), read.html.as_deref().map(str::trim_end), names(&read)),
        ("plain", Some("<p>rich</p>"), vec!["shot.png"])
    );
    let read =
        parts("related; start=\"<root@x.example>\"", &["Content-Type: text/html\n\nother", &root]);
    assert_eq!((read.text.trim_end(), types(&read)), ("My question", vec!["text/html"]));
}

#[test]
fn texts_of_other_kinds_are_texts() {
    let text = |content_type: &str, body: &str, expect: &str| {
        let read = letter(&message(&format!("Content-Type: {content_type}\n\n{body}")));
        assert_eq!((read.text.as_str(), read.parts.len()), (expect, 0), "{content_type}");
    };
    text("text/enriched", "Where is <bold>my</bold> parcel?", "Where is my parcel?");
    text(
        "text/enriched; charset=utf-8",
        "<fontfamily><param>Times</param>one</fontfamily>\ntwo\n\nthree\n\n\nfour <<five> <nofill>a\nb</nofill> < c",
        "one two\nthree\n\nfour <five> a\nb < c",
    );
    text("text/richtext", "one<nl>two <lt>three>", "one\ntwo <three>");
    text("text/markdown; variant=CommonMark", "**Where** is it?", "**Where** is it?");
    text("text/x-anything", "Where is it?", "Where is it?");
    text("text/prs.fallenstein.rst", "Where is it?", "Where is it?");
    let read = parts(
        "mixed",
        &[
            "Content-Type: text/x-anything\n\nWhere?",
            "Content-Type: text/csv\n\na;b",
            "Content-Type: text/x-log; name=a.log\n\nlog",
        ],
    );
    assert_eq!((read.text.trim_end(), names(&read)), ("Where?", vec!["table.csv", "a.log"]));
    let read = parts(
        "alternative",
        &[
            "Content-Type: text/enriched\n\n<bold>a</bold>",
            "Content-Type: text/html\n\n<b>a</b>",
            "Content-Type: text/x-amp-html\n\n<html amp4email>",
        ],
    );
    assert_eq!(
        (read.text.trim_end(), read.html.as_deref().map(str::trim_end), read.parts.len()),
        ("a", Some("<b>a</b>"), 0)
    );
}

#[test]
fn an_invalid_type_is_plain_text() {
    for content_type in [
        "text",
        "text/",
        "/plain",
        "plain",
        "html",
        ";;;",
        "charset=utf-8",
        "text/plain/x",
        "te xt/plain",
        "text plain",
        "=",
        "\"\"",
        "(x)",
    ] {
        let read = letter(&message(&format!("Content-Type: {content_type}\nX: y\n\nWhere is it?")));
        assert_eq!((read.text.as_str(), read.parts.len()), ("Where is it?", 0), "{content_type}");
    }
    for content_type in [
        "text/plain, text/html",
        "\"text/plain\"",
        "TEXT/PLAIN;",
        "text/plain;;; charset",
        "text/plain; =; charset=utf-8",
    ] {
        let read = letter(&message(&format!("Content-Type: {content_type}\n\nGrüße")));
        assert_eq!(read.text, "Grüße", "{content_type}");
    }
    // What is certainly no text stays a file.
    for content_type in ["application", "image/", "image; name=a.png"] {
        let read =
            parts("mixed", &["\nHi", &format!("Content-Type: {content_type}\n\n\u{1}\u{2}")]);
        assert_eq!(
            (read.text.trim_end(), types(&read)),
            ("Hi", vec!["application/octet-stream"]),
            "{content_type}"
        );
    }
    let read = parts("mixed", &["\nHi", "Content-Type: pdf; name=a.pdf\n\n%PDF"]);
    assert_eq!(
        (read.text.trim_end(), names(&read), types(&read)),
        ("Hi", vec!["a.pdf"], vec!["application/octet-stream"])
    );
    let read = letter(&message("Content-Type: multipart; boundary=b\n\n--b\n\nin\n--b--"));
    assert_eq!(read.text, "in");
}

#[test]
fn a_footer_below_base64_is_not_part_of_it() {
    let line = "SGVsbG8gZnJvbSBFdmUsIHBsZWFzZSBhbnN3ZXIgbWUgc29vbi4g";
    let text = |body: &str, expect: &str| {
        let read = letter(&message(&format!("Content-Transfer-Encoding: base64\n\n{body}")));
        assert_eq!(read.text, expect, "{body}");
    };
    let hello = "Hello from Eve, please answer me soon. ";
    for footer in [
        "_______\nThis list is managed by us.\n",
        "-- \nThis list\n",
        "________________________________________________\nlist mailing list\nlist@x.example\n",
        "\n\nThis list is managed by us.",
        "\n=====\nfooter\nUnsubscribe\n",
        "Scanned by A. Virus\nabcd\n",
    ] {
        text(&format!("{line}\n{footer}"), hello);
        text(&format!("{line}{line}\n{line}\n{footer}"), &hello.repeat(3));
        text(&format!("{line}\nSGVsbG8=\n{footer}"), &format!("{hello}Hello"));
    }
    // Breaks of any width, blanks before a line, and data after data.
    text("SGVs\nbG8g\nRXZl", "Hello Eve");
    text("SGVsbG8g\r\n   RXZl\n", "Hello Eve");
    text("SGVsbG8=\nIEV2ZQ==\n", "Hello Eve");
    // Dirt between lines that can be nothing but data does not end it.
    let read = letter(&message(&format!("Content-Transfer-Encoding: base64\n\n{line}\n!\n{line}")));
    assert_eq!(read.text, hello.repeat(2));
}

#[test]
fn a_report_without_words_shows_what_it_says_to_programs() {
    let status = "Content-Type: message/delivery-status\n\nReporting-MTA: dns; x.example\n\nFinal-Recipient: rfc822; a@x.example\nAction: failed";
    let read = parts("report; report-type=delivery-status", &[status]);
    assert!(read.text.contains("a@x.example") && read.report.is_some(), "{}", read.text);
    let read = parts("report; report-type=delivery-status", &["\nIt failed.", status]);
    assert_eq!(read.text.trim_end(), "It failed.");
}
