// Webhooks: addresses of other systems that are told what happens.

import {text, texts} from "../api/fields.ts";
import {missing, nameFault} from "./faults.ts";
import type {Kind} from "./kinds.ts";
import {pick} from "./typed.ts";

export type WebhookForm = {
    name: string;
    url: string;
    /** What it is told of; none is all. */
    events: string[];
    /** Of which queues; none is all. */
    queues: string[];
    /** Whether it is told at all; the API's `enabled`. */
    isTold: boolean;
};

export const WEBHOOKS: Kind<WebhookForm> = {
    page: "webhooks",
    one: "webhook",
    query: "",
    fixed: [],
    begin: () => ({name: "", url: "", events: [], queues: [], isTold: true}),
    read: (it) => ({
        name: text(it["name"]),
        url: text(it["url"]),
        events: texts(it["events"]),
        queues: texts(it["queues"]),
        isTold: it["enabled"] === true,
    }),
    body(form, changed) {
        const plain = pick(changed.filter((field) => field !== "isTold"), form);
        return changed.includes("isTold") ? {...plain, enabled: form.isTold} : plain;
    },
    settled: (form) => form,
    fields: Object.keys,
    faults: (form) => [
        ...nameFault("name", form.name),
        ...missing("url", form.url, (t) => t.addressMissing),
    ],
};
