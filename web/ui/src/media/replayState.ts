/** What a replay can be in, and what it has to say: closed sets, so that the page words each of them. */
import type { Span } from "./keyWindows";
import type { Refusal } from "./liveMessages";

export type ReplayPhase =
  | { kind: "connecting"; attempt: number }
  | { kind: "ready" }
  | { kind: "locked"; holders: string[]; what: string; todo: string }
  | { kind: "refused"; refusal: Refusal; willRetry: boolean }
  | { kind: "unplayable"; codec: string }
  | { kind: "closed" };

/** Something that happened once and is announced; `serial` tells two alike apart. */
export type Notice = { serial: number } & (
  | { kind: "jump"; fromUs: number; toUs: number }
  | { kind: "end"; atUs: number }
  | { kind: "damaged"; fromUs: number; toUs: number; why: string }
);

/** A union without its serial, member by member. */
export type WithoutSerial<T> = T extends unknown ? Omit<T, "serial"> : never;

/** Everything the page shows of a replay but its picture and its clock. */
export interface ReplaySnapshot {
  phase: ReplayPhase;
  playing: boolean;
  rate: number;
  /** Playing, but the bytes are not here yet. */
  waiting: boolean;
  /** Windows whose keys are open in this page. */
  windows: readonly Span[];
  /** Number of the journal's entry under which this replay happens; 0 before the permit. */
  journal: number;
  codec: string;
  notice: Notice | undefined;
}

export const INITIAL_REPLAY: ReplaySnapshot = {
  phase: { kind: "connecting", attempt: 0 },
  playing: false,
  rate: 1,
  waiting: false,
  windows: [],
  journal: 0,
  codec: "",
  notice: undefined,
};

/** Speeds of play; the same backwards, with a minus sign. */
export const SPEEDS = [0.25, 0.5, 1, 2, 4, 8, 16] as const;

/** Forward speeds that a video element plays by itself; all else is drawn picture by picture. */
export const VIDEO_RATE_MAX = 8;

/** What the transport's buttons and keys act upon: one camera, or several in step. */
export interface Transportable {
  readonly positionUs: number;
  readonly canReverse: boolean;
  play(): void;
  pause(): void;
  setRate(rate: number): void;
  step(direction: 1 | -1): void;
}
