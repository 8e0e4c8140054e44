//! The index of search against what the store has, whatever happens to whoever feeds it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use handoff_domain::command::CustomerAction;
use handoff_domain::user_data::Value;
use handoff_domain::{
    Action, Command, Content, Entry, InteractionId, Time, UserCommand, UserData, Utterance,
    Visibility,
};
use handoff_engine::{Finder as _, Wanted, Worker as _};
use handoff_store::{Key, Kind, LogEntry, Record, Store, SubjectKey};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::deeds::{self, Deed, What, caller};
use super::rig::{CENTER, Rig};
use super::{feed, reader};
use crate::file::move_on;
use crate::search::contents::{self, Contents};
use crate::{Cursor, News, Projection, ProjectionError, Reader, Search, Standing, Sweep};

#[derive(Clone, Copy, Debug)]
enum Feeding {
    /// As it is.
    Whole,
    /// What it keeps piece by piece, and then how far it is: wrong on purpose.
    InPieces,
}

/// An index whose runner is killed in the middle of a transaction.
struct Killed {
    search: Search,
    feeding: Feeding,
}

impl Killed {
    fn after_steps(search: Search, steps: u32, feeding: Feeding) -> Self {
        let mut left = steps;
        let is_over = move || {
            left = left.saturating_sub(1);
            left == 0
        };
        search.file().connection().progress_handler(1, Some(is_over)).unwrap();
        Self { search, feeding }
    }
}

impl Projection for Killed {
    fn name(&self) -> &'static str {
        "killed"
    }

    fn standing(&self) -> Result<Standing, ProjectionError> {
        self.search.standing()
    }

    fn reads(&self, entry: &LogEntry) -> bool {
        self.search.reads(entry)
    }

    fn apply(&self, news: &News, from: Standing, to: Standing) -> Result<(), ProjectionError> {
        match self.feeding {
            Feeding::Whole => self.search.apply(news, from, to),
            Feeding::InPieces => {
                let connection = self.search.file().connection();
                contents::take_in(&connection, news)?;
                move_on(&connection, from, to)
            }
        }
    }

    fn rebuild(&self, from: Standing, to: Standing, settled: Time) -> Result<(), ProjectionError> {
        self.search.rebuild(from, to, settled)
    }
}

/// What somebody writes, and where.
#[derive(Clone, Copy, Debug)]
enum Written {
    Customer,
    Agent,
    ToSupervisors,
    Note,
    UserData,
}

#[derive(Clone, Debug)]
enum Step {
    Do(Deed),
    Write { place: usize, how: Written, text: usize },
    Remove(usize),
    Feed,
    Kill(u32),
    Rebuild,
    Sweep,
}

const TEXTS: [&str; 5] =
    ["Where is my order?", "Größe 东京都", "it's \"quoted\" -late*", "ein Wort", "สวัสดี 한국어"];

fn step() -> impl Strategy<Value = Step> {
    let how = prop_oneof![
        3 => Just(Written::Customer),
        2 => Just(Written::Agent),
        2 => Just(Written::ToSupervisors),
        2 => Just(Written::Note),
        2 => Just(Written::UserData),
    ];
    prop_oneof![
        20 => deeds::deed().prop_map(Step::Do),
        12 => (0..8_usize, how, 0..TEXTS.len())
            .prop_map(|(place, how, text)| Step::Write { place, how, text }),
        1 => (0..8_usize).prop_map(Step::Remove),
        3 => Just(Step::Feed),
        4 => (1_u32..4_000).prop_map(Step::Kill),
        1 => Just(Step::Rebuild),
        1 => Just(Step::Sweep),
    ]
}

async fn write(rig: &Rig, place: usize, how: Written, text: &str) {
    let say = |visibility| {
        let text = text.to_owned();
        let treat_as = handoff_domain::chat::TreatAs::Normal;
        Utterance::new(Content::Text { text, message_type: None, treat_as }, visibility)
    };
    rig.lets(place, |to| {
        let action = match how {
            Written::Customer => {
                return Some(Command::Customer(CustomerAction::Say(say(Visibility::All))));
            }
            Written::Agent => Action::Say(say(Visibility::All)),
            Written::ToSupervisors => Action::Say(say(Visibility::Supervisors)),
            Written::Note => Action::AddComment(text.to_owned()),
            Written::UserData => {
                let value = Value::Text(text.to_owned());
                Action::UpdateUserData(UserData([("about".to_owned(), value)].into()))
            }
        };
        Some(UserCommand::new(caller(to.owner()?), action).into())
    })
    .await;
}

fn search(rig: &Rig) -> Search {
    let search = Search::open(&rig.file_named(Search::FILE)).unwrap();
    search.file().connection().pragma_update(None, "synchronous", "OFF").unwrap();
    search
}

async fn sweep(rig: &Rig) {
    let sweep = Sweep::new(rig.store.clone(), rig.clock.clone(), Arc::new(search(rig)));
    sweep.round().await.unwrap();
}

async fn carry_out(rig: &mut Rig, steps: Vec<Step>, feeding: Feeding, killed: &AtomicU64) {
    for step in steps {
        match step {
            Step::Do(deed) => rig.carry_out(deed).await,
            Step::Write { place, how, text } => write(rig, place, how, TEXTS[text]).await,
            Step::Remove(place) => rig.remove(place).await,
            Step::Feed => feed(rig, search(rig)).await,
            Step::Kill(after) => {
                let fed = Killed::after_steps(search(rig), after, feeding);
                let fed = reader(rig, fed).catch_up(|_| {}).await;
                killed.fetch_add(fed.is_err().into(), Ordering::Relaxed);
            }
            Step::Rebuild => search(rig).ask_for_rebuild().unwrap(),
            Step::Sweep => sweep(rig).await,
        }
    }
}

/// Returns what the index has to have, from records and histories.
async fn expected(store: &dyn Store) -> Contents {
    let mut expected = BTreeMap::new();
    for item in store.list(Kind::Interaction, None, usize::MAX).await.unwrap().items {
        let Record::Interaction(interaction) = item.value else { continue };
        let subject = SubjectKey::Interaction(interaction.id);
        let history = store.history(subject, 0, usize::MAX).await.unwrap().items;
        let lines: Vec<Entry> =
            history.into_iter().flat_map(handoff_store::HistoryEntry::into_entries).collect();
        expected.insert(interaction.id, contents::expected(&interaction, &lines));
    }
    expected
}

async fn is_as_expected(rig: &Rig) -> Result<(), TestCaseError> {
    feed(rig, search(rig)).await;
    sweep(rig).await;
    let found = contents::read(&search(rig).file().connection()).unwrap();
    prop_assert_eq!(found, expected(&*rig.store).await);
    Ok(())
}

fn run(
    feeding: Feeding,
    max_shrink_iters: u32,
    killed: &AtomicU64,
) -> Result<(), impl std::fmt::Debug> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let config =
        Config { cases: 24, failure_persistence: None, max_shrink_iters, ..Config::default() };
    let steps = prop::collection::vec(step(), 1..120);
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    TestRunner::new_with_rng(config, rng).run(&steps, |steps| {
        runtime.block_on(async {
            let mut rig = Rig::new().await;
            carry_out(&mut rig, steps, feeding, killed).await;
            is_as_expected(&rig).await
        })
    })
}

#[test]
fn whatever_happens_the_index_has_what_the_store_has() {
    let killed = AtomicU64::new(0);
    run(Feeding::Whole, 1_000, &killed).unwrap();
    assert!(killed.into_inner() > 20);
}

/// The control: half of what was written stays after a kill, and is found out.
#[test]
fn what_is_written_in_pieces_is_found_out() {
    run(Feeding::InPieces, 0, &AtomicU64::new(0)).unwrap_err();
}

/// A chat in which somebody said something, in an index that has it.
async fn chatted(text: &str) -> (Rig, InteractionId) {
    let mut rig = Rig::new().await;
    rig.carry_out(Deed::Submit { queue: super::rig::CHATS }).await;
    rig.carry_out(Deed::Act { place: 0, what: What::Accept }).await;
    write(&rig, 0, Written::Customer, text).await;
    rig.carry_out(Deed::Act { place: 0, what: What::EndSession }).await;
    rig.carry_out(Deed::Act { place: 0, what: What::Complete }).await;
    feed(&rig, search(&rig)).await;
    let all = rig.store.list(Kind::Interaction, None, 9).await.unwrap().items;
    let Key::Interaction(id) = all[0].value.key() else { unreachable!() };
    (rig, id)
}

async fn finds(search: &Search, words: &str) -> usize {
    let wanted = Wanted { words: Some(words.to_owned()), ..Wanted::of(CENTER, 10) };
    search.find(wanted).await.unwrap().hits.len()
}

/// Returns whether a text is anywhere in the index's files.
fn is_on_disk(rig: &Rig, text: &str) -> bool {
    ["", "-wal"].into_iter().any(|end| {
        let file = std::fs::read(rig.file_named(&format!("{}{end}", Search::FILE)));
        file.unwrap_or_default().windows(text.len()).any(|bytes| bytes == text.as_bytes())
    })
}

#[tokio::test]
async fn what_is_removed_leaves_no_text_behind() {
    let (rig, id) = chatted("xylophonist").await;
    let index = search(&rig);
    assert_eq!(finds(&index, "xylophonist").await, 1);
    index.file().connection().query_row("PRAGMA wal_checkpoint", [], |_| Ok(())).unwrap();
    assert!(is_on_disk(&rig, "xylophonist"), "the control: it was there");
    rig.remove(0).await;
    drop(index);
    sweep(&rig).await;
    assert_eq!(finds(&search(&rig), "xylophonist").await, 0);
    assert!(!is_on_disk(&rig, "xylophonist"), "{id}");
}

#[tokio::test]
async fn what_is_erased_leaves_a_skeleton_without_text() {
    let (rig, id) = chatted("xylophonist").await;
    let index = search(&rig);
    index.file().connection().query_row("PRAGMA wal_checkpoint", [], |_| Ok(())).unwrap();
    assert!(is_on_disk(&rig, "xylophonist"), "the control: it was there");
    let floor = rig.store.log_end().await.unwrap().floor;
    let with_words = rig.store.log_after(floor, 10_000).await.unwrap().items;
    let owner_of = "SELECT owner FROM docs";
    let owner = |index: &Search| -> Option<String> {
        index.file().connection().query_row(owner_of, [], |row| row.get(0)).unwrap()
    };
    let before = owner(&index);

    rig.erase(id).await;
    // An index that reads behind has the words in the batch that says that they are erased.
    let mut entries = with_words;
    let end = rig.store.log_after(entries.last().unwrap().position, 9).await.unwrap().items;
    entries.extend(end);
    let behind = Search::open(&rig.file_named("behind.db")).unwrap();
    let found = rig.store.load_one(&Key::Interaction(id)).await.unwrap().unwrap().value;
    let Record::Interaction(erased) = found else { unreachable!() };
    let interactions = BTreeMap::from([(id, Some(erased))]);
    let at = Standing::Following(Cursor { generation: 1, position: 1 });
    behind.apply(&News { entries, interactions }, Standing::Outdated, at).unwrap();
    assert_eq!(finds(&behind, "xylophonist").await, 0, "it was erased when it was read");

    feed(&rig, search(&rig)).await;
    assert_eq!(finds(&index, "xylophonist").await, 0);
    let found = contents::read(&index.file().connection()).unwrap();
    assert_eq!(found, expected(&*rig.store).await);
    assert_eq!(owner(&index), before, "whose it was is known by the index alone");
    assert!(!is_on_disk(&rig, "xylophonist"));
}

/// What a message costs does not depend on how many came before it.
#[tokio::test]
async fn a_message_writes_its_own_line_alone() {
    let mut rig = Rig::new().await;
    rig.carry_out(Deed::Submit { queue: super::rig::CHATS }).await;
    let index = Arc::new(search(&rig));
    let reader = Reader::new(rig.store.clone(), rig.clock.clone(), index.clone());
    let rows = || -> i64 {
        let count = "SELECT total_changes()";
        index.file().connection().query_row(count, [], |row| row.get(0)).unwrap()
    };
    let mut written = Vec::new();
    for n in 0..60 {
        write(&rig, 0, Written::Customer, &format!("word{n} and more")).await;
        let before = rows();
        reader.catch_up(|_| {}).await.unwrap();
        written.push(rows() - before);
    }
    // Now and then the index joins what it wrote.
    let half = written.len() / 2;
    let usual = |part: &[i64]| *part.iter().min().unwrap();
    assert!(usual(&written[half..]) <= usual(&written[..half]), "{written:?}");
    assert!(written.iter().all(|rows| *rows < 60), "{written:?}");
}

#[tokio::test]
async fn words_of_any_language_are_found() {
    for (text, found, not_found) in [
        ("Das Paket für Frau Größe", "grosse paket", "gross-frau"),
        ("东京都的订单还没有到", "京都 订单", "东都"),
        ("注文した商品が届きません", "商品が", "品商"),
        ("주문한 상품이 아직", "상품", "품상"),
        ("สินค้ายังไม่มาถึง", "ยังไม่", "ถึงมา"),
        ("لم تصل الطَلَبِيَّة", "الطلبية", "طلبيه"),
        ("Заказ ещё не пришёл", "пришел еще", "прошел"),
        ("Η παραγγελία δεν ήρθε", "ΠΑΡΑΓΓΕΛΊΑ ηρθε", "παρα "),
        ("मेरा ऑर्डर नहीं आया", "ऑर्डर", "आर्डर"),
        ("the late order", "\"late order\" -early", "\"order late\""),
        ("the late order", "order lat", "order lat "),
    ] {
        let (rig, _) = chatted(text).await;
        let search = search(&rig);
        assert_eq!(finds(&search, found).await, 1, "{found}");
        assert_eq!(finds(&search, not_found).await, 0, "{not_found}");
    }
}

#[test]
fn whatever_is_typed_is_no_error_of_the_index() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (rig, _) = runtime.block_on(chatted("a text"));
    let search = search(&rig);
    let typed = prop_oneof![any::<String>(), "[a-c\"*(){}^:+ -]{0,30}(AND|OR|NOT|NEAR)?"];
    TestRunner::new(Config { cases: 256, failure_persistence: None, ..Config::default() })
        .run(&typed, |typed| {
            let wanted = Wanted { words: Some(typed.clone()), ..Wanted::of(CENTER, 10) };
            match runtime.block_on(search.find(wanted)) {
                Ok(_)
                | Err(
                    handoff_engine::SearchError::NoWords | handoff_engine::SearchError::TooMany(_),
                ) => Ok(()),
                Err(error) => Err(TestCaseError::fail(format!("{typed:?}: {error}"))),
            }
        })
        .unwrap();
}
