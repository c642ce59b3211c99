import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import type { Role } from "../../api/session";
import { type Answers, cameraPage, fakeServer, CAMERA_ID as ID, renderPage } from "../../test/render";

const SENT = `POST /communes/valclair/cameras/${ID}/objective`;
const TERMS = {
  modifications: {},
  objectives: {
    discern: { fr: "Discerner : lever un doute", en: "Discern: settle a doubt", px_m: 80 },
    validate: { fr: "Valider : identifier une personne", en: "Validate: identify a person", px_m: 500 },
  },
};
const POSITION = {
  latitude_udeg: 48_123_456,
  longitude_udeg: 2_345_678,
  direction_deg: 45,
  angle_deg: 90,
  reach_m: 8,
};

const answers = (role: Role, camera: object, more: Answers = {}) =>
  cameraPage(role, camera, { "GET /terms": { body: TERMS }, ...more });

async function openedAct() {
  await userEvent.click(await screen.findByRole("button", { name: /objectif…$/ }));
  return screen.findByRole("dialog");
}

describe("a camera's objective", () => {
  it("is chosen from the rulebook and sent with its hours", async () => {
    const calls = fakeServer(answers("installer", {}, { [SENT]: { status: 201, body: {} } }));
    renderPage(`/cameras/${ID}`);
    await screen.findByText("Objectif non noté");
    const dialog = await openedAct();
    const level = within(dialog).getByLabelText("Objectif");
    expect((level as HTMLSelectElement).value).toBe("");
    await userEvent.selectOptions(level, "Valider : identifier une personne (500 px/m)");
    await userEvent.type(within(dialog).getByLabelText("Indisponibilité admise, en heures"), "24");
    await userEvent.click(within(dialog).getByRole("button", { name: "Enregistrer" }));
    await screen.findByText("Objectif noté.");
    expect(calls.list.find(({ call }) => call === SENT)?.body).toEqual({
      level: "validate",
      outage_hours: 24,
    });
  });

  it("is refused with the server's words, and what was typed stays", async () => {
    const title = "Cette caméra n’est pas de Valclair.";
    const problem = { type: "urn:guet:refused", title, status: 403, detail: title, rule: "P-62", todo: "" };
    const objective = { level: "discern", outage_hours: 72 };
    fakeServer(answers("mayor", { legal: { objective } }, { [SENT]: { status: 403, body: problem } }));
    renderPage(`/cameras/${ID}`);
    const dialog = await openedAct();
    await userEvent.click(within(dialog).getByRole("button", { name: "Enregistrer" }));
    await within(dialog).findByText(title);
    expect((within(dialog).getByLabelText("Objectif") as HTMLSelectElement).value).toBe("discern");
  });

  it.each([
    [{ px_m: 84, asked_px_m: 80, holds: true }, "84 px/m à 8 m", /^oui$/],
    [{ px_m: 79, asked_px_m: 80, holds: false }, "79 px/m à 8 m", /^non, trop peu/],
  ])("is shown to those who do not note it, with its density: %o", async (density, told, verdict) => {
    const objective = { level: "discern", outage_hours: 4 };
    fakeServer(answers("auditor", { density, legal: { position: POSITION, objective } }));
    renderPage(`/cameras/${ID}`);
    await screen.findByText("Discerner : lever un doute (80 px/m)");
    await screen.findByText(told);
    await screen.findByText(verdict);
    await screen.findByText("4 h");
    expect(screen.queryByRole("button", { name: /objectif…$/ })).toBeNull();
  });

  it("has a density and no verdict while none is noted", async () => {
    const density = { px_m: 84, asked_px_m: null, holds: null };
    fakeServer(answers("auditor", { density, legal: { position: POSITION } }));
    renderPage(`/cameras/${ID}`);
    await screen.findByText("84 px/m à 8 m");
    await screen.findByText("Objectif non noté");
    expect(screen.queryByText("Objectif tenu")).toBeNull();
  });

  it("has no verdict where a figure is missing", async () => {
    const objective = { level: "discern", outage_hours: 4 };
    fakeServer(answers("officer", { density: null, legal: { position: POSITION, objective } }));
    renderPage(`/cameras/${ID}`);
    await screen.findByText(/^non calculée/);
    expect(screen.queryByText("Objectif tenu")).toBeNull();
  });
});
