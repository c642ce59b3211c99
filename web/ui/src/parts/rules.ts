import type { MessageDescriptor } from "@lingui/core";
import { msg } from "@lingui/core/macro";

interface Rule {
  id: string;
  /** The article or norm, as cited. */
  article: string;
  sentence: MessageDescriptor;
}

/** The rules that pages and refusals name. The server's documentation holds the same sentences in French. */
export const RULES: readonly Rule[] = [
  {
    id: "P-01",
    article: "CSI L251-2",
    sentence: msg`Une caméra sert une ou plusieurs des onze finalités de la loi, et aucune autre.`,
  },
  {
    id: "P-02",
    article: "CSI L251-2, R253-5",
    sentence: msg`Chaque consultation porte une finalité que l’arrêté autorise pour cette caméra.`,
  },
  {
    id: "P-03",
    article: "CSI R251-1",
    sentence: msg`La commune est responsable de ses caméras, et d’elles seules.`,
  },
  {
    id: "P-05",
    article: "CSI L251-2",
    sentence: msg`Voie publique et lieu ouvert au public ne se mêlent pas dans un même arrêté.`,
  },
  { id: "P-06", article: "CSI R253-1", sentence: msg`Le son n’est jamais demandé, enregistré ni transmis.` },
  {
    id: "P-10",
    article: "CSI L251-3",
    sentence: msg`L’intérieur des habitations et leurs entrées ne se voient pas : chaque caméra a son dossier de zones.`,
  },
  {
    id: "P-11",
    article: "CSI L251-3",
    sentence: msg`Les zones privées sont effacées avant tout affichage et tout enregistrement ; une deuxième personne les valide.`,
  },
  {
    id: "P-20",
    article: "CSI L252-1",
    sentence: msg`Aucune image sans autorisation du préfet en vigueur qui couvre la caméra.`,
  },
  {
    id: "P-21",
    article: "CSI L252-4, R252-15",
    sentence: msg`L’autorisation vaut cinq ans ; à son terme tout s’arrête. Quatre mois de silence du préfet valent rejet.`,
  },
  {
    id: "P-23",
    article: "CSI R253-7",
    sentence: msg`L’engagement de conformité est adressé à la CNIL avant la première image.`,
  },
  {
    id: "P-24",
    article: "CSI R252-17",
    sentence: msg`Le préfet est informé avant la mise en service ; une caméra n’émet qu’en service.`,
  },
  {
    id: "P-25",
    article: "CSI L252-2",
    sentence: msg`L’arrêté fixe qui peut voir et combien de temps les images sont gardées.`,
  },
  {
    id: "P-26",
    article: "CSI L252-6, L223-4",
    sentence: msg`Une autorisation provisoire vaut quatre mois au plus et tombe avec l’événement.`,
  },
  {
    id: "P-27",
    article: "CSI R254-2",
    sentence: msg`Changer les conditions de l’arrêté demande un nouvel arrêté.`,
  },
  {
    id: "P-30",
    article: "CSI L252-5, R253-4",
    sentence: msg`Les images sont effacées automatiquement à leur terme, un mois au plus.`,
  },
  {
    id: "P-31",
    article: "CSI L252-5",
    sentence: msg`Le terme est le plus court de la durée de l’arrêté et d’un mois de calendrier.`,
  },
  {
    id: "P-32",
    article: "CSI L252-5, R253-4",
    sentence: msg`Un gel a une procédure, une autorité, une référence, une plage exacte et une fin.`,
  },
  {
    id: "P-33",
    article: "CSI R253-4",
    sentence: msg`Après remise contre reçu, l’autorité garde sa copie ; la nôtre est détruite à sa date.`,
  },
  {
    id: "P-34",
    article: "CSI L252-5",
    sentence: msg`Enregistrer une demande gèle aussitôt sa plage, à titre provisoire.`,
  },
  {
    id: "P-35",
    article: "CSI L252-5",
    sentence: msg`Sous le minimum de l’arrêté, rien n’est détruit en silence : la perte est documentée.`,
  },
  {
    id: "P-40",
    article: "CSI R253-5",
    sentence: msg`Chaque opération est inscrite avec son auteur, son heure et son motif.`,
  },
  {
    id: "P-41",
    article: "CSI R253-5",
    sentence: msg`Une relecture s’ouvre par fenêtres courtes, chacune inscrite au journal.`,
  },
  { id: "P-43", article: "CSI R253-5", sentence: msg`Le journal est gardé trois ans au plus.` },
  {
    id: "P-50",
    article: "CSI R253-3, L252-3",
    sentence: msg`Police, gendarmerie, douanes et secours n’ont accès que désignés, et si l’arrêté le prévoit.`,
  },
  {
    id: "P-51",
    article: "CSI R253-3",
    sentence: msg`Le maire et les élus délégués voient les images de leur commune.`,
  },
  {
    id: "P-52",
    article: "CSI R253-3",
    sentence: msg`Les agents de police municipale sont habilités un par un par le maire.`,
  },
  {
    id: "P-53",
    article: "CSI L132-14-1",
    sentence: msg`Un agent non policier d’un centre mutualisé ne voit qu’avec l’agrément du préfet.`,
  },
  {
    id: "P-57",
    article: "CSI R253-3",
    sentence: msg`Installateurs et hébergeurs ne voient pas : une séance de cadrage est ouverte par une personne habilitée, courte, sans enregistrement.`,
  },
  {
    id: "P-58",
    article: "CSI R253-3",
    sentence: msg`Une habilitation est individuelle et datée ; l’accès tombe dès qu’un élément manque ou expire.`,
  },
  { id: "P-59", article: "CSI R253-3", sentence: msg`La liste datée des personnes habilitées s’exporte.` },
  {
    id: "P-60",
    article: "CSI L132-14",
    sentence: msg`Seuls certains groupements peuvent mutualiser, avec l’accord de chaque commune.`,
  },
  {
    id: "P-61",
    article: "CSI L132-14",
    sentence: msg`La mise en commun demande des conventions en vigueur.`,
  },
  {
    id: "P-62",
    article: "CSI L512-1, L132-14-1",
    sentence: msg`On agit sous l’autorité d’un seul maire à la fois.`,
  },
  {
    id: "P-70",
    article: "CPP 60-1",
    sentence: msg`En flagrance, un officier ou agent de police judiciaire peut requérir les images.`,
  },
  {
    id: "P-71",
    article: "CPP 77-1-1",
    sentence: msg`En préliminaire, il faut l’autorisation du procureur ou son instruction générale, six mois au plus.`,
  },
  {
    id: "P-72",
    article: "CPP 60-1, 77-1-1, 99-3",
    sentence: msg`Chaque cadre légal a ses champs obligatoires.`,
  },
  {
    id: "P-73",
    article: "Cass. crim. 21 nov. 2023",
    sentence: msg`Un enquêteur habilité sur ces caméras n’a pas besoin de réquisition.`,
  },
  {
    id: "P-74",
    article: "CSI, CPP",
    sentence: msg`Le maire organise la réponse ; un refus suppose un motif de droit.`,
  },
  {
    id: "P-75",
    article: "CSI R253-3",
    sentence: msg`Un particulier, un assureur ou la presse ne reçoit jamais d’images directement.`,
  },
  {
    id: "P-77",
    article: "CPP 40",
    sentence: msg`L’agent qui constate un délit en avise le procureur ; personne ne le lui refuse.`,
  },
  {
    id: "P-80",
    article: "CSI R253-6",
    sentence: msg`Un panneau informe le public, avec le responsable, les finalités et les droits.`,
  },
  {
    id: "P-81",
    article: "RGPD 13",
    sentence: msg`La page publique dit qui, pourquoi, combien de temps et quels droits.`,
  },
  {
    id: "P-83",
    article: "CSI R253-6",
    sentence: msg`L’accès d’une personne filmée ne se refuse que pour les motifs fermés de la loi.`,
  },
  {
    id: "T-04",
    article: "Arrêté du 3 août 2007",
    sentence: msg`En plan étroit, l’image enregistrée fait 704 × 576 points au moins.`,
  },
  {
    id: "T-05",
    article: "Arrêté du 3 août 2007",
    sentence: msg`Tout autre flux enregistré fait 352 × 288 points au moins.`,
  },
  {
    id: "T-06",
    article: "Arrêté du 3 août 2007",
    sentence: msg`Six images par seconde au moins ; douze en plan étroit sur des personnes en déplacement rapide.`,
  },
  {
    id: "T-10",
    article: "Arrêté du 3 août 2007",
    sentence: msg`Les images sont extraites sans perte de qualité : jamais réencodées.`,
  },
  {
    id: "T-12",
    article: "Arrêté du 3 août 2007",
    sentence: msg`Chaque extraction est inscrite avec ses caméras, ses heures et son auteur.`,
  },
  {
    id: "T-15",
    article: "Arrêté du 3 août 2007",
    sentence: msg`Chaque caméra a un objectif et une indisponibilité admise, écrits.`,
  },
  {
    id: "D-12",
    article: "Loi 78-17, art. 101",
    sentence: msg`Le journal ne sert qu’au contrôle et à la preuve ; le lire est inscrit.`,
  },
  {
    id: "D-31",
    article: "CNIL, délib. 2021-122",
    sentence: msg`Aucune donnée sur les personnes filmées dans le journal ni dans un champ libre.`,
  },
  { id: "A-01", article: "ANSSI", sentence: msg`Hors réseau maîtrisé, un flux non chiffré est refusé.` },
  {
    id: "A-02",
    article: "ANSSI",
    sentence: msg`Les caméras vivent sur leurs préfixes déclarés ; rien d’autre n’est interrogé.`,
  },
  { id: "A-04", article: "ANSSI", sentence: msg`Les services inutiles de la caméra sont coupés.` },
  {
    id: "A-05",
    article: "ANSSI",
    sentence: msg`Chacun prouve qui il est, et de nouveau pour un acte grave ; les mots de passe d’usine sont remplacés.`,
  },
  {
    id: "A-10",
    article: "ANSSI",
    sentence: msg`L’heure vient d’une source sûre ; un écart de plus d’une seconde est une alarme.`,
  },
  {
    id: "O-21",
    article: "ONVIF",
    sentence: msg`Une caméra se reconnaît à sa clé, sa MAC et sa série ; un double est un incident.`,
  },
  { id: "O-22", article: "ONVIF", sentence: msg`La recherche ne sort jamais des préfixes déclarés.` },
  {
    id: "O-25",
    article: "ONVIF",
    sentence: msg`Trois comptes séparés par caméra ; l’enregistreur ne peut pas retirer un masque.`,
  },
];
