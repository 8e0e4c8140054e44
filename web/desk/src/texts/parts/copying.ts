// Words to be copied, which may be shown this once. Loaded with what shows them.

import {part} from "../part.ts";

export const copying = part({
    en: {
        thisOnce: "It is shown this once.",
        copy: "Copy",
        copied: "Copied.",
        notCopied: "This browser does not let the page copy.",
    },
    de: {
        thisOnce: "Es wird nur dieses eine Mal gezeigt.",
        copy: "Kopieren",
        copied: "Kopiert.",
        notCopied: "Dieser Browser lässt die Seite nicht kopieren.",
    },
    fr: {
        thisOnce: "Il n’est montré que cette fois.",
        copy: "Copier",
        copied: "Copié.",
        notCopied: "Ce navigateur ne laisse pas la page copier.",
    },
    es: {
        thisOnce: "Se muestra solo esta vez.",
        copy: "Copiar",
        copied: "Copiado.",
        notCopied: "Este navegador no deja copiar a la página.",
    },
});
