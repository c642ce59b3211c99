import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { type Answers, expectAccessible, fakeServer, PURPOSES, renderPage, sessionAs } from "../test/render";

const NOBODY: Answers = {
  "GET /session": {
    status: 401,
    body: { type: "urn:guet:unauthenticated", title: "Connectez-vous.", status: 401 },
  },
};
const HOUR_US = 3_600_000_000;
const NOW = Date.now() * 1000;

const REQUEST = {
  id: "d-0147",
  frame: "flagrance",
  authority: "Gendarmerie nationale",
  procedure_number: "4127/2026",
  cameras: ["valclair-c12"],
  from_us: NOW - 48 * HOUR_US,
  to_us: NOW - 47 * HOUR_US,
  motive: "Vol à l’arrivée d’un train",
  state: "registered",
  registered_by: "Secrétariat",
  registered_us: NOW - HOUR_US,
  answer_by_us: NOW + 24 * HOUR_US,
  hold: "g-1",
  decision: "",
  ground: "",
  decided_by: "",
  decided_us: null,
  package: {},
  fields: { authority: "Gendarmerie nationale", officer_number: "214873", offence: "Vol avec violences" },
  comment: "",
  hold_detail: { id: "g-1", provisional: true, until_us: NOW + 300 * HOUR_US, active: true },
  extract: null,
  may_extract: false,
  grounds: ["requester_not_established", "not_our_authority"],
  part_grounds: ["not_our_authority", "agreed_narrower"],
  asked: null,
};

const AS_MAYOR: Answers = {
  "GET /session": { body: sessionAs("mayor") },
  "GET /purposes": { body: PURPOSES },
  "GET /communes/valclair/cameras": { body: [] },
  "GET /communes/valclair/requests": { body: { requests: [REQUEST] } },
  "GET /requests/d-0147": { body: REQUEST },
};

describe("sign-in", () => {
  it("sends a stranger to the door and says what is missing at its field", async () => {
    fakeServer(NOBODY);
    const { container, router } = renderPage("/cameras");
    expect(await screen.findByRole("heading", { name: "Se connecter" })).toBeTruthy();
    expect(router.state.location.search).toEqual({ suite: "/cameras" });
    await userEvent.click(screen.getByRole("button", { name: "Continuer" }));
    const login = screen.getByLabelText("Identifiant");
    expect(login.getAttribute("aria-invalid")).toBe("true");
    expect(document.activeElement).toBe(login);
    await expectAccessible(container);
  });

  it("moves the focus to the server's refusal", async () => {
    fakeServer({
      ...NOBODY,
      "POST /session": {
        status: 401,
        body: {
          type: "urn:guet:unauthenticated",
          title: "Identifiant ou mot de passe inexact.",
          todo: "Vérifiez les deux.",
          status: 401,
        },
      },
    });
    renderPage("/connexion");
    await userEvent.type(await screen.findByLabelText("Identifiant"), "maire.valclair");
    await userEvent.type(screen.getByLabelText("Mot de passe"), "faux");
    await userEvent.click(screen.getByRole("button", { name: "Continuer" }));
    const refusal = await screen.findByText("Identifiant ou mot de passe inexact.");
    await waitFor(() => expect(document.activeElement?.contains(refusal)).toBe(true));
  });

  it("never follows an address outside the site", async () => {
    for (const away of [
      "//ailleurs.example",
      "https://ailleurs.example/x",
      "/\\\\ailleurs.example",
      "javascript:x",
    ]) {
      fakeServer({
        ...NOBODY,
        "POST /session": { body: sessionAs("officer", { acting: null }) },
        "GET /purposes": { body: PURPOSES },
      });
      const { router, unmount } = renderPage(`/connexion?suite=${encodeURIComponent(away)}`);
      await userEvent.type(await screen.findByLabelText("Identifiant"), "agent");
      await userEvent.type(screen.getByLabelText("Mot de passe"), "secret");
      await userEvent.click(screen.getByRole("button", { name: "Continuer" }));
      await waitFor(() => expect(router.state.location.pathname).toBe("/commune"));
      expect(router.state.location.search).toEqual({});
      unmount();
    }
  });
});

describe("choice of commune", () => {
  it("shows an unavailable commune as text with its reason, not as a dead choice", async () => {
    const session = sessionAs("officer", { acting: null });
    session.communes.push({
      id: "motte",
      name: "La Motte-Brume",
      role: "officer",
      available: false,
      reason: "Convention échue depuis le 20 novembre 2026.",
      rule: "P-61",
      until_us: null,
      purposes: [],
    });
    const calls = fakeServer({
      "GET /session": { body: session },
      "GET /purposes": { body: PURPOSES },
      "POST /session/act": { body: sessionAs("officer") },
      "GET /communes/valclair/cameras": { body: [] },
    });
    const { container } = renderPage("/commune");
    expect(await screen.findByText(/Convention échue/)).toBeTruthy();
    expect(screen.getAllByRole("radio")).toHaveLength(1);
    await expectAccessible(container);
    await userEvent.click(screen.getByRole("button", { name: /Agir pour Valclair/ }));
    await waitFor(() =>
      expect(calls.list).toContainEqual({
        call: "POST /session/act",
        body: { commune: "valclair", purpose: "5", motive: "" },
      }),
    );
  });
});

describe("navigation", () => {
  it("shows a secretary requests and nothing of images", async () => {
    fakeServer({ ...AS_MAYOR, "GET /session": { body: sessionAs("secretary") } });
    renderPage("/demandes");
    const nav = await screen.findByRole("navigation", { name: "Navigation principale" });
    expect(
      within(nav)
        .getAllByRole("link")
        .map((link) => link.getAttribute("href")),
    ).toEqual(["/demandes"]);
  });

  it("keeps the host's administrator out of every page of a commune", async () => {
    const session = sessionAs("host_admin", { acting: null });
    session.person.host_admin = true;
    fakeServer({ "GET /session": { body: session } });
    const { router } = renderPage("/cameras");
    expect(await screen.findByText(/aucun sur les images/)).toBeTruthy();
    expect(router.state.location.pathname).toBe("/hebergeur");
  });
});

describe("the mayor's decision", () => {
  it("says who, what, why, until when on one screen, and approves after the password", async () => {
    const user = userEvent.setup();
    const calls = fakeServer({
      ...AS_MAYOR,
      "POST /session/step-up": { body: sessionAs("mayor", { step_up_until_us: NOW + HOUR_US }) },
      "POST /requests/d-0147/decision": { body: { request: "d-0147", state: "approved" } },
    });
    const { container } = renderPage("/decision/d-0147");
    expect(
      await screen.findByRole("heading", { level: 1, name: /Gendarmerie nationale demande 1\sh d’images/ }),
    ).toBeTruthy();
    for (const word of ["Qui demande", "Quoi", "Pourquoi", "Cadre légal"])
      expect(screen.getByText(word)).toBeTruthy();
    await expectAccessible(container);
    await user.click(screen.getByRole("button", { name: "Autoriser l’extraction" }));
    await user.type(await screen.findByLabelText("Mot de passe"), "un long mot de passe");
    await user.click(screen.getByRole("button", { name: "Confirmer" }));
    await waitFor(() =>
      expect(calls.list.filter(({ call }) => call.startsWith("POST"))).toEqual([
        { call: "POST /session/step-up", body: { password: "un long mot de passe" } },
        { call: "POST /requests/d-0147/decision", body: { decision: "execute" } },
      ]),
    );
  });

  it("cannot refuse without a legal ground (P-74)", async () => {
    const user = userEvent.setup();
    const calls = fakeServer({
      ...AS_MAYOR,
      "GET /session": { body: sessionAs("mayor", { step_up_until_us: NOW + HOUR_US }) },
      "POST /requests/d-0147/decision": { body: {} },
    });
    renderPage("/decision/d-0147");
    await user.click(await screen.findByRole("button", { name: "Refuser…" }));
    const dialog = await screen.findByRole("dialog");
    expect(within(dialog).getAllByRole("radio")).toHaveLength(2);
    await user.click(within(dialog).getByRole("button", { name: "Confirmer le refus" }));
    expect(within(dialog).getByText("Choisissez un motif de droit.")).toBeTruthy();
    expect(calls.list.some(({ call }) => call.endsWith("/decision"))).toBe(false);
    await user.click(within(dialog).getByLabelText(/Hors de notre autorité/));
    await expectAccessible(dialog);
    await user.click(within(dialog).getByRole("button", { name: "Confirmer le refus" }));
    await waitFor(() =>
      expect(calls.list.find(({ call }) => call.endsWith("/decision"))?.body).toEqual({
        decision: "refuse",
        ground: "not_our_authority",
        comment: "",
      }),
    );
  });

  it("carries out in part only what was asked, less something, on a ground (P-74)", async () => {
    const user = userEvent.setup();
    const asked = { ...REQUEST, cameras: ["valclair-c12", "valclair-c14"] };
    const calls = fakeServer({
      ...AS_MAYOR,
      "GET /session": { body: sessionAs("mayor", { step_up_until_us: NOW + HOUR_US }) },
      "GET /requests/d-0147": { body: asked },
      "POST /requests/d-0147/decision": { body: {} },
    });
    renderPage("/decision/d-0147");
    await user.click(await screen.findByRole("button", { name: "Exécuter en partie…" }));
    const dialog = await screen.findByRole("dialog");
    const send = within(dialog).getByRole("button", { name: "Autoriser cette part" });
    await user.click(send);
    expect(within(dialog).getByText("Choisissez un motif de droit.")).toBeTruthy();
    await user.click(within(dialog).getByLabelText(/Réduite avec l’accord/));
    await user.click(send);
    expect(within(dialog).getByText(/Vous n’avez rien retiré/)).toBeTruthy();
    await user.click(within(dialog).getByLabelText("valclair-c14"));
    await user.click(within(dialog).getByLabelText("valclair-c12"));
    await user.click(send);
    expect(within(dialog).getByText(/Gardez au moins une caméra/)).toBeTruthy();
    expect(calls.list.some(({ call }) => call.endsWith("/decision"))).toBe(false);
    await user.click(within(dialog).getByLabelText("valclair-c12"));
    await user.click(send);
    await waitFor(() =>
      expect(calls.list.find(({ call }) => call.endsWith("/decision"))?.body).toEqual({
        decision: "execute",
        ground: "agreed_narrower",
        part: { cameras: ["valclair-c12"], from_us: asked.from_us, to_us: asked.to_us },
      }),
    );
  });

  it("opened again after the decision, shows it and offers no action", async () => {
    const decided = {
      ...REQUEST,
      state: "approved",
      decision: "execute",
      decided_by: "Le maire",
      decided_us: NOW,
    };
    fakeServer({ ...AS_MAYOR, "GET /requests/d-0147": { body: decided } });
    renderPage("/decision/d-0147");
    expect(await screen.findByText("Extraction déjà autorisée.")).toBeTruthy();
    expect(screen.queryByRole("button", { name: "Autoriser l’extraction" })).toBeNull();
  });
});

describe("pages in their four states", () => {
  it("empty: says what comes next", async () => {
    fakeServer({ ...AS_MAYOR, "GET /communes/valclair/requests": { body: { requests: [] } } });
    const { container } = renderPage("/decider");
    expect(await screen.findByText("Rien à décider")).toBeTruthy();
    await expectAccessible(container);
  });

  it("failed: says what goes on and tries again on demand", async () => {
    let broken = true;
    fakeServer({
      ...AS_MAYOR,
      "GET /communes/valclair/cameras": () =>
        broken
          ? {
              status: 503,
              body: {
                type: "urn:guet:unavailable",
                title: "Le service des droits ne répond plus.",
                status: 503,
              },
            }
          : { body: [] },
    });
    renderPage("/cameras");
    expect(await screen.findByText("Le service des droits ne répond plus.")).toBeTruthy();
    broken = false;
    await userEvent.click(screen.getByRole("button", { name: "Réessayer" }));
    expect(await screen.findByText("Aucune caméra pour l’instant")).toBeTruthy();
  });

  it("refused: names the rule", async () => {
    fakeServer({
      ...AS_MAYOR,
      "GET /communes/valclair/journal": {
        status: 403,
        body: {
          type: "urn:guet:refused",
          title: "Votre qualité ne lit pas le journal.",
          rule: "D-12",
          todo: "Adressez-vous au DPO.",
          status: 403,
        },
      },
    });
    renderPage("/journal");
    expect(await screen.findByText("Votre qualité ne lit pas le journal.")).toBeTruthy();
    expect(screen.getByRole("link", { name: "Règle D-12" })).toBeTruthy();
  });

  it("unknown address: says so", async () => {
    fakeServer(NOBODY);
    renderPage("/nulle-part");
    expect(await screen.findByText("Cette page n’existe pas")).toBeTruthy();
  });
});

describe("session", () => {
  it("warns two minutes before its end and is extended without leaving the page", async () => {
    const user = userEvent.setup();
    const soon = Date.now() * 1000 + 90_000_000;
    const calls = fakeServer({
      ...AS_MAYOR,
      "GET /session": { body: sessionAs("mayor", { idle_expires_us: soon }) },
      "POST /session/extend": { body: sessionAs("mayor") },
    });
    const { router } = renderPage("/decider");
    const warning = await screen.findByRole("alertdialog", { name: "Votre session se termine dans 2 min" });
    await user.click(within(warning).getByRole("button", { name: "Continuer" }));
    await waitFor(() => expect(screen.queryByRole("alertdialog")).toBeNull());
    expect(calls.list.some(({ call }) => call === "POST /session/extend")).toBe(true);
    expect(router.state.location.pathname).toBe("/decider");
  });

  it("once ended, asks for the password in place and acts for the same commune again", async () => {
    const user = userEvent.setup();
    const past = Date.now() * 1000 - 1_000_000;
    const calls = fakeServer({
      ...AS_MAYOR,
      "GET /session": { body: sessionAs("mayor", { expires_us: past }) },
      "POST /session": { body: sessionAs("mayor", { acting: null }) },
      "POST /session/act": { body: sessionAs("mayor") },
    });
    renderPage("/decider");
    const dialog = await screen.findByRole("alertdialog", { name: "Votre session est terminée" });
    await user.type(within(dialog).getByLabelText("Mot de passe"), "un long mot de passe");
    await user.click(within(dialog).getByRole("button", { name: "Continuer" }));
    await waitFor(() => expect(screen.queryByRole("alertdialog")).toBeNull());
    expect(calls.list.find(({ call }) => call === "POST /session/act")?.body).toMatchObject({
      commune: "valclair",
      purpose: "5",
    });
  });
});
