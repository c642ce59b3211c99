import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import type { Role } from "../../api/session";
import { udegOf } from "../../api/siting";
import {
  type Answers,
  cameraPage,
  expectAccessible,
  fakeServer,
  CAMERA_ID as ID,
  renderPage,
} from "../../test/render";

const SENT = `POST /communes/valclair/cameras/${ID}/position`;
const POSITION = {
  camera: ID,
  latitude_udeg: 48_123_456,
  longitude_udeg: -2_345_678,
  direction_deg: 45,
  angle_deg: 70,
  reach_m: 45,
};

const answers = (role: Role, position: object | null, more: Answers = {}) =>
  cameraPage(role, { legal: { position } }, more);

async function fill(values: Record<string, string>) {
  await userEvent.click(await screen.findByRole("button", { name: /position…$/ }));
  const dialog = await screen.findByRole("dialog");
  for (const [label, value] of Object.entries(values)) {
    const field = within(dialog).getByLabelText(label);
    await userEvent.clear(field);
    await userEvent.type(field, value);
  }
  await userEvent.click(within(dialog).getByRole("button", { name: "Enregistrer" }));
  return dialog;
}

describe("a camera's position", () => {
  it("is typed in degrees, with a comma or a point, and sent in millionths", async () => {
    const calls = fakeServer(answers("installer", null, { [SENT]: { status: 201, body: {} } }));
    const { container } = renderPage(`/cameras/${ID}`);
    await screen.findByText("Position non notée");
    await expectAccessible(container);
    await fill({
      Latitude: "48,123456",
      Longitude: "-2.345678",
      "Direction, en degrés": "45",
      "Champ, en degrés": "70",
      "Portée, en mètres": "45",
    });
    await screen.findByText("Position notée.");
    const { camera: _, ...sent } = POSITION;
    expect(calls.list.find(({ call }) => call === SENT)?.body).toEqual(sent);
  });

  it("is refused with the server's words, and what was typed stays", async () => {
    const title = "La position 0, 0 est en pleine mer.";
    const problem = { type: "urn:guet:bad-input", title, status: 400, detail: title, rule: "P-22", todo: "" };
    fakeServer(answers("mayor", POSITION, { [SENT]: { status: 400, body: problem } }));
    renderPage(`/cameras/${ID}`);
    const dialog = await fill({ Latitude: "0", Longitude: "0" });
    await within(dialog).findByText(title);
    expect((within(dialog).getByLabelText("Champ, en degrés") as HTMLInputElement).value).toBe("70");
  });

  it("is shown to those who do not note it, in words", async () => {
    fakeServer(answers("auditor", { ...POSITION, angle_deg: 360 }));
    const { container } = renderPage(`/cameras/${ID}`);
    await screen.findByText("48.123456, -2.345678");
    expect(container.textContent).toContain("tous côtés");
    expect(screen.queryByRole("button", { name: /position…$/ })).toBeNull();
  });

  it.each([
    ["48,123456", 48_123_456],
    [" -2.3456785 ", -2_345_678],
    ["0", 0],
    ["48.12.3", Number.NaN],
    ["48°07", Number.NaN],
    ["1e5", Number.NaN],
    ["", Number.NaN],
  ])("reads %j as %d", (text, udeg) => {
    expect(udegOf(text)).toBe(udeg);
  });
});
