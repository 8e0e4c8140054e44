//! What the wire calls the operations.

use handoff_domain::Operation;

/// Returns the name that capabilities and sentences have for an operation
/// (docs/compat/operations.md#names).
#[must_use]
pub const fn operation_name(operation: Operation) -> &'static str {
    match operation {
        Operation::Accept => "Accept",
        Operation::Reject => "Reject",
        Operation::Reply => "Reply",
        Operation::ReplyAll => "ReplyAll",
        Operation::Forward => "Forward",
        Operation::Save => "Save",
        Operation::Send => "Send",
        Operation::CancelSend => "CancelSend",
        Operation::Cancel => "Cancel",
        Operation::AddAttachment => "AddAttachment",
        Operation::RemoveAttachment => "RemoveAttachment",
        Operation::SendMessage => "SendMessage",
        Operation::SendToAgents => "SendToAgents",
        Operation::SendUrl => "SendUrl",
        Operation::SendCustomNotice => "SendCustomNotice",
        Operation::SendStartTypingNotification => "SendStartTypingNotification",
        Operation::SendStopTypingNotification => "SendStopTypingNotification",
        Operation::SendStartTypingToAgentsNotification => "SendStartTypingToAgentsNotification",
        Operation::SendStopTypingToAgentsNotification => "SendStopTypingToAgentsNotification",
        Operation::SendNotification => "SendNotification",
        Operation::RequestChatHistory => "RequestChatHistory",
        Operation::Invite => "Invite",
        Operation::Consult => "Consult",
        Operation::CompleteTransfer => "CompleteTransfer",
        Operation::CompleteConference => "CompleteConference",
        Operation::RemoveParticipantFromConference => "RemoveParticipantFromConference",
        Operation::Leave => "Leave",
        Operation::EndChatSession => "EndChatSession",
        Operation::Intrude => "Intrude",
        Operation::SwitchToMonitor => "SwitchToMonitor",
        Operation::SwitchToCoach => "SwitchToCoach",
        Operation::SwitchBargeIn => "SwitchBargeIn",
        Operation::AttachUserData => "AttachUserData",
        Operation::UpdateUserData => "UpdateUserData",
        Operation::DeleteUserData => "DeleteUserData",
        Operation::SetDisposition => "SetDisposition",
        Operation::UseResponse => "ReportResponseTemplateUsage",
        Operation::AddComment => "AddComment",
        Operation::SetInFocus => "SetInFocus",
        Operation::SplitFromThread => "SplitFromThread",
        Operation::JoinThread => "JoinThread",
        Operation::Transfer => "Transfer",
        Operation::PlaceInQueue => "PlaceInQueue",
        Operation::PlaceInWorkbin => "PlaceInWorkbin",
        Operation::PullInteraction => "PullInteraction",
        Operation::Pull => "Pull",
        Operation::SetPriority => "SetPriority",
        Operation::Widen => "Widen",
        Operation::Complete => "Complete",
        Operation::Change => "PUT",
        // No door leads to these; a refusal of one is for the log.
        Operation::CountDownload => "CountDownload",
        Operation::CustomerLeft => "CustomerLeft",
        Operation::Offer => "Offer",
        Operation::ExpireOffer => "ExpireOffer",
        Operation::ExpireHandling => "ExpireHandling",
        Operation::CheckCustomer => "CheckCustomer",
        Operation::CheckIdle => "CheckIdle",
        Operation::CheckWait => "CheckWait",
        Operation::Remind => "Remind",
        Operation::AgentGone => "AgentGone",
        Operation::Delivered => "Delivered",
        Operation::DeliveryDeferred => "DeliveryDeferred",
        Operation::DeliveryFailed => "DeliveryFailed",
    }
}

/// Returns the names of operations, in order.
pub(crate) fn operation_names(operations: &[Operation]) -> Vec<&'static str> {
    operations.iter().map(|operation| operation_name(*operation)).collect()
}
