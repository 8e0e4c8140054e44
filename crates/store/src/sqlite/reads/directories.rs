//! What was changed in directories.

use std::collections::BTreeMap;

use handoff_domain::CenterId;
use rusqlite::{Connection, OptionalExtension, params};

use super::{Unread, load_one, or_aside, row_name, snapshot, told};
use crate::aside::Aside;
use crate::directory::{DirectoryEntry, DirectoryPage};
use crate::error::StoreError;
use crate::record::{Key, Kind, Version};
use crate::sql::{decode, directories as text};

pub(in crate::sqlite) fn versions(
    connection: &Connection,
) -> Result<BTreeMap<CenterId, Version>, StoreError> {
    let work = || {
        let mut statement = connection.prepare_cached(text::VERSIONS_READ)?;
        let mut rows = statement.query([])?;
        let mut versions = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let id: String = row.get(0)?;
            let center = id.parse();
            let center = center
                .map_err(|_| decode::senseless("directory_versions", &id, "no contact center"))?;
            versions.insert(center, row.get(1)?);
        }
        Ok(versions)
    };
    told("reading how often directories were changed", work())
}

pub(in crate::sqlite) fn after(
    connection: &Connection,
    aside: &Aside,
    center: CenterId,
    version: Version,
    limit: usize,
) -> Result<DirectoryPage, StoreError> {
    let work = || {
        let _together = snapshot(connection)?;
        let center = center.stored();
        let (changed, last) = changed_after(connection, &center, version, limit)?;
        let present = connection
            .prepare_cached(text::VERSION_READ)?
            .query_row([&center], |row| row.get(0))
            .optional()?
            .unwrap_or(0);
        let entries = changed.into_iter().map(|it| entry(connection, aside, it));
        Ok(DirectoryPage {
            version: last.unwrap_or(present),
            entries: entries.collect::<Result<_, Unread>>()?,
            more: last.is_some(),
        })
    };
    told("reading what was changed in a directory", work())
}

/// The kind and the key of a record.
type Place = (Kind, String);

/// Returns the keys that were changed, and the version of the last of them where there are more.
fn changed_after(
    connection: &Connection,
    center: &str,
    version: Version,
    limit: usize,
) -> Result<(Vec<Place>, Option<Version>), Unread> {
    let mut statement = connection.prepare_cached(text::CHANGES_READ)?;
    let mut rows = statement.query(params![center, version])?;
    let (mut changed, mut last) = (Vec::new(), version);
    while let Some(row) = rows.next()? {
        let (kind, id, at): (String, String, Version) = (row.get(0)?, row.get(1)?, row.get(2)?);
        if changed.len() >= limit.max(1) && at > last {
            return Ok((in_order(changed), Some(last)));
        }
        let of_kind = Kind::ALL.iter().copied().find(|known| known.table() == kind);
        let of_kind = of_kind
            .ok_or_else(|| decode::senseless("directory_changes", &id, "no kind of record"))?;
        changed.push((at, of_kind, id));
        last = at;
    }
    Ok((in_order(changed), None))
}

/// Returns keys by when they were changed; what was changed together is in order of its keys.
fn in_order(mut changed: Vec<(Version, Kind, String)>) -> Vec<(Kind, String)> {
    changed.sort();
    changed.into_iter().map(|(_, kind, id)| (kind, id)).collect()
}

fn entry(
    connection: &Connection,
    aside: &Aside,
    (kind, id): (Kind, String),
) -> Result<DirectoryEntry, Unread> {
    let key = || {
        Key::of_text(kind, &id)
            .ok_or_else(|| decode::senseless("directory_changes", &id, "no key of a record"))
    };
    let found = load_one(connection, kind, &id);
    Ok(match or_aside(aside, || row_name(kind.table(), &id), found)? {
        Some(Some(record)) => DirectoryEntry::Is(record),
        Some(None) => DirectoryEntry::Gone(key()?),
        None => DirectoryEntry::Unreadable(key()?),
    })
}
