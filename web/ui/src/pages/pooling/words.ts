import type { MessageDescriptor } from "@lingui/core";
import { i18n } from "@lingui/core";
import { msg } from "@lingui/core/macro";
import type { Words } from "../../api/pooling";

/** The rulebook's words in the page's language. */
export function wordsOf(words: Words | undefined, otherwise: string): string {
  if (!words) return otherwise;
  return i18n.locale === "en" ? words.en : words.fr;
}

/** Who presides a body. */
export const CHAIR_WORDS: Record<string, MessageDescriptor> = {
  mayor: msg`Maire`,
  epci_president: msg`Président d’intercommunalité`,
  other: msg`Autre personne`,
};

/** Conventions, by the rulebook's names. */
export const CONVENTION_WORDS: Record<string, MessageDescriptor> = {
  police_pooling: msg`Mise en commun d’agents de police municipale`,
  equipment_and_staff: msg`Mise à disposition des équipements et des agents de visionnage`,
  state: msg`Intervention des forces de l’État`,
  coordination: msg`Coordination de la police municipale et des forces de l’État, et accès aux images`,
};
