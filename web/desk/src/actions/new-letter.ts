// Begins letters that answer none: to anybody, or to the customer of a chat that is over.

import {useRouter} from "vue-router";
import {useContext, useDesk} from "../app/context.ts";
import {MINE} from "../app/addresses.ts";
import {browserStorage} from "../app/settings-keeper.ts";
import {DraftKeeper} from "../conversation/drafts.ts";
import type {Contact} from "../api/contact.ts";
import type {Interaction} from "../api/interaction.ts";
import {outboundOf} from "../letters/outbound.ts";
import {addressOf} from "../state/lists.ts";

/** How long the form of a new letter may take to be shown, in ms. */
const FORM_MS_MAX = 5_000;

export interface Letters {
    /** Begins an empty letter and opens it. Fails as requests do. */
    begin(): Promise<void>;
    /** Begins a letter to a contact; `opens` is told before it is opened. */
    beginTo(contact: Contact, opens: () => void): Promise<void>;
    /** Begins a letter to the customer of a chat, with what was not sent in it. */
    afterChat(chat: Interaction): Promise<void>;
}

export function useLetters(): Letters {
    const {api} = useContext();
    const {desk, state} = useDesk();
    const router = useRouter();

    async function write(
        email: object,
        about: object,
        opens: () => void = () => {},
    ): Promise<void> {
        const {queue} = await outboundOf(api, state.value.me);
        const queueName = queue ?? "";
        const id = await desk.create({channel: "email", queueName, email, ...about});
        opens();
        await router.push(`${MINE}/${id}`);
        // Whoever it goes to is the first to be said. The form comes with the editor.
        const first = '[data-part="composer"] input:not([type="file"])';
        const until = Date.now() + FORM_MS_MAX;
        while (document.querySelector(first) === null && Date.now() < until) {
            await new Promise(requestAnimationFrame);
        }
        document.querySelector<HTMLElement>(first)?.focus();
    }

    return {
        begin: () => write({}, {}),
        beginTo: ({id, emailAddresses}, opens) =>
            write({to: emailAddresses.slice(0, 1)}, {contactId: id}, opens),
        async afterChat(chat) {
            const drafts = new DraftKeeper(browserStorage(), state.value.me?.id ?? "");
            const unsent = drafts.load(chat.id);
            const address = addressOf(chat);
            const words = unsent.visibility === "All" ? unsent.text : "";
            const email = {
                subject: chat.subject,
                ...(address === "" ? {} : {to: [address]}),
                ...(words === "" ? {} : {bodyAsPlainText: words}),
            };
            const {contactId, userData} = chat;
            await write(email, {userData, ...(contactId === null ? {} : {contactId})});
            drafts.forget(chat.id);
        },
    };
}
