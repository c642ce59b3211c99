/**
 * A sequence between two marks: the package's own groups of pictures, not re-encoded, as MP4 files. Only their clock is
 * moved so that each file starts at 0. Nothing is read into memory: the files are made of slices of the package.
 */

import { ticksToUs } from "../../media/captureTime";
import { samples } from "../../media/fmp4";
import { toHex } from "../../proof/bytes";
import type { Container } from "../package/container";
import { Sha256 } from "../package/digest";
import { clockAt, headOf, placedFragments, shift } from "../package/fragment";
import type { Span, Stream, Video } from "../package/manifest";
import { INIT_LIMIT_BYTES } from "../package/verifyStream";
import { nameInstant } from "./png";

const TICKS_PER_S = 90_000;
const PIECE_BYTES = 4 * 1024 * 1024;

/** One file of a sequence: pictures without interruption; it may begin and end up to a group beyond the marks. */
export interface SavedPart extends Span {
  name: string;
  content: Blob;
  sha256: string;
  groups: number;
  pictures: number;
  /** The chain's number of the first group. */
  firstSequence: number;
  video: Video;
}

/**
 * The files of a stream's pictures between two instants, one for each video that the marks cross.
 *
 * @throws Refused when the package's video is not what it should be
 */
export async function sequenceOf(container: Container, stream: Stream, marks: Span): Promise<SavedPart[]> {
  const parts: SavedPart[] = [];
  for (const video of stream.videos) {
    if (video.toUs <= marks.fromUs || video.fromUs >= marks.toUs) continue;
    const part = await partOf(container, stream, video, marks);
    if (part !== undefined) parts.push(part);
  }
  return parts;
}

async function partOf(
  container: Container,
  stream: Stream,
  video: Video,
  marks: Span,
): Promise<SavedPart | undefined> {
  const init = await container.read(video.init, INIT_LIMIT_BYTES);
  const head = await headOf(container, video.path);
  const pieces: BlobPart[] = [init];
  const span: Span = { fromUs: 0, toUs: 0 };
  let [number, groups, pictures, first, originTicks] = [0, 0, 0, 0, 0];
  for await (const { offset, length, moof } of placedFragments(container, video.path, head.length)) {
    const frames = samples(moof);
    const [start, end] = [frames[0], frames.at(-1)];
    if (start === undefined || end === undefined) continue;
    const at = (ticks: number): number => ticksToUs(ticks + video.offset90k, TICKS_PER_S);
    const [fromUs, toUs] = [at(start.ticks), at(end.ticks + end.duration)];
    if (fromUs >= marks.toUs) break;
    if (toUs > marks.fromUs) {
      if (groups === 0) {
        first = number;
        originTicks = Number(new DataView(moof.buffer, moof.byteOffset).getBigUint64(clockAt(moof)));
        span.fromUs = fromUs;
      }
      shift(moof, -originTicks);
      pieces.push(moof, container.slice(video.path, offset + moof.length, length - moof.length));
      span.toUs = toUs;
      groups += 1;
      pictures += frames.length;
    }
    number += 1;
  }
  if (groups === 0) return undefined;
  const content = new Blob(pieces, { type: "video/mp4" });
  return {
    ...span,
    name: `${stream.camera}.${stream.stream}.${nameInstant(span.fromUs)}.mp4`,
    content,
    sha256: await hashOf(content),
    groups,
    pictures,
    firstSequence: video.firstSequence + first,
    video,
  };
}

async function hashOf(content: Blob): Promise<string> {
  const digest = new Sha256();
  for (let at = 0; at < content.size; at += PIECE_BYTES) {
    digest.update(new Uint8Array(await content.slice(at, at + PIECE_BYTES).arrayBuffer()));
  }
  return toHex(digest.digest());
}
