// The pages of what agents choose from.

import {part} from "../part.ts";

export const adminLists = part({
    en: {
        reasons: "Reasons for Not ready",
        newReasons: "New reason",
        findReasons: "Search reasons",
        storedAs: "Stored as",
        storedAsHelp: "Empty: the name. It never changes.",
        reasonsHelp: "Whoever is Not ready for it when it is deleted stays so.",
    },
    de: {
        reasons: "Gründe für Nicht bereit",
        newReasons: "Neuer Grund",
        findReasons: "Gründe suchen",
        storedAs: "Gespeichert als",
        storedAsHelp: "Leer: der Name. Das ändert sich nie.",
        reasonsHelp: "Wer deswegen nicht bereit ist, wenn er gelöscht wird, bleibt es.",
    },
    fr: {
        reasons: "Motifs d’indisponibilité",
        newReasons: "Nouveau motif",
        findReasons: "Chercher des motifs",
        storedAs: "Enregistré comme",
        storedAsHelp: "Vide : le nom. Cela ne change jamais.",
        reasonsHelp: "Qui est indisponible pour ce motif quand il est supprimé le reste.",
    },
    es: {
        reasons: "Motivos de no disponible",
        newReasons: "Nuevo motivo",
        findReasons: "Buscar motivos",
        storedAs: "Se guarda como",
        storedAsHelp: "Vacío: el nombre. No cambia nunca.",
        reasonsHelp: "Quien no está disponible por él cuando se borra sigue así.",
    },
});
