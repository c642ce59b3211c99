import { describe, expect, it } from "vitest";
import {
  formatBytes,
  formatDateTime,
  formatDuration,
  formatExact,
  formatExactSpan,
  formatOffset,
  formatSpan,
  fromParisFields,
  toParisFields,
} from "./format";
import { activateLocale } from "./locale";

const us = (iso: string) => Date.parse(iso) * 1000;

describe("Paris time", () => {
  it("reads a winter and a summer instant with their offsets", () => {
    expect(fromParisFields("2026-11-24", "14:12:36")).toEqual([us("2026-11-24T13:12:36Z")]);
    expect(fromParisFields("2026-07-14", "14:12")).toEqual([us("2026-07-14T12:12:00Z")]);
    expect(formatOffset(us("2026-11-24T13:00:00Z"))).toBe("+01:00");
    expect(formatOffset(us("2026-07-14T13:00:00Z"))).toBe("+02:00");
  });

  it("is written with its year and its seconds on paper", () => {
    const from = us("2026-12-31T22:59:58Z");
    expect(formatExact(from)).toBe("31 déc. 2026, 23:59:58");
    expect(formatExactSpan(from, us("2026-12-31T22:59:59Z"))).toBe("31 déc. 2026, 23:59:58 → 23:59:59");
    expect(formatExactSpan(from, us("2026-12-31T23:00:00Z"))).toContain("→ 1 janv. 2027, 00:00:00");
  });

  it("finds two instants in the doubled hour of autumn, first the summer one", () => {
    const found = fromParisFields("2026-10-25", "02:30:00");
    expect(found).toEqual([us("2026-10-25T00:30:00Z"), us("2026-10-25T01:30:00Z")]);
    expect(found.map(formatOffset)).toEqual(["+02:00", "+01:00"]);
  });

  it("finds none in the hour that spring skips, and none in nonsense", () => {
    expect(fromParisFields("2026-03-29", "02:30:00")).toEqual([]);
    expect(fromParisFields("2026-13-01", "00:00:00")).toEqual([]);
    expect(fromParisFields("", "")).toEqual([]);
  });

  it("comes back to the same instant, whatever it is", () => {
    for (let step = 0; step < 400; step += 1) {
      const instant = us("2026-01-01T00:00:00Z") + step * 22 * 3_600_000_000 + 17_000_000;
      const { date, time } = toParisFields(instant);
      expect(fromParisFields(date, time)).toContain(instant);
    }
  });
});

describe("French usage", () => {
  const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, " ");

  it("writes durations with their two largest units", () => {
    expect(plain(formatDuration(450_000_000))).toBe(
      "7min 30s".replace("7min", "7 min").replace("30s", "30 s"),
    );
    expect(plain(formatDuration(0))).toBe("0 s");
    expect(plain(formatDuration((14 * 24 + 16) * 3_600_000_000))).toBe("14 j 16 h");
    expect(plain(formatDuration(3_600_000_000))).toBe("1 h");
  });

  it("writes sizes in octets", () => {
    expect(plain(formatBytes(2_700_000_000))).toBe("2,7 Go");
    expect(plain(formatBytes(748_000_000))).toBe("748 Mo");
    expect(plain(formatBytes(1000))).toBe("1 ko");
    expect([0, 1, 15, 999].map((bytes) => plain(formatBytes(bytes)))).toEqual([
      "0 octet",
      "1 octet",
      "15 octets",
      "999 octets",
    ]);
  });

  it("names both days of a span only when they differ", () => {
    expect(formatSpan(us("2026-11-22T20:40:00Z"), us("2026-11-22T21:25:00Z"))).toBe("22 nov., 21:40 → 22:25");
    expect(formatSpan(us("2026-11-22T22:40:00Z"), us("2026-11-23T00:25:00Z"))).toBe(
      "22 nov., 23:40 → 23 nov., 01:25",
    );
  });

  it("writes the seconds of a span within one minute", () => {
    const span = (from: string, to: string) => formatSpan(us(`2026-11-22T${from}Z`), us(`2026-11-22T${to}Z`));
    expect(span("20:40:03", "20:40:41")).toBe("22 nov., 21:40:03 → 21:40:41");
    expect(span("20:40:59", "20:41:00")).toBe("22 nov., 21:40 → 21:41");
  });

  it("turns to English with the page", async () => {
    await activateLocale("en");
    expect(formatDateTime(us("2026-11-22T20:40:00Z"))).toBe("22 Nov, 21:40");
    expect(plain(formatBytes(2_700_000_000))).toBe("2.7 GB");
    expect([1, 15, 999].map((bytes) => plain(formatBytes(bytes)))).toEqual([
      "1 byte",
      "15 bytes",
      "999 bytes",
    ]);
  });
});
