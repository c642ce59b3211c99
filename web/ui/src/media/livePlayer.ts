/**
 * Live player of one camera: WebSocket → MediaSource, close to the camera, and never showing an old picture as live.
 *
 * The server sends a text message that names the codec, the initialisation segment, the current group of pictures
 * as one fragment, then one fragment a frame. `tfdt` is the capture time, so position p was taken at origin + p.
 */
import { delayMs } from "./backoff";
import type { Bytes } from "./bytes";
import { CaptureClock, MICRO, ticksToUs } from "./captureTime";
import { firstTicks, timescale } from "./fmp4";
import { type Beat, type Refusal, readLiveMessage, type StreamInfo } from "./liveMessages";
import { stale, steer } from "./livePolicy";
import { INITIAL_SNAPSHOT, isPassing, type LiveSnapshot, type LiveState, type Quality } from "./liveState";
import { isPlayable, MediaFeed } from "./mediaFeed";
import { SIGN_EVERY_MS, sendSigned } from "./signing";
import { freshness, isSilent } from "./watchdog";

const TICK_MS = 250;
const CLOSED_BY_GATE = 4403;
/** A masked picture may reach the page a little after its capture; beyond this it counts as old. */
/** Capture to screen from which the delay is said. */
const LATE_MS = 1_000;
const LAG_ALLOWED_MS = 3_000;

/** A permit that is not renewed ends after this. */
const PERMIT_LIFE_MS = 4_000;
const SOCKET_OPEN = 1;
/** Not a cause of the recorder's: the page itself has lost the server. */
export const SERVER_UNREACHABLE = "server-unreachable";

/** Where a player takes its pictures from. */
export interface LiveSource {
  /** WebSocket URL for a stream. */
  url(quality: Quality): string;
  /** What the page signs to open the view (`view` empty), and to go on with it. */
  sign?(view: string): Promise<string>;
  /** Injected in tests; the browser's own otherwise. */
  connect?(url: string): WebSocket;
}

/** One camera on one video element, from `start` to `stop`. Subscribers are told when the snapshot changes. */
export class LivePlayer {
  #snapshot: LiveSnapshot;
  #listeners = new Set<() => void>();
  #socket: WebSocket | undefined;
  #feed: MediaFeed | undefined;
  #init: Bytes | undefined;
  #clock: CaptureClock | undefined;
  #played = false;
  #attempt = 0;
  #tried = new Set<Quality>();
  #beat: { beat: Beat; atMs: number } | undefined;
  #lastFrameMs = 0;
  #lastMessageMs = 0;
  #heardMs = 0;
  #signedMs = 0;
  #lastUs: number | undefined;
  #decoded = 0;
  #frameHandle = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #ticker: ReturnType<typeof setInterval> | undefined;

  /** @param wanted the stream asked for first; the other one is used when it cannot be played here */
  constructor(
    readonly video: HTMLVideoElement,
    readonly source: LiveSource,
    readonly wanted: Quality,
  ) {
    this.#snapshot = { ...INITIAL_SNAPSHOT, quality: wanted };
  }

  /** The current snapshot; a new object whenever something in it changed. */
  get snapshot(): LiveSnapshot {
    return this.#snapshot;
  }

  /** Capture instant of the frame on screen, in microseconds. */
  get captureUs(): number | undefined {
    return this.#lastUs;
  }

  /** Capture to screen of the picture shown, in milliseconds by the server's clock. */
  get lagMs(): number | undefined {
    return this.#snapshot.state.kind === "live" ? this.#lagMs(performance.now()) : undefined;
  }

  /** Calls back at every change; returns the way to stop. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Connects; safe to call again after `stop` or a refusal. */
  start(): void {
    this.stop();
    this.#attempt = 0;
    this.#tried.clear();
    this.#lastFrameMs = performance.now();
    this.#ticker = setInterval(() => this.#tick(), TICK_MS);
    this.#change({ state: { kind: "connecting", attempt: 0 }, quality: this.wanted, substituted: false });
    this.#connect();
  }

  /** Closes the stream and clears the element: nothing of the picture stays. */
  stop(): void {
    clearInterval(this.#ticker);
    this.#ticker = undefined;
    this.#disconnect();
    this.#clearPicture();
    this.#change({ state: { kind: "paused" } });
  }

  #change(change: Partial<LiveSnapshot>): void {
    const next = { ...this.#snapshot, ...change };
    if (JSON.stringify(next) === JSON.stringify(this.#snapshot)) return;
    this.#snapshot = next;
    for (const listener of this.#listeners) listener();
  }

  #connect(): void {
    const url = this.source.url(this.#snapshot.quality);
    const socket = this.source.connect?.(url) ?? new WebSocket(url);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    socket.onopen = () => this.#sign(socket, "");
    this.#lastMessageMs = performance.now();
    socket.onmessage = (event: MessageEvent<string | ArrayBuffer>) => {
      if (socket !== this.#socket) return;
      this.#lastMessageMs = performance.now();
      this.#heardMs = this.#lastMessageMs;
      if (typeof event.data === "string") this.#hear(event.data);
      else this.#receive(new Uint8Array(event.data));
    };
    socket.onclose = (event) => {
      if (socket !== this.#socket) return;
      const closed: Refusal = { type: "withdrawn", kind: "refused", rule: "", what: "", todo: "" };
      if (event.code === CLOSED_BY_GATE) this.#refuse(closed);
      else this.#again();
    };
  }

  /** Says what the page signed: to open the view, then to go on with it. */
  #sign(socket: WebSocket, view: string): void {
    this.#signedMs = performance.now();
    sendSigned(socket, view, this.source.sign).catch(() => {
      if (socket === this.#socket && view === "") this.#again();
    });
  }

  #disconnect(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
  }

  /** Remakes the connection later; the picture, if any, is judged by the watchdog meanwhile. */
  #again(): void {
    this.#disconnect();
    if (this.#ticker === undefined) return;
    const delay = delayMs(this.#attempt);
    this.#attempt += 1;
    this.#retry = setTimeout(() => this.#connect(), delay);
    if (this.#snapshot.state.kind === "connecting") {
      this.#change({ state: { kind: "connecting", attempt: this.#attempt } });
    }
  }

  #hear(raw: string): void {
    let message: ReturnType<typeof readLiveMessage>;
    try {
      message = readLiveMessage(raw);
    } catch {
      this.#again();
      return;
    }
    if (message.type === "stream") this.#begin(message);
    else if (message.type === "beat") this.#onBeat(message);
    else if (message.type === "restart") this.#dropFeed();
    else if (message.type === "late") this.#change({ late: true });
    else this.#refuse(message);
  }

  #begin(stream: StreamInfo): void {
    this.#dropFeed();
    this.#change({ stream });
    if (!isPlayable(stream.codec)) {
      this.#otherStream(stream.codec);
      return;
    }
  }

  /** The codec cannot be decoded here: tries the other stream of the camera once, then says so. */
  #otherStream(codec: string): void {
    this.#disconnect();
    const { quality } = this.#snapshot;
    this.#tried.add(quality);
    const other = quality === "main" ? "sub" : "main";
    if (this.#tried.has(other)) {
      this.#clearPicture();
      this.#change({ state: { kind: "unplayable", codec } });
      return;
    }
    this.#change({ quality: other, substituted: true });
    this.#connect();
  }

  #onBeat(beat: Beat): void {
    this.#beat = { beat, atMs: performance.now() };
    if (beat.state === "dark") {
      this.#clearPicture();
      this.#change({ state: { kind: "dark", cause: beat.cause }, late: false });
    } else if (this.#snapshot.state.kind === "dark") {
      this.#lastFrameMs = performance.now();
      this.#change({ state: { kind: "connecting", attempt: 0 } });
    }
  }

  /** Pictures may not be shown (any more): the element is cleared in this very call. */
  #refuse(refusal: Refusal): void {
    this.#disconnect();
    this.#clearPicture();
    const missing =
      refusal.kind === "not-found" && !this.#tried.has("main") && this.#snapshot.quality === "sub";
    if (missing) {
      this.#tried.add("sub");
      this.#change({ quality: "main" });
      this.#connect();
      return;
    }
    const willRetry = isPassing(refusal);
    this.#change({ state: { kind: "refused", refusal, willRetry } });
    if (willRetry) this.#again();
  }

  #receive(bytes: Bytes): void {
    const { stream } = this.#snapshot;
    if (stream === undefined || this.#snapshot.state.kind === "dark") return;
    if (this.#init === undefined) {
      this.#init = bytes;
      return;
    }
    try {
      this.#feed ??= this.#openFeed(stream.codec, this.#init, bytes);
      this.#feed.append(bytes);
    } catch {
      this.#dropFeed();
      this.#again();
    }
  }

  #openFeed(codec: string, init: Bytes, first: Bytes): MediaFeed {
    const startUs = ticksToUs(firstTicks(first), timescale(init));
    // A whole second is exact as a double, so no rounding enters the mapping between positions and capture times.
    const originS = Math.floor(startUs / MICRO);
    this.#clock = new CaptureClock(originS * MICRO);
    this.#played = false;
    this.#decoded = 0;
    const feed = new MediaFeed(
      this.video,
      codec,
      -originS,
      Number.POSITIVE_INFINITY,
      () => this.#again(),
      () => this.#steer(),
    );
    feed.append(init);
    this.#watchFrames();
    return feed;
  }

  #steer(): void {
    const range = this.#feed?.ranges.at(-1);
    if (range === undefined) return;
    const [startS, endS] = range;
    const { rate, seekToS } = steer(endS, this.video.currentTime, this.#played);
    if (seekToS !== undefined) this.video.currentTime = Math.max(startS, seekToS);
    if (this.video.playbackRate !== rate) this.video.playbackRate = rate;
    if (!this.#played || this.video.paused) {
      this.#played = true;
      void this.video.play().catch(() => undefined);
    }
    const old = stale(this.#feed?.ranges.at(0)?.[0] ?? startS, this.video.currentTime);
    if (old !== undefined) this.#feed?.remove(old.fromS, old.toS);
  }

  #watchFrames(): void {
    this.video.cancelVideoFrameCallback?.(this.#frameHandle);
    const onFrame = (_now: number, frame: { mediaTime: number }): void => {
      if (this.#clock === undefined) return;
      this.#lastUs = this.#clock.at(frame.mediaTime);
      this.#sawFrame();
      this.#frameHandle = this.video.requestVideoFrameCallback(onFrame);
    };
    this.#frameHandle = this.video.requestVideoFrameCallback(onFrame);
  }

  #sawFrame(): void {
    this.#lastFrameMs = performance.now();
    this.#attempt = 0;
    if (showsNoFrame(this.#snapshot.state)) this.#judge();
  }

  #tick(): void {
    const { state } = this.#snapshot;
    if (state.kind === "refused" || state.kind === "unplayable") return;
    const now = performance.now();
    const view = this.#snapshot.stream?.view ?? "";
    if (this.#socket !== undefined && view !== "" && now - this.#signedMs > SIGN_EVERY_MS)
      this.#sign(this.#socket, view);
    if (this.#socket !== undefined && isSilent(now, this.#lastMessageMs)) this.#again();
    // Frame callbacks stop for an element that is scrolled away; the decoder's own count does not.
    const decoded = this.video.getVideoPlaybackQuality?.().totalVideoFrames ?? 0;
    if (decoded > this.#decoded) this.#lastFrameMs = now;
    this.#decoded = decoded;
    if (state.kind !== "dark") this.#judge();
  }

  /** Decides the state from the age of the last frame, by its arrival and by its capture time. */
  #judge(): void {
    const now = performance.now();
    const lagMs = this.#lagMs(now);
    const byCapture = now - Math.max(0, (lagMs ?? 0) - LAG_ALLOWED_MS);
    const lastMs = Math.min(this.#lastFrameMs, byCapture);
    const fresh = freshness(now, lastMs);
    const ageS = Math.floor((now - lastMs) / 1000);
    if (fresh === "lost" || this.#isUncovered(now)) {
      this.#clearVideo();
      const isOpen = this.#socket?.readyState === SOCKET_OPEN;
      const cause = isOpen ? (this.#beat?.beat.cause ?? "") : SERVER_UNREACHABLE;
      this.#change({ state: { kind: "lost", ageS, lastUs: this.#lastUs, cause }, lateS: undefined });
    } else if (this.#lastUs === undefined || this.#feed === undefined) {
      if (this.#snapshot.state.kind !== "lost") {
        this.#change({ state: { kind: "connecting", attempt: this.#attempt } });
      }
    } else if (fresh === "frozen") this.#change({ state: { kind: "frozen", ageS, lastUs: this.#lastUs } });
    else this.#change({ state: { kind: "live" }, lateS: lateS(lagMs), late: false });
  }

  /** No word from the server for as long as a permit lives: no permit stands behind the picture any more (P-40). */
  #isUncovered(now: number): boolean {
    return this.#lastUs !== undefined && now - this.#heardMs >= PERMIT_LIFE_MS;
  }

  /** Server time minus the capture time of the frame on screen. */
  #lagMs(now: number): number | undefined {
    if (this.#beat === undefined || this.#lastUs === undefined || this.#beat.beat.utcUs === 0)
      return undefined;
    const serverUs = this.#beat.beat.utcUs + (now - this.#beat.atMs) * 1000;
    return Math.max(0, (serverUs - this.#lastUs) / 1000);
  }

  #dropFeed(): void {
    this.#init = undefined;
    this.#clearVideo();
  }

  #clearVideo(): void {
    this.#feed?.dispose();
    this.#feed = undefined;
    this.#clock = undefined;
  }

  #clearPicture(): void {
    this.#dropFeed();
    this.#lastUs = undefined;
    this.#beat = undefined;
  }
}

/** Whole seconds of delay, once there is one to speak of; the snapshot does not change at every frame. */
function lateS(lagMs: number | undefined): number | undefined {
  return lagMs === undefined || lagMs < LATE_MS ? undefined : Math.round(lagMs / 1000);
}

function showsNoFrame(state: LiveState): boolean {
  return state.kind !== "live";
}
