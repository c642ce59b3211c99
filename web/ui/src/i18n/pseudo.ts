/** The pseudo-locale: every catalogue text between brackets, placeholders untouched. Loaded by tests only. */
import type { Messages } from "@lingui/core";

type Token = string | readonly unknown[];

function mark(text: string): string {
  return text.trim() === "" ? text : `⟦${text}⟧`;
}

function markToken(token: unknown): unknown {
  if (typeof token === "string") return mark(token);
  if (!Array.isArray(token)) return token;
  const [name, kind, cases] = token as [string, string?, Record<string, unknown>?];
  if (typeof cases !== "object" || cases === null) return token;
  const marked = Object.entries(cases).map(([key, value]) => [
    key,
    key === "offset" ? value : Array.isArray(value) ? value.map(markToken) : markToken(value),
  ]);
  return [name, kind, Object.fromEntries(marked)];
}

/** Returns the same catalogue with each text token bracketed. */
export function pseudoMessages(messages: Messages): Messages {
  const entries = Object.entries(messages).map(([id, message]): [string, Messages[string]] => {
    if (typeof message === "string") return [id, mark(message)];
    return [id, (message as Token[]).map(markToken) as Messages[string]];
  });
  return Object.fromEntries(entries);
}
