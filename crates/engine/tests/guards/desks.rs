//! What agents do at their desks, which no rule of interactions decides: what it relies on is said
//! here.

use std::collections::BTreeSet;

use handoff_domain::desk::{Supervision, SupervisionExtent};
use handoff_domain::event::Cause;
use handoff_domain::{Media, SupervisorMode, UserId, WorkbinId};
use handoff_engine::{AgentError, ChannelChange, Engine, Watch};
use handoff_store::Key;

use crate::Cell;
use crate::deeds::Deed;
use crate::floor::{CENTER, Floor, SUPERVISOR};
use crate::rules::Relied;
use crate::support::{ANN, DEE};

/// What somebody does at a desk.
#[derive(Clone)]
pub(crate) enum AtDesk {
    Begin,
    End,
    Change(ChannelChange),
    Watch(WorkbinId, Watch),
    /// The supervisor begins or ends to follow Ann.
    Follow(Option<Supervision>),
}

impl AtDesk {
    pub(crate) async fn carry_out(&self, engine: &Engine) -> Result<(), AgentError> {
        let desks = engine.desks();
        match self {
            Self::Begin => desks.start_contact_session(DEE, CENTER, &[Media::Chat], None).await,
            Self::End => desks.end_contact_session(DEE, CENTER).await,
            Self::Change(to) => {
                desks.change_channels(DEE, CENTER, Cause::User(DEE), None, to).await
            }
            Self::Watch(workbin, watch) => desks.watch_workbin(DEE, CENTER, *workbin, *watch).await,
            Self::Follow(supervision) => {
                desks.supervise(ANN, CENTER, SUPERVISOR, supervision.clone()).await
            }
        }
    }
}

fn cell(name: &str, floor: &Floor, deed: AtDesk, relied: &[Key]) -> Cell {
    let (name, deed) = (name.to_owned(), Deed::AtDesk(Box::new(deed)));
    Cell { name, floor: floor.clone(), deed, relied: Relied::on(relied.iter().cloned()) }
}

/// Returns one of each.
pub(crate) fn cells() -> Vec<Cell> {
    let mut cells = channels();
    cells.extend(watches());
    cells.extend(supervision());
    cells
}

fn dees(floor: &mut Floor) -> &mut handoff_domain::Desk {
    floor.desks.get_mut(&DEE).unwrap()
}

fn channels() -> Vec<Cell> {
    let (floor, mut away) = (Floor::new(), Floor::new());
    let _ = dees(&mut away).end_session().unwrap();
    let (desk, user) = (Key::Desk(DEE), Key::User(DEE));
    let rests = AtDesk::Change(ChannelChange::NotReady { reason: None });
    let is_busy = AtDesk::Change(ChannelChange::DoNotDisturbOn);
    vec![
        cell("a session begins", &away, AtDesk::Begin, &[desk.clone(), user]),
        cell("a session ends", &floor, AtDesk::End, std::slice::from_ref(&desk)),
        cell("a channel is closed", &floor, rests, std::slice::from_ref(&desk)),
        cell("nobody is to disturb", &floor, is_busy, &[desk]),
    ]
}

fn watches() -> Vec<Cell> {
    let (floor, mut watching) = (Floor::new(), Floor::new());
    let named = |name| floor.workbins.values().find(|workbin| workbin.name == name).unwrap();
    let (team, own) = (named("Team").id, named("Drafts"));
    dees(&mut watching).watch(team);
    let (desk, user) = (Key::Desk(DEE), Key::User(DEE));
    let begin = |workbin| AtDesk::Watch(workbin, Watch::Begin);
    let end = AtDesk::Watch(team, Watch::End);
    let of_team = [desk.clone(), user.clone(), Key::Workbin(team)];
    let of_own = [desk.clone(), user, Key::Workbin(own.id)];
    vec![
        cell("a watch of the team's begins", &floor, begin(team), &of_team),
        cell("a watch of one's own begins", &floor, begin(own.of(DEE).id), &of_own),
        cell("a watch ends", &watching, end, &[desk]),
    ]
}

fn supervision() -> Vec<Cell> {
    let (floor, mut followed) = (Floor::new(), Floor::new());
    let supervision = Supervision {
        mode: SupervisorMode::Monitor,
        nickname: None,
        extent: SupervisionExtent::AllChats,
        since: floor.now,
        offered: BTreeSet::new(),
    };
    let ann = followed.desks.get_mut(&ANN).unwrap();
    ann.supervise(SUPERVISOR, supervision.clone());
    let of = |supervisor: UserId| [Key::Desk(supervisor), Key::User(supervisor), Key::Desk(ANN)];
    let begin = AtDesk::Follow(Some(supervision));
    vec![
        cell("an agent is followed", &floor, begin, &of(SUPERVISOR)),
        cell("an agent is followed no more", &followed, AtDesk::Follow(None), &[Key::Desk(ANN)]),
    ]
}
