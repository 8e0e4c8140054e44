//! Settings that clients read: what the contact center tells desktops (docs/api/README.md,
//! "Settings").

use std::collections::BTreeMap;

use axum::extract::State;
use handoff_domain::{CenterId, Workspace};
use handoff_engine::Directory;
use serde_json::{Value, json};

use crate::caller::AnyUser;
use crate::commands::Answer;
use crate::error::Refusal;
use crate::request::Id;
use crate::shared::Shared;
use crate::wire::envelope::JsonText;

/// The section that desktops read their options from.
pub(crate) const WORKSPACE: &str = "interaction-workspace";
/// The section of the ways in which work can end.
const DISPOSITIONS: &str = "dispositions";
/// The business attributes that the options name.
const DISPOSITION_CODE: &str = "DispositionCode";
const FROM_ADDRESSES: &str = "FromAddresses";
/// The sections, by what a list of them shows.
const SECTIONS: [(&str, &str); 3] = [
    ("agent-states", "Agent States"),
    (DISPOSITIONS, "Dispositions"),
    (WORKSPACE, "Interaction Workspace"),
];

pub(crate) fn workspace_of(directory: &Directory, center: CenterId) -> Workspace {
    directory.centers.get(&center).map(|center| center.workspace.clone()).unwrap_or_default()
}

/// Returns the options of the section that desktops read, by name. Options that nothing is
/// configured for are left out.
pub(crate) fn workspace(
    shared: &Shared,
    center: CenterId,
    directory: &Directory,
) -> BTreeMap<String, String> {
    let Workspace { outbound_queue, from_addresses, dispositions, mut settings, .. } =
        workspace_of(directory, center);
    let queue = outbound_queue.and_then(|queue| directory.queue(center, queue));
    let mut set = |name: &str, value: String| drop(settings.insert(name.to_owned(), value));
    if let Some(queue) = queue {
        set("email.outbound-queue", queue.name.clone());
    }
    if !from_addresses.is_empty() {
        set("email.from-addresses", FROM_ADDRESSES.to_owned());
    }
    if !dispositions.is_empty() {
        set("interaction.disposition.value-business-attribute", DISPOSITION_CODE.to_owned());
    }
    set(
        "interaction.disposition.key-name",
        shared.engine().core().options().rules.disposition_key.clone(),
    );
    settings
}

/// `GET /settings`: the sections.
pub(crate) async fn list(State(shared): State<Shared>, AnyUser(_): AnyUser) -> Answer {
    let sections = SECTIONS.map(|(name, display_name)| {
        let link = shared.url().link(format!("/settings/{name}"));
        json!({"name": name, "displayName": display_name, "uri": link.uri, "path": link.path})
    });
    Ok(JsonText::of(&json!({"statusCode": 0, "key": "name", "settings": sections})))
}

/// `GET /settings/{section}`: its settings. `key` names the attribute that tells one from another.
pub(crate) async fn section(
    State(shared): State<Shared>,
    AnyUser(me): AnyUser,
    Id(section): Id,
) -> Answer {
    let directory = shared.engine().core().directory();
    let (key, settings): (&str, Vec<Value>) = match section.as_str() {
        WORKSPACE => {
            let options = workspace(&shared, me.center(), &directory).into_iter();
            ("name", options.map(|(name, value)| json!({"name": name, "value": value})).collect())
        }
        _ => return Err(Refusal::not_found("section of settings")),
    };
    Ok(JsonText::of(&json!({"statusCode": 0, "key": key, "settings": settings})))
}

/// `GET /internal-api/business-attributes`: lists of values that the options of desktops name.
pub(crate) async fn business_attributes(
    State(shared): State<Shared>,
    AnyUser(me): AnyUser,
) -> Answer {
    let directory = shared.engine().core().directory();
    let Workspace { from_addresses, dispositions, .. } = workspace_of(&directory, me.center());
    let value = |name: &str, shown: &str| json!({"name": name, "displayName": shown});
    let codes: Vec<Value> =
        dispositions.iter().map(|one| value(&one.key, &one.display_name)).collect();
    let addresses: Vec<Value> =
        from_addresses.iter().map(|address| value(address, address)).collect();
    let attributes = json!([
        {"name": DISPOSITION_CODE, "displayName": "Disposition Code", "values": codes},
        {"name": FROM_ADDRESSES, "displayName": "From Addresses", "values": addresses},
    ]);
    Ok(JsonText::of(&json!({"statusCode": 0, "businessAttributes": attributes})))
}
