// @vitest-environment node
import { describe, expect, it } from "vitest";
import { type Bytes, concat } from "./bytes";
import { boxes, firstTicks, h264Codec, Mp4Damaged, samples, splitGroup, timescale } from "./fmp4";

const u32 = (...values: number[]): Bytes => {
  const bytes = new Uint8Array(values.length * 4);
  const data = new DataView(bytes.buffer);
  for (const [at, value] of values.entries()) data.setUint32(at * 4, value);
  return bytes;
};
const u64 = (value: number): Bytes => u32(Math.floor(value / 2 ** 32), value % 2 ** 32);
const box = (type: string, ...body: Uint8Array[]): Bytes => {
  const content = concat(...body);
  return concat(u32(content.length + 8), new TextEncoder().encode(type), content);
};

const UTC_TICKS = 161_597_660_051_111; // 24 November 2026 at 90 kHz: beyond 32 bits
const SYNC = 0x02000000;
const OTHER = 0x01010000;
const avcC = box("avcC", Uint8Array.of(1, 0x64, 0x00, 0x1f, 0xff));
const avc1 = box("avc1", new Uint8Array(78), avcC);
const init = concat(
  box("ftyp", new TextEncoder().encode("iso6")),
  box(
    "moov",
    box(
      "trak",
      box(
        "mdia",
        box("mdhd", u32(0, 0, 0, 90_000, 0, 0)),
        box("minf", box("stbl", box("stsd", u32(0, 1), avc1))),
      ),
    ),
  ),
);
const trunHead = u32(0x01000f01, 2, 100);
const run = (first: number): Bytes => concat(trunHead, u32(3600, 5, first, 0), u32(3603, 7, OTHER, 0));
const fragment = (ticks: number, first = SYNC): Bytes =>
  concat(
    box(
      "moof",
      box("mfhd", u32(0, 1)),
      box(
        "traf",
        box("tfhd", u32(0x00020000, 1)),
        box("tfdt", u32(0x01000000), u64(ticks)),
        box("trun", run(first)),
      ),
    ),
    box("mdat", new Uint8Array(12)),
  );

describe("reading our fragmented MP4", () => {
  it("parts a stored group and reads its clock and codec", () => {
    const parts = splitGroup(concat(init, fragment(UTC_TICKS)));
    expect(parts.init).toEqual(init);
    expect(timescale(parts.init)).toBe(90_000);
    expect(h264Codec(parts.init)).toBe("avc1.64001F");
    expect(firstTicks(parts.media)).toBe(UTC_TICKS);
  });
  it("lists the samples of every fragment with their times", () => {
    const found = samples(concat(fragment(UTC_TICKS), fragment(UTC_TICKS + 7203, OTHER)));
    expect(found).toEqual([
      { ticks: UTC_TICKS, duration: 3600, size: 5, key: true },
      { ticks: UTC_TICKS + 3600, duration: 3603, size: 7, key: false },
      { ticks: UTC_TICKS + 7203, duration: 3600, size: 5, key: false },
      { ticks: UTC_TICKS + 10_803, duration: 3603, size: 7, key: false },
    ]);
  });
  it("reads boxes of 64-bit size", () => {
    const large = concat(u32(1), new TextEncoder().encode("mdat"), u64(20), new Uint8Array(4));
    expect(boxes(large)).toEqual([{ type: "mdat", start: 0, body: 16, end: 20 }]);
  });
  it("refuses what is cut inside a box, and fails in no other way", () => {
    const whole = concat(init, fragment(UTC_TICKS));
    const bounds = new Set([init.length, ...boxes(whole).map((each) => each.end)]);
    for (let length = 1; length < whole.length; length += 1) {
      const read = (): unknown => {
        const { init: start, media } = splitGroup(whole.slice(0, length));
        return [timescale(start), samples(media)];
      };
      if (!bounds.has(length)) expect(read, `cut at ${length}`).toThrow(Mp4Damaged);
    }
  });
  it("refuses a run that announces more samples than it holds, and a box larger than its parent", () => {
    const lying = fragment(UTC_TICKS);
    const at = lying.findIndex(
      (_, index) => String.fromCharCode(...lying.subarray(index, index + 4)) === "trun",
    );
    new DataView(lying.buffer).setUint32(at + 8, 9_000_000);
    expect(() => samples(lying)).toThrow(Mp4Damaged);
    expect(() => boxes(u32(64, 0x6d646174))).toThrow(Mp4Damaged);
    expect(() => boxes(u32(4, 0x6d646174))).toThrow(Mp4Damaged);
  });
});
