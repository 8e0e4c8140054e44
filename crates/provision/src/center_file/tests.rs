//! Center files against a store in memory.

mod mailboxes;
mod mails;
mod parts;
mod passing;
mod passwords;
mod responses;
mod services;
mod written;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use handoff_domain::interaction::decide::Options;
use handoff_domain::interaction::open::{NewInteraction, Placement};
use handoff_domain::{Direction, InteractionId, Media, Medium, Named, Role, Time, UserData};
use handoff_engine::{Clock, Core, Directory, Engine, IdSource, Opening, Outward, Parts};
use handoff_store::{Key, MemoryStore, Record, Store};

use super::*;
use crate::changing::By;

/// The sample of the contract (section 7), with a second group so that its step refers to
/// something.
const SAMPLE: &str = r#"[center]
name = "Demo"
[[skill]]
name = "billing"
[[group]]
name = "Support"
[[group]]
name = "Sales"
[[user]]
userName = "kate"
firstName = "Kate"
lastName = "Lund"
emailAddress = "kate@demo.example"
roles = ["agent"]
groups = ["Support"]
skills = { billing = 5 }
capacity = { chat = 3, email = 5, workitem = 5 }
password = { env = "KATE_PASSWORD" }
[[queue]]
name = "tasks"
channel = "workitem"
groups = ["Support"]
skills = { billing = 3 }
priority = 0
inviteTimeout = "30s"
[[queue.step]]
after = "60s"
groups = ["Support", "Sales"]
skills = {}
[[workbin]]
name = "Team"
type = "AgentGroup"
group = "Support"
"#;

/// Counts, so that ids are the same in every run.
#[derive(Default)]
struct Counted(AtomicU64);

impl IdSource for Counted {
    fn random(&self) -> u128 {
        u128::from(self.0.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn interaction(&self, now: Time) -> InteractionId {
        InteractionId::compose(
            u64::try_from(now.0).unwrap(),
            self.0.fetch_add(1, Ordering::Relaxed),
        )
    }
}

/// A hash that shows what it is of and how often one was made, as a salt would.
#[derive(Default)]
struct Marked {
    made: AtomicU64,
}

impl Passwords for Marked {
    fn variable(&self, name: &str) -> Option<String> {
        (name == "KATE_PASSWORD").then(|| "secret".to_owned())
    }

    fn hash(&self, password: &str) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
        Ok(format!("{}:{password}", self.made.fetch_add(1, Ordering::Relaxed)))
    }

    fn check_usable(&self, hash: &str) -> Result<(), String> {
        if hash.starts_with("$argon2id$v=") { Ok(()) } else { Err("it is none".to_owned()) }
    }

    fn is_of(&self, hash: &str, password: &str) -> bool {
        hash.split_once(':').is_some_and(|(_, of)| of == password)
    }
}

const BY: By = By::operator(Time(0), handoff_store::AuditTool::Apply);

#[derive(Default)]
struct Setup {
    store: Arc<MemoryStore>,
    ids: Counted,
    passwords: Marked,
}

impl Setup {
    async fn with(text: &str) -> Self {
        let setup = Self::default();
        setup.apply(text, Unnamed::Keep).await.unwrap();
        setup
    }

    async fn plan(&self, text: &str, unnamed: Unnamed) -> Result<Plan, CenterFileError> {
        let file = CenterFile::new("center.toml", text);
        file.plan(&*self.store, &self.ids, &self.passwords, unnamed).await
    }

    /// Applies a file and gives the difference as it is printed.
    async fn apply(&self, text: &str, unnamed: Unnamed) -> Result<String, CenterFileError> {
        let plan = self.plan(text, unnamed).await?;
        let printed = plan.difference.to_string();
        match unnamed {
            Unnamed::Keep => self.write(plan, QUIETLY).await?,
            Unnamed::Prune => pass_on(plan, &*engine(self).await, &[], QUIETLY).await?,
        };
        Ok(printed)
    }

    async fn write(&self, plan: Plan, listener: &dyn Listener) -> Result<Outcome, CenterFileError> {
        plan.carry_out(Way::Write(&*self.store), BY, listener).await
    }

    async fn directory(&self) -> Directory {
        Directory::load(&*self.store).await.unwrap()
    }

    async fn user(&self, name: &str) -> handoff_domain::User {
        let directory = self.directory().await;
        handoff_domain::User::clone(directory.user_by_name(name).expect("a user of that name"))
    }

    async fn refusal(&self, text: &str) -> String {
        let message = self.plan(text, Unnamed::Keep).await.expect_err(text).to_string();
        let is_told = |line: &str| line.starts_with("center.toml");
        assert!(message.lines().all(is_told), "a line each: {message}");
        message
    }
}

async fn pass_on(
    plan: Plan,
    engine: &Engine,
    work_to: &[String],
    listener: &dyn Listener,
) -> Result<Outcome, CenterFileError> {
    plan.carry_out(Way::PassOn { engine, work_to }, BY, listener).await
}

#[tokio::test]
async fn the_sample_of_the_contract_becomes_records() {
    let setup = Setup::with(SAMPLE).await;
    let directory = setup.directory().await;
    let kate = setup.user("kate").await;
    assert_eq!(kate.roles, [Role::Agent].into());
    assert_eq!(kate.email_address, "kate@demo.example");
    assert_eq!(kate.capacity.of(&Media::Chat), 3);
    assert_eq!(kate.capacity.overall, None);
    assert!(kate.enabled);
    assert!(kate.password_hash.as_ref().is_some_and(|hash| hash.ends_with(":secret")));
    let queue = directory.queues.values().next().unwrap();
    assert_eq!((queue.name.as_str(), &queue.media), ("tasks", &Media::Workitem));
    assert_eq!(queue.invite_timeout_ms, 30_000);
    assert_eq!(queue.skills.values().copied().collect::<Vec<_>>(), [3]);
    assert_eq!(queue.steps.len(), 1);
    assert_eq!(queue.steps[0].after_ms, 60_000);
    assert_eq!(queue.steps[0].groups.len(), 2);
    let bins: Vec<String> = directory.workbins_of(&kate).into_iter().map(|bin| bin.name).collect();
    assert!(
        bins.contains(&"In Progress".to_owned()) && bins.contains(&"Drafts".to_owned()),
        "{bins:?}"
    );
    assert!(bins.contains(&"Team".to_owned()), "{bins:?}");
}

#[tokio::test]
async fn the_first_application_is_told_as_additions() {
    let printed = Setup::default().apply(SAMPLE, Unnamed::Keep).await.unwrap();
    let expected = [
        "+ contact center \"Demo\"",
        "+ skill \"billing\"",
        "+ group \"Support\"",
        "+ group \"Sales\"",
        "+ workbin \"In Progress\" (Agent)",
        "+ workbin \"Drafts\" (Agent)",
        "+ workbin \"Team\" (AgentGroup Support)",
        "+ queue \"tasks\" (workitem)",
        "+ user \"kate\"",
    ];
    assert_eq!(printed.lines().collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn a_second_application_changes_nothing() {
    let setup = Setup::with(SAMPLE).await;
    assert_eq!(setup.apply(SAMPLE, Unnamed::Keep).await.unwrap(), "no changes\n");
    assert_eq!(setup.apply(SAMPLE, Unnamed::Prune).await.unwrap(), "no changes\n");
}

#[tokio::test]
async fn a_change_is_told_field_by_field_and_keeps_the_id() {
    let setup = Setup::with(SAMPLE).await;
    let before = setup.user("kate").await;
    let changed = SAMPLE
        .replace("Lund", "Berg")
        .replace("skills = { billing = 5 }", "skills = { billing = 4 }")
        .replace("priority = 0", "priority = 7")
        .replace("{ env = \"KATE_PASSWORD\" }", "\"another\"");
    let printed = setup.apply(&changed, Unnamed::Keep).await.unwrap();
    let expected = [
        "~ queue \"tasks\" (workitem): priority 0 → 7",
        "~ user \"kate\": lastName Lund → Berg; skills [billing 5] → [billing 4]; password changed",
    ];
    assert_eq!(printed.lines().collect::<Vec<_>>(), expected);
    let after = setup.user("kate").await;
    assert_eq!(after.id, before.id);
    assert_eq!(after.last_name, "Berg");
}

#[tokio::test]
async fn everything_that_is_wrong_is_told_at_once_in_the_order_of_the_lines() {
    let setup = Setup::default();
    let wrong = SAMPLE
        .replace("skills = { billing = 5 }", "skills = { biling = 5, englsh = 1 }")
        .replace(
            "capacity = { chat = 3, email = 5, workitem = 5 }",
            "capacity = { chatt = 3, email = 5, sms = 1 }",
        )
        .replace("channel = \"workitem\"", "channel = \"work item\"")
        .replace("inviteTimeout = \"30s\"", "inviteTimeout = \"25h\"")
        .replace("group = \"Support\"\n", "group = \"Suport\"\n")
        .replace("{ env = \"KATE_PASSWORD\" }", "{ argon2 = \"$argon2id$x\" }");
    let message = setup.plan(&wrong, Unnamed::Keep).await.unwrap_err().to_string();
    let expected = [
        ("center.toml:16: ", "skill \"biling\""),
        ("center.toml:16: ", "skill \"englsh\""),
        ("center.toml:17: ", "channel \"chatt\""),
        ("center.toml:17: ", "channel \"sms\""),
        ("center.toml:18: ", "password hash of kate"),
        ("center.toml:21: ", "\"work item\""),
        ("center.toml:25: ", "inviteTimeout is 25h"),
        ("center.toml:33: ", "group \"Suport\""),
    ];
    let lines: Vec<&str> = message.lines().collect();
    assert_eq!(lines.len(), expected.len(), "{message}");
    for (line, (place, what)) in lines.iter().zip(expected) {
        assert!(line.starts_with(place) && line.contains(what), "{line}: {place}{what}");
    }
    // The control: mended, it is taken.
    setup.plan(SAMPLE, Unnamed::Keep).await.unwrap();
}

#[tokio::test]
async fn faults_of_form_in_several_tables_are_told_at_once() {
    let setup = Setup::default();
    let wrong = SAMPLE
        .replace("lastName", "surname")
        .replace("after = \"60s\"", "after = 60")
        .replace("type = \"AgentGroup\"", "kind = \"AgentGroup\"");
    let message = setup.plan(&wrong, Unnamed::Keep).await.unwrap_err().to_string();
    let lines: Vec<&str> = message.lines().collect();
    assert_eq!(lines.len(), 3, "one for each table: {message}");
    for (line, (place, what)) in
        lines.iter().zip([(":12: ", "surname"), (":27: ", "queue.step.after"), (":32: ", "kind")])
    {
        assert!(line.contains(place) && line.contains(what), "{line}: {place}{what}");
    }
}

#[tokio::test]
async fn a_channel_is_a_token_and_capacity_knows_the_channels_that_there_are() {
    let setup = Setup::default();
    let with = |channel: &str, capacity: &str| {
        let text = SAMPLE.replace("channel = \"workitem\"", &format!("channel = {channel:?}"));
        text.replace("{ chat = 3, email = 5, workitem = 5 }", capacity)
    };
    for channel in ["a b", "a/b", "ä", "a?b", "..", "overall", &"x".repeat(65)] {
        let message = setup.refusal(&with(channel, "{ chat = 1 }")).await;
        assert!(
            message.starts_with("center.toml:21: ") && message.contains("channel name"),
            "{message}"
        );
    }
    for (channel, capacity) in [
        ("sms", "{ sms = 2, overall = 3 }"),
        ("fax.v2", "{ \"fax.v2\" = 2 }"),
        ("x_1-y", "{ voice = 1, email = 2 }"),
    ] {
        setup.plan(&with(channel, capacity), Unnamed::Keep).await.unwrap();
    }
    let message = setup.refusal(&with("sms", "{ fax = 2 }")).await;
    assert!(message.starts_with("center.toml:17: ") && message.contains("\"fax\""), "{message}");
}

#[tokio::test]
async fn a_queue_that_holds_work_keeps_its_channel() {
    let setup = Setup::with(SAMPLE).await;
    let changed = SAMPLE.replace("channel = \"workitem\"", "channel = \"sms\"");
    setup.plan(&changed, Unnamed::Keep).await.unwrap();
    open_interaction(&setup).await;
    let message = setup.refusal(&changed).await;
    assert!(message.starts_with("center.toml:21: "), "{message}");
    for part in ["\"tasks\"", "workitem", "sms"] {
        assert!(message.contains(part), "{message}");
    }
    setup.plan(SAMPLE, Unnamed::Keep).await.unwrap();
}

/// Another step, of the same time.
const STEP: &str = "[[queue.step]]\nafter = \"60s\"\n";

#[tokio::test]
async fn what_is_wrong_is_told_with_its_line() {
    let setup = Setup::default();
    let swap = |from: &str, to: &str| {
        assert!(SAMPLE.contains(from), "{from}");
        SAMPLE.replace(from, to)
    };
    let cases = [
        (swap("lastName", "surname"), vec![":12: ", "surname", "lastName"]),
        (
            swap("roles = [\"agent\"]", "roles = [\"boss\"]"),
            vec![":14: ", "boss", "supervisor", "apiuser"],
        ),
        (
            swap("groups = [\"Support\"]\nskills = { billing = 5 }", "groups = [\"Suport\"]"),
            vec![":15: ", "group \"Suport\""],
        ),
        (
            swap("skills = { billing = 5 }", "skills = { biling = 5 }"),
            vec![":16: ", "skill \"biling\""],
        ),
        (
            swap("\"KATE_PASSWORD\"", "\"BEN_PASSWORD\""),
            vec![":18: ", "BEN_PASSWORD", "kate", "not set"],
        ),
        (
            swap("{ env = \"KATE_PASSWORD\" }", "{ file = \"x\" }"),
            vec![":18: ", "file", "env", "argon2"],
        ),
        (swap("{ env = \"KATE_PASSWORD\" }", "{ argon2 = \"secret\" }"), vec![":18: ", "$argon2"]),
        (
            swap("channel = \"workitem\"", "channel = \"voice\""),
            vec![":21: ", "nothing is routed", "voice"],
        ),
        (swap("\"30s\"", "30"), vec![":25: ", "inviteTimeout"]),
        (swap("\"30s\"", "\"25h\""), vec![":25: ", "inviteTimeout is 25h", "1s to 24h"]),
        (
            swap("\"30s\"", "\"30s\"\nreofferAfter = \"2d\""),
            vec![":26: ", "reofferAfter is 2d", "24h"],
        ),
        (
            swap("\"30s\"", "\"30s\"\nanswerTarget = \"31d\""),
            vec![":26: ", "answerTarget is 31d", "30d"],
        ),
        (swap("\"60s\"", "\"0s\""), vec![":27: ", "more than 0s"]),
        (swap("\"60s\"", "\"25h\""), vec![":27: ", "24h at most"]),
        (swap("name = \"tasks\"", "name = \"ta\\nsks\""), vec![":20: ", "one line"]),
        (swap("[[workbin]]", &format!("{STEP}[[workbin]]")), vec![":31: ", "the step before it"]),
        (
            swap("[[workbin]]", &format!("{}[[workbin]]", STEP.repeat(100))),
            vec![":229: ", "100 steps"],
        ),
        (swap("[\"Support\", \"Sales\"]", "[\"Nobody\"]"), vec![":28: ", "group \"Nobody\""]),
        (swap("group = \"Support\"", ""), vec![":31: ", "needs a group"]),
        (swap("\"AgentGroup\"", "\"Agent\""), vec![":33: ", "has no group"]),
        (
            swap("name = \"Sales\"", "name = \"Support\""),
            vec![":8: ", "group \"Support\" is there already"],
        ),
        (swap("name = \"tasks\"", "name = \"\""), vec![":20: ", "empty"]),
        (swap("[center]\nname = \"Demo\"", ""), vec!["center"]),
    ];
    for (text, parts) in cases {
        let message = setup.refusal(&text).await;
        assert!(message.starts_with("center.toml"), "{message}");
        for part in parts {
            assert!(message.contains(part), "{message:?} lacks {part:?}");
        }
    }
}

#[tokio::test]
async fn a_user_name_of_another_center_is_refused() {
    let setup = Setup::with(SAMPLE).await;
    let message =
        setup.refusal("[center]\nname = \"Other\"\n[[user]]\nuserName = \"kate\"\n").await;
    assert!(message.starts_with("center.toml:4: ") && message.contains("taken"), "{message}");
}

/// The sample without its user, its queue and its workbin.
const REST: &str = "[center]\nname = \"Demo\"\n[[group]]\nname = \"Support\"\n[[user]]\nuserName = \"ben\"\nroles = [\"agent\"]\n";

#[tokio::test]
async fn what_is_not_named_stays_unless_pruned() {
    let setup = Setup::with(SAMPLE).await;
    let printed = setup.apply(REST, Unnamed::Keep).await.unwrap();
    assert_eq!(
        printed,
        "+ user \"ben\"\n5 not named by the file and kept; --prune removes what is not named\n"
    );
    let printed = setup.apply(REST, Unnamed::Prune).await.unwrap();
    let expected = [
        "- user \"kate\"",
        "- queue \"tasks\" (workitem)",
        "- workbin \"Team\" (AgentGroup Support)",
        "- group \"Sales\"",
        "- skill \"billing\"",
    ];
    assert_eq!(printed.lines().collect::<Vec<_>>(), expected);
    assert_eq!(setup.apply(REST, Unnamed::Prune).await.unwrap(), "no changes\n");
    assert!(setup.directory().await.user_by_name("kate").is_none());
}

#[tokio::test]
async fn pruning_leaves_other_centers_alone() {
    let setup = Setup::with(SAMPLE).await;
    let other = "[center]\nname = \"Other\"\n";
    setup.apply(other, Unnamed::Keep).await.unwrap();
    assert_eq!(setup.apply(other, Unnamed::Prune).await.unwrap(), "no changes\n");
    assert_eq!(setup.directory().await.queues.len(), 1);
}

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Time {
        Time(1_767_960_000_000)
    }
}

/// Puts an interaction into the sample's queue.
async fn open_interaction(setup: &Setup) {
    let engine = engine(setup).await;
    open(&engine, "tasks", Placement::InQueue, handoff_domain::Actor::Server).await;
}

async fn engine(setup: &Setup) -> Arc<Engine> {
    engine_on(setup.store.clone()).await
}

async fn engine_on(store: Arc<dyn Store>) -> Arc<Engine> {
    let parts = Parts {
        store,
        bus: Arc::new(handoff_bus::LocalBus::default()),
        clock: Arc::new(Noon),
        ids: Arc::new(Counted::default()),
        options: handoff_engine::Options { rules: Options::default(), ..Default::default() },
    };
    let core = Core::open(parts).await.unwrap();
    Engine::build(core, Outward::default(), Vec::new()).await.unwrap()
}

async fn open(
    engine: &Engine,
    queue: &str,
    placement: Placement,
    actor: handoff_domain::Actor,
) -> InteractionId {
    let directory = engine.core().directory();
    let queue = directory.queues.values().find(|known| known.name == queue).unwrap();
    let id = engine.core().ids().interaction(engine.core().now());
    let new = NewInteraction {
        id,
        center: queue.center,
        medium: match queue.media {
            Media::Email => Medium::Email(handoff_domain::Email::default()),
            _ => Medium::Workitem,
        },
        direction: Direction::Inbound,
        sub_type: "InboundNew".to_owned(),
        external_id: None,
        parent: None,
        contact: None,
        subject: None,
        priority: None,
        user_data: UserData::default(),
        queue: Named::Known(handoff_domain::Queue::clone(queue)),
        skills: handoff_domain::SkillLevels::default(),
        placement,
    };
    let opening =
        Opening { new, center: queue.center, actor, reference: None, receipts: Vec::new() };
    engine.commands().open(&opening).await.unwrap();
    id
}

#[tokio::test]
async fn a_file_that_leaves_work_without_a_place_changes_nothing() {
    let setup = Setup::with(SAMPLE).await;
    open_interaction(&setup).await;
    let refused = setup.apply(REST, Unnamed::Prune).await.unwrap_err();
    assert!(matches!(&refused, CenterFileError::NoPlace(_)), "{refused}");
    let directory = setup.directory().await;
    assert!(directory.user_by_name("kate").is_some() && directory.user_by_name("ben").is_none());
}

#[tokio::test]
async fn a_plan_that_was_overtaken_changes_nothing() {
    let setup = Setup::with(SAMPLE).await;
    let late = setup.plan(&SAMPLE.replace("Lund", "Late"), Unnamed::Keep).await.unwrap();
    setup.apply(&SAMPLE.replace("Lund", "Early"), Unnamed::Keep).await.unwrap();
    let refused = setup.write(late, QUIETLY).await.unwrap_err();
    assert!(matches!(refused, CenterFileError::Conflict(_)), "{refused}");
    assert_eq!(setup.user("kate").await.last_name, "Early");
}

#[tokio::test]
async fn what_desktops_are_told_is_looked_up_and_told_as_a_difference() {
    let setup = Setup::default();
    let queue = "[[queue]]\nname = \"outbound\"\nchannel = \"email\"\n";
    let with = |text: &str| format!("{SAMPLE}{queue}{text}");
    let before = with("");
    setup.apply(&before, Unnamed::Keep).await.unwrap();
    let workspace = "[workspace]\noutboundQueue = \"outbound\"\nfromAddresses = [\"a@x.example\"]\n[workspace.settings]\n\"chat.nickname\" = \"Jo\"\n\
         [[disposition]]\nkey = \"sold\"\ndisplayName = \"Sold\"\n[[disposition]]\nkey = \"lost\"\n";
    let printed = setup.apply(&with(workspace), Unnamed::Keep).await.unwrap();
    assert_eq!(
        printed,
        "~ contact center \"Demo\": outboundQueue none → outbound; fromAddresses [] → [a@x.example]; \
         dispositions [] → [sold \"Sold\", lost \"lost\"]; settings [] → [chat.nickname \"Jo\"]\n"
    );
    assert_eq!(setup.apply(&with(workspace), Unnamed::Keep).await.unwrap(), "no changes\n");
    let cases = [
        ("[workspace]\noutboundQueue = \"nowhere\"\n", "queue \"nowhere\""),
        ("[workspace]\noutboundQueue = \"tasks\"\n", "channel workitem"),
        ("[workspace]\nfromAddresses = [\"nobody\"]\n", "no e-mail address"),
        ("[workspace]\nfromAddresses = [\"a@x\", \"a@x\"]\n", "a@x"),
        ("[workspace.settings]\n\"email.outbound-queue\" = \"x\"\n", "outboundQueue"),
        ("[[disposition]]\nkey = \"a\"\n[[disposition]]\nkey = \"a\"\n", "disposition \"a\""),
        ("[[disposition]]\nkey = \"\"\n", "empty"),
        ("[[disposition]]\nkey = \"a\"\nchannels = [\"a b\"]\n", "no channel's name"),
        (
            "[[queue]]\nname = \"q\"\nchannel = \"chat\"\ndispositions = [\"a\"]\n",
            "disposition \"a\"",
        ),
        (
            "[[queue]]\nname = \"q\"\nchannel = \"chat\"\ndispositions = [\"a\"]\n\
             [[disposition]]\nkey = \"a\"\nchannels = [\"email\"]\n",
            "not for chat",
        ),
        ("[workspace.reasonNames]\nx = \"X\"\n", "notReadyReasons has no \"x\""),
        (
            "[workspace]\nnotReadyReasons = [\"x\"]\n[workspace.reasonNames]\nx = \" \"\n",
            "expected a name",
        ),
    ];
    for (text, part) in cases {
        let message = setup.refusal(&with(text)).await;
        assert!(message.contains(part), "{message:?} lacks {part:?}");
    }
}

#[tokio::test]
async fn a_user_may_have_a_name_for_customers() {
    let setup = Setup::with(SAMPLE).await;
    let named = |name: &str| {
        SAMPLE.replacen(
            "lastName = \"Lund\"\n",
            &format!("lastName = \"Lund\"\nnickname = {name}\n"),
            1,
        )
    };
    let printed = setup.apply(&named("\"Kate of Support\""), Unnamed::Keep).await.unwrap();
    assert_eq!(printed, "~ user \"kate\": nickname none → Kate of Support\n");
    assert_eq!(setup.user("kate").await.nickname.as_deref(), Some("Kate of Support"));
    assert_eq!(
        setup.apply(&named("\"Kate of Support\""), Unnamed::Keep).await.unwrap(),
        "no changes\n"
    );
    for (name, part) in [("\" \"", "expected a name"), ("\"a\\nb\"", "in one line")] {
        let message = setup.refusal(&named(name)).await;
        assert!(message.contains(part), "{message}");
    }
}

/// Only with an engine is anything removed: it passes on what is with it.
#[tokio::test]
async fn a_store_alone_keeps_what_was_planned_to_go() {
    let setup = Setup::with(SAMPLE).await;
    let plan = setup.plan(REST, Unnamed::Prune).await.unwrap();
    setup.write(plan, QUIETLY).await.unwrap();
    let directory = setup.directory().await;
    assert!(directory.user_by_name("kate").is_some() && directory.user_by_name("ben").is_some());
}
