import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import type { Account } from "../../api/account";
import { nowUs } from "../../i18n/format";
import { type Answers, expectAccessible, fakeServer, renderPage, signedInAs } from "../../test/render";

const DAY_US = 86_400_000_000;
const ACCOUNT: Account = {
  passkeys: [],
  passkeys_possible: true,
  workstation: "poste-1",
  sessions: [],
  identities: [],
  second_factor: { since_us: null, codes_left: 0 },
  recovery: null,
  recovered: null,
};
const BY = ["L’adjointe", "Le délégué"];

const answers = (account: Partial<Account>, more: Answers = {}): Answers => ({
  ...signedInAs("mayor"),
  "GET /communes/valclair/requests": { body: { requests: [] } },
  "GET /account": { body: { ...ACCOUNT, ...account } },
  ...more,
});

describe("the owner of an account that others bring back", () => {
  it("is told at the top of the page, and stops it by one click", async () => {
    const user = userEvent.setup();
    const recovery = { by: BY, since_us: nowUs(), from_us: nowUs() + DAY_US };
    const stop = "POST /account/recovery/stop";
    const calls = fakeServer(answers({ recovery }, { [stop]: { body: ACCOUNT } }));
    const { container } = renderPage("/decider");
    expect(await screen.findByText("On rétablit l’accès à votre compte.")).toBeTruthy();
    expect(screen.getByText(/L’adjointe, Le délégué/)).toBeTruthy();
    expect(screen.getByText(/Le code servira à partir du/)).toBeTruthy();
    await expectAccessible(container);
    await user.click(screen.getByRole("button", { name: "Ce n’est pas moi\u00a0: arrêter" }));
    expect(await screen.findByText("Le rétablissement est arrêté.")).toBeTruthy();
    expect(calls.list.filter(({ call }) => call === stop)).toHaveLength(1);
    await user.click(screen.getByRole("button", { name: "J’ai lu" }));
    await waitFor(() => expect(screen.queryByText("Le rétablissement est arrêté.")).toBeNull());
  });

  it("is told when approvals are missing, and why stopping failed", async () => {
    const user = userEvent.setup();
    fakeServer(answers({ recovery: { by: ["L’adjointe"], since_us: nowUs(), from_us: null } }));
    renderPage("/compte");
    expect(await screen.findByText("On demande à rétablir l’accès à votre compte.")).toBeTruthy();
    expect(screen.getByText(/rien n’est changé/)).toBeTruthy();
    await user.click(screen.getByRole("button", { name: /arrêter/ }));
    expect(await screen.findByText(/Introuvable/)).toBeTruthy();
  });

  it("learns afterwards what fell and what to do, and nothing once all rights are back", async () => {
    const recovered = {
      by: BY,
      at_us: nowUs(),
      second_factor: true,
      passkeys: 2,
      identities: 1,
      rests: "Votre accès vient d’être rétabli.",
      todo: "Vos droits reviennent.",
    };
    fakeServer(answers({ recovered }));
    const { container, unmount } = renderPage("/decider");
    expect(await screen.findByText(/L’accès à votre compte a été rétabli le/)).toBeTruthy();
    const fallen = "le mot de passe, le second facteur, 2 clés d’accès, 1 identité liée";
    expect(screen.getByText(new RegExp(fallen))).toBeTruthy();
    expect(screen.getByText(/Vos droits reviennent/)).toBeTruthy();
    expect(
      screen.getByRole("link", { name: "Enregistrer une clé d’accès ou un second facteur" }),
    ).toBeTruthy();
    await expectAccessible(container);
    unmount();
    const calls = fakeServer(answers({ recovered: { ...recovered, rests: "", todo: "" } }));
    renderPage("/decider");
    await waitFor(() => expect(calls.list.some(({ call }) => call === "GET /account")).toBe(true));
    expect(screen.queryByRole("region", { name: "Votre compte" })).toBeNull();
  });
});
