/** Steps 5 to 7: one stream's chain, its videos against the chain, its time without holes. */
import type { Bytes } from "../../media/bytes";
import { Mp4Damaged } from "../../media/fmp4";
import { equal, sha256, toHex } from "../../proof/bytes";
import { type AbsenceRecord, type GroupRecord, type Link, linked, parseRecords } from "./chain";
import type { Container } from "./container";
import { Sha256, sha256Of } from "./digest";
import { checkMeta, type Export, META_LIMIT_BYTES } from "./exportBoxes";
import { checkHead, headOf, nalUnits, placedFragments, shift } from "./fragment";
import { type Absence, type Span, STORED_DAMAGED, type Stream, type Video } from "./manifest";
import { type Found, foundIn, Refused } from "./refused";
import type { Noted } from "./report";

const CHAIN_LIMIT_BYTES = 64 * 1024 * 1024;
export const INIT_LIMIT_BYTES = 64 * 1024;
const CAUSE = /^[a-z-]{1,32}$/;
const ascii = new TextEncoder();

/**
 * Notes the checks of one stream; nothing is thrown.
 *
 * @param exported what its videos must say of themselves
 * @param onBytes told of each stretch of video that was read
 */
export async function verifyStream(
  container: Container,
  stream: Stream,
  exported: Export,
  note: Noted,
  onBytes: (count: number) => void,
): Promise<void> {
  const where = `${stream.camera} ${stream.stream}`;
  let links: Link[] = [];
  try {
    links = await chainOf(container, stream, exported.commune);
    note("chain", true, {
      code: "chain-ok",
      facts: { where, count: links.length, pieces: (links.at(-1)?.run ?? 0) + 1 },
    });
  } catch (error) {
    note("chain", false, placed(foundIn(error), stream.chain));
  }
  for (const video of stream.videos) {
    try {
      await verifyVideo(container, video, links, exported, onBytes);
      const facts = { where: video.path, groups: video.groups, nals: video.nalUnits };
      note("video", true, { code: "video-ok", facts });
    } catch (error) {
      const found: Found =
        error instanceof Mp4Damaged ? { code: "video-box", facts: { byte: 0 } } : foundIn(error);
      note("video", false, placed(found, video.path));
    }
  }
  const problem = tilingProblem(stream, links);
  const absences = stream.absences.length;
  note("range", problem === undefined, placed(problem ?? { code: "range-ok", facts: { absences } }, where));
}

function placed(found: Found, file: string): Found {
  return { code: found.code, facts: { ...found.facts, file } };
}

async function chainOf(container: Container, stream: Stream, commune: string): Promise<Link[]> {
  const records = parseRecords(await container.read(stream.chain, CHAIN_LIMIT_BYTES));
  const links = linked(stream.camera, stream.stream, records);
  if (links.some(({ segment }) => segment !== undefined && segment.commune !== commune))
    throw new Refused("chain-commune");
  const burntIn = [
    ...new Set(links.flatMap(({ segment }) => (segment === undefined ? [] : [segment.zoneSet]))),
  ];
  if (burntIn.sort().join("\n") !== [...stream.zoneSets].sort().join("\n")) throw new Refused("chain-zones");
  return links;
}

async function verifyVideo(
  container: Container,
  video: Video,
  links: readonly Link[],
  exported: Export,
  onBytes: (count: number) => void,
): Promise<void> {
  const init = await container.read(video.init, INIT_LIMIT_BYTES);
  const nalBytes = container.entry(video.nalList).size;
  const groups = groupsFrom(links, video);
  const records = groups.map(({ record }) => record as GroupRecord);
  const head = await headOf(container, video.path);
  checkHead(head, init);
  const whole = new Sha256().update(head);
  let end = head.length;
  let [number, place, pictures, nals, endUs] = [0, 0, 0, 0, video.fromUs];
  for await (const { offset, length } of placedFragments(container, video.path, head.length)) {
    const record = records[number];
    if (record === undefined) throw new Refused("video-too-many", { byte: offset });
    if (record.fromUs !== endUs) throw new Refused("video-not-following", { group: number });
    const fragment = await container.piece(video.path, offset, length);
    whole.update(fragment);
    end = offset + length;
    const samples = nalUnits(fragment);
    shift(fragment, video.offset90k);
    if (!equal(await sha256(init, fragment), record.plainSha256)) {
      throw new Refused("video-group", { group: number, byte: offset });
    }
    const lines = nalLines(samples);
    const listed = await container.piece(video.nalList, place, lines.length);
    if (!equal(listed, lines)) throw new Refused("video-nal-list", { group: number, list: video.nalList });
    place += lines.length;
    endUs = record.fromUs + record.durationUs;
    pictures += samples.length;
    nals += samples.reduce((sum, sample) => sum + sample.length, 0);
    number += 1;
    onBytes(length);
  }
  const isAsTold = number === video.groups && pictures === video.pictures && nals === video.nalUnits;
  if (!isAsTold || endUs !== video.toUs) throw new Refused("video-count");
  if (place !== nalBytes) throw new Refused("video-nal-list", { group: number, list: video.nalList });
  if (!isOfFormat(video, groups[0])) throw new Refused("video-format");
  checkMeta(await container.piece(video.path, end, META_LIMIT_BYTES), whole, video, exported);
}

function nalLines(samples: readonly Bytes[][]): Bytes {
  return ascii.encode(
    samples
      .flat()
      .map((nal) => `${toHex(sha256Of(nal))}\n`)
      .join(""),
  ) as Bytes;
}

/** The chain's groups from the video's first one on, by its number and its instant: there may be two chains. */
function groupsFrom(links: readonly Link[], video: Video): Link[] {
  const first = links.findIndex(
    ({ record, sequence }) =>
      record.kind === "group" && record.fromUs === video.fromUs && sequence === video.firstSequence,
  );
  return first < 0 ? [] : links.slice(first).filter(({ record }) => record.kind === "group");
}

/** Whether the manifest tells of a video's format what its segment says, and a rate that follows from its length. */
function isOfFormat(video: Video, first: Link | undefined): boolean {
  const segment = first?.segment;
  if (segment === undefined || video.toUs <= video.fromUs) return false;
  const fps = (video.pictures * 1_000_000) / (video.toUs - video.fromUs);
  const isSame =
    segment.codec === video.codec && segment.width === video.width && segment.height === video.height;
  // Rounded to three decimals by another program: half a thousandth may fall on either side.
  return isSame && Math.abs(fps - video.fps) <= 0.000_501;
}

/** Step 7: what is wrong with how videos and absences cover the range. */
function tilingProblem(stream: Stream, links: readonly Link[]): Found | undefined {
  if (!isInForm(stream)) return { code: "range-form", facts: {} };
  const spans: Span[] = [...stream.videos, ...stream.absences].sort(
    (a, b) => a.fromUs - b.fromUs || a.toUs - b.toUs,
  );
  const [first, last] = [spans[0], spans.at(-1)];
  if (first === undefined || last === undefined || first.fromUs > stream.fromUs || last.toUs < stream.toUs)
    return { code: "range-open", facts: {} };
  for (const [at, span] of spans.slice(1).entries()) {
    const gapUs = span.fromUs - (spans[at]?.toUs ?? 0);
    if (gapUs !== 0) return { code: "range-hole", facts: { us: Math.abs(gapUs) } };
  }
  if (hasHidden(stream, links)) return { code: "range-hidden", facts: {} };
  const unknown = stream.absences.find((absence) => !isKnown(absence, links));
  return unknown === undefined ? undefined : { code: "range-absence", facts: { cause: unknown.cause } };
}

/** Whether videos and absences go forward, in order of time, absences within the range and with a cause in its form. */
function isInForm({ fromUs, toUs, videos, absences }: Stream): boolean {
  const inOrder = (spans: readonly Span[]): boolean =>
    spans.every((span, at) => span.fromUs < span.toUs && (spans[at - 1]?.fromUs ?? 0) <= span.fromUs);
  const isKept = absences.every((one) => fromUs <= one.fromUs && one.toUs <= toUs && CAUSE.test(one.cause));
  return fromUs < toUs && inOrder(videos) && inOrder(absences) && isKept;
}

/** Whether the chain knows of pictures of the range that are left out. */
function hasHidden(stream: Stream, links: readonly Link[]): boolean {
  const damaged = stream.absences.filter((absence) => absence.cause === STORED_DAMAGED);
  const accounted: readonly Span[] = [...stream.videos, ...damaged];
  return links.some(({ record }) => {
    if (record.kind !== "group") return false;
    const [fromUs, toUs] = [record.fromUs, record.fromUs + record.durationUs];
    const isAsked = fromUs < stream.toUs && stream.fromUs < toUs;
    return isAsked && !accounted.some((span) => span.fromUs <= fromUs && toUs <= span.toUs);
  });
}

/** Whether an absence inside the chain is in it, or lies where its segments are gone. */
function isKnown(absence: Absence, links: readonly Link[]): boolean {
  const within = (span: Span): boolean => span.fromUs <= absence.fromUs && absence.toUs <= span.toUs;
  const own = links.filter(({ segment }) => segment === undefined || !segment.edge);
  const live = own.flatMap(({ record }) => (record.kind === "group" ? [record] : []));
  const [first, last] = [live[0], live.at(-1)];
  const isBetween =
    first !== undefined &&
    last !== undefined &&
    within({ fromUs: first.fromUs, toUs: last.fromUs + last.durationUs });
  if (!isBetween || absence.cause === STORED_DAMAGED) return true;
  const recorded = links.flatMap(({ record }): AbsenceRecord[] =>
    record.kind === "absence" ? [record] : [],
  );
  return recorded.some((each) => each.cause === absence.cause && within(each)) || lost(own).some(within);
}

/** The time between two runs of the chain, whose segments are gone. */
function lost(links: readonly Link[]): Span[] {
  const found: Span[] = [];
  let [endUs, run] = [0, 0];
  for (const { record, run: own } of links) {
    if (record.kind === "group") {
      if (own !== run) found.push({ fromUs: endUs, toUs: record.fromUs });
      endUs = record.fromUs + record.durationUs;
      run = own;
    } else if (record.kind === "absence") endUs = record.toUs;
  }
  return found;
}
