import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import type { CertificateShown } from "../../api/provisioning";
import type { Role } from "../../api/session";
import {
  type Answers,
  cameraPage,
  expectAccessible,
  fakeServer,
  CAMERA_ID as ID,
  renderPage,
} from "../../test/render";

const KEPT = "aa".repeat(32);
const NEW = "bb".repeat(32);
const order = (kind: string, more: object) => ({
  id: kind,
  commune: "valclair",
  kind,
  status: "done",
  progress: {},
  error: {},
  camera: ID,
  created_us: 0,
  updated_us: 0,
  ...more,
});

const look = (certificates: CertificateShown[]) => order("look", { progress: { steps: [], certificates } });

const answers = (role: Role, more: Answers, camera: object = {}) =>
  cameraPage(role, camera, {
    "POST /communes/valclair/certificates/look": { status: 202, body: look([]) },
    ...more,
  });

const DIFFERENT = [
  { of: "services", kept: KEPT, shown: NEW },
  { of: "main", kept: KEPT, shown: KEPT },
];
const SEE = { name: "Voir ce qu’elle montre" };
const KEEP = { name: "Retenir le nouveau certificat…" };

describe("a camera's new certificate", () => {
  it("is shown beside the kept one, and kept once somebody says to have checked on the spot", async () => {
    const calls = fakeServer(
      answers("installer", {
        "GET /orders/look": { body: look(DIFFERENT) },
        "POST /communes/valclair/certificates": { status: 202, body: order("renew", {}) },
        "GET /orders/renew": {
          body: order("renew", { progress: { steps: [{ name: "keep", words: "", state: "done" }] } }),
        },
      }),
    );
    const { container } = renderPage(`/cameras/${ID}`);
    expect(screen.queryByRole("button", KEEP)).toBeNull();
    await userEvent.click(await screen.findByRole("button", SEE));
    await screen.findByText("Différent");
    expect(container.textContent).toContain("bbbb bbbb");
    await expectAccessible(container);
    await userEvent.click(screen.getByRole("button", KEEP));
    const dialog = await screen.findByRole("dialog");
    const confirm = within(dialog).getByRole("button", { name: "Retenir ce certificat" });
    const checked = within(dialog).getByRole("checkbox", { name: /vérifié sur place/ });
    expect((checked as HTMLInputElement).required).toBe(true);
    await userEvent.click(checked);
    await userEvent.click(confirm);
    await screen.findByText("Le nouveau certificat est retenu.");
    expect(calls.list.find(({ call }) => call === "POST /communes/valclair/certificates")?.body).toEqual({
      camera: ID,
      seen: { services: NEW, main: KEPT },
    });
    expect(screen.queryByRole("button", KEEP)).toBeNull();
  });

  it("is not offered where nothing differs", async () => {
    fakeServer(
      answers("chief", {
        "GET /orders/look": { body: look([{ of: "services", kept: KEPT, shown: KEPT }]) },
      }),
    );
    renderPage(`/cameras/${ID}`);
    await userEvent.click(await screen.findByRole("button", SEE));
    await screen.findByText("Inchangé");
    expect(screen.queryByRole("button", KEEP)).toBeNull();
  });

  it("says why the camera refused, and what remains as it was", async () => {
    const error = {
      what: "La caméra ne montre plus le certificat que vous avez confirmé.",
      todo: "Rien n’a changé.",
    };
    fakeServer(
      answers("mayor", {
        "GET /orders/look": { body: look(DIFFERENT) },
        "POST /communes/valclair/certificates": { status: 202, body: order("renew", {}) },
        "GET /orders/renew": {
          body: order("renew", { status: "failed", error: { ...error, rule: "A-01" } }),
        },
      }),
    );
    renderPage(`/cameras/${ID}`);
    await userEvent.click(await screen.findByRole("button", SEE));
    await userEvent.click(await screen.findByRole("button", KEEP));
    const dialog = await screen.findByRole("dialog");
    await userEvent.click(within(dialog).getByRole("checkbox", { name: /vérifié sur place/ }));
    await userEvent.click(within(dialog).getByRole("button", { name: "Retenir ce certificat" }));
    await screen.findByText(error.what);
    expect(screen.queryByText("Le nouveau certificat est retenu.")).toBeNull();
  });

  it.each([
    ["an officer, who gives no such order", "officer", {}],
    ["a camera that encrypts nothing", "chief", { tls: false }],
  ] as const)("is nothing to %s", async (_, role, camera) => {
    fakeServer(answers(role, {}, camera));
    renderPage(`/cameras/${ID}`);
    await screen.findByRole("heading", { name: "07 Halle" });
    expect(screen.queryByRole("button", SEE)).toBeNull();
  });
});
