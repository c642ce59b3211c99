/**
 * One camera's pictures where the browser has no WebCodecs: a video element, fed by MediaSource and never played, is
 * sent to each picture's instant and drawn. Slower than decoding by groups, but every way of playing works.
 */
import type { FootageSource } from "../../media/footageTrack";
import type { StepView } from "../../media/inStep";
import type { Showing } from "../../media/pictureView";
import { ReplayBuffer } from "../../media/replayBuffer";

/** While playing, the clock goes on as long as the picture on screen is not older than this. */
const LATE_US = 1_000_000;

/** A canvas fed by one track. */
export class SeekView implements StepView {
  #video = document.createElement("video");
  #buffer: ReplayBuffer | undefined;
  #shown: { startUs: number; endUs: number } | undefined;
  #target: { startUs: number; endUs: number } | undefined;

  constructor(
    readonly canvas: HTMLCanvasElement,
    readonly track: FootageSource,
    readonly onUnplayable: (codec: string) => void,
  ) {
    this.#video.muted = true;
    this.#video.addEventListener("seeked", () => this.#landed());
  }

  get shownUs(): number | undefined {
    return this.#shown?.startUs;
  }

  /** A seek is both: its picture comes when it lands, and is late by nature. */
  prepare(us: number, rate: number): Showing {
    return this.show(us, rate);
  }

  show(us: number, rate: number): Showing {
    this.track.want(us, rate);
    const group = this.track.index.at(us);
    if (group === undefined) {
      return this.track.heldAt(us) === undefined && this.track.isRecorded(us) ? "waiting" : "absent";
    }
    const opened = this.track.opened(group);
    const frame = opened?.frames.findLast((each) => each.startUs <= us);
    if (opened === undefined || frame === undefined) return "waiting";
    if (this.#buffer?.reaches(us) !== true) {
      this.#buffer?.dispose();
      this.#buffer = new ReplayBuffer(this.#video, group.codec, us, () => this.onUnplayable(group.codec));
    }
    this.#buffer.add(opened);
    this.#buffer.prune(us);
    if (this.#shown?.startUs === frame.startUs) return "shown";
    if (this.#target === undefined) {
      this.#target = frame;
      this.#video.currentTime = this.#buffer.clock.position((frame.startUs + frame.endUs) / 2);
    }
    const isNear =
      this.#shown !== undefined && Math.abs(this.#shown.startUs - us) < LATE_US * Math.max(1, Math.abs(rate));
    return rate !== 0 && isNear ? "shown" : "waiting";
  }

  clear(): void {
    this.#buffer?.dispose();
    this.#buffer = undefined;
    this.#target = undefined;
    this.#shown = undefined;
    this.canvas.width = 1;
    this.canvas.height = 1;
  }

  close(): void {
    this.clear();
  }

  #landed(): void {
    const landed = this.#target;
    this.#target = undefined;
    const context = this.canvas.getContext("2d", { alpha: false });
    if (landed === undefined || context === null || this.#video.videoWidth === 0) return;
    if (this.canvas.width !== this.#video.videoWidth || this.canvas.height !== this.#video.videoHeight) {
      this.canvas.width = this.#video.videoWidth;
      this.canvas.height = this.#video.videoHeight;
    }
    context.drawImage(this.#video, 0, 0);
    this.#shown = landed;
  }
}
