//! The states that agents choose from: everybody sees them, and admins add reasons for being
//! NotReady, which are states of their own (docs/api/provisioning.md, "Agent states").

use axum::extract::State;
use handoff_domain::CenterId;
use handoff_engine::Directory;
use handoff_provision::{Editor, ReasonDescription, Refused, Thing};
use handoff_store::{Key, Version};
use serde::Serialize;

use crate::administration::{Changes, Described, New, change, done, made_as};
use crate::caller::{Admin, AnyUser};
use crate::commands::Answer;
use crate::error::{Refusal, unfit};
use crate::idempotency::Retry;
use crate::request::Id;
use crate::settings::workspace_of;
use crate::shared::Shared;
use crate::wire::envelope::JsonText;
use crate::wire::fields::Fields;
use crate::wire::listing::one;
use crate::wire::resource::{LOGGED_OUT_ID, Link, NOT_READY_ID, READY_ID, segment};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AgentStates {
    status_code: i32,
    /// Names the attribute that tells one setting from another (docs/compat/center.md#resources).
    key: &'static str,
    settings: Vec<AgentState>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AgentState {
    id: String,
    display_name: String,
    state: &'static str,
    /// What a client posts to get there; none for the state that only the end of the contact-center
    /// session brings.
    #[serde(skip_serializing_if = "Option::is_none")]
    operation_name: Option<&'static str>,
    /// What admins change, and no state of the server's own has.
    #[serde(flatten)]
    own: Option<Own>,
}

/// What a reason for being NotReady has.
#[derive(Serialize)]
struct Own {
    /// The `reason` that a client posts along.
    reason: String,
    /// The contact center's: it has one for all that it says of itself.
    version: Version,
    #[serde(flatten)]
    link: Link,
}

impl AgentState {
    fn new(
        id: &str,
        display_name: &str,
        state: &'static str,
        operation_name: Option<&'static str>,
    ) -> Self {
        let (id, display_name) = (id.to_owned(), display_name.to_owned());
        Self { id, display_name, state, operation_name, own: None }
    }
}

/// Returns the id of NotReady for a reason. It goes by the reason, which is what tells it.
fn id_of(reason: &str) -> String {
    format!("{NOT_READY_ID}:{reason}")
}

/// Returns the reason of a state; the refusal is of what is none.
fn reason_of(id: &str) -> Result<&str, Refusal> {
    let reason = id.strip_prefix(NOT_READY_ID).and_then(|rest| rest.strip_prefix(':'));
    reason.ok_or_else(|| Refusal::not_found(&Thing::AgentState.to_string()))
}

fn link_of(shared: &Shared, reason: &str) -> Link {
    shared.url().link(format!("/settings/agent-states/{}", segment(&id_of(reason))))
}

/// Returns the reason that a name stands for which a client gives in place of an operation: that of
/// a state of the contact center's own, by its reason or its id.
pub(crate) fn reason_named(directory: &Directory, center: CenterId, name: &str) -> Option<String> {
    let reason = reason_of(name).unwrap_or(name);
    let center = directory.centers.get(&center)?;
    let mut all = center.workspace.not_ready_reasons.iter();
    all.find(|one| *one == reason).cloned()
}

fn all(shared: &Shared, center: CenterId) -> Vec<AgentState> {
    let directory = shared.engine().core().directory();
    let workspace = workspace_of(&directory, center);
    let version = directory.version(&Key::Center(center));
    let because = |reason: &String| {
        let own = Own { reason: reason.clone(), version, link: link_of(shared, reason) };
        let name = workspace.name_of_reason(reason);
        let state = AgentState::new(&id_of(reason), name, "NotReady", Some("NotReady"));
        AgentState { own: Some(own), ..state }
    };
    let before = [
        AgentState::new(READY_ID, "Ready", "Ready", Some("Ready")),
        AgentState::new(NOT_READY_ID, "Not Ready", "NotReady", Some("NotReady")),
    ];
    let after = AgentState::new(LOGGED_OUT_ID, "Logged Out", "LoggedOut", None);
    let reasons = workspace.not_ready_reasons.iter().map(because);
    before.into_iter().chain(reasons).chain([after]).collect()
}

/// `GET /settings/agent-states`
pub(crate) async fn list(State(shared): State<Shared>, AnyUser(me): AnyUser) -> Answer {
    let settings = all(&shared, me.center());
    Ok(JsonText::of(&AgentStates { status_code: 0, key: "id", settings }))
}

/// `GET /settings/agent-states/{id}`
pub(crate) async fn get(State(shared): State<Shared>, AnyUser(me): AnyUser, Id(id): Id) -> Answer {
    let found = all(&shared, me.center()).into_iter().find(|state| state.id == id);
    let shown = found.ok_or_else(|| Refusal::not_found(&Thing::AgentState.to_string()))?;
    Ok(one("agentState", &shown))
}

/// What a body says of a reason for being NotReady.
pub(crate) struct OfState(ReasonDescription);

impl Described for OfState {
    const NEEDED: &'static [&'static str] = &["displayName"];

    fn read(fields: Fields<'_>) -> Result<Self, Refusal> {
        for name in ["state", "operationName"] {
            if fields.text(name)?.is_some_and(|text| text != "NotReady") {
                let sentence = format!("The field {name} can only be NotReady; leave it out.");
                return Err(Refusal::invalid(sentence));
            }
        }
        let [display_name, reason] = [fields.text("displayName")?, fields.text("reason")?];
        let said = ReasonDescription { reason, display_name };
        match said.fault() {
            Some(fault) => Err(unfit(Thing::AgentState, &fault)),
            None => Ok(Self(said)),
        }
    }
}

/// `POST /settings/agent-states`
pub(crate) async fn post(
    State(shared): State<Shared>,
    New(OfState(said)): New<OfState>,
    retry: Retry,
    Admin(me): Admin,
) -> Answer {
    let reason = said.reason.as_deref().or(said.display_name.as_deref()).unwrap_or_default();
    let answer = made_as(id_of(reason), link_of(&shared, reason));
    change(&shared, &me, &retry, answer, |center| Ok(center.add_reason(reason, &said)?)).await
}

/// `PUT /settings/agent-states/{id}`
pub(crate) async fn put(
    State(shared): State<Shared>,
    changes: Changes<OfState>,
    retry: Retry,
    Admin(me): Admin,
    Id(id): Id,
) -> Answer {
    let decide = |center: &Editor<'_>| {
        expect_own(&id, || Refused::Fixed { thing: Thing::AgentState, property: "displayName" })?;
        let reason = reason_of(&id)?;
        let edit = center.change_reason(reason, &changes.said.0)?;
        let link = link_of(&shared, reason);
        changes.expect_same_id(center, &Key::Center(me.center()), &id, &link)?;
        Ok(edit)
    };
    change(&shared, &me, &retry, done(), decide).await
}

/// `DELETE /settings/agent-states/{id}`
pub(crate) async fn delete(
    State(shared): State<Shared>,
    retry: Retry,
    Admin(me): Admin,
    Id(id): Id,
) -> Answer {
    let decide = |center: &Editor<'_>| {
        let by = "the server, which has it for everybody".to_owned();
        expect_own(&id, || Refused::InUse { thing: Thing::AgentState, by })?;
        Ok(center.remove_reason(reason_of(&id)?)?)
    };
    change(&shared, &me, &retry, done(), decide).await
}

/// Refuses to change a state that the server has for every contact center.
fn expect_own(id: &str, refused: impl FnOnce() -> Refused) -> Result<(), Refusal> {
    if [READY_ID, NOT_READY_ID, LOGGED_OUT_ID].contains(&id) {
        return Err(refused().into());
    }
    Ok(())
}
