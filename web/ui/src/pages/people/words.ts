import type { I18n, MessageDescriptor } from "@lingui/core";
import { msg } from "@lingui/core/macro";
import type { Habilitation, ImageAct, Person } from "../../api/people";
import { US_PER_S } from "../../i18n/format";
import type { StateName } from "../../parts";

/** Acts that open pictures, each a right of its own (P-58). */
export const ACT_WORDS: Record<ImageAct, MessageDescriptor> = {
  live: msg`Voir en direct`,
  replay: msg`Relire`,
  framing: msg`Ouvrir une séance de cadrage`,
  export: msg`Extraire`,
  snapshot: msg`Enregistrer une image`,
};

export const IMAGE_ACTS = Object.keys(ACT_WORDS) as ImageAct[];

/** Several acts in one phrase, in their usual order; empty without any. */
export function actsSaid(i18n: I18n, acts: readonly ImageAct[]): string {
  const said = IMAGE_ACTS.filter((act) => acts.includes(act)).map((act) => i18n._(ACT_WORDS[act]));
  return said
    .map((word, at) => (at === 0 ? word : word.charAt(0).toLocaleLowerCase() + word.slice(1)))
    .join(", ");
}

const SOON_US = 30 * 86_400 * US_PER_S;

/** When the first element of an habilitation lapses. */
export function endOf(habilitation: Habilitation): number {
  return Math.min(habilitation.until_us, habilitation.basis_until_us ?? Number.MAX_SAFE_INTEGER);
}

/** The state of one habilitation at an instant. */
export function habilitationState(habilitation: Habilitation, nowUs: number): StateName {
  if (habilitation.withdrawn_us) return "withdrawn";
  if (habilitation.from_us > nowUs) return "not-yet";
  if (endOf(habilitation) <= nowUs) return "expired";
  if (habilitation.suspended) return "suspended";
  if (endOf(habilitation) - nowUs < SOON_US) return "expiring";
  return habilitation.acts.length === 0 ? "no-image-right" : "in-force";
}

/** The habilitation that says most about a person now: in force first, then the latest. */
export function mainHabilitation(person: Person, nowUs: number): Habilitation | undefined {
  const rank = (one: Habilitation) => (one.withdrawn_us || endOf(one) <= nowUs ? 1 : 0);
  return [...person.habilitations].sort((a, b) => rank(a) - rank(b) || b.from_us - a.from_us)[0];
}
