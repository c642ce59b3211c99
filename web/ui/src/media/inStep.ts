/**
 * Several cameras on one clock: at every drawing each canvas gets the picture whose time holds the clock's instant, so
 * no camera runs ahead of another. The clock stands still while a camera that has footage still fetches it; one that
 * has none shows none, and is in step again with its first picture.
 */
import { beyondAbsence } from "./beyondAbsence";
import { endBefore, nextInstant } from "./drawnClock";
import type { FootageSource, TrackEvents } from "./footageTrack";
import { frameBeside } from "./frameBeside";
import type { Span } from "./keyWindows";
import { PictureView, type Showing } from "./pictureView";
import { markStep } from "./replayMarks";
import {
  INITIAL_REPLAY,
  type Notice,
  type ReplayPhase,
  type Transportable,
  type WithoutSerial,
} from "./replayState";

export const STEP_CAMERAS_MAX = 4;
const DRIVE_MS = 100;
const WITHIN_FRAME_US = 500;
const SILENT_JUMP_US = 300_000;
/** A camera that fetches for longer than this no longer holds the others up. */
const PATIENCE_MS = 4_000;

/** What draws one camera's pictures. */
export type StepView = Pick<PictureView, "prepare" | "show" | "shownUs" | "clear" | "close">;

/** One camera of the set: where its footage comes from, where it is drawn and, if not by WebCodecs, by what. */
export interface StepSource {
  open(startUs: number, events: TrackEvents): FootageSource;
  canvas: HTMLCanvasElement;
  draw?: (canvas: HTMLCanvasElement, track: FootageSource, onUnplayable: (codec: string) => void) => StepView;
}

/** What the page shows of one camera beside its picture. */
export interface StepTileState {
  phase: ReplayPhase;
  showing: Showing;
  journal: number;
}

/** What the page shows of the set. */
export interface StepSnapshot {
  playing: boolean;
  rate: number;
  waiting: boolean;
  tiles: readonly StepTileState[];
  notice: Notice | undefined;
}

export const INITIAL_STEP: StepSnapshot = {
  playing: false,
  rate: 1,
  waiting: false,
  tiles: [],
  notice: undefined,
};

interface Tile {
  track: FootageSource;
  view: StepView;
  waitsSinceMs: number | undefined;
}

/** The set, from construction to `close`. */
export class InStepPlayer implements Transportable {
  readonly canReverse = true;
  #snapshot: StepSnapshot = INITIAL_STEP;
  #listeners = new Set<() => void>();
  #tiles: Tile[] = [];
  #us: number;
  #jumpFromUs: number | undefined;
  #pendingStep: 1 | -1 | undefined;
  #drawnMs = 0;
  #drawHandle = 0;
  #serial = 0;
  #ticker: ReturnType<typeof setInterval>;

  constructor(sources: readonly StepSource[], startUs: number) {
    this.#us = startUs;
    markStep("asked", startUs);
    const tiles = sources.map(() => ({
      phase: INITIAL_REPLAY.phase,
      showing: "waiting" as Showing,
      journal: 0,
    }));
    this.#snapshot = { ...INITIAL_STEP, tiles };
    for (const [at, { open, canvas, draw }] of sources.entries()) {
      const track = open(startUs, {
        onChange: ({ phase, journal }) =>
          this.#changeTile(at, { ...(phase && { phase }), ...(journal !== undefined && { journal }) }),
        onArrived: () => this.#rest(),
        onDropped: () => this.#tiles[at]?.view.clear(),
        onDamaged: (group, why) =>
          this.#say({ kind: "damaged", fromUs: group.startUs, toUs: group.endUs, why }),
      });
      const giveUp = (codec: string): void => track.giveUp(codec);
      const view = draw?.(canvas, track, giveUp) ?? new PictureView(canvas, track, giveUp);
      this.#tiles.push({ track, view, waitsSinceMs: undefined });
    }
    this.#ticker = setInterval(() => this.#rest(), DRIVE_MS);
  }

  get snapshot(): StepSnapshot {
    return this.#snapshot;
  }

  /** The instant of the common clock. */
  get positionUs(): number {
    return this.#us;
  }

  get captureUs(): number {
    return this.#us;
  }

  /** Capture instant of one camera's picture on screen. */
  shownUs(at: number): number | undefined {
    return this.#snapshot.tiles[at]?.showing === "absent" ? undefined : this.#tiles[at]?.view.shownUs;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tells what one camera has recorded. */
  setRecorded(at: number, recorded: readonly Span[], nowUs: number): void {
    this.#tiles[at]?.track.setRecorded(recorded, nowUs);
    this.#rest();
  }

  play(): void {
    this.#change({ playing: true });
    this.#drawnMs = performance.now();
    cancelAnimationFrame(this.#drawHandle);
    this.#drawHandle = requestAnimationFrame(this.#drawNext);
  }

  pause(): void {
    cancelAnimationFrame(this.#drawHandle);
    this.#change({ playing: false, waiting: false });
    this.#rest();
  }

  /** @param rate 0.25 to 16, negative for reverse */
  setRate(rate: number): void {
    this.#change({ rate });
  }

  /** Goes to an instant; cameras that have nothing there say so. */
  seek(us: number): void {
    this.#jumpFromUs = undefined;
    this.#pendingStep = undefined;
    markStep("asked", us);
    for (const { track } of this.#tiles) if (!track.index.at(us)) track.cancel();
    this.#us = us;
    this.#rest();
  }

  /** One frame of the first camera that has one, on (1) or back (−1); the others follow. */
  step(direction: 1 | -1): void {
    this.pause();
    this.#pendingStep = undefined;
    const lead = this.#tiles.find(({ track }) => track.index.at(this.#us) !== undefined);
    if (lead === undefined) return;
    const found = frameBeside(lead.track.index, lead.track, this.#us + WITHIN_FRAME_US, direction);
    if (found?.frame !== undefined) {
      this.#us = Math.round((found.frame.startUs + found.frame.endUs) / 2);
      this.#rest();
    } else if (found?.group !== undefined || (found !== undefined && lead.track.askAt(found.edgeUs))) {
      if (found.group !== undefined) lead.track.load(found.group);
      this.#pendingStep = direction;
    }
  }

  /** Asks again for every camera: after a refusal, or once a holder has unlocked. */
  retry(): void {
    for (const { track } of this.#tiles) track.retry(this.#us);
  }

  /** Ends the replay: keys and pictures of every camera are gone when it returns. */
  close(): void {
    clearInterval(this.#ticker);
    cancelAnimationFrame(this.#drawHandle);
    for (const { track, view } of this.#tiles) {
      track.close();
      view.close();
    }
    this.#change({ playing: false });
  }

  #change(change: Partial<StepSnapshot>): void {
    const next = { ...this.#snapshot, ...change };
    if (JSON.stringify(next) === JSON.stringify(this.#snapshot)) return;
    this.#snapshot = next;
    for (const listener of this.#listeners) listener();
  }

  #changeTile(at: number, change: Partial<StepTileState>): void {
    this.#change({
      tiles: this.#snapshot.tiles.map((tile, each) => (each === at ? { ...tile, ...change } : tile)),
    });
  }

  #say(notice: WithoutSerial<Notice>): void {
    this.#serial += 1;
    this.#change({ notice: { ...notice, serial: this.#serial } });
  }

  /** Draws an instant on every canvas, or only makes its pictures ready; says how each camera stands. */
  #show(us: number, rate: number, how: "show" | "prepare" = "show"): Showing[] {
    return this.#tiles.map(({ view }, at) => {
      const { phase } = this.#snapshot.tiles[at] ?? INITIAL_REPLAY;
      if (phase.kind === "connecting") return "waiting";
      if (phase.kind !== "ready") return "absent";
      return view[how](us, rate);
    });
  }

  #tell(showings: readonly Showing[], waiting: boolean): void {
    const tiles = this.#snapshot.tiles.map((tile, at) => ({ ...tile, showing: showings[at] ?? "absent" }));
    this.#change({ tiles, waiting });
  }

  /** At rest the pictures of the position come as they arrive. */
  #rest(): void {
    if (this.#snapshot.playing || this.#tiles.length < this.#snapshot.tiles.length) return;
    this.#tell(this.#show(this.#us, 0), false);
    for (const { track } of this.#tiles) track.forgetFar(this.#us);
    const isLoading = this.#tiles.some(({ track }) => track.isLoading);
    if (this.#pendingStep !== undefined && !isLoading) this.step(this.#pendingStep);
  }

  readonly #drawNext = (nowMs: number): void => {
    if (!this.#snapshot.playing) return;
    this.#drawHandle = requestAnimationFrame(this.#drawNext);
    const { rate } = this.#snapshot;
    const us = nextInstant(this.#us, rate, this.#drawnMs, nowMs);
    this.#drawnMs = nowMs;
    // Nothing is drawn before everybody has the instant: who waits for another must not run ahead of it.
    const showings = this.#show(us, rate, "prepare");
    const holds = this.#tiles.some((tile, at) => this.#isAwaited(tile, showings[at] ?? "absent", nowMs));
    if (!holds) this.#show(us, rate);
    this.#tell(showings, holds);
    if (showings.every((showing) => showing === "absent")) this.#crossAbsence(us, rate < 0 ? -1 : 1);
    else if (!holds) {
      this.#us = us;
      for (const { track } of this.#tiles) track.forgetFar(us);
      this.#landed();
    }
  };

  #isAwaited(tile: Tile, showing: Showing, nowMs: number): boolean {
    if (showing !== "waiting") {
      tile.waitsSinceMs = undefined;
      return false;
    }
    tile.waitsSinceMs ??= nowMs;
    return nowMs - tile.waitsSinceMs < PATIENCE_MS;
  }

  /** Nobody has anything here: on to the first camera that has. */
  #crossAbsence(us: number, direction: 1 | -1): void {
    const targets = this.#tiles.map(({ track }) => beyondAbsence(track, us, direction));
    if (targets.includes("wait")) return;
    const found = targets.filter((target): target is number => typeof target === "number");
    if (found.length === 0) {
      this.pause();
      const ends = this.#tiles.flatMap(({ track }) => endBefore(track, us, direction) ?? []);
      const atUs = ends.length === 0 ? us : direction > 0 ? Math.max(...ends) : Math.min(...ends);
      this.#say({ kind: "end", atUs });
      return;
    }
    this.#jumpFromUs ??= us;
    this.#us = direction > 0 ? Math.min(...found) : Math.max(...found);
  }

  #landed(): void {
    const fromUs = this.#jumpFromUs;
    this.#jumpFromUs = undefined;
    if (fromUs === undefined || Math.abs(this.#us - fromUs) < SILENT_JUMP_US) return;
    this.#say({ kind: "jump", fromUs, toUs: this.#us });
  }
}
