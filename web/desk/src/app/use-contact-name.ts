// Whoever shows something of a contact wants to know what they are called.

import {watch} from "vue";
import {useDesk} from "./context.ts";

export function useContactName(contactId: () => string | null): void {
    const {desk, state} = useDesk();
    watch(() => [contactId(), state.value.lastRead] as const, ([id]) => {
        if (id !== null && !(id in state.value.contactNames)) {
            desk.wantContact(id);
        }
    }, {immediate: true});
}
