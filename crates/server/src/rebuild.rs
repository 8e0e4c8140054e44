//! `handoff rebuild`: making anew what a reader of the log keeps.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use handoff_engine::SystemClock;
use handoff_projections::{Projection, Reader, Standing};
use handoff_store::Store;

use crate::cli::{Rebuild, Rebuildable};
use crate::config::Config;
use crate::output;
use crate::run;
use crate::runtime::block_on;
use crate::stored::{Stored, is_taken};

/// How often it is looked how far a serving program is.
const LOOK: Duration = Duration::from_millis(200);
/// How long a serving program has to begin.
const BEGINS_WITHIN: Duration = Duration::from_secs(10);
/// After how many interactions it is told how far it is.
const TOLD_EVERY: u64 = 1_000;

/// Makes it anew: by the program that serves the store, or itself where none does.
///
/// # Errors
///
/// When neither can be done.
pub(crate) fn rebuild(options: &Rebuild) -> anyhow::Result<ExitCode> {
    let config = Config::load(options.configured.config.as_deref())?;
    let directory = &config.store.path;
    anyhow::ensure!(Stored::exists(&config.store), "there is no store in {}", directory.display());
    block_on(async {
        let kept: Arc<dyn Projection> = match options.name {
            Rebuildable::Counters => {
                let counters = run::open_counters(directory).await?;
                counters.ask_for_rebuild()?;
                counters
            }
            Rebuildable::Search => {
                let search = run::open_search(directory).await?;
                search.ask_for_rebuild()?;
                search
            }
        };
        // Over a database several may be open; who serves this directory keeps it there.
        let stored = match is_taken(directory) {
            true => Err(anyhow::anyhow!("a server has {}", directory.display())),
            false => Stored::open(&config.store).await,
        };
        match stored {
            Ok(stored) => {
                let rebuilt = rebuild_here(stored.store(), kept).await;
                stored.close().await;
                rebuilt?;
            }
            Err(in_use) => await_other(&*kept, &in_use).await?,
        }
        output::say(match options.name {
            Rebuildable::Counters => "the counters are rebuilt",
            Rebuildable::Search => "the index of search is rebuilt",
        });
        Ok(ExitCode::SUCCESS)
    })
}

async fn rebuild_here(store: Arc<dyn Store>, kept: Arc<dyn Projection>) -> anyhow::Result<()> {
    let clock = Arc::new(SystemClock::default());
    let told = std::sync::Mutex::new(None);
    let failed = format!("the rebuild of {} failed", kept.name());
    let reader = Reader::new(store, clock, kept);
    let progress = |standing| {
        if let Ok(mut told) = told.lock() {
            tell(standing, &mut told);
        }
    };
    reader.catch_up(progress).await.context(failed)
}

/// Waits until the program that has the store open has made it anew.
async fn await_other(kept: &dyn Projection, in_use: &anyhow::Error) -> anyhow::Result<()> {
    let (mut told, mut waited) = (None, Duration::ZERO);
    loop {
        match kept.standing()? {
            Standing::Following(_) => return Ok(()),
            Standing::Outdated if waited >= BEGINS_WITHIN => anyhow::bail!(
                "the rebuild is asked for, and nobody begins: {in_use:#}; a server begins as soon as it serves"
            ),
            standing => tell(standing, &mut told),
        }
        tokio::time::sleep(LOOK).await;
        waited += LOOK;
    }
}

/// Says how far a rebuild is, when that is something new.
fn tell(standing: Standing, told: &mut Option<u64>) {
    if let Standing::Rebuilding { done, total, .. } = standing
        && *told != Some(done / TOLD_EVERY)
    {
        *told = Some(done / TOLD_EVERY);
        output::progress(format_args!("{done} of {total} interactions"));
    }
}
