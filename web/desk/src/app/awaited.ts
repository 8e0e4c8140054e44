// What was accepted opens as soon as it is one's own; but nobody is taken away from where they have
// gone meanwhile, for what they write there would go to somebody else.

import {watch, type ShallowRef} from "vue";
import type {Interaction} from "../api/interaction.ts";
import type {DeskState} from "../state/model.ts";

export interface Awaiting {
    state: Readonly<ShallowRef<DeskState>>;
    /** Returns what has the focus. */
    focused(): unknown;
    open(id: string): void;
    /** It is one's own, and one is elsewhere. */
    tell(interaction: Interaction): void;
    /** The server's sentence: somebody else was faster, or it came too late. */
    refused(sentence: string): void;
}

/** An offer that was accepted. */
export interface Accepted {
    id: string;
    /** The key of the request. */
    key: string;
    /** What had the focus when it was pressed. */
    pressedAt: unknown;
}

/** Returns what is told of each offer that is accepted. */
export function useAwaited(awaiting: Awaiting): (accepted: Accepted) => void {
    const {state, focused, open, tell, refused} = awaiting;
    const awaited = new Set<Accepted>();
    const look = ({work, pending}: DeskState): void => {
        for (const one of [...awaited]) {
            const interaction = work[one.id];
            const stage = pending.find(({key}) => key === one.key)?.stage;
            if (stage?.kind === "refused") {
                awaited.delete(one);
                refused(stage.sentence);
            } else if (interaction !== undefined && interaction.state !== "Invited") {
                awaited.delete(one);
                focused() === one.pressedAt ? open(one.id) : tell(interaction);
            }
        }
    };
    watch(state, look);
    return (accepted) => {
        awaited.add(accepted);
        look(state.value);
    };
}
