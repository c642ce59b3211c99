import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import type { PersonAccess } from "../../api/access";
import type { Habilitation, Rights } from "../../api/people";
import { nowUs } from "../../i18n/format";
import { type Answers, expectAccessible, fakeServer, renderPage, signedInAs } from "../../test/render";

const DAY_US = 86_400_000_000;
const CODE = "abcd-efgh-ijkl-mnop";
const HELD: Habilitation = {
  id: "h-9",
  person: "p-9",
  role: "officer",
  category: "P-52",
  decision_ref: "Décision 12",
  signed_by: "Le maire",
  acts: ["live"],
  cameras: null,
  from_us: nowUs() - DAY_US,
  until_us: nowUs() + 300 * DAY_US,
};
const none = { cameras: [], refusal: null };
const RIGHTS: Rights = {
  person: "p-9",
  label: "Agent PM 07",
  at_us: nowUs(),
  roles: ["officer"],
  images: { live: none, replay: none, framing: none, export: none, snapshot: none },
  acts: [],
  habilitations: [HELD],
};
const ACCESS: PersonAccess = {
  sessions: [],
  passkeys: 0,
  identities: 0,
  second_factor: false,
  approved_by: [],
  approved: false,
  opened: true,
  invited_until_us: null,
  code_from_us: null,
  code_until_us: null,
};
const PEOPLE = "POST /communes/valclair/people";
const RECOVERY = "POST /communes/valclair/people/p-9/recovery";

const person = (access: Partial<PersonAccess>, more: Answers = {}): Answers => ({
  ...signedInAs("chief", { step_up_until_us: nowUs() + DAY_US }),
  "GET /communes/valclair/people/p-9/rights": { body: RIGHTS },
  "GET /communes/valclair/people/p-9/access": { body: { ...ACCESS, ...access } },
  ...more,
});

describe("an invitation", () => {
  it("is made without any password, and its code is shown once", async () => {
    const user = userEvent.setup();
    const calls = fakeServer({
      ...signedInAs("chief", { step_up_until_us: nowUs() + DAY_US }),
      "GET /communes/valclair/people": { body: { people: [] } },
      [PEOPLE]: { status: 201, body: { person: "p-9", invitation: CODE, until_us: nowUs() + 7 * DAY_US } },
    });
    const { container } = renderPage("/habilitations");
    await user.click(await screen.findByRole("button", { name: "Inviter une personne…" }));
    const dialog = await screen.findByRole("dialog");
    await user.type(within(dialog).getByLabelText("Fonction affichée"), "Agent PM 07");
    await user.type(within(dialog).getByLabelText("Identifiant"), "agent.07");
    expect(within(dialog).queryByLabelText(/passe/)).toBeNull();
    await user.click(within(dialog).getByRole("button", { name: "Inviter" }));
    expect(await screen.findByText(CODE)).toBeTruthy();
    expect(screen.getByText(`${window.location.origin}/invitation`)).toBeTruthy();
    expect(calls.list.find(({ call }) => call === PEOPLE)?.body).toEqual({
      login: "agent.07",
      label: "Agent PM 07",
      email: "",
    });
    await expectAccessible(container);
    await user.click(screen.getByRole("button", { name: "Retour à la liste" }));
    expect(await screen.findByRole("button", { name: "Inviter une personne…" })).toBeTruthy();
    expect(screen.queryByText(CODE)).toBeNull();
  });

  it("waits on the person’s page until it is taken, and is made again there", async () => {
    const user = userEvent.setup();
    const again = "POST /communes/valclair/people/p-9/invitation";
    fakeServer(
      person(
        { opened: false, invited_until_us: nowUs() + DAY_US },
        { [again]: { status: 201, body: { person: "p-9", invitation: CODE, until_us: nowUs() + DAY_US } } },
      ),
    );
    const { container } = renderPage("/habilitations/p-9");
    expect(await screen.findByText(/Invitation en attente jusqu’au/)).toBeTruthy();
    expect(screen.queryByRole("button", { name: /Rétablir/ })).toBeNull();
    await user.click(screen.getByRole("button", { name: "Nouvelle invitation…" }));
    await user.click(await screen.findByRole("button", { name: "Inviter de nouveau" }));
    expect(await screen.findByText(CODE)).toBeTruthy();
    await expectAccessible(container);
  });

  it("says when none is in force any more", async () => {
    fakeServer(person({ opened: false, invited_until_us: nowUs() - DAY_US }));
    renderPage("/habilitations/p-9");
    expect(await screen.findByText("Plus aucune invitation en attente.")).toBeTruthy();
  });
});

describe("a recovery, for an approver", () => {
  it("shows their own part once, and what is missing", async () => {
    const user = userEvent.setup();
    const made = { part: CODE, from_us: null, until_us: null, approvals: 1, missing: ["valclair"] };
    const calls = fakeServer(person({}, { [RECOVERY]: { body: made } }));
    const { container } = renderPage("/habilitations/p-9");
    await user.click(await screen.findByRole("button", { name: "Rétablir l’accès…" }));
    const dialog = await screen.findByRole("dialog");
    await user.type(within(dialog).getByLabelText(/Motif/), "reconnu de vue");
    await user.click(within(dialog).getByRole("button", { name: "Approuver" }));
    expect(await screen.findByText(CODE)).toBeTruthy();
    expect(screen.getByText(/Il manque l’approbation d’un responsable de : Valclair-sur-Brume/)).toBeTruthy();
    expect(calls.list.find(({ call }) => call === RECOVERY)?.body).toEqual({ motive: "reconnu de vue" });
    await waitFor(() =>
      expect(calls.list.filter(({ call }) => call.endsWith("/p-9/access")).length).toBeGreaterThan(1),
    );
    await expectAccessible(container);
  });

  it("offers another part to who approved already", async () => {
    fakeServer(person({ approved_by: ["Le maire"], approved: true }));
    renderPage("/habilitations/p-9");
    expect(await screen.findByRole("button", { name: "Refaire ma partie du code…" })).toBeTruthy();
    expect(screen.getByText(/Il manque encore au moins une approbation/)).toBeTruthy();
  });

  it.each([
    [DAY_US, /Le code servira à partir du/],
    [-DAY_US, /Le code sert dès maintenant/],
  ])("once complete, says from when it serves and asks for nothing more (%d)", async (afterUs, said) => {
    const from = nowUs() + afterUs;
    const by = ["Le maire", "L’adjointe"];
    fakeServer(person({ approved_by: by, code_from_us: from, code_until_us: from + 2 * DAY_US }));
    renderPage("/habilitations/p-9");
    expect(await screen.findByText(said)).toBeTruthy();
    expect(screen.getByText(/approuvé par\s: Le maire, L’adjointe\./)).toBeTruthy();
    expect(screen.queryByRole("button", { name: /Rétablir|Refaire/ })).toBeNull();
  });
});
