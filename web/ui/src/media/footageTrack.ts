/**
 * One camera's recorded footage as this page may open it: permit, windows of keys, index, opened groups.
 *
 * It shows nothing. Players ask it for what an instant, a speed and a direction need, and are told when it is there.
 */
import { delayMs } from "./backoff";
import type { Bytes } from "./bytes";
import { MICRO, ticksToUs } from "./captureTime";
import { samples, splitGroup, timescale } from "./fmp4";
import { type Group, GroupIndex } from "./groupIndex";
import { covers, type Span, surplus, wantedWindows, windowAt } from "./keyWindows";
import type { Refusal } from "./liveMessages";
import { isPassing } from "./liveState";
import { groupsAhead } from "./prefetch";
import { ReplayLink, type ReplaySource } from "./replayLink";
import { markStep } from "./replayMarks";
import type { ReplaySnapshot } from "./replayState";
import { VaultFailed } from "./replayVault";

const MAX_LOADING_COUNT = 4;
/** Opened groups that are kept, in clear, in this page's memory only. */
const KEPT_OPENED_COUNT = 24;
const RETRY_GROUP_MS = 1_000;
/** So close to this computer's idea of the present, only the server's may cut a window. */
const SURELY_PAST_US = 600 * MICRO;

/** One frame: when it was taken and how long it is shown. */
export interface Frame {
  startUs: number;
  endUs: number;
}

/** A group in clear: what a decoder starts with, the coded pictures, and the instant of each. */
export interface OpenedGroup {
  group: Group;
  init: Bytes;
  media: Bytes;
  frames: readonly Frame[];
}

/** What the owner of a track is told. */
export interface TrackEvents {
  /** Facts for the page changed. */
  onChange(change: Partial<Pick<ReplaySnapshot, "phase" | "windows" | "journal" | "codec">>): void;
  /** Something that was awaited is here: a permit, a window, a group. */
  onArrived(): void;
  /** Keys and footage are gone: whatever shows them must go in this very call. */
  onDropped(): void;
  /** A group's bytes are not what was sealed; it is passed over. */
  onDamaged(group: Group, why: string): void;
}

/** What a player asks of footage, wherever it comes from: a server's sealed groups, or a package's file. */
export type FootageSource = Pick<
  FootageTrack,
  | "index"
  | "nowUs"
  | "isReady"
  | "isLoading"
  | "setRecorded"
  | "isRecorded"
  | "recordedFrom"
  | "heldAt"
  | "opened"
  | "frames"
  | "want"
  | "askAt"
  | "load"
  | "cancel"
  | "retry"
  | "forgetFar"
  | "close"
  | "giveUp"
>;

/** Parts a group in clear; a group whose boxes are wrong throws `Mp4Damaged`. */
export function readOpened(group: Group, plain: Bytes): OpenedGroup {
  const { init, media } = splitGroup(plain);
  const scale = timescale(init);
  const frames = samples(media).map(({ ticks, duration }) => ({
    // Ticks of 90 kHz round down: the first frame of a group is not before what is recorded.
    startUs: Math.max(group.startUs, ticksToUs(ticks, scale)),
    endUs: ticksToUs(ticks + duration, scale),
  }));
  return { group, init, media, frames };
}

/** One camera's footage, from construction to `close`. */
export class FootageTrack {
  #link: ReplayLink | undefined;
  #index = new GroupIndex();
  #held: Span[] = [];
  #recorded: readonly Span[] | undefined;
  #nowUs = 0;
  #startUs: number;
  #ready = false;
  #opened = new Map<string, OpenedGroup>();
  #loading = new Set<string>();
  #retryAt = new Map<string, number>();
  #attempt = 0;
  #isAway = false;
  #generation = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;

  /** @param startUs where the footage will be looked at first: its keys are asked for with the permit */
  constructor(
    readonly source: ReplaySource,
    startUs: number,
    readonly events: TrackEvents,
  ) {
    this.#startUs = startUs;
    this.#connect();
  }

  get index(): GroupIndex {
    return this.#index;
  }

  get nowUs(): number {
    return this.#nowUs;
  }

  /** Permit given, and what is recorded is known. */
  get isReady(): boolean {
    return this.#ready && this.#recorded !== undefined;
  }

  /** A group is being fetched or opened. */
  get isLoading(): boolean {
    return this.#loading.size > 0;
  }

  /** Tells what is recorded, so that no window without footage is asked for. */
  setRecorded(recorded: readonly Span[], nowUs: number): void {
    this.#recorded = recorded;
    this.#nowUs = nowUs;
  }

  isRecorded(us: number): boolean {
    return covers(this.#recorded ?? [], us);
  }

  /** The recorded stretch that holds an instant or, failing that, the next one in a direction. */
  recordedFrom(us: number, direction: 1 | -1): Span | undefined {
    const spans = this.#recorded ?? [];
    return direction > 0 ? spans.find((span) => span.toUs > us) : spans.findLast((span) => span.fromUs <= us);
  }

  /** The window of keys that is open at an instant. */
  heldAt(us: number): Span | undefined {
    return this.#held.find((span) => us >= span.fromUs && us < span.toUs);
  }

  opened(group: Group): OpenedGroup | undefined {
    return this.#opened.get(group.id);
  }

  /** Frames of a group that is open, in order; empty otherwise. */
  frames(group: Group): readonly Frame[] {
    return this.#opened.get(group.id)?.frames ?? [];
  }

  /**
   * Makes true what a position needs: its window of keys and the next one in the direction of play, its group and the
   * groups that play will soon reach. At rest (rate 0) that is one window and one group.
   */
  want(us: number, rate: number): void {
    if (!this.isReady || this.#link === undefined) return;
    for (const span of wantedWindows(us, rate, this.#nowUs, this.#recorded ?? []))
      this.#askWindow(span, us, rate);
    for (const group of groupsAhead(this.#index, us, rate)) this.load(group);
  }

  /** Asks for the window of keys of one instant, if anything is recorded there. */
  askAt(us: number): boolean {
    if (!this.isRecorded(us) || this.heldAt(us) !== undefined) return false;
    this.#link?.ask(windowAt(us, this.#nowUs));
    return true;
  }

  /** Fetches and opens a group, once; `onArrived` tells when it is there. */
  load(group: Group): void {
    const link = this.#link;
    if (link === undefined || this.#opened.has(group.id) || this.#loading.has(group.id)) return;
    if (this.#loading.size >= MAX_LOADING_COUNT) return;
    if ((this.#retryAt.get(group.id) ?? 0) > performance.now()) return;
    this.#loading.add(group.id);
    const generation = this.#generation;
    link
      .open(group)
      .then((plain) => {
        if (generation !== this.#generation) return;
        this.#keep(readOpened(group, plain));
      })
      .catch((error: unknown) => {
        if (generation === this.#generation) this.#failed(group, error);
      })
      .finally(() => {
        if (generation !== this.#generation) return;
        this.#loading.delete(group.id);
        this.events.onArrived();
      });
  }

  /** Gives up the fetches under way: the person went elsewhere. */
  cancel(): void {
    this.#generation += 1;
    this.#loading.clear();
    this.#link?.cancel();
  }

  /** Asks again after a refusal or once a holder has unlocked; `us` is where the footage will be looked at. */
  retry(us: number): void {
    this.#drop();
    this.#startUs = us;
    this.#attempt = 0;
    this.#connect();
  }

  /** Ends the permit: keys and opened groups are gone when it returns. */
  close(): void {
    this.#drop();
    this.events.onChange({ phase: { kind: "closed" } });
  }

  /** The browser cannot decode this stream: nothing of it is of use. */
  giveUp(codec: string): void {
    this.#drop();
    this.events.onChange({ phase: { kind: "unplayable", codec } });
  }

  #keep(opened: OpenedGroup): void {
    markStep("opened", opened.group.startUs);
    this.#opened.set(opened.group.id, opened);
    for (const id of this.#opened.keys()) {
      if (this.#opened.size <= KEPT_OPENED_COUNT) break;
      this.#opened.delete(id);
    }
    this.events.onChange({ codec: opened.group.codec });
  }

  /** An altered group is an absence with its own words; a failed fetch is tried again. */
  #failed(group: Group, error: unknown): void {
    if (error instanceof VaultFailed && !error.damaged) {
      this.#retryAt.set(group.id, performance.now() + RETRY_GROUP_MS);
      return;
    }
    this.#index.forget({ fromUs: group.startUs, toUs: group.startUs + 1 });
    this.events.onDamaged(group, error instanceof Error ? error.message : String(error));
  }

  #askWindow(span: Span, us: number, rate: number): void {
    const held = this.#held.find((each) => each.fromUs === span.fromUs);
    // The window that reaches the present grows: it is asked for again when playback comes near its end.
    if (held === undefined || us + 6 * MICRO * Math.max(1, rate) >= held.toUs) this.#link?.ask(span);
  }

  /** Lets go of the windows that are far from where the person looks. */
  forgetFar(us: number): void {
    const far = surplus(this.#held, us);
    if (far.length === 0) return;
    this.#held = this.#held.filter((span) => !far.includes(span));
    this.#link?.forget(
      far,
      far.flatMap((span) => this.#index.forget(span)),
    );
    this.events.onChange({ windows: [...this.#held] });
  }

  #connect(): void {
    // While a service is away its words stay until it is back, whatever the attempts.
    if (!this.#isAway) this.events.onChange({ phase: { kind: "connecting", attempt: this.#attempt } });
    this.#link = new ReplayLink(this.source, {
      onPermit: (journal) => {
        this.#attempt = 0;
        this.#ready = true;
        this.#isAway = false;
        this.events.onChange({ phase: { kind: "ready" }, journal });
        this.events.onArrived();
      },
      onWindow: (span, segments) => {
        this.#held = [...this.#held.filter((held) => held.fromUs !== span.fromUs), span];
        this.#index.add(segments);
        this.events.onChange({ phase: { kind: "ready" }, windows: [...this.#held] });
        const group = this.#index.at(this.#startUs);
        if (group !== undefined && this.#recorded === undefined) this.load(group);
        this.events.onArrived();
      },
      onLocked: ({ holders, what, todo }) => {
        this.#dropFootage();
        this.events.onChange({ phase: { kind: "locked", holders, what, todo } });
      },
      onRefused: (refusal) => this.#refuse(refusal),
      onLost: () => this.#again(),
    });
    // What is recorded is not known yet: a window that is surely over is asked for with the permit.
    if (this.#recorded === undefined && this.#startUs + SURELY_PAST_US < Date.now() * 1000) {
      this.#link.ask(windowAt(this.#startUs, Number.MAX_SAFE_INTEGER));
    }
  }

  #refuse(refusal: Refusal): void {
    this.#drop();
    const willRetry = isPassing(refusal);
    this.#isAway = willRetry;
    this.events.onChange({ phase: { kind: "refused", refusal, willRetry } });
    if (willRetry) this.#retry = setTimeout(() => this.#connect(), delayMs(this.#attempt));
    this.#attempt += 1;
  }

  /** The connection was lost, and with it the permit: nothing is kept. */
  #again(): void {
    this.#drop();
    this.events.onChange({ phase: { kind: "connecting", attempt: this.#attempt + 1 } });
    this.#retry = setTimeout(() => this.#connect(), delayMs(this.#attempt));
    this.#attempt += 1;
  }

  /** Keys, opened groups and what shows them go in this very call. */
  #drop(): void {
    clearTimeout(this.#retry);
    this.#link?.close();
    this.#link = undefined;
    this.#ready = false;
    this.#dropFootage();
    this.events.onChange({ journal: 0 });
  }

  #dropFootage(): void {
    this.#generation += 1;
    this.#opened.clear();
    this.#index = new GroupIndex();
    this.#held = [];
    this.#loading.clear();
    this.events.onDropped();
    this.events.onChange({ windows: [] });
  }
}
