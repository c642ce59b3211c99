import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import type { Authorisations, Order } from "../../api/authorisations";
import { nowUs } from "../../i18n/format";
import {
  type Answers,
  type Calls,
  expectAccessible,
  fakeServer,
  PURPOSES,
  renderPage,
  sessionAs,
} from "../../test/render";
import { termsOf } from "./OrderTerms";

const DAY_US = 86_400_000_000;
const ORDER: Order = {
  id: "o-1",
  reference: "2022-0718",
  prefect: "Le préfet",
  from_us: nowUs() - 900 * DAY_US,
  until_us: nowUs() + 60 * DAY_US,
  max_days: 15,
  min_days: null,
  purposes: ["5"],
  allowed_roles: [],
  cameras: [],
};
const LATER: Order = {
  ...ORDER,
  id: "o-2",
  reference: "2026-0999",
  from_us: nowUs() + DAY_US,
  replaces: "o-1",
};
const words = (fr: string) => ({ fr, en: fr });
const TERMS = {
  regimes: { voie_publique: words("Voie publique"), lieu_ouvert: words("Lieu ouvert au public") },
  recipients: { gendarmerie: words("Gendarmerie nationale"), sdis: words("Secours") },
  provisional_grounds: { event: words("Événement"), urgency: words("Urgence") },
  modifications: { moved: words("Caméra déplacée"), purpose: words("Finalité nouvelle") },
  objectives: {},
  groupings: {},
  members: {},
  conventions: {},
  pooling_forms: {},
};
const CAMERA = {
  id: "valclair-c07",
  commune: "valclair",
  number: 7,
  name: "Halle",
  place: "Place",
  streams: [],
  main_profile: {},
  sub_profile: {},
  clock_offset_ms: 0,
  legal: {
    order: "o-1",
    purposes: ["5"],
    state: "in_service",
    states: [{ state: "in_service", since_us: 1 }],
  },
};

function answers(more: Answers = {}, orders: Order[] = [ORDER]): Answers {
  const told: Authorisations = {
    orders,
    cnil: null,
    public: { controller: "", officer: "", rights: "" },
    modifications: [],
  };
  return {
    "GET /session": { body: sessionAs("mayor", { step_up_until_us: nowUs() + DAY_US }) },
    "GET /purposes": { body: PURPOSES },
    "GET /terms": { body: TERMS },
    "GET /communes/valclair/requests": { body: { requests: [] } },
    "GET /communes/valclair/cameras": { body: [CAMERA] },
    "GET /communes/valclair/groupings": { body: { groupings: [] } },
    "GET /communes/valclair/authorisations": { body: told },
    "POST /communes/valclair/authorisations": { body: { order: "o-2" } },
    ...more,
  };
}

const sent = (calls: Calls, end: string) =>
  calls.list.find(({ call }) => call.startsWith("POST") && call.endsWith(end))?.body as Record<
    string,
    unknown
  >;

describe("orders", () => {
  it("records all that an order’s text says: what it renews, whom it admits, its recipients, its ground", async () => {
    const user = userEvent.setup();
    fakeServer(answers());
    renderPage("/autorisation");
    await user.click(await screen.findByRole("button", { name: "Enregistrer un arrêté" }));
    const dialog = await screen.findByRole("dialog");
    const field = (name: string | RegExp) => within(dialog).getByLabelText(name);
    await user.selectOptions(await within(dialog).findByLabelText("Renouvelle ou remplace"), "2022-0718");
    await user.selectOptions(field("Régime des lieux"), "lieu_ouvert");
    await user.click(field(/Halle/));
    await user.click(field("Police municipale"));
    await user.click(field("Gendarmerie nationale"));
    await user.type(field("Modalités d’accès"), "renvoi au poste");
    await user.click(field(/Autorisation provisoire/));
    await user.selectOptions(field("Pourquoi elle est provisoire"), "urgency");
    await user.upload(
      field("Texte signé (facultatif)"),
      new File(["arrêté"], "arrete.pdf", { type: "application/pdf" }),
    );
    await within(dialog).findByText(/^Empreinte :/);
    const form = dialog.querySelector("form");
    const body = termsOf(new FormData(form as HTMLFormElement));
    expect(body).toMatchObject({
      replaces: "o-1",
      regime: "lieu_ouvert",
      cameras: ["valclair-c07"],
      allowed_roles: ["officer"],
      recipients: ["gendarmerie"],
      modalities: "renvoi au poste",
      provisional: true,
      ground: "urgency",
      event_end: null,
    });
    expect(body.document_sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it("counts down the order in force, not the one that will follow it", async () => {
    fakeServer(answers({}, [LATER, ORDER]));
    renderPage("/autorisation");
    expect(await screen.findByRole("region", { name: "Échéance de l’arrêté 2022-0718" })).toBeTruthy();
    expect(screen.getByRole("heading", { level: 3, name: "2026-0999" })).toBeTruthy();
  });

  it("an urgency has no event, and an order already replaced is not offered", async () => {
    const user = userEvent.setup();
    fakeServer(answers({}, [ORDER, LATER]));
    renderPage("/autorisation");
    await user.click(await screen.findByRole("button", { name: "Enregistrer un arrêté" }));
    const dialog = await screen.findByRole("dialog");
    const former = await within(dialog).findByLabelText("Renouvelle ou remplace");
    expect(
      within(former)
        .getAllByRole("option")
        .map((one) => one.textContent),
    ).toEqual(["aucun arrêté", "2026-0999"]);
    await user.click(within(dialog).getByLabelText(/Autorisation provisoire/));
    await user.selectOptions(within(dialog).getByLabelText("Pourquoi elle est provisoire"), "urgency");
    expect(within(dialog).queryByRole("spinbutton", { name: /événement/ })).toBeNull();
  });

  it("notes the préfet’s withdrawal, and says how many cameras stop", async () => {
    const user = userEvent.setup();
    const calls = fakeServer(
      answers({ "POST /communes/valclair/authorisations/o-1/withdraw": { body: {} } }),
    );
    const { container } = renderPage("/autorisation");
    await user.click(await screen.findByRole("button", { name: /retrait par le préfet/ }));
    const dialog = await screen.findByRole("dialog");
    expect(within(dialog).getByText(/pour 1 caméra/)).toBeTruthy();
    await user.type(within(dialog).getByLabelText("Décision du préfet"), "Décision 12");
    await user.click(within(dialog).getByRole("button", { name: "Confirmer le retrait" }));
    await waitFor(() => expect(sent(calls, "/withdraw")).toMatchObject({ reference: "Décision 12" }));
    await expectAccessible(container);
  });
});

describe("a camera that waits", () => {
  const camera = (legal: object): Answers => ({
    "GET /cameras/valclair-c07": { body: { ...CAMERA, legal: { ...CAMERA.legal, ...legal } } },
    "GET /cameras/valclair-c07/zones": { body: { zone_sets: [] } },
    "GET /communes/valclair/incidents": { body: [] },
  });

  it("declares a change, which stops it", async () => {
    const user = userEvent.setup();
    const path = "POST /communes/valclair/cameras/valclair-c07/changes";
    const calls = fakeServer(answers({ ...camera({}), [path]: { body: {} } }));
    renderPage("/cameras/valclair-c07");
    await user.click(await screen.findByRole("button", { name: "Déclarer une modification…" }));
    const dialog = await screen.findByRole("dialog");
    await user.selectOptions(within(dialog).getByLabelText("Ce qui change"), "purpose");
    await user.click(within(dialog).getByRole("button", { name: "Déclarer et arrêter la caméra" }));
    await waitFor(() => expect(sent(calls, "/changes")).toEqual({ kind: "purpose", motive: "" }));
  });

  it("says since when and why it is suspended, or what lapsed, with the way to ask why", async () => {
    fakeServer(answers(camera({ state: "suspended", stop_motive: "mât heurté" })));
    const first = renderPage("/cameras/valclair-c07");
    expect(await screen.findByText(/Motif.:.mât heurté/)).toBeTruthy();
    first.unmount();
    const viewing = { rule: "P-27", what: "Une modification attend un nouvel arrêté.", todo: "" };
    fakeServer(answers(camera({ viewing })));
    renderPage("/cameras/valclair-c07");
    expect(await screen.findByText("Une modification attend un nouvel arrêté.")).toBeTruthy();
    const links = screen.getAllByRole("link", { name: /Pourquoi/ }).map((one) => one.getAttribute("href"));
    expect(links).toContain("/pourquoi?acte=live&camera=valclair-c07");
  });
});
