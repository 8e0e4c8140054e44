// Files that are dropped on the dialog. Taken or not, the browser must not open them in place of the page.

/** Takes the files that are dropped on an element. */
export function takeDrops(element: HTMLElement, take: (files: File[]) => void): void {
    const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") === true;
    const mark = (isOver: boolean) => element.classList.toggle("dropping", isOver);
    for (const name of ["dragenter", "dragover"] as const) {
        element.addEventListener(name, (event) => {
            if (hasFiles(event)) {
                event.preventDefault();
                mark(true);
            }
        });
    }
    element.addEventListener("dragleave", (event) => {
        if (!(event.relatedTarget instanceof Node && element.contains(event.relatedTarget))) {
            mark(false);
        }
    });
    element.addEventListener("drop", (event) => {
        if (hasFiles(event)) {
            event.preventDefault();
            mark(false);
            take([...(event.dataTransfer?.files ?? [])]);
        }
    });
}
