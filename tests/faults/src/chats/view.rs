//! What one party of a chat was told, in its own numbering.

use serde_json::Value;

/// One entry, as everybody who sees it must see it: what kind, who, and the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// The whole of it.
    pub(super) text: String,
    /// Whether the customer sees it.
    pub(super) is_for_customer: bool,
}

impl Line {
    /// Reads an entry of either side's messages and its index; `None` for what is no entry, such as
    /// that somebody types.
    pub(super) fn read(message: &Value) -> Option<(u64, Self)> {
        let index = message["index"].as_u64()?;
        // The two sides have different words for the same kind.
        let kind = message["type"]
            .as_str()
            .map_or("", |kind| if kind == "Message" { "Text" } else { kind });
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (from, said) = (text(&message["from"]["nickname"]), text(&message["text"]));
        let is_for_customer =
            message["visibility"].as_str().is_none_or(|visibility| visibility == "All");
        Some((index, Self { text: format!("{kind}|{from}|{said}"), is_for_customer }))
    }

    /// Returns what was said; empty for whoever came or went.
    pub(super) fn said(&self) -> &str {
        self.text.rsplit_once('|').map_or("", |(_, said)| said)
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct View {
    told: Vec<Option<Line>>,
    /// How often something was told that had been told before.
    pub(super) again: u64,
    pub(super) faults: Vec<String>,
}

impl View {
    /// Returns how far it has been told.
    pub(super) const fn len(&self) -> usize {
        self.told.len()
    }

    pub(super) fn lines(&self) -> impl Iterator<Item = &Line> {
        self.told.iter().flatten()
    }

    /// Takes in an entry. Each must be the next one; one that was told before must be what it was.
    pub(super) fn take(&mut self, index: u64, line: Line) {
        let place = usize::try_from(index.saturating_sub(1)).unwrap_or(usize::MAX);
        if index == 0 || place > self.told.len() + 100_000 {
            self.faults.push(format!("index {index} cannot be"));
        } else if let Some(known) = self.told.get_mut(place) {
            self.again += 1;
            match known {
                Some(known) if *known != line => {
                    self.faults
                        .push(format!("index {index} was {:?} and is {:?}", known.text, line.text));
                }
                Some(_) => {}
                None => *known = Some(line),
            }
        } else {
            if place > self.told.len() {
                self.faults
                    .push(format!("index {index} came when {} had been told", self.told.len()));
            }
            self.told.resize(place, None);
            self.told.push(Some(line));
        }
    }

    /// Compares with the sequence that it must be a prefix of.
    pub(super) fn compare(&self, sequence: &[&Line]) -> Vec<String> {
        let mut faults = self.faults.clone();
        for (place, told) in self.told.iter().enumerate() {
            let index = place + 1;
            match (told, sequence.get(place)) {
                (None, _) => faults.push(format!("index {index} was never told")),
                (Some(told), None) => {
                    faults.push(format!("{:?} was told and is not stored", told.text))
                }
                (Some(told), Some(stored)) if told.text != stored.text => {
                    faults.push(format!(
                        "index {index} was told as {:?} and is {:?}",
                        told.text, stored.text
                    ));
                }
                (Some(_), Some(_)) => {}
            }
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn line(text: &str) -> Line {
        Line { text: text.to_owned(), is_for_customer: true }
    }

    fn view(told: &[(u64, &str)]) -> View {
        let mut view = View::default();
        told.iter().for_each(|(index, text)| view.take(*index, line(text)));
        view
    }

    #[test]
    fn both_sides_words_for_an_entry_are_one() {
        let customers =
            json!({"index": 3, "type": "Message", "text": "hello", "from": {"nickname": "Ada"}});
        let agents = json!({"index": 4, "type": "Text", "text": "hello", "from": {"nickname": "Ada"}, "visibility": "All"});
        let (read, other) = (Line::read(&customers).unwrap(), Line::read(&agents).unwrap());
        assert_eq!((read.0, other.0), (3, 4));
        assert_eq!(read.1, other.1);
        assert_eq!(read.1.said(), "hello");
        assert_eq!(Line::read(&json!({"type": "TypingStarted"})), None);
    }

    #[test]
    fn a_prefix_has_no_faults() {
        let sequence = [&line("a"), &line("b"), &line("c")];
        assert!(view(&[]).compare(&sequence).is_empty());
        assert!(view(&[(1, "a"), (2, "b")]).compare(&sequence).is_empty());
        let told_again = view(&[(1, "a"), (2, "b"), (2, "b")]);
        assert!(told_again.compare(&sequence).is_empty());
        assert_eq!(told_again.again, 1);
    }

    #[test]
    fn what_is_no_prefix_is_found() {
        let sequence = [&line("a"), &line("b"), &line("c")];
        for (told, faults) in [
            (&[(1, "a"), (3, "c")][..], 2),
            (&[(1, "b")], 1),
            (&[(1, "a"), (1, "b")], 1),
            (&[(1, "a"), (2, "b"), (3, "c"), (4, "d")], 1),
            (&[(0, "a")], 1),
        ] {
            assert_eq!(view(told).compare(&sequence).len(), faults, "{told:?}");
        }
    }
}
