use handoff_bus::LocalBus;
use handoff_domain::{FileId, Time};
use handoff_engine::{Parts, SystemClock, SystemIds};
use handoff_store::{MemoryStore, NewFile};

use super::*;

#[tokio::test]
async fn a_start_over_the_files_of_another_store_says_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().display();
    let text = format!("[chat]\nfiles = \"{path}\"\n");
    let config = Config::parse("handoff.toml", &text, std::iter::empty()).unwrap();
    let opened = open(&config).await.unwrap();
    let new = NewFile { id: FileId(1), at: Time(0), bytes_max: 1 };
    opened.files.begin(new).await.unwrap().keep().await.unwrap();
    let parts = Parts {
        store: Arc::new(MemoryStore::new()),
        bus: Arc::new(LocalBus::default()),
        clock: Arc::new(SystemClock::default()),
        ids: Arc::new(SystemIds::default()),
        options: handoff_engine::Options::default(),
    };
    let core = Core::open(parts).await.unwrap();
    let refused = format!("{:#}", take_on(&core, &opened, Adopt::No).await.unwrap_err());
    for part in ["no record of this place", "chat.files", "--adopt-files", &path.to_string()] {
        assert!(refused.contains(part), "{refused}");
    }
}
