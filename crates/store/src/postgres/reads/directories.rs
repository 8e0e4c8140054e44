//! What was changed in directories.

use std::collections::BTreeMap;

use handoff_domain::CenterId;

use super::{Reads, position_of};
use crate::directory::{DirectoryEntry, DirectoryPage};
use crate::error::StoreError;
use crate::postgres::pipeline::call;
use crate::postgres::statements::table;
use crate::record::{Key, Kind, Part, Version};
use crate::sql::decode::{self, integer_at, senseless, text_at};
use crate::sql::directories as shared;

impl Reads {
    pub(in crate::postgres) async fn directory_versions(
        &self,
    ) -> Result<BTreeMap<CenterId, Version>, StoreError> {
        const TABLE: &str = "directory_versions";
        let call = call!(shared::VERSIONS_READ);
        let rows = self.ask_one("reading how often directories were changed", call).await?;
        let read = |row: &tokio_postgres::Row| {
            let id = text_at(row, 0, TABLE, "center")?;
            let center = id.parse().map_err(|_| senseless(TABLE, id, "no contact center"))?;
            Ok((center, integer_at(row, 1, TABLE, id)?.cast_unsigned()))
        };
        rows.iter().map(read).collect()
    }

    pub(in crate::postgres) async fn directory_after(
        &self,
        center: CenterId,
        version: Version,
        limit: usize,
    ) -> Result<DirectoryPage, StoreError> {
        const TABLE: &str = "directory_changes";
        let center = center.stored();
        let mut calls = vec![
            call!(shared::VERSION_READ, &center),
            call!(shared::CHANGES_READ, &center, position_of(version)),
        ];
        // The records themselves cannot wait for the keys: all is of one moment.
        let directory: Vec<Kind> =
            Kind::ALL.iter().copied().filter(|kind| kind.part() == Part::Directory).collect();
        for kind in &directory {
            let cap = i64::try_from(limit.max(1)).unwrap_or(i64::MAX);
            calls.push(call!(&table(*kind).changed, &center, position_of(version), cap));
        }
        let mut found =
            self.ask("reading what was changed in a directory", &calls).await?.into_iter();
        let present = found.next().unwrap_or_default();
        let present = present.first().map_or(Ok(0), |row| integer_at(row, 0, TABLE, &center))?;
        let changes = found.next().unwrap_or_default();
        let records: BTreeMap<(Kind, String), tokio_postgres::Row> = directory
            .iter()
            .zip(found)
            .flat_map(|(kind, rows)| rows.into_iter().map(|row| ((*kind, row.get(0)), row)))
            .collect();
        let (mut changed, mut last, mut more) = (Vec::new(), version, false);
        for row in &changes {
            let (kind, id) = (text_at(row, 0, TABLE, "kind")?, text_at(row, 1, TABLE, "id")?);
            let at = integer_at(row, 2, TABLE, id)?.cast_unsigned();
            if changed.len() >= limit.max(1) && at > last {
                more = true;
                break;
            }
            let kind = Kind::ALL.iter().copied().find(|known| known.table() == kind);
            let kind = kind.ok_or_else(|| senseless(TABLE, id, "no kind of record"))?;
            changed.push((at, kind, id.to_owned()));
            last = at;
        }
        changed.sort();
        let entry = |(_, kind, id): (Version, Kind, String)| {
            let key = Key::of_text(kind, &id)
                .ok_or_else(|| senseless(TABLE, &id, "no key of a record"))?;
            let Some(row) = records.get(&(kind, id.clone())) else {
                return Ok(DirectoryEntry::Gone(key));
            };
            let read = decode::record_of(kind, &id, row, 1);
            let read = self.or_aside(|| format!("{} {id}", kind.table()), read)?;
            Ok(read.map_or(DirectoryEntry::Unreadable(key), DirectoryEntry::Is))
        };
        let entries = changed.into_iter().map(entry).collect::<Result<_, StoreError>>()?;
        let version = if more { last } else { present.cast_unsigned() };
        Ok(DirectoryPage { version, entries, more })
    }
}
