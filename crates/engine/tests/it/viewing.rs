//! Who looks at an interaction, as those are told who look at it too.

use handoff_engine::Replay;

use crate::fresh::subscribe_and_wait;
use crate::rig::{BEN, KATE, Rig};

/// What Ben was told, each time.
fn told(rig: &Rig) -> Vec<String> {
    rig.recorder.of("ben").into_iter().map(|(_, _, text)| text).collect()
}

/// Ben's look waits to be told to Kate, who leaves meanwhile: whatever is told after that, Ben is
/// alone.
#[tokio::test]
async fn what_waits_to_be_told_is_told_as_it_is_by_then() {
    let rig = Rig::new().await;
    rig.listen(KATE, "kate", Replay::Live).await;
    rig.listen(BEN, "ben", Replay::Live).await;
    let id = rig.submit().await;
    let delivery = rig.engine.delivery();
    delivery.look_at(KATE, id).await;
    assert!(told(&rig).is_empty(), "{:?}", told(&rig));
    let subscribing = subscribe_and_wait(&rig).await;
    let looks = delivery.look_at(BEN, id);
    let leaves = async {
        delivery.look_away(KATE, Some(id)).await;
        assert_eq!(told(&rig), ["Viewers []"], "the look waits for Kate");
        subscribing.abort();
    };
    tokio::join!(looks, leaves);
    assert_eq!(told(&rig), ["Viewers []", "Viewers []"]);
    rig.engine.stop().await;
}
