//! Reports: what servers and mail programs say about messages that were sent earlier
//! (`reference/ingest.md` 5, "Bounces").

use handoff_domain::{Letter, Part, Report, ReportKind, ReportedRecipient};

use super::fields::{Fields, one_line};
use super::{Envelope, Reading, names};

/// The most recipients of a report that are read.
const RECIPIENTS_MAX: usize = 500;
/// The most bytes of headers of an enclosed message, or of one group of a report, that are read.
const HEADERS_LEN_MAX: usize = 64 * 1024;
/// The most header fields of them that are read.
const HEADER_COUNT_MAX: usize = 200;
/// The most bytes of a server's answer that are kept: RFC 5321, section 4.5.3.1.5, lets a line have
/// 512, and some answer in several.
const DIAGNOSTIC_LEN_MAX: usize = 1_024;
/// How much of a text is searched for the headers of the message that came back, in bytes.
const SEARCHED_LEN_MAX: usize = 64 * 1024;
/// The most `Message-ID`s that a report is about.
const ORIGINALS_MAX: usize = 50;

/// Finds what a letter reports.
pub(super) fn find(letter: &Letter, fields: &Fields<'_>, reading: &Reading<'_>) -> Option<Report> {
    // A complaint encloses the message that it is about, which was delivered.
    if part_of(letter, &["message/feedback-report"]).is_some() {
        return None;
    }
    let enclosed = enclosed_ids(letter);
    if let Some(part) = part_of(
        letter,
        &["message/disposition-notification", "message/global-disposition-notification"],
    ) {
        return Some(disposition(part, enclosed));
    }
    if let Some(part) =
        part_of(letter, &["message/delivery-status", "message/global-delivery-status"])
    {
        return Some(delivery(part, enclosed));
    }
    let is_ours = |id: &String| reading.signer.proven_by_message_id(id).is_some();
    let is_server = is_server(letter, reading);
    if !enclosed.is_empty() && (is_server || enclosed.iter().any(is_ours)) {
        return Some(Report {
            kind: ReportKind::NonDelivery,
            originals: enclosed,
            recipients: failed(fields),
        });
    }
    // Servers that report in plain text append the message. The text alone, which everybody can
    // write, is believed only with our token.
    let originals: Vec<_> = if is_server { ids_in_text(&letter.text) } else { Vec::new() };
    let originals: Vec<_> = originals.into_iter().filter(is_ours).collect();
    let report = Report { kind: ReportKind::NonDelivery, originals, recipients: failed(fields) };
    (!report.originals.is_empty()).then_some(report)
}

/// Tells whether a server wrote a letter: by the envelope or by the name of the sender.
pub(super) fn is_server(letter: &Letter, reading: &Reading<'_>) -> bool {
    let address = letter.from.as_ref().map(|from| from.address.as_str()).unwrap_or_default();
    let local = address.split('@').next().unwrap_or_default();
    let is_named = reading.report_senders.iter().any(|name| name.eq_ignore_ascii_case(local));
    is_named || matches!(reading.envelope, Envelope::Known { sender: None, .. })
}

fn part_of<'a>(letter: &'a Letter, types: &[&str]) -> Option<&'a Part> {
    letter.parts.iter().find(|part| types.contains(&part.content_type.as_str()))
}

/// Returns the `Message-ID`s of the messages that a letter encloses.
fn enclosed_ids(letter: &Letter) -> Vec<String> {
    let is_message = |part: &&Part| {
        ["message/rfc822", "message/global", "message/global-headers", "text/rfc822-headers"]
            .contains(&part.content_type.as_str())
    };
    let mut ids = Vec::new();
    for part in letter.parts.iter().filter(is_message).take(ORIGINALS_MAX) {
        let (fields, _) = Fields::scan(&part.content, 0, HEADERS_LEN_MAX, HEADER_COUNT_MAX);
        ids.extend(fields.ids("message-id").into_iter().next());
    }
    ids
}

/// Reads a delivery status (RFC 3464, section 2): fields of the message, then a group of fields for
/// each recipient.
fn delivery(part: &Part, originals: Vec<String>) -> Report {
    let recipients: Vec<_> = groups(&part.content).iter().filter_map(recipient).collect();
    let is_failed = |recipient: &ReportedRecipient| recipient.action == "failed";
    let kind = if recipients.iter().any(is_failed) {
        ReportKind::NonDelivery
    } else {
        ReportKind::Delivery
    };
    Report { kind, originals, recipients }
}

fn groups(content: &[u8]) -> Vec<Fields<'_>> {
    let mut groups = Vec::new();
    let mut at = 0;
    while at < content.len() && groups.len() <= RECIPIENTS_MAX {
        let (fields, next) = Fields::scan(content, at, HEADERS_LEN_MAX, HEADER_COUNT_MAX);
        // A line that is no field ends the scan without going on.
        at = if next > at { next } else { super::fields::line_end(content, at) };
        if !fields.is_empty() {
            groups.push(fields);
        }
    }
    groups
}

fn recipient(group: &Fields<'_>) -> Option<ReportedRecipient> {
    let address = typed(group, "final-recipient").or_else(|| typed(group, "original-recipient"))?;
    let status = group.keyword("status").filter(|status| !status.is_empty());
    let action = group.keyword("action").filter(|action| !action.is_empty());
    let action =
        action.unwrap_or_else(|| action_of(status.as_deref().unwrap_or_default()).to_owned());
    let diagnostic = typed(group, "diagnostic-code");
    Some(ReportedRecipient { address, action, status, diagnostic })
}

/// What a status means, for servers that leave the action out (RFC 3463, section 2).
fn action_of(status: &str) -> &'static str {
    match status.as_bytes().first() {
        Some(b'2') => "delivered",
        Some(b'4') => "delayed",
        _ => "failed",
    }
}

/// Returns the text of a field of the form `type; text`; some servers leave the type out.
fn typed(group: &Fields<'_>, name: &str) -> Option<String> {
    let text = group.text(name)?;
    let value = text.split_once(';').map_or(text.as_str(), |(_, value)| value).trim();
    let value = value.trim_start_matches('<').trim_end_matches('>');
    (!value.is_empty()).then(|| names::cut(value, DIAGNOSTIC_LEN_MAX).to_owned())
}

/// Reads a disposition notification (RFC 8098, section 3).
fn disposition(part: &Part, enclosed: Vec<String>) -> Report {
    let (fields, _) = Fields::scan(&part.content, 0, HEADERS_LEN_MAX, HEADER_COUNT_MAX);
    let original = fields.ids("original-message-id").into_iter().next();
    let mut originals: Vec<_> = original.into_iter().collect();
    originals.extend(enclosed);
    originals.dedup();
    // `disposition-mode; disposition-type / modifier`
    let said = fields.text("disposition").unwrap_or_default();
    let said = said.rsplit(';').next().unwrap_or_default();
    let action = said.split('/').next().unwrap_or_default().trim().to_ascii_lowercase();
    let address =
        typed(&fields, "final-recipient").or_else(|| typed(&fields, "original-recipient"));
    let recipient = ReportedRecipient {
        address: address.unwrap_or_default(),
        action: if action.is_empty() { "displayed".to_owned() } else { action },
        status: None,
        diagnostic: fields
            .text("error")
            .map(|text| names::cut(&text, DIAGNOSTIC_LEN_MAX).to_owned()),
    };
    Report { kind: ReportKind::Disposition, originals, recipients: vec![recipient] }
}

/// Returns the recipients that a server names in a header of its report, as Exim and Google do.
fn failed(fields: &Fields<'_>) -> Vec<ReportedRecipient> {
    let addresses = fields.addresses("x-failed-recipients");
    let recipients = addresses.into_iter().take(RECIPIENTS_MAX).map(|address| ReportedRecipient {
        address: address.address,
        action: "failed".to_owned(),
        status: None,
        diagnostic: None,
    });
    recipients.collect()
}

/// Finds lines of the form `Message-ID: <…>` in a text.
fn ids_in_text(text: &str) -> Vec<String> {
    let lines = names::cut(text, SEARCHED_LEN_MAX)
        .lines()
        .map(|line| line.trim_start_matches(['>', ' ', '\t']));
    let ids = lines.filter_map(|line| {
        let (name, id) = line.split_once(':')?;
        let id = id.trim().strip_prefix('<')?.strip_suffix('>')?;
        name.trim().eq_ignore_ascii_case("message-id").then(|| one_line(id))
    });
    ids.take(ORIGINALS_MAX).collect()
}
