import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import type { Convention, Grouping, Terms } from "../../api/pooling";
import { nowUs } from "../../i18n/format";
import { type Answers, expectAccessible, fakeServer, renderPage, sessionAs } from "../../test/render";

const DAY_US = 86_400_000_000;
const BODY: Grouping = {
  id: "g-1",
  kind: "epci",
  article: "CSI L132-14 I",
  may_pool: true,
  name: "Pays de Brume",
  reference: "Statuts",
  members: ["commune"],
  chair: "epci_president",
  consent_ref: "Délib. 3",
  consent_us: nowUs() - 90 * DAY_US,
  consent_ended_us: null,
  consents: true,
  stops: ["CSU 2", "CSU 4"],
};
const CONVENTION: Convention = {
  id: "c-1",
  kind: "state",
  kind_fr: "Intervention",
  reference: "C 1",
  parties: "commune, préfet",
  from_us: nowUs() - 400 * DAY_US,
  until_us: nowUs() - DAY_US,
  valid: false,
  form: "",
};
const words = (fr: string) => ({ fr, en: fr });
const TERMS: Terms = {
  regimes: {},
  recipients: {},
  provisional_grounds: {},
  modifications: {},
  objectives: {},
  groupings: {
    epci: { ...words("Intercommunalité"), article: "CSI L132-14 I", members: ["commune"], chairs: [] },
  },
  members: { commune: words("Commune"), region: words("Région") },
  conventions: { police_pooling: { fr: "Mise en commun", rule: "P-61", forms: ["event"] } },
  pooling_forms: { event: { ...words("Manifestation"), article: "CSI L512-3", months: 4 } },
};

function answers(role: "mayor" | "auditor", groupings: Grouping[]): Answers {
  return {
    "GET /session": { body: sessionAs(role, { step_up_until_us: nowUs() + DAY_US }) },
    "GET /communes/valclair/cameras": { body: [] },
    "GET /communes/valclair/requests": { body: { requests: [] } },
    "GET /communes/valclair/groupings": { body: { groupings } },
    "GET /communes/valclair/conventions": { body: { conventions: [CONVENTION] } },
    "GET /terms": { body: TERMS },
    "POST /communes/valclair/groupings/g-1/consent": { body: { grouping: "g-1" } },
    "POST /communes/valclair/groupings": { body: { grouping: "g-2" } },
  };
}

const sent = (calls: { list: { call: string; body: unknown }[] }) =>
  calls.list.filter(({ call }) => call.startsWith("POST"));

describe("pooling", () => {
  it("says whose views end before the consent is taken back, which counts from now on", async () => {
    const user = userEvent.setup();
    const calls = fakeServer(answers("mayor", [BODY]));
    const { container } = renderPage("/mutualisation");
    expect(await screen.findByText(/Ces droits reposent sur cet accord : CSU 2, CSU 4/)).toBeTruthy();
    await expectAccessible(container);
    const before = nowUs();
    await user.click(screen.getByRole("button", { name: "Retirer l’accord…" }));
    const dialog = await screen.findByRole("dialog");
    expect(within(dialog).getByText(/2 personnes perdent/)).toBeTruthy();
    await user.type(within(dialog).getByLabelText("Délibération"), "Délib. 2026-41");
    await user.click(within(dialog).getByRole("button", { name: "Confirmer le retrait" }));
    await waitFor(() => expect(sent(calls)).toHaveLength(1));
    const { reference, date, agree } = (sent(calls)[0]?.body ?? {}) as Record<string, number>;
    expect([reference, agree]).toEqual(["Délib. 2026-41", false]);
    // Not midnight: what was watched this morning was lawful.
    expect(date).toBeGreaterThanOrEqual(before);
  });

  it("records a body with the members that its statutes name", async () => {
    const user = userEvent.setup();
    const calls = fakeServer(answers("mayor", []));
    renderPage("/mutualisation");
    expect(await screen.findByText("La commune ne mutualise pas")).toBeTruthy();
    await user.click(screen.getByRole("button", { name: "Enregistrer un organisme" }));
    const dialog = await screen.findByRole("dialog");
    await user.type(await within(dialog).findByLabelText("Nom"), "Pays de Brume");
    await user.type(within(dialog).getByLabelText("Statuts"), "Arrêté 12");
    await user.click(within(dialog).getByLabelText("Région"));
    await user.click(within(dialog).getByRole("button", { name: "Enregistrer l’organisme" }));
    await waitFor(() =>
      expect(sent(calls)[0]?.body).toEqual({
        kind: "epci",
        name: "Pays de Brume",
        reference: "Arrêté 12",
        members: ["commune", "region"],
        chair: "mayor",
      }),
    );
  });

  it("shows an auditor everything and no act", async () => {
    fakeServer(answers("auditor", [{ ...BODY, consents: false, consent_ended_us: nowUs(), stops: [] }]));
    renderPage("/mutualisation");
    expect(await screen.findByText("Accord retiré")).toBeTruthy();
    expect(await screen.findByText("Échue")).toBeTruthy();
    expect(screen.queryByRole("button", { name: /accord|Enregistrer/ })).toBeNull();
  });
});
