//! What the program keeps of the machine's memory after a burst.

use anyhow::Result;
use handoff_testkit::Program;
use handoff_testkit::process::resident;

use crate::scene::{DEMO, apply};

/// How often all passwords of the demo center are changed.
const CHANGES: usize = 4;
/// By how much the program may have grown then, in bytes: less than two hashes take at a time.
const GROWTH_MAX: u64 = 32 << 20;

/// A password takes 19 MiB while it is hashed, off the async threads. With glibc's allocator, which
/// keeps them for other threads, the program grows by tens of MiB here, more often than not.
#[tokio::test]
async fn what_passwords_took_is_given_back() -> Result<()> {
    let server = Program::demo(&[]).await?;
    let change = async |number: usize| {
        let password = format!("password = \"the {number}th of a long row\"");
        apply(&server, &DEMO.replace("password = \"handoff-demo\"", &password), &[]).await
    };
    // What is loaded once is no growth.
    change(0).await?;
    let before = resident(server.id()?)?;
    for number in 1..=CHANGES {
        assert!(change(number).await?.ends_with("applied\n"));
    }
    let grown = resident(server.id()?)?.saturating_sub(before);
    assert!(grown <= GROWTH_MAX, "it has grown by {} MiB", grown >> 20);
    Ok(())
}
