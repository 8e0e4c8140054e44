//! Changes of a contact center by its admins: of one thing at a time, each with a request.
//!
//! What a thing may be and what becomes of the contact center `handoff_provision` says. Here it is
//! read from a body, committed once however often it is asked for, and answered. Two admins at the
//! same time never overwrite each other: what one decided on a contact center that another changed
//! meanwhile is decided again, and whoever names the version that they read is refused then.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use handoff_domain::{Role, User};
use handoff_engine::Directory;
use handoff_provision::{CenterFileError, Edit, Editor, Removing, Thing};
use handoff_store::{AuditTool, ChangeSet, CommitError, Key, Version};
use serde::Serialize;

use crate::caller::Me;
use crate::commands::Answer;
use crate::error::{Code, NO_PERMISSION, Refusal};
use crate::idempotency::Retry;
use crate::request::JsonBody;
use crate::shared::Shared;
use crate::wire::envelope::{Envelope, JsonText};
use crate::wire::fields::Fields;
use crate::wire::resource::Link;

/// How often a change is tried while others change the contact center, too.
const ATTEMPTS_MAX: usize = 8;

/// What a body can say of things of one kind.
pub(crate) trait Described: Sized {
    /// The fields without which nothing new is made.
    const NEEDED: &'static [&'static str];

    /// Reads what is said, as far as it is said.
    fn read(fields: Fields<'_>) -> Result<Self, Refusal>;
}

/// What a body says of a thing that is to be made. Stands before the caller among a handler's
/// arguments.
pub(crate) struct New<D>(pub(crate) D);

impl<D: Described, S: Sync> FromRequestParts<S> for New<D> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let body = JsonBody::from_request_parts(parts, state).await?;
        let fields = body.fields();
        match D::NEEDED.iter().find(|name| fields.get(name).is_none()) {
            Some(name) => Err(fields.missing(name)),
            None => D::read(fields).map(Self),
        }
    }
}

/// What a body says of a thing that is there: the given fields change. Stands before the caller
/// among a handler's arguments.
pub(crate) struct Changes<D> {
    same: Same,
    pub(crate) said: D,
}

impl<D: Described, S: Sync> FromRequestParts<S> for Changes<D> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let body = JsonBody::from_request_parts(parts, state).await?;
        Self::read(body.fields())
    }
}

impl<D: Described> Changes<D> {
    pub(crate) fn read(fields: Fields<'_>) -> Result<Self, Refusal> {
        Ok(Self { same: Same::read(fields)?, said: D::read(fields)? })
    }

    /// Refuses what is not there, another id or address, and a version that is not the present one.
    pub(crate) fn expect_same(
        &self,
        center: &Editor<'_>,
        key: &Key,
        link: &Link,
    ) -> Result<(), Refusal> {
        let id = link.path.rsplit('/').next().unwrap_or_default();
        self.expect_same_id(center, key, id, link)
    }

    /// The same of what stands in its address in another form than its id has.
    pub(crate) fn expect_same_id(
        &self,
        center: &Editor<'_>,
        key: &Key,
        id: &str,
        link: &Link,
    ) -> Result<(), Refusal> {
        self.expect(center.version(key)?, id, link)
    }

    /// The same of what is at a version and no part of the directory.
    pub(crate) fn expect(&self, version: Version, id: &str, link: &Link) -> Result<(), Refusal> {
        self.same.expect(version, id, link)
    }
}

/// What a body wants of something whose address takes operations as well. Stands before the caller
/// among a handler's arguments.
pub(crate) enum Posted<O, C> {
    Operation(O),
    /// It names no operation.
    Change(C),
}

impl<O, C, S: Sync> FromRequestParts<S> for Posted<O, C>
where
    O: FromRequestParts<S, Rejection = Refusal>,
    C: FromRequestParts<S, Rejection = Refusal>,
{
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let body = JsonBody::from_request_parts(parts, state).await?;
        if body.fields().get("operationName").is_some() {
            return O::from_request_parts(parts, state).await.map(Self::Operation);
        }
        C::from_request_parts(parts, state).await.map(Self::Change)
    }
}

/// What of a thing never changes by a body that names it. A client that sends back what it read
/// gives the thing's own.
struct Same {
    id: Option<String>,
    uri: Option<String>,
    path: Option<String>,
    version: Option<Version>,
}

impl Same {
    fn read(fields: Fields<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            id: fields.text("id")?,
            uri: fields.text("uri")?,
            path: fields.text("path")?,
            version: fields.count("version")?,
        })
    }

    fn expect(&self, version: Version, id: &str, link: &Link) -> Result<(), Refusal> {
        let properties =
            [("id", &self.id, id), ("uri", &self.uri, &link.uri), ("path", &self.path, &link.path)];
        for (name, given, own) in properties {
            if given.as_ref().is_some_and(|given| given != own) {
                let sentence = format!("The property {name} cannot be changed; leave it out.");
                return Err(Refusal::new(Code::ReadOnly, sentence));
            }
        }
        if self.version.is_some_and(|given| given != version) {
            let sentence = format!(
                "Somebody else changed this since you read it: its version is {version} now; read it again, and decide."
            );
            return Err(Refusal::new(Code::WrongState, sentence));
        }
        Ok(())
    }
}

/// Reads an id. Whatever else stands in its place is the id of nothing.
pub(crate) fn known<I: std::str::FromStr>(text: &str, thing: Thing) -> Result<I, Refusal> {
    text.parse().map_err(|_| Refusal::not_found(&thing.to_string()))
}

/// Returns the answer to whoever made something.
pub(crate) fn made(link: Link) -> JsonText {
    let id = link.path.rsplit('/').next().unwrap_or_default().to_owned();
    made_as(id, link)
}

/// The same of what stands in its address in another form than its id has.
pub(crate) fn made_as(id: String, link: Link) -> JsonText {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Made {
        status_code: i32,
        id: String,
        #[serde(flatten)]
        link: Link,
    }
    JsonText::of(&Made { status_code: 0, id, link })
}

/// Returns the answer to whoever changed or removed something.
pub(crate) fn done() -> JsonText {
    Envelope::Plain.success(None)
}

/// Changes the caller's contact center, and answers once that is durable and in effect here.
pub(crate) async fn change(
    shared: &Shared,
    me: &Me,
    retry: &Retry,
    answer: JsonText,
    decide: impl Fn(&Editor<'_>) -> Result<Edit, Refusal> + Send + Sync,
) -> Answer {
    let by_admin = |center: &Editor<'_>, user: &User| {
        expect_admin(user)?;
        decide(center)
    };
    change_by(shared, me, retry, answer, by_admin).await
}

/// The same by somebody of whom `decide` says whether they may, as they are now.
pub(crate) async fn change_by(
    shared: &Shared,
    me: &Me,
    retry: &Retry,
    answer: JsonText,
    decide: impl Fn(&Editor<'_>, &User) -> Result<Edit, Refusal> + Send + Sync,
) -> Answer {
    if let Some(answer) = retry.earlier(shared, me).await? {
        return Ok(answer);
    }
    let core = shared.engine().core();
    for _ in 0..ATTEMPTS_MAX {
        core.reload_directory().await?;
        let by = me.by(core.now(), AuditTool::Request);
        let receipts = retry.receipt(me, &answer, by.at).into_iter().collect();
        let decided = {
            let directory = core.directory();
            let center = Editor::new(&directory, me.center());
            decide(&center, enabled(&directory, me)?)
                .map(|edit| ChangeSet { receipts, ..center.change_set(edit, &by) })
        };
        let change = match decided {
            Ok(change) => change,
            // Its twin may be why: what is to be made is there, what is to be removed is not.
            Err(refusal) => return retry.earlier(shared, me).await?.ok_or(refusal),
        };
        match core.store().commit(change).await {
            Ok(_) => {
                shared.directory_changed().await;
                return Ok(answer);
            }
            Err(CommitError::Conflict { .. }) => {}
            Err(CommitError::Timer(_) | CommitError::Receipt(_)) => {
                return retry.earlier(shared, me).await?.ok_or_else(Refusal::internal);
            }
            Err(CommitError::Store(error)) => return Err(error.into()),
        }
    }
    Err(overtaken())
}

/// Removes something that work may be with, and answers once that is done. Whoever hangs up
/// meanwhile has it done nevertheless.
pub(crate) async fn remove(
    shared: &Shared,
    me: &Me,
    retry: &Retry,
    work_to: Vec<String>,
    decide: impl Fn(&Editor<'_>) -> Result<Removing, Refusal> + Send + Sync + 'static,
) -> Answer {
    let (it, whose, retry) = (shared.clone(), me.clone(), retry.clone());
    let removing = async move { see_removed(&it, &whose, &retry, &work_to, decide).await };
    shared.engine().core().to_the_end(removing).await
}

async fn see_removed(
    shared: &Shared,
    me: &Me,
    retry: &Retry,
    work_to: &[String],
    decide: impl Fn(&Editor<'_>) -> Result<Removing, Refusal> + Send + Sync,
) -> Answer {
    // It takes several commits, between which neither a file nor a twin of this request comes.
    let _one_at_a_time = shared.applying().lock().await;
    if let Some(answer) = retry.earlier(shared, me).await? {
        return Ok(answer);
    }
    let core = shared.engine().core();
    for _ in 0..ATTEMPTS_MAX {
        core.reload_directory().await?;
        let decided = {
            let directory = core.directory();
            expect_admin(enabled(&directory, me)?)?;
            decide(&Editor::new(&directory, me.center()))
        };
        let removing = match decided {
            Ok(removing) => removing,
            Err(refusal) => return retry.earlier(shared, me).await?.ok_or(refusal),
        };
        let by = me.by(core.now(), AuditTool::Request);
        match removing.carry_out(shared.engine(), by, work_to).await {
            Ok(()) => return remember(shared, me, retry).await,
            Err(CenterFileError::Conflict(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(overtaken())
}

/// Leaves the receipt of a removal, which is over.
async fn remember(shared: &Shared, me: &Me, retry: &Retry) -> Answer {
    let (core, answer) = (shared.engine().core(), done());
    let receipts: Vec<_> = retry.receipt(me, &answer, core.now()).into_iter().collect();
    if receipts.is_empty() {
        return Ok(answer);
    }
    match core.store().commit(ChangeSet { receipts, ..ChangeSet::default() }).await {
        Err(CommitError::Store(error)) => Err(error.into()),
        // Another node's twin was faster.
        Ok(_) | Err(_) => Ok(answer),
    }
}

fn overtaken() -> Refusal {
    let sentence =
        "The contact center is being changed by somebody else at the same time; repeat the change.";
    Refusal::new(Code::WrongState, sentence)
}

/// Returns who changes something as the directory has them now, which the commit's guard takes in.
fn enabled<'a>(directory: &'a Directory, me: &Me) -> Result<&'a User, Refusal> {
    let found = directory.user(me.center(), me.id()).filter(|user| user.enabled);
    found.map(|user| &**user).ok_or_else(|| Refusal::new(Code::NoPermission, NO_PERMISSION))
}

/// Refuses whoever is no admin any more.
fn expect_admin(user: &User) -> Result<(), Refusal> {
    if user.roles.contains(&Role::Admin) {
        return Ok(());
    }
    Err(Refusal::new(Code::NoPermission, NO_PERMISSION))
}
