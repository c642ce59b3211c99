import type { MessageDescriptor } from "@lingui/core";
import { msg } from "@lingui/core/macro";

/** The only procedures a hold may rest on that is placed by hand (P-32, P-85). */
export const PROCEDURES: Record<string, MessageDescriptor> = {
  flagrance: msg`Enquête de flagrance`,
  preliminaire: msg`Enquête préliminaire`,
  information: msg`Information judiciaire`,
  administrative: msg`Procédure administrative`,
  disciplinaire: msg`Procédure disciplinaire`,
  droit_acces: msg`Droit d’accès d’une personne`,
};

/** Holds that their own request places, and nobody by hand (P-77). */
const OF_A_REQUEST: Record<string, MessageDescriptor> = { article_40: msg`Signalement au procureur` };

/** The words of a procedure. */
export function procedureWords(id: string): MessageDescriptor | string {
  return PROCEDURES[id] ?? OF_A_REQUEST[id] ?? id;
}
