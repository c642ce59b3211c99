import { describe, expect, it } from "vitest";
import { addMonths, monthsAndDays } from "./dates";

const us = (iso: string) => Date.parse(iso) * 1000;

describe("months of Paris", () => {
  it("keeps the day, or the month's last", () => {
    expect(addMonths(us("2027-07-05T22:00:00Z"), -4)).toBe(us("2027-03-05T23:00:00Z"));
    expect(addMonths(us("2027-01-30T23:00:00Z"), 1)).toBe(us("2027-02-27T23:00:00Z"));
    expect(addMonths(us("2026-12-15T12:00:00Z"), 1)).toBe(us("2027-01-15T12:00:00Z"));
  });

  it("counts whole months then days", () => {
    expect(monthsAndDays(us("2026-11-24T16:00:00Z"), us("2027-07-06T22:00:00Z"))).toEqual({
      months: 7,
      days: 12,
    });
    expect(monthsAndDays(us("2026-11-24T16:00:00Z"), us("2026-11-24T17:00:00Z"))).toEqual({
      months: 0,
      days: 0,
    });
  });
});
