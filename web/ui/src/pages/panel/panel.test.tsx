import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import type { PublicPage } from "../../api/public";
import { type Answers, expectAccessible, fakeServer, renderPage } from "../../test/render";

const TOLD: PublicPage = {
  commune: "valclair",
  name: "Valclair-sur-Brume",
  controller: "Mairie, place du Puits",
  officer: "dpo@valclair.example",
  rights: "Guichet, de 9 h à 12 h.",
  cnil_reference: "2 214 077",
  cameras: 4,
  purposes: [{ id: "5", fr: "Prévention des atteintes", en: "Prevention of harm", regime: "police-justice" }],
  orders: [
    { reference: "2022-0718", prefect: "P", from_us: 1, until_us: 2, max_days: 15, recipients: [] },
    { reference: "2026-0999", prefect: "P", from_us: 1, until_us: 2, max_days: 10, recipients: [] },
  ],
};
const CODE = { address: "https://guet.example/information/valclair", code: "data:image/svg+xml,%3Csvg/%3E" };

function answers(told: Partial<PublicPage> = {}, code: object = CODE): Answers {
  return {
    "GET /session": { status: 401, body: { type: "urn:guet:unauthenticated", title: "x", status: 401 } },
    "GET /public/communes/valclair": { body: { ...TOLD, ...told } },
    "GET /public/communes/valclair/panel": { body: code },
  };
}

describe("the street panel", () => {
  it("says everything that the law wants on it, in French, and prints", async () => {
    const user = userEvent.setup();
    const print = vi.fn();
    vi.stubGlobal("print", print);
    fakeServer(answers());
    const { container } = renderPage("/information/valclair/panneau");
    const panel = await screen.findByRole("article");
    expect(panel.getAttribute("lang")).toBe("fr");
    expect(within(panel).getByRole("img", { name: "Caméra" })).toBeTruthy();
    for (const words of [/place du Puits/, /Prévention des atteintes/, /15 jours au plus/, /CNIL/, /Guichet/])
      expect(panel.textContent).toMatch(words);
    expect(
      within(panel)
        .getByRole("img", { name: /guet.example/ })
        .getAttribute("src"),
    ).toBe(CODE.code);
    await expectAccessible(container);
    await user.click(screen.getByLabelText(/A3/));
    expect(panel.className).toContain("panel-a3");
    await user.click(screen.getByRole("button", { name: "Imprimer" }));
    expect(print).toHaveBeenCalledOnce();
  });

  it("is not offered while something that must be on it is not known", async () => {
    fakeServer(answers({ controller: "", orders: [] }));
    renderPage("/information/valclair/panneau");
    expect(await screen.findByText(/le responsable, un arrêté en vigueur/)).toBeTruthy();
    expect(screen.queryByRole("article")).toBeNull();
  });

  it("takes smaller type for a long text, and leaves nothing out", async () => {
    const rights = `${"Guichet des droits, ".repeat(50)}fin.`;
    fakeServer(answers({ rights }));
    renderPage("/information/valclair/panneau");
    const panel = await screen.findByRole("article");
    expect(panel.className).toContain("panel-full");
    expect(panel.textContent).toContain(rights);
  });

  it("has no code rather than a wrong one", async () => {
    fakeServer(answers({}, { address: "", code: "" }));
    renderPage("/information/valclair/panneau");
    const panel = await screen.findByRole("article");
    expect(within(panel).queryByRole("img", { name: /Code/ })).toBeNull();
    expect(screen.getByText(/adresse publique du service/)).toBeTruthy();
  });
});
