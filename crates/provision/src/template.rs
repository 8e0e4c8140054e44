//! Texts with places that are filled in: what is allowed in one, and what becomes of it.
//!
//! A template is what people of the contact center keep; what customers say only ever fills a
//! place, and is never markup. The language is minijinja's, without its functions, tests and
//! filters but four; it can reach nothing but the values, and what filling in costs is bounded.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use minijinja::value::{Enumerator, Object, ObjectRepr};
use minijinja::{Environment, Error, ErrorKind, Output, Value};

/// What filling one text in may cost. A step costs one, and so do 64 bytes of whatever is made on
/// the way, written or not: half a MiB, four times the longest letter that agents write.
const FUEL: u64 = 8 << 10;

/// The stack on which a template is read, in bytes; of it only what is used is taken. Reading goes
/// as deep as a text says, and no fuel is burnt by it: 32 KiB have 32,768 signs of a negation.
const STACK_BYTES: usize = 256 << 20;
/// One template is looked at at a time, however many ask: each has a stack of its own.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// How what fills a place is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Markup {
    Plain,
    /// Nothing of a value is markup.
    Html,
}

/// The values that fill places, by what stands before the dot and by what stands after it. Of what
/// is named and has no value here the name alone is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values(pub BTreeMap<&'static str, BTreeMap<String, String>>);

/// What stands before and after the dot.
const NAMES: &[(&str, &[&str])] = &[
    ("contact", &["firstName", "lastName", "name", "emailAddress"]),
    ("agent", &["firstName", "lastName", "nickname", "userName", "emailAddress"]),
    ("interaction", &["id", "subject", "channel"]),
];
/// Whose names are those of the user data.
const USER_DATA: &str = "interaction.userData";

/// A text that was filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filled {
    pub text: String,
    /// The places that nothing was there for.
    pub missing: BTreeSet<String>,
}

/// Returns what is wrong with a template, and where; `None` when nothing is.
#[must_use]
pub fn template_fault(source: &str) -> Option<String> {
    with_room(|| fault(source)).unwrap_or_else(Some)
}

/// Does something that may go deep.
fn with_room<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, String> {
    let _only_one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let done = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
        thread.spawn_scoped(scope, work).ok()?.join().ok()
    });
    done.ok_or_else(|| "it cannot be looked at now; try again later".to_owned())
}

fn fault(source: &str) -> Option<String> {
    let environment = environment(Markup::Plain);
    let template = match environment.template_from_str(source) {
        Ok(template) => template,
        Err(error) => return Some(told(&error)),
    };
    let unknown = template.undeclared_variables(true).into_iter().filter(|name| !is_known(name));
    if let Some(name) = unknown.min_by_key(|name| source.find(name)) {
        let line = 1 + source.split(&name).next().unwrap_or_default().matches('\n').count();
        return Some(format!("line {line}: there is nothing named {name}; {}", names()));
    }
    // With nothing known every place is looked at as it is when a customer said nothing.
    match template.render(Value::from_object(Scope::new(&Values::default(), &Missing::default()))) {
        Ok(_) => None,
        Err(error) => Some(told(&error)),
    }
}

/// Fills a template in.
///
/// # Errors
///
/// What is wrong with it, and where, when it has a fault or comes to too much.
pub fn fill(source: &str, values: &Values, markup: Markup) -> Result<Filled, String> {
    with_room(|| filled(source, values, markup))?
}

fn filled(source: &str, values: &Values, markup: Markup) -> Result<Filled, String> {
    let missing = Missing::default();
    let environment = environment(markup);
    let scope = Value::from_object(Scope::new(values, &missing));
    let filled = environment.template_from_str(source).and_then(|template| template.render(scope));
    let text = filled.map_err(|error| told(&error))?;
    let missing = missing.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Ok(Filled { text, missing })
}

fn is_known(name: &str) -> bool {
    let own = |(part, fields): &(&str, &[&str])| {
        name == *part || fields.iter().any(|field| name == format!("{part}.{field}"))
    };
    let is_data =
        name.strip_prefix(USER_DATA).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    is_data || NAMES.iter().any(own)
}

fn names() -> String {
    let all =
        NAMES.iter().flat_map(|(part, fields)| fields.iter().map(move |it| format!("{part}.{it}")));
    format!("there are {} and {USER_DATA}.KEY", all.collect::<Vec<_>>().join(", "))
}

fn told(error: &Error) -> String {
    let line = error.line().map_or_else(String::new, |line| format!("line {line}: "));
    match error.detail() {
        Some(detail) => format!("{line}{detail}"),
        None => format!("{line}{}", error.kind()),
    }
}

fn environment(markup: Markup) -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_fuel(Some(FUEL));
    environment.set_formatter(move |out, _, value| write(out, value, markup));
    environment.add_filter("upper", |value: &Value| cased(value, str::to_uppercase));
    environment.add_filter("lower", |value: &Value| cased(value, str::to_lowercase));
    environment.add_filter("trim", |value: &Value| cased(value, |text| text.trim().to_owned()));
    environment.add_filter(
        "default",
        |value: &Value, other: Value| {
            if value.is_true() { value.clone() } else { other }
        },
    );
    environment
}

/// Changes a text; what is missing stays so, and is told as that.
fn cased(value: &Value, change: fn(&str) -> String) -> Value {
    value.as_str().map_or_else(|| value.clone(), |text| Value::from(change(text)))
}

fn write(out: &mut Output<'_>, value: &Value, markup: Markup) -> Result<(), Error> {
    if let Some(absent) = value.downcast_object_ref::<Absent>() {
        absent.tell();
        return Ok(());
    }
    if value.as_object().is_some() {
        let what = "a place is filled by a text; say which after a dot";
        return Err(Error::new(ErrorKind::InvalidOperation, what));
    }
    let escaped = |sign| match (markup, sign) {
        (Markup::Plain, _) => None,
        (Markup::Html, '&') => Some("&amp;"),
        (Markup::Html, '<') => Some("&lt;"),
        (Markup::Html, '>') => Some("&gt;"),
        (Markup::Html, '"') => Some("&quot;"),
        (Markup::Html, '\'') => Some("&#39;"),
        (Markup::Html, _) => None,
    };
    for sign in value.to_string().chars() {
        match escaped(sign) {
            Some(name) => out.write_str(name)?,
            None => out.write_char(sign)?,
        }
    }
    Ok(())
}

/// What was to fill a place and was not there.
#[derive(Clone, Debug, Default)]
struct Missing(Arc<Mutex<BTreeSet<String>>>);

/// Everything that has a name: `contact`, `agent`, `interaction`.
#[derive(Debug)]
struct Scope(BTreeMap<&'static str, Value>);

impl Scope {
    fn new(values: &Values, missing: &Missing) -> Self {
        let part = |name: &str| {
            let known = values.0.get(name).cloned().unwrap_or_default();
            Part { name: name.to_owned(), values: known, data: None, missing: missing.clone() }
        };
        let mut interaction = part("interaction");
        interaction.data = Some(Value::from_object(part(USER_DATA)));
        Self(BTreeMap::from([
            ("contact", Value::from_object(part("contact"))),
            ("agent", Value::from_object(part("agent"))),
            ("interaction", Value::from_object(interaction)),
        ]))
    }
}

impl Object for Scope {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.0.get(key.as_str()?).cloned()
    }
}

/// What stands behind a name.
#[derive(Debug)]
struct Part {
    name: String,
    values: BTreeMap<String, String>,
    data: Option<Value>,
    missing: Missing,
}

impl Object for Part {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let key = key.as_str()?;
        if let Some(data) = self.data.as_ref().filter(|_| key == "userData") {
            return Some(data.clone());
        }
        let absent = || {
            let name = format!("{}.{key}", self.name);
            Value::from_object(Absent { name, missing: self.missing.clone() })
        };
        let known = self.values.get(key).filter(|text| !text.is_empty());
        Some(known.map_or_else(absent, |text| Value::from(text.as_str())))
    }
}

/// What has a name and no value.
#[derive(Debug)]
struct Absent {
    name: String,
    missing: Missing,
}

impl Absent {
    fn tell(&self) {
        self.missing.0.lock().unwrap_or_else(PoisonError::into_inner).insert(self.name.clone());
    }
}

impl Object for Absent {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Empty
    }

    fn is_true(self: &Arc<Self>) -> bool {
        false
    }

    fn render(self: &Arc<Self>, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> Values {
        let texts = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect()
        };
        Values(BTreeMap::from([
            ("contact", texts(&[("firstName", "Ann <b>& {{ agent.userName }}"), ("lastName", "")])),
            ("agent", texts(&[("firstName", "Kate")])),
            ("interaction", texts(&[("subject", "Refund")])),
            (USER_DATA, texts(&[("order", "A-1"), ("order no", "A-2")])),
        ]))
    }

    fn filled(source: &str) -> (String, Vec<String>) {
        let Filled { text, missing } = fill(source, &values(), Markup::Plain).expect(source);
        (text, missing.into_iter().collect())
    }

    #[test]
    fn places_are_filled_and_what_is_not_there_is_named() {
        let all = |text: &str| (text.to_owned(), Vec::new());
        assert_eq!(filled("Hi {{ agent.firstName | upper }}"), all("Hi KATE"));
        assert_eq!(filled("{{ interaction.userData.order }}"), all("A-1"));
        assert_eq!(filled("{{ interaction.userData['order no'] }}"), all("A-2"));
        assert_eq!(filled("{{ contact.lastName | default('you') }}"), all("you"));
        let choice = "{% if contact.lastName %}Dear {{ contact.lastName }}{% else %}Hi{% endif %}";
        assert_eq!(filled(choice), all("Hi"));
        let (text, missing) = filled("{{ contact.lastName }}/{{ interaction.userData.x | upper }}");
        assert_eq!((text.as_str(), missing.len()), ("/", 2));
        assert_eq!(missing, ["contact.lastName", "interaction.userData.x"]);
    }

    #[test]
    fn what_a_customer_says_is_neither_template_nor_markup() {
        let source = "<p>{{ contact.firstName }}</p>";
        let escaped = "<p>Ann &lt;b&gt;&amp; {{ agent.userName }}</p>";
        for source in
            [source, "{% autoescape false %}<p>{{ contact.firstName }}</p>{% endautoescape %}"]
        {
            let filled = fill(source, &values(), Markup::Html).expect(source);
            assert_eq!(filled.text, escaped);
        }
        assert_eq!(filled(source).0, "<p>Ann <b>& {{ agent.userName }}</p>");
        let safe = template_fault("{{ contact.firstName | safe }}");
        assert!(safe.is_some_and(|fault| fault.contains("safe")));
    }

    #[test]
    fn a_fault_is_told_with_its_line() {
        for (source, told) in [
            ("a\n{{ contact.firstName", "line 2"),
            ("a\nb\n{% if x %}", "line 3"),
            ("{% endif %}", "line 1"),
            ("a\n{{ kontact.firstName }}", "line 2: there is nothing named kontact.firstName"),
            ("{{ contact.phone }}", "line 1: there is nothing named contact.phone"),
            ("{{ contact }}", "line 1: a place is filled by a text"),
            ("{{ contact.firstName | shout }}", "line 1"),
            ("{% include 'x' %}", "line 1"),
            ("{{ range(9) }}", "line 1: there is nothing named range"),
            ("{{ contact.firstName.x.y }}", "line 1: there is nothing named contact.firstName.x.y"),
        ] {
            let fault = template_fault(source).expect(source);
            assert!(fault.contains(told), "{source}: {fault}");
        }
        for good in ["", "100 % {sure} #1 }}", "{# a note #}", "{{ 'x' }}{{ 1 }}"] {
            assert_eq!(template_fault(good), None, "{good}");
        }
    }

    #[test]
    fn what_a_text_comes_to_is_bounded() {
        let doubled = "{% set x = 'x' * 99 %}".to_owned() + &"{% set x = x ~ x %}".repeat(40);
        let looped = "{% for a in 'x' * 9999 %}{% for b in 'x' * 9999 %}y{% endfor %}{% endfor %}";
        for bomb in ["{{ 'x' * 99999999 }}", &doubled, looped] {
            let fault = template_fault(bomb).expect(bomb);
            assert!(fault.contains("fuel"), "{fault}");
        }
    }

    #[test]
    fn whatever_goes_deep_is_told_or_taken_and_ends_nothing() {
        let long = 32 << 10;
        for (before, link, after) in [
            ("{{ 1", "+1", " }}"),
            ("{{ 1", "~1", " }}"),
            ("{{ ", "- ", "1 }}"),
            ("{{ ", "not ", "1 }}"),
            ("{{ interaction", ".a", " }}"),
            ("{% if 1 %}", "{% elif 1 %}", "{% endif %}"),
            ("{{ ", "(", " }}"),
        ] {
            let source = [before, &link.repeat(long / link.len()), after].concat();
            // The stack here is that of any test.
            let _fault_or_none: Option<String> = template_fault(&source);
        }
        assert_eq!(template_fault("Hello"), None, "and goes on");
    }
}
