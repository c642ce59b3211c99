import type { MessageDescriptor } from "@lingui/core";
import { msg } from "@lingui/core/macro";
import type { AccessRight, FollowedAccess } from "../../api/public";

/** The rights of a filmed person (P-82), in the order of the form. */
export const RIGHTS: Record<AccessRight, { word: MessageDescriptor; detail: MessageDescriptor }> = {
  access: {
    word: msg`Voir les images où je parais, ou en recevoir une copie`,
    detail: msg`Les autres personnes n’y sont pas reconnaissables.`,
  },
  rectification: {
    word: msg`Faire rectifier la date, l’heure ou le lieu`,
    detail: msg`L’image elle-même ne se retouche pas.`,
  },
  restriction: {
    word: msg`Faire limiter l’usage des images`,
    detail: msg`Elles sont gardées, et ne servent à rien d’autre.`,
  },
  erasure: {
    word: msg`Faire effacer les images`,
    detail: msg`Elles sont détruites à leur terme dans tous les cas.`,
  },
};

export const RIGHT_IDS = Object.keys(RIGHTS) as AccessRight[];

/** Where a request is, as its follow-up says it. */
export const FOLLOWED: Record<FollowedAccess["state"], MessageDescriptor> = {
  filed: msg`Votre identité reste à vérifier, au guichet de la mairie.`,
  lapsed: msg`Votre identité n’a pas été vérifiée à temps : la demande est tombée.`,
  registered: msg`Votre identité est vérifiée. Le maire ou l’élue déléguée va décider.`,
  queried: msg`La mairie a besoin d’une précision : rappelez-la ou passez au guichet.`,
  approved: msg`Une copie vous est accordée. La mairie la prépare et vous écrit.`,
  refused: msg`La demande est refusée. La lettre dit le motif et vos recours.`,
  answered: msg`La mairie a répondu. Sa lettre dit la suite et vos recours.`,
  received: msg`La copie vous a été remise.`,
};

/** Longest texts of the form, in characters; the server has the same limits (D-31). */
export const PLACE_MAX_CHARS = 120;
export const TEXT_MAX_CHARS = 300;
/** Longest range of the form, in minutes. */
export const RANGE_MAX_MINUTES = 60;
