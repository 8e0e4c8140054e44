// The one line below the top bar that tells of connection and state (design 9.2).

import {part, plural} from "../part.ts";

/** Returns a sentence with what went; where it goes and how long that takes is configured. */
function wentBack(sentence: string, what: (string | false)[]): string {
    const told = what.filter(Boolean).join(", ");
    return told === "" ? `${sentence}.` : `${sentence}: ${told}.`;
}

export const strip = part({
    en: {
        name: "Connection",
        sentIn: (n: number) => `Goes out in ${n} s`,
        undo: "Undo",
        undone: "It was taken back and is a draft again.",
        undoLetter: "Take the last letter back",
        offWork: "You are not at work.",
        offWorkRest: "Start work to get offers.",
        lost: (time: string) => `No connection to the server for ${time}.`,
        offline: "This computer is offline.",
        lostRest:
            "You can go on writing; it is sent once when the connection is back. New offers go " +
            "to colleagues meanwhile.",
        restarting: "The server is restarting.",
        restartingRest: "Nothing is lost. This goes on by itself.",
        nextTry: (seconds: number) => `Next try in ${seconds} s`,
        updated: "Handoff was updated.",
        updatedRest: "Reload when it suits you; your drafts are saved.",
        reload: "Reload",
        away: (chats: number, others: number) =>
            wentBack("You were away too long, so your work went back", [
                chats > 0 && `${chats} ${plural("en", chats, "chat", "chats")}`,
                others > 0 && `${others} ${plural("en", others, "other", "others")}`,
            ]),
        startAgain: "Start work again",
        silent: "This browser keeps the page silent until you click.",
        turnSoundOn: "Turn sound on",
        noticeLost: "Handoff has no connection",
        missed: "Offers passed you by, so you were set to Not ready.",
        missedRest: "Nothing is offered to you until you are Ready.",
    },
    de: {
        name: "Verbindung",
        sentIn: (n) => `Geht in ${n} s hinaus`,
        undo: "Rückgängig",
        undone: "Zurückgeholt; es ist wieder ein Entwurf.",
        undoLetter: "Letzten Brief zurückholen",
        offWork: "Sie sind nicht im Dienst.",
        offWorkRest: "Beginnen Sie den Dienst, um Angebote zu bekommen.",
        lost: (time) => `Seit ${time} keine Verbindung zum Server.`,
        offline: "Dieser Computer ist offline.",
        lostRest:
            "Schreiben Sie ruhig weiter; es wird einmal gesendet, sobald die Verbindung wieder " +
            "da ist. Neue Angebote gehen inzwischen an andere.",
        restarting: "Der Server startet neu.",
        restartingRest: "Nichts geht verloren. Es geht von selbst weiter.",
        nextTry: (seconds) => `Nächster Versuch in ${seconds} s`,
        updated: "Handoff wurde aktualisiert.",
        updatedRest: "Laden Sie neu, wenn es passt; Ihre Entwürfe sind gespeichert.",
        reload: "Neu laden",
        away: (chats, others) =>
            wentBack("Sie waren zu lange weg, darum ging Ihre Arbeit zurück", [
                chats > 0
                    && `${chats} ${plural("de", chats, "Chat", "Chats")}`,
                others > 0 && `${others} ${plural("de", others, "weiteres", "weitere")}`,
            ]),
        startAgain: "Dienst wieder beginnen",
        silent: "Dieser Browser hält die Seite stumm, bis Sie klicken.",
        turnSoundOn: "Ton einschalten",
        noticeLost: "Handoff hat keine Verbindung",
        missed: "Angebote gingen an Ihnen vorbei, darum sind Sie jetzt nicht bereit.",
        missedRest: "Bis Sie bereit sind, wird Ihnen nichts angeboten.",
    },
    fr: {
        name: "Connexion",
        sentIn: (n) => `Part dans ${n} s`,
        undo: "Annuler",
        undone: "La lettre est reprise ; c’est de nouveau un brouillon.",
        undoLetter: "Reprendre la dernière lettre",
        offWork: "Vous n’êtes pas en service.",
        offWorkRest: "Prenez le service pour recevoir des offres.",
        lost: (time) => `Pas de connexion au serveur depuis ${time}.`,
        offline: "Cet ordinateur est hors ligne.",
        lostRest:
            "Vous pouvez continuer à écrire ; tout part une seule fois dès que la connexion " +
            "revient. Les nouvelles offres vont aux collègues entre-temps.",
        restarting: "Le serveur redémarre.",
        restartingRest: "Rien n’est perdu. Cela continue tout seul.",
        nextTry: (seconds) => `Prochain essai dans ${seconds} s`,
        updated: "Handoff a été mis à jour.",
        updatedRest: "Rechargez quand cela vous convient ; vos brouillons sont enregistrés.",
        reload: "Recharger",
        away: (chats, others) =>
            wentBack("Vous étiez absent trop longtemps, votre travail est donc reparti", [
                chats > 0 && `${chats} ${plural("fr", chats, "chat", "chats")}`,
                others > 0 && `${others} ${plural("fr", others, "autre", "autres")}`,
            ]),
        startAgain: "Reprendre le service",
        silent: "Ce navigateur garde la page muette jusqu’à ce que vous cliquiez.",
        turnSoundOn: "Activer le son",
        noticeLost: "Handoff n’a pas de connexion",
        missed: "Des offres vous ont échappé, vous n’êtes donc plus disponible.",
        missedRest: "Rien ne vous est offert tant que vous n’êtes pas disponible.",
    },
    es: {
        name: "Conexión",
        sentIn: (n) => `Sale en ${n} s`,
        undo: "Deshacer",
        undone: "Se retiró; vuelve a ser un borrador.",
        undoLetter: "Retirar la última carta",
        offWork: "No está trabajando.",
        offWorkRest: "Empiece a trabajar para recibir ofertas.",
        lost: (time) => `Sin conexión con el servidor desde hace ${time}.`,
        offline: "Este equipo está sin red.",
        lostRest:
            "Puede seguir escribiendo; se envía una sola vez cuando vuelva la conexión. Las " +
            "nuevas ofertas van mientras tanto a sus colegas.",
        restarting: "El servidor se está reiniciando.",
        restartingRest: "No se pierde nada. Sigue solo.",
        nextTry: (seconds) => `Próximo intento en ${seconds} s`,
        updated: "Handoff se ha actualizado.",
        updatedRest: "Recargue cuando le venga bien; sus borradores están guardados.",
        reload: "Recargar",
        away: (chats, others) =>
            wentBack("Estuvo fuera demasiado tiempo, así que su trabajo volvió", [
                chats > 0 && `${chats} ${plural("es", chats, "chat", "chats")}`,
                others > 0 && `${others} más`,
            ]),
        startAgain: "Volver a trabajar",
        silent: "Este navegador deja la página muda hasta que haga clic.",
        turnSoundOn: "Activar el sonido",
        noticeLost: "Handoff no tiene conexión",
        missed: "Se le pasaron ofertas, así que quedó como no disponible.",
        missedRest: "No se le ofrece nada hasta que esté disponible.",
    },
});
