// Says on the demo's page whether anybody is there to answer, and says it again when that changes;
// sends what is written in its form as an e-mail.

const ASK = "/genesys/2/chat/customer-support/availability";
// Often enough for somebody who has just logged in as the agent to see it, and cheap: one small answer.
const EVERY_MS = 5000;
const WORDS = {
    Open: "Somebody is logged in: the chat is answered now.",
    NobodyThere:
        "Nobody is logged in to answer. Be that agent yourself: open this address without a path, press Kate and go Ready.",
    Closed: "The chat is closed at this hour; the window shows when it opens.",
    Full: "As many wait as may; the window says when there is room.",
    Unknown: "The demo center does not answer; is it still running?",
};

const place = document.getElementById("there");

async function look() {
    let state = "Unknown";
    try {
        const response = await fetch(ASK, { method: "POST", credentials: "omit" });
        const answer = await response.json();
        state = answer.availability?.state ?? "Unknown";
    } catch {
        // Said by the word for it.
    }
    // A screen reader says it once, when it changes.
    const words = WORDS[state] ?? WORDS.Unknown;
    if (place.textContent !== words) {
        place.textContent = words;
        place.dataset.state = state;
    }
}

async function keepLooking() {
    if (document.visibilityState === "visible") {
        await look();
    }
    setTimeout(keepLooking, EVERY_MS);
}

document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") {
        void look();
    }
});
void keepLooking();

const WRITE = "/genesys/2/email/contact-us";
const form = document.querySelector("#letter form");
const said = document.getElementById("letter-said");
// A repetition after a lost answer is the same e-mail by this, and the next e-mail is another one.
let messageId = crypto.randomUUID();

form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = new URLSearchParams([...new FormData(form), ["messageId", messageId]]);
    try {
        const response = await fetch(WRITE, { method: "POST", body, credentials: "omit" });
        const answer = await response.json();
        if (answer.statusCode !== 0) {
            said.textContent = answer.errors?.[0]?.advice ?? "The e-mail was refused.";
            return;
        }
    } catch {
        said.textContent = "The demo center does not answer; press the button again later.";
        return;
    }
    messageId = crypto.randomUUID();
    form.elements.subject.value = "";
    form.elements.text.value = "";
    said.textContent = "Sent. Whoever is Ready at the desk is offered it now.";
});
