//! What a workbin may be, by whichever door it comes, as of queues
//! ([`QueueDescription`](crate::QueueDescription)).

use handoff_domain::{Workbin, WorkbinOwner};
use serde::Deserialize;

use crate::name::name_fault;
use crate::thing::Thing;

/// Whose a workbin is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum OwnerKind {
    /// Every agent has one of their own.
    Agent,
    /// A group's members share it.
    AgentGroup,
}

/// What is said of a workbin, as far as it is said. The group stands there by its name.
#[derive(Debug)]
pub struct WorkbinDescription<N> {
    pub name: Option<String>,
    pub kind: Option<OwnerKind>,
    pub group: Option<N>,
}

/// Something of a workbin that is not allowed.
#[derive(Debug, PartialEq, Eq)]
pub struct WorkbinFault {
    pub field: WorkbinField,
    /// What is wrong, and what is allowed.
    pub message: String,
}

/// Where something is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkbinField {
    Name,
    Group,
}

impl<N> WorkbinDescription<N> {
    /// Returns what cannot be so, as far as that needs no other record.
    #[must_use]
    pub fn faults(&self) -> Vec<WorkbinFault> {
        let name = self.name.as_deref().and_then(|name| name_fault(Thing::Workbin, name));
        let name = name.map(|message| WorkbinFault { field: WorkbinField::Name, message });
        let (field, message) = match (self.kind, &self.group) {
            (Some(OwnerKind::Agent), Some(_)) => {
                (WorkbinField::Group, "a workbin of type Agent has no group")
            }
            (Some(OwnerKind::AgentGroup), None) => {
                (WorkbinField::Name, "a workbin of type AgentGroup needs a group")
            }
            _ => return Vec::from_iter(name),
        };
        let owner = WorkbinFault { field, message: message.to_owned() };
        name.into_iter().chain([owner]).collect()
    }
}

/// Tells whether the rules themselves put work into a workbin
/// (docs/compat/center.md#workbins).
pub(crate) fn is_of_the_rules(workbin: &Workbin) -> bool {
    workbin.owner == WorkbinOwner::EachAgent
        && [Workbin::IN_PROGRESS, Workbin::DRAFTS].contains(&workbin.name.as_str())
}
