/**
 * One camera's pictures on a canvas, by instant: whatever the speed and the direction, the picture shown is the one
 * whose time holds the instant asked for. Needs a few decoded groups around it and keeps no more.
 */
import type { FootageSource, OpenedGroup } from "./footageTrack";
import { GroupDecoder, type Picture } from "./groupDecoder";
import type { Group } from "./groupIndex";
import { markStep } from "./replayMarks";

/** From this speed on only the key picture of each group is shown: no decoder would follow. */
export const KEYS_ONLY_RATE = 8;
/** Decoded pictures are large: so many bytes of them a camera. */
const DECODED_LIMIT_BYTES = 192 * 1024 * 1024;
const BYTES_PER_PIXEL = 1.5;
/** Behind and ahead of the position at rest, for the next step. */
const BESIDE_REST_US = 500_000;

/** Whether an instant's picture is on the canvas, on its way, or does not exist. */
export type Showing = "shown" | "waiting" | "absent";

interface Decoded {
  group: Group;
  keyOnly: boolean;
  pictures: Picture[];
  isWhole: boolean;
}

/** A canvas fed by one track. */
export class PictureView {
  #context: CanvasRenderingContext2D | null;
  #decoder = new GroupDecoder();
  #decoded: Decoded[] = [];
  #running: Decoded | undefined;
  #shown: { startUs: number; endUs: number } | undefined;
  #us = 0;
  #rate = 0;

  /** @param onUnplayable called when the browser refuses the stream */
  constructor(
    readonly canvas: HTMLCanvasElement,
    readonly track: FootageSource,
    readonly onUnplayable: (codec: string) => void,
  ) {
    this.#context = canvas.getContext("2d", { alpha: false });
  }

  /** Capture instant of the picture on the canvas; undefined when there is none. */
  get shownUs(): number | undefined {
    return this.#shown?.startUs;
  }

  /** Shows the picture of an instant as soon as it can; call it at every drawing while something moves. */
  show(us: number, rate: number): Showing {
    const showing = this.prepare(us, rate);
    const picture = showing === "shown" ? this.#pictureAt(us) : undefined;
    const group = this.track.index.at(us);
    if (picture !== undefined) this.#draw(picture);
    else if (showing === "waiting" && group !== undefined) this.#approach(group);
    return showing;
  }

  /** Has the picture of an instant fetched and decoded, and leaves the canvas alone: "shown" when it is at hand. */
  prepare(us: number, rate: number): Showing {
    [this.#us, this.#rate] = [us, rate];
    this.track.want(us, rate);
    const group = this.track.index.at(us);
    if (group === undefined) {
      const isOnItsWay = this.track.heldAt(us) === undefined && this.track.isRecorded(us);
      return isOnItsWay || !this.track.isReady ? "waiting" : "absent";
    }
    this.#decodeWanted(group);
    return this.#pictureAt(us) === undefined ? "waiting" : "shown";
  }

  /** No picture, no decoded memory. */
  clear(): void {
    this.#decoder.cancel();
    this.#running = undefined;
    for (const one of this.#decoded) drop(one);
    this.#decoded = [];
    this.#shown = undefined;
    // Setting the size empties the canvas.
    this.canvas.width = 1;
    this.canvas.height = 1;
  }

  close(): void {
    this.clear();
    this.#decoder.close();
  }

  get #isKeyOnly(): boolean {
    return Math.abs(this.#rate) >= KEYS_ONLY_RATE;
  }

  #pictureAt(us: number): Picture | undefined {
    for (const { pictures } of this.#decoded) {
      const found = pictures.findLast((picture) => picture.startUs <= us);
      if (found !== undefined && us < found.endUs) return found;
    }
    return undefined;
  }

  /** Decodes the position's group, then the next one in the direction of play. */
  #decodeWanted(here: Group): void {
    const wanted = [here];
    const { index } = this.track;
    const next =
      this.#rate > 0 ? index.next(here.startUs) : this.#rate < 0 ? index.previous(here.startUs) : undefined;
    if (next !== undefined) wanted.push(next);
    this.#decoded = this.#decoded.filter((one) => {
      const keep =
        wanted.some((group) => group.id === one.group.id) &&
        (one.keyOnly === this.#isKeyOnly || one === this.#running);
      if (!keep) {
        if (this.#running === one) {
          this.#decoder.cancel();
          this.#running = undefined;
        }
        drop(one);
      }
      return keep;
    });
    if (this.#running !== undefined) return;
    for (const group of wanted) {
      const opened = this.track.opened(group);
      const known = this.#decoded.find((one) => one.group.id === group.id);
      if (opened === undefined || (known !== undefined && this.#suffices(known))) continue;
      if (known !== undefined) {
        drop(known);
        this.#decoded = this.#decoded.filter((one) => one !== known);
      }
      this.#decode(opened);
      return;
    }
  }

  /** At rest a part of a group is kept; going elsewhere in it, or playing on, needs it again. */
  #suffices(known: Decoded): boolean {
    if (known === this.#running || known.isWhole || known.keyOnly) return true;
    return this.#rate === 0 && known.pictures.some((one) => one.startUs <= this.#us && this.#us < one.endUs);
  }

  #decode(opened: OpenedGroup): void {
    const isRest = this.#rate === 0;
    const untilUs = isRest ? this.#us + BESIDE_REST_US : Number.POSITIVE_INFINITY;
    const made: Decoded = { group: opened.group, keyOnly: this.#isKeyOnly, pictures: [], isWhole: !isRest };
    this.#running = made;
    this.#decoded.push(made);
    let count = 0;
    const onPicture = (picture: Picture): void => {
      count += 1;
      if (isRest && picture.startUs < this.#us - BESIDE_REST_US && count > 1) picture.image.close();
      else this.#keep(made, picture, count, opened.frames.length);
      // At rest nobody else comes by to look.
      if (this.#rate === 0) this.show(this.#us, 0);
    };
    this.#decoder.decode(opened, made.keyOnly, untilUs, onPicture).then(
      (isDone) => {
        if (!isDone) return;
        this.#running = undefined;
        if (this.#rate === 0) this.show(this.#us, 0);
      },
      () => {
        this.#running = undefined;
        this.onUnplayable(opened.group.codec);
      },
    );
  }

  /** Keeps a picture, or one in several when all would take too much memory: the kept one then lasts longer. */
  #keep(made: Decoded, picture: Picture, number: number, total: number): void {
    const bytes = picture.image.codedWidth * picture.image.codedHeight * BYTES_PER_PIXEL;
    const stride = Math.ceil((2 * total * bytes) / DECODED_LIMIT_BYTES);
    const last = made.pictures.at(-1);
    if (this.#rate !== 0 && stride > 1 && (number - 1) % stride !== 0 && last !== undefined) {
      last.endUs = picture.endUs;
      picture.image.close();
    } else made.pictures.push(picture);
  }

  /** Far from what is shown, the key picture of the right group is better than the old place. */
  #approach(group: Group): void {
    if (
      this.#rate !== 0 ||
      (this.#shown !== undefined && this.#shown.startUs >= group.startUs && this.#shown.startUs < group.endUs)
    )
      return;
    const first = this.#decoded.find((one) => one.group.id === group.id)?.pictures[0];
    if (first !== undefined) this.#draw(first);
  }

  #draw(picture: Picture): void {
    const { image, startUs, endUs } = picture;
    if (this.#shown?.startUs === startUs || this.#context === null) return;
    if (this.#shown === undefined) requestAnimationFrame(() => markStep("first", startUs));
    if (this.canvas.width !== image.displayWidth || this.canvas.height !== image.displayHeight) {
      this.canvas.width = image.displayWidth;
      this.canvas.height = image.displayHeight;
    }
    this.#context.drawImage(image, 0, 0);
    this.#shown = { startUs, endUs };
    if (this.#us >= startUs && this.#us < endUs) requestAnimationFrame(() => markStep("shown", startUs));
  }
}

function drop(decoded: Decoded): void {
  for (const { image } of decoded.pictures) image.close();
  decoded.pictures = [];
}
