//! The place of files.

use handoff_content::directory::{DirectoryError, expect_own};
use handoff_store::{Store, with_causes};

use super::finding::Finding;
use crate::config::{Config, FilesIn};
use crate::run::files::{self, Opened};

const WHAT: &str = "files";

/// Looks at the directory of files, where there is one.
pub(super) fn directory(config: &Config) -> Option<Finding> {
    let FilesIn::Directory(path) = config.files() else { return None };
    Some(super::directory("files directory", "chat.files", &path))
}

/// Whether it is tried out what is done with files, which writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trial {
    Yes,
    No,
}

/// A start refuses files that are another store's, and a place that cannot be used.
pub(super) async fn are_its_own(store: &dyn Store, config: &Config, trial: Trial) -> Finding {
    let place = config.files();
    let name = place.name();
    if let FilesIn::Directory(path) = &place
        && !path.exists()
    {
        return Finding::Fine { what: WHAT, detail: format!("{name} is made at the first start") };
    }
    let opened = match files::open(config).await {
        Ok(opened) => opened,
        Err(error) => {
            let problem = format!("{error:#}");
            let advice = "if a server is running, stop it to have this looked at";
            return Finding::Bad { what: WHAT, problem, advice };
        }
    };
    match looked_at(store, &opened, trial).await {
        Ok(()) => Finding::Fine { what: WHAT, detail: format!("{name} belongs to the store") },
        Err(DirectoryError::NotItsOwn(wrong)) => {
            Finding::Bad { what: WHAT, problem: format!("{name}: {wrong}"), advice: files::ADVICE }
        }
        Err(error) => Finding::Bad {
            what: WHAT,
            problem: format!("{name}: {}", with_causes(&error)),
            advice: "no file is taken or given out until it is mended",
        },
    }
}

async fn looked_at(store: &dyn Store, opened: &Opened, trial: Trial) -> Result<(), DirectoryError> {
    opened.files.ready().await?;
    expect_own(store, opened.place()).await?;
    // What a key may do in a bucket is told by doing it; nothing is written where another store is.
    match trial {
        Trial::Yes => Ok(opened.files.try_out().await?),
        Trial::No => Ok(()),
    }
}
