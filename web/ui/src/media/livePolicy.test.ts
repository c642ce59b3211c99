// @vitest-environment node
import { describe, expect, it } from "vitest";
import { delayMs, FIRST_DELAY_MS, LONGEST_DELAY_MS } from "./backoff";
import { CaptureClock, clockText, offsetText, ticksToUs } from "./captureTime";
import { MessageUnknown, readLiveMessage } from "./liveMessages";
import { FAST_RATE, SLOW_RATE, stale, steer, TARGET_S } from "./livePolicy";
import { freshness, isSilent } from "./watchdog";

describe("steering close to the camera", () => {
  it("first seeks to the end of the cached group less the target, never before the start", () => {
    expect(steer(2, 0, false)).toEqual({ rate: 1, seekToS: 2 - TARGET_S });
    expect(steer(0.05, 0, false)).toEqual({ rate: 1, seekToS: 0 });
  });
  it("changes the rate for small differences and seeks for large ones", () => {
    expect(steer(10, 10 - 0.12, true)).toEqual({ rate: 1 });
    expect(steer(10, 10 - 0.2, true)).toEqual({ rate: FAST_RATE });
    expect(steer(10, 10 - 0.04, true)).toEqual({ rate: SLOW_RATE });
    expect(steer(10, 9.4, true).seekToS).toBeCloseTo(10 - TARGET_S);
    expect(steer(10, 12, true).seekToS).toBeCloseTo(10 - TARGET_S);
  });
  it("drops what is older than ten seconds, in lumps", () => {
    expect(stale(0, 14)).toBeUndefined();
    expect(stale(0, 16)).toEqual({ fromS: 0, toS: 6 });
  });
});

describe("watchdog", () => {
  it("says frozen from two seconds and lost from ten", () => {
    expect([1999, 2000, 9999, 10_000].map((age) => freshness(50_000 + age, 50_000))).toEqual([
      "live",
      "frozen",
      "frozen",
      "lost",
    ]);
  });
  it("takes a silent server for a broken connection", () => {
    expect(isSilent(10_000, 6_001)).toBe(false);
    expect(isSilent(10_000, 6_000)).toBe(true);
  });
});

describe("reconnection", () => {
  it("doubles with jitter up to a bound", () => {
    expect(delayMs(0, 0)).toBe(FIRST_DELAY_MS / 2);
    expect(delayMs(0, 0.999)).toBeLessThanOrEqual(FIRST_DELAY_MS);
    expect(delayMs(1, 0)).toBe(FIRST_DELAY_MS);
    expect(delayMs(500, 0.999999)).toBeLessThanOrEqual(LONGEST_DELAY_MS);
  });
});

describe("capture time", () => {
  it("keeps microseconds of a 90 kHz clock that counts from 1970", () => {
    const us = 1_795_529_556_123_456;
    expect(ticksToUs(Math.floor((us * 9) / 100), 90_000)).toBeCloseTo(us, -2);
    expect(ticksToUs(161_597_660_045, 90)).toBe(1_795_529_556_055_556);
  });
  it("maps positions both ways", () => {
    const clock = new CaptureClock(1_795_529_556_000_000);
    expect(clock.at(1.5)).toBe(1_795_529_557_500_000);
    expect(clock.position(clock.at(3.25))).toBeCloseTo(3.25, 6);
  });
  it("tells the two hours of the change to winter time apart", () => {
    const first = Date.UTC(2026, 9, 25, 0, 30) * 1000;
    const second = Date.UTC(2026, 9, 25, 1, 30) * 1000;
    expect([clockText(first), offsetText(first)]).toEqual(["02:30:00", "+02:00"]);
    expect([clockText(second), offsetText(second)]).toEqual(["02:30:00", "+01:00"]);
  });
});

describe("messages", () => {
  it("reads each message and fills what is missing", () => {
    expect(
      readLiveMessage('{"type":"stream","codec":"avc1.64001F","width":1280,"camera":{"id":"a"}}'),
    ).toEqual({
      type: "stream",
      view: "",
      codec: "avc1.64001F",
      width: 1280,
      height: 0,
      camera: { id: "a", name: "", place: "" },
      commune: { id: "", name: "" },
      masked: 0,
    });
    expect(
      readLiveMessage('{"type":"beat","utc_us":5,"state":"dark","cause":"mask-failed","last_unit_us":null}'),
    ).toEqual({
      type: "beat",
      utcUs: 5,
      state: "dark",
      cause: "mask-failed",
      lastUnitUs: undefined,
    });
    expect(readLiveMessage('{"type":"late"}')).toEqual({ type: "late" });
  });
  it.each(["", "[]", "null", "{", '{"type":7}', '{"type":"keys"}'])("refuses %s", (raw) => {
    expect(() => readLiveMessage(raw)).toThrow(MessageUnknown);
  });
});
