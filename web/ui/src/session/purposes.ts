import { i18n } from "@lingui/core";
import type { Purpose } from "../api/session";

/** "5° Prévention des atteintes…": the number in L251-2, then the rulebook's words in the page's language. */
export function purposeWords(purpose: Purpose): string {
  return `${purpose.id}° ${i18n.locale === "en" ? purpose.en : purpose.fr}`;
}
