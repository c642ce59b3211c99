/**
 * Opened groups to pictures, by WebCodecs: for what a video element cannot do, such as playing backwards, stepping,
 * stills, and several cameras on one clock. Pictures exist in this page's memory only, and each is closed by its owner.
 */

import { decoderDescription, sampleData } from "./fmp4";
import type { Frame, OpenedGroup } from "./footageTrack";

/** A picture with its time. */
export interface Picture extends Frame {
  image: VideoFrame;
}

/** True when this browser decodes pictures for pages at all. */
export function hasDecoder(): boolean {
  return "VideoDecoder" in globalThis;
}

/** The pictures of a group in order of display; one group at a time. */
export class GroupDecoder {
  #decoder: VideoDecoder | undefined;
  #configured = "";
  #job = 0;
  #onOutput: (image: VideoFrame) => void = (image) => image.close();
  #onError: (error: Error) => void = () => {};

  /**
   * Decodes one group, from its key picture on.
   *
   * @param keyOnly stop after the first picture, which then lasts for the whole group
   * @param untilUs pictures that begin later are not needed
   * @param onPicture takes each picture over, or closes it
   * @returns true when the group was decoded to its end, false when another one was asked for meanwhile
   * @throws when the browser refuses the stream
   */
  async decode(
    opened: OpenedGroup,
    keyOnly: boolean,
    untilUs: number,
    onPicture: (picture: Picture) => void,
  ): Promise<boolean> {
    this.#job += 1;
    const job = this.#job;
    const decoder = this.#ready(opened);
    const failed = new Promise<never>((_, reject) => {
      this.#onError = reject;
    });
    failed.catch(() => undefined);
    let count = 0;
    this.#onOutput = (image) => {
      const frame = opened.frames[count];
      count += 1;
      if (job !== this.#job || frame === undefined) image.close();
      else onPicture({ ...frame, endUs: keyOnly ? opened.group.endUs : frame.endUs, image });
    };
    const needed = opened.frames.filter((frame) => frame.startUs <= untilUs).length;
    for (const [number, bytes] of sampleData(opened.media)
      .slice(0, keyOnly ? 1 : Math.max(1, needed))
      .entries()) {
      const timestamp = opened.frames[number]?.startUs ?? 0;
      decoder.decode(new EncodedVideoChunk({ type: number === 0 ? "key" : "delta", timestamp, data: bytes }));
    }
    await Promise.race([decoder.flush(), failed]).catch((error: unknown) => {
      if (job === this.#job) throw error;
    });
    return job === this.#job;
  }

  /** Gives up the group that is being decoded. */
  cancel(): void {
    this.#job += 1;
    this.#onOutput = (image) => image.close();
    if (this.#decoder?.state === "configured") this.#decoder.reset();
    this.#configured = "";
  }

  close(): void {
    this.cancel();
    if (this.#decoder !== undefined && this.#decoder.state !== "closed") this.#decoder.close();
    this.#decoder = undefined;
  }

  #ready({ group, init }: OpenedGroup): VideoDecoder {
    const description = decoderDescription(init);
    const wanted = `${group.codec}/${description.join()}`;
    if (this.#decoder === undefined || this.#decoder.state === "closed") {
      this.#configured = "";
      this.#decoder = new VideoDecoder({
        output: (image) => this.#onOutput(image),
        error: (error) => this.#onError(error),
      });
    }
    if (this.#configured !== wanted) {
      this.#configured = wanted;
      // A hardware decoder lends few pictures at a time, and a group backwards needs all of its own.
      const hardwareAcceleration = group.codec.startsWith("avc") ? "prefer-software" : "no-preference";
      this.#decoder.configure({ codec: group.codec, description, hardwareAcceleration });
    }
    return this.#decoder;
  }
}
