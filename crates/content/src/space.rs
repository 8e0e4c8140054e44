//! Whether there is room on the disk: for strangers, who are refused below a reserve, and for
//! anybody at all.

mod disk;

use std::io;

use async_trait::async_trait;

pub use disk::{DiskSpace, Room, free_bytes};

/// Looks after the room on the disks that the server writes to.
#[async_trait]
pub trait Space: Send + Sync + 'static {
    /// Tells whether less is free than is kept for those who work here. It is asked often and
    /// answers from memory.
    fn is_short(&self) -> bool;

    /// Writes something to each of the disks and takes it away again.
    ///
    /// # Errors
    ///
    /// What the disk says. Nothing stays behind, as far as the disk lets it.
    async fn probe(&self) -> io::Result<()>;
}

/// Room without end: for tests, and for stores in memory.
#[derive(Clone, Copy, Debug, Default)]
pub struct Endless;

#[async_trait]
impl Space for Endless {
    fn is_short(&self) -> bool {
        false
    }

    async fn probe(&self) -> io::Result<()> {
        Ok(())
    }
}
