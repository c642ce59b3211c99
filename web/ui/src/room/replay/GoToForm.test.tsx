import { fireEvent, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { renderPart } from "../../test/render";
import type { CameraTimeline } from "../../timeline/timelineApi";
import { GoToForm } from "./GoToForm";

const us = (iso: string) => Date.parse(iso) * 1000;
/** The second half past two of the night when the clocks go back. */
const SECOND = us("2026-10-25T01:30:00Z");
const HOUR_US = 3_600_000_000;
const TIMELINE: CameraTimeline = {
  nowUs: us("2026-10-26T12:00:00Z"),
  recorded: [],
  recovered: [],
  absences: [],
  holds: [],
  destroyedBeforeUs: us("2026-10-12T12:00:00Z"),
  dueDays: 15,
};

// This DOM tells of a selection while it is being made, to which the field answers by making it: without end.
beforeEach(() => void vi.spyOn(Selection.prototype, "collapse").mockImplementation(() => {}));

function shown(timeline: CameraTimeline, at = SECOND) {
  const [onGo, onClose] = [vi.fn(), vi.fn()];
  renderPart(<GoToForm us={at} timeline={timeline} onGo={onGo} onClose={onClose} />);
  const go = () => userEvent.click(screen.getByRole("button", { name: "Aller à cet instant" }));
  return { onGo, onClose, go };
}

describe("an instant to go to", () => {
  it("puts the day first and keeps the second of the doubled hours", async () => {
    const { onGo, onClose, go } = shown(TIMELINE);
    const segments = screen.getAllByRole("spinbutton").map((segment) => segment.textContent);
    expect(segments).toEqual(["25", "10", "2026", "02", "30", "00"]);
    await go();
    expect(onGo).toHaveBeenCalledExactlyOnceWith(SECOND);
    expect(onClose).toHaveBeenCalledOnce();
  });

  it("has the focus in its first part", () => {
    shown(TIMELINE);
    expect(document.activeElement).toBe(screen.getAllByRole("spinbutton")[0]);
  });

  it("goes to the first of them when it is asked for", async () => {
    const { onGo, go } = shown(TIMELINE);
    await userEvent.click(screen.getByRole("checkbox"));
    await go();
    expect(onGo).toHaveBeenCalledExactlyOnceWith(SECOND - HOUR_US);
  });

  it("goes by Enter from the field, as from any other", () => {
    const { onGo } = shown(TIMELINE);
    fireEvent.keyDown(screen.getAllByRole("spinbutton")[4] as HTMLElement, { key: "Enter" });
    expect(onGo).toHaveBeenCalledExactlyOnceWith(SECOND);
  });

  it("stays, and says why, before what was destroyed", async () => {
    const { onGo, onClose, go } = shown({ ...TIMELINE, destroyedBeforeUs: SECOND + 1 });
    await go();
    expect(screen.getByText(/Détruit à son terme/)).toBeTruthy();
    expect(onGo).not.toHaveBeenCalled();
    expect(onClose).not.toHaveBeenCalled();
  });

  it("goes into what a hold keeps of it", async () => {
    const holds = [{ id: "g-1", fromUs: SECOND, toUs: SECOND + HOUR_US, untilUs: undefined, label: "1" }];
    const { onGo, go } = shown({ ...TIMELINE, destroyedBeforeUs: SECOND + 1, holds } as CameraTimeline);
    await go();
    expect(onGo).toHaveBeenCalledOnce();
  });
});
