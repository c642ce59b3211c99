// @vitest-environment node
import { describe, expect, it } from "vitest";
import { INITIAL_SNAPSHOT, type LiveSnapshot, type LiveState } from "../media/liveState";
import { fitting, neighbour, readMemory, writeMemory } from "./layouts";
import { tileClass, tileState } from "./tileState";

function store(): Storage {
  const kept = new Map<string, string>();
  return {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  } as Storage;
}

describe("what a wall remembers", () => {
  it("is kept by person and read back", () => {
    const here = store();
    writeMemory("p1", { layout: 4, shortcuts: false }, here);
    expect(readMemory("p1", here, 9)).toEqual({ layout: 4, shortcuts: false });
    expect(readMemory("p2", here, 16)).toEqual({ layout: 16, shortcuts: true });
  });
  it("is forgotten when it makes no sense", () => {
    const here = store();
    here.setItem("guet.mur.p1", "{");
    expect(readMemory("p1", here, 9).layout).toBe(9);
    here.setItem("guet.mur.p1", '{"layout":7}');
    expect(readMemory("p1", here, 9).layout).toBe(9);
  });
  it("starts with the smallest layout that shows every camera", () => {
    expect([1, 2, 4, 6, 10, 40].map(fitting)).toEqual([1, 4, 4, 9, 16, 16]);
  });
});

describe("arrows on the wall", () => {
  it("stay on it, whatever the last row holds", () => {
    expect(neighbour(0, "ArrowLeft", 3, 7)).toBe(0);
    expect(neighbour(1, "ArrowDown", 3, 7)).toBe(4);
    expect(neighbour(4, "ArrowDown", 3, 7)).toBe(4);
    expect(neighbour(6, "ArrowUp", 3, 7)).toBe(3);
    expect(neighbour(6, "ArrowRight", 3, 7)).toBe(6);
  });
});

describe("what a tile says", () => {
  const says = (state: LiveState, lateS?: number): string =>
    tileState({ ...INITIAL_SNAPSHOT, state, lateS } as LiveSnapshot);
  const refusal = { type: "refused", kind: "refused", rule: "P-58", what: "", todo: "" } as const;

  it("is one of the closed list for each state", () => {
    expect(says({ kind: "live" })).toBe("live");
    expect(says({ kind: "live" }, 2)).toBe("warning");
    expect(says({ kind: "frozen", ageS: 3, lastUs: 1 })).toBe("frozen");
    expect(says({ kind: "lost", ageS: 11, lastUs: 1, cause: "" })).toBe("lost");
    expect(says({ kind: "dark", cause: "mask-failed" })).toBe("cut");
    expect(says({ kind: "dark", cause: "suspended" })).toBe("suspended");
    expect(says({ kind: "dark", cause: "camera-unreachable" })).toBe("lost");
    expect(says({ kind: "refused", refusal, willRetry: false })).toBe("refused");
    expect(says({ kind: "refused", refusal, willRetry: true })).toBe("connecting");
    expect(says({ kind: "unplayable", codec: "hvc1" })).toBe("not-playable");
    expect(says({ kind: "paused" })).toBe("stopped");
  });
  it("differs by shape where a stale picture could pass for live", () => {
    expect([tileClass("frozen"), tileClass("lost"), tileClass("live")]).toEqual([" frozen", " lost", ""]);
  });
});
