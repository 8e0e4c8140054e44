//! What things may be called, by whichever door a name comes.

use crate::thing::Thing;

/// Most bytes of a name: as many as of all that names something in a request, and more than fit
/// into a menu.
const BYTES_MAX: usize = 255;

/// Says what is wrong with the name of a thing of that kind; `None` when nothing is.
pub(crate) fn name_fault(thing: Thing, name: &str) -> Option<String> {
    if name.trim().is_empty() {
        Some("expected a name, found an empty text".to_owned())
    } else if name.contains(char::is_control) {
        Some(format!("the name of a {thing} is one line"))
    } else if name.len() > BYTES_MAX {
        Some(format!("the name of a {thing} has {BYTES_MAX} bytes at most"))
    } else {
        None
    }
}

/// What is said of a skill or of a group of agents, as far as it is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamedDescription {
    pub name: Option<String>,
}

impl NamedDescription {
    /// Returns what is wrong with it, and what is allowed.
    #[must_use]
    pub fn fault(&self, thing: Thing) -> Option<String> {
        self.name.as_deref().and_then(|name| name_fault(thing, name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_line_that_is_not_blank() {
        let fault = |name: &str| name_fault(Thing::Skill, name);
        for good in ["billing", "näh & öl", " x ", &"n".repeat(BYTES_MAX)] {
            assert_eq!(fault(good), None, "{good}");
        }
        for bad in ["", " ", "\u{a0}", "two\nlines", "nul\0", &"n".repeat(BYTES_MAX + 1)] {
            assert!(fault(bad).is_some(), "{bad}");
        }
    }
}
