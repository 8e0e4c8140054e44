//! Where it is kept which interaction came of a submitter's own id: a receipt for each, for good.

use handoff_domain::{CenterId, ServiceId, UserId};

/// Returns the scope of the ids of what an account submits.
#[must_use]
pub fn external_ids_of_account(center: CenterId, user: UserId) -> String {
    format!("external:{}:{}", center.stored(), user.stored())
}

/// Returns the scope of the ids of what comes in by a service.
#[must_use]
pub fn external_ids_of_service(service: ServiceId) -> String {
    format!("external:service:{}", service.stored())
}

/// Returns the scope that ids were kept in while they were unique in the contact center.
#[must_use]
pub fn external_ids_of_center(center: CenterId) -> String {
    format!("external:{}", center.stored())
}
