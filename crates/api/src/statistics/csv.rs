//! Rows as a table for a spreadsheet (RFC 4180).

use serde_json::Value;

use super::shown::Row;

/// The columns, and where each is in a row.
#[rustfmt::skip]
const COLUMNS: [(&str, &str); 38] = [
    ("begins", "/begins"), ("id", "/id"), ("name", "/name"),
    ("arrived", "/arrived"), ("entered", "/entered"), ("offered", "/offered"),
    ("accepted", "/accepted"), ("rejected", "/rejected"), ("timedOut", "/timedOut"),
    ("withdrawn", "/withdrawn"), ("abandoned", "/abandoned"), ("completed", "/completed"),
    ("transferredIn", "/transferredIn"), ("transferredOut", "/transferredOut"),
    ("waitCount", "/wait/count"), ("waitSumSeconds", "/wait/sumSeconds"),
    ("waitAverageSeconds", "/wait/averageSeconds"), ("waitMaxSeconds", "/wait/maxSeconds"),
    ("waitMedianSeconds", "/wait/medianSeconds"), ("waitP90Seconds", "/wait/p90Seconds"),
    ("waitP95Seconds", "/wait/p95Seconds"),
    ("firstAnswerCount", "/firstAnswer/count"),
    ("firstAnswerSumSeconds", "/firstAnswer/sumSeconds"),
    ("firstAnswerAverageSeconds", "/firstAnswer/averageSeconds"),
    ("firstAnswerMaxSeconds", "/firstAnswer/maxSeconds"),
    ("firstAnswerMedianSeconds", "/firstAnswer/medianSeconds"),
    ("firstAnswerP90Seconds", "/firstAnswer/p90Seconds"),
    ("firstAnswerP95Seconds", "/firstAnswer/p95Seconds"),
    ("handlingCount", "/handling/count"), ("handlingSumSeconds", "/handling/sumSeconds"),
    ("handlingAverageSeconds", "/handling/averageSeconds"),
    ("handlingMaxSeconds", "/handling/maxSeconds"),
    ("handlingMedianSeconds", "/handling/medianSeconds"),
    ("handlingP90Seconds", "/handling/p90Seconds"),
    ("handlingP95Seconds", "/handling/p95Seconds"),
    ("serviceLevelCounted", "/serviceLevel/counted"),
    ("serviceLevelWithin", "/serviceLevel/within"), ("serviceLevelShare", "/serviceLevel/share"),
];

pub(super) fn written(rows: &[Row]) -> String {
    let mut text = COLUMNS.map(|(name, _)| name).join(",");
    text.push_str("\r\n");
    for row in rows {
        let row = serde_json::to_value(row).unwrap_or_default();
        let cells = COLUMNS.map(|(_, place)| row.pointer(place).map_or_else(String::new, cell));
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    text
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => quoted(&harmless(text)),
        other => other.to_string(),
    }
}

/// A spreadsheet takes what begins so for a formula, and names are anybody's.
fn harmless(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    if is_formula { format!("'{text}") } else { text.to_owned() }
}

fn quoted(text: &str) -> String {
    if text.contains(['"', ',', '\r', '\n']) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn cells_are_quoted_and_no_formulas() {
        for (value, wanted) in [
            (json!("plain"), "plain"),
            (json!("a,b"), "\"a,b\""),
            (json!("say \"hi\""), "\"say \"\"hi\"\"\""),
            (json!("two\r\nlines"), "\"two\r\nlines\""),
            (json!("=1+1"), "'=1+1"),
            (json!("+1"), "'+1"),
            (json!("-1"), "'-1"),
            (json!("@SUM(A1,A2)"), "\"'@SUM(A1,A2)\""),
            (json!("\t=1"), "'\t=1"),
            (json!(1.5), "1.5"),
            (json!(null), ""),
        ] {
            assert_eq!(cell(&value), wanted);
        }
    }
}
