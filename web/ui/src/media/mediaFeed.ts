/**
 * One video element fed through MediaSource: a queue of appends and removals that respects `updating`.
 * Both players use it; nothing here knows about cameras or sockets.
 */
import type { Bytes } from "./bytes";

export const MAX_QUEUED_BYTES = 48 * 1024 * 1024;

type Operation =
  | { kind: "append"; bytes: Bytes }
  | { kind: "remove"; fromS: number; toS: number }
  | { kind: "codec"; mime: string };

type SourceClass = new () => MediaSource;

/** Safari on phones has only the managed variant; everywhere else it is the plain one. */
function sourceClass(): (SourceClass & typeof MediaSource) | undefined {
  const scope = globalThis as { ManagedMediaSource?: typeof MediaSource; MediaSource?: typeof MediaSource };
  return scope.ManagedMediaSource ?? scope.MediaSource;
}

const mime = (codec: string): string => `video/mp4; codecs="${codec}"`;

/** True when this browser says that it can decode the codec string. */
export function isPlayable(codec: string): boolean {
  return sourceClass()?.isTypeSupported(mime(codec)) ?? false;
}

/** False when the browser cannot play video fed by a page at all. */
export function hasMediaSource(): boolean {
  return sourceClass() !== undefined;
}

/** A MediaSource attached to a video element until `dispose`. */
export class MediaFeed {
  #source: MediaSource;
  #buffer: SourceBuffer | undefined;
  #url: string;
  #queue: Operation[] = [];
  #queuedBytes = 0;
  #disposed = false;

  /**
   * @param offsetS added to every timestamp: minus the capture instant (in seconds) that is to be position 0
   * @param durationS infinite for live; finite for replay, since an endless source lets nobody seek to what is not
   *   buffered yet (its seekable range is what is buffered)
   * @param onFailed called once when the browser refuses the bytes or the queue overflows
   * @param onUpdated called when an append or removal is done
   */
  constructor(
    readonly video: HTMLVideoElement,
    codec: string,
    offsetS: number,
    durationS: number,
    readonly onFailed: (why: string) => void,
    readonly onUpdated: () => void = () => {},
  ) {
    const Source = sourceClass();
    if (Source === undefined) throw new Error("this browser has no MediaSource");
    this.#source = new Source();
    this.#source.addEventListener("sourceopen", () => this.#opened(codec, offsetS, durationS), {
      once: true,
    });
    this.#url = URL.createObjectURL(this.#source);
    video.disableRemotePlayback = true;
    video.src = this.#url;
  }

  /** What is buffered, as [start, end] pairs in seconds. */
  get ranges(): [number, number][] {
    const buffered = this.#buffer?.buffered;
    if (this.#disposed || buffered === undefined) return [];
    return Array.from({ length: buffered.length }, (_, at) => [buffered.start(at), buffered.end(at)]);
  }

  /** Queues bytes for the buffer; their order is kept. */
  append(bytes: Bytes): void {
    this.#queuedBytes += bytes.length;
    if (this.#queuedBytes > MAX_QUEUED_BYTES) {
      this.#fail(`more than ${MAX_QUEUED_BYTES} bytes wait`);
      return;
    }
    this.#push({ kind: "append", bytes });
  }

  /** Queues the removal of a range in seconds. */
  remove(fromS: number, toS: number): void {
    if (toS > fromS) this.#push({ kind: "remove", fromS, toS });
  }

  /** Queues a change of codec string; the next append must be an initialisation segment. */
  changeCodec(codec: string): void {
    this.#push({ kind: "codec", mime: mime(codec) });
  }

  /** Forgets what waits in the queue; what is in the buffer stays. */
  clearQueue(): void {
    this.#queue = [];
    this.#queuedBytes = 0;
  }

  /** Drops every byte and clears the element: no last picture stays on screen. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.clearQueue();
    this.#buffer = undefined;
    URL.revokeObjectURL(this.#url);
    if (this.video.src === this.#url) {
      this.video.removeAttribute("src");
      this.video.load();
    }
  }

  #opened(codec: string, offsetS: number, durationS: number): void {
    if (this.#disposed) return;
    try {
      this.#source.duration = durationS;
      const buffer = this.#source.addSourceBuffer(mime(codec));
      buffer.timestampOffset = offsetS;
      buffer.addEventListener("updateend", () => {
        this.#pump();
        this.onUpdated();
      });
      buffer.addEventListener("error", () => this.#fail("the browser refused the video bytes"));
      this.#buffer = buffer;
    } catch (error) {
      this.#fail(String(error));
      return;
    }
    this.#pump();
  }

  #push(operation: Operation): void {
    if (this.#disposed) return;
    this.#queue.push(operation);
    this.#pump();
  }

  #pump(): void {
    const buffer = this.#buffer;
    while (buffer !== undefined && !this.#disposed && !buffer.updating) {
      const next = this.#queue.shift();
      if (next === undefined) return;
      try {
        if (next.kind === "append") {
          this.#queuedBytes -= next.bytes.length;
          buffer.appendBuffer(next.bytes);
        } else if (next.kind === "remove") buffer.remove(next.fromS, next.toS);
        else buffer.changeType(next.mime);
      } catch (error) {
        if (!this.#madeRoom(error, buffer, next)) {
          this.#fail(String(error));
          return;
        }
      }
    }
  }

  /** When the browser's quota is reached, gives up what lies well behind the position and tries the append again. */
  #madeRoom(error: unknown, buffer: SourceBuffer, failed: Operation): boolean {
    if (!(error instanceof DOMException) || error.name !== "QuotaExceededError") return false;
    const oldest = buffer.buffered.length > 0 ? buffer.buffered.start(0) : undefined;
    const keepFromS = this.video.currentTime - 2;
    if (oldest === undefined || oldest >= keepFromS) return false;
    if (failed.kind === "append") this.#queuedBytes += failed.bytes.length;
    this.#queue.unshift({ kind: "remove", fromS: oldest, toS: keepFromS }, failed);
    return true;
  }

  #fail(why: string): void {
    if (this.#disposed) return;
    this.dispose();
    this.onFailed(why);
  }
}
