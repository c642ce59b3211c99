/** Light or dark: dark by default in the room, light elsewhere; the person's choice wins, per post. */
import { useSyncExternalStore } from "react";

export type Theme = "light" | "dark";
const STORAGE_KEY = "guet.theme";
const listeners = new Set<() => void>();
let roomOpen = false;

function stored(): Theme | null {
  const value = window.localStorage.getItem(STORAGE_KEY);
  return value === "light" || value === "dark" ? value : null;
}

/** The theme in force now. */
export function currentTheme(): Theme {
  return stored() ?? (roomOpen ? "dark" : "light");
}

function apply(): void {
  document.documentElement.dataset.theme = currentTheme();
  for (const listener of listeners) listener();
}

/** Keeps the person's choice on this post and shows it. */
export function chooseTheme(theme: Theme): void {
  window.localStorage.setItem(STORAGE_KEY, theme);
  apply();
}

/** Says whether a room screen (wall, replay) is shown: its default is dark. */
export function setRoomOpen(open: boolean): void {
  roomOpen = open;
  apply();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The theme in force, kept up to date. */
export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, currentTheme);
}
