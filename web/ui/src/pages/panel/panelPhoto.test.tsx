import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import type { Role } from "../../api/session";
import {
  type Answers,
  cameraPage,
  expectAccessible,
  fakeServer,
  CAMERA_ID as ID,
  renderPage,
} from "../../test/render";

const DAY_US = 1_795_478_400_000_000;
const SENT = `POST /communes/valclair/cameras/${ID}/panel-photo`;
const PANEL = { date_us: DAY_US, place: "Entrée de la halle", photo: null };
const PHOTO = { date_us: DAY_US, place: "Entrée de la halle", sha256: "ab".repeat(32) };

const answers = (role: Role, panel: object | null, more: Answers = {}) =>
  cameraPage(role, { legal: { panel } }, more);

/** The stand-in browser sends files empty; a real one sends the bytes (`tests/browser`). */
const FILE = new File(["7"], "panneau.jpg", { type: "image/jpeg" });

async function send() {
  await userEvent.click(await screen.findByRole("button", { name: "Ajouter une photographie…" }));
  const dialog = await screen.findByRole("dialog");
  await userEvent.upload(within(dialog).getByLabelText("Fichier"), FILE);
  await userEvent.click(within(dialog).getByRole("button", { name: "Envoyer" }));
  return dialog;
}

describe("the photograph of a posted notice", () => {
  it("is sent once, after asking for an empty street", async () => {
    const calls = fakeServer(answers("installer", PANEL, { [SENT]: { status: 201, body: {} } }));
    renderPage(`/cameras/${ID}`);
    const dialog = await send();
    expect(dialog.textContent).toContain("sans passant");
    await screen.findByText("Photographie gardée.");
    expect(calls.list.filter(({ call }) => call === SENT)).toHaveLength(1);
  });

  it("is refused with what the file is, and the dialog keeps what was typed", async () => {
    const title = "Ce fichier est un PDF, pas une photographie JPEG ou PNG.";
    const body = {
      type: "urn:guet:bad-input",
      title,
      status: 400,
      detail: title,
      rule: "P-80",
      todo: "Reprenez.",
    };
    fakeServer(answers("chief", PANEL, { [SENT]: { status: 400, body } }));
    renderPage(`/cameras/${ID}`);
    const dialog = await send();
    await within(dialog).findByText(title);
    expect(screen.queryByText("Photographie gardée.")).toBeNull();
  });

  it("is shown with its place and its day, and not asked of those who note no panel", async () => {
    fakeServer(answers("auditor", { ...PANEL, photo: PHOTO }));
    const { container } = renderPage(`/cameras/${ID}`);
    const picture = await screen.findByRole("img", { name: "Le panneau posé, Entrée de la halle" });
    expect(picture.getAttribute("src")).toBe(
      `/api/v1/communes/valclair/cameras/${ID}/panel-photo?v=abababababab`,
    );
    expect(container.textContent).toMatch(/photographié le/);
    expect(screen.queryByRole("button", { name: /photographie…/ })).toBeNull();
    await expectAccessible(container);
  });

  it("waits for the notice to be posted", async () => {
    fakeServer(answers("installer", null));
    renderPage(`/cameras/${ID}`);
    await screen.findByRole("heading", { name: "07 Halle" });
    expect(screen.queryByText("Pas encore de photographie")).toBeNull();
  });
});
