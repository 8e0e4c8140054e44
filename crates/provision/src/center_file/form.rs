//! The file's form: what may be written, before any name is looked up.

mod concealed;
pub(super) mod mailbox;
pub(super) mod response;
pub(super) mod service;
mod text;
pub(super) mod workspace;

use std::collections::BTreeMap;
use std::fmt;

use handoff_domain::Role;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use crate::time_span::TimeSpan;
use crate::workbin_description::OwnerKind;
use concealed::refuse_unrepeated;
use service::HoursForm;
pub(super) use text::{Levels, Text};

/// A center file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Form {
    pub center: CenterForm,
    #[serde(default)]
    pub skill: Vec<NamedForm>,
    #[serde(default)]
    pub group: Vec<NamedForm>,
    #[serde(default)]
    pub user: Vec<UserForm>,
    #[serde(default)]
    pub queue: Vec<QueueForm>,
    #[serde(default)]
    pub workbin: Vec<WorkbinForm>,
    #[serde(default)]
    pub service: Vec<service::ServiceForm>,
    #[serde(default)]
    pub mailbox: Vec<mailbox::MailboxForm>,
    #[serde(default)]
    pub workspace: workspace::WorkspaceForm,
    #[serde(default)]
    pub disposition: Vec<workspace::DispositionForm>,
    #[serde(default)]
    pub response: Vec<response::ResponseForm>,
}

/// `[center]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct CenterForm {
    pub name: Text,
    /// After how many offers in a row that an agent let pass by they are set to NotReady.
    pub missed_offers_to_not_ready: Option<Spanned<u32>>,
    /// By channel, how long finished work is kept.
    #[serde(default)]
    pub retention: BTreeMap<Text, Spanned<TimeSpan>>,
    /// The IANA name of the zone whose days are the contact center's.
    pub time_zone: Option<Text>,
}

/// `[[skill]]` or `[[group]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NamedForm {
    pub name: Text,
}

/// `[[user]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct UserForm {
    pub user_name: Text,
    #[serde(default)]
    pub first_name: String,
    #[serde(default)]
    pub last_name: String,
    pub nickname: Option<Text>,
    #[serde(default)]
    pub email_address: String,
    #[serde(default)]
    pub roles: Vec<RoleForm>,
    #[serde(default)]
    pub groups: Vec<Text>,
    #[serde(default)]
    pub skills: Levels,
    /// By channel, and `overall`.
    #[serde(default)]
    pub capacity: BTreeMap<Text, u32>,
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Without one the user keeps the password they have.
    pub password: Option<PasswordForm>,
}

const fn yes() -> bool {
    true
}

/// A role by its name in the file.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum RoleForm {
    Agent,
    Supervisor,
    Admin,
    ApiUser,
}

impl From<RoleForm> for Role {
    fn from(form: RoleForm) -> Self {
        match form {
            RoleForm::Agent => Self::Agent,
            RoleForm::Supervisor => Self::Supervisor,
            RoleForm::Admin => Self::Admin,
            RoleForm::ApiUser => Self::ApiUser,
        }
    }
}

/// Returns the name of a role in the file.
pub(super) const fn role_name(role: Role) -> &'static str {
    match role {
        Role::Agent => "agent",
        Role::Supervisor => "supervisor",
        Role::Admin => "admin",
        Role::ApiUser => "apiuser",
    }
}

/// Where a password comes from.
pub(super) enum PasswordForm {
    /// It is written in the file.
    Plain(String),
    /// It is the value of a variable.
    Env(Text),
    /// Its hash is written in the file.
    Argon2(Text),
}

impl fmt::Debug for PasswordForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A secret must not end up in a log by way of a derive.
        f.write_str(match self {
            Self::Plain(_) => "Plain",
            Self::Env(_) => "Env",
            Self::Argon2(_) => "Argon2",
        })
    }
}

impl<'de> Deserialize<'de> for PasswordForm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PasswordVisitor)
    }
}

const PASSWORDS: &str =
    "a password as { env = \"VARIABLE\" }, { argon2 = \"$argon2id$…\" } or a text in quotes";

struct PasswordVisitor;

impl<'de> Visitor<'de> for PasswordVisitor {
    type Value = PasswordForm;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PASSWORDS)
    }

    refuse_unrepeated!(format_args!("expected {PASSWORDS}"));

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<PasswordForm, E> {
        Ok(PasswordForm::Plain(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<PasswordForm, A::Error> {
        let Some(key) = map.next_key::<String>()? else {
            return Err(A::Error::custom("a password needs one of env, argon2"));
        };
        let password = match key.as_str() {
            "env" => PasswordForm::Env(map.next_value()?),
            "argon2" => PasswordForm::Argon2(map.next_value()?),
            other => return Err(A::Error::unknown_field(other, &["env", "argon2"])),
        };
        match map.next_key::<String>()? {
            None => Ok(password),
            Some(second) => Err(A::Error::custom(format!(
                "a password has one source, and {second} is a second one"
            ))),
        }
    }
}

/// `[[queue]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct QueueForm {
    pub name: Text,
    pub channel: Text,
    #[serde(default)]
    pub groups: Vec<Text>,
    #[serde(default)]
    pub skills: Levels,
    #[serde(default)]
    pub priority: i64,
    pub invite_timeout: Option<Spanned<TimeSpan>>,
    pub reoffer_after: Option<Spanned<TimeSpan>>,
    #[serde(default)]
    pub step: Vec<StepForm>,
    /// The queue in which what goes out by this one is looked at first.
    pub review: Option<Text>,
    pub acknowledge: Option<AcknowledgementForm>,
    /// When somebody is there.
    pub hours: Option<Spanned<HoursForm>>,
    /// What whoever writes outside the hours is told in place of the acknowledgement.
    pub closed: Option<AcknowledgementForm>,
    /// How soon a customer is to have an answer.
    pub answer_target: Option<Spanned<TimeSpan>>,
    /// What its work can end with.
    #[serde(default)]
    pub dispositions: Vec<Text>,
    #[serde(default)]
    pub disposition_required: bool,
}

/// `[queue.acknowledge]` and `[queue.closed]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AcknowledgementForm {
    pub subject: Text,
    pub text: Text,
}

/// `[[queue.step]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StepForm {
    pub after: Spanned<TimeSpan>,
    #[serde(default)]
    pub groups: Vec<Text>,
    #[serde(default)]
    pub skills: Levels,
}

/// `[[workbin]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WorkbinForm {
    pub name: Text,
    #[serde(rename = "type")]
    pub owner: OwnerKind,
    pub group: Option<Text>,
}
