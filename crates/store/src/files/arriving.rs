//! A file on its way to the disk: in memory while it is small, then in a file of its own.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::OwnedSemaphorePermit;

use super::disk::{Disk, KEEPING, Places, RECEIVING, blocking};
use super::segments::Job;
use super::{FilesError, Incoming, NewFile};

/// A file that arrives.
pub(super) struct Arriving {
    disk: Arc<Disk>,
    new: NewFile,
    bytes: u64,
    held: Held,
}

/// Where what has arrived is.
enum Held {
    /// With room for as much as may be kept in a segment.
    Memory {
        content: Vec<u8>,
        room: OwnedSemaphorePermit,
    },
    Own(OwnFile),
}

impl Arriving {
    /// Begins a file, in memory when there is room.
    pub(super) async fn begin(disk: Arc<Disk>, new: NewFile) -> Result<Self, FilesError> {
        let held = match disk.room(new.bytes_max) {
            Some(room) => Held::Memory { content: Vec::new(), room },
            None => Held::Own(OwnFile::begin(&disk.places, new).await?),
        };
        Ok(Self { disk, new, bytes: 0, held })
    }

    /// Moves what is in memory to a file of its own.
    async fn spill(&mut self) -> Result<(), FilesError> {
        let Held::Memory { content, .. } = &mut self.held else { return Ok(()) };
        let content = std::mem::take(content);
        let own = OwnFile::begin(&self.disk.places, self.new).await?;
        own.write(content).await?;
        self.held = Held::Own(own);
        Ok(())
    }
}

#[async_trait]
impl Incoming for Arriving {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), FilesError> {
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        if self.bytes > self.new.bytes_max {
            return Err(FilesError::TooLarge { bytes_max: self.new.bytes_max });
        }
        if self.bytes > self.disk.options.small_bytes_max as u64 {
            self.spill().await?;
        }
        match &mut self.held {
            Held::Memory { content, .. } => content.extend_from_slice(bytes),
            Held::Own(own) => own.write(bytes.to_vec()).await?,
        }
        Ok(())
    }

    async fn keep(self: Box<Self>) -> Result<(), FilesError> {
        let Self { disk, new, held, .. } = *self;
        match held {
            Held::Memory { content, room } => {
                disk.writer.keep(Job { new, content, _room: room }).await
            }
            Held::Own(own) => {
                let kept = blocking(KEEPING, move || own.keep(new)).await?;
                if kept { Ok(()) } else { Err(FilesError::Exists { id: new.id }) }
            }
        }
    }
}

/// Removes a file that did not arrive when it is dropped.
#[derive(Debug)]
struct Unfinished(PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        // After a rename there is nothing to remove. Whatever else fails is removed at the next
        // start.
        let _ = fs::remove_file(&self.0);
    }
}

/// A file of its own that arrives.
struct OwnFile {
    places: Arc<Places>,
    file: Arc<File>,
    unfinished: Unfinished,
}

impl OwnFile {
    async fn begin(places: &Arc<Places>, new: NewFile) -> Result<Self, FilesError> {
        let at = Arc::clone(places);
        let begun = blocking(RECEIVING, move || {
            if at.has(new.id)? {
                return Ok(None);
            }
            let path = at.arriving(new.id);
            match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
                Ok(file) => Ok(Some((file, Unfinished(path)))),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(None),
                Err(error) => Err(error),
            }
        });
        let Some((file, unfinished)) = begun.await? else {
            return Err(FilesError::Exists { id: new.id });
        };
        Ok(Self { places: Arc::clone(places), file: Arc::new(file), unfinished })
    }

    async fn write(&self, bytes: Vec<u8>) -> Result<(), FilesError> {
        let file = Arc::clone(&self.file);
        blocking(RECEIVING, move || (&*file).write_all(&bytes)).await
    }

    /// Tells whether the file was kept; it is not when there is one of its id.
    fn keep(&self, new: NewFile) -> io::Result<bool> {
        if self.places.has(new.id)? {
            return Ok(false);
        }
        self.places.move_in(&self.file, new, &self.unfinished.0)?;
        Ok(true)
    }
}
