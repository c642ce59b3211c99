/** The groups of pictures that a replay may open, in order of capture. */
import type { Span } from "./keyWindows";
import type { GroupEntry, SegmentEntry } from "./replayMessages";

/** A group with what is needed to fetch and open it; `id` is unique. */
export interface Group extends GroupEntry {
  id: string;
  segment: string;
  codec: string;
}

/** Groups of several windows, kept sorted and without doubles. */
export class GroupIndex {
  #groups: Group[] = [];

  /** All groups, in order of capture. */
  get groups(): readonly Group[] {
    return this.#groups;
  }

  /** Adds the groups of a window; one that is known already (a window asked for again) is replaced. */
  add(segments: readonly SegmentEntry[]): void {
    const known = new Map(this.#groups.map((group) => [group.id, group]));
    for (const { name, codec, groups } of segments) {
      for (const group of groups) {
        const id = `${name}/${group.number}`;
        known.set(id, { ...group, id, segment: name, codec });
      }
    }
    this.#groups = [...known.values()].sort((a, b) => a.startUs - b.startUs || a.number - b.number);
  }

  /** Forgets the groups that start inside a span; returns the names of segments of which nothing is left. */
  forget(span: Span): string[] {
    const before = new Set(this.#groups.map((group) => group.segment));
    this.#groups = this.#groups.filter((group) => group.startUs < span.fromUs || group.startUs >= span.toUs);
    for (const group of this.#groups) before.delete(group.segment);
    return [...before];
  }

  /** The group that holds an instant, or undefined inside an absence. */
  at(us: number): Group | undefined {
    const group = this.#groups[this.#after(us) - 1];
    return group !== undefined && us < group.endUs ? group : undefined;
  }

  /** The first group that starts after an instant. */
  next(us: number): Group | undefined {
    return this.#groups[this.#after(us)];
  }

  /** The last group that starts before an instant. */
  previous(us: number): Group | undefined {
    const at = this.#after(us) - 1;
    return this.#groups[at]?.startUs === us ? this.#groups[at - 1] : this.#groups[at];
  }

  /** The groups to have ready from an instant on, until another one. */
  between(fromUs: number, toUs: number): Group[] {
    const first = this.at(fromUs);
    const start = first === undefined ? this.#after(fromUs) : this.#groups.indexOf(first);
    const end = this.#groups.findIndex((group, at) => at >= start && group.startUs >= toUs);
    return this.#groups.slice(start, end < 0 ? undefined : end);
  }

  /** Number of groups that start at or before an instant (binary search). */
  #after(us: number): number {
    let low = 0;
    let high = this.#groups.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#groups[middle]?.startUs ?? 0) <= us) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
