/** How many tiles a wall shows, and what a person's wall remembers on this post. */

export const LAYOUTS = [1, 4, 9, 16] as const;
export type Layout = (typeof LAYOUTS)[number];

/** What is kept in the browser, by person. Nothing in it says what was watched. */
export interface WallMemory {
  layout: Layout;
  shortcuts: boolean;
}

export const DEFAULT_MEMORY: WallMemory = { layout: 9, shortcuts: true };

const key = (person: string): string => `guet.mur.${person}`;

/** The smallest layout that shows them all, for who has chosen none. */
export function fitting(cameras: number): Layout {
  return LAYOUTS.find((layout) => layout >= cameras) ?? 16;
}

/** Reads what this person left; anything unreadable is forgotten. */
export function readMemory(person: string, store: Storage, otherwise: Layout): WallMemory {
  try {
    const kept = JSON.parse(store.getItem(key(person)) ?? "{}") as Partial<WallMemory>;
    const layout = LAYOUTS.find((each) => each === kept.layout) ?? otherwise;
    return { layout, shortcuts: kept.shortcuts !== false };
  } catch {
    return { ...DEFAULT_MEMORY, layout: otherwise };
  }
}

/** Keeps the wall as it is for this person. */
export function writeMemory(person: string, memory: WallMemory, store: Storage): void {
  store.setItem(key(person), JSON.stringify(memory));
}

/** Columns of a layout on a desk. */
export function columns(layout: Layout): number {
  return Math.sqrt(layout);
}

/** Tile reached by an arrow key from another one, staying on the wall. */
export function neighbour(at: number, arrow: string, width: number, count: number): number {
  const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -width, ArrowDown: width };
  const next = at + (steps[arrow] ?? 0);
  return next >= 0 && next < count ? next : at;
}
