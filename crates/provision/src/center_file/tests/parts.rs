//! Large files: they take more than one commit, and few of their faults are looked for.

use std::fmt::Write as _;
use std::sync::Mutex;

use super::*;
use crate::center_file::file::WRONG_MAX;

fn large(skills: usize) -> String {
    let mut text = "[center]\nname = \"Demo\"\n".to_owned();
    for number in 0..skills {
        writeln!(text, "[[skill]]\nname = \"s{number}\"").unwrap();
    }
    text
}

#[tokio::test]
async fn a_large_file_is_applied_in_parts_and_tells_how_far_it_is() {
    let setup = Setup::default();
    let told = Mutex::default();
    let plan = setup.plan(&large(2_500), Unnamed::Keep).await.unwrap();
    // The center and its two workbins come with it.
    assert_eq!(plan.difference.len(), 2_503);
    let difference = Told::Difference(plan.difference.to_string());
    let hear = |line| Vec::push(&mut told.lock().unwrap(), line);
    let outcome = setup.write(plan, &hear).await.unwrap();
    assert_eq!(outcome, Outcome::Applied { passed_on: 0 });
    let progress = |done| Told::Progress { done, of: 2_503 };
    assert_eq!(*told.lock().unwrap(), [difference, progress(1_000), progress(2_000)]);
}

/// A client who reads slowly sees the difference before anything is changed.
#[tokio::test]
async fn nothing_is_changed_before_the_difference_was_heard() {
    let setup = Setup::default();
    let plan = setup.plan(SAMPLE, Unnamed::Keep).await.unwrap();
    let applied = futures_util::FutureExt::now_or_never(setup.write(plan, &Deaf));
    assert!(applied.is_none(), "it waits");
    assert!(setup.directory().await.centers.is_empty());
    // The control: somebody who hears.
    setup.apply(SAMPLE, Unnamed::Keep).await.unwrap();
    assert_eq!(setup.directory().await.centers.len(), 1);
}

struct Deaf;

impl Listener for Deaf {
    fn hear(&self, _: Told) -> futures_util::future::BoxFuture<'_, ()> {
        Box::pin(std::future::pending())
    }
}

/// Somebody changes the center after the first part, which is as if the program had ended there.
#[tokio::test]
async fn what_was_left_over_is_done_by_the_next_application() {
    let setup = Setup::default();
    let plan = setup.plan(&large(2_500), Unnamed::Keep).await.unwrap();
    let (other, center) = (setup.store.clone(), plan.difference.directory.center);
    let interfere = |told| {
        if let Told::Progress { done: 1_000, .. } = told {
            let record = Record::Skill(handoff_domain::Skill {
                id: handoff_domain::SkillId(u128::MAX),
                center,
                name: "between".to_owned(),
            });
            let puts = vec![handoff_store::Put { record, expected: 0 }];
            let change = handoff_store::ChangeSet { puts, ..Default::default() };
            futures_util::FutureExt::now_or_never(other.commit(change)).unwrap().unwrap();
        }
    };
    setup.write(plan, &interfere).await.unwrap_err();
    assert_eq!(setup.directory().await.skills.len(), 1_000, "a part, and what came between");
    setup.apply(&large(2_500), Unnamed::Keep).await.unwrap();
    assert_eq!(setup.directory().await.skills.len(), 2_501);
    assert_eq!(
        setup.apply(&large(2_500), Unnamed::Keep).await.unwrap().lines().next(),
        Some("no changes")
    );
}

/// Each further fault means to read the whole file again, and there may be an admin of any center
/// who sends it.
#[tokio::test]
async fn of_a_large_file_few_faults_are_looked_for() {
    let faults = async |name: &str| {
        let skills = format!("[[skill]]\nname = {name:?}\nlevel = 1\n").repeat(200);
        let file = CenterFile::new("center.toml", &format!("[center]\nname = \"Demo\"\n{skills}"));
        file.center_name().unwrap_err().to_string().lines().count()
    };
    assert_eq!(faults("billing").await, WRONG_MAX, "the control");
    let few = faults(&"x".repeat(5_000)).await;
    assert!((1..10).contains(&few), "{few}");
}
