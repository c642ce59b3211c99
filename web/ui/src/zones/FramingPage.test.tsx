import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Answers, expectAccessible, fakeServer, PURPOSES, renderPage, sessionAs } from "../test/render";
import { SilentSocket } from "../test/silentSocket";

const CAMERA = {
  id: "valclair-c04",
  commune: "valclair",
  number: 4,
  name: "Voie verte",
  place: "Passage de la Brume",
  streams: [{ camera: "valclair-c04", stream: "sub", state: "live", width: 704, height: 576, fps: 12 }],
  legal: { state: "authorised", states: [], purposes: [], zone_set: null, framing: null },
};
const MINUTE_US = 60_000_000;

function answers(more: Answers = {}): Answers {
  return {
    "GET /session": { body: sessionAs("installer") },
    "GET /purposes": { body: PURPOSES },
    "GET /cameras/valclair-c04": { body: CAMERA },
    "POST /cameras/valclair-c04/framing/open": () => ({
      body: { until_us: Date.now() * 1000 + 10 * MINUTE_US },
    }),
    "POST /cameras/valclair-c04/framing/close": { body: { closed: true } },
    "POST /cameras/valclair-c04/zones": { status: 201, body: { zone_set: { id: "z-1", version: 3 } } },
    ...more,
  };
}

async function openSession(more: Answers = {}) {
  const calls = fakeServer(answers(more));
  const view = renderPage("/cameras/valclair-c04/cadrage");
  await userEvent.click(await screen.findByRole("button", { name: "Ouvrir la séance" }));
  const drawing = await screen.findByRole("application");
  return { calls, drawing, container: view.container };
}

/** Three points by keyboard alone: a triangle of 200 by 200 pixels of a 1920 × 1080 picture. */
function triangle(drawing: HTMLElement): void {
  const press = (key: string, times = 1, shiftKey = false): void => {
    for (let count = 0; count < times; count += 1) fireEvent.keyDown(drawing, { key, shiftKey });
  };
  press("Enter");
  press("ArrowRight", 20, true);
  press("Enter");
  press("ArrowDown", 20, true);
  press("Enter");
}

beforeEach(() => vi.stubGlobal("WebSocket", SilentSocket));
afterEach(() => vi.unstubAllGlobals());

describe("framing by keyboard alone", () => {
  it("draws, corrects, says what is wrong, and saves for another person to validate", async () => {
    const { calls, drawing, container } = await openSession();
    const save = screen.getByRole("button", { name: "Enregistrer et faire valider" });
    expect(save.getAttribute("aria-disabled")).toBe("true");
    fireEvent.keyDown(drawing, { key: "Enter" });
    expect(await screen.findByText("Une zone a au moins trois points : posez-en d’autres.")).toBeTruthy();
    fireEvent.keyDown(drawing, { key: "Delete" });
    triangle(drawing);
    expect(await screen.findByText("Zone A, point 3 sur 3")).toBeTruthy();
    expect(screen.getByText("Tracé valide")).toBeTruthy();
    await userEvent.selectOptions(screen.getByLabelText("Nature de la zone"), "private-garden");
    await expectAccessible(container);
    await userEvent.click(save);
    expect(await screen.findByText("Zones enregistrées, version 3")).toBeTruthy();
    const saved = calls.list.find(({ call }) => call === "POST /cameras/valclair-c04/zones")?.body;
    expect(saved).toEqual({
      polygons: [
        {
          points: [
            [0.5, 0.5],
            [0.604167, 0.5],
            [0.604167, 0.685185],
          ],
          reason: "private-garden",
        },
      ],
      no_dwelling: false,
      sizes: [
        { stream: "main", width: 1920, height: 1080 },
        { stream: "sub", width: 704, height: 576 },
      ],
    });
    expect(calls.list.map(({ call }) => call)).toContain("POST /cameras/valclair-c04/framing/close");
  });

  it("moves a point by one pixel, ten with Shift, and takes it back", async () => {
    const { drawing } = await openSession();
    triangle(drawing);
    await userEvent.click(screen.getByRole("button", { name: "Déplacer" }));
    fireEvent.keyDown(drawing, { key: "ArrowLeft" });
    fireEvent.keyDown(drawing, { key: "ArrowLeft", shiftKey: true });
    const x = (): string => (screen.getByLabelText("Position X") as HTMLInputElement).value;
    expect(x()).toBe("0,5984");
    fireEvent.keyDown(drawing, { key: "z", ctrlKey: true });
    await waitFor(() => expect(x()).toBe("0,6036"));
    fireEvent.keyDown(drawing, { key: "y", ctrlKey: true });
    await waitFor(() => expect(x()).toBe("0,5984"));
  });

  it("judges typed coordinates and does not correct them in silence", async () => {
    const { drawing } = await openSession();
    triangle(drawing);
    const field = await screen.findByLabelText("Position X");
    await userEvent.clear(field);
    await userEvent.type(field, "1,5{Enter}");
    const problem = await screen.findByText(
      "Le point 3 est hors de l’image : gardez ses positions entre 0 et 1.",
    );
    expect(problem.closest("[role=status]")).not.toBeNull();
    expect(
      screen.getByRole("button", { name: "Enregistrer et faire valider" }).getAttribute("aria-disabled"),
    ).toBe("true");
  });

  it("names the sides that cross", async () => {
    const { drawing } = await openSession();
    triangle(drawing);
    // Back across the first side, and down: the last side then crosses the first.
    for (let count = 0; count < 30; count += 1)
      fireEvent.keyDown(drawing, { key: "ArrowUp", shiftKey: true });
    for (let count = 0; count < 10; count += 1)
      fireEvent.keyDown(drawing, { key: "ArrowLeft", shiftKey: true });
    fireEvent.keyDown(drawing, { key: "Enter" });
    expect(await screen.findByText("Les côtés 1 et 3 se croisent : déplacez un point.")).toBeTruthy();
  });
});

describe("framing", () => {
  it("states that no dwelling is in view instead of zones", async () => {
    const { calls } = await openSession();
    await userEvent.click(screen.getByLabelText("Aucune habitation, entrée ni jardin privé n’est en vue"));
    await userEvent.click(screen.getByRole("button", { name: "Enregistrer et faire valider" }));
    await screen.findByText("Zones enregistrées, version 3");
    const saved = calls.list.find(({ call }) => call === "POST /cameras/valclair-c04/zones")?.body;
    expect(saved).toMatchObject({ polygons: [], no_dwelling: true });
  });

  it("says the rule when the session is refused", async () => {
    const refusal = {
      type: "urn:guet:refused",
      title: "Séance refusée.",
      todo: "Demandez à la cheffe.",
      rule: "P-57",
    };
    fakeServer(answers({ "POST /cameras/valclair-c04/framing/open": { status: 403, body: refusal } }));
    const { container } = renderPage("/cameras/valclair-c04/cadrage");
    await userEvent.click(await screen.findByRole("button", { name: "Ouvrir la séance" }));
    expect(await screen.findByText("Séance refusée.")).toBeTruthy();
    expect(within(container).getByRole("link", { name: "Règle P-57" })).toBeTruthy();
    await expectAccessible(container);
  });

  it("warns at two minutes and drops everything at the end", async () => {
    await openSession({
      "POST /cameras/valclair-c04/framing/open": () => ({
        body: { until_us: Date.now() * 1000 + 5_000_000 },
      }),
    });
    expect(screen.getByText("Encore 30 secondes de cadrage.")).toBeTruthy();
    expect(await screen.findByText("Séance de cadrage terminée")).toBeTruthy();
    expect(screen.queryByRole("application")).toBeNull();
    expect(document.querySelector("canvas, video")).toBeNull();
  });
});
