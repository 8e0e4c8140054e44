//! What a page has to know before anybody signs in (docs/api/README.md, "Signing in").

use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderName, HeaderValue};
use handoff_domain::User;
use handoff_engine::Directory;
use serde::Serialize;

use crate::options::DemoAccounts;
use crate::shared::Shared;
use crate::wire::envelope::JsonText;
use crate::wire::resource::role_name;

/// Whoever asks after an upgrade or another center file must not be shown what was.
const NOT_KEPT: [(HeaderName, HeaderValue); 1] =
    [(CACHE_CONTROL, HeaderValue::from_static("no-store"))];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SignIn<'a> {
    status_code: i32,
    /// The contact center's name; none while there are several, of which nobody is told before they
    /// have proved who they are.
    center: Option<&'a str>,
    /// The ways to prove who one is.
    methods: [&'static str; 1],
    /// Servers that prove it for this one.
    providers: Vec<ShownProvider<'a>>,
    /// The accounts that everybody may use; none but in the demo.
    demo: Vec<DemoAccount<'a>>,
    version: &'a str,
}

#[derive(Serialize)]
struct ShownProvider<'a> {
    name: &'a str,
    label: &'a str,
    /// Where a browser goes to sign in by it.
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DemoAccount<'a> {
    user_name: &'a str,
    first_name: &'a str,
    last_name: &'a str,
    roles: Vec<&'static str>,
    groups: Vec<&'a str>,
    password: &'a str,
}

impl<'a> DemoAccount<'a> {
    fn of(user: &'a User, directory: &'a Directory, accounts: &'a DemoAccounts) -> Self {
        let groups = user.groups.iter().filter_map(|group| directory.groups.get(group));
        Self {
            user_name: &user.user_name,
            first_name: &user.first_name,
            last_name: &user.last_name,
            roles: user.roles.iter().copied().map(role_name).collect(),
            groups: groups.map(|group| group.name.as_str()).collect(),
            password: &accounts.password,
        }
    }
}

/// `GET /session`
pub(crate) async fn sign_in(
    State(shared): State<Shared>,
) -> ([(HeaderName, HeaderValue); 1], JsonText) {
    let directory = shared.engine().core().directory();
    let accounts = shared.options().demo.as_ref();
    let users: Vec<&User> = accounts
        .into_iter()
        .flat_map(|accounts| &accounts.user_names)
        .filter_map(|name| directory.user_by_name(name).map(AsRef::as_ref))
        .collect();
    let mut centers = directory.centers.values();
    let only = match (users.first(), centers.next(), centers.next()) {
        (Some(user), ..) => directory.centers.get(&user.center),
        (None, only, None) => only,
        (None, ..) => None,
    };
    let demo = accounts
        .into_iter()
        .flat_map(|accounts| users.iter().map(|user| DemoAccount::of(user, &directory, accounts)));
    let providers = shared.options().providers.iter().map(|it| ShownProvider {
        name: &it.name,
        label: &it.label,
        uri: shared.options().sign_in_url.provider(&it.name),
    });
    let body = JsonText::of(&SignIn {
        status_code: 0,
        center: only.map(|center| center.name.as_str()),
        methods: ["password"],
        providers: providers.collect(),
        demo: demo.collect(),
        version: &shared.options().version,
    });
    (NOT_KEPT, body)
}
