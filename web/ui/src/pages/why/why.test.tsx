import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import type { Explanation } from "../../api/why";
import { toParisFields } from "../../i18n/format";
import { type Answers, expectAccessible, fakeServer, renderPage, sessionAs } from "../../test/render";

const AT = 1_732_370_400_000_000;
const reason = {
  rule: "P-58",
  article: "CSI R253-3",
  holds: true,
  ref: "",
  from_us: null,
  until_us: null,
  lapse: null,
};
const TOLD: Explanation = {
  person: "p-1",
  label: "Le maire",
  act: "live",
  camera: "valclair-c07",
  at_us: AT,
  name: "Valclair-sur-Brume",
  allowed: false,
  refusal: { rule: "P-80", what: "Le panneau n’est pas posé.", todo: "Posez-le.", article: "CSI R253-6" },
  parts: [
    {
      about: "habilitation",
      subject: "h-1",
      words: "Maire",
      used: true,
      holds: true,
      reasons: [
        { ...reason, element: "Habilitation en vigueur", ref: "Décision 12", from_us: AT - 86_400e6 },
      ],
    },
    {
      about: "camera",
      subject: "valclair-c07",
      words: "Halle",
      used: true,
      holds: false,
      reasons: [
        {
          ...reason,
          rule: "P-80",
          element: "Panneau d’information posé",
          holds: false,
          lapse: { rule: "P-80", what: "Le panneau n’est pas posé.", todo: "Posez-le." },
        },
        { ...reason, element: "Élément dit par un serveur plus récent" },
      ],
    },
    { about: "habilitation", subject: "h-0", words: "Secrétariat", used: false, holds: false, reasons: [] },
  ],
  known_since: { allowed: true, refusal: null },
};
const CAMERA = { id: "valclair-c07", name: "Halle", number: 7, legal: { state: "in_service" } };

function answers(role: "officer" | "auditor"): Answers {
  return {
    "GET /session": { body: sessionAs(role) },
    "GET /communes/valclair/cameras": { body: [CAMERA] },
    "GET /communes/valclair/requests": { body: { requests: [] } },
    "GET /communes/valclair/people": {
      body: { people: [{ person: "p-9", label: "Agent PM 07", habilitations: [] }] },
    },
    "GET /communes/valclair/explanations": { body: { ...TOLD, label: "Agent PM 07" } },
    "GET /communes/valclair/explanations/mine": { body: TOLD },
  };
}

describe("why", () => {
  it("tells a refused person each element, what is missing and its article, from the refusal’s link", async () => {
    const calls = fakeServer(answers("officer"));
    renderPage("/pourquoi?acte=live&camera=valclair-c07");
    const chain = await screen.findByRole("list", { name: "De la question à la réponse" });
    expect(within(chain).getByText("Réponse : refusé")).toBeTruthy();
    expect(within(chain).getByText(/Panneau d’information posé/).textContent).toMatch(/^Manque/);
    expect(within(chain).getByText(/Habilitation en vigueur/).textContent).toMatch(/^Rempli/);
    expect(within(chain).getByText("Élément dit par un serveur plus récent")).toBeTruthy();
    expect(within(chain).queryByText(/Secrétariat/)).toBeNull();
    expect(screen.getByText("Elle serait : permis.")).toBeTruthy();
    expect(screen.queryByLabelText("Personne")).toBeNull();
    expect(screen.queryByRole("option", { name: "Extraire" })).toBeNull();
    expect(calls.list.filter(({ call }) => call.endsWith("/people"))).toEqual([]);
    await expectAccessible(chain);
  });

  it("asks nothing by itself, then about somebody else at a typed instant", async () => {
    const user = userEvent.setup();
    const calls = fakeServer(answers("auditor"));
    const { router } = renderPage(`/pourquoi?t=${AT}`);
    await user.selectOptions(
      await screen.findByLabelText("Personne"),
      await screen.findByText("Agent PM 07"),
    );
    await screen.findByRole("option", { name: /Halle/ });
    await user.selectOptions(screen.getByLabelText("Acte"), "export");
    expect(calls.list.some(({ call }) => call.includes("explanations"))).toBe(false);
    await user.click(screen.getByRole("button", { name: "Expliquer" }));
    expect(await screen.findByText("Réponse : refusé")).toBeTruthy();
    expect(router.state.location.search).toMatchObject({
      personne: "p-9",
      acte: "export",
      camera: "valclair-c07",
      t: AT,
    });
    expect(toParisFields(AT).time).toBe("15:00:00");
  });

  it("shows the server’s refusal in place", async () => {
    const body = { type: "urn:guet:not-found", title: "Personne de ce nom n’est habilité ici.", status: 404 };
    fakeServer({ ...answers("auditor"), "GET /communes/valclair/explanations": { status: 404, body } });
    renderPage("/pourquoi?personne=p-8&acte=live&camera=valclair-c07");
    await waitFor(() => expect(screen.getByText("Personne de ce nom n’est habilité ici.")).toBeTruthy());
  });
});
