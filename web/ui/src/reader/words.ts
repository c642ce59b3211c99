/** The words of the checks and of the verdict, in the language of the page. */
import type { I18n, MessageDescriptor } from "@lingui/core";
import { msg } from "@lingui/core/macro";
import type { Code, Found } from "./package/refused";
import type { Step, Verdict } from "./package/report";

export const STEP_WORDS: Record<Step, MessageDescriptor> = {
  container: msg`Conteneur`,
  manifest: msg`Manifeste`,
  signature: msg`Signature`,
  files: msg`Fichiers`,
  chain: msg`Chaîne`,
  video: msg`Vidéo`,
  range: msg`Durée`,
  seal: msg`Cachet`,
  timestamp: msg`Horodatage`,
  journal: msg`Journal`,
};

export const VERDICT_WORDS: Record<Verdict, MessageDescriptor> = {
  checking: msg`Vérification en cours`,
  authentic: msg`Authentique`,
  unknown: msg`Intact, signataire inconnu`,
  unchecked: msg`Intact, signature non vérifiée`,
  altered: msg`Altéré`,
};

const CODE_WORDS: Record<Code, MessageDescriptor> = {
  "too-short": msg({ message: "Ce fichier n’est pas un paquet de preuve : il est trop court." }),
  "not-a-package": msg({ message: "Ce fichier n’est pas un paquet de preuve, ou sa fin manque." }),
  encrypted: msg({
    message:
      "Ce paquet est encore chiffré (age) : déchiffrez-le avec la clé de votre service, puis choisissez le fichier .zip obtenu.",
  }),
  cut: msg({ message: "Le paquet est tronqué (octet {byte})." }),
  "directory-unreadable": msg({ message: "La table des matières du paquet est illisible." }),
  "directory-altered": msg({ message: "La table des matières du paquet a été altérée." }),
  "impossible-name": msg({ message: "La table des matières porte un nom impossible : {name}." }),
  "name-twice": msg({ message: "La table des matières porte deux fois le même nom : {name}." }),
  "beyond-file": msg({ message: "La table des matières dépasse le fichier : {name}." }),
  "not-adjacent": msg({ message: "Les fichiers du paquet ne se suivent pas : {name}." }),
  "foreign-bytes": msg({ message: "Des octets étrangers se trouvent avant la table des matières." }),
  "file-missing": msg({ message: "{name} manque au paquet." }),
  "file-too-large": msg({ message: "{name} est trop grand." }),
  "unreadable-file": msg({ message: "{name} n’est pas un texte lisible." }),
  "header-altered": msg({ message: "{file} : son en-tête a été altéré." }),
  "descriptor-altered": msg({ message: "{file} : son descripteur a été altéré." }),
  "container-ok": msg({ message: "{count, plural, one {# fichier} other {# fichiers}}, aucun autre octet." }),
  "manifest-unreadable": msg({ message: "Le manifeste est illisible." }),
  "manifest-not-canonical": msg({ message: "Le manifeste n’est pas sous sa forme canonique." }),
  "manifest-ok": msg({ message: "Paquet {package} de {commune}, sous sa forme canonique." }),
  "key-unreadable": msg({ message: "La clé jointe (signer.vkey) est illisible." }),
  "note-unreadable": msg({ message: "La note signée n’est pas sous sa forme." }),
  "signature-false": msg({ message: "La signature ne tient pas : elle n’est pas de cette clé." }),
  "signature-other": msg({ message: "La signature n’est pas celle de ce manifeste." }),
  "signature-known": msg({ message: "{name}, clé connue ici, empreinte {fingerprint}." }),
  "signature-unknown": msg({ message: "{name}, clé inconnue ici, empreinte {fingerprint}." }),
  "signature-unchecked": msg({
    message: "Ce navigateur ne sait pas vérifier une signature Ed25519 : prenez-en un plus récent.",
  }),
  "listed-missing": msg({ message: "{file} manque." }),
  "not-listed": msg({ message: "{file} n’est pas au manifeste." }),
  "wrong-order": msg({ message: "Les fichiers ne sont pas dans l’ordre du manifeste : {file}." }),
  "wrong-hash": msg({ message: "{file} n’a plus son empreinte." }),
  "wrong-sum": msg({ message: "{file} n’a plus sa somme de contrôle." }),
  "files-ok": msg({
    message: "{count, plural, one {# empreinte SHA-256 vérifiée} other {# empreintes SHA-256 vérifiées}}.",
  }),
  "sums-differ": msg({ message: "{file} ne dit pas ce que dit le manifeste." }),
  "role-none": msg({ message: "{file} ne sert à rien dans ce paquet." }),
  "role-twice": msg({ message: "{file} sert deux fois." }),
  "seal-certificate": msg({
    message: "{file} : le certificat du cachet est illisible, ou n’est pas celui d’un cachet.",
  }),
  "seal-form": msg({ message: "{file} : le cachet n’a pas la forme attendue." }),
  "seal-other": msg({ message: "{file} : le cachet n’est pas celui de ce manifeste et de ce certificat." }),
  "seal-false": msg({ message: "{file} : la signature du cachet ne correspond pas au certificat." }),
  "seal-validity": msg({ message: "{file} : le cachet a été apposé hors de la validité du certificat." }),
  "seal-ok": msg({ message: "{whose}, apposé le {at}, empreinte du certificat {fingerprint}." }),
  "time-none": msg({ message: "Aucun : la date n’est attestée que par la commune." }),
  "time-unchecked": msg({
    message:
      "{file} est joint, dans un algorithme que ce lecteur ne connaît pas : openssl ou vms evidence verify le vérifient.",
  }),
  "time-unreadable": msg({
    message: "{file} : l’horodatage ou ses certificats sont illisibles, ou il a été refusé.",
  }),
  "time-other": msg({ message: "{file} : l’horodatage n’est pas celui de ce cachet." }),
  "time-early": msg({ message: "L’horodatage ({at}) est plus ancien que le cachet." }),
  "time-false": msg({ message: "{file} : la signature de l’horodatage ne tient pas." }),
  "time-unknown": msg({ message: "{file} : l’horodatage n’est pas d’une autorité jointe au paquet." }),
  "time-ok": msg({ message: "Le cachet existait le {at}, selon {whose}." }),
  "record-unreadable": msg({ message: "{file} : un maillon de la chaîne est illisible (octet {byte})." }),
  "chain-broken": msg({ message: "{file} : la chaîne est rompue ({where})." }),
  "chain-first": msg({ message: "{file} : la chaîne ne commence pas par un segment." }),
  "chain-other-camera": msg({
    message: "{file} : ce segment est d’une autre caméra ou d’un autre flux ({where}).",
  }),
  "chain-edge": msg({ message: "{file} : la chaîne de la carte n’est pas à sa place ({where})." }),
  "chain-zones": msg({ message: "{file} : les zones masquées ne sont pas celles des segments." }),
  "chain-commune": msg({ message: "{file} : un segment est d’une autre commune." }),
  "chain-ok": msg({
    message:
      "{where} : {count, plural, one {# maillon recalculé} other {# maillons recalculés}}, {pieces, plural, one {d’un seul tenant} other {en # morceaux}}.",
  }),
  "video-head": msg({ message: "{file} : le début de la vidéo n’a pas la forme attendue (octet {byte})." }),
  "video-movie": msg({ message: "{file} : la description de la vidéo n’est pas celle de l’enregistrement." }),
  "video-start": msg({ message: "{file} : l’heure de début inscrite n’est pas celle de l’enregistrement." }),
  "video-empty": msg({ message: "{file} : la vidéo est vide." }),
  "video-foreign": msg({
    message: "{file} : la vidéo porte autre chose que des groupes d’images (octet {byte}).",
  }),
  "video-too-many": msg({ message: "{file} : la vidéo porte plus de groupes que la chaîne (octet {byte})." }),
  "video-not-following": msg({ message: "{file} : un groupe ne suit pas le précédent (groupe {group})." }),
  "video-group": msg({
    message: "{file} : un groupe n’est pas celui qui a été enregistré (groupe {group}, octet {byte}).",
  }),
  "video-nal-list": msg({
    message: "{file} : la liste des unités NAL diffère de la vidéo ({list}, groupe {group}).",
  }),
  "video-count": msg({ message: "{file} : la vidéo n’a pas le nombre d’images annoncé." }),
  "video-box": msg({ message: "{file} : un groupe d’images n’a pas la forme attendue (octet {byte})." }),
  "video-cut": msg({ message: "{file} : la fin de la vidéo manque (octet {byte})." }),
  "video-boxes": msg({ message: "{file} : les boîtes d’export de la vidéo ne sont pas celles du format." }),
  "video-format": msg({ message: "{file} : le format annoncé n’est pas celui de l’enregistrement." }),
  "video-told": msg({ message: "{file} : ses boîtes ne disent pas ce que dit le manifeste." }),
  "video-other-package": msg({ message: "{file} : signée pour une autre demande ou un autre paquet." }),
  "video-validity": msg({
    message: "{file} : son certificat n’était pas valable quand le cachet a été apposé.",
  }),
  "video-certificate": msg({
    message: "{file} : le certificat de l’export n’est pas délivré par le cachet.",
  }),
  "video-export": msg({ message: "{file} : la signature d’export de la vidéo ne tient pas." }),
  "video-ok": msg({
    message:
      "{where} : {groups} groupes et {nals} unités NAL, identiques à l’enregistrement ; signature d’export valable.",
  }),
  "range-open": msg({ message: "{file} : une partie de la plage n’est ni montrée ni déclarée absente." }),
  "range-hole": msg({ message: "{file} : un trou ou un recouvrement de {us} µs." }),
  "range-hidden": msg({
    message: "{file} : des images enregistrées de la plage ne sont pas dans le paquet.",
  }),
  "range-absence": msg({ message: "{file} : l’absence « {cause} » n’est pas dans la chaîne." }),
  "range-form": msg({
    message: "{file} : les plages ne sont pas dans l’ordre du temps, ou sortent de la demande.",
  }),
  "range-ok": msg({
    message:
      "{file} : vidéos et {absences, plural, one {# absence} other {# absences}} couvrent toute la plage.",
  }),
  "journal-no-signature": msg({ message: "Sans signature valable, le journal ne peut pas être rattaché." }),
  "journal-elsewhere": msg({
    message: "{file} : l’entrée n’est pas à sa place au journal de la commune ({log}).",
  }),
  "extraction-unproved": msg({ message: "Le journal ne prouve pas la décision et l’extraction." }),
  "extraction-other": msg({
    message: "La décision ou l’extraction que le journal prouve est celle d’une autre demande.",
  }),
  "extraction-partial": msg({
    message: "{camera} : caméra ou plage autre que celle de l’extraction, selon le journal.",
  }),
  "extraction-ok": msg({ message: "Ces caméras et cette plage, pour cette demande, selon le journal." }),
  "journal-unreadable": msg({ message: "{file} : la preuve d’inclusion est illisible." }),
  "journal-not-signed": msg({ message: "{file} : la clé du paquet n’a pas signé ce point de contrôle." }),
  "journal-not-included": msg({ message: "{file} : la preuve d’inclusion ne mène pas à la racine." }),
  "journal-ok": msg({ message: "Entrée {index} du journal {log}." }),
  "journal-other-key": msg({
    message: "Entrée {index} du journal {log}, qu’une autre clé que celle du paquet a signé.",
  }),
  "reading-failed": msg({ message: "Le navigateur n’a pas pu lire le fichier : {why}." }),
};

/** A finding as a sentence. */
export function wordsOf(i18n: I18n, { code, facts }: Found): string {
  const { id, message } = CODE_WORDS[code];
  return i18n._({ id, ...(message === undefined ? {} : { message }), values: { ...facts } });
}

/** Causes that only a package can have; the recorder's own are worded with the cameras. */
export const PACKAGE_CAUSES: Record<string, MessageDescriptor> = {
  "not-recorded": msg`rien n’a été enregistré, ou l’enregistrement a été détruit à son terme`,
  "stored-damaged": msg`enregistré, mais abîmé sur le disque`,
};
