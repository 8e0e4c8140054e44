// The editor is half as large as the desk: it is loaded when a letter is opened.

type EditorModule = typeof import("./editor.ts");

let loading: Promise<EditorModule> | undefined;

/** Loads it once; a load that failed is tried again by the next that asks. */
export function loadEditor(): Promise<EditorModule> {
    loading ??= import("./editor.ts").catch((trouble: unknown) => {
        loading = undefined;
        throw trouble;
    });
    return loading;
}
