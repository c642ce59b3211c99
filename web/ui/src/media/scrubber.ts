/**
 * Stills while a position is dragged: the key picture of the group under the pointer, one group at a time, the latest
 * wish first. Each still is drawn on the canvas given and lives in this page's memory only.
 */
import type { FootageTrack } from "./footageTrack";
import { GroupDecoder } from "./groupDecoder";

const STILL_WIDTH_PIXELS = 240;
const WINDOW_PATIENCE_MS = 2_000;

/** Draws stills of one track. */
export class Scrubber {
  #decoder = new GroupDecoder();
  #wantUs: number | undefined;
  #drawnId = "";
  #isBusy = false;
  #asked: { us: number; atMs: number } | undefined;

  constructor(
    readonly track: FootageTrack,
    readonly canvas: HTMLCanvasElement,
  ) {}

  /** Wishes for the still of an instant; undefined ends the dragging and empties the canvas. */
  want(us: number | undefined): void {
    this.#wantUs = us;
    if (us === undefined) this.clear();
    else void this.arrived();
  }

  /** Goes on with what is wished for, if its window or its group has arrived meanwhile. */
  async arrived(): Promise<void> {
    const us = this.#wantUs;
    if (us === undefined || this.#isBusy) return;
    const group = this.track.index.at(us);
    if (group === undefined) this.#askWindow(us);
    else this.track.load(group);
    const opened = group === undefined ? undefined : this.track.opened(group);
    if (opened === undefined || opened.group.id === this.#drawnId) return;
    this.#isBusy = true;
    try {
      await this.#decoder.decode(opened, true, opened.group.endUs, ({ image }) => {
        this.#draw(image);
        this.#drawnId = opened.group.id;
      });
    } catch {
      // The player says it when a stream cannot be decoded; a still is only a help.
    } finally {
      this.#isBusy = false;
    }
    void this.arrived();
  }

  /** No still, and no memory of one. */
  clear(): void {
    this.#wantUs = undefined;
    this.#drawnId = "";
    this.#decoder.close();
    this.canvas.width = 1;
    this.canvas.height = 1;
  }

  /** Each window is a line of the journal: the next one is asked for when the last has come, or did not. */
  #askWindow(us: number): void {
    const isAwaited = this.#asked !== undefined && this.track.heldAt(this.#asked.us) === undefined;
    if (isAwaited && performance.now() - (this.#asked?.atMs ?? 0) < WINDOW_PATIENCE_MS) return;
    if (this.track.askAt(us)) this.#asked = { us, atMs: performance.now() };
  }

  #draw(image: VideoFrame): void {
    if (this.#wantUs !== undefined) {
      const { canvas } = this;
      canvas.width = STILL_WIDTH_PIXELS;
      canvas.height = Math.round((STILL_WIDTH_PIXELS * image.displayHeight) / image.displayWidth);
      canvas.getContext("2d", { alpha: false })?.drawImage(image, 0, 0, canvas.width, canvas.height);
    }
    image.close();
  }
}
