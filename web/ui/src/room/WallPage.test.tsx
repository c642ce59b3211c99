import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Answers, expectAccessible, fakeServer, PURPOSES, renderPage, sessionAs } from "../test/render";
import { SilentSocket } from "../test/silentSocket";

function camera(number: number, state = "in_service") {
  return {
    id: `valclair-c${String(number).padStart(2, "0")}`,
    commune: "valclair",
    number,
    name: `Caméra du lieu ${number}`,
    place: "Centre",
    clock_offset_ms: 0,
    streams: [],
    legal: { state, states: [], purposes: [], zone_set: null, framing: null },
  };
}

function answers(cameras: unknown[], more: Answers = {}): Answers {
  return {
    "GET /session": { body: sessionAs("officer") },
    "GET /purposes": { body: PURPOSES },
    "GET /communes/valclair/cameras": { body: cameras },
    "GET /communes/valclair/incidents": { body: [] },
    ...more,
  };
}

async function wall(count: number, more: Answers = {}) {
  fakeServer(
    answers(
      Array.from({ length: count }, (_, at) => camera(at + 1)),
      more,
    ),
  );
  const view = renderPage("/mur");
  const region = await screen.findByRole("region", { name: /^Mur d’images/ });
  const tiles = within(region).getAllByRole("article").length;
  await waitFor(() => expect(SilentSocket.opened).toHaveLength(tiles));
  return { region, container: view.container };
}
const tile = (number: number): HTMLElement =>
  screen.getByRole("article", { name: new RegExp(`^Caméra 0?${number},`) });
const says = (text: string): void =>
  act(() => {
    for (const socket of SilentSocket.opened) socket.hear(text);
  });

beforeEach(() => {
  localStorage.clear();
  SilentSocket.opened = [];
  vi.stubGlobal("WebSocket", SilentSocket);
});
afterEach(() => vi.unstubAllGlobals());

describe("the wall by keyboard", () => {
  it("is one stop, and arrows move between its tiles", async () => {
    const { container } = await wall(4);
    const stops = within(container)
      .getAllByRole("article")
      .filter((each) => each.tabIndex === 0);
    expect(stops).toEqual([tile(1)]);
    tile(1).focus();
    fireEvent.keyDown(tile(1), { key: "ArrowRight" });
    await waitFor(() => expect(document.activeElement).toBe(tile(2)));
    fireEvent.keyDown(tile(2), { key: "ArrowDown" });
    await waitFor(() => expect(document.activeElement).toBe(tile(4)));
    expect(tile(4).tabIndex).toBe(0);
    expect(tile(1).tabIndex).toBe(-1);
  });

  it("enlarges with Enter and comes back to the same tile with Escape", async () => {
    const { region } = await wall(4);
    fireEvent.focus(tile(3));
    fireEvent.keyDown(tile(3), { key: "Enter" });
    expect(region.className).toContain("has-big");
    expect(tile(3).className).toContain("big-tile");
    fireEvent.keyDown(tile(3), { key: "Escape" });
    expect(region.className).not.toContain("has-big");
    await waitFor(() => expect(document.activeElement).toBe(tile(3)));
  });

  it("goes on from the tile when the button that fills the screen is covered", async () => {
    const { region } = await wall(4);
    fireEvent.focus(tile(3));
    const fills = vi.fn(() => Promise.resolve());
    region.requestFullscreen = fills;
    fireEvent.click(screen.getByRole("button", { name: "Plein écran" }));
    await waitFor(() => expect(document.activeElement).toBe(tile(3)));
    expect(fills).toHaveBeenCalledOnce();
  });

  it("calls a camera by its number, even from another view", async () => {
    localStorage.setItem("guet.mur.p-1", '{"layout":4}');
    await wall(13);
    fireEvent.keyDown(tile(1), { key: "1" });
    fireEvent.keyDown(tile(1), { key: "2" });
    expect(screen.getByText("Caméra n° 12, puis Entrée")).toBeTruthy();
    fireEvent.keyDown(tile(1), { key: "Enter" });
    await waitFor(() => expect(tile(12).className).toContain("big-tile"));
  });

  it("lists its shortcuts with ?, and single letters can be switched off", async () => {
    await wall(1);
    fireEvent.keyDown(tile(1), { key: "?" });
    fireEvent.click(await screen.findByLabelText("Raccourcis d’une seule touche actifs sur ce poste"));
    fireEvent.click(screen.getByRole("button", { name: "Fermer" }));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    fireEvent.keyDown(tile(1), { key: "?" });
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(JSON.parse(localStorage.getItem("guet.mur.p-1") ?? "{}")).toMatchObject({ shortcuts: false });
  });
});

describe("tiles", () => {
  it("ask for the sub-stream, and for the main one when alone", async () => {
    await wall(4);
    expect(SilentSocket.opened.map(({ url }) => url.replace(/^.*\/api/, ""))).toEqual(
      [1, 2, 3, 4].map((number) => `/v1/live/valclair-c0${number}?stream=sub`),
    );
    fireEvent.click(screen.getByRole("button", { name: /^1\s+tuile$/ }));
    await waitFor(() => expect(SilentSocket.opened.at(-1)?.url).toContain("stream=main"));
  });

  it("say a refusal with its rule and keep no picture", async () => {
    const { container } = await wall(1);
    const text = { kind: "refused", rule: "P-62", what: "Cette caméra relève de Brumesnil.", todo: "" };
    says(JSON.stringify({ type: "refused", ...text }));
    expect(await screen.findByText("Cette caméra relève de Brumesnil.", { exact: false })).toBeTruthy();
    expect(screen.getByRole("link", { name: "Règle P-62" })).toBeTruthy();
    expect(tile(1).getAttribute("aria-label")).toContain("Accès refusé");
    expect(container.querySelector("video[src]")).toBeNull();
    await expectAccessible(container);
  });

  it("say why a camera is cut", async () => {
    await wall(1);
    says(
      JSON.stringify({ type: "beat", utc_us: 1, state: "dark", cause: "mask-failed", last_unit_us: null }),
    );
    expect(await screen.findByText("Diffusion coupée")).toBeTruthy();
    expect(
      screen.getByText("Cause : doute sur le masque. Ni direct, ni enregistrement avant contrôle."),
    ).toBeTruthy();
  });

  it("say that H.265 cannot be played here once both streams were tried", async () => {
    await wall(1);
    says(JSON.stringify({ type: "stream", codec: "hvc1.1.6.L93.B0", width: 1, height: 1 }));
    says(JSON.stringify({ type: "stream", codec: "hvc1.1.6.L93.B0", width: 1, height: 1 }));
    expect(await screen.findByText("Format non lisible ici")).toBeTruthy();
    const streams = SilentSocket.opened.map(({ url }) => url.slice(url.indexOf("stream=")));
    expect(new Set(streams)).toEqual(new Set(["stream=main", "stream=sub"]));
  });
});

describe("the wall's other states", () => {
  it("is empty before a camera is in service, and says what comes next", async () => {
    fakeServer(answers([camera(1, "enrolled")]));
    const { container } = renderPage("/mur");
    expect(await screen.findByText("Aucune caméra en service")).toBeTruthy();
    await expectAccessible(container);
  });

  it("shows alarms, worst first as they come, and offers to see what came before", async () => {
    const incident = {
      id: 1,
      camera: "valclair-c01",
      kind: "camera-unreachable",
      severity: "grave",
      what: "Caméra injoignable",
      todo: "",
      rule: "",
      opened_us: Date.now() * 1000 - 60_000_000,
      closed_us: null,
    };
    const { container } = await wall(2, { "GET /communes/valclair/incidents": { body: [incident] } });
    expect(await screen.findByRole("heading", { name: "Caméra injoignable" })).toBeTruthy();
    const link = screen.getByRole("link", { name: "Revoir à −10 s" });
    expect(link.getAttribute("href")).toContain("camera=valclair-c01");
    await expectAccessible(container);
  });
});
