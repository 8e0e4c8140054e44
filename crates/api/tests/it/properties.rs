//! The properties that desktops read among the user data of workbins' contents and of the later
//! generation's resources.

use serde_json::{Value, json};

use crate::api::{Api, has};

async fn parked(api: &Api) -> String {
    api.ready("kate").await;
    let id = api.owned("kate", "email", "support-email").await;
    let own =
        json!({"operationName": "UpdateUserData", "userData": {"Subject": "mine", "amount": 1}});
    api.by("kate").does(&id, own).await.ok();
    id
}

#[track_caller]
fn expect(shown: &Value, id: &str) {
    let wanted = json!({
        "InteractionId": id, "MediaType": "email", "InteractionType": "Inbound", "InteractionSubtype": "InboundNew",
        "Queue": "support-email", "ReceivedAt": "2026-01-09T12:00:00Z", "SubmittedAt": "2026-01-09T12:00:00Z",
        "FromAddress": "kunde@example.com", "amount": 1,
    });
    for (name, value) in wanted.as_object().unwrap() {
        assert_eq!(&shown[name], value, "{name} in {shown}");
    }
    assert_eq!(shown["Subject"], "mine", "a key of the customer's goes first");
}

#[tokio::test]
async fn they_are_shown_in_workbins_and_in_the_later_form_and_never_stored() {
    let api = Api::start().await;
    let id = parked(&api).await;
    let kate = api.by("kate");
    expect(&kate.get(&format!("/emails/{id}")).await.ok()["email"]["userData"], &id);
    expect(&kate.get("/me/emails?fields=*").await.ok()["emails"][0]["userData"], &id);
    expect(&kate.get("/me?subresources=emails").await.ok()["user"]["emails"][0]["userData"], &id);
    let told = api.told_to("kate", "/v2/me/emails").await;
    expect(&told.last().unwrap()["email"]["userData"], &id);
    let own = json!({"Subject": "mine", "amount": 1});
    assert_eq!(kate.sees(&id).await["userData"], own, "the flat object has what there is");
    api.told_to("kate", "/v2/me/interactions").await;
    let place = json!({"operationName": "PlaceInWorkbin", "workbin": "In Progress"});
    kate.does(&id, place).await.ok();
    let workbin = api.workbin("kate", "In Progress").await;
    let list = kate.get(&format!("/workbins/{workbin}/interactions?fields=*")).await.ok();
    let shown = &list["interactions"][0]["userData"];
    expect(shown, &id);
    has(shown, json!({"Workbin": "In Progress", "WorkbinAgentId": "kate"}));
    let whole = kate.get(&format!("/workbins/{workbin}?subresources=email")).await.ok();
    expect(&whole["workbin"]["emails"][0]["userData"], &id);
    kate.does("-", json!({"operationName": "GetWorkbinContent", "workbin": workbin})).await.ok();
    let told = api.told_to("kate", "/v2/me/interactions").await;
    let content = told.iter().find(|one| one["messageType"] == "WorkbinContentMessage").unwrap();
    expect(&content["interactions"][0]["userData"], &id);
    let pull = json!({"operationName": "PullInteraction", "id": id});
    kate.post(&format!("/workbins/{workbin}"), pull).await.ok();
    assert_eq!(kate.sees(&id).await["userData"], own, "nothing of it was stored");
}
