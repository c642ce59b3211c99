import { describe, expect, it } from "vitest";
import { nearestRecorded } from "./useFirstPicture";

const S = 1_000_000;

describe("the picture that a replay opens on", () => {
  const recorded = [
    { fromUs: 60 * S, toUs: 70 * S },
    { fromUs: 10 * S, toUs: 20 * S },
  ];
  it("is the one asked for where there is one", () => {
    expect(nearestRecorded(recorded, 15 * S)).toBe(15 * S);
  });
  it("is the first one after an absence", () => {
    expect(nearestRecorded(recorded, 0)).toBe(10 * S);
    expect(nearestRecorded(recorded, 30 * S)).toBe(60 * S);
  });
  it("is the last second when nothing follows, and no earlier than it begins", () => {
    expect(nearestRecorded(recorded, 90 * S)).toBe(69 * S);
    expect(nearestRecorded([{ fromUs: 5 * S, toUs: 5.4 * S }], 90 * S)).toBe(5 * S);
  });
  it("is none where nothing is recorded", () => {
    expect(nearestRecorded([], 90 * S)).toBeUndefined();
  });
});
