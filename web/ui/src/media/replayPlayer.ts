/**
 * Replay of one camera: sealed groups are fetched, opened in a worker and shown at their capture time.
 *
 * One loop (`#drive`) looks at the position and makes true what should be: the window of keys open, the groups ahead
 * loaded, absences jumped over and announced. It is safe to call at any moment.
 */
import { delayMs } from "./backoff";
import { MICRO } from "./captureTime";
import { frameBeside } from "./frameBeside";
import { type Group, GroupIndex } from "./groupIndex";
import { covers, type Span, surplus, wantedWindows, windowAt } from "./keyWindows";
import type { Refusal } from "./liveMessages";
import { isPassing } from "./liveState";
import { isPlayable } from "./mediaFeed";
import { type Frame, ReplayBuffer } from "./replayBuffer";
import { ReplayLink, type ReplaySource } from "./replayLink";
import { INITIAL_REPLAY, type Notice, type ReplaySnapshot } from "./replayState";
import { VaultFailed } from "./replayVault";

const DRIVE_MS = 100;
const AHEAD_US = 6 * MICRO;
const MAX_LOADING_COUNT = 4;
const RETRY_GROUP_MS = 1_000;
/** An absence shorter than this is the rounding between two groups, not worth an announcement. */
const SILENT_JUMP_US = 300_000;
const WITHIN_FRAME_US = 500;
const STUCK_COUNT = 2;
const NEAR_END_US = MICRO;

type WithoutSerial<T> = T extends unknown ? Omit<T, "serial"> : never;

/** One camera's replay on one video element, from construction to `close`. */
export class ReplayPlayer {
  #snapshot: ReplaySnapshot = INITIAL_REPLAY;
  #listeners = new Set<() => void>();
  #link: ReplayLink | undefined;
  #buffer: ReplayBuffer | undefined;
  #index = new GroupIndex();
  #held: Span[] = [];
  #recorded: readonly Span[] = [];
  #nowUs = 0;
  #wantUs: number | undefined;
  #appliedUs: number | undefined;
  #shownUs: number | undefined;
  #jumpFromUs: number | undefined;
  #drivenUs = 0;
  #stuckCount = 0;
  #pendingStep: 1 | -1 | undefined;
  #loading = new Set<string>();
  #retryAt = new Map<string, number>();
  #attempt = 0;
  #serial = 0;
  #generation = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #ticker: ReturnType<typeof setInterval> | undefined;
  #frameHandle = 0;

  constructor(
    readonly video: HTMLVideoElement,
    readonly source: ReplaySource,
    startUs: number,
  ) {
    this.#wantUs = startUs;
    video.muted = true;
    video.addEventListener("loadedmetadata", this.#applyWanted);
    video.addEventListener("seeked", this.#seeked);
    this.#ticker = setInterval(() => this.#drive(), DRIVE_MS);
    this.#connect();
  }

  get snapshot(): ReplaySnapshot {
    return this.#snapshot;
  }

  /** The instant of the position: where playback is, or where it was asked to go. */
  get positionUs(): number {
    if (this.#wantUs !== undefined) return this.#wantUs;
    return this.#buffer?.clock.at(this.video.currentTime) ?? 0;
  }

  /** Capture instant of the frame on screen; undefined when there is none. */
  get captureUs(): number | undefined {
    return this.#buffer === undefined ? undefined : this.#shownUs;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tells what is recorded, so that absences are jumped and no window without footage is asked for. */
  setRecorded(recorded: readonly Span[], nowUs: number): void {
    this.#recorded = recorded;
    this.#nowUs = nowUs;
    this.#drive();
  }

  play(): void {
    this.#change({ playing: true });
    this.#drive();
  }

  pause(): void {
    this.video.pause();
    this.#change({ playing: false, waiting: false });
  }

  /** @param rate 0.5 to 8; forward only */
  setRate(rate: number): void {
    this.video.playbackRate = rate;
    this.#change({ rate });
  }

  /** Goes to an instant; inside an absence, to the next recorded one. */
  seek(us: number): void {
    this.#jumpFromUs = undefined;
    this.#pendingStep = undefined;
    this.#goTo(us);
  }

  /** One frame on (1) or back (−1); pauses. Waits for the frame when its group is not here yet. */
  step(direction: 1 | -1): void {
    this.pause();
    this.#pendingStep = undefined;
    if (this.#buffer === undefined) return;
    const from = (this.#shownUs ?? this.positionUs) + WITHIN_FRAME_US;
    const found = frameBeside(this.#index, this.#buffer, from, direction);
    if (found?.frame !== undefined) this.seek((found.frame.startUs + found.frame.endUs) / 2);
    else if (found !== undefined) this.#fetchBeside(found.group, found.edgeUs, direction);
  }

  #fetchBeside(beside: Group | undefined, edgeUs: number, direction: 1 | -1): void {
    if (beside !== undefined) this.#load(beside);
    else if (this.#isRecorded(edgeUs) && !covers(this.#held, edgeUs))
      this.#link?.ask(windowAt(edgeUs, this.#nowUs));
    else return; // nothing is recorded there
    this.#pendingStep = direction;
  }

  /** Asks again after a refusal or once a holder has unlocked. */
  retry(): void {
    this.#drop();
    this.#attempt = 0;
    this.#connect();
  }

  /** Ends the replay: keys, buffers and picture are gone when it returns. */
  close(): void {
    clearInterval(this.#ticker);
    this.video.removeEventListener("loadedmetadata", this.#applyWanted);
    this.video.removeEventListener("seeked", this.#seeked);
    this.#drop();
    this.#change({ phase: { kind: "closed" }, playing: false });
  }

  #change(change: Partial<ReplaySnapshot>): void {
    const next = { ...this.#snapshot, ...change };
    if (JSON.stringify(next) === JSON.stringify(this.#snapshot)) return;
    this.#snapshot = next;
    for (const listener of this.#listeners) listener();
  }

  #say(notice: WithoutSerial<Notice>): void {
    this.#serial += 1;
    this.#change({ notice: { ...notice, serial: this.#serial } });
  }

  #connect(): void {
    // While a service is away its words stay until it is back, whatever the attempts.
    const { phase } = this.#snapshot;
    if (phase.kind !== "refused") this.#change({ phase: { kind: "connecting", attempt: this.#attempt } });
    this.#link = new ReplayLink(this.source, {
      onPermit: (journal) => {
        this.#attempt = 0;
        this.#change({ phase: { kind: "ready" }, journal });
        this.#drive();
      },
      onWindow: (span, segments) => {
        this.#held = [...this.#held.filter((held) => held.fromUs !== span.fromUs), span];
        this.#index.add(segments);
        this.#change({ phase: { kind: "ready" }, windows: [...this.#held] });
        this.#drive();
      },
      onLocked: ({ holders, what, todo }) => {
        this.#dropFootage();
        this.#change({ phase: { kind: "locked", holders, what, todo } });
      },
      onRefused: (refusal) => this.#refuse(refusal),
      onLost: () => this.#again(),
    });
  }

  #refuse(refusal: Refusal): void {
    this.#drop();
    const willRetry = isPassing(refusal);
    this.#change({ phase: { kind: "refused", refusal, willRetry } });
    if (willRetry) this.#retry = setTimeout(() => this.#connect(), delayMs(this.#attempt));
    this.#attempt += 1;
  }

  /** The connection was lost, and with it the permit: nothing is kept; the position is. */
  #again(): void {
    this.#drop();
    this.#change({ phase: { kind: "connecting", attempt: this.#attempt + 1 } });
    this.#retry = setTimeout(() => this.#connect(), delayMs(this.#attempt));
    this.#attempt += 1;
  }

  /** Keys, buffers and picture go in this very call. */
  #drop(): void {
    clearTimeout(this.#retry);
    this.#link?.close();
    this.#link = undefined;
    this.#dropFootage();
    this.#change({ journal: 0 });
  }

  #dropFootage(): void {
    this.#wantUs = this.positionUs;
    this.#generation += 1;
    this.#buffer?.dispose();
    this.#buffer = undefined;
    this.#shownUs = undefined;
    this.#index = new GroupIndex();
    this.#held = [];
    this.#loading.clear();
    this.#change({ windows: [], waiting: false });
  }

  #goTo(us: number): void {
    this.#wantUs = us;
    if (this.#buffer !== undefined && !this.#buffer.reaches(us)) {
      this.#buffer.dispose();
      this.#buffer = undefined;
    }
    this.#applyWanted();
    this.#drive();
  }

  readonly #applyWanted = (): void => {
    if (this.#wantUs === undefined || this.#buffer === undefined || this.video.readyState === 0) return;
    this.#appliedUs = this.#wantUs;
    this.video.currentTime = this.#buffer.clock.position(this.#wantUs);
  };

  readonly #seeked = (): void => {
    // A later seek may be on its way already: only the last one, once reached, is done.
    if (!this.video.seeking && this.#wantUs === this.#appliedUs) this.#wantUs = undefined;
  };

  #drive(): void {
    if (this.#snapshot.phase.kind !== "ready" || this.#link === undefined || this.#nowUs === 0) return;
    const us = this.positionUs;
    const { rate, playing } = this.#snapshot;
    this.#stuckCount = us === this.#drivenUs ? this.#stuckCount + 1 : 0;
    this.#drivenUs = us;
    for (const span of wantedWindows(us, rate, this.#nowUs, this.#recorded)) {
      const held = this.#held.find((each) => each.fromUs === span.fromUs);
      // The window that reaches the present grows: it is asked for again when playback comes near its end.
      if (held === undefined || us + AHEAD_US * Math.max(1, rate) >= held.toUs) this.#link.ask(span);
    }
    this.#forgetFar(us);
    const group = this.#index.at(us);
    if (group === undefined || this.#isAtEndOf(group, us)) this.#crossAbsence(group?.endUs ?? us);
    else {
      this.#landed(group);
      const aheadUs = us + AHEAD_US * Math.max(1, rate);
      for (const each of this.#index.between(us, aheadUs)) this.#load(each);
      const before = this.#index.previous(group.startUs);
      if (!playing && before !== undefined) this.#load(before); // the next step back may need it
      this.#buffer?.prune(us);
    }
    if (this.#pendingStep !== undefined && this.#loading.size === 0) this.step(this.#pendingStep);
    if (playing && this.video.paused && this.video.readyState > 0) {
      this.video.playbackRate = rate;
      void this.video.play().catch(() => undefined);
    }
    this.#change({
      waiting: this.#snapshot.playing && this.video.readyState < HTMLMediaElement.HAVE_FUTURE_DATA,
    });
  }

  #forgetFar(us: number): void {
    const far = surplus(this.#held, us);
    if (far.length === 0) return;
    this.#held = this.#held.filter((span) => !far.includes(span));
    this.#link?.forget(
      far,
      far.flatMap((span) => this.#index.forget(span)),
    );
    this.#change({ windows: [...this.#held] });
  }

  /** Playback stands still on the last frame of a group that nothing follows. */
  #isAtEndOf(group: Group, us: number): boolean {
    if (!this.#snapshot.playing || this.#wantUs !== undefined) return false;
    const last = this.#buffer?.frames(group).at(-1);
    if (last === undefined || !this.#showsLast(last, us)) return false;
    const next = this.#index.next(group.startUs);
    if (next === undefined) return covers(this.#held, group.endUs) || !this.#isRecorded(group.endUs);
    return next.startUs > group.endUs + WITHIN_FRAME_US;
  }

  /** A starved element stops a little before its last frame, and may skip it at high speed. */
  #showsLast(last: Frame, us: number): boolean {
    if (Math.max(us, this.#shownUs ?? 0) + WITHIN_FRAME_US >= last.startUs) return true;
    const starved = this.video.readyState < HTMLMediaElement.HAVE_FUTURE_DATA;
    return starved && this.#stuckCount >= STUCK_COUNT && us >= last.endUs - NEAR_END_US;
  }

  #isRecorded(us: number): boolean {
    return covers(this.#recorded, us);
  }

  /** From an instant without a group to the next one that has: inside the window first, then what is recorded. */
  #crossAbsence(us: number): void {
    const held = this.#held.find((span) => us >= span.fromUs && us < span.toUs);
    if (held === undefined && this.#isRecorded(us)) return; // its window is on the way
    const searchedUs = held?.toUs ?? us;
    const next = this.#index.next(us - 1);
    const later = this.#recorded.find((span) => span.toUs > searchedUs);
    const inWindow = next !== undefined && next.startUs < searchedUs ? next.startUs : undefined;
    const target = inWindow ?? (later === undefined ? undefined : Math.max(later.fromUs, searchedUs));
    if (target === undefined || target >= this.#nowUs) {
      if (this.#snapshot.playing) {
        this.pause();
        this.#say({ kind: "end", atUs: us });
      }
      return;
    }
    this.#jumpFromUs ??= us;
    this.#goTo(target === us ? target + 1 : target);
  }

  /** A group holds the position: if an absence was jumped to get here, it is announced with its bounds. */
  #landed(group: Group): void {
    const fromUs = this.#jumpFromUs;
    this.#jumpFromUs = undefined;
    if (fromUs === undefined || group.startUs - fromUs < SILENT_JUMP_US) return;
    this.#say({ kind: "jump", fromUs, toUs: group.startUs });
  }

  #load(group: Group): void {
    const link = this.#link;
    if (link === undefined || this.#buffer?.has(group) || this.#loading.has(group.id)) return;
    if (this.#loading.size >= MAX_LOADING_COUNT) return;
    if ((this.#retryAt.get(group.id) ?? 0) > performance.now()) return;
    if (!isPlayable(group.codec)) {
      this.#drop();
      this.#change({ phase: { kind: "unplayable", codec: group.codec } });
      return;
    }
    this.#loading.add(group.id);
    const generation = this.#generation;
    link
      .open(group)
      .then((plain) => {
        if (generation !== this.#generation) return;
        this.#bufferFor(group).add(group, plain);
      })
      .catch((error: unknown) => {
        if (generation === this.#generation) this.#failed(group, error);
      })
      .finally(() => this.#loading.delete(group.id));
  }

  #bufferFor(group: Group): ReplayBuffer {
    if (this.#buffer === undefined) {
      const failed = (why: string): void =>
        this.#say({ kind: "damaged", fromUs: group.startUs, toUs: group.endUs, why });
      this.#buffer = new ReplayBuffer(this.video, group.codec, this.positionUs, failed);
      this.#watchFrames();
      this.#change({ codec: group.codec });
    }
    return this.#buffer;
  }

  /** An altered group is an absence with its own words; a failed fetch is tried again. */
  #failed(group: Group, error: unknown): void {
    if (error instanceof VaultFailed && !error.damaged) {
      this.#retryAt.set(group.id, performance.now() + RETRY_GROUP_MS);
      return;
    }
    const why = error instanceof Error ? error.message : String(error);
    this.#index.forget({ fromUs: group.startUs, toUs: group.startUs + 1 });
    this.#say({ kind: "damaged", fromUs: group.startUs, toUs: group.endUs, why });
  }

  #watchFrames(): void {
    this.video.cancelVideoFrameCallback(this.#frameHandle);
    const onFrame = (_now: number, frame: { mediaTime: number }): void => {
      if (this.#buffer === undefined) return;
      const us = this.#buffer.clock.at(frame.mediaTime);
      // Ticks of 90 kHz round down: the first frame of a group is not before what is recorded.
      this.#shownUs = Math.max(us, this.#index.at(us + WITHIN_FRAME_US)?.startUs ?? us);
      this.#frameHandle = this.video.requestVideoFrameCallback(onFrame);
    };
    this.#frameHandle = this.video.requestVideoFrameCallback(onFrame);
  }
}
