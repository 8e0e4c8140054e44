//! The nodes that serve: what an operator looks at first when something is slow.
//!
//! Nothing of any contact center is in it, so the admins of all of them see the same.

use axum::extract::State;

use crate::caller::Admin;
use crate::commands::Answer;
use crate::shared::Shared;
use crate::wire::listing::one;
use crate::wire::node::NodeResource;

/// `GET /system/nodes`: those that live, as each of them said within the last seconds.
pub(crate) async fn list(State(shared): State<Shared>, Admin(_): Admin) -> Answer {
    let core = shared.engine().core();
    let this = core.incarnation();
    let nodes = core.store().nodes().await?;
    let shown: Vec<NodeResource> = nodes.iter().map(|node| NodeResource::new(node, this)).collect();
    Ok(one("nodes", &shown))
}
