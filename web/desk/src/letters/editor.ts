// The editor of letters. It is loaded with the first letter that is opened, not with the desk.
//
// It knows what a letter needs and nothing else: whatever is pasted goes through the same list, so
// that neither styles nor scripts nor pictures of other pages come along.

import {Editor} from "@tiptap/core";
import {Bold} from "@tiptap/extension-bold";
import {Document} from "@tiptap/extension-document";
import {HardBreak} from "@tiptap/extension-hard-break";
import {Image} from "@tiptap/extension-image";
import {Italic} from "@tiptap/extension-italic";
import {Link} from "@tiptap/extension-link";
import {BulletList} from "@tiptap/extension-list/bullet-list";
import {ListItem} from "@tiptap/extension-list/item";
import {OrderedList} from "@tiptap/extension-list/ordered-list";
import {Paragraph} from "@tiptap/extension-paragraph";
import {Text} from "@tiptap/extension-text";
import {UndoRedo} from "@tiptap/extensions/undo-redo";
import {cleaned} from "./pasted.ts";
import {plainOf} from "./plain.ts";

/** What can be put on and taken off words, by its name in the editor. */
export type Style = "bold" | "italic" | "bulletList" | "orderedList";

export interface EditorSurroundings {
    element: HTMLElement;
    html: string;
    /** Attributes of the box in which one writes. */
    attributes: Record<string, string>;
    /** Returns where a picture of this letter is; `null` for any other. */
    picture(address: string): string | null;
    changed(letter: {html: string; text: string}): void;
    /** The caret is elsewhere, or a style was changed. */
    moved(): void;
    /** Files were pasted or dropped; returns whether they were taken. */
    files(files: File[]): boolean;
}

export interface LetterEditor {
    focus(where: "start" | "end" | "where it was"): void;
    has(style: Style): boolean;
    toggle(style: Style): void;
    /** The address of the link at the caret; empty without one. */
    link(): string;
    setLink(address: string): void;
    insertPicture(address: string, name: string): void;
    /** Puts a letter in, in place of what is there. */
    setHtml(html: string): void;
    setReadOnly(isReadOnly: boolean): void;
    end(): void;
}

const LINKS = /^(https?:|mailto:)/i;

/** Only such addresses become links that can harm nobody. */
export function isLink(address: string): boolean {
    return LINKS.test(address);
}

export function makeEditor(surroundings: EditorSurroundings): LetterEditor {
    const {element, html, attributes, changed, moved, files} = surroundings;
    const taken = (list: FileList | undefined | null): boolean =>
        list != null && list.length > 0 && files([...list]);
    const editor = new Editor({
        element,
        // The page's policy forbids styles that a script puts in; they are in LetterBox.vue.
        injectCSS: false,
        extensions: extensions(surroundings),
        content: html,
        editorProps: {
            attributes,
            transformPastedHTML: cleaned,
            handlePaste: (_, {clipboardData}) => taken(clipboardData?.files),
            handleDrop: (_, event) => taken((event as DragEvent).dataTransfer?.files),
        },
        onUpdate: ({editor: now}) => changed({html: now.getHTML(), text: plainOf(now.getJSON())}),
        onTransaction: moved,
    });
    return {
        focus: (where) => {
            editor.commands.focus(where === "where it was" ? null : where);
        },
        has: (style) => editor.isActive(style),
        toggle: (style) => toggle(editor, style),
        link: () => String(editor.getAttributes("link")["href"] ?? ""),
        setLink: (address) => setLink(editor, address),
        insertPicture: (src, alt) => {
            editor.chain().focus().setImage({src, alt}).run();
        },
        // Nothing is written by these.
        setHtml: (letter) => {
            editor.commands.setContent(letter, {emitUpdate: false});
        },
        setReadOnly: (isReadOnly) => editor.setEditable(!isReadOnly, false),
        end: () => editor.destroy(),
    };
}

function extensions({picture}: EditorSurroundings) {
    return [
        Document,
        Paragraph,
        Text,
        Bold,
        Italic,
        BulletList,
        OrderedList,
        ListItem,
        UndoRedo,
        // Ctrl+Enter sends.
        HardBreak.extend({
            addKeyboardShortcuts() {
                return {"Shift-Enter": () => this.editor.commands.setHardBreak()};
            },
        }),
        Link.configure({
            openOnClick: false,
            protocols: ["http", "https", "mailto"],
            isAllowedUri: (address) => isLink(address),
            HTMLAttributes: {target: null, rel: null},
        }),
        Image.extend({
            parseHTML() {
                return [{
                    tag: "img[src]",
                    getAttrs: (one) => {
                        const src = picture(one.getAttribute("src") ?? "");
                        return src === null ? false : {src, alt: one.getAttribute("alt")};
                    },
                }];
            },
        }).configure({inline: true, allowBase64: false}),
    ];
}

function toggle(editor: Editor, style: Style): void {
    const chain = editor.chain().focus();
    switch (style) {
        case "bold": chain.toggleBold().run(); break;
        case "italic": chain.toggleItalic().run(); break;
        case "bulletList": chain.toggleBulletList().run(); break;
        case "orderedList": chain.toggleOrderedList().run(); break;
    }
}

/** Without words that are chosen the address itself is put in. */
function setLink(editor: Editor, href: string): void {
    const chain = editor.chain().focus().extendMarkRange("link");
    if (href === "") {
        chain.unsetLink().run();
    } else if (editor.state.selection.empty && !editor.isActive("link")) {
        const marks = [{type: "link", attrs: {href}}];
        chain.insertContent([{type: "text", text: href, marks}]).run();
    } else {
        chain.setLink({href}).run();
    }
}
