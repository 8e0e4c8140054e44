// Begins letters that answer none: to anybody, or to the customer of a chat that is over.

import {nextTick} from "vue";
import {useRouter} from "vue-router";
import {fields, list, text} from "../api/fields.ts";
import {useContext, useDesk} from "../app/context.ts";
import {MINE} from "../app/place.ts";
import {browserStorage} from "../app/settings-keeper.ts";
import {DraftKeeper} from "../conversation/drafts.ts";
import type {Interaction} from "../api/interaction.ts";
import {addressOf} from "../state/lists.ts";

/** The setting that names the queue by which letters go out. */
const OUTBOUND = "email.outbound-queue";

export interface Letters {
    /** Begins an empty letter and opens it. Fails as requests do. */
    begin(): Promise<void>;
    /** Begins a letter to the customer of a chat, with what was not sent in it. */
    afterChat(chat: Interaction): Promise<void>;
}

export function useLetters(): Letters {
    const {api} = useContext();
    const {desk, state} = useDesk();
    const router = useRouter();

    async function write(email: object, about: object): Promise<void> {
        const {settings} = await api.get("settings/interaction-workspace");
        const named = list(settings).map(fields).find(({name}) => name === OUTBOUND);
        const queueName = text(named?.["value"]);
        const id = await desk.create({channel: "email", queueName, email, ...about});
        await router.push(`${MINE}/${id}`);
        await nextTick();
        const form = document.querySelector<HTMLElement>('[data-part="composer"]');
        const first = form?.querySelector<HTMLElement>("input:not([type=file])");
        // Whoever it goes to is the first to be said.
        (first ?? form)?.focus();
    }

    return {
        begin: () => write({}, {}),
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
