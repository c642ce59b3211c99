/**
 * Replay of one camera: sealed groups are opened by a track and shown at their capture time.
 *
 * A video element plays forwards. A canvas over it shows what an element cannot: the picture at rest, the step to the
 * one beside it, backwards, and great speeds. One loop (`#drive`) looks at the position and makes true what should be;
 * it is safe to call at any moment. A browser without WebCodecs does with the element what an element can do.
 */
import { beyondAbsence } from "./beyondAbsence";
import { MICRO } from "./captureTime";
import { endBefore, nextInstant } from "./drawnClock";
import { FootageTrack } from "./footageTrack";
import { frameBeside } from "./frameBeside";
import { hasDecoder } from "./groupDecoder";
import type { Group } from "./groupIndex";
import type { Span } from "./keyWindows";
import { isPlayable } from "./mediaFeed";
import { PictureView } from "./pictureView";
import { groupsAhead } from "./prefetch";
import { ReplayBuffer } from "./replayBuffer";
import type { ReplaySource } from "./replayLink";
import { markStep } from "./replayMarks";
import {
  INITIAL_REPLAY,
  type Notice,
  type ReplaySnapshot,
  VIDEO_RATE_MAX,
  type WithoutSerial,
} from "./replayState";
import { Scrubber } from "./scrubber";

const DRIVE_MS = 100;
/** An absence shorter than this is the rounding between two groups, not worth an announcement. */
const SILENT_JUMP_US = 300_000;
const WITHIN_FRAME_US = 500;
const STUCK_COUNT = 2;
const NEAR_END_US = MICRO;

/** One camera's replay on one video element and its canvas, from construction to `close`. */
export class ReplayPlayer {
  #snapshot: ReplaySnapshot = INITIAL_REPLAY;
  #listeners = new Set<() => void>();
  #track: FootageTrack;
  #view: PictureView | undefined;
  #buffer: ReplayBuffer | undefined;
  #wantUs: number | undefined;
  #appliedUs: number | undefined;
  #shownUs: number | undefined;
  #jumpFromUs: number | undefined;
  #drivenUs = 0;
  #stuckCount = 0;
  #pendingStep: 1 | -1 | undefined;
  #serial = 0;
  #ticker: ReturnType<typeof setInterval> | undefined;
  #frameHandle = 0;
  #drawHandle = 0;
  #drawnMs = 0;
  #scrubUs: number | undefined;
  #scrubber: Scrubber | undefined;

  constructor(
    readonly video: HTMLVideoElement,
    readonly canvas: HTMLCanvasElement,
    source: ReplaySource,
    startUs: number,
  ) {
    this.#wantUs = startUs;
    markStep("asked", startUs);
    video.muted = true;
    canvas.hidden = true;
    video.addEventListener("loadedmetadata", this.#applyWanted);
    video.addEventListener("seeked", this.#seeked);
    this.#ticker = setInterval(() => this.#drive(), DRIVE_MS);
    this.#track = new FootageTrack(source, startUs, {
      onChange: (change) => this.#change(change),
      onArrived: () => {
        this.#drive();
        void this.#scrubber?.arrived();
      },
      onDropped: () => this.#dropPictures(),
      onDamaged: ({ startUs: fromUs, endUs: toUs }, why) => this.#say({ kind: "damaged", fromUs, toUs, why }),
    });
    if (hasDecoder()) this.#view = new PictureView(canvas, this.#track, (codec) => this.#track.giveUp(codec));
  }

  get snapshot(): ReplaySnapshot {
    return this.#snapshot;
  }

  /** Reverse play and speeds beyond the element's need a decoder for pages. */
  get canReverse(): boolean {
    return this.#view !== undefined;
  }

  /** The instant of the position: where playback is, or where it was asked to go. */
  get positionUs(): number {
    if (this.#wantUs !== undefined) return this.#wantUs;
    return this.#buffer?.clock.at(this.video.currentTime) ?? 0;
  }

  /** Capture instant of the frame on screen; undefined when there is none. */
  get captureUs(): number | undefined {
    if (!this.canvas.hidden) return this.#view?.shownUs;
    return this.#buffer === undefined ? undefined : this.#shownUs;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tells what is recorded, so that absences are jumped and no window without footage is asked for. */
  setRecorded(recorded: readonly Span[], nowUs: number): void {
    this.#track.setRecorded(recorded, nowUs);
    this.#drive();
  }

  play(): void {
    this.#change({ playing: true });
    this.#choose();
  }

  pause(): void {
    if (!this.#snapshot.playing) return;
    this.video.pause();
    this.#change({ playing: false, waiting: false });
    this.#choose();
  }

  /** @param rate 0.25 to 16, negative for reverse; what this browser cannot do is left as it is */
  setRate(rate: number): void {
    if (!this.canReverse && (rate < 0 || rate > VIDEO_RATE_MAX)) return;
    this.#change({ rate });
    this.#choose();
  }

  /** Goes to an instant; inside an absence, to the next recorded one. */
  seek(us: number): void {
    this.#jumpFromUs = undefined;
    this.#pendingStep = undefined;
    markStep("asked", us);
    if (!this.#track.index.at(us)) this.#track.cancel();
    this.#goTo(us);
  }

  /** Draws the still of an instant on a canvas while the position is dragged; undefined ends it. Needs WebCodecs. */
  scrub(us: number | undefined, canvas: HTMLCanvasElement | null): void {
    if (this.#view === undefined || canvas === null) return;
    this.#scrubUs = us;
    if (this.#scrubber?.canvas !== canvas) this.#scrubber = new Scrubber(this.#track, canvas);
    this.#scrubber.want(us);
  }

  /** One frame on (1) or back (−1); pauses. Waits for the frame when its group is not here yet. */
  step(direction: 1 | -1): void {
    this.pause();
    this.#pendingStep = undefined;
    const from = (this.captureUs ?? this.positionUs) + WITHIN_FRAME_US;
    const found = frameBeside(this.#track.index, this.#track, from, direction);
    if (found?.frame !== undefined) this.#goTo((found.frame.startUs + found.frame.endUs) / 2);
    else if (found?.group !== undefined || (found !== undefined && this.#track.askAt(found.edgeUs))) {
      if (found.group !== undefined) this.#track.load(found.group);
      this.#pendingStep = direction;
    }
  }

  /** Asks again after a refusal or once a holder has unlocked. */
  retry(): void {
    this.#track.retry(this.positionUs);
  }

  /** Ends the replay: keys, buffers and picture are gone when it returns. */
  close(): void {
    clearInterval(this.#ticker);
    cancelAnimationFrame(this.#drawHandle);
    this.video.removeEventListener("loadedmetadata", this.#applyWanted);
    this.video.removeEventListener("seeked", this.#seeked);
    this.#track.close();
    this.#view?.close();
    this.#change({ playing: false });
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

  /** Drawn picture by picture, with a clock of our own; otherwise the element's clock leads. */
  get #isDrawn(): boolean {
    const { playing, rate } = this.#snapshot;
    return this.#view !== undefined && playing && (rate < 0 || rate > VIDEO_RATE_MAX);
  }

  #dropPictures(): void {
    this.#wantUs = this.positionUs;
    this.#buffer?.dispose();
    this.#buffer = undefined;
    this.#shownUs = undefined;
    this.#view?.clear();
    this.#scrubber?.clear();
    this.canvas.hidden = true;
    this.#change({ waiting: false });
  }

  /** Lets the element or the canvas lead from here on. */
  #choose(): void {
    const us = this.positionUs;
    cancelAnimationFrame(this.#drawHandle);
    if (this.#isDrawn) {
      this.video.pause();
      this.#wantUs = us;
      this.#drawnMs = performance.now();
      this.#drawHandle = requestAnimationFrame(this.#drawNext);
      return;
    }
    const { rate, playing } = this.#snapshot;
    if (rate > 0) this.video.playbackRate = Math.min(rate, VIDEO_RATE_MAX);
    if (this.#wantUs !== undefined) this.#goTo(us);
    else if (!playing) this.#wantUs = this.#shownUs;
    this.#drive();
  }

  readonly #drawNext = (nowMs: number): void => {
    if (!this.#isDrawn || this.#view === undefined) return;
    this.#drawHandle = requestAnimationFrame(this.#drawNext);
    const { rate } = this.#snapshot;
    const us = nextInstant(this.positionUs, rate, this.#drawnMs, nowMs);
    this.#drawnMs = nowMs;
    const showing = this.#view.show(us, rate);
    this.#change({ waiting: showing === "waiting" });
    if (showing === "absent") this.#crossAbsence(us);
    if (showing !== "shown") return; // the clock stands still until the picture is there
    this.#wantUs = us;
    this.canvas.hidden = false;
    this.#track.forgetFar(us);
    this.#landed(us);
  };

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
    if (
      this.#isDrawn ||
      this.#wantUs === undefined ||
      this.#buffer === undefined ||
      this.video.readyState === 0
    )
      return;
    this.#appliedUs = this.#wantUs;
    this.video.currentTime = this.#buffer.clock.position(this.#wantUs);
  };

  readonly #seeked = (): void => {
    // A later seek may be on its way already: only the last one, once reached, is done.
    if (!this.video.seeking && this.#wantUs === this.#appliedUs && this.#snapshot.playing)
      this.#wantUs = undefined;
  };

  #drive(): void {
    if (this.#isDrawn || this.#snapshot.phase.kind !== "ready") return;
    const us = this.positionUs;
    const { playing } = this.#snapshot;
    const rate = playing ? this.#snapshot.rate : 0;
    const isThere = playing || this.#view === undefined || this.#rest(us);
    if (!this.#track.isReady) return;
    this.#stuckCount = us === this.#drivenUs ? this.#stuckCount + 1 : 0;
    this.#drivenUs = us;
    this.#track.want(us, rate);
    this.#track.forgetFar(this.#scrubUs ?? us);
    const group = this.#track.index.at(us);
    if (group === undefined || this.#isAtEndOf(group, us)) this.#crossAbsence(group?.endUs ?? us);
    else {
      this.#landed(group.startUs);
      if (isThere) this.#feed(us, rate);
      this.#buffer?.prune(us);
    }
    if (this.#pendingStep !== undefined && !this.#track.isLoading) this.step(this.#pendingStep);
    if (playing && this.video.paused && this.video.readyState > 0) {
      this.video.playbackRate = rate; // loading had set it back
      void this.video.play().catch(() => undefined);
    }
    this.#change({ waiting: playing && this.video.readyState < HTMLMediaElement.HAVE_FUTURE_DATA });
  }

  /** The picture at rest, on the canvas; the element gets its group afterwards, ready to play. */
  #rest(us: number): boolean {
    const isShown = this.#view?.show(us, 0) === "shown";
    if (isShown) this.canvas.hidden = false;
    return isShown;
  }

  /** Opened groups go into the element in the order in which they will be needed. */
  #feed(us: number, rate: number): void {
    for (const group of groupsAhead(this.#track.index, us, rate)) {
      const opened = this.#track.opened(group);
      if (opened === undefined || this.#buffer?.has(group)) continue;
      if (!isPlayable(group.codec)) {
        this.#track.giveUp(group.codec);
        return;
      }
      this.#bufferFor(group).add(opened);
    }
  }

  /** Playback stands still on the last frame of a group that nothing follows. */
  #isAtEndOf(group: Group, us: number): boolean {
    if (!this.#snapshot.playing || this.#wantUs !== undefined) return false;
    const last = this.#track.frames(group).at(-1);
    if (last === undefined || !this.#showsLast(last, us)) return false;
    const next = this.#track.index.next(group.startUs);
    if (next === undefined)
      return this.#track.heldAt(group.endUs) !== undefined || !this.#track.isRecorded(group.endUs);
    return next.startUs > group.endUs + WITHIN_FRAME_US;
  }

  /** A starved element stops a little before its last frame, and may skip it at high speed. */
  #showsLast(last: { startUs: number; endUs: number }, us: number): boolean {
    if (Math.max(us, this.#shownUs ?? 0) + WITHIN_FRAME_US >= last.startUs) return true;
    const starved = this.video.readyState < HTMLMediaElement.HAVE_FUTURE_DATA;
    return starved && this.#stuckCount >= STUCK_COUNT && us >= last.endUs - NEAR_END_US;
  }

  /** From an instant without a group to the next one that has, in the direction of play. */
  #crossAbsence(us: number): void {
    const { playing, rate } = this.#snapshot;
    const direction = playing && rate < 0 ? -1 : 1;
    const target = beyondAbsence(this.#track, us, direction);
    if (target === "wait") return;
    if (target === undefined) {
      if (!playing) return;
      this.pause();
      this.#say({ kind: "end", atUs: endBefore(this.#track, us, direction) ?? us });
      return;
    }
    this.#jumpFromUs ??= us;
    if (this.#isDrawn) this.#wantUs = target;
    else this.#goTo(target);
  }

  /** A group holds the position: if an absence was jumped to get here, it is announced with its bounds. */
  #landed(us: number): void {
    const fromUs = this.#jumpFromUs;
    this.#jumpFromUs = undefined;
    if (fromUs === undefined || Math.abs(us - fromUs) < SILENT_JUMP_US) return;
    this.#say({ kind: "jump", fromUs, toUs: us });
  }

  #bufferFor(group: Group): ReplayBuffer {
    if (this.#buffer === undefined) {
      const failed = (why: string): void =>
        this.#say({ kind: "damaged", fromUs: group.startUs, toUs: group.endUs, why });
      this.#buffer = new ReplayBuffer(this.video, group.codec, this.positionUs, failed);
      this.#watchFrames();
    }
    return this.#buffer;
  }

  #watchFrames(): void {
    this.video.cancelVideoFrameCallback(this.#frameHandle);
    const onFrame = (_now: number, frame: { mediaTime: number }): void => {
      if (this.#buffer === undefined) return;
      const us = this.#buffer.clock.at(frame.mediaTime);
      // Ticks of 90 kHz round down: the first frame of a group is not before what is recorded.
      this.#shownUs = Math.max(us, this.#track.index.at(us + WITHIN_FRAME_US)?.startUs ?? us);
      const isLeading = this.#view === undefined || (this.#snapshot.playing && !this.#isDrawn);
      if (isLeading && this.#wantUs === undefined) this.canvas.hidden = true;
      if (isLeading) markStep("shown", this.#shownUs);
      this.#frameHandle = this.video.requestVideoFrameCallback(onFrame);
    };
    this.#frameHandle = this.video.requestVideoFrameCallback(onFrame);
  }
}
