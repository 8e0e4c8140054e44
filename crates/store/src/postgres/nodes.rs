//! What nodes say of themselves, and their duties: rows beside their leases, by the clock of the
//! database.

use std::collections::BTreeSet;

use handoff_domain::Incarnation;
use tokio_postgres::Row;

use super::PostgresStore;
use crate::error::StoreError;
use crate::nodes::{AboutNode, LivingNode};
use crate::postgres::pipeline::call;
use crate::sql::decode::{senseless, text_at};

/// names → the name and the node of each that a living node has
const DUTIES_READ: &str = "SELECT duties.name, duties.node FROM duties \
     JOIN leases ON leases.node = duties.node AND leases.until > clock_timestamp() \
     WHERE duties.name = ANY($1)";
/// node, names. In the order of the names, so that two who take some at once do not wait for each
/// other in a circle.
const DUTIES_TAKE: &str = "INSERT INTO duties (name, node) \
     SELECT wanted.name, $1 FROM unnest($2::TEXT[]) AS wanted (name) \
     WHERE EXISTS (SELECT FROM leases WHERE node = $1 AND until > clock_timestamp()) \
     ORDER BY wanted.name \
     ON CONFLICT (name) DO UPDATE SET node = excluded.node WHERE NOT EXISTS \
     (SELECT FROM leases WHERE leases.node = duties.node AND until > clock_timestamp())";
/// node, names
const DUTIES_LEAVE: &str = "DELETE FROM duties WHERE node = $1 AND name = ANY($2)";
/// node, about
const ABOUT_SET: &str =
    "UPDATE leases SET about = $2 WHERE node = $1 AND until > clock_timestamp()";
/// → node, about, duties
const NODES_READ: &str = "SELECT leases.node, leases.about, \
     ARRAY(SELECT name FROM duties WHERE duties.node = leases.node) \
     FROM leases WHERE until > clock_timestamp() ORDER BY leases.node";

impl PostgresStore {
    pub(super) async fn duties_taken(
        &self,
        node: Incarnation,
        wanted: &[&str],
    ) -> Result<BTreeSet<String>, StoreError> {
        const ATTEMPTED: &str = "taking duties";
        let this = node.stored();
        let mut had = self.duties_had(ATTEMPTED, wanted).await?;
        // Mostly somebody has each, and nothing is written.
        let free: Vec<&str> =
            wanted.iter().copied().filter(|name| !had.iter().any(|(had, _)| had == name)).collect();
        if !free.is_empty() {
            self.execute(ATTEMPTED, DUTIES_TAKE, &[&this, &free]).await?;
            had = self.duties_had(ATTEMPTED, wanted).await?;
        }
        Ok(had.into_iter().filter(|(_, by)| *by == this).map(|(name, _)| name).collect())
    }

    /// Returns those of some duties that living nodes have, with who has them.
    async fn duties_had(
        &self,
        attempted: &'static str,
        names: &[&str],
    ) -> Result<Vec<(String, String)>, StoreError> {
        let names = names.to_vec();
        let rows = self.reads.ask_one(attempted, call!(DUTIES_READ, names)).await?;
        let pair = |row: &Row| {
            let name = text_at(row, 0, "duties", "a duty")?;
            Ok((name.to_owned(), text_at(row, 1, "duties", name)?.to_owned()))
        };
        rows.iter().map(pair).collect()
    }

    pub(super) async fn duties_left(
        &self,
        node: Incarnation,
        names: &[&str],
    ) -> Result<(), StoreError> {
        let node = node.stored();
        self.execute("leaving duties", DUTIES_LEAVE, &[&node, &names]).await.map(|_| ())
    }

    pub(super) async fn node_described(
        &self,
        node: Incarnation,
        about: &AboutNode,
    ) -> Result<(), StoreError> {
        let node = node.stored();
        let text = crate::codec::encode::<_, String>("a node", about);
        let text = text.map_err(|_| senseless("leases", &node, "it cannot be written"))?;
        self.execute("describing a node", ABOUT_SET, &[&node, &text]).await.map(|_| ())
    }

    pub(super) async fn living_nodes(&self) -> Result<Vec<LivingNode>, StoreError> {
        let rows = self.reads.ask_one("reading the nodes", call!(NODES_READ)).await?;
        let living = |row: &Row| {
            let node = text_at(row, 0, "leases", "node")?;
            let about = text_at(row, 1, "leases", node)?;
            Ok(LivingNode {
                node: node.parse().map_err(|_| senseless("leases", node, "no node"))?,
                // What a node has not said yet, or a program says that is not known here, hides
                // nobody.
                about: serde_json::from_str(about).unwrap_or_default(),
                duties: row.get::<_, Vec<String>>(2).into_iter().collect(),
            })
        };
        rows.iter().map(living).collect()
    }
}
