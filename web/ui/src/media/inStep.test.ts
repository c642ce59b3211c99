// @vitest-environment node
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { FootageSource, TrackEvents } from "./footageTrack";
import { GroupIndex } from "./groupIndex";
import { InStepPlayer, type StepSource, type StepView } from "./inStep";
import type { Showing } from "./pictureView";

const START = 1_795_529_400_000_000;

/** A camera whose picture is at hand when the test says so, and which remembers what it drew. */
class View implements StepView {
  drawn: number[] = [];
  state: Showing = "shown";
  get shownUs(): number | undefined {
    return this.drawn.at(-1);
  }
  prepare(): Showing {
    return this.state;
  }
  show(us: number): Showing {
    if (this.state === "shown") this.drawn.push(us);
    return this.state;
  }
  clear(): void {}
  close(): void {}
}

const track = (events: TrackEvents): FootageSource => {
  queueMicrotask(() => events.onChange({ phase: { kind: "ready" } }));
  return {
    index: new GroupIndex(),
    isLoading: false,
    setRecorded: () => {},
    forgetFar: () => {},
    close: () => {},
  } as unknown as FootageSource;
};

describe("cameras in step", () => {
  let draw: (nowMs: number) => void = () => {};
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["performance", "setInterval", "clearInterval"] });
    vi.stubGlobal("requestAnimationFrame", (next: (nowMs: number) => void) => {
      draw = next;
      return 1;
    });
    vi.stubGlobal("cancelAnimationFrame", () => {});
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  it("draws nobody's picture while somebody's is awaited, however long a drawing takes", async () => {
    const views = [new View(), new View()];
    const sources = views.map(
      (view): StepSource => ({
        open: (_, events) => track(events),
        canvas: {} as HTMLCanvasElement,
        draw: () => view,
      }),
    );
    const player = new InStepPlayer(sources, START);
    await Promise.resolve();
    player.play();
    draw(100);
    const [one, other] = views as [View, View];
    expect(one.shownUs).toBe(START + 100_000);
    expect(other.shownUs).toBe(START + 100_000);
    other.state = "waiting";
    draw(900); // a busy machine: the next drawing comes 800 ms later
    draw(1_700);
    expect(one.shownUs).toBe(START + 100_000);
    expect(player.snapshot.waiting).toBe(true);
    other.state = "shown";
    draw(1_740);
    expect(one.shownUs).toBe(START + 140_000);
    expect(other.shownUs).toBe(START + 140_000);
    expect(one.drawn).toHaveLength(2);
    player.close();
  });
});
