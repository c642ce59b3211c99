import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import type { Emergencies, Emergency } from "../../api/emergencies";
import type { Session } from "../../api/session";
import { nowUs } from "../../i18n/format";
import {
  type Answers,
  expectAccessible,
  fakeServer,
  renderPage,
  sessionAs,
  signedInAs,
} from "../../test/render";

const MINUTE = 60_000_000;
const NOW = nowUs();

const asked = (more: Partial<Emergency> = {}): Emergency => ({
  id: "x-1",
  state: "asked",
  cameras: ["valclair-c07"],
  from_us: NOW - 120 * MINUTE,
  to_us: NOW - 60 * MINUTE,
  minutes: 30,
  motive: "maire injoignable, accident",
  asked_by: "Agent PM 07",
  asked_us: NOW - MINUTE,
  sign_by_us: NOW + 14 * MINUTE,
  confirmed_by: "",
  opened_us: null,
  until_us: null,
  closed_us: null,
  closed_by: "",
  yours: false,
  may_confirm: false,
  may_close: false,
  ...more,
});

const told = (more: Partial<Emergencies> = {}): Emergencies => ({
  now_us: NOW,
  named_hours: 24,
  signing_minutes: 15,
  open_minutes: 60,
  range_hours: 4,
  cameras_limit: 1,
  named: true,
  may_sign: true,
  sign_lapse: null,
  persons: [{ person: "p-1", label: "Agent PM 07", since_us: NOW - 3 * 24 * 60 * MINUTE, may_sign: true }],
  emergencies: [],
  ...more,
});

const CAMERAS = [
  { id: "valclair-c07", number: 7, name: "Place du marché", place: "", legal: { states: [] } },
  { id: "valclair-c08", number: 8, name: "Rue des Forges", place: "", legal: { states: [] } },
];

const answers = (role: Parameters<typeof sessionAs>[0], read: Emergencies, more: Answers = {}): Answers => ({
  ...signedInAs(role),
  "GET /communes/valclair/cameras": { body: CAMERAS },
  "GET /communes/valclair/emergencies": { body: read },
  "POST /session/step-up": {
    body: sessionAs(role, { step_up_until_us: NOW + 5 * MINUTE } as Partial<Session>),
  },
  ...more,
});

async function confirmPassword() {
  await userEvent.type(await screen.findByLabelText("Mot de passe"), "une phrase assez longue");
  await userEvent.click(screen.getByRole("button", { name: "Confirmer" }));
}

describe("the exceptional opening by two", () => {
  it("is asked for exactly what was chosen, once the password is given again", async () => {
    const calls = fakeServer(
      answers("officer", told(), {
        "POST /communes/valclair/emergencies": {
          status: 201,
          body: { emergency: "x-9", sign_by_us: NOW + 15 * MINUTE },
        },
      }),
    );
    renderPage("/ouverture-exceptionnelle");
    await screen.findByRole("heading", { name: "Demander une ouverture" });
    const posts = () => calls.list.filter(({ call }) => call === "POST /communes/valclair/emergencies");
    await userEvent.type(screen.getByLabelText(/Motif/), "accident, maire injoignable");
    await userEvent.click(screen.getByRole("button", { name: "Signer la demande" }));
    await screen.findByText("Choisissez une caméra au moins.");
    await userEvent.click(await screen.findByRole("button", { name: /Place du marché/ }));
    await userEvent.click(screen.getByRole("button", { name: /Rue des Forges/ }));
    await userEvent.click(screen.getByRole("button", { name: "Signer la demande" }));
    await screen.findByText("1 caméra au plus.");
    expect(posts()).toEqual([]);
    await userEvent.click(screen.getByRole("button", { name: /Rue des Forges/ }));
    await userEvent.click(screen.getByRole("button", { name: "Signer la demande" }));
    await confirmPassword();
    await screen.findByText(/une autre personne désignée confirme/);
    const [sent] = posts();
    expect(sent?.body).toMatchObject({
      cameras: ["valclair-c07"],
      minutes: 30,
      motive: "accident, maire injoignable",
    });
    const { from_us, to_us } = (sent?.body ?? {}) as { from_us: number; to_us: number };
    expect(to_us - from_us).toBe(59 * MINUTE);
  });

  it("is confirmed by the other person, who is told what is about to open", async () => {
    const calls = fakeServer(
      answers("officer", told({ emergencies: [asked({ may_confirm: true })] }), {
        "POST /communes/valclair/emergencies/confirm": { body: { emergency: "x-1" } },
      }),
    );
    renderPage("/ouverture-exceptionnelle");
    await screen.findByText(/personne encore/);
    expect(screen.queryByRole("link", { name: /Relire/ })).toBeNull();
    await userEvent.click(screen.getByRole("button", { name: "Confirmer l’ouverture…" }));
    const dialog = await screen.findByRole("dialog");
    expect(dialog.textContent).toMatch(/Agent PM 07 et à vous.*07 Place du marché.*30/);
    await userEvent.click(within(dialog).getByRole("button", { name: "Signer et ouvrir" }));
    await confirmPassword();
    await waitFor(() =>
      expect(calls.list.find(({ call }) => call.endsWith("/emergencies/confirm"))?.body).toEqual({
        emergency: "x-1",
      }),
    );
  });

  it("shows whoever asked neither confirmation nor pictures, and the end of it", async () => {
    const calls = fakeServer(
      answers("officer", told({ emergencies: [asked({ may_close: true })] }), {
        "POST /communes/valclair/emergencies/close": { body: { closed: true } },
      }),
    );
    renderPage("/ouverture-exceptionnelle");
    await userEvent.click(await screen.findByRole("button", { name: "Y mettre fin…" }));
    expect(screen.queryByRole("button", { name: /Confirmer l’ouverture/ })).toBeNull();
    const dialog = await screen.findByRole("dialog");
    await userEvent.type(within(dialog).getByLabelText(/Motif/), "le maire répond");
    await userEvent.click(within(dialog).getByRole("button", { name: "Mettre fin" }));
    await screen.findByText("Demande close : rien ne s’ouvre.");
    expect(calls.list.find(({ call }) => call.endsWith("/emergencies/close"))?.body).toEqual({
      emergency: "x-1",
      motive: "le maire répond",
    });
  });

  it("leads its two to the replay while it is open, and nobody else", async () => {
    const open = asked({ state: "open", opened_us: NOW, until_us: NOW + 30 * MINUTE, may_close: true });
    const read = (yours: boolean) => told({ emergencies: [{ ...open, yours }] });
    fakeServer(answers("officer", read(true)));
    const first = renderPage("/ouverture-exceptionnelle");
    const link = await screen.findByRole("link", { name: "Relire cette plage" });
    expect(link.getAttribute("href")).toContain("/relecture?cameras=valclair-c07");
    first.unmount();
    fakeServer(answers("auditor", read(false)));
    renderPage("/ouverture-exceptionnelle");
    await screen.findByRole("button", { name: "Y mettre fin…" });
    expect(screen.queryByRole("link", { name: "Relire cette plage" })).toBeNull();
  });

  it("is in the navigation of whoever was named, and refused with its reason to whoever was not", async () => {
    fakeServer(answers("officer", told()));
    const first = renderPage("/ouverture-exceptionnelle");
    await screen.findByRole("link", { name: "Ouverture à deux" });
    first.unmount();
    const lapse = { rule: "P-58", what: "Vous n’êtes pas parmi les personnes désignées.", todo: "" };
    fakeServer(
      answers("officer", told({ named: false, may_sign: false, sign_lapse: lapse, persons: [] }), {}),
    );
    renderPage("/ouverture-exceptionnelle");
    await screen.findByText(/Vous n’êtes pas parmi les personnes désignées/);
    expect(screen.queryByRole("link", { name: "Ouverture à deux" })).toBeNull();
    expect(screen.queryByRole("button", { name: "Signer la demande" })).toBeNull();
  });

  it("tells the data protection officer who opened what, and the mayor names who may sign", async () => {
    const over = asked({
      id: "x-0",
      state: "over",
      confirmed_by: "Agente PM 03",
      opened_us: NOW - 50 * MINUTE,
      until_us: NOW - 20 * MINUTE,
      closed_us: NOW - 40 * MINUTE,
      closed_by: "La maire",
    });
    const read = told({ named: false, may_sign: false, emergencies: [over] });
    const habilitation = { role: "officer", lapse: null };
    const calls = fakeServer(
      answers("mayor", read, {
        "GET /communes/valclair/people": {
          body: {
            people: [
              { person: "p-1", label: "Agent PM 07", habilitations: [habilitation] },
              { person: "p-2", label: "Agente PM 03", habilitations: [habilitation] },
              { person: "p-3", label: "Secrétaire", habilitations: [{ role: "secretary", lapse: null }] },
            ],
          },
        },
        "POST /communes/valclair/emergencies/persons": { body: {} },
      }),
    );
    const { container } = renderPage("/ouverture-exceptionnelle");
    const row = (await screen.findByText("maire injoignable, accident")).closest("tr");
    await expectAccessible(container);
    expect(row?.textContent).toMatch(/Agent PM 07.*Agente PM 03.*La maire/);
    expect(screen.queryByRole("button", { name: "Signer la demande" })).toBeNull();
    expect(screen.queryByRole("link", { name: /Relire/ })).toBeNull();
    await userEvent.click(screen.getByRole("button", { name: "Désigner…" }));
    const dialog = await screen.findByRole("dialog");
    await userEvent.click(await within(dialog).findByRole("checkbox", { name: "Agente PM 03" }));
    expect(within(dialog).queryByRole("checkbox", { name: "Secrétaire" })).toBeNull();
    await userEvent.type(within(dialog).getByLabelText(/Motif/), "astreinte");
    await userEvent.click(within(dialog).getByRole("button", { name: "Désigner" }));
    await confirmPassword();
    await waitFor(() =>
      expect(calls.list.find(({ call }) => call.endsWith("/emergencies/persons"))?.body).toEqual({
        persons: ["p-1", "p-2"],
        motive: "astreinte",
      }),
    );
  });
});
