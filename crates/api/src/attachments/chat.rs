//! The files that agents send in a live chat: each is an entry of the transcript, seen by whoever
//! sees what its sender says.

use handoff_content::{Arrived, Taken};
use handoff_domain::{
    Action, Content, Interaction, Mode, Operation, Party, UserCommand, Utterance, Visibility,
};
use handoff_engine::CommandRequest;
use handoff_store::{FileRecord, FileSender, Put, Record};

use super::{FILE_PART, added, is_unclear, is_upload_of, no_file, sent};
use crate::caller::Me;
use crate::commands::{Answer, Target, carry_out};
use crate::error::{Code, Refusal};
use crate::idempotency::Retry;
use crate::me_interactions::party_of;
use crate::shared::Shared;
use crate::uploads::Received;
use crate::wire::envelope::{Envelope, JsonText};
use crate::wire::transcript::visibility_name;

/// Refuses somebody who could not send a file in this chat now, before it arrives. What counts is
/// what the rules say afterwards.
pub(super) fn may_add<'a>(interaction: &'a Interaction, me: &Me) -> Result<&'a Party, Refusal> {
    let target = Target { id: "", media: None, epoch: None };
    party_of(interaction, me, target, Operation::AddAttachment, &[Mode::Chatting])
}

/// Keeps a file that has arrived, and says so in the chat. Any type is taken: agents are not
/// limited as customers are (docs/compat/customers.md#files).
pub(super) async fn add(
    shared: &Shared,
    me: &Me,
    retry: &Retry,
    interaction: &Interaction,
    form: Received,
) -> Answer {
    let arrived = form.file.ok_or_else(|| Refusal::missing(FILE_PART))?;
    let field = |wanted: &str| {
        let found = form.fields.iter().find(|(name, value)| name == wanted && !value.is_empty());
        found.map(|(_, value)| value.clone())
    };
    let visibility =
        field("visibility").map_or(Ok(Visibility::All), |name| visibility_of(&name))?;
    let content_type = arrived.content_type(Taken::Any)?.to_owned();
    let engine = shared.engine();
    let Arrived { id, name, bytes, .. } = &arrived;
    let record = FileRecord {
        id: *id,
        interaction: interaction.id,
        name: name.clone(),
        bytes: *bytes,
        content_type: content_type.clone(),
        by: FileSender::User(me.id()),
        at: engine.core().now(),
        deleted: None,
        also: std::collections::BTreeSet::new(),
        erased: false,
    };
    let (id, name, bytes) = (*id, name.clone(), *bytes);
    let content = Content::FileUploaded {
        file: id,
        name,
        bytes,
        content_type,
        description: field("description"),
    };
    let reference = engine.core().next_reference(me.id()).await?;
    let answer = added(shared, &record, reference);
    let action = says(content, visibility);
    let request = CommandRequest {
        reference: Some(reference),
        receipt: retry.receipt(me, &answer, engine.core().now()),
        also: vec![Put { record: Record::File(record), expected: 0 }],
        ..CommandRequest::new(interaction.id, UserCommand::new(me.caller(), action))
    };
    let said = Box::pin(carry_out(shared, me, &request, answer.clone()));
    let given = shared.files().keep_and(arrived, said, is_unclear).await?;
    if given != answer {
        // A twin of this request came first, and the answer speaks of its file.
        shared.files().discard(id).await;
    }
    Ok(given)
}

/// Takes back a file that the caller sent, and says so to those who were told of it.
pub(super) async fn delete(
    shared: &Shared,
    me: &Me,
    retry: &Retry,
    interaction: &Interaction,
    attachment: &str,
) -> Answer {
    let engine = shared.engine();
    let found = shared.files().record_in(interaction, attachment).await?.ok_or_else(no_file)?;
    let entries = sent(shared, me, interaction).await?;
    let (_, entry) = entries
        .iter()
        .find(|(_, entry)| is_upload_of(&entry.content, found.value.id))
        .ok_or_else(no_file)?;
    if found.value.by != FileSender::User(me.id()) {
        let sentence = "Somebody else sent this file; only its sender may take it back.";
        return Err(Refusal::new(Code::Forbidden, sentence));
    }
    let content = Content::FileDeleted { file: found.value.id, name: found.value.name.clone() };
    let reference = engine.core().next_reference(me.id()).await?;
    let answer: JsonText = Envelope::Plain.success(Some(reference));
    let record = FileRecord { deleted: Some(engine.core().now()), ..found.value };
    let action = says(content, entry.visibility);
    let request = CommandRequest {
        reference: Some(reference),
        receipt: retry.receipt(me, &answer, engine.core().now()),
        also: vec![Put { record: Record::File(record), expected: found.version }],
        ..CommandRequest::new(interaction.id, UserCommand::new(me.caller(), action))
    };
    carry_out(shared, me, &request, answer).await
}

const fn says(content: Content, visibility: Visibility) -> Action {
    Action::Say(Utterance::new(content, visibility))
}

fn visibility_of(name: &str) -> Result<Visibility, Refusal> {
    let all = [Visibility::All, Visibility::Agents, Visibility::Supervisors];
    let found = all.into_iter().find(|visibility| visibility_name(*visibility) == name);
    found.ok_or_else(|| {
        Refusal::invalid("The field visibility must be All, Agents or Supervisors; correct it.")
    })
}
