/** Compiled catalogues seen as texts and placeholders. */
import type { Messages } from "@lingui/core";

type Change = (text: string) => string;

function changeToken(token: unknown, change: Change): unknown {
  if (typeof token === "string") return change(token);
  if (!Array.isArray(token)) return token;
  const [name, kind, cases] = token as [string, string?, Record<string, unknown>?];
  if (typeof cases !== "object" || cases === null) return token;
  const changed = Object.entries(cases).map(([key, value]) => {
    if (key === "offset") return [key, value];
    return [
      key,
      Array.isArray(value) ? value.map((one) => changeToken(one, change)) : changeToken(value, change),
    ];
  });
  return [name, kind, Object.fromEntries(changed)];
}

/** The same catalogue with each text changed and each placeholder left as it is. */
export function mapTexts(messages: Messages, change: Change): Messages {
  const entries = Object.entries(messages).map(([id, message]): [string, Messages[string]] => {
    if (typeof message === "string") return [id, change(message)];
    return [id, (message as unknown[]).map((token) => changeToken(token, change)) as Messages[string]];
  });
  return Object.fromEntries(entries);
}
