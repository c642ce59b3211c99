/** The pseudo-locale: every catalogue text between brackets, placeholders untouched. Loaded by tests only. */
import type { Messages } from "@lingui/core";
import { mapTexts } from "./messages";

/** Returns the same catalogue with each text token bracketed. */
export function pseudoMessages(messages: Messages): Messages {
  return mapTexts(messages, (text) => (text.trim() === "" ? text : `⟦${text}⟧`));
}
