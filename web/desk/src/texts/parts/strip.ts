// The one line below the top bar that tells of the connection (design 9.2).

import {part} from "../part.ts";

export const strip = part({
    en: {
        name: "Connection",
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
        away: "You were away for more than 60 s, so your work went back.",
        startAgain: "Start work again",
        silent: "This browser keeps the page silent until you click.",
        turnSoundOn: "Turn sound on",
        noticeLost: "Handoff has no connection",
    },
    de: {
        name: "Verbindung",
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
        away: "Sie waren länger als 60 s weg, darum ging Ihre Arbeit zurück.",
        startAgain: "Dienst wieder beginnen",
        silent: "Dieser Browser hält die Seite stumm, bis Sie klicken.",
        turnSoundOn: "Ton einschalten",
        noticeLost: "Handoff hat keine Verbindung",
    },
    fr: {
        name: "Connexion",
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
        away: "Vous étiez absent plus de 60 s, votre travail est donc reparti.",
        startAgain: "Reprendre le service",
        silent: "Ce navigateur garde la page muette jusqu’à ce que vous cliquiez.",
        turnSoundOn: "Activer le son",
        noticeLost: "Handoff n’a pas de connexion",
    },
    es: {
        name: "Conexión",
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
        away: "Estuvo fuera más de 60 s, así que su trabajo volvió.",
        startAgain: "Volver a trabajar",
        silent: "Este navegador deja la página muda hasta que haga clic.",
        turnSoundOn: "Activar el sonido",
        noticeLost: "Handoff no tiene conexión",
    },
});
