// The texts of the admin pages, in the reader's language. They come with those pages, and are no
// part of what an agent loads.

import {computed, type ComputedRef} from "vue";
import {language} from "./in-vue.ts";
import type {Language} from "./languages.ts";
import type {Part} from "./part.ts";
import {admin} from "./parts/admin.ts";
import {adminChanges} from "./parts/admin-changes.ts";
import {adminErasure} from "./parts/admin-erasure.ts";
import {adminFields} from "./parts/admin-fields.ts";
import {adminLists} from "./parts/admin-lists.ts";
import {adminRetention} from "./parts/admin-retention.ts";
import {adminSystem} from "./parts/admin-system.ts";
import {adminServices} from "./parts/admin-services.ts";
import {adminWebhooks} from "./parts/admin-webhooks.ts";
import {adminWhatIf} from "./parts/admin-what-if.ts";

type TextsOf<P> = P extends Part<infer T> ? T : never;

export type AdminTexts =
    TextsOf<typeof admin> & TextsOf<typeof adminFields> & TextsOf<typeof adminServices>
    & TextsOf<typeof adminSystem> & TextsOf<typeof adminChanges>
    & TextsOf<typeof adminWebhooks> & TextsOf<typeof adminLists>
    & TextsOf<typeof adminRetention> & TextsOf<typeof adminErasure>
    & TextsOf<typeof adminWhatIf>;

/** Returns all texts of the admin pages in one language. */
export function adminTextsOf(chosen: Language): AdminTexts {
    return {
        ...admin[chosen], ...adminFields[chosen], ...adminServices[chosen], ...adminSystem[chosen],
        ...adminChanges[chosen], ...adminWebhooks[chosen], ...adminLists[chosen],
        ...adminRetention[chosen], ...adminErasure[chosen], ...adminWhatIf[chosen],
    };
}

const texts = computed(() => adminTextsOf(language.value));

/** Returns the texts; they change with the language. */
export function useAdminTexts(): ComputedRef<AdminTexts> {
    return texts;
}
