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
