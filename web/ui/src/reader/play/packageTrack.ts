/** One stream of a package as the players want it: an index of its groups, each read from the file when asked for. */
import type { Bytes } from "../../media/bytes";
import { MICRO, ticksToUs } from "../../media/captureTime";
import { samples, timescale } from "../../media/fmp4";
import type { FootageSource, OpenedGroup, TrackEvents } from "../../media/footageTrack";
import { type Group, GroupIndex } from "../../media/groupIndex";
import { covers, type Span } from "../../media/keyWindows";
import { groupsAhead } from "../../media/prefetch";
import type { GroupEntry } from "../../media/replayMessages";
import type { Container } from "../package/container";
import { headOf, type Placed, placedFragments, shift } from "../package/fragment";
import type { Stream, Video } from "../package/manifest";
import { INIT_LIMIT_BYTES } from "../package/verifyStream";

const TICKS_PER_S = 90_000;
const MAX_LOADING_COUNT = 4;
/** Groups that are kept in memory; the file has the others. */
const KEPT_OPENED_COUNT = 24;
const BATCH_COUNT = 200;
const GROUPS_LIMIT = 1_000_000;

/** A stream's pictures, from construction to `close`. */
export class PackageTrack implements FootageSource {
  readonly index = new GroupIndex();
  readonly nowUs = Number.MAX_SAFE_INTEGER;
  readonly isReady = true;
  #indexed: Span[] = [];
  #inits = new Map<string, Bytes>();
  #opened = new Map<string, OpenedGroup>();
  #loading = new Set<string>();
  #isClosed = false;

  constructor(
    readonly container: Container,
    readonly stream: Stream,
    readonly events: TrackEvents,
  ) {
    // The owner is told once it has been constructed itself.
    queueMicrotask(() => void this.#indexAll());
  }

  get isLoading(): boolean {
    return this.#loading.size > 0;
  }

  setRecorded(): void {
    // The manifest has said it.
  }

  isRecorded(us: number): boolean {
    return covers(this.stream.videos, us);
  }

  recordedFrom(us: number, direction: 1 | -1): Span | undefined {
    const { videos } = this.stream;
    return direction > 0
      ? videos.find((span) => span.toUs > us)
      : videos.findLast((span) => span.fromUs <= us);
  }

  heldAt(us: number): Span | undefined {
    return this.#indexed.find((span) => us >= span.fromUs && us < span.toUs);
  }

  opened(group: Group): OpenedGroup | undefined {
    return this.#opened.get(group.id);
  }

  frames(group: Group): OpenedGroup["frames"] {
    return this.#opened.get(group.id)?.frames ?? [];
  }

  want(us: number, rate: number): void {
    for (const group of groupsAhead(this.index, us, rate)) this.load(group);
  }

  askAt(): boolean {
    return false;
  }

  load(group: Group): void {
    if (this.#isClosed || this.#opened.has(group.id) || this.#loading.has(group.id)) return;
    if (this.#loading.size >= MAX_LOADING_COUNT) return;
    this.#loading.add(group.id);
    this.#read(group)
      .then((opened) => this.#keep(opened))
      .catch((error: unknown) => {
        this.index.forget({ fromUs: group.startUs, toUs: group.startUs + 1 });
        this.events.onDamaged(group, error instanceof Error ? error.message : String(error));
      })
      .finally(() => {
        this.#loading.delete(group.id);
        if (!this.#isClosed) this.events.onArrived();
      });
  }

  cancel(): void {
    // Reading a slice of a file is over before it could be given up.
  }

  retry(): void {
    this.events.onChange({ phase: { kind: "ready" } });
  }

  forgetFar(): void {
    // The index is small and opened groups are limited by number.
  }

  close(): void {
    this.#isClosed = true;
    this.#opened.clear();
  }

  giveUp(codec: string): void {
    this.#opened.clear();
    this.events.onChange({ phase: { kind: "unplayable", codec } });
  }

  #keep(opened: OpenedGroup): void {
    if (this.#isClosed) return;
    this.#opened.set(opened.group.id, opened);
    for (const id of this.#opened.keys()) {
      if (this.#opened.size <= KEPT_OPENED_COUNT) break;
      this.#opened.delete(id);
    }
  }

  async #read(group: Group): Promise<OpenedGroup> {
    const video = this.stream.videos.find((each) => each.path === group.segment);
    if (video === undefined) throw new Error(`no video ${group.segment}`);
    const init = this.#inits.get(video.init) ?? (await this.container.read(video.init, INIT_LIMIT_BYTES));
    this.#inits.set(video.init, init);
    const media = await this.container.piece(video.path, group.offset, group.length);
    // Put back to its recorded time, the fragment is what was recorded and its ticks are the capture time.
    shift(media, video.offset90k);
    const scale = timescale(init);
    const frames = samples(media).map(({ ticks, duration }) => ({
      startUs: Math.max(group.startUs, ticksToUs(ticks, scale)),
      endUs: ticksToUs(ticks + duration, scale),
    }));
    return { group, init, media, frames };
  }

  async #indexAll(): Promise<void> {
    this.events.onChange({ phase: { kind: "ready" } });
    for (const video of this.stream.videos) {
      if (this.#isClosed) return;
      try {
        await this.#indexVideo(video);
      } catch {
        // The verification says what is wrong with it; here it is pictures that do not come.
        this.#indexed.push({ fromUs: video.fromUs, toUs: video.toUs });
      }
      this.events.onArrived();
    }
  }

  async #indexVideo(video: Video): Promise<void> {
    const head = await headOf(this.container, video.path);
    const span: Span = { fromUs: video.fromUs, toUs: video.fromUs };
    this.#indexed.push(span);
    let batch: GroupEntry[] = [];
    const pass = (): void => {
      this.index.add([
        { name: video.path, startUs: video.fromUs, endUs: video.toUs, codec: video.codec, groups: batch },
      ]);
      span.toUs = batch.at(-1)?.endUs ?? span.toUs;
      batch = [];
      this.events.onArrived();
    };
    let number = 0;
    for await (const placed of placedFragments(this.container, video.path, head.length)) {
      if (this.#isClosed || number >= GROUPS_LIMIT) return;
      batch.push(entryOf(placed, number, video));
      number += 1;
      if (batch.length >= BATCH_COUNT) pass();
    }
    const last = batch.at(-1);
    if (last !== undefined) last.endUs = video.toUs;
    pass();
    span.toUs = video.toUs;
  }
}

/** The group of a fragment, its time from its own clock. */
function entryOf({ offset, length, moof }: Placed, number: number, video: Video): GroupEntry {
  const pictures = samples(moof);
  const [first, last] = [pictures[0], pictures.at(-1)];
  if (first === undefined || last === undefined) throw new Error("a group without pictures");
  const at = (ticks: number): number => ticksToUs(ticks + video.offset90k, TICKS_PER_S);
  const startUs = number === 0 ? video.fromUs : at(first.ticks);
  return { number, startUs, endUs: Math.max(startUs + 1, at(last.ticks + last.duration)), offset, length };
}

/** The instant in the middle of a picture, from its start: where a player surely shows it. */
export const WITHIN_PICTURE_US = MICRO / 1000;
