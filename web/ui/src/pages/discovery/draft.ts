import type { CameraDraft } from "./CameraFields";

const PREFIX = "guet.chantier.";
const KEPT = ["name", "place", "number", "url", "sub_url", "username"] as const;

/** What was typed for this device before the network was lost or the page closed. Never a password. */
export function readDraft(key: string): Partial<CameraDraft> {
  try {
    return JSON.parse(window.sessionStorage.getItem(PREFIX + key) ?? "{}") as Partial<CameraDraft>;
  } catch {
    return {};
  }
}

/** Keeps what is typed, in this tab only. */
export function keepDraft(key: string, form: HTMLFormElement): void {
  const data = new FormData(form);
  const kept = Object.fromEntries(KEPT.map((name) => [name, String(data.get(name) ?? "")]));
  window.sessionStorage.setItem(PREFIX + key, JSON.stringify(kept));
}

/** Forgets the draft once the order is taken. */
export function dropDraft(key: string): void {
  window.sessionStorage.removeItem(PREFIX + key);
}
