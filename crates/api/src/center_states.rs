//! `/center/agents` and `/center/queues`: how all of a contact center stands now, for those who
//! watch it. What changes afterwards is told by CometD, from the number on that the answer has.

use axum::extract::State;
use axum::http::Uri;
use serde::Serialize;

use crate::caller::Watcher;
use crate::commands::Answer;
use crate::shared::Shared;
use crate::wire::center::{AgentStatePart, QueueStatePart};
use crate::wire::envelope::JsonText;
use crate::wire::listing::{fields, select};

/// `GET /center/agents`
pub(crate) async fn agents(State(shared): State<Shared>, Watcher(me): Watcher, uri: Uri) -> Answer {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Agents<A> {
        status_code: i32,
        sequence: u64,
        agents: Vec<A>,
    }
    let (sequence, states) = shared.engine().delivery().agents_now(me.center()).await?;
    let directory = shared.engine().core().directory();
    let (lookup, fields) = (shared.lookup(&directory), fields(&uri));
    let show = |state| select(&fields, &AgentStatePart::new(state, lookup));
    let agents = states.iter().map(show).collect();
    Ok(JsonText::of(&Agents { status_code: 0, sequence, agents }))
}

/// `GET /center/queues`
pub(crate) async fn queues(State(shared): State<Shared>, Watcher(me): Watcher, uri: Uri) -> Answer {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Queues<Q> {
        status_code: i32,
        sequence: u64,
        queues: Vec<Q>,
    }
    let (sequence, states) = shared.engine().delivery().queues_now(me.center()).await?;
    let fields = fields(&uri);
    let queues = states.iter().map(|state| select(&fields, &QueueStatePart::new(state))).collect();
    Ok(JsonText::of(&Queues { status_code: 0, sequence, queues }))
}
