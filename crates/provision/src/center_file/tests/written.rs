//! What is stored, written down as a file and applied again.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use handoff_store::{ChangeSet, Put};
use handoff_testkit::FaultyStore;
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use toml::Value;

use super::*;

/// As it is written, with everything that can be said. A new option belongs here.
const WHOLE: &str = r#"# Without passwords: users keep those that they have, and new ones have none.
[center]
name = "Demo"
missedOffersToNotReady = 0
retention = { chat = "365d", email = "80h" }
timeZone = "Europe/Copenhagen"

[[skill]]
name = "billing"
[[skill]]
name = "english"

[[group]]
name = "Sales"
[[group]]
name = "Support"

[[user]]
userName = "ada"
roles = ["admin"]
enabled = false

[[user]]
userName = "kate"
firstName = "Kate"
lastName = "O'Lund"
nickname = "Kate"
emailAddress = "kate@demo.example"
roles = ["agent", "supervisor", "apiuser"]
groups = ["Sales", "Support"]
skills = { billing = 5, english = 1 }
capacity = { chat = 3, overall = 6, sms = 2 }

[[queue]]
name = "chats"
channel = "chat"

[[queue]]
name = "letters"
channel = "email"
groups = ["Support"]
skills = { billing = 3 }
priority = -5
inviteTimeout = "60s"
reofferAfter = "0s"
answerTarget = "2h"
dispositions = ["other", "solved"]
dispositionRequired = true
review = "review"
[queue.acknowledge]
subject = 'We have your "message"'
text = """
Hello,
somebody will answer it today.
"""
[queue.hours]
timeZone = "Europe/Paris"
open = ["Mon-Thu 08:00-18:00"]
exceptions = ["2026-12-24 08:00-12:00", "2026-12-25 closed"]
[queue.closed]
subject = "We are closed"
text = "Until Monday."
[[queue.step]]
after = "90s"
groups = ["Sales", "Support"]
[[queue.step]]
after = "5m"
skills = { english = 1 }

[[queue]]
name = "review"
channel = "email"

[[queue]]
name = "texts"
channel = "sms"

[[workbin]]
name = "Shelf"
type = "Agent"

[[workbin]]
name = "Team"
type = "AgentGroup"
group = "Sales"

[[workbin]]
name = "Team"
type = "AgentGroup"
group = "Support"

[[service]]
name = "bare"
type = "chat"
queue = "chats"

[[service]]
name = "help"
type = "chat"
queue = "chats"
enabled = false
customerSilence = "60s"
idleAlert = "0s"
idleClose = "20d"
waitMax = "90s"
withoutKey = true
leaveMessage = "contact"
maxWaiting = 20
origins = ["https://www.example.com", "https://*.example.org"]
[service.hours]
timeZone = "Europe/Copenhagen"
open = ["Mon-Fri 08:00-18:00", "Sat 22:30-24:00"]
exceptions = ["2026-12-25 closed"]
[service.files]
uploads = 1
fileBytes = 1000
totalBytes = 2000
downloads = 4
types = ["pdf", "png"]
needAgent = true

[[service]]
name = "contact"
type = "email"
queue = "letters"
mailbox = "help@demo.example"
[service.files]
uploads = 2
totalBytes = 3000
types = ["pdf"]

[[service]]
name = "texts"
type = "openmedia"
queue = "texts"
interactionType = "Internal"
interactionSubType = "OutboundNew"
allowOverwrite = true

[[mailbox]]
address = "help@demo.example"
name = "Demo Help"
queue = "letters"
aliases = ["care@demo.example"]
default = true
lmtp = true
replyTokens = true
[mailbox.imap]
host = "imap.demo.example"
port = 1143
security = "starttls"
user = "help"
password = { env = "HELP_PASSWORD" }
folder = "Support"
after = "move"
moveTo = "Handled"
poll = "5s"
onlyNew = true
[mailbox.smtp]
host = "smtp.demo.example"
user = "help"
oauth2 = { clientId = "c", clientSecret = { env = "CLIENT" }, refreshToken = { file = "/run/token" }, scope = "s", tokenUrl = "https://login.example/token" }

[[mailbox]]
address = "orders@demo.example"
queue = "letters"
outbox = "sent"
[mailbox.imap]
host = "imap.demo.example"
user = "orders"
password = { file = "/run/orders" }
after = "delete"

[workspace]
outboundQueue = "letters"
fromAddresses = ["help@demo.example"]
notReadyReasons = ["Lunch", "Break"]

[workspace.reasonNames]
Break = "A short break"

[workspace.settings]
"chat.nickname" = "$Agent.FirstName$"
plain = "yes"

[[disposition]]
key = "solved"
displayName = "Solved"
channels = ["chat", "email"]
noteRequired = true

[[disposition]]
key = "other"

[[response]]
name = "Greeting"
shortcut = "hi"
category = "Common/Greetings"
language = "en"
channels = ["chat", "email"]
subject = "Your question"
text = """
Hello {{ contact.firstName }},
how can I help?
"""
html = "<p>Hello {{ contact.firstName }}</p>"

[[response]]
name = "One moment"
text = "One moment, please."
"#;

const DEMO: &str = include_str!("../../../../server/src/demo/demo.toml");

async fn written(setup: &Setup, reader: Reader) -> String {
    one(setup, None, reader).await.unwrap()
}

async fn one(setup: &Setup, name: Option<&str>, reader: Reader) -> Result<String, NotWritten> {
    let directory = setup.directory().await;
    write_down(&*setup.store, &directory, center_named(&directory, name)?, reader)
}

/// Expects that nothing changes by a file, also where what it does not name would go.
async fn expect_same(setup: &Setup, text: &str) {
    for unnamed in [Unnamed::Keep, Unnamed::Prune] {
        let plan = setup.plan(text, unnamed).await.unwrap_or_else(|why| panic!("{why}\n{text}"));
        assert_eq!(plan.difference.to_string(), "no changes\n", "{text}");
        assert_eq!(plan.warnings, Vec::<String>::new());
    }
}

#[tokio::test]
async fn everything_that_a_file_can_say_is_written() {
    let setup = Setup::with(WHOLE).await;
    assert_eq!(written(&setup, Reader::Operator).await, WHOLE);
    expect_same(&setup, WHOLE).await;
}

#[tokio::test]
async fn the_demo_center_is_written_and_makes_another_one_like_it() {
    let setup = Setup::with(DEMO).await;
    let text = written(&setup, Reader::Operator).await;
    assert!(!text.contains("password ="), "{text}");
    expect_same(&setup, &text).await;
    let another = Setup::with(&text).await;
    assert_eq!(written(&another, Reader::Operator).await, text);
    assert_eq!(another.user("kate").await.password_hash, None);
}

/// A hash as they are made, which somebody could log in with.
const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$YWFhYWFhYWE$own";

async fn put(setup: &Setup, user: handoff_domain::User) {
    let expected = setup.directory().await.version(&Key::User(user.id));
    let puts = vec![Put { record: Record::User(user), expected }];
    setup.store.commit(ChangeSet { puts, ..ChangeSet::default() }).await.unwrap();
}

#[tokio::test]
async fn hashes_are_written_where_they_are_asked_for_and_change_no_password() {
    let setup = Setup::with(SAMPLE).await;
    let of_file = setup.user("kate").await.password_hash.unwrap();
    let own = setup.user("kate").await.with_own_password(HASH.to_owned());
    // One that somebody gave them, and that they have to change, would count for good in a copy.
    put(&setup, handoff_domain::User { must_change_password: true, ..own.clone() }).await;
    let given = written(&setup, Reader::OperatorWithHashes).await;
    assert!(!given.contains(HASH), "{given}");
    expect_same(&setup, &given).await;
    put(&setup, own).await;

    let without = written(&setup, Reader::Operator).await;
    assert!(!without.contains(HASH) && !without.contains(&of_file), "{without}");
    let with = written(&setup, Reader::OperatorWithHashes).await;
    assert!(with.contains(&format!("password = {{ argon2 = \"{HASH}\" }}\n")), "{with}");
    assert!(!with.contains("Without passwords") && !with.contains(&of_file), "{with}");
    for text in [without, with.clone()] {
        expect_same(&setup, &text).await;
    }
    // It was no password of the file's: what that gave last still takes nothing back.
    setup.apply(SAMPLE, Unnamed::Keep).await.unwrap();
    assert_eq!(setup.user("kate").await.password_hash.as_deref(), Some(HASH));
    let another = Setup::with(&with).await;
    assert_eq!(another.user("kate").await.password_hash.as_deref(), Some(HASH));
}

#[tokio::test]
async fn an_admin_is_not_told_of_mailboxes() {
    let setup = Setup::with(WHOLE).await;
    let text = written(&setup, Reader::Admin).await;
    for secret in ["mailbox]]", "imap", "/run/token", "HELP_PASSWORD", "outbox"] {
        assert!(WHOLE.contains(secret) && !text.contains(secret), "{secret}: {text}");
    }
    assert!(text.contains("# Without mailboxes: "), "{text}");
    let difference = setup.plan(&text, Unnamed::Keep).await.unwrap().difference;
    assert!(difference.is_empty() && !difference.changes_mailboxes(), "{difference}");
    // Where there are none, nothing is said of them.
    let text = written(&Setup::with(SAMPLE).await, Reader::Admin).await;
    assert!(!text.contains("mailbox"), "{text}");
}

#[tokio::test]
async fn one_of_several_is_named() {
    let setup = Setup::default();
    let one = async |name| one(&setup, name, Reader::Operator).await.map_err(|why| why.to_string());
    assert_eq!(one(None).await.unwrap_err(), "there is no contact center yet");
    for name in ["North", "South"] {
        let text = format!("[center]\nname = \"{name}\"\n[[skill]]\nname = \"of {name}\"\n");
        setup.apply(&text, Unnamed::Keep).await.unwrap();
    }
    let north = one(Some("North")).await.unwrap();
    assert!(north.contains("\"of North\"") && !north.contains("South"), "{north}");
    let told = one(None).await.unwrap_err();
    assert_eq!(
        told,
        "there are several contact centers (\"North\", \"South\"); name one with --center"
    );
    let told = one(Some("East")).await.unwrap_err();
    assert!(told.contains("no contact center \"East\"") && told.contains("\"South\""), "{told}");
}

/// What is damaged would be missing in the file, and be removed by it.
#[tokio::test]
async fn nothing_is_written_while_a_part_cannot_be_read() {
    let setup = Setup::with(SAMPLE).await;
    let kate = setup.user("kate").await.id;
    let write = async |unreadable: &[Key]| {
        let store = FaultyStore::over(setup.store.clone());
        unreadable.iter().for_each(|key| store.make_unreadable(key.clone()));
        let directory = Directory::load(&store).await.unwrap();
        write_down(&store, &directory, center_named(&directory, None)?, Reader::Operator)
    };
    let told = write(&[Key::User(kate)]).await.unwrap_err();
    assert!(matches!(&told, NotWritten::Unreadable(row) if row.starts_with("users ")), "{told}");
    // Work is no part of it.
    write(&[Key::Desk(kate)]).await.unwrap();
}

/// Names as they may be, difficult ones among them.
fn name() -> impl Strategy<Value = String> {
    let hard = r#"[-a-zA-Z0-9 "'\\#=\[\]{},.äß\u{2028}😀]{1,12}"#;
    hard.prop_filter("a name is not blank", |name| !name.trim().is_empty())
}

/// Texts as they may be: of several lines, with whatever character.
fn words() -> impl Strategy<Value = String> {
    prop_oneof!["[\\PC\n\r\t\"'\\\\\u{0}-\u{7f}]{1,20}", Just("\"\"\"'''\\".to_owned())]
        .prop_filter("a text is not blank", |text| !text.trim().is_empty())
}

prop_compose! {
    /// A center file with some of everything whose form leaves a choice.
    fn a_file()(
        skills in btree_set(name(), 1..4),
        groups in btree_set(name(), 1..4),
        people in vec((words(), any::<bool>(), 0..4_u32, any::<bool>()), 0..4),
        queues in vec((any::<i64>(), 1_000..86_400_000_u64, words(), 0..3_usize), 0..4),
        settings in vec((words(), words()), 0..3),
        times in vec((0..7_usize, 0..7_usize, 0..720_u16, 1..=720_u16), 1..4),
    ) -> String {
        let text = |text: &str| Value::from(text);
        let mut file = format!("[center]\nname = {}\n", text(skills.first().expect("one")));
        for (kind, names) in [("skill", &skills), ("group", &groups)] {
            for name in names {
                writeln!(file, "[[{kind}]]\nname = {}", text(name)).unwrap();
            }
        }
        let groups: Vec<Value> = groups.iter().map(|name| text(name)).collect();
        let levels = |level: u32| {
            let levels = skills.iter().map(|name| (name.clone(), Value::from(level)));
            Value::from(levels.collect::<toml::Table>())
        };
        for (n, (name, enabled, level, is_grouped)) in people.iter().enumerate() {
            writeln!(file, "[[user]]\nuserName = \"u{n}\"\nfirstName = {}", text(name)).unwrap();
            writeln!(file, "enabled = {enabled}\nskills = {}", levels(*level)).unwrap();
            if *is_grouped {
                writeln!(file, "groups = {}", Value::from(groups.clone())).unwrap();
            }
        }
        for (n, (priority, timeout, words, steps)) in queues.iter().enumerate() {
            writeln!(file, "[[queue]]\nname = \"q{n}\"\nchannel = \"email\"").unwrap();
            writeln!(file, "priority = {priority}\ninviteTimeout = \"{timeout}ms\"").unwrap();
            writeln!(file, "acknowledge = {{ subject = \"s\", text = {} }}", text(words)).unwrap();
            for step in 1..=*steps {
                writeln!(file, "[[queue.step]]\nafter = \"{step}m\"").unwrap();
            }
        }
        writeln!(file, "[[queue]]\nname = \"chats\"\nchannel = \"chat\"").unwrap();
        writeln!(file, "[[service]]\nname = \"c\"\ntype = \"chat\"\nqueue = \"chats\"").unwrap();
        file.push_str("[service.hours]\ntimeZone = \"UTC\"\nopen = [\n");
        for (one, other, from, length) in times {
            let day = |n: usize| handoff_domain::Weekday::ALL[n].short_name();
            let (first, last) = (day(one.min(other)), day(one.max(other)));
            let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
            writeln!(file, "\"{first}-{last} {}-{}\",", clock(from), clock(from + length)).unwrap();
        }
        file.push_str("]\n[workspace.settings]\n");
        let settings: BTreeMap<String, String> = settings.into_iter().collect();
        file + &toml::to_string(&settings).unwrap()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_changes_nothing_and_makes_another_one_like_it(file in a_file()) {
        blocking(async {
            let setup = Setup::with(&file).await;
            let text = written(&setup, Reader::Operator).await;
            expect_same(&setup, &text).await;
            let another = Setup::with(&text).await;
            assert_eq!(written(&another, Reader::Operator).await, text);
        });
    }
}

fn blocking(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(test);
}
