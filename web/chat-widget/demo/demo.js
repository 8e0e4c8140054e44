// Says on the demo's page whether anybody is there to answer, and says it again when that changes.

const ASK = "/genesys/2/chat/customer-support/availability";
// Often enough for somebody who has just logged in as the agent to see it, and cheap: one small answer.
const EVERY_MS = 5000;
const WORDS = {
    Open: "Somebody is logged in: the chat is answered now.",
    NobodyThere:
        "Nobody is logged in to answer. Be that agent yourself: the README's section “Be the agent” has the five commands.",
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
