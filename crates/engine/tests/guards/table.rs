//! The commands of the domain's state table.

#[path = "../../../domain/tests/it/table/commands.rs"]
pub(crate) mod commands;
#[path = "../../../domain/tests/it/table/post.rs"]
pub(crate) mod post;
#[path = "../../../domain/tests/it/table/talk.rs"]
pub(crate) mod talk;
