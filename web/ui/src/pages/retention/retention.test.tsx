import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import type { Retention } from "../../api/retention";
import { type Answers, expectAccessible, fakeServer, renderPage, sessionAs } from "../../test/render";

const NOW = Date.now() * 1000;
const DAY_US = 86_400_000_000;
const KEPT: Retention = {
  legal: {
    cameras: [
      { camera: "valclair-c07", max_days: 15 },
      { camera: "valclair-c12", max_days: 30 },
    ],
    legal_max_days: 30,
    hour_keys: 12,
    oldest_hour_us: NOW - 20 * DAY_US,
    held_segments: 0,
    unlocked: true,
    holders: [],
    key: {
      holders: [
        {
          person: "p-1",
          label: "Le maire",
          present: true,
          drilled_us: NOW - DAY_US,
          drilled_by: "mairie",
          passkeys: 1,
          tokens: ["mairie", "coffre"],
        },
        {
          person: "p-2",
          label: "Cheffe de service",
          present: false,
          drilled_us: null,
          drilled_by: "",
          passkeys: 0,
          tokens: [],
        },
      ],
      warnings: [],
    },
    destruction: {
      doubt: {
        doubt_us: NOW - 1000,
        ahead_us: 20 * DAY_US,
        grave: true,
        what: "L’horloge de la machine a avancé d’un coup de 20 jours.",
        believed_in_us: 3 * DAY_US,
      },
    },
  },
  stored: [
    { camera: "valclair-c07", segments: 3, size_bytes: 10, oldest_us: NOW - 20 * DAY_US },
    { camera: "valclair-c12", segments: 3, size_bytes: 10, oldest_us: NOW - 20 * DAY_US },
  ],
  now_us: NOW,
};

function answers(role: "mayor" | "auditor", more: Answers = {}): Answers {
  return {
    "GET /session": { body: sessionAs(role, { step_up_until_us: NOW + DAY_US }) },
    "GET /communes/valclair/cameras": { body: [] },
    "GET /communes/valclair/requests": { body: { requests: [] } },
    "GET /communes/valclair/holds": { body: { holds: [] } },
    "GET /communes/valclair/pending-acts": { body: { pending: [] } },
    "GET /communes/valclair/retention": { body: KEPT },
    ...more,
  };
}

describe("a clock in doubt", () => {
  it("says what waits, and that a confirmation destroys; about the doubt that was shown and no other", async () => {
    const user = userEvent.setup();
    const path = "POST /communes/valclair/retention/confirm-time";
    const moved = { type: "urn:guet:conflict", title: "L’heure de la machine a changé depuis.", status: 409 };
    const calls = fakeServer(answers("mayor", { [path]: { status: 409, body: moved } }));
    renderPage("/conservation");
    const note = (await screen.findByText(/avancé d’un coup de 20 jours/)).closest(".note");
    expect(screen.getByText("des images échues de 1 caméra")).toBeTruthy();
    await expectAccessible(note as Element);
    await user.click(screen.getByRole("button", { name: "L’heure est juste…" }));
    const dialog = await screen.findByRole("dialog");
    expect(within(dialog).getByText(/1 caméra sont détruites aussitôt, sans retour/)).toBeTruthy();
    await user.type(within(dialog).getByLabelText("Comment vous l’avez vérifiée"), "horloge parlante");
    await user.click(within(dialog).getByRole("button", { name: /Confirmer l’heure/ }));
    await waitFor(() =>
      expect(calls.list.find(({ call }) => call === path)?.body).toEqual({
        doubt_us: NOW - 1000,
        motive: "horloge parlante",
      }),
    );
    expect(await within(dialog).findByText("L’heure de la machine a changé depuis.")).toBeTruthy();
  });

  it("is shown to whoever controls, without the act; not at all while the clocks agree", async () => {
    fakeServer(answers("auditor"));
    const first = renderPage("/conservation");
    expect(await screen.findByText(/avancé d’un coup/)).toBeTruthy();
    expect(screen.queryByRole("button", { name: /heure est juste/ })).toBeNull();
    first.unmount();
    const sure = { ...KEPT, legal: { ...KEPT.legal, destruction: { doubt: null } } };
    fakeServer(answers("auditor", { "GET /communes/valclair/retention": { body: sure } }));
    renderPage("/conservation");
    expect(await screen.findByText("Gels en cours")).toBeTruthy();
    expect(screen.queryByText("La machine indique")).toBeNull();
  });
});

describe("acts of two persons", () => {
  const WAITING = {
    id: "y-1",
    act: "release_hold",
    args: { hold: "g-1", motive: "close" },
    asked_by: "Cheffe de service",
    asked_us: NOW - DAY_US,
    confirm_by_us: NOW + 6 * DAY_US,
    confirmed_by: "",
    effective_us: null,
    may_confirm: true,
    may_stop: true,
  };
  const path = "/communes/valclair/pending-acts";

  it("wait for the second person, who is asked for the password again and sees when it happens", async () => {
    const user = userEvent.setup();
    const wanted = { type: "urn:guet:step-up-needed", title: "Mot de passe.", status: 403 };
    const calls = fakeServer(
      answers("mayor", {
        [`GET ${path}`]: { body: { pending: [WAITING] } },
        [`POST ${path}/y-1/confirm`]: { status: 403, body: wanted },
        "POST /session/step-up": { body: sessionAs("mayor", { step_up_until_us: NOW + DAY_US }) },
      }),
    );
    renderPage("/conservation");
    const card = (await screen.findByText("Actes à deux personnes")).closest("section") as Element;
    expect(card.textContent).toContain("Levée du gel g-1");
    expect(card.textContent).toContain("Demandé par Cheffe de service. Attend un second accord");
    await expectAccessible(card);
    await user.click(screen.getByRole("button", { name: "Confirmer…" }));
    await user.click(await screen.findByRole("button", { name: "Donner le second accord" }));
    await user.type(await screen.findByLabelText("Mot de passe"), "secret bien long");
    await user.click(screen.getByRole("button", { name: "Confirmer" }));
    await waitFor(() =>
      expect(calls.list.filter(({ call }) => call === `POST ${path}/y-1/confirm`).length).toBeGreaterThan(1),
    );
  });

  it("are stopped with a motive until their hour", async () => {
    const user = userEvent.setup();
    const agreed = { ...WAITING, confirmed_by: "Le maire", effective_us: NOW + DAY_US, may_confirm: false };
    const calls = fakeServer(
      answers("auditor", {
        [`GET ${path}`]: { body: { pending: [agreed] } },
        [`POST ${path}/y-1/stop`]: { body: { pending: "y-1" } },
      }),
    );
    renderPage("/conservation");
    expect(await screen.findByText(/confirmé par Le maire. Prend effet le/)).toBeTruthy();
    expect(screen.queryByRole("button", { name: "Confirmer…" })).toBeNull();
    await user.click(screen.getByRole("button", { name: "Arrêter…" }));
    await user.type(await screen.findByLabelText(/Motif/), "procédure encore ouverte");
    await user.click(screen.getByRole("button", { name: "Arrêter cet acte" }));
    await waitFor(() =>
      expect(calls.list.find(({ call }) => call === `POST ${path}/y-1/stop`)?.body).toEqual({
        motive: "procédure encore ouverte",
      }),
    );
  });
});

describe("the commune's key", () => {
  it("names each holder, every means of theirs, and where a token unlocks", async () => {
    fakeServer(answers("mayor"));
    renderPage("/conservation");
    const table = await screen.findByRole("table", { name: "Détenteurs de la clé de la commune" });
    const mayor = within(table).getByRole("row", { name: /Le maire/ });
    expect(mayor.textContent).toContain("phrase de passe, 1 clé d’accès, jeton « mairie », « coffre »");
    expect(mayor.textContent).toMatch(/par le jeton «\smairie\s»/);
    const chief = within(table).getByRole("row", { name: /Cheffe de service/ });
    expect(chief.textContent).toMatch(/n’est plus habilité ici.*phrase de passe.*jamais/);
    expect(screen.getByText("vms keys unlock --token")).toBeTruthy();
    await expectAccessible(table.closest("section") as Element);
  });
});
