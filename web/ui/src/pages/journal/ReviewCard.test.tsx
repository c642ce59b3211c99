import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { type Answers, expectAccessible, fakeServer, renderPage, signedInAs } from "../../test/render";

const ENTRY = {
  seq: 41,
  log: "2026-T4",
  n: 40,
  at_us: 1_795_000_000_000_000,
  record: { kind: "consultation", act: "replay", author: { person: "p-1" }, cameras: ["valclair-c02"] },
};
const CHECKPOINT = { log: "2026-T4", logs: ["2026-T4"], size: 41, checkpoint: "", vkey: "", cosigned: {} };
const REVIEW = {
  from_us: 1_793_000_000_000_000,
  to_us: 1_795_500_000_000_000,
  whole: true,
  questions: [
    {
      kind: "no-incident",
      from_us: ENTRY.at_us,
      to_us: ENTRY.at_us,
      count: 1,
      of: 7,
      cameras: ["valclair-c02"],
      entries: [41],
    },
  ],
};

const answers = (role: "auditor" | "mayor"): Answers => ({
  ...signedInAs(role),
  "GET /communes/valclair/cameras": { body: [] },
  "GET /communes/valclair/journal": {
    body: { ...CHECKPOINT, entries: [ENTRY], total: 41, labels: { "p-1": "Agent A" } },
  },
  "GET /communes/valclair/journal/review": { body: REVIEW },
});

describe("review of the journal", () => {
  it("is asked for, words what was seen as a question, and leads to the entries", async () => {
    const calls = fakeServer(answers("auditor"));
    const { container } = renderPage("/journal");
    await userEvent.click(await screen.findByRole("button", { name: "Revoir le journal" }));
    const question = await screen.findByText(/Une relecture a été ouverte sans motif écrit ni demande/);
    expect(question.textContent).toMatch(/\?$/);
    const region = screen.getByRole("region", { name: "Revue du journal" });
    expect(region.textContent).not.toContain("Agent A");
    await userEvent.click(screen.getByRole("button", { name: /Lire les entrées/ }));
    expect(calls.list.filter(({ call }) => call === "GET /communes/valclair/journal")).toHaveLength(2);
    await expectAccessible(container);
  });

  it("is not there for a mayor", async () => {
    const calls = fakeServer(answers("mayor"));
    renderPage("/journal");
    await screen.findByRole("button", { name: "Filtrer" });
    expect(screen.queryByText("Revue du journal")).toBeNull();
    expect(calls.list.some(({ call }) => call.endsWith("/review"))).toBe(false);
  });
});
